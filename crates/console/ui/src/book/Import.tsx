// One import, step by step: what its columns are, what would happen, how far it is, what came of it, and taking it back.

import { useContext, useEffect, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { drafts } from "../desk/drafts.ts";
import { Back } from "../icons.tsx";
import { size } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAgain, useAsked } from "./asked.ts";
import { lacks, toldOf } from "./eventing.ts";
import { keptOptions, lasting, moving, paceOf, plainly, rowsOf, SAID, standingOf, stepOf, USUAL, without } from "./importing.ts";
import { ImportEvents } from "./ImportEvents.tsx";
import { ImportMapping } from "./ImportMapping.tsx";
import { ForgetDialog, Outcome } from "./ImportOutcome.tsx";
import { MemoryContext } from "./pages.ts";
import { bookPathOf } from "./route.ts";
import { Failed, Missing, Waiting } from "./states.tsx";
import type { Import, ImportOptions } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How long after an answer an import under way is looked at again. */
const EVERY = 700;
const STEPS = ["File", "Columns", "Check", "Import"];

interface Props {
  id: string;
  bot: string;
  vocabulary: Vocabulary;
  over(e: unknown): void;
}

export function ImportOf({ id, bot, vocabulary, over }: Props) {
  const asked = useAsked<Import>(id, (signal) => book.import(id, signal), over);
  const { answer: one, problem, again, set } = asked;
  const kept = `import ${id}`;
  // What was chosen and not checked yet. What is carried out is what was checked, by whomever.
  const [draft, setDraft] = useState<ImportOptions | null>(() => keptOptions(drafts.get(kept)));
  const options = draft ?? one?.options ?? USUAL;
  const [changing, setChanging] = useState(false);
  const [acting, setActing] = useState(false);
  const [forgetting, setForgetting] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const standing = one === null ? null : standingOf(one);
  const going = standing !== null && moving(standing);

  useAgain(asked, going, EVERY);
  const memory = useContext(MemoryContext);
  useEffect(() => {
    // Whom it brought or took is not in lists that were read before.
    if (standing === "done" || standing === "stopped" || standing === "interrupted" || standing === "undone") memory.forget("");
  }, [memory, standing]);
  useEffect(() => {
    document.title = `Import ${one?.name ?? ""} · ${bot}`;
  }, [one?.name, bot]);

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
      const now = await book.checkImport(id, one === null ? what : toldOf(one, without(what, "start")));
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
        setRefused(e instanceof Error ? plainly(e.message) : "It did not work.");
        // Somebody else may have gone on with it.
        if (e instanceof ApiError && e.status === 409) again();
      },
    );
  };
  if (problem instanceof ApiError && problem.status === 404) {
    return <Missing title="There is no such import" says="It was forgotten, or the address is not right." all={{ to: bookPathOf({ at: "import", id: null }), says: "All imports" }} />;
  }
  const missing = one?.kind === "events" ? lacks(one.columns, vocabulary, options) : [];
  const step = standing === null ? 1 : changing ? 2 : stepOf(standing);
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
          {standing === null ? "" : SAID[standing]}
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
            {standing === "question" && <Question why={one.why === null ? null : plainly(one.why)} answer={(dates) => check({ ...options, dates })} />}
            <p className="muted">
              {size(one.bytes)} · {one.format === "csv" ? `cells between “${one.delimiter === "\t" ? "tab" : (one.delimiter ?? ",")}”` : "one object to a line"} · {one.encoding}
            </p>
            {one.kind === "events" ? <ImportEvents columns={one.columns} options={options} vocabulary={vocabulary} choose={choose} /> : <ImportMapping columns={one.columns} options={options} vocabulary={vocabulary} choose={choose} />}
            {missing.length > 0 && (
              <p className="muted" id="import-missing">
                Still to be said: {missing.join(", ")}.
              </p>
            )}
            <div className="field-actions">
              <button type="button" className="button primary" disabled={acting || !one.has_file || missing.length > 0} aria-describedby={missing.length > 0 ? "import-missing" : undefined} onClick={() => check(options)}>
                Check, change nothing
              </button>
              {changing ? (
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
              ) : (
                <button type="button" className="button quiet" disabled={acting} onClick={() => setForgetting(true)}>
                  Forget it…
                </button>
              )}
            </div>
          </>
        )}
        {one !== null && step > 2 && going && <Progress key={one.state} one={one} refused={refused !== null} stop={standing === "undoing" ? null : () => act(() => book.stopImport(id))} />}
        {one !== null && step > 2 && !going && (
          <Outcome
            one={one}
            acting={acting}
            over={over}
            run={() => act(() => book.runImport(id, toldOf(one, one.options ?? USUAL)))}
            check={() => check(one.options ?? USUAL)}
            change={() => setChanging(true)}
            undo={async () => {
              set(await book.undoImport(id));
            }}
          />
        )}
        {forgetting && one !== null && <ForgetDialog one={one} close={() => setForgetting(false)} />}
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

function Progress({ one, refused, stop }: { one: Import; refused: boolean; stop: (() => void) | null }) {
  const first = useRef<{ at: number; read: number; rows: number } | null>(null);
  const [asked, setAsked] = useState(false);
  const stopping = asked && !refused;
  const now = { at: Date.now(), read: one.read, rows: rowsOf(one) };
  first.current ??= now;
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
      <p className="muted">{one.state === "checking" ? "Nothing is changed by it. " : ""}It goes on when this page is closed, and after a restart of the server.</p>
      {stop !== null && (
        <button
          type="button"
          className="button"
          disabled={stopping}
          onClick={() => {
            setAsked(true);
            stop();
          }}
        >
          {stopping ? "Stopping…" : one.state === "checking" ? "Stop the check" : "Stop"}
        </button>
      )}
    </section>
  );
}
