// The contacts page: everybody in a table, found as one types or chosen by a condition. What is looked at is in the address.

import { useEffect, useId, useMemo, useRef, useState } from "react";
import { navigate, Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import type { Does } from "./bulk.ts";
import { BulkDialog } from "./BulkDialog.tsx";
import { BulkStrip } from "./BulkStrip.tsx";
import { chosen, columnsOf, keepColumns, keptColumns, type Column } from "./columns.ts";
import { ConditionField } from "./ConditionField.tsx";
import { people } from "./count.ts";
import { EraseMany } from "./EraseMany.tsx";
import { ExportDialog } from "./ExportDialog.tsx";
import { counted, faultsOf, useJudged } from "./judged.tsx";
import { Menu } from "./Menu.tsx";
import { useNarrow } from "./narrow.ts";
import { useLast, useList } from "./pages.ts";
import { bookPathOf, contactPath } from "./route.ts";
import { useSettled } from "./settle.ts";
import { Table, type TableColumn } from "./Table.tsx";
import type { Person } from "./types.ts";
import type { Underway } from "./underway.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  agent: string;
  q: string;
  where: string;
  vocabulary: Vocabulary;
  now: number;
  /** What was begun for many. */
  underway: Underway;
  /** Nobody is signed in any more. */
  over(e: unknown): void;
}

export function Contacts({ agent, q: askedQ, where: askedWhere, vocabulary, now, underway, over }: Props) {
  const [q, setQ] = useState(askedQ);
  const [where, setWhere] = useState(askedWhere);
  const [ids, setIds] = useState(() => keptColumns(agent));
  const written = useRef(bookPathOf({ at: "contacts", q: askedQ, where: askedWhere }));
  const searching = useSettled(q.trim(), 120);
  const settled = useSettled(where.trim(), 250);
  const [judged, applied] = useJudged(settled, over, { round: underway.over });
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
  const [asking, setAsking] = useState<Asked | null>(null);
  // After a change of many everybody is read anew.
  const key = searching !== "" ? `contacts find ${searching} ${underway.over}` : `contacts where ${applied} ${underway.over}`;
  const { pages, read } = useList<Person>(key, (cursor, signal) => (searching !== "" ? book.find(searching, signal) : book.contacts(applied, cursor, signal)));
  useEffect(() => {
    if (read.problem !== null) over(read.problem);
  }, [read.problem, over]);
  const list = useLast(key, { pages, read });

  const { answer: everybody } = useAsked(searching === "" && settled === "" ? "everybody" : null, book.everybody, over);
  // For whom something is done is what is written, counted and shown.
  const total = settled === "" ? everybody : judged !== null && "preview" in judged && judged.of === settled ? judged.preview.count : null;
  const ready = searching === "" && where.trim() === settled && total !== null;
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
          {searching === "" && <ManyMenu total={ready ? total : null} where={settled} ask={setAsking} />}
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
        <ConditionField label="Condition" text={where} change={setWhere} vocabulary={vocabulary} faults={faultsOf(judged, where)} describedBy={`${id}-count`} placeholder={narrow ? "Condition" : "Condition, such as  orders >= 3 and has tag vip"} />
      </search>
      <BulkStrip underway={underway} />
      {searching !== "" && settled !== "" && <p className="book-note">The search goes through everybody; the condition counts again when the search is empty.</p>}
      {searching !== "" && (
        <p className="book-note">
          <Link to={bookPathOf({ at: "said", text: searching })}>Search what was said for “{searching}”</Link>
        </p>
      )}
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
      {asking === "export" && total !== null && <ExportDialog where={settled} whom={people(total)} vocabulary={vocabulary} close={() => setAsking(null)} />}
      {asking === "erase" && <EraseMany where={settled} underway={underway} over={over} close={() => setAsking(null)} />}
      {asking !== null && asking !== "export" && asking !== "erase" && <BulkDialog where={settled} does={asking} vocabulary={vocabulary} begun={underway.begin} over={over} close={() => setAsking(null)} />}
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

function found(total: number, shown: number, busy: boolean): string {
  if (busy) return "Searching…";
  if (total === 0) return "Nobody found";
  return shown < total ? `${total.toLocaleString()} found, the best ${shown.toLocaleString()} are shown` : `${total.toLocaleString()} found, best first`;
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

type Asked = "export" | "erase" | Does;

/** What can be done to everybody who is shown. */
function ManyMenu({ total, where, ask }: { total: number | null; where: string; ask(what: Asked): void }) {
  const nobody = total === null || total === 0;
  const items: [Does, string][] = [
    ["tag", "Put a tag on them…"],
    ["untag", "Take a tag off them…"],
    ["set", "Set an attribute…"],
    ["add", "Put them on a list…"],
    ["remove", "Take them off a list…"],
  ];
  return (
    <Menu title={total === null ? "With all" : `With all ${total.toLocaleString()}`}>
      {items.map(([does, says]) => (
        <button key={does} type="button" className="menu-item" disabled={nobody} onClick={() => ask(does)}>
          {says}
        </button>
      ))}
      <button type="button" className="menu-item" disabled={nobody} onClick={() => ask("export")}>
        Download as a file…
      </button>
      {where !== "" && (
        <Link to={bookPathOf({ at: "segment form", key: null, where })} className="menu-item">
          Make a segment of the condition
        </Link>
      )}
      <Link to={bookPathOf({ at: "erasures", bulk: null })} className="menu-item">
        Who was erased: certificates
      </Link>
      <button type="button" className="menu-item bad" disabled={nobody} onClick={() => ask("erase")}>
        Erase for good…
      </button>
    </Menu>
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
