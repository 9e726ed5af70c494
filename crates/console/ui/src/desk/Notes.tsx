// What agents noted about the customer, who never sees it; newest first, and a field for another.

import { useEffect, useId, useState } from "react";
import { api, type Place } from "../api.ts";
import { agoInWords, fullTime, linked } from "../logic/words.ts";
import type { PersonView } from "../types.ts";

/** The longest note, in bytes, as the server has it. */
const LIMIT = 4 * 1024;
/** How many are shown before one asks for more. */
const FIRST = 5;

interface Props {
  place: Place;
  notes: PersonView["notes"];
  now: number;
  changed(): void;
}

export function Notes({ place, notes, now, changed }: Props) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const id = useId();
  const { contact, conversation } = place;
  useEffect(() => {
    setText("");
    setProblem(null);
    setAll(false);
  }, [contact, conversation]);

  const over = new TextEncoder().encode(text.trim()).length - LIMIT;
  const add = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.note({ contact, conversation }, text.trim());
      setText("");
      changed();
    } catch (e) {
      setProblem(e instanceof Error ? e.message : "It was not kept.");
    } finally {
      setBusy(false);
    }
  };

  return (
    <section className="part" aria-labelledby={id}>
      <h3 id={id}>Notes</h3>
      <form
        className="note-form"
        onSubmit={(e) => {
          e.preventDefault();
          void add();
        }}
      >
        <textarea
          rows={2}
          value={text}
          dir="auto"
          aria-label="New note"
          placeholder="For your colleagues; the customer never sees it"
          onChange={(e) => setText(e.target.value)}
        />
        <button type="submit" className="button" disabled={busy || text.trim() === "" || over > 0}>
          Add note
        </button>
      </form>
      <p className="problem" role="alert">
        {over > 0 ? `${over} bytes too long` : problem}
      </p>
      <ul className="notes">
        {(all ? notes : notes.slice(0, FIRST)).map((note, index) => (
          <li key={`${note.at} ${notes.length - index}`}>
            <p className="note-text" dir="auto">
              {linked(note.text).map((piece, at) =>
                piece.href === null ? (
                  piece.text
                ) : (
                  <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                    {piece.text}
                  </a>
                ),
              )}
            </p>
            <p className="note-meta">
              <bdi>{note.by}</bdi> ·{" "}
              <time dateTime={new Date(note.at).toISOString()} title={fullTime(note.at)}>
                {agoInWords(note.at, now)}
              </time>
            </p>
          </li>
        ))}
      </ul>
      {!all && notes.length > FIRST && (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          All {notes.length} notes
        </button>
      )}
    </section>
  );
}
