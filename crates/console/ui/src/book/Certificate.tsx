// A certificate of an erasure, and what it counts: what went, what stays and why, since when nothing is left.

import type { ReactNode } from "react";
import { Link } from "../nav.tsx";
import { At } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { byName } from "./by.ts";
import { somethingStays } from "./erased.ts";
import { bookPathOf } from "./route.ts";
import type { Certificate, ErasureCounts, ErasureStays } from "./types.ts";

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

const many = (n: number, one: string, more: string): string => `${n.toLocaleString()} ${n === 1 ? one : more}`;

/** What is counted, in words, as far as there is any. */
export function inWords(counts: ErasureCounts): string[] {
  return COUNTED.filter(([name]) => counts[name] > 0).map(([name, one, more]) => many(counts[name], one, more));
}

/** What went, in a line. */
export function goneInShort({ counts }: Pick<Certificate, "counts">): string {
  const merged = counts.contacts > 1 ? ` and ${many(counts.contacts - 1, "contact", "contacts")} that had become part of it` : "";
  return [`a profile${merged}`, ...inWords(counts).slice(0, 3)].join(", ");
}

/** Whether anything is left, by word and colour. */
export function StateChip({ certificate }: { certificate: Certificate }) {
  if (certificate.state === "pending") return <span className="chip tone-warn">pending</span>;
  return <span className="chip tone-good">{somethingStays(certificate) ? "erased" : "nothing left"}</span>;
}

/** What stays of somebody who is erased, each with why. */
export function Stays({ stays }: { stays: Partial<ErasureStays> }) {
  const { suppression_hashes: hashes = 0, webhooks_told: webhooks = 0, unfinished_imports: imports = 0 } = stays;
  return (
    <ul className="plain-list">
      <li>A certificate without a word about who they were.</li>
      {hashes > 0 && <li>{many(hashes, "salted hash", "salted hashes")} of what they were reached by: they did not want to be written to, and an old list must not undo that.</li>}
      {webhooks > 0 && (
        <li>
          The bare id, for {many(webhooks, "webhook", "webhooks")} that {webhooks === 1 ? "is" : "are"} told whom to erase: it waits until it is delivered, and stays in the log of deliveries for a while.
        </li>
      )}
      {imports > 0 && (
        <li>
          The {imports === 1 ? "file of an import that is" : `files of ${imports.toLocaleString()} imports that are`} not done, and may name them: until {imports === 1 ? "it is" : "they are"} done, taken back or{" "}
          <Link to={bookPathOf({ at: "import", id: null })}>forgotten</Link>.
        </li>
      )}
    </ul>
  );
}

/** All that a certificate says. */
export function CertificateBody({ certificate: one, bulk = true }: { certificate: Certificate; bulk?: boolean }) {
  const pending = one.state === "pending";
  const gone: ReactNode[] = [
    one.counts.contacts > 1 ? `The profile, and ${many(one.counts.contacts - 1, "contact", "contacts")} that had become part of it` : "The profile",
    ...inWords(one.counts),
    ...(one.rows > 0 ? [many(one.rows, "row elsewhere that named them", "rows elsewhere that named them")] : []),
    ...(one.files > 0 ? [many(one.files, "stored file that only they had", "stored files that only they had")] : []),
  ];
  return (
    <div className="fold-body certificate">
      <section aria-label="What went">
        <h2>What went</h2>
        <ul className="plain-list">
          {gone.map((line, n) => (
            <li key={n}>{line}</li>
          ))}
        </ul>
      </section>
      <section aria-label="What stays, and why">
        <h2>What stays, and why</h2>
        <Stays stays={one} />
        {one.webhooks_told + one.unfinished_imports > 0 && <p className="muted">So it was when they were erased.</p>}
        {pending && <p>Until it is compacted the disk may hold bytes of before. Nothing leads to them, and the compaction is under way.</p>}
      </section>
      <p className="muted">
        Asked for by <bdi>{byName(one.by)}</bdi>, <At at={one.at} />.{" "}
        {one.done_at !== null && (
          <>
            {somethingStays(one) ? "Nothing else" : "Nothing"} is left since <At at={one.done_at} />.
          </>
        )}
      </p>
      <p className="muted">
        Certificate <code>{one.id}</code>
        {bulk && one.bulk !== null && (
          <>
            {" "}
            · <Link to={bookPathOf({ at: "erasures", bulk: one.bulk })}>one of many</Link>
          </>
        )}
      </p>
      <p>
        <a className="button" href={book.erasureUrl(one.id)} download={`erasure-${one.id}.json`}>
          Download the certificate
        </a>
      </p>
    </div>
  );
}
