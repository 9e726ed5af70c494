// Notes about a contact: read with the contact, and again whenever something about them changed.

import { useEffect } from "react";
import { Notes } from "../parts/Notes.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Failed } from "./states.tsx";
import type { Note } from "./types.ts";

interface Props {
  contact: string;
  now: number;
  /** Grows when something about the contact changed. */
  round: number;
  over(e: unknown): void;
}

export function PersonNotes({ contact, now, round, over }: Props) {
  const { answer, problem, again } = useAsked<Note[]>(`notes ${contact}`, (signal) => book.notes(contact, signal), over);
  useEffect(() => {
    if (round > 0) again();
  }, [round, again]);
  const lines = (answer ?? []).map((note) => ({ at: Date.parse(note.at), by: note.by.name ?? note.by.kind, text: note.text }));
  const add = async (text: string, once: string): Promise<void> => {
    try {
      await book.note(contact, text, once);
    } catch (e) {
      over(e);
      throw e;
    }
    again();
  };
  return (
    <Notes contact={contact} notes={lines} now={now} heading="h2" add={add}>
      {problem !== null && <Failed problem={problem} again={again} />}
    </Notes>
  );
}
