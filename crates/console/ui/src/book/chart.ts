// The sizes of a segment over time, as places in a drawing.

export interface Point {
  at: number;
  size: number;
}

export interface Drawn {
  /** The line, as the `d` of a path. */
  line: string;
  /** The ground under it. */
  area: string;
  /** Sizes to mark at the side, the largest first. */
  marks: { size: number; y: number }[];
  /** Days to mark below. */
  days: { at: number; x: number }[];
  /** Each point's place, for pointing at it. */
  places: { x: number; y: number; point: Point }[];
}

/** A round number at or above a size, whose half is one of people as well. */
export function ceiling(size: number): number {
  if (size <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(size));
  const step = [1, 2, 4, 6, 10].find((s) => s * power >= size) ?? 10;
  return step * power;
}

/**
 * Draws points, oldest first, between two instants. A size holds until the next was noted, so the line goes in steps: nothing is made up in
 * between.
 */
export function draw(points: readonly Point[], from: number, to: number, width: number, height: number): Drawn {
  const top = ceiling(Math.max(0, ...points.map((p) => p.size)));
  const x = (at: number): number => Math.round(((Math.min(Math.max(at, from), to) - from) / Math.max(1, to - from)) * width * 10) / 10;
  const y = (size: number): number => Math.round((1 - size / top) * height * 10) / 10;
  const places = points.map((point) => ({ x: x(point.at), y: y(point.size), point }));
  const [first] = places;
  const last = places.at(-1);
  let line = "";
  if (first !== undefined && last !== undefined) {
    line = `M${first.x} ${first.y}`;
    for (const p of places.slice(1)) line += `H${p.x}V${p.y}`;
    line += `H${width}`;
  }
  const marks = [top, top / 2, 0].map((size) => ({ size, y: y(size) }));
  const days = [0, 1, 2, 3].map((n) => from + ((to - from) * n) / 3).map((at) => ({ at, x: x(at) }));
  return { line, area: first === undefined ? "" : `${line}V${height}H${first.x}Z`, marks, days, places };
}

/** The size at the end of each day, newest first: what the table behind the drawing holds. */
export function byDay(points: readonly Point[], day: (at: number) => string): { at: number; size: number; change: number | null }[] {
  const ends = new Map<string, Point>();
  for (const point of points) ends.set(day(point.at), point);
  const days = [...ends.values()];
  return days.map((p, n) => ({ at: p.at, size: p.size, change: n === 0 ? null : p.size - (days[n - 1]?.size ?? 0) })).reverse();
}
