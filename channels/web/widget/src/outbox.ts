/**
 * What the visitor said and the server has not confirmed: kept, sent in order, sent again until it is.
 *
 * Each entry has its own key, so that two tabs never write over one another; both may send the same entry, for the
 * server knows it by its client id and takes it once.
 */

import { HttpError } from "./http";
import type { Keep } from "./storage";
import type { Pending } from "./types";

const BEGIN = "out.";

/** How long to wait before attempt n: longer each time, and never the same for two browsers. */
export function backoff(attempt: number, random = Math.random()): number {
  return Math.min(30_000, 500 * 2 ** Math.min(attempt, 8)) * (0.5 + random / 2);
}

/** An id that is new in the world. crypto.randomUUID needs a secure context; this does not. */
export function freshId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  readonly #names = new Map<string, string>();
  #items: Pending[] = [];
  #running = false;
  #wake: (() => void) | undefined;
  #count = 0;

  constructor(
    private readonly keep: Keep,
    private readonly post: (path: string, body: unknown) => Promise<void>,
    /** Called whenever an entry changes. */
    private readonly changed: (item: Pending) => void,
    private readonly wait: (ms: number, wake: Promise<void>) => Promise<void> = (ms, wake) =>
      Promise.race([new Promise<void>((done) => setTimeout(done, ms)), wake]),
  ) {}

  /** What an earlier page, or another tab that was closed, left behind. */
  restore(): Pending[] {
    for (const name of this.keep.names(BEGIN)) {
      try {
        const item = JSON.parse(this.keep.get(name) ?? "") as Pending;
        if (!item.client_id || [...this.#names.values()].includes(name)) continue;
        this.#names.set(item.client_id, name);
        this.#items.push(item);
      } catch {
        this.keep.set(name, null);
      }
    }
    return [...this.#items];
  }

  add(part: Pick<Pending, "path" | "body" | "files">): Pending {
    const item: Pending = { ...part, client_id: freshId(), at: Date.now(), state: "sending" };
    const order = `${item.at}`.padStart(15, "0") + `${this.#count++}`.padStart(6, "0");
    this.#names.set(item.client_id, `${BEGIN}${order}.${item.client_id}`);
    this.#items.push(item);
    this.#save(item);
    this.changed(item);
    void this.#run();
    return item;
  }

  /** Forgets what was somebody else's; answers what is left. */
  clear(goes: (item: Pending) => boolean): Pending[] {
    for (const { client_id } of this.#items.filter(goes)) this.confirmed(client_id);
    this.kick();
    return [...this.#items];
  }

  /** Everything that is not confirmed. */
  all(): Pending[] {
    return [...this.#items];
  }

  /** The line came back, here or in another tab. */
  confirmed(client_id: string) {
    const name = this.#names.get(client_id);
    if (name) this.keep.set(name, null);
    this.#names.delete(client_id);
    this.#items = this.#items.filter((item) => item.client_id !== client_id);
  }

  retry(item: Pending) {
    if (item.state === "failed") {
      item.state = "sending";
      delete item.reason;
      this.#save(item);
      this.changed(item);
    }
    this.kick();
  }

  /** Try now: the network is back, or the person asks for it. */
  kick() {
    this.#wake?.();
    void this.#run();
  }

  #save(item: Pending) {
    const name = this.#names.get(item.client_id);
    if (name) this.keep.set(name, JSON.stringify(item));
  }

  #set(item: Pending, state: Pending["state"]) {
    if (item.state === state) return;
    item.state = state;
    this.changed(item);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    let attempt = 0;
    for (;;) {
      const item = this.#items.find((i) => i.state === "sending" || i.state === "waiting");
      if (!item) break;
      try {
        await this.post(item.path, { client_id: item.client_id, ...item.body });
        attempt = 0;
        this.confirmed(item.client_id);
        this.#set(item, "sent");
      } catch (error) {
        const refused = error instanceof HttpError && error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
        if (refused) {
          item.reason = error.message;
          this.#set(item, "failed");
          this.#save(item);
          attempt = 0;
          continue;
        }
        if (attempt > 0) this.#set(item, "waiting");
        const asked = error instanceof HttpError ? error.retryAfter * 1000 : 0;
        // A network that comes back wakes it; a server that asked to wait is left alone until then.
        const woken = new Promise<void>((done) => (this.#wake = asked ? undefined : done));
        await this.wait(Math.max(asked, backoff(attempt++)), woken);
      }
    }
    this.#running = false;
  }
}
