// How many were in a segment over time, drawn.

import { useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import { dayKey, exactTime } from "../logic/words.ts";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { byDay, draw, type Point } from "./chart.ts";
import { Failed } from "./states.tsx";

const SPANS = [7, 30, 90, 365] as const;
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
export function SizeChart({ segment, now, size, over }: { segment: string; now: number; size: number; over(e: unknown): void }) {
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
              <title>{`${exactTime(p.point.at)}: ${p.point.size.toLocaleString()}`}</title>
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
