// One import, step by step: what its columns are, what would happen, how far it is, what came of it, and taking it back.

import { useContext, useEffect, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { drafts } from "../desk/drafts.ts";
import { Back } from "../icons.tsx";
import { size } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { busy, keptOptions, lasting, paceOf, rowsOf, stepOf, USUAL } from "./importing.ts";
import { ImportMapping } from "./ImportMapping.tsx";
import { SAID } from "./ImportStart.tsx";
import { MemoryContext } from "./pages.ts";
import { bookPathOf } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Import, ImportOptions, WrongRow } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How often an import under way is looked at. */
const EVERY = 700;
const STEPS = ["File", "Columns", "Check", "Import"];

interface Props {
  id: string;
  vocabulary: Vocabulary;
  over(e: unknown): void;
}

export function ImportOf({ id, vocabulary, over }: Props) {
  const { answer: one, problem, again, set } = useAsked<Import>(id, (signal) => book.import(id, signal), over);
  const kept = `import ${id}`;
  // What was chosen and not checked yet. What is carried out is what was checked, by whomever.
  const [draft, setDraft] = useState<ImportOptions | null>(() => keptOptions(drafts.get(kept)));
  const options = draft ?? one?.options ?? USUAL;
  const [changing, setChanging] = useState(false);
  const [acting, setActing] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const state = one?.state ?? null;

  useEffect(() => {
    if (state === null || !busy(state)) return;
    const every = setInterval(again, EVERY);
    return () => clearInterval(every);
  }, [state, again]);
  const memory = useContext(MemoryContext);
  useEffect(() => {
    // Whom it brought or took is not in lists that were read before.
    if (state === "done" || state === "stopped" || state === "undone") memory.forget("");
  }, [memory, state]);
  useEffect(() => {
    document.title = `Import ${one?.name ?? ""}`;
  }, [one?.name]);

  const choose = (next: ImportOptions): void => {
    setDraft(next);
    drafts.set(kept, JSON.stringify(next));
  };
  const forget = (): void => {
    setDraft(null);
    drafts.set(kept, "");
  };
  const check = (what: ImportOptions): void =>
    act(async () => {
      const now = await book.checkImport(id, what);
      forget();
      return now;
    });
  const act = (what: () => Promise<Import | void>): void => {
    setActing(true);
    setRefused(null);
    what().then(
      (now) => {
        setActing(false);
        setChanging(false);
        if (now === undefined) again();
        else set(now);
      },
      (e: unknown) => {
        setActing(false);
        over(e);
        setRefused(e instanceof Error ? e.message : "It did not work.");
        // Somebody else may have gone on with it.
        if (e instanceof ApiError && e.status === 409) again();
      },
    );
  };
  const step = one === null ? 1 : changing ? 2 : stepOf(one.state);
  return (
    <main className="book">
      <div className="book-head">
        <Link to={bookPathOf({ at: "import", id: null })} className="icon-button" title="All imports">
          <Back />
          <span className="sr-only">All imports</span>
        </Link>
        <h1>
          <bdi>{one?.name ?? "Import"}</bdi>
        </h1>
        <p className="book-count" role="status">
          {one === null ? "" : SAID[one.state]}
        </p>
      </div>
      <div className="book-scroll import-page">
        <ol className="steps" aria-label="Steps">
          {STEPS.map((name, n) => (
            <li key={name} aria-current={n + 1 === step ? "step" : undefined} className={n + 1 < step ? "past" : undefined}>
              {name}
            </li>
          ))}
        </ol>
        {problem !== null && <Failed problem={problem} again={again} />}
        {one === null && problem === null && <Waiting />}
        <p className="problem" role="alert">
          {refused}
        </p>
        {one !== null && step === 2 && (
          <>
            {one.state === "asks" && <Question why={one.why} answer={(dates) => check({ ...options, dates })} />}
            <p className="muted">
              {size(one.bytes)} · {one.format === "csv" ? `cells between “${one.delimiter === "\t" ? "tab" : (one.delimiter ?? ",")}”` : "one object to a line"} · {one.encoding}
            </p>
            <ImportMapping columns={one.columns} options={options} vocabulary={vocabulary} choose={choose} />
            <div className="field-actions">
              <button type="button" className="button primary" disabled={acting || !one.has_file} onClick={() => check(options)}>
                Check, change nothing
              </button>
              {changing && (
                <button
                  type="button"
                  className="button"
                  disabled={acting}
                  onClick={() => {
                    forget();
                    setChanging(false);
                  }}
                >
                  Back
                </button>
              )}
            </div>
          </>
        )}
        {one !== null && step > 2 && busy(one.state) && <Progress one={one} stop={one.state === "running" ? () => act(() => book.stopImport(id)) : null} />}
        {one !== null && step > 2 && !busy(one.state) && (
          <Outcome
            one={one}
            acting={acting}
            over={over}
            run={() => act(() => book.runImport(id, one.options ?? USUAL))}
            change={() => setChanging(true)}
            undo={async () => {
              set(await book.undoImport(id));
            }}
          />
        )}
      </div>
    </main>
  );
}

function Question({ why, answer }: { why: string | null; answer(dates: "dmy" | "mdy"): void }) {
  return (
    <div className="conflict" role="alert">
      <p>
        <strong>How are the dates meant?</strong> <bdi>{why}</bdi>
      </p>
      <div className="field-actions">
        <button type="button" className="button" onClick={() => answer("dmy")}>
          Day first: 03/04 is in April
        </button>
        <button type="button" className="button" onClick={() => answer("mdy")}>
          Month first: 03/04 is in March
        </button>
      </div>
    </div>
  );
}

