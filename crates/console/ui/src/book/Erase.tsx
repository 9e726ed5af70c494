// Erasing a person: first what would go and what would stay, then the certificate, which says when nothing is left.

import { useEffect, useState } from "react";
import { fullTime } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failed, Waiting } from "./states.tsx";
import type { Certificate, ErasureCounts, ErasurePreview } from "./types.ts";

/** How often it is asked whether anything is left. */
const EVERY = 3_000;

const COUNTED: readonly [keyof ErasureCounts, string, string][] = [
  ["conversations", "conversation", "conversations"],
  ["messages", "message", "messages"],
  ["journey", "line of the journey", "lines of the journey"],
  ["events", "event", "events"],
  ["attachments", "file", "files"],
  ["addresses", "address", "addresses"],
  ["identifiers", "identifier", "identifiers"],
  ["attributes", "attribute", "attributes"],
  ["tags", "tag", "tags"],
  ["notes", "note", "notes"],
  ["consents", "consent", "consents"],
];

/** What is counted, in words, as far as there is any. */
export function inWords(counts: ErasureCounts): string[] {
  return COUNTED.filter(([name]) => counts[name] > 0).map(([name, one, many]) => `${counts[name].toLocaleString()} ${counts[name] === 1 ? one : many}`);
}

interface Props {
  contact: string;
  name: string;
  over(e: unknown): void;
  done(certificate: Certificate): void;
  close(): void;
}

export function EraseDialog({ contact, name, over, done, close }: Props) {
  const { answer, problem, again } = useAsked<ErasurePreview>(contact, (signal) => book.erasePreview(contact, signal), over);
  const [sure, setSure] = useState(false);
  return (
    <Dialog title="Erase this contact for good?" confirm="Erase for good" grave ready={sure && answer !== null} act={async () => done(await book.erase(contact))} close={close}>
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer === null && problem === null && <Waiting what="Counting what is kept…" />}
      {answer !== null && (
        <>
          <div>
            <p>
              What is kept of <bdi>{name}</bdi> goes, the profile first:
            </p>
            <ul className="plain-list">
              {inWords(answer.goes).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {answer.goes.contacts > 1 && <p>With it go the {(answer.goes.contacts - 1).toLocaleString()} contacts that were merged into it.</p>}
            {answer.stops > 0 && <p>{answer.stops.toLocaleString()} things under way stop: flows, timers, messages that wait.</p>}
          </div>
          <p className="muted">
            {answer.stays.suppression_hashes === 0
              ? "What stays is a certificate without a word about them."
              : `What stays is a certificate without a word about them, and ${answer.stays.suppression_hashes} salted ${answer.stays.suppression_hashes === 1 ? "hash" : "hashes"}, so that they are not written to again: they did not want it.`}
          </p>
          <label className="check-line">
            <input type="checkbox" checked={sure} onChange={(e) => setSure(e.target.checked)} /> I know that this cannot be taken back
          </label>
        </>
      )}
    </Dialog>
  );
}

/** What is shown instead of a contact who was erased. */
export function Erased({ certificate, over }: { certificate: Certificate; over(e: unknown): void }) {
  const [now, setNow] = useState(certificate);
  useEffect(() => {
    if (now.state === "done") return;
    const wait = setTimeout(() => book.erasure(now.id).then(setNow, over), EVERY);
    return () => clearTimeout(wait);
  }, [now, over]);
  return (
    <main className="book">
      <div className="book-empty">
        <h1>The contact was erased</h1>
        <p role="status">
          {now.state === "done"
            ? `Nothing is left of them${now.done_at === null ? "" : ` since ${fullTime(Date.parse(now.done_at))}`}.`
            : "Nothing leads to them any more. The disk may still hold bytes of before; they go with the compaction that is under way."}
        </p>
        <p>Erased were {inWords(now.counts).join(", ")}.</p>
        <p>
          Certificate <code>{now.id}</code>
        </p>
        <div className="field-actions">
          <a className="button" href={book.erasureUrl(now.id)} download={`erasure-${now.id}.json`}>
            Download the certificate
          </a>
          <Link to="/console/contacts" className="button">
            All contacts
          </Link>
        </div>
      </div>
    </main>
  );
}
