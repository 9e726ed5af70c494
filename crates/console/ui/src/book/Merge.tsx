// Two contacts that may be one person, side by side: what each says, and what would hold afterwards.

import { useContext, useState } from "react";
import { Back } from "../icons.tsx";
import { label } from "../logic/words.ts";
import { Link, navigate } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { MemoryContext } from "./pages.ts";
import { bookPathOf, contactPath } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import { plainValue } from "./value.ts";
import type { Duplicate, Merge as MergeRecord, MergePreview } from "./types.ts";

interface Props {
  contact: string;
  other: string;
  over(e: unknown): void;
}

export function Merge({ contact, other, over }: Props) {
  const { answer: both, problem, again } = useAsked<MergePreview>(`${contact} ${other}`, (signal) => book.mergePreview(contact, other, signal), over);
  const [asking, setAsking] = useState(false);
  const memory = useContext(MemoryContext);
  return (
    <main className="book">
      <div className="book-head">
        <Link to={contactPath(contact)} className="icon-button" title="Back to the contact">
          <Back />
          <span className="sr-only">Back to the contact</span>
        </Link>
        <h1>Are they one person?</h1>
        {both !== null && (
          <div className="book-actions">
            <Link to={bookPathOf({ at: "merge", contact: other, other: contact })} className="button">
              Swap
            </Link>
            <button type="button" className="button primary" onClick={() => setAsking(true)}>
              Merge
            </button>
          </div>
        )}
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {both === null && problem === null && <Waiting what="Comparing…" />}
      {both !== null && (
        <div className="book-scroll merge-page" tabIndex={0} role="region" aria-label="Side by side">
          {both.warnings.map((w) => (
            <p key={w} className="conflict">
              <bdi>{w}</bdi>
            </p>
          ))}
          <table className="merge-table">
            <thead>
              <tr>
                <th scope="col">
                  <span className="sr-only">Field</span>
                </th>
                <th scope="col">
                  Stays: <bdi>{both.keep.name}</bdi>
                </th>
                <th scope="col">
                  Becomes part of it: <bdi>{both.other.name}</bdi>
                </th>
                <th scope="col">Afterwards</th>
              </tr>
            </thead>
            <tbody>
              {both.fields.map((f) => (
                <tr key={f.name}>
                  <th scope="row">{label(f.name)}</th>
                  <td className={f.winner === "other" ? "lost" : undefined}>
                    <bdi>{plainValue(f.keep)}</bdi>
                  </td>
                  <td className={f.winner === "keep" ? "lost" : undefined}>
                    <bdi>{plainValue(f.other)}</bdi>
                  </td>
                  <td>
                    <bdi>{plainValue(f.after)}</bdi>
                  </td>
                </tr>
              ))}
              {[
                ["Tags", both.tags],
                ["Found on", both.addresses],
                ["Known as", both.identifiers.map((i) => `${i.value}${i.verified ? " (verified)" : ""}`)],
                ["Lists", both.lists],
                ["Consents", both.consents.map((c) => `${c.given ? "agreed to" : "refused"} ${c.topic}`)],
              ].map(([title, values]) =>
                values === undefined || values.length === 0 ? null : (
                  <tr key={String(title)}>
                    <th scope="row">{title}</th>
                    <td colSpan={2} />
                    <td>
                      <bdi>{Array.isArray(values) ? values.join(", ") : values}</bdi>
                    </td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
          <p className="muted">
            {both.conversations > 0 && `${both.conversations} ${both.conversations === 1 ? "conversation goes" : "conversations go"} over, with everything that runs there. `}
            {both.notes > 0 && `Afterwards there ${both.notes === 1 ? "is one note" : `are ${both.notes} notes`}. `}
            The old address leads to the one that stays, and a merge can be undone.
          </p>
        </div>
      )}
      {asking && both !== null && (
        <Dialog
          title="Make one contact of the two?"
          confirm="Merge"
          act={async () => {
            const survivor = await book.merge(contact, other);
            memory.forget("contacts ");
            navigate(contactPath(survivor));
          }}
          close={() => setAsking(false)}
        >
          <p>
            <bdi>{both.other.name}</bdi> becomes part of <bdi>{both.keep.name}</bdi>. It can be undone on the contact’s page.
          </p>
        </Dialog>
      )}
    </main>
  );
}

interface SameProps {
  contact: string;
  /** Grows when something about the contact changed. */
  round: number;
  over(e: unknown): void;
  changed(): void;
}

/** Who else may be the same person, and what the contact was made of. */
export function SamePerson({ contact, round, over, changed }: SameProps) {
  const { answer: alike } = useAsked<Duplicate[]>(`duplicates ${contact} ${round}`, (signal) => book.duplicates(contact, signal), over);
  const { answer: merges } = useAsked<MergeRecord[]>(`merges ${contact} ${round}`, (signal) => book.merges(contact, signal), over);
  const [undoing, setUndoing] = useState<MergeRecord | null>(null);
  if ((alike ?? []).length + (merges ?? []).length === 0) return null;
  return (
    <section className="part" aria-label="The same person?">
      <h2>{(alike ?? []).length > 0 ? "The same person?" : "Merged"}</h2>
      <ul className="alike">
        {(alike ?? []).map((one) => (
          <li key={one.contact}>
            <span>
              <Link to={contactPath(one.contact)}>
                <bdi>{one.name}</bdi>
              </Link>{" "}
              <span className="muted">
                <bdi>{one.why.join(", ")}</bdi>
              </span>
            </span>
            <Link to={bookPathOf({ at: "merge", contact, other: one.contact })} className="button">
              Compare
            </Link>
          </li>
        ))}
        {(merges ?? []).map((one) => (
          <li key={one.id}>
            <span>
              <bdi>{one.name}</bdi> <span className="muted">is part of this contact{one.why === null ? "" : ` (${one.why})`}</span>
            </span>
            <button type="button" className="button" onClick={() => setUndoing(one)}>
              Undo
            </button>
          </li>
        ))}
      </ul>
      {undoing !== null && (
        <Dialog
          title="Make two contacts of it again?"
          confirm="Undo the merge"
          act={async () => {
            await book.undoMerge(contact, undoing.id);
            changed();
          }}
          close={() => setUndoing(null)}
        >
          <p>
            <bdi>{undoing.name}</bdi> is again what it was, with the conversations it brought. What was done since stays here.
          </p>
        </Dialog>
      )}
    </section>
  );
}
