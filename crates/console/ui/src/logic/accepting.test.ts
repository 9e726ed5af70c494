import { expect, test } from "vitest";
import { Accepting } from "./accepting.ts";

/** A server whose answers come when the test says so. */
function server() {
  const asked: { on: boolean; take(): Promise<void>; refuse(): Promise<void> }[] = [];
  const failed: unknown[] = [];
  const tell = (on: boolean): Promise<void> =>
    new Promise((done, fail) => {
      const settle = async (how: () => void): Promise<void> => {
        how();
        await new Promise((next) => setTimeout(next, 0));
      };
      asked.push({ on, take: () => settle(done), refuse: () => settle(() => fail(new Error("no"))) });
    });
  return { asked, failed, accepting: new Accepting(true, { tell, failed: (e) => failed.push(e) }) };
}

test("quick choices are told one after the other, and the last one stands", async () => {
  const { asked, accepting } = server();
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
  await asked[2]!.take();
  expect(accepting.choice()).toEqual({ on: false, telling: false });
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

test("a choice that is not taken is not shown as taken", async () => {
  const { asked, failed, accepting } = server();
  accepting.choose(false);
  await asked[0]!.refuse();
  expect([accepting.choice(), failed.length]).toEqual([{ on: true, telling: false }, 1]);
  // Who chose again meanwhile is not told of the first: the second is tried.
  accepting.choose(false);
  accepting.choose(true);
  accepting.choose(false);
  await asked[1]!.refuse();
  expect([accepting.choice().telling, failed.length]).toEqual([false, 2]);
});
