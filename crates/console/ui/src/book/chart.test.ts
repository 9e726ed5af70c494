import { expect, test } from "vitest";
import { byDay, ceiling, draw } from "./chart.ts";
import { sorted } from "./Segments.tsx";
import type { SegmentLine } from "./types.ts";

test("the top of the drawing is round and never below the largest", () => {
  expect([0, 1, 4, 5, 10, 11, 26, 99, 1_204, 999_999].map(ceiling)).toEqual([4, 4, 4, 6, 10, 20, 40, 100, 2_000, 1_000_000]);
});

test("a size holds until the next was noted", () => {
  const drawn = draw([{ at: 0, size: 0 }, { at: 50, size: 10 }], 0, 100, 200, 100);
  expect(drawn.line).toBe("M0 100H100V0H200");
  expect(drawn.area).toBe("M0 100H100V0H200V100H0Z");
  expect(drawn.marks.map((m) => m.size)).toEqual([10, 5, 0]);
  expect(drawn.days.map((d) => Math.round(d.at))).toEqual([0, 33, 67, 100]);
});

test("points from outside the time shown stay within the drawing; without points nothing is drawn", () => {
  expect(draw([{ at: -50, size: 2 }, { at: 500, size: 4 }], 0, 100, 200, 100).line).toBe("M0 50H200V0H200");
  expect(draw([], 0, 100, 200, 100)).toMatchObject({ line: "", area: "", places: [] });
});

test("the table holds the end of each day, newest first, and what changed", () => {
  const day = (at: number): string => String(Math.floor(at / 10));
  expect(byDay([{ at: 1, size: 3 }, { at: 5, size: 4 }, { at: 12, size: 9 }, { at: 31, size: 2 }], day)).toEqual([
    { at: 31, size: 2, change: -7 },
    { at: 12, size: 9, change: 5 },
    { at: 5, size: 4, change: null },
  ]);
});

test("broken segments come first, then the largest", () => {
  const segment = (key: string, size: number, valid = true): SegmentLine => ({ key, name: key.toUpperCase(), description: null, where: `x = ${key}`, static: false, exclude: [], verified: false, origin: "file", valid, state: valid ? "ready" : "invalid", problem: valid ? null : "no", size });
  const all = [segment("a", 2), segment("b", 5), segment("c", 0, false), segment("d", 5)];
  expect(sorted(all, "").map((s) => s.key)).toEqual(["c", "b", "d", "a"]);
  expect(sorted(all, " X = A ").map((s) => s.key)).toEqual(["a"]);
});
