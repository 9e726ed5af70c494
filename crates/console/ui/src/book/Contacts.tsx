// The contacts page: everybody in a table, found as one types or chosen by a condition. What is looked at is in the address.

import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from "react";
import { ApiError } from "../api.ts";
import { navigate, Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { chosen, columnsOf, keepColumns, keptColumns, type Column } from "./columns.ts";
import { ConditionField } from "./ConditionField.tsx";
import { Menu } from "./Menu.tsx";
import { useNarrow } from "./narrow.ts";
import { useList } from "./pages.ts";
import { bookPathOf, contactPath } from "./route.ts";
import { useSettled } from "./settle.ts";
import { Table, type TableColumn } from "./Table.tsx";
import type { Fault, Person, Preview } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How often the number of a condition is asked anew while somebody looks. */
const EVERY = 15_000;

interface Props {
  agent: string;
  q: string;
  where: string;
  vocabulary: Vocabulary;
  now: number;
  /** Nobody is signed in any more. */
  over(e: unknown): void;
}

/** What came of a condition. */
type Judged = { of: string; preview: Preview } | { of: string; faults: readonly Fault[] } | { of: string; problem: string } | null;

export function Contacts({ agent, q: askedQ, where: askedWhere, vocabulary, now, over }: Props) {
  const [q, setQ] = useState(askedQ);
  const [where, setWhere] = useState(askedWhere);
  const [ids, setIds] = useState(() => keptColumns(agent));
  const written = useRef(bookPathOf({ at: "contacts", q: askedQ, where: askedWhere }));
  const searching = useSettled(q.trim(), 120);
  const settled = useSettled(where.trim(), 250);
  const [judged, applied] = useJudged(settled, over);
  const box = useRef<HTMLInputElement>(null);
  const narrow = useNarrow();
  const id = useId();

  // What is written goes to the address, and what comes by the address (back, a link) is written.
  useEffect(() => {
    const path = bookPathOf({ at: "contacts", q: searching, where: settled });
    if (path === written.current) return;
    written.current = path;
    navigate(path, "replace");
  }, [searching, settled]);
  useEffect(() => {
    const path = bookPathOf({ at: "contacts", q: askedQ, where: askedWhere });
    if (path === written.current) return;
    written.current = path;
    setQ(askedQ);
    setWhere(askedWhere);
  }, [askedQ, askedWhere]);
  useEffect(() => {
    const slash = (e: KeyboardEvent): void => {
      const target = e.target as HTMLElement | null;
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || target?.closest("input, textarea, select, dialog") != null) return;
      e.preventDefault();
      box.current?.focus();
    };
    window.addEventListener("keydown", slash);
    return () => window.removeEventListener("keydown", slash);
  }, []);

  const all = useMemo(() => columnsOf(vocabulary.attributes.filter((a) => a.declared)), [vocabulary]);
  const columns = useMemo(() => chosen(all, ids).map((c) => shown(c, now)), [all, ids, now]);
  const choose = (next: string[]): void => {
    setIds(next);
    keepColumns(agent, next);
  };
  const key = searching !== "" ? `contacts find ${searching}` : `contacts where ${applied}`;
  const { pages, read } = useList<Person>(key, (cursor, signal) => (searching !== "" ? book.find(searching, signal) : book.contacts(applied, cursor, signal)));
  useEffect(() => {
    if (read.problem !== null) over(read.problem);
  }, [read.problem, over]);
  // Until the next list has begun to come the last one stays, so that nothing flickers while one types.
  const last = useRef({ key, pages, read });
  if (read.rows.length > 0 || read.whole || read.problem !== null || last.current.key === key) last.current = { key, pages, read };
  const list = last.current;

  const { answer: everybody } = useAsked(searching === "" && settled === "" ? "everybody" : null, book.everybody, over);
  const faults = judged !== null && "faults" in judged ? { of: where, list: judged.of === where.trim() ? placed(where, judged.faults) : [] } : null;
  return (
    <main className="book">
      <div className="book-head">
        <h1>Contacts</h1>
        <p className="book-count" role="status" id={`${id}-count`}>
          {searching !== "" ? found(read.total ?? read.rows.length, read.rows.length, read.busy && !read.whole) : counted(judged, settled, read.total ?? everybody)}
        </p>
        <div className="book-actions">
          <Link to={bookPathOf({ at: "import", id: null })} className="button">
            Import
          </Link>
          <ColumnMenu all={all} ids={ids} choose={choose} />
        </div>
      </div>
      <search className="book-find">
        <label className="sr-only" htmlFor={`${id}-find`}>
          Find a contact by name, phone, e-mail or id
        </label>
        <input
          id={`${id}-find`}
          ref={box}
          type="search"
          className="book-search"
          value={q}
          placeholder="Name, phone, e-mail or id"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          dir="auto"
          onChange={(e) => setQ(e.target.value)}
          onKeyDown={(e) => {
            const first = read.rows[0];
            if (e.nativeEvent.isComposing) return;
            if (e.key === "Enter" && q.trim() !== "" && searching === q.trim() && first !== undefined && read.whole) navigate(contactPath(first.id));
            if (e.key === "ArrowDown") {
              e.preventDefault();
              document.querySelector<HTMLElement>('.book-table a[tabindex="0"]')?.focus();
            }
            if (e.key === "Escape") setQ("");
          }}
        />
        <ConditionField label="Condition" text={where} change={setWhere} vocabulary={vocabulary} faults={faults} describedBy={`${id}-count`} placeholder={narrow ? "Condition" : "Condition, such as  orders >= 3 and has tag vip"} />
      </search>
      {searching !== "" && settled !== "" && <p className="book-note">The search goes through everybody; the condition counts again when the search is empty.</p>}
      {judged !== null && "problem" in judged && (
        <p className="book-note bad" role="alert">
          {judged.problem}
        </p>
      )}
      {judged !== null && "faults" in judged && searching === "" && (
        <p className="book-note">{applied === "" ? "Everybody is shown until the condition can be read." : `Shown for the last condition that could be read: ${applied}`}</p>
      )}
      <Table
        key={list.key}
        label="Contacts"
        first="Name"
        stale={list.key !== key}
        columns={columns}
        pages={list.pages}
        read={list.read}
        idOf={(person) => person.id}
        name={(person) => person.name}
        to={(person) => contactPath(person.id)}
        mark={(person) => (person.status === "blocked" ? <span className="chip blocked">blocked</span> : null)}
        empty={<Nobody searching={searching} applied={applied} />}
      />
    </main>
  );
}

