// One answer of the server, as long as somebody looks at it: asked at first, again whenever `key` changes or one asks for it, or every while.

import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";

interface Stand<T> {
  /** The last answer; what was answered before stays until the next is there. */
  answer: T | null;
  problem: Error | null;
  busy: boolean;
}

export interface Asked<T> extends Stand<T> {
  again(): void;
  /** Puts something in its place that the server said elsewhere. */
  set(answer: T): void;
}

/** How long an answer is waited for when somebody asks again: a line that broke may never say so. */
const LONGEST = 20_000;

/**
 * A question, and how it stands. It is asked once at a time: whoever asks again meanwhile has it asked once more after the answer, or at
 * once if that takes too long.
 */
export class Question<T> {
  private stand: Stand<T>;
  private flight: AbortController | null = null;
  private began = 0;
  private wanted = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<T>,
    private readonly failed: (e: unknown) => void = () => undefined,
    busy = false,
  ) {
    this.stand = { answer: null, problem: null, busy };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  now = (): Stand<T> => this.stand;

  private put(stand: Partial<Stand<T>>): void {
    this.stand = { ...this.stand, ...stand };
    for (const listener of this.listeners) listener();
  }

  again = (): void => {
    // Asking anew would give up what is on its way: with a reason to ask in every moment there would never be an answer.
    if (this.flight !== null && Date.now() - this.began >= LONGEST) this.leave();
    this.wanted = this.flight !== null;
    if (this.flight !== null) return;
    this.began = Date.now();
    const stop = new AbortController();
    this.flight = stop;
    this.put({ busy: true });
    const over = (came: Partial<Stand<T>>): void => {
      this.flight = null;
      this.put({ ...came, busy: this.wanted });
      if (this.wanted) this.again();
    };
    this.ask(stop.signal).then(
      (answer) => {
        if (!stop.signal.aborted) over({ answer, problem: null });
      },
      (e: unknown) => {
        if (stop.signal.aborted) return;
        over({ problem: e instanceof Error ? e : new Error("Something went wrong.") });
        this.failed(e);
      },
    );
  };

  set = (answer: T): void => {
    const { wanted } = this;
    // What was asked before is older than this.
    this.leave();
    this.put({ answer, problem: null, busy: false });
    if (wanted) this.again();
  };

  /** Nobody waits for what is on its way. */
  leave = (): void => {
    this.flight?.abort();
    this.flight = null;
    this.wanted = false;
  };
}

export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>, over: (e: unknown) => void): Asked<T> {
  const latest = useRef({ ask, over });
  latest.current = { ask, over };
  const held = useRef<{ key: string | null; question: Question<T> } | null>(null);
  if (held.current?.key !== key) {
    held.current = { key, question: new Question((signal) => latest.current.ask(signal), (e) => latest.current.over(e), key !== null) };
  }
  const { question } = held.current;
  const stand = useSyncExternalStore(question.subscribe, question.now);
  useEffect(() => {
    if (key === null) return;
    question.again();
    return question.leave;
  }, [key, question]);
  const again = useCallback((): void => {
    if (held.current !== null && held.current.key !== null) held.current.question.again();
  }, []);
  return { ...stand, again, set: question.set };
}

/** Asks again whenever something is another than before. */
export function useAgainOn(what: unknown, again: () => void): void {
  const before = useRef(what);
  useEffect(() => {
    if (before.current === what) return;
    before.current = what;
    again();
  }, [what, again]);
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
