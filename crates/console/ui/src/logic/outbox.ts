// What an agent sent and the server has not confirmed: kept until it is there, whatever the connection does.
//
// Messages of one conversation leave one after another, in the order they were written. While the server cannot be reached they
// are tried again for as long as the tab lives; they are stored, so that a reload or a crash of the tab loses none. The client id
// makes every further try harmless.

import type { Unsent } from "./transcript.ts";

export interface Place {
  contact: string;
  conversation: string;
}

/** One message on its way, as it is stored. */
export interface Kept extends Unsent {
  place: Place;
}

/** Where messages are kept between loads. */
export interface Shelf {
  read(): Kept[];
  write(kept: Kept[]): void;
}

export interface Way {
  say(message: Kept): Promise<void>;
  /** Whether this refusal will pass by itself. */
  passes(error: unknown): boolean;
  wait(attempt: number): number;
}

export class Outbox {
  private kept: Kept[];
  private readonly busy = new Set<string>();
  private readonly sleeping = new Map<string, () => void>();
  private readonly listeners = new Set<() => void>();
  private snapshots = new Map<string, readonly Unsent[]>();
  private over = false;

  constructor(
    private readonly shelf: Shelf,
    private readonly way: Way,
  ) {
    // What was under way when the tab went is tried again: nobody knows what came of it.
    this.kept = shelf.read().map((m) => (m.state === "failed" ? m : { ...m, state: "sending" }));
    for (const m of this.kept) void this.run(m.place.conversation);
  }

  /** What is on its way in a conversation; the same list as long as nothing changes. */
  list(conversation: string): readonly Unsent[] {
    const known = this.snapshots.get(conversation);
    if (known !== undefined) return known;
    const list = this.kept.filter((m) => m.place.conversation === conversation);
    this.snapshots.set(conversation, list);
    return list;
  }

  /** How many messages have not left yet, failed ones included. */
  get size(): number {
    return this.kept.filter((m) => m.state !== "sent").length;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(message: Kept): void {
    this.change([...this.kept, message]);
    void this.run(message.place.conversation);
  }

  retry(clientId: string): void {
    const message = this.kept.find((m) => m.clientId === clientId);
    if (message === undefined) return;
    this.mark(clientId, { state: "sending" });
    this.wake();
    void this.run(message.place.conversation);
  }

  discard(clientId: string): void {
    this.change(this.kept.filter((m) => m.clientId !== clientId));
  }

  /** These are in the transcript. */
  arrived(clientIds: ReadonlySet<string>): void {
    if (this.kept.some((m) => clientIds.has(m.clientId))) this.change(this.kept.filter((m) => !clientIds.has(m.clientId)));
  }

  /** The way may be open again: what waits is tried at once. */
  wake = (): void => {
    for (const go of [...this.sleeping.values()]) go();
  };

  /** Signed out: nothing is sent any more; what is stored stays for the same agent. */
  stop(): void {
    this.over = true;
    this.wake();
  }

  private async run(conversation: string): Promise<void> {
    if (this.busy.has(conversation)) return;
    this.busy.add(conversation);
    try {
      for (let attempt = 0; !this.over; ) {
        const next = this.kept.find((m) => m.place.conversation === conversation && (m.state === "sending" || m.state === "waiting"));
        if (next === undefined) return;
        try {
          await this.way.say(next);
          attempt = 0;
          this.mark(next.clientId, { state: "sent" });
        } catch (e) {
          if (!this.way.passes(e)) {
            attempt = 0;
            this.mark(next.clientId, { state: "failed", error: e instanceof Error ? e.message : "It was not sent." });
            continue;
          }
          this.mark(next.clientId, { state: "waiting" });
          await this.sleep(conversation, this.way.wait(attempt));
          attempt += 1;
        }
      }
    } finally {
      this.busy.delete(conversation);
    }
  }

  private sleep(conversation: string, ms: number): Promise<void> {
    return new Promise((done) => {
      const go = (): void => {
        clearTimeout(timer);
        this.sleeping.delete(conversation);
        done();
      };
      const timer = setTimeout(go, ms);
      this.sleeping.set(conversation, go);
    });
  }

  private mark(clientId: string, change: Partial<Unsent>): void {
    this.change(this.kept.map((m) => (m.clientId === clientId ? { ...m, ...change } : m)));
  }

  private change(kept: Kept[]): void {
    this.kept = kept;
    this.snapshots = new Map();
    this.shelf.write(kept.filter((m) => m.state !== "sent"));
    for (const listener of this.listeners) listener();
  }
}
