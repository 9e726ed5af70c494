// One segment: its rule, how many were in it over time, who is in it, and why somebody is or is not.

import { useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import { Back } from "../icons.tsx";
import { ago, dayKey, fullTime } from "../logic/words.ts";
import { Link, navigate } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { byDay, draw, type Point } from "./chart.ts";
import { useList } from "./pages.ts";
import { bookPathOf, contactPath, segmentPath } from "./route.ts";
import { Rule } from "./Segments.tsx";
import { Failed, Waiting } from "./states.tsx";
import { Table } from "./Table.tsx";
import type { Member, Segment as SegmentView } from "./types.ts";
import { WhyOf } from "./Why.tsx";

interface Props {
  bot: string;
  segment: string;
  /** Somebody whose standing is explained. */
  contact: string | null;
  now: number;
  over(e: unknown): void;
}

const SPANS = [7, 30, 90, 365] as const;

export function Segment({ bot, segment: key, contact, now, over }: Props) {
  const { answer: segment, problem, again } = useAsked<SegmentView>(key, (signal) => book.segment(key, signal), over);
  const { pages, read } = useList<Member>(`members ${key}`, (cursor, signal) => book.members(key, cursor, signal));
  useEffect(() => {
    document.title = `${segment?.name ?? key} · ${bot}`;
  }, [segment, key, bot]);
  const close = (): void => navigate(segmentPath(key));

  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/segments" className="icon-button" title="All segments">
          <Back />
          <span className="sr-only">All segments</span>
        </Link>
        <h1>
          <bdi>{segment?.name ?? key}</bdi>
        </h1>
        <p className="book-count" role="status">
          {segment === null ? (problem === null ? "Loading…" : "") : segment.valid ? `${segment.size.toLocaleString()} ${segment.size === 1 ? "person" : "people"}` : "cannot be judged"}
        </p>
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {segment === null && problem === null && <Waiting />}
      {segment !== null && (
        <div className="segment-page">
          <section className="segment-about" aria-label="Rule">
            <Rule segment={segment} />
            {segment.description !== null && <p dir="auto">{segment.description}</p>}
            <p className="muted">
              <code>{segment.key}</code> · {segment.origin === "file" ? "from the bot’s folder" : "made in the API"}
              {segment.changed_at != null && ` · changed ${fullTime(Date.parse(segment.changed_at))}`}
            </p>
            {segment.used_by.length > 0 && (
              <p className="muted">
                Used by{" "}
                {segment.used_by.map((other, n) => (
                  <span key={other}>
                    {n > 0 && ", "}
                    <Link to={segmentPath(other)}>{other}</Link>
                  </span>
                ))}
              </p>
            )}
            <SizeChart segment={key} now={now} size={segment.size} over={over} />
          </section>
          {contact !== null && (
            <section className="segment-why" aria-label="Why">
              <div className="part-head">
                <h2>Why, or why not</h2>
                <button type="button" className="link" onClick={close}>
                  Close
                </button>
              </div>
              <WhyOf segment={key} contact={contact} now={now} over={over} name={read.rows.find((m) => m.id === contact)?.name ?? null} />
            </section>
          )}
          <section className="segment-members" aria-label="Members">
            <h2>Who is in it</h2>
            <Table
              label={`Members of ${segment.name}`}
              first="Name"
              columns={[{ id: "since", title: "Since", width: "short", cell: (m) => (m.since === null ? { text: "" } : { text: ago(Date.parse(m.since), now), exact: fullTime(Date.parse(m.since)) }) }]}
              pages={pages}
              read={read}
              idOf={(m) => m.id}
              name={(m) => m.name ?? m.id}
              to={(m) => contactPath(m.id)}
              mark={(m, tabIndex) => (
                <Link to={bookPathOf({ at: "segment", key, contact: m.id })} className="why-link" tabIndex={tabIndex}>
                  why
                </Link>
              )}
              empty={
                <>
                  <h3>Nobody is in it</h3>
                  <p>{segment.static ? "Nobody was put on the list." : segment.valid ? "The rule holds for nobody now." : "A rule that cannot be judged holds for nobody."}</p>
                </>
              }
            />
          </section>
        </div>
      )}
    </main>
  );
}

