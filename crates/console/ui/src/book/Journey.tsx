// The journey of a contact: everything that happened, newest first, by kind, as far back as one scrolls.

import { useEffect, useMemo, useRef, useState } from "react";
import { dayKey, dayName } from "../logic/words.ts";
import { TimeOfDay } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useList } from "./pages.ts";
import type { JourneyEntry } from "./types.ts";

/** Kinds as people think of them, and what the server calls what belongs to each. */
export const KINDS: readonly { title: string; topics: readonly string[] }[] = [
  { title: "Events", topics: ["event"] },
  { title: "Flow", topics: ["run", "handled", "block", "timer", "moved"] },
  { title: "Tags", topics: ["tag"] },
  { title: "Attributes", topics: ["attribute", "status", "source"] },
  { title: "Segments", topics: ["segment"] },
  { title: "People", topics: ["desk", "note"] },
  { title: "Messages", topics: ["campaign", "delivery", "address", "consent"] },
  { title: "Imports and merges", topics: ["created", "import", "identifier", "merge"] },
  { title: "Errors", topics: ["error"] },
];

interface Props {
  contact: string;
  now: number;
  /** Grows when something about the contact changed: the journey is read anew. */
  round: number;
  over(e: unknown): void;
}

/** Entries that are renewed by themselves; whoever scrolled further back asks for it. */
const RENEWED = 100;

export function Journey({ contact, now, round: newest, over }: Props) {
  const [round, setRound] = useState(newest);
  const [kinds, setKinds] = useState<readonly string[]>([]);
  const topics = useMemo(() => KINDS.filter((k) => kinds.includes(k.title)).flatMap((k) => k.topics), [kinds]);
  const key = `journey ${contact} ${round} ${topics.join(",")}`;
  const { pages, read } = useList<JourneyEntry>(key, (cursor, signal) => book.journey(contact, topics, cursor, signal));
  const end = useRef<HTMLDivElement>(null);
  // While the next reading is under way the last one stays, so that nothing jumps.
  const last = useRef<{ filter: string; rows: readonly JourneyEntry[] }>({ filter: "", rows: [] });
  const filter = topics.join(",");
  if (read.rows.length > 0 || read.whole) last.current = { filter, rows: read.rows };
  const rows = last.current.filter === filter ? last.current.rows : read.rows;
  const behind = round !== newest;
  useEffect(() => {
    if (behind && rows.length <= RENEWED) setRound(newest);
  }, [behind, newest, rows.length]);
  useEffect(() => {
    if (read.problem !== null) over(read.problem);
  }, [read.problem, over]);
  useEffect(() => {
    const mark = end.current;
    if (mark === null || read.whole || read.problem !== null) return;
    const near = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && pages.more(), { rootMargin: "600px" });
    near.observe(mark);
    return () => near.disconnect();
  }, [pages, read.rows.length, read.whole, read.problem, read.busy]);

  let day = "";
  return (
    <>
      <div className="kinds" role="group" aria-label="Kinds of entries">
        <button type="button" className="kind" aria-pressed={kinds.length === 0} onClick={() => setKinds([])}>
          Everything
        </button>
        {KINDS.map(({ title }) => (
          <button key={title} type="button" className="kind" aria-pressed={kinds.includes(title)} onClick={() => setKinds(kinds.includes(title) ? kinds.filter((k) => k !== title) : [...kinds, title])}>
            {title}
          </button>
        ))}
      </div>
      <div className="journey-scroll" tabIndex={0} role="region" aria-label="What happened, newest first">
        {behind && rows.length > RENEWED && (
          <button
            type="button"
            className="button journey-new"
            onClick={(e) => {
              setRound(newest);
              e.currentTarget.closest(".journey-scroll")?.scrollTo({ top: 0 });
            }}
          >
            Something new happened: show it
          </button>
        )}
        {rows.length === 0 && <p className="muted">{read.whole ? (kinds.length === 0 ? "Nothing happened yet" : "Nothing of these kinds happened") : read.problem === null ? "Loading…" : ""}</p>}
        <ol className="journey">
          {rows.map((e) => {
            const at = Date.parse(e.at);
            const newDay = dayKey(at) !== day;
            day = dayKey(at);
            return (
              <li key={e.id} className={`kind-${e.kind}`}>
                {newDay && <p className="journey-day">{dayName(at, now)}</p>}
                <p className="journey-what" dir="auto">
                  {e.text}
                </p>
                <p className="journey-meta">
                  <TimeOfDay at={at} />
                  {" · "}
                  <bdi>{e.by}</bdi>
                  {e.why !== null && e.why !== "" && (
                    <>
                      {" · "}
                      <bdi>{e.why}</bdi>
                    </>
                  )}
                  {e.block !== null && <span className="block-name">{e.block}</span>}
                </p>
              </li>
            );
          })}
        </ol>
        {read.problem !== null && (
          <p className="problem" role="alert">
            {read.problem.message}{" "}
            <button type="button" className="link" onClick={pages.more}>
              Try again
            </button>
          </p>
        )}
        {!read.whole && rows.length > 0 && read.problem === null && <p className="muted">Earlier…</p>}
        <div ref={end} />
      </div>
    </>
  );
}
