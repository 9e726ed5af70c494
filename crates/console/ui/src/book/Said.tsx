// What was said with a contact, to read: one conversation from wherever one comes, back to its beginning and on to its end.

import { Fragment, useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { dayKey, dayName, exactTime, fullTime, label } from "../logic/words.ts";
import { navigate } from "../nav.tsx";
import { TimeOfDay } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { joinEarlier, joinLater } from "./joining.ts";
import { bookPathOf, type SaidPlace } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Said as SaidLine, Transcript } from "./types.ts";

interface Props {
  contact: string;
  /** Where one comes to. Give another `key` with another place. */
  place: SaidPlace;
  now: number;
  /** Grows when something about the contact changed: what was said since is read. */
  round: number;
  over(e: unknown): void;
}

export function Said({ contact, place, now, round, over }: Props) {
  const [read, setRead] = useState<Transcript | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Error | null>(null);
  const scroll = useRef<HTMLDivElement>(null);
  /** The line that stays where it is while more comes above it. */
  const hold = useRef<{ height: number } | "place" | "end" | null>(null);
  const reading = useRef(false);
  const id = useId();

  const ask = useCallback(
    async (where: { around?: number; before?: number; after?: number }, join: (held: Transcript, page: Transcript) => Transcript): Promise<void> => {
      if (reading.current) return;
      reading.current = true;
      setBusy(true);
      try {
        const page = await book.said(contact, { ...(place.conversation === null ? {} : { conversation: place.conversation }), ...where });
        setRead((held) => (held === null ? page : join(held, page)));
        setProblem(null);
      } catch (e) {
        over(e);
        setProblem(e instanceof Error ? e : new Error("Something went wrong."));
      } finally {
        reading.current = false;
        setBusy(false);
      }
    },
    [contact, place.conversation, over],
  );
  const first = useCallback(() => {
    hold.current = place.line === null ? "end" : "place";
    return ask(place.line === null ? {} : { around: place.line }, (_, page) => page);
  }, [ask, place.line]);
  useEffect(() => {
    void first();
  }, [first]);
  const earlier = (): void => {
    if (read === null) return;
    hold.current = { height: scroll.current?.scrollHeight ?? 0 };
    void ask({ before: read.first }, joinEarlier);
  };
  const later = useCallback(
    (from: number) => ask({ after: from }, joinLater),
    [ask],
  );
  // What comes while one reads the end is shown.
  const end = useRef<{ last: number; later: boolean } | null>(null);
  end.current = read === null ? null : { last: read.last, later: read.later };
  useEffect(() => {
    if (round === 0 || end.current === null || end.current.later) return;
    const el = scroll.current;
    if (el !== null && el.scrollHeight - el.scrollTop - el.clientHeight < 60) hold.current = "end";
    void later(end.current.last);
  }, [round, later]);
  useLayoutEffect(() => {
    const el = scroll.current;
    const { current } = hold;
    if (el === null || current === null || read === null) return;
    hold.current = null;
    if (current === "end") el.scrollTop = el.scrollHeight;
    else if (current === "place") el.querySelector(".said-here")?.scrollIntoView({ block: "center" });
    else el.scrollTop += el.scrollHeight - current.height;
  }, [read]);

  const others = read?.conversations ?? [];
  let day = "";
  return (
    <div className="said" ref={scroll} tabIndex={0} role="region" aria-label="What was said, oldest first">
      {others.length > 1 && (
        <div className="said-which">
          <label htmlFor={id}>Conversation</label>
          <select id={id} value={read?.conversation ?? ""} onChange={(e) => navigate(bookPathOf({ at: "contact", contact, said: { conversation: e.target.value, line: null } }), "replace")}>
            {others.map((c) => (
              <option key={c.id} value={c.id} title={c.heard_at === null ? undefined : exactTime(Date.parse(c.heard_at))}>
                {label(c.channel)}
                {c.heard_at === null ? "" : `, ${fullTime(Date.parse(c.heard_at))}`}
              </option>
            ))}
          </select>
        </div>
      )}
      {problem !== null && <Failed problem={problem} again={() => void first()} />}
      {read === null && problem === null && <Waiting />}
      {read !== null && read.messages.length === 0 && <p className="book-note">{read.conversation === null ? "They never wrote and were never written to." : "Nothing is kept of what was said here."}</p>}
      {read?.earlier === true && (
        <button type="button" className="button quiet earlier" disabled={busy} onClick={earlier}>
          Earlier
        </button>
      )}
      <ol className="said-lines">
        {(read?.messages ?? []).map((m) => {
          const at = Date.parse(m.at);
          const fresh = dayKey(at) !== day;
          day = dayKey(at);
          return (
            <Fragment key={m.no}>
              {fresh && (
                <li className="day" aria-label={dayName(at, now)}>
                  {dayName(at, now)}
                </li>
              )}
              <Line line={m} here={m.no === place.line} />
            </Fragment>
          );
        })}
      </ol>
      {read?.later === true && (
        <button type="button" className="button quiet earlier" disabled={busy} onClick={() => void later(read.last)}>
          Later
        </button>
      )}
    </div>
  );
}

function Line({ line, here }: { line: SaidLine; here: boolean }) {
  return (
    <li className={`message ${line.from}${here ? " said-here" : ""}`}>
      <p className="said-by">
        <span>{author(line)}</span>
        {line.block !== null && <span className="block-name">{line.block}</span>}
        <TimeOfDay at={line.at} />
      </p>
      <div className="bubble">
        {line.text !== "" && <p className="words">{line.text}</p>}
        {line.files.length > 0 && <p className="muted">{line.files.join(", ")}</p>}
        {line.text === "" && line.files.length === 0 && <p className="unsupported">without words</p>}
      </div>
      {line.buttons.length > 0 && (
        <p className="choices">
          {line.buttons.map((b, n) => (
            <span key={n} className="choice">
              <bdi>{b}</bdi>
            </span>
          ))}
        </p>
      )}
    </li>
  );
}

/** Who said it. */
export function author({ from, name }: Pick<SaidLine, "from" | "name">): string {
  switch (from) {
    case "customer":
      return "Customer";
    case "bot":
      return "Bot";
    case "agent":
      return name ?? "Agent";
    default:
      return "System";
  }
}
