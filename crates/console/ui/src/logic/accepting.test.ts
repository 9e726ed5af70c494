import { expect, test } from "vitest";
import { Accepting } from "./accepting.ts";

/** A server whose answers come when the test says so. */
function server() {
  const asked: { on: boolean; take(): Promise<void>; refuse(): Promise<void> }[] = [];
  const failed: unknown[] = [];
  const settled = { times: 0 };
  const tell = (on: boolean): Promise<void> =>
    new Promise((done, fail) => {
      const settle = async (how: () => void): Promise<void> => {
        how();
        await new Promise((next) => setTimeout(next, 0));
      };
      asked.push({ on, take: () => settle(done), refuse: () => settle(() => fail(new Error("no"))) });
    });
  return { asked, failed, settled, accepting: new Accepting(true, { tell, failed: (e) => failed.push(e), settled: () => (settled.times += 1) }) };
}

test("quick choices are told one after the other, and the last one stands", async () => {
  const { asked, settled, accepting } = server();
  accepting.choose(false);
  accepting.choose(true);
  accepting.choose(false);
  expect(asked.map((a) => a.on)).toEqual([false]);
  expect(accepting.choice()).toEqual({ on: false, telling: true });
  await asked[0]!.take();
  expect([asked.length, accepting.choice()]).toEqual([1, { on: false, telling: false }]);

  accepting.choose(true);
  accepting.choose(false);
  await asked[1]!.take();
  expect(asked.map((a) => a.on)).toEqual([false, true, false]);
  let flushed = false;
  void accepting.flush().then(() => (flushed = true));
  await Promise.resolve();
  expect(flushed).toBe(false);
  await asked[2]!.take();
  expect([accepting.choice(), flushed, settled.times]).toEqual([{ on: false, telling: false }, true, 2]);
});

test("what the server said before a choice does not undo it", async () => {
  const { asked, accepting } = server();
  const before = accepting.reading();
  accepting.choose(false);
  const meanwhile = accepting.reading();
  before(true);
  await asked[0]!.take();
  meanwhile(true);
  expect(accepting.choice().on).toBe(false);
  // Another tab chose: what is read afterwards counts.
  accepting.reading()(true);
  expect(accepting.choice()).toEqual({ on: true, telling: false });
});

test("a choice of which nobody knows whether it was taken is not shown as taken, and the desk is read again", async () => {
  const { asked, failed, settled, accepting } = server();
  accepting.choose(false);
  await asked[0]!.refuse();
  expect([accepting.choice(), failed.length, settled.times]).toEqual([{ on: true, telling: false }, 1, 1]);
  // It was taken all the same.
  accepting.reading()(false);
  expect(accepting.choice().on).toBe(false);
});

test("who chose again meanwhile is not told of the first, which may have been taken: the second is told, be it what was there before", async () => {
  const { asked, failed, accepting } = server();
  accepting.choose(false);
  accepting.choose(true);
  await asked[0]!.refuse();
  expect([asked.map((a) => a.on), accepting.choice(), failed.length]).toEqual([[false, true], { on: true, telling: true }, 0]);
  await asked[1]!.take();
  expect([asked.length, accepting.choice()]).toEqual([2, { on: true, telling: false }]);
});

test("a choice that waits for the one before it is told when the page goes", async () => {
  const { asked, accepting } = server();
  accepting.leave();
  accepting.choose(true);
  accepting.leave();
  expect(asked.map((a) => a.on)).toEqual([true]);
  accepting.choose(false);
  accepting.leave();
  expect(asked.map((a) => a.on)).toEqual([true, false]);
});
