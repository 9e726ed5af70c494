// The segments page: every segment with its size and its rule, and those that cannot be judged with the reason.

import { useMemo, useState } from "react";
import { findable } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { Ticked } from "../parts/Ticked.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { Failed, Waiting } from "./states.tsx";
import { bookPathOf, segmentPath } from "./route.ts";
import type { SegmentLine } from "./types.ts";

export function Segments({ over }: { over(e: unknown): void }) {
  const { answer, problem, again } = useAsked<SegmentLine[]>("segments", book.segments, over);
  const [text, setText] = useState("");
  const rows = useMemo(() => sorted(answer ?? [], text), [answer, text]);
  const broken = (answer ?? []).filter((s) => !s.valid).length;
  return (
    <main className="book">
      <div className="book-head">
        <h1>Segments</h1>
        <p className="book-count" role="status">
          {answer === null ? (problem === null ? "Loading…" : "") : `${answer.length.toLocaleString()} ${answer.length === 1 ? "segment" : "segments"}${broken === 0 ? "" : `, ${broken} cannot be judged`}`}
        </p>
        <div className="book-actions">
          <Link to={bookPathOf({ at: "segment form", key: null, where: "" })} className="button primary">
            New segment
          </Link>
        </div>
      </div>
      {answer !== null && answer.length > 8 && (
        <search className="book-find">
          <input type="search" className="book-search" aria-label="Find a segment" placeholder="Name, key, rule" value={text} onChange={(e) => setText(e.target.value)} autoComplete="off" spellCheck={false} />
        </search>
      )}
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer === null && problem === null && <Waiting />}
      {answer?.length === 0 && (
        <div className="book-empty">
          <h2>No segments yet</h2>
          <p>
            A segment is everybody for whom a rule holds, at every moment, or a list that you put people on. They are made here, in the bot’s folder (<code>segments.yaml</code>) or by programs.
          </p>
        </div>
      )}
      {answer !== null && answer.length > 0 && rows.length === 0 && <p className="book-note">No segment is called that.</p>}
      <div className="book-scroll">
        <ul className="segment-list">
          {rows.map((s) => (
            <li key={s.key} className={s.valid ? "segment-row" : "segment-row invalid"}>
              <div className="segment-who">
                <h2>
                  <Link to={segmentPath(s.key)}>
                    <bdi>{s.name}</bdi>
                  </Link>
                </h2>
                <Rule segment={s} />
                {s.description !== null && (
                  <p className="muted" dir="auto">
                    {s.description}
                  </p>
                )}
                {s.origin === "file" && <p className="muted segment-origin">in the bot’s folder</p>}
              </div>
              <p className="segment-size">
                {s.valid ? (
                  <>
                    <strong>{s.size.toLocaleString()}</strong> {s.size === 1 ? "person" : "people"}
                    {s.state === "computing" && <span className="chip position">computing</span>}
                  </>
                ) : (
                  <span className="chip bad-chip">cannot be judged</span>
                )}
              </p>
            </li>
          ))}
        </ul>
      </div>
    </main>
  );
}

/** What a segment is made of, in a line; of one that cannot be judged, why. */
export function Rule({ segment }: { segment: SegmentLine }) {
  return (
    <>
      <p className="segment-rule">
        {segment.static ? <span className="muted">A list: people are put on it and taken off</span> : <code dir="ltr">{segment.where ?? ""}</code>}
      </p>
      {segment.exclude.length > 0 && (
        <p className="muted">
          without <bdi>{segment.exclude.join(", ")}</bdi>
        </p>
      )}
      {segment.verified && <p className="muted">only people the website vouched for</p>}
      {segment.problem !== null && (
        <p className="problem" dir="auto">
          <Ticked text={segment.problem} />
        </p>
      )}
    </>
  );
}

/** Those that a text is in, broken ones first, then the largest. */
export function sorted(all: readonly SegmentLine[], text: string): SegmentLine[] {
  const part = findable(text);
  const has = (s: SegmentLine): boolean => part === "" || [s.key, s.name, s.where ?? "", s.description ?? ""].some((field) => findable(field).includes(part));
  return all.filter(has).sort((a, b) => Number(a.valid) - Number(b.valid) || b.size - a.size || a.name.localeCompare(b.name));
}
