import { expect, test } from "vitest";
import { joinEarlier, joinLater } from "./joining.ts";
import type { Transcript } from "./types.ts";

function lines(first: number, last: number): Transcript {
  const messages = Array.from({ length: last - first + 1 }, (_, n) => ({ no: first + n, at: "2026-11-21T12:00:00Z", from: "customer", name: null, text: `${first + n}`, files: [], buttons: [], block: null }) as unknown as Transcript["messages"][number]);
  return { contact: "con_1", conversations: [], conversation: "cnv_1", messages, first, last, earlier: first > 1, later: last < 30 } as Transcript;
}
const shown = ({ messages }: Transcript): number[] => messages.map((m) => m.no);

test("an earlier page comes before what is held, each line once", () => {
  const whole = joinEarlier(lines(11, 13), lines(8, 10));
  expect([shown(whole), whole.first, whole.last, whole.earlier, whole.later]).toEqual([[8, 9, 10, 11, 12, 13], 8, 13, true, true]);
  expect(shown(joinEarlier(lines(11, 13), lines(9, 12)))).toEqual([9, 10, 11, 12, 13]);
  const twice = joinEarlier(joinEarlier(lines(11, 13), lines(8, 10)), lines(8, 10));
  expect([shown(twice), twice.first]).toEqual([[8, 9, 10, 11, 12, 13], 8]);
});

test("a later page comes after what is held, each line once", () => {
  const whole = joinLater(lines(11, 13), lines(13, 15));
  expect([shown(whole), whole.first, whole.last]).toEqual([[11, 12, 13, 14, 15], 11, 15]);
  const held = lines(11, 13);
  expect(joinLater(held, lines(12, 13))).toBe(held);
});