function Progress({ one, stop }: { one: Import; stop: (() => void) | null }) {
  const first = useRef<{ at: number; read: number; rows: number; state: Import["state"] } | null>(null);
  const now = { at: Date.now(), read: one.read, rows: rowsOf(one) };
  if (first.current === null || first.current.state !== one.state) first.current = { ...now, state: one.state };
  const pace = paceOf(first.current, now, one.bytes);
  const percent = Math.round(pace.part * 100);
  return (
    <section className="progress" aria-label="Progress">
      {one.state === "undoing" ? (
        <progress aria-label="Taken back" />
      ) : (
        <progress max={100} value={percent} aria-label={one.state === "checking" ? "Checked" : "Imported"}>
          {percent} %
        </progress>
      )}
      <p>
        {one.state !== "undoing" && <strong>{percent} %</strong>} {now.rows.toLocaleString()} rows
        {pace.rowsPerSecond !== null && ` · ${pace.rowsPerSecond.toLocaleString()} rows a second`}
        {pace.secondsLeft !== null && one.state !== "undoing" && ` · about ${lasting(pace.secondsLeft)} left`}
      </p>
      <p className="muted">It goes on when this page is closed.</p>
      {stop !== null && (
        <button type="button" className="button" onClick={stop}>
          Stop
        </button>
      )}
    </section>
  );
}

interface OutcomeProps {
  one: Import;
  acting: boolean;
  over(e: unknown): void;
  run(): void;
  change(): void;
  undo(): Promise<void>;
}

/** What would come of it, or came of it. */
function Outcome({ one, acting, over, run, change, undo }: OutcomeProps) {
  const [asking, setAsking] = useState(false);
  const { counts, state } = one;
  const dry = state === "checked";
  const undone = state === "undone";
  const fine = counts.created + counts.updated;
  const lines: [number, string][] = undone
    ? [[counts.removed, "taken away again"], [counts.restored, "as they were before"], [counts.kept, "left as they are: somebody changed them since"]]
    : [[counts.created, dry ? "would be new" : "new"], [counts.updated, dry ? "would be changed" : "changed"], [counts.unchanged, "are so already"], [counts.failed, dry ? "have errors and would be left out" : "had errors and were left out"]];
  return (
    <section className="outcome" aria-label="Outcome">
      {state === "failed" && (
        <p className="problem" role="alert">
          {one.why}
        </p>
      )}
      <dl className="tally" aria-label={dry ? "What would happen" : "What happened"}>
        {lines.map(([n, says]) => (
          <div key={says} className={n > 0 && says.includes("errors") ? "wrong" : undefined}>
            <dt>{says}</dt>
            <dd>{n.toLocaleString()}</dd>
          </div>
        ))}
      </dl>
      <div className="field-actions">
        {dry && (
          <button type="button" className="button primary" disabled={acting || fine === 0} onClick={run}>
            {fine === 0 ? "Nothing to import" : `Import ${fine.toLocaleString()} ${fine === 1 ? "row" : "rows"}`}
          </button>
        )}
        {(state === "failed" || state === "stopped") && one.has_file && (
          <button type="button" className="button primary" disabled={acting} onClick={run}>
            Go on
          </button>
        )}
        {(dry || state === "failed") && one.has_file && (
          <button type="button" className="button" disabled={acting} onClick={change}>
            Change the columns
          </button>
        )}
        {counts.failed > 0 && !undone && (
          <a className="button" href={book.importErrorsUrl(one.id)} download>
            Download the rows with errors
          </a>
        )}
        {(state === "done" || state === "stopped") && fine > 0 && (
          <button type="button" className="button" disabled={acting} onClick={() => setAsking(true)}>
            Take the import back…
          </button>
        )}
      </div>
      {counts.failed > 0 && !undone && <Faults id={one.id} state={state} total={counts.failed} over={over} />}
      {asking && (
        <Dialog title="Take this import back?" confirm="Take it back" grave act={undo} close={() => setAsking(false)}>
          <p>Contacts who came by it and whom nobody touched since go again; of the others whatever nobody changed since becomes what it was.</p>
        </Dialog>
      )}
    </section>
  );
}

function Faults({ id, state, total, over }: { id: string; state: Import["state"]; total: number; over(e: unknown): void }) {
  const { answer, problem, again } = useAsked<WrongRow[]>(`${id} ${state}`, (signal) => book.wrongRows(id, signal), over);
  if (problem !== null) return <Failed problem={problem} again={again} />;
  if (answer === null) return <Waiting />;
  return (
    <div className="book-scroll faults-table" tabIndex={0} role="region" aria-label="Rows with errors">
      <table>
        <caption>{answer.length < total ? `The first ${answer.length.toLocaleString()} of ${total.toLocaleString()} rows with errors` : "Rows with errors"}</caption>
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Column</th>
            <th scope="col">Cell</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {answer.flatMap((row) =>
            row.faults.map((fault, n) => (
              <tr key={`${row.row} ${n}`}>
                <th scope="row">{row.row.toLocaleString()}</th>
                <td>
                  <bdi>{fault.column ?? ""}</bdi>
                </td>
                <td>
                  <bdi>{fault.cell}</bdi>
                </td>
                <td>{fault.why}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
