import { describe, expect, test } from "vitest";
import { HttpError } from "../src/http";
import { backoff, Outbox } from "../src/outbox";
import { Keep, Memory } from "../src/storage";

type Answer = () => Promise<void>;

function setup(answers: Answer[], memory = new Memory()) {
  const sent: string[] = [];
  const waits: number[] = [];
  const keep = new Keep("x ", memory);
  const post = async (_path: string, body: unknown) => {
    sent.push((body as { text: string }).text);
    await answers.shift()?.();
  };
  const outbox = new Outbox(keep, post, () => {}, async (ms) => void waits.push(ms));
  return { outbox, sent, waits, keep, memory };
}
const fails = (error: Error) => () => Promise.reject(error);
const settled = async () => {
  for (let n = 0; n < 50; n++) await Promise.resolve();
};
const say = (outbox: Outbox, text: string) => outbox.add({ path: "messages", body: { text } });

describe("outbox", () => {
  test("sends in order and keeps an entry until it is confirmed", async () => {
    const { outbox, sent, keep } = setup([]);
    say(outbox, "a");
    say(outbox, "b");
    expect(keep.names("out.")).toHaveLength(2);
    await settled();
    expect(sent).toEqual(["a", "b"]);
    expect(keep.names("out.")).toEqual([]);
  });

  test("tries again what the network lost, before anything later", async () => {
    const { outbox, sent } = setup([fails(new TypeError("network")), fails(new HttpError(503, "", 2))]);
    say(outbox, "a");
    say(outbox, "b");
    await settled();
    expect(sent).toEqual(["a", "a", "a", "b"]);
  });

  test("what goes with somebody is neither sent nor kept, and what came since is", async () => {
    let answer = () => {};
    const { outbox, sent, keep } = setup([() => new Promise((_, no) => (answer = () => no(new TypeError("nobody's any more"))))]);
    say(outbox, "a");
    say(outbox, "b");
    const theirs = new Set(outbox.all().map((item) => item.client_id));
    say(outbox, "c");
    expect(outbox.clear((item) => theirs.has(item.client_id)).map((item) => item.body.text)).toEqual(["c"]);
    expect(keep.names("out.")).toHaveLength(1);
    answer();
    await settled();
    expect([sent, keep.names("out.")]).toEqual([["a", "c"], []]);
  });

  test("waits as long as the server asks", async () => {
    const { outbox, waits } = setup([fails(new HttpError(429, "", 7))]);
    say(outbox, "a");
    await settled();
    expect(waits[0]).toBeGreaterThanOrEqual(7_000);
  });

  test("what the server refuses fails with its reason, and the rest goes on", async () => {
    const { outbox, sent, keep } = setup([fails(new HttpError(400, "too long"))]);
    const first = say(outbox, "a");
    say(outbox, "b");
    await settled();
    expect([first.state, first.reason]).toEqual(["failed", "too long"]);
    expect(sent).toEqual(["a", "b"]);
    expect(keep.names("out.")).toHaveLength(1);
    outbox.retry(first);
    await settled();
    expect([first.state, sent.at(-1)]).toEqual(["sent", "a"]);
  });

  test("the next page takes up what this one left, in order", async () => {
    const memory = new Memory();
    const never = () => new Promise<void>(() => {});
    const first = setup([never], memory);
    say(first.outbox, "a");
    say(first.outbox, "b");
    const second = setup([], memory);
    expect(second.outbox.restore().map((item) => item.body.text)).toEqual(["a", "b"]);
    second.outbox.kick();
    await settled();
    expect(second.sent).toEqual(["a", "b"]);
  });

  test("what another tab saw confirmed is not kept", async () => {
    const { outbox, keep } = setup([() => new Promise<void>(() => {})]);
    outbox.confirmed(say(outbox, "a").client_id);
    expect(keep.names("out.")).toEqual([]);
  });

  test("a broken entry is thrown away, not tripped over", () => {
    const { outbox, keep } = setup([]);
    keep.set("out.000.x", "{not json");
    expect(outbox.restore()).toEqual([]);
    expect(keep.names("out.")).toEqual([]);
  });
});

test("backoff grows, is bounded and differs", () => {
  expect(backoff(0, 0)).toBe(250);
  expect(backoff(0, 1)).toBe(500);
  expect(backoff(3, 0)).toBeGreaterThan(backoff(2, 0));
  expect(backoff(1_000, 1)).toBe(30_000);
});
