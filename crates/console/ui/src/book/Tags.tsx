// The tags of a contact: who put each there and when, taken off and added.

import { useId, useState } from "react";
import { Close } from "../icons.tsx";
import { exactTime, fold } from "../logic/words.ts";
import type { Person } from "./types.ts";

/** The longest tag, in characters, as the server has it. */
const LONGEST = 64;

interface Props {
  tags: Person["tags"];
  /** Tags of other contacts, offered while one types. */
  known: readonly string[];
  change(change: { add?: string[]; remove?: string[] }): Promise<void>;
}

export function Tags({ tags, known, change }: Props) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const id = useId();
  const has = new Set(tags.map((t) => fold(t.label)));

  const act = async (what: { add?: string[]; remove?: string[] }, done: string): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await change(what);
      setSaid(done);
      return true;
    } catch (e) {
      setProblem(e instanceof Error ? e.message : "It was not changed.");
      return false;
    } finally {
      setBusy(false);
    }
  };
  const label = text.trim();
  return (
    <section className="part" aria-labelledby={id}>
      <h2 id={id}>Tags</h2>
      {tags.length === 0 ? (
        <p className="muted">No tags</p>
      ) : (
        <ul className="chips">
          {tags.map((t) => (
            <li className="chip tag" key={t.label} title={tagTitle(t)}>
              <bdi>{t.label}</bdi>
              <button
                type="button"
                className="tag-off"
                aria-label={`Take off the tag ${t.label}`}
                disabled={busy}
                onClick={(e) => {
                  // The keyboard goes on at a neighbour, not at the top of the page.
                  const chip = e.currentTarget.closest("li");
                  const neighbour = (chip?.nextElementSibling ?? chip?.previousElementSibling)?.querySelector("button");
                  const field = chip?.closest("section")?.querySelector("input");
                  void act({ remove: [t.label] }, `Tag ${t.label} taken off`).then((ok) => ok && (neighbour ?? field)?.focus());
                }}
              >
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        className="tag-form"
        onSubmit={(e) => {
          e.preventDefault();
          if (label === "" || busy) return;
          void act({ add: [label] }, `Tag ${label} added`).then((ok) => ok && setText(""));
        }}
      >
        <input value={text} aria-label="New tag" placeholder="New tag" list={`${id}-known`} maxLength={LONGEST} autoComplete="off" dir="auto" onChange={(e) => setText(e.target.value)} />
        <datalist id={`${id}-known`}>
          {known
            .filter((t) => !has.has(fold(t)))
            .slice(0, 200)
            .map((t) => (
              <option key={t} value={t} />
            ))}
        </datalist>
        <button type="submit" className="button" disabled={busy || label === "" || has.has(fold(label))}>
          Add tag
        </button>
      </form>
      <p className="problem" role="alert">
        {problem}
      </p>
      <p className="sr-only" role="status">
        {said}
      </p>
    </section>
  );
}

function tagTitle({ since, why }: Person["tags"][number]): string {
  return `since ${exactTime(Date.parse(since))}${why === "" ? "" : ` · ${why}`}`;
}
