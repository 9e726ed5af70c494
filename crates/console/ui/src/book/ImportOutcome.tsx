// What would come of an import, or came of it: how it stands in words, its rows by what became of them, and what can be done from there.

import { useState, type ReactNode } from "react";
import { navigate } from "../nav.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { didSomething, doing, goesOn, plainly, standingOf, tallyOf, whatStays } from "./importing.ts";
import { bookPathOf } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Import, WrongRow } from "./types.ts";

interface Props {
  one: Import;
  acting: boolean;
  over(e: unknown): void;
  /** Carries it out, from its beginning or from where it was. */
  run(): void;
  /** Looks at every row again and changes nothing. */
  check(): void;
  /** Back to its columns. */
  change(): void;
  undo(): Promise<void>;
}

export function Outcome({ one, acting, over, run, check, change, undo }: Props) {
  const [asking, setAsking] = useState<"undo" | "forget" | null>(null);
  const { counts, dry } = one;
  const standing = standingOf(one);
  const fine = doing(one);
  const unbegun = standing === "not begun";
  const cutShort = standing === "check stopped" || standing === "check failed";
  return (
    <section className="outcome" aria-label="Outcome">
      <Words one={one} />
      {!unbegun && <Tally one={one} />}
      <div className="field-actions">
        {standing === "checked" && (
          <button type="button" className="button primary" disabled={acting || fine === 0} onClick={run}>
            {fine === 0 ? "Nothing to import" : `Import ${fine.toLocaleString()} ${fine === 1 ? "row" : "rows"}`}
          </button>
        )}
        {cutShort && one.has_file && (
          <button type="button" className="button primary" disabled={acting} onClick={check}>
            Check again
          </button>
        )}
        {(goesOn(standing) || unbegun) && one.has_file && (
          <button type="button" className="button primary" disabled={acting} onClick={run}>
            {goesOn(standing) ? "Go on with the rest" : "Try again"}
          </button>
        )}
        {(dry || unbegun) && one.has_file && (
          <button type="button" className="button" disabled={acting} onClick={change}>
            Change the columns
          </button>
        )}
        {counts.failed > 0 && standing !== "undone" && (
          <a className="button" href={book.importErrorsUrl(one.id)} download>
            Download the rows with errors
          </a>
        )}
        {didSomething(one) && (
          <button type="button" className="button" disabled={acting} onClick={() => setAsking("undo")}>
            Take the import back…
          </button>
        )}
        <button type="button" className="button quiet" disabled={acting} onClick={() => setAsking("forget")}>
          Forget it…
        </button>
      </div>
      {counts.failed > 0 && standing !== "undone" && <Faults id={one.id} state={one.state} total={counts.failed} over={over} />}
      {asking === "undo" && (
        <Dialog title="Take this import back?" confirm="Take it back" grave act={undo} close={() => setAsking(null)}>
          <p>
            {one.kind === "events"
              ? "Its events are taken out again, as if they had never been told. Contacts who came by it and to whom nothing else happened go as well."
              : "Contacts who came by it and whom nobody touched since go again; of the others whatever nobody changed since becomes what it was."}
          </p>
        </Dialog>
      )}
      {asking === "forget" && <ForgetDialog one={one} close={() => setAsking(null)} />}
    </section>
  );
}

/** Takes an import off the list, with its file. */
export function ForgetDialog({ one, close }: { one: Import; close(): void }) {
  return (
    <Dialog
      title="Forget this import?"
      confirm="Forget it"
      grave
      act={async () => {
        await book.forgetImport(one.id);
        navigate(bookPathOf({ at: "import", id: null }));
      }}
      close={close}
    >
      <p>
        Its file, its rows with errors and how it went are taken away. {whatStays(one)}
      </p>
    </Dialog>
  );
}

/** How it stands and what that means. */
function Words({ one }: { one: Import }) {
  const { row } = one;
  const why = one.why === null ? null : plainly(one.why);
  const behind = row > 0 ? ` behind row ${row.toLocaleString()}` : "";
  const reason = why === null ? "" : ": ";
  const because = (
    <>
      {reason}
      <bdi>{why}</bdi>
    </>
  );
  const bad = (says: ReactNode): ReactNode => (
    <p className="conflict" role="alert">
      {says}
    </p>
  );
  switch (standingOf(one)) {
    case "checked":
      return <p>Every row was looked at. Nothing was changed yet.</p>;
    case "check stopped":
      return bad(
        <>
          <strong>The check was stopped{behind}.</strong> Nothing was changed. A file is imported once it was checked to its end.
        </>,
      );
    case "check failed":
      return bad(
        <>
          <strong>
            The check could not go on{behind}
            {because}.
          </strong>{" "}
          Nothing was changed. Choose other columns and check again, or upload the file anew once it is mended.
        </>,
      );
    case "not begun":
      return bad(
        why === null ? (
          <>
            <strong>It was stopped before its first row.</strong> Nothing was taken over.
          </>
        ) : (
          <>
            <strong>It could not begin{because}.</strong> Nothing was taken over.
          </>
        ),
      );
    case "interrupted":
      return bad(
        <>
          <strong>
            It could not go on{behind}
            {because}.
          </strong>{" "}
          What was taken over until there stays. Going on does the rest, and no row twice; or take it back and upload the file anew once it is mended.
        </>,
      );
    case "stopped":
      return bad(
        <>
          <strong>It was stopped{behind}.</strong> What was taken over until there stays. Going on does the rest, and no row twice.
        </>,
      );
    case "done":
    case "undone":
    case "file":
    case "question":
    case "checking":
    case "running":
    case "undoing":
      return null;
  }
}

/** Rows by what became of them, or would. */
function Tally({ one }: { one: Import }) {
  return (
    <dl className="tally" aria-label={one.dry ? "What would happen" : "What happened"}>
      {tallyOf(one).map(([n, says]) => (
        <div key={says} className={n > 0 && says.includes("errors") ? "wrong" : undefined}>
          <dt>{says}</dt>
          <dd>{n.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
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
                <td>{plainly(fault.why)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