const HEIGHT = 150;
/** Room beside the drawing for sizes, and to the right of it. */
const [SIDE, EDGE] = [46, 8];

/** The width that an element has, kept current. */
function useWidth(): [RefObject<SVGSVGElement | null>, number] {
  const element = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(560);
  useLayoutEffect(() => {
    const el = element.current;
    if (el === null) return;
    const look = (): void => setWidth(Math.round(el.getBoundingClientRect().width) || 560);
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(el);
    return () => sizes.disconnect();
  }, []);
  return [element, width];
}

/** How many were in it, drawn, with the numbers themselves in a table behind it. */
function SizeChart({ segment, now, size, over }: { segment: string; now: number; size: number; over(e: unknown): void }) {
  const [days, setDays] = useState<number>(30);
  const { answer, problem, again } = useAsked(`${segment} ${days}`, (signal) => book.sizes(segment, days, signal), over);
  const points = useMemo<Point[]>(() => {
    const noted = (answer?.history ?? []).map((h) => ({ at: Date.parse(h.at), size: h.size })).sort((a, b) => a.at - b.at);
    return answer === null ? [] : [...noted, { at: now, size }];
  }, [answer, now, size]);
  const from = now - days * 86_400_000;
  const [room, width] = useWidth();
  const WIDTH = Math.max(120, width - SIDE - EDGE);
  const drawn = draw(points, from, now, WIDTH, HEIGHT);
  const rows = byDay(points, dayKey);
  const date = (at: number): string => new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short", ...(days > 300 ? { year: "2-digit" } : {}) });
  const [lowest, highest] = [Math.min(...points.map((p) => p.size)), Math.max(...points.map((p) => p.size))];
  return (
    <figure className="chart">
      <figcaption className="part-head">
        <h2>Size</h2>
        <span className="spans" role="group" aria-label="How far back">
          {SPANS.map((span) => (
            <button key={span} type="button" className="button quiet" aria-pressed={span === days} onClick={() => setDays(span)}>
              {span === 365 ? "1 year" : `${span} days`}
            </button>
          ))}
        </span>
      </figcaption>
      {problem !== null && <Failed problem={problem} again={again} />}
      <svg
        ref={room}
        viewBox={`${-SIDE} -12 ${WIDTH + SIDE + EDGE} ${HEIGHT + 40}`}
        role="img"
        aria-label={points.length === 0 ? "Sizes are loading" : `Between ${lowest.toLocaleString()} and ${highest.toLocaleString()} people in the last ${days} days; now ${size.toLocaleString()}`}
      >
        {drawn.marks.map((m) => (
          <g key={m.size}>
            <line className="chart-grid" x1={0} x2={WIDTH} y1={m.y} y2={m.y} />
            <text className="chart-text" x={-8} y={m.y + 4} textAnchor="end">
              {Intl.NumberFormat(undefined, { notation: "compact" }).format(m.size)}
            </text>
          </g>
        ))}
        {drawn.days.map((d, n) => (
          <text key={d.at} className="chart-text" x={d.x} y={HEIGHT + 22} textAnchor={n === 0 ? "start" : n === 3 ? "end" : "middle"}>
            {n === 3 ? "today" : date(d.at)}
          </text>
        ))}
        <path className="chart-area" d={drawn.area} />
        <path className="chart-line" d={drawn.line} />
        {drawn.places.length <= 120 &&
          drawn.places.map((p) => (
            <circle key={p.point.at} className="chart-point" cx={p.x} cy={p.y} r={3}>
              <title>{`${fullTime(p.point.at)}: ${p.point.size.toLocaleString()}`}</title>
            </circle>
          ))}
      </svg>
      <details className="chart-table">
        <summary>The numbers</summary>
        <div className="book-scroll" tabIndex={0} role="region" aria-label="Sizes by day">
          <table>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col">People</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.at}>
                  <th scope="row">{new Date(r.at).toLocaleDateString(undefined, { dateStyle: "medium" })}</th>
                  <td>{r.size.toLocaleString()}</td>
                  <td>{r.change === null ? "" : `${r.change > 0 ? "+" : ""}${r.change.toLocaleString()}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
