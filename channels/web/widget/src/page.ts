/**
 * What the host page tells the bot: that a page was opened, what happened on it, who is signed in.
 *
 * Loaded when it is needed (see api.ts). It imports nothing that runs: the widget is one module, and a second copy
 * of it under another address would be a second chat. Everything it needs comes with the [Host].
 */

import type { Greeting } from "./types";

/** What the chat offers this file. */
export interface Host {
  /** Whether the bot knows this visitor: the panel was opened once. Before that nothing is told. */
  known: () => boolean;
  /** Makes a request of the visit; rejects with an error that has a `status`, 0 without a connection. */
  post: (path: string, body: unknown) => Promise<unknown>;
  /** Asks something of the visit, once it is settled who is there; rejects as `post` does. */
  get: (path: string) => Promise<unknown>;
  /** Lets nothing be sent or shown until this is settled. */
  hold: (until: Promise<unknown>) => void;
  /** Goes on as another visitor, whose token and greeting these are. */
  become: (greeting: Greeting & { token: string }) => void;
  /** Forgets the visitor: the next one begins anew. */
  leave: () => void;
  open: () => void;
  close: () => void;
  freshId: () => string;
  backoff: (attempt: number) => number;
  /** Whether pages are told of. */
  visits: boolean;
  /** Where something small is kept for this tab. */
  session: (name: string, value?: string) => string | null;
}

export interface Calls {
  track: (name: string, fields?: Record<string, unknown>) => void;
  identify: (token: string | null) => void;
  /** Tells `done` the keys of the segments the visitor is in; whoever never opened the chat is in none. */
  segments: (done: (keys: string[]) => void, failed?: (error: unknown) => void) => void;
  open: () => void;
  close: () => void;
}

interface Told {
  client_id: string;
  name: string;
  fields: Record<string, unknown>;
}

/** What waits to be told at the most; the oldest goes first. */
const LIMIT = 50;
/** A page's title is often set just after its address. */
const TITLE = 100;

const status = (error: unknown) => (error as { status?: number }).status ?? 0;

export function start(host: Host): Calls {
  let waiting = restored();
  let telling: Promise<void> | undefined;
  let path: string | undefined;

  function restored(): Told[] {
    try {
      return JSON.parse(host.session("events") ?? "[]") as Told[];
    } catch {
      return [];
    }
  }

  function keep() {
    host.session("events", JSON.stringify(waiting));
  }

  function track(name: string, fields: Record<string, unknown> = {}) {
    if (typeof name !== "string" || !/^[a-z]\w{0,63}$/i.test(name)) {
      return console.warn("switchboard.track: the name of an event has letters, digits and _, and begins with a letter");
    }
    // As it is now: what the page changes afterwards is not meant.
    waiting.push({ client_id: host.freshId(), name, fields: JSON.parse(JSON.stringify(fields ?? {})) });
    waiting = waiting.slice(-LIMIT);
    keep();
    void tell();
  }

  /** Tells what waits, in order, once somebody is there to be told of. Resolves when nothing waits. */
  function tell(): Promise<void> {
    if (!telling && host.known() && waiting.length) telling = all();
    return telling ?? Promise.resolve();
  }

  async function all() {
    for (let attempt = 0; host.known() && waiting.length; ) {
      const [next] = waiting as [Told];
      try {
        await host.post("events", next);
      } catch (error) {
        const code = status(error);
        // 409: the opening itself is still on its way.
        if (code < 400 || code >= 500 || [401, 408, 409, 429].includes(code)) {
          await new Promise((done) => setTimeout(done, host.backoff(attempt++)));
          continue;
        }
        console.warn(`switchboard.track("${next.name}"): ${(error as Error).message}`);
      }
      attempt = 0;
      waiting = waiting.filter((told) => told !== next);
      keep();
    }
    // In the same breath: what is tracked from now on is told anew.
    telling = undefined;
  }

  function segments(done: (keys: string[]) => void, failed: (error: unknown) => void = () => {}) {
    if (typeof done !== "function") return console.warn("switchboard.segments: give a function that takes the segments");
    // What happened before the question counts in the answer.
    const asked = host.known() ? tell().then(() => host.get("segments")) : Promise.resolve({ segments: [] });
    void asked.then((answer) => done((answer as { segments: string[] }).segments), failed);
  }

  /** The page's path: what stands behind `?` and `#` may be somebody's secret. */
  function visited() {
    if (!host.visits || location.pathname === path) return;
    const before = path === undefined ? plain(document.referrer) : location.origin + path;
    const here = (path = location.pathname);
    setTimeout(() => {
      track("page_visit", {
        url: (location.origin + here).slice(0, 1024),
        path: here.slice(0, 1024),
        title: document.title.slice(0, 256),
        ...(before ? { referrer: before.slice(0, 512) } : {}),
      });
    }, TITLE);
  }

  function plain(address: string): string | undefined {
    try {
      const { origin, pathname } = new URL(address);
      return origin + pathname;
    } catch {
      return undefined;
    }
  }

  function identify(token: string | null) {
    if (!token) return host.leave();
    host.hold(known(token));
  }

  async function known(token: string) {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const answer = (await host.post("identify", { token })) as Partial<Greeting & { token: string }>;
        // Somebody else was here: the website's word decides whose conversation this is.
        if (answer.token) host.become(answer as Greeting & { token: string });
        host.session("person", "1");
        return;
      } catch (error) {
        const code = status(error);
        if (code >= 400 && code < 500 && ![401, 408, 429].includes(code)) {
          console.warn(`switchboard.identify: ${(error as Error).message}`);
          // Who is signed in is not known any more; whoever it was before is not shown to them.
          if (host.session("person")) host.leave();
          return;
        }
        await new Promise((done) => setTimeout(done, host.backoff(attempt)));
      }
    }
  }

  // Pages of one document: the address changes without a load.
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (this: History, ...args: Parameters<History["pushState"]>) {
      original.apply(this, args);
      visited();
    };
  }
  addEventListener("popstate", visited);
  addEventListener("online", () => void tell());
  visited();
  void tell();

  return {
    track,
    identify,
    segments,
    open() {
      host.open();
      void tell();
    },
    close: host.close,
  };
}
