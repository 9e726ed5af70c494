// Where an import begins: a file, and the imports there were.

import { useEffect, useId, useRef, useState } from "react";
import { Back } from "../icons.tsx";
import { size } from "../logic/words.ts";
import { Link, navigate } from "../nav.tsx";
import { At } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { SAID, standingOf } from "./importing.ts";
import { importPath } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Import } from "./types.ts";

/** What a file can hold. */
const HOLDS: readonly { is: Import["kind"]; says: string; more: string }[] = [
  { is: "contacts", says: "Contacts", more: "Somebody in each row: how they are reached, what is known of them." },
  { is: "events", says: "Events", more: "In each row something that somebody did, such as a purchase, and when." },
];

export function ImportStart({ over }: { over(e: unknown): void }) {
  const { answer, problem, again } = useAsked<Import[]>("imports", book.imports, over);
  const [sending, setSending] = useState<File | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const [kind, setKind] = useState<Import["kind"]>("contacts");
  const [above, setAbove] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const id = useId();
  useEffect(() => () => stop.current?.abort(), []);

  const send = (file: File | undefined): void => {
    if (file === undefined || sending !== null) return;
    const mine = new AbortController();
    stop.current = mine;
    setSending(file);
    setRefused(null);
    book.upload(file, kind, mine.signal).then(
      (one) => navigate(importPath(one.id)),
      (e: unknown) => {
        setSending(null);
        if (mine.signal.aborted) return;
        over(e);
        setRefused(e instanceof Error ? e.message : "The file was not taken.");
      },
    );
  };
  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/contacts" className="icon-button" title="All contacts">
          <Back />
          <span className="sr-only">All contacts</span>
        </Link>
        <h1>Import</h1>
      </div>
      <div className="book-scroll import-page">
        <fieldset className="holds" disabled={sending !== null}>
          <legend>What the file holds</legend>
          {HOLDS.map(({ is, says, more }) => (
            <label key={is} className="choice-line">
              <input type="radio" name={`${id}-kind`} checked={kind === is} onChange={() => setKind(is)} />
              <span>
                {says}
                <small>{more}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <div
          className={above ? "drop above" : "drop"}
          onDragOver={(e) => {
            e.preventDefault();
            setAbove(true);
          }}
          onDragLeave={() => setAbove(false)}
          onDrop={(e) => {
            e.preventDefault();
            setAbove(false);
            send(e.dataTransfer.files[0]);
          }}
        >
          <p>A table as a spreadsheet saves it (CSV), or one JSON object to a line (JSONL). Separators and encoding are found out.</p>
          <label className="button primary" htmlFor={id}>
            Choose a file
          </label>
          <input id={id} className="file-input" type="file" accept=".csv,.tsv,.txt,.jsonl,.ndjson,text/csv,application/x-ndjson" disabled={sending !== null} onChange={(e) => send(e.target.files?.[0])} />
          <p className="muted">or drop it here. Nothing is imported before you have seen what would happen.</p>
          <p role="status">
            {sending !== null && (
              <>
                Uploading <bdi>{sending.name}</bdi> ({size(sending.size)})…{" "}
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    stop.current?.abort();
                    setSending(null);
                  }}
                >
                  Cancel
                </button>
              </>
            )}
          </p>
          <p className="problem" role="alert">
            {refused}
          </p>
        </div>
        <section aria-label="Imports">
          <h2>Imports so far</h2>
          {problem !== null && <Failed problem={problem} again={again} />}
          {answer === null && problem === null && <Waiting />}
          {answer?.length === 0 && <p className="muted">None yet</p>}
          <ul className="import-list">
            {(answer ?? []).map((one) => (
              <li key={one.id}>
                <Link to={importPath(one.id)}>
                  <bdi>{one.name}</bdi>
                </Link>
                <span className="muted">
                  {one.kind === "events" ? "events · " : ""}
                  {SAID[standingOf(one)]} · <At at={one.at} /> · {size(one.bytes)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </main>
  );
}