function shown(column: Column, now: number): TableColumn<Person> {
  return {
    id: column.id,
    title: column.title,
    width: column.width,
    cell: (person) => ({ text: column.text(person, now), ...(column.exact === undefined ? {} : { exact: column.exact(person) }) }),
  };
}

/** Faults of a text without the white space around it, in the text with it. */
function placed(text: string, faults: readonly Fault[]): Fault[] {
  const before = [...text].length - [...text.trimStart()].length;
  return faults.map((f) => ({ ...f, start: f.start + before, end: f.end + before }));
}

/** What comes of a condition, and the last one that could be read. */
function useJudged(where: string, over: (e: unknown) => void): [Judged, string] {
  const [judged, setJudged] = useState<Judged>(null);
  const [applied, setApplied] = useState("");
  useEffect(() => {
    if (where === "") {
      setJudged(null);
      setApplied("");
      return;
    }
    const stop = new AbortController();
    const ask = (): void => {
      if (document.visibilityState === "hidden") return;
      book.preview(where, stop.signal).then(
        (preview) => {
          setJudged({ of: where, preview });
          setApplied(where);
        },
        (e: unknown) => {
          if (stop.signal.aborted) return;
          if (e instanceof ApiError && e.code === "condition") setJudged({ of: where, faults: (e.more["errors"] as Fault[] | undefined) ?? [] });
          else if (e instanceof ApiError && e.status === 401) over(e);
          else setJudged({ of: where, problem: e instanceof Error ? e.message : "Something went wrong." });
        },
      );
    };
    ask();
    const tick = setInterval(ask, EVERY);
    return () => {
      clearInterval(tick);
      stop.abort();
    };
  }, [where, over]);
  return [judged, applied];
}

const people = (n: number): string => `${n.toLocaleString()} ${n === 1 ? "person" : "people"}`;

function found(total: number, shown: number, busy: boolean): string {
  if (busy) return "Searching…";
  if (total === 0) return "Nobody found";
  return shown < total ? `${total.toLocaleString()} found, the best ${shown.toLocaleString()} are shown` : `${total.toLocaleString()} found, best first`;
}

function counted(judged: Judged, where: string, total: number | null): ReactNode {
  if (where === "") return total === null ? "Counting…" : people(total);
  if (judged === null || judged.of !== where) return "Counting…";
  if (!("preview" in judged)) return "Not counted";
  const { count, contacts, unknown, no_value } = judged.preview;
  const why = no_value.slice(0, 2).map((n) => n.leaf).join(", ");
  return (
    <>
      <strong>{count.toLocaleString()}</strong> of {people(contacts)}
      {unknown > 0 && (
        <span title={why === "" ? undefined : `no value for: ${why}`}>
          {" "}
          · {unknown.toLocaleString()} unknown, for want of a value
        </span>
      )}
    </>
  );
}

function Nobody({ searching, applied }: { searching: string; applied: string }) {
  if (searching !== "") {
    return (
      <>
        <h2>Nobody found</h2>
        <p>
          No name, phone, e-mail or id fits <bdi>“{searching}”</bdi>.
        </p>
      </>
    );
  }
  return applied !== "" ? (
    <>
      <h2>Nobody matches</h2>
      <p>The condition holds for nobody now.</p>
    </>
  ) : (
    <>
      <h2>No contacts yet</h2>
      <p>Whoever writes to the bot appears here. People you know already can be imported from a file.</p>
    </>
  );
}

function ColumnMenu({ all, ids, choose }: { all: readonly Column[]; ids: readonly string[]; choose(ids: string[]): void }) {
  return (
    <Menu title="Columns">
      <fieldset>
        <legend className="sr-only">Columns of the table</legend>
        {all.map((c) => (
          <label key={c.id} className="check-line">
            <input type="checkbox" checked={ids.includes(c.id)} onChange={(e) => choose(e.target.checked ? [...ids, c.id] : ids.filter((one) => one !== c.id))} /> <bdi>{c.title}</bdi>
          </label>
        ))}
      </fieldset>
    </Menu>
  );
}
