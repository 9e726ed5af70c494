// One answer of the server, as long as somebody looks at it: asked at first, again whenever `key` changes or one asks for it, or every while.

import { useCallback, useEffect, useRef, useState } from "react";

export interface Asked<T> {
  /** The last answer; what was answered before stays until the next is there. */
  answer: T | null;
  problem: Error | null;
  busy: boolean;
  again(): void;
  /** Puts something in its place that the server said elsewhere. */
  set(answer: T): void;
}

export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>, over: (e: unknown) => void): Asked<T> {
  const [held, setHeld] = useState<{ key: string | null; answer: T | null; problem: Error | null; busy: boolean }>({ key, answer: null, problem: null, busy: key !== null });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  const flight = useRef<AbortController | null>(null);
  latest.current = ask;
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    flight.current = stop;
    setHeld((h) => ({ key, answer: h.key === key ? h.answer : null, problem: h.key === key ? h.problem : null, busy: true }));
    latest.current(stop.signal).then(
      (answer) => !stop.signal.aborted && setHeld({ key, answer, problem: null, busy: false }),
      (e: unknown) => {
        if (stop.signal.aborted) return;
        setHeld((h) => ({ ...h, problem: e instanceof Error ? e : new Error("Something went wrong."), busy: false }));
        over(e);
      },
    );
    return () => stop.abort();
  }, [key, round, over]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  const set = useCallback(
    (answer: T) => {
      // What was asked before is older than this.
      flight.current?.abort();
      setHeld({ key, answer, problem: null, busy: false });
    },
    [key],
  );
  const fits = held.key === key;
  return { answer: fits ? held.answer : null, problem: fits ? held.problem : null, busy: held.busy, again, set };
}

/** Asks again `every` so many milliseconds after each answer, as long as it is `wanted` and somebody looks; more seldom when it fails. */
export function useAgain({ busy, problem, again }: Pick<Asked<unknown>, "busy" | "problem" | "again">, wanted: boolean, every: number): void {
  const pause = problem === null ? every : 4 * every;
  useEffect(() => {
    // A question under way is answered first: asking anew would give it up, and on a slow line there would never be an answer.
    if (!wanted || busy) return;
    let wait: ReturnType<typeof setTimeout>;
    const look = (): void => {
      if (document.visibilityState === "hidden") wait = setTimeout(look, pause);
      else again();
    };
    wait = setTimeout(look, pause);
    return () => clearTimeout(wait);
  }, [wanted, busy, pause, again]);
}
