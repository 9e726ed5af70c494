// Where boxes stand: dagre decides, sizes are known beforehand, so nothing jumps and nothing overlaps.

import dagre from "@dagrejs/dagre";
import type { Graph, Thing } from "./graph.ts";

export interface Placed {
  boxes: Map<string, { x: number; y: number; width: number; height: number }>;
  /** The corners of each arrow, and where its name stands. */
  ways: Map<string, { points: { x: number; y: number }[]; label: { x: number; y: number } }>;
}

/** A box is as large as its text may become; longer text is cut by its style. */
export function sizeOf(thing: Thing): { width: number; height: number } {
  switch (thing.kind) {
    case "skill":
      return { width: 230, height: 92 };
    case "begin":
      return { width: 220, height: 64 };
    case "block":
      return { width: 230, height: thing.block.summary === "" ? 62 : thing.block.concerns.length > 0 ? 124 : 102 };
    case "end":
      return { width: 56, height: 32 };
    case "other":
      return { width: 170, height: 40 };
  }
}

/** The text on an arrow, short enough for its place. */
export function label(names: readonly string[]): string {
  const cut = (name: string): string => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
  const head = names.slice(0, 2).map(cut).join(", ");
  return names.length > 2 ? `${head} +${names.length - 2}` : head;
}

export function place(graph: Graph): Placed {
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 44, edgesep: 24, marginx: 24, marginy: 24 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const box of graph.boxes) g.setNode(box.id, { ...sizeOf(box.thing) });
  for (const arrow of graph.arrows) {
    const text = label(arrow.names);
    g.setEdge(arrow.from, arrow.to, { width: text === "" ? 0 : text.length * 7 + 12, height: text === "" ? 0 : 20, labelpos: "c" }, arrow.id);
  }
  dagre.layout(g);
  const placed: Placed = { boxes: new Map(), ways: new Map() };
  for (const box of graph.boxes) {
    const { x, y } = g.node(box.id) as { x: number; y: number };
    const size = sizeOf(box.thing);
    placed.boxes.set(box.id, { x: x - size.width / 2, y: y - size.height / 2, ...size });
  }
  for (const arrow of graph.arrows) {
    const edge = g.edge({ v: arrow.from, w: arrow.to, name: arrow.id }) as { points: { x: number; y: number }[]; x?: number; y?: number };
    const middle = edge.points[Math.floor(edge.points.length / 2)] ?? { x: 0, y: 0 };
    placed.ways.set(arrow.id, { points: edge.points, label: { x: edge.x ?? middle.x, y: edge.y ?? middle.y } });
  }
  return placed;
}

/** How much smaller than life a whole drawing may be shown, and how large a part of one that does not fit. */
export const WHOLE = { padding: 0.08, minZoom: 0.35, maxZoom: 1 };
const PART = 0.6;

/** Where a drawing is opened that is too large to be seen whole: at the box where it starts, near the top. None if all of it fits. */
export function opening({ boxes }: Placed, start: string | null, room: { width: number; height: number }): { x: number; y: number; zoom: number } | null {
  const all = [...boxes.values()];
  const from = (start === null ? undefined : boxes.get(start)) ?? all.reduce((top, box) => (box.y < top.y ? box : top), all[0] ?? { x: 0, y: 0, width: 0, height: 0 });
  const width = Math.max(...all.map((b) => b.x + b.width)) - Math.min(...all.map((b) => b.x));
  const height = Math.max(...all.map((b) => b.y + b.height)) - Math.min(...all.map((b) => b.y));
  const fits = Math.min(room.width / width, room.height / height) / (1 + WHOLE.padding);
  if (all.length === 0 || fits >= WHOLE.minZoom) return null;
  return { x: room.width / 2 - (from.x + from.width / 2) * PART, y: room.height * WHOLE.padding - from.y * PART, zoom: PART };
}

/** A smooth line through points. */
export function path(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let d = `M${first.x},${first.y}`;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    d += next === undefined ? `L${point.x},${point.y}` : `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return d;
}
