// Finding people by what was said in their chats: each with the newest message that has the words, which is one link away.

import { useEffect, useId, useRef, useState } from "react";
import { Avatar } from "../desk/Avatar.tsx";
import { Back } from "../icons.tsx";
import { label } from "../logic/words.ts";
import { Link, navigate } from "../nav.tsx";
import { ShortAgo } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useLast, useList } from "./pages.ts";
import { bookPathOf, contactPath } from "./route.ts";
import { author } from "./Said.tsx";
import { useSettled } from "./settle.ts";
import { Failed } from "./states.tsx";
import type { FoundMessage } from "./types.ts";

interface Props {
  text: string;
  now: number;
  over(e: unknown): void;
}

export function SaidSearch({ text: asked, now, over }: Props) {
  const [text, setText] = useState(asked);
  const settled = useSettled(text.trim(), 200);
  const written = useRef(asked);
  const [incomplete, setIncomplete] = useState(false);
  const id = useId();
  useEffect(() => {
    if (settled === written.current) return;
    written.current = settled;
    navigate(bookPathOf({ at: "said", text: settled }), "replace");
  }, [settled]);
  useEffect(() => {
    if (asked === written.current) return;
    written.current = asked;
    setText(asked);
  }, [asked]);
  const name = `said ${settled}`;
  const list = useLast(
    name,
    useList<FoundMessage>(name, async (cursor, signal) => {
      if (settled === "") return { rows: [], next: null, total: 0 };
      const { page, complete } = await book.saidBy(settled, cursor, signal);
      setIncomplete(!complete);
      return page;
    }),
  );
  const { rows, whole, busy, problem } = list.read;
  useEffect(() => {
    if (problem !== null) over(problem);
  }, [problem, over]);
  // A page may be empty though there is another: the server looks for a second at a time.
  useEffect(() => {
    if (rows.length === 0 && !whole && !busy && problem === null) list.pages.more();
  }, [rows.length, whole, busy, problem, list.pages]);
  const current = list.key === name;
  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/contacts" className="icon-button" title="All contacts">
          <Back />
          <span className="sr-only">All contacts</span>
        </Link>
        <h1>What was said</h1>
        <p className="book-count" role="status">
          {settled === "" ? "" : !current || (busy && rows.length === 0) ? "Searching…" : rows.length === 0 ? "Nobody found" : `${rows.length.toLocaleString()}${whole ? "" : " or more"} ${rows.length === 1 && whole ? "person" : "people"}, newest first`}
        </p>
      </div>
      <search className="book-find said-find">
        <label className="sr-only" htmlFor={id}>
          Words that were said
        </label>
        <input id={id} type="search" className="book-search" value={text} placeholder="Words that were said" autoComplete="off" spellCheck={false} maxLength={200} dir="auto" autoFocus onChange={(e) => setText(e.target.value)} />
      </search>
      {incomplete && <p className="book-note">Older messages are still being read anew after a stop; some may be missing.</p>}
      {problem !== null && <Failed problem={problem} again={list.pages.more} />}
      <div className="book-scroll">
        <ul className="said-found">
          {settled !== "" &&
            rows.map(({ contact, message, excerpt }) => (
              <li key={message.id}>
                <Avatar id={contact.id} name={contact.name} />
                <div>
                  <p className="said-who">
                    <Link to={contactPath(contact.id)}>
                      <bdi>{contact.name}</bdi>
                    </Link>
                    <ShortAgo at={message.at} now={now} />
                  </p>
                  <Link to={bookPathOf({ at: "contact", contact: contact.id, said: { conversation: message.conversation, line: message.no } })} className="said-excerpt">
                    <bdi>
                      {excerpt.map((piece, n) =>
                        piece.hit ? <mark key={n}>{piece.text}</mark> : piece.text,
                      )}
                    </bdi>
                  </Link>
                  <p className="muted">
                    {author(message)} on {label(message.channel)}
                  </p>
                </div>
              </li>
            ))}
        </ul>
        {rows.length > 0 && !whole && current && (
          <button type="button" className="button quiet" disabled={busy} onClick={list.pages.more}>
            More
          </button>
        )}
        {settled === "" && (
          <div className="book-empty">
            <h2>Find people by their words</h2>
            <p>Whoever has a message with all the words you write, in any script, whether the customer, the bot or an agent said it.</p>
          </div>
        )}
        {settled !== "" && current && rows.length === 0 && whole && (
          <div className="book-empty">
            <h2>Nobody found</h2>
            <p>
              No message has all of <bdi>“{settled}”</bdi>.
            </p>
          </div>
        )}
      </div>
    </main>
  );
}
