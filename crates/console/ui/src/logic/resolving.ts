// Chats that were resolved a moment ago: the server is told when the time for second thoughts is over, or at once when the agent
// leaves the page. Until then the chat is still the agent's, and undoing is forgetting.
//
// What waits is stored, so that a tab that dies loses none: the desk sends it when it is opened again. The store is what counts, also
// for other tabs: a chat that was undone in one is not resolved by another. Each names the request it closes, so that one that is
// sent twice closes nothing else.

import type { Place } from "./outbox.ts";

/** How long an agent may think again, in milliseconds. */
export const UNDO_FOR = 6_000;

export interface Resolved {
  place: Place;
  /** The request that is closed. */
  request: string;
  /** The skill that replaces what the bot was doing. */
  skill: string | null;
  /** When the server is told, in milliseconds since 1970. */
  until: number;
}

/** Where they are kept between loads and for other tabs. */
export interface Shelf {
  read(): Resolved[];
  write(all: Resolved[]): void;
}

export interface Way {
  resolve(one: Resolved): Promise<void>;
  /** Sends without waiting for an answer: the page is going. */
  last(one: Resolved): void;
  /** Whether this refusal will pass by itself. */
  passes(error: unknown): boolean;
  /** Whether the chat is closed, or not this agent's any more: nothing is left to do. */
  over(error: unknown): boolean;
  wait(attempt: number): number;
  now(): number;
  /** One is done, or was refused; the error says why. */
  settled(one: Resolved, error: unknown): void;
}

/** One as it is shown: what can be undone, or what is on its way. */
export type Shown = Resolved & { state: "undoable" | "sending" };

export class Resolving {
  private all: Resolved[] = [];
  /** The server was told at least once: it may have arrived, and undoing would be a lie. */
  private readonly told = new Set<string>();
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();
  private snapshot: readonly Shown[] | null = null;
  private over = false;

  constructor(
    private readonly shelf: Shelf,
    private readonly way: Way,
  ) {
    this.look();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** All of them; the same list as long as nothing changes. */
  list = (): readonly Shown[] => {
    this.snapshot ??= this.all.map((one) => ({ ...one, state: this.told.has(one.request) ? "sending" : "undoable" }));
    return this.snapshot;
  };

  add(one: Omit<Resolved, "until">): void {
    this.change([...this.without(one.request), { ...one, until: this.way.now() + UNDO_FOR }]);
  }

  /** Nothing happened; too late once the server was told. */
  undo(request: string): void {
    if (!this.told.has(request)) this.change(this.without(request));
  }

  /** Another tab may have changed what is stored. */
  look = (): void => this.take(this.shelf.read());

  /** What waits is sent now: the way may be open again, or nobody will think again. Resolves when each was tried. */
  flush = async (): Promise<void> => {
    await Promise.all(this.all.map((one) => this.send(one.request, 0)));
  };

  /** What the server was told already is tried again at once. */
  wake = (): void => {
    for (const one of this.all) if (this.told.has(one.request)) void this.send(one.request, 0);
  };

  /** The page is going: the customer must not wait until somebody opens it again. */
  leave = (): void => {
    if (!this.over) for (const one of this.shelf.read()) this.way.last(one);
  };

  /** Signed out: nothing is sent any more; what is stored stays for the same agent. */
  stop(): void {
    this.over = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private without(request: string): Resolved[] {
    return this.shelf.read().filter((one) => one.request !== request);
  }

  private send(request: string, attempt: number): Promise<void> {
    if (this.over) return Promise.resolve();
    const known = this.underWay.get(request);
    if (known !== undefined) return known;
    const sent = this.tell(request, attempt).finally(() => this.underWay.delete(request));
    this.underWay.set(request, sent);
    return sent;
  }

  private async tell(request: string, attempt: number): Promise<void> {
    clearTimeout(this.timers.get(request));
    this.timers.delete(request);
    // Undone or sent by another tab: what is stored counts.
    const stored = this.shelf.read();
    const one = stored.find((r) => r.request === request);
    if (one === undefined) return this.take(stored);
    this.told.add(request);
    this.take(stored, request);
    let failed: unknown = null;
    try {
      await this.way.resolve(one);
    } catch (e) {
      if (this.way.passes(e)) return this.later(request, this.way.wait(attempt), attempt + 1);
      failed = this.way.over(e) ? null : e;
    }
    this.change(this.without(request));
    this.way.settled(one, failed);
  }

  private later(request: string, ms: number, attempt: number): void {
    if (this.over) return;
    clearTimeout(this.timers.get(request));
    this.timers.set(request, setTimeout(() => void this.send(request, attempt), ms));
  }

  private change(all: Resolved[]): void {
    this.shelf.write(all);
    this.take(all);
  }

  /** These are all there are; `now` is the one that is being sent. */
  private take(all: Resolved[], now?: string): void {
    this.all = all;
    this.snapshot = null;
    for (const [request, timer] of this.timers) {
      if (all.some((one) => one.request === request)) continue;
      clearTimeout(timer);
      this.timers.delete(request);
    }
    for (const { request, until } of all) {
      if (request === now || this.timers.has(request) || this.underWay.has(request)) continue;
      // A clock that was set back makes nobody wait longer.
      this.later(request, Math.min(UNDO_FOR, Math.max(0, until - this.way.now())), 0);
    }
    for (const listener of this.listeners) listener();
  }
}
