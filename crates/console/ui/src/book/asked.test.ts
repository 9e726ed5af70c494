import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Question } from "./asked.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server that answers after so many milliseconds how often it was asked. */
function server(after: number) {
  let asked = 0;
  const signals: AbortSignal[] = [];
  const ask = (signal: AbortSignal): Promise<number> => {
    signals.push(signal);
    const nth = ++asked;
    return new Promise((done) => setTimeout(() => done(nth), after));
  };
  return { ask, signals };
}

test("a reason to ask in every moment does not keep the answer away, and costs one question at a time", async () => {
  const { ask, signals } = server(200);
  const question = new Question(ask);
  question.again();
  const seen: (number | null)[] = [];
  question.subscribe(() => seen.push(question.now().answer));
  for (let n = 0; n < 20; n += 1) {
    await vi.advanceTimersByTimeAsync(50);
    question.again();
  }
  expect(question.now().answer).toBe(5);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(question.now()).toEqual({ answer: 7, problem: null, busy: false });
  expect([...new Set(seen)]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(signals.filter((signal) => signal.aborted)).toEqual([]);
});

test("whoever asked meanwhile hears of what changed meanwhile", async () => {
  const { ask, signals } = server(200);
  const question = new Question(ask);
  question.again();
  await vi.advanceTimersByTimeAsync(150);
  question.again();
  question.again();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([question.now().answer, signals.length]).toEqual([2, 2]);
});

test("what was put in its place is newer than what is on its way", async () => {
  const { ask, signals } = server(200);
  const question = new Question(ask);
  question.again();
  question.set(70);
  expect(question.now()).toEqual({ answer: 70, problem: null, busy: false });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([question.now().answer, signals.length]).toEqual([70, 1]);
  // Who asked once more meanwhile did not ask for what is given up.
  question.again();
  question.again();
  question.set(71);
  expect(question.now()).toMatchObject({ answer: 71, busy: true });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([question.now().answer, signals.length]).toEqual([3, 3]);
});

test("what went wrong is told, and the last answer stays; nobody is told who left", async () => {
  let fails = false;
  const told: unknown[] = [];
  const question = new Question(
    async () => {
      if (fails) throw new Error("away");
      return 1;
    },
    (e) => told.push(e),
  );
  question.again();
  await vi.advanceTimersByTimeAsync(0);
  fails = true;
  question.again();
  await vi.advanceTimersByTimeAsync(0);
  expect(question.now()).toMatchObject({ answer: 1, busy: false, problem: { message: "away" } });
  expect(told).toHaveLength(1);
  question.again();
  question.leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toHaveLength(1);
  fails = false;
  question.again();
  await vi.advanceTimersByTimeAsync(0);
  expect(question.now()).toMatchObject({ answer: 1, busy: false, problem: null });
});

test("an answer that never comes is given up for whoever asks again after a while", async () => {
  let asked = 0;
  const signals: AbortSignal[] = [];
  const question = new Question((signal) => {
    signals.push(signal);
    asked += 1;
    return asked === 1 ? new Promise<number>(() => undefined) : Promise.resolve(asked);
  });
  question.again();
  await vi.advanceTimersByTimeAsync(19_000);
  question.again();
  expect([asked, signals[0]?.aborted]).toEqual([1, false]);
  await vi.advanceTimersByTimeAsync(2_000);
  question.again();
  await vi.advanceTimersByTimeAsync(0);
  expect([question.now(), signals[0]?.aborted]).toEqual([{ answer: 2, problem: null, busy: false }, true]);
});
