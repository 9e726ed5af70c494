// Notes about a customer, for colleagues alone: newest first, shown as written, and a field for another whose text outlives the page.

import { useId, useRef, useState, type ReactNode } from "react";
import { drafts } from "../desk/drafts.ts";
import { linked } from "../logic/words.ts";
import { Ago } from "./Time.tsx";

/** The longest note, in bytes, as the server has it. */
const LIMIT = 4 * 1024;
/** How many are shown before one asks for more. */
const FIRST = 5;

export interface NoteLine {
  /** Milliseconds since 1970. */
  at: number;
  by: string;
  text: string;
}

interface Props {
  /** Whom the notes are about; what is being written is kept under it. Give another `key` with another contact. */
  contact: string;
  notes: readonly NoteLine[];
  now: number;
  heading: "h2" | "h3";
  /** Keeps a note. The same `once` again is the same note. */
  add(text: string, once: string): Promise<void>;
  /** What is said while the notes themselves are missing. */
  children?: ReactNode;
}

export function Notes({ contact, notes, now, heading: Heading, add, children }: Props) {
  const draft = `note ${contact}`;
  const [text, setText] = useState(() => drafts.get(draft));
  const field = useRef(text);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const once = useRef({ text: "", key: "" });
  const id = useId();

  const write = (to: string): void => {
    field.current = to;
    setText(to);
    drafts.set(draft, to);
  };
  const over = new TextEncoder().encode(text.trim()).length - LIMIT;
  const send = async (): Promise<void> => {
    const sent = text;
    setBusy(true);
    setProblem(null);
    try {
      // The same text again, after an answer that got lost, is the same note.
      if (once.current.text !== sent.trim()) once.current = { text: sent.trim(), key: crypto.randomUUID() };
      await add(sent.trim(), once.current.key);
      once.current = { text: "", key: "" };
      // Whoever wrote on meanwhile keeps what they wrote.
      if (field.current === sent) setText("");
      if (drafts.get(draft) === sent) drafts.set(draft, "");
    } catch (e) {
      setProblem(e instanceof Error ? e.message : "It was not kept.");
    } finally {
      setBusy(false);
    }
  };

  return (
    <section className="part" aria-labelledby={id}>
      <Heading id={id}>Notes</Heading>
      <form
        className="note-form"
        onSubmit={(e) => {
          e.preventDefault();
          void send();
        }}
      >
        <textarea rows={2} value={text} dir="auto" aria-label="New note" placeholder="For your colleagues; the customer never sees it" onChange={(e) => write(e.target.value)} />
        <button type="submit" className="button" disabled={busy || text.trim() === "" || over > 0}>
          Add note
        </button>
      </form>
      <p className="problem" role="alert">
        {over > 0 ? `${over} bytes too long` : problem}
      </p>
      {children}
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
              <bdi>{note.by}</bdi> · <Ago at={note.at} now={now} />
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
