import { describe, expect, test } from "vitest";
import type { DeliveryLine, DeliveryState, Line, MessageLine, Page } from "../types.ts";
import { EMPTY, items, merged, opened, stillUnsent, type Unsent } from "./transcript.ts";

const message = (no: number, more: Partial<MessageLine> = {}): MessageLine => ({
  line: "message",
  no,
  id: `msg_${no}`,
  at: no * 1_000,
  from: "customer",
  text: `line ${no}`,
  files: [],
  buttons: [],
  quick_replies: [],
  delivery: { state: "received" },
  ...more,
});
const fate = (no: number, of: number, state: DeliveryState, degraded: string[] = []): DeliveryLine => ({
  line: "delivery",
  no,
  at: no * 1_000,
  message: `msg_${of}`,
  delivery: { state },
  degraded,
});
const numbers = (lines: readonly { no: number }[]): number[] => lines.map((l) => l.no);
const page = (lines: Line[], last: number): Page => ({ lines, last });

describe("a window of numbered lines", () => {
  test("grows at both ends without gaps, whatever comes twice or in any order", () => {
    const all: Line[] = Array.from({ length: 40 }, (_, i) => message(i + 1));
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const draw = (n: number): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state % n;
      };
      let window = opened(page(all.slice(20), 40).lines.length === 20 ? page(all.slice(20, 30), 40) : page([], 0));
      while (window.first > 1 || window.last < 40) {
        // A stream cut anywhere: any slice above the cursor, any slice below the first, lines that are known already.
        if (draw(2) === 0) window = merged(window, all.slice(window.last - draw(3), window.last + draw(7)));
        else window = merged(window, all.slice(Math.max(0, window.first - 1 - draw(9)), window.first + draw(3)));
      }
      expect(numbers(window.messages)).toEqual(numbers(all));
    }
  });

  test("takes nothing that would leave a gap below its first line", () => {
    const window = opened(page([message(8), message(9)], 9));
    expect(numbers(merged(window, [message(1), message(2), message(6)]).messages)).toEqual([8, 9]);
    expect(numbers(merged(window, [message(5), message(6), message(7)]).messages)).toEqual([5, 6, 7, 8, 9]);
  });

  test("takes nothing that would leave a gap above the cursor", () => {
    const window = merged(opened(page([message(1), message(2)], 5)), [message(4), message(5)]);
    expect(numbers(window.messages)).toEqual([1, 2]);
    expect(window.last).toBe(2);
    expect(numbers(merged(window, [message(3), message(4), message(5)]).messages)).toEqual([1, 2, 3, 4, 5]);
  });

  test("of an empty conversation begins at the beginning", () => {
    const window = opened(page([], 0));
    expect([window.first, window.last]).toEqual([1, 0]);
    expect(numbers(merged(window, [message(1)]).messages)).toEqual([1]);
  });
});

describe("what became of a message", () => {
  test("is the newest word, also when the message is loaded after it", () => {
    const outgoing = message(1, { from: "bot", delivery: { state: "queued" } });
    const words = [fate(2, 1, "unknown"), fate(3, 1, "sent", ["buttons as a numbered list"])];
    let window = opened(page([words[1] as Line], 3));
    window = merged(window, [outgoing, words[0] as Line]);
    const drawn = items(window, () => "day").filter((i) => i.item === "said");
    expect(drawn).toHaveLength(1);
    expect(drawn[0]?.item === "said" && drawn[0].said.delivery.state).toBe("sent");
    expect(drawn[0]?.item === "said" && drawn[0].said.degraded).toEqual(["buttons as a numbered list"]);
  });

  const drawn = (lines: Line[]) => {
    const window = lines.reduce((into, line) => merged(into, [line]), { ...EMPTY });
    return items(window, () => "day").flatMap((i) => (i.item === "said" ? [[i.said.delivery.state, i.said.readAt]] : []));
  };

  test("is read with everything that was said before, if it had left", () => {
    const bot = (no: number, state: DeliveryState) => message(no, { from: "bot", delivery: { state } });
    const lines = [bot(1, "sent"), bot(2, "queued"), fate(3, 2, "failed"), message(4), bot(5, "sent"), fate(6, 1, "read"), bot(7, "sent"), fate(8, 5, "read"), bot(9, "sent")];
    expect(drawn(lines)).toEqual([["read", 6_000], ["failed", null], ["received", null], ["read", 8_000], ["sent", null], ["sent", null]]);
  });

  test("is never taken back by a report that comes late", () => {
    const late = [message(1, { from: "bot", delivery: { state: "queued" } }), fate(2, 1, "delivered"), fate(3, 1, "sent", ["a list"]), fate(4, 1, "failed")];
    expect(drawn(late)).toEqual([["delivered", null]]);
    const window = opened(page(late, 4));
    expect(items(window, () => "day").flatMap((i) => (i.item === "said" ? i.said.degraded : []))).toEqual(["a list"]);
  });
});

describe("what is drawn", () => {
  test("marks the pressed button, days, and lines that follow", () => {
    const window = opened(
      page(
        [
          message(1, { from: "bot", buttons: [{ label: "Yes", token: "y" }, { label: "No", token: "n" }, { label: "Site", url: "https://a.example" }] }),
          message(2, { text: "Yes", pressed: "y" }),
          message(3),
          message(4, { at: 3_000 + 6 * 60_000 }),
        ],
        4,
      ),
    );
    const drawn = items(window, (at) => (at < 100_000 ? "monday" : "tuesday"));
    expect(drawn.map((i) => i.item)).toEqual(["day", "said", "said", "said", "day", "said"]);
    const said = drawn.flatMap((i) => (i.item === "said" ? [i.said] : []));
    expect([...(said[0]?.pressed ?? [])]).toEqual(["y"]);
    expect(said.map((s) => s.follows)).toEqual([false, false, true, false]);
    expect(new Set(drawn.map((i) => i.key)).size).toBe(drawn.length);
  });
});

test("a message stays unsent until the transcript holds its client id", () => {
  const unsent: Unsent[] = ["a", "b"].map((clientId) => ({ clientId, text: "", fileIds: [], fileNames: [], at: 0, state: "sending" }));
  expect(stillUnsent(unsent, EMPTY)).toHaveLength(2);
  const window = opened(page([message(1, { from: "agent", client_id: "a" })], 1));
  expect(stillUnsent(unsent, window).map((u) => u.clientId)).toEqual(["b"]);
});
