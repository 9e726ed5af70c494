// Notes about a contact, for colleagues: newest first, shown as written, and a field for another whose text outlives the page.

import { useEffect, useId, useRef, useState } from "react";
import { drafts } from "../desk/drafts.ts";
import { agoInWords, fullTime, linked } from "../logic/words.ts";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Failed } from "./states.tsx";
import type { Note } from "./types.ts";

/** The longest note, in bytes, as the server has it. */
const LIMIT = 4 * 1024;
const FIRST = 5;

interface Props {
  contact: string;
  now: number;
  /** Grows when something about the contact changed. */
  round: number;
  over(e: unknown): void;
}

export function PersonNotes({ contact, now, round, over }: Props) {
  const { answer, problem, again } = useAsked<Note[]>(`notes ${contact}`, (signal) => book.notes(contact, signal), over);
  const [text, setText] = useState(() => drafts.get(`note ${contact}`));
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const once = useRef({ text: "", key: "" });
  const id = useId();
  useEffect(() => {
    if (round > 0) again();
  }, [round, again]);

  const write = (to: string): void => {
    setText(to);
    drafts.set(`note ${contact}`, to);
  };
  const over4k = new TextEncoder().encode(text.trim()).length - LIMIT;
  const add = async (): Promise<void> => {
    setBusy(true);
    setRefused(null);
    try {
      // The same text again, after an answer that got lost, is the same note.
      if (once.current.text !== text.trim()) once.current = { text: text.trim(), key: crypto.randomUUID() };
      await book.note(contact, text.trim(), once.current.key);
      once.current = { text: "", key: "" };
      write("");
      again();
    } catch (e) {
      setRefused(e instanceof Error ? e.message : "It was not kept.");
      over(e);
    } finally {
      setBusy(false);
    }
  };
  const notes = answer ?? [];
  return (
    <section className="part" aria-labelledby={id}>
      <h2 id={id}>Notes</h2>
      <form
        className="note-form"
        onSubmit={(e) => {
          e.preventDefault();
          void add();
        }}
      >
        <textarea rows={2} value={text} dir="auto" aria-label="New note" placeholder="For your colleagues; the customer never sees it" onChange={(e) => write(e.target.value)} />
        <button type="submit" className="button" disabled={busy || text.trim() === "" || over4k > 0}>
          Add note
        </button>
      </form>
      <p className="problem" role="alert">
        {over4k > 0 ? `${over4k} bytes too long` : refused}
      </p>
      {problem !== null && <Failed problem={problem} again={again} />}
      <ul className="notes">
        {(all ? notes : notes.slice(0, FIRST)).map((note, n) => (
          <li key={`${note.at} ${notes.length - n}`}>
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
              <bdi>{note.by.name ?? note.by.kind}</bdi> ·{" "}
              <time dateTime={note.at} title={fullTime(Date.parse(note.at))}>
                {agoInWords(Date.parse(note.at), now)}
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
