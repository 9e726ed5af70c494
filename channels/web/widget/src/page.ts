/**
 * What the host page tells the bot: that a page was opened, what happened on it, who is signed in.
 *
 * Loaded when it is needed (see api.ts). It imports nothing that runs: the widget is one module, and a second copy
 * of it under another address would be a second chat. Everything it needs comes with the [Host].
 */

import type { Keep } from "./storage";
import type { Greeting } from "./types";

/** What the chat offers this file. */
export interface Host {
  /** Whether the bot knows this visitor: the panel was opened once. Before that nothing is told. */
  known: () => boolean;
  /** Makes a request of the visit; rejects with an error that has a `status`, 0 without a connection. */
  post: (path: string, body: unknown) => Promise<unknown>;
  /** Asks something of the visit, once it is settled who is there; rejects as `post` does. */
  get: (path: string) => Promise<unknown>;
  /** Lets nothing be sent or shown until this is settled. An early one is followed by another that finds out the same. */
  hold: (until: Promise<unknown>, early?: boolean) => void;
  /** Whose chat this is, as a word that changes with the person and not when somebody gets a name. */
  who: () => string;
  /** Goes on as another visitor, whose token and greeting these are. */
  become: (greeting: Greeting & { token: string }) => void;
  /** Forgets the visitor: the next one begins anew, with what was written since it was asked who that is, if there is a `next` one. */
  leave: (next?: boolean) => void;
  open: () => void;
  close: () => void;
  freshId: () => string;
  backoff: (attempt: number) => number;
  /** Whether pages are told of. */
  visits: boolean;
  /** Where something small is kept for this tab. */
  session: (name: string, value?: string) => string | null;
  /** Where something small is kept for the browser, as the visit is. */
  keep: Pick<Keep, "get" | "set">;
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
  /** Whose it is: [Host.who] when it happened. */
  of?: string;
  /** Until it is known who is there, instead: of whom the page said so. */
  said?: string;
}

/** What waits to be told at the most; the oldest goes first. */
const LIMIT = 50;
/** A page's title is often set just after its address. */
const TITLE = 100;
/** How often a token is tried. */
const TRIES = 5;

const status = (error: unknown) => (error as { status?: number }).status ?? 0;

/** Of whom a token speaks, by its own word, which is enough to tell two people apart; of what is no token, itself. */
function subject(token: string): string {
  try {
    return `${JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))).sub}`;
  } catch {
    return token;
  }
}

export function start(host: Host): Calls {
  let waiting = restored();
  let telling: Promise<void> | undefined;
  let path: string | undefined;
  /** Settles when it is known who is there. */
  let settling: Promise<void> = Promise.resolve();
  /** Of whom the page said last that they are there, while that is not known yet. */
  let said: string | undefined;
  /** How often the page signed out. */
  let left = 0;

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
    const whose = said === undefined ? { of: host.who() } : { said };
    waiting.push({ client_id: host.freshId(), name, fields: JSON.parse(JSON.stringify(fields ?? {})), ...whose });
    waiting = waiting.slice(-LIMIT);
    keep();
    void tell();
  }

  /** Tells what waits, in order, once somebody is there to be told of. Resolves when nothing waits. */
  function tell(): Promise<void> {
    if (!telling && host.known() && waiting.length) telling = all();
    return telling ?? Promise.resolve();
  }

  /** Resolves when nobody is being identified. */
  async function sure() {
    for (let last; last !== settling; ) await (last = settling);
  }

  async function all() {
    for (let attempt = 0; ; ) {
      await sure();
      // What happened to somebody else is nobody's now.
      waiting = waiting.filter((told) => told.said !== undefined || (told.of ?? "") === host.who());
      const next = waiting.find((told) => told.said === undefined);
      if (!next || !host.known()) break;
      const { client_id, name, fields } = next;
      try {
        await host.post("events", { client_id, name, fields });
      } catch (error) {
        const code = status(error);
        // 409: the opening itself is still on its way.
        if (code < 400 || code >= 500 || [401, 408, 409, 429].includes(code)) {
          await new Promise((done) => setTimeout(done, host.backoff(attempt++)));
          continue;
        }
        console.warn(`switchboard.track("${name}"): ${(error as Error).message}`);
      }
      attempt = 0;
      waiting = waiting.filter((told) => told !== next);
      keep();
    }
    keep();
    // In the same breath: what is tracked from now on is told anew.
    telling = undefined;
  }

  function segments(done: (keys: string[]) => void, failed: (error: unknown) => void = () => {}) {
    if (typeof done !== "function") return console.warn("switchboard.segments: give a function that takes the segments");
    // What happened before the question counts in the answer.
    const asked = sure().then(() => (host.known() ? tell().then(() => host.get("segments")) : { segments: [] }));
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
    if (!token) {
      left++;
      said = undefined;
      waiting = [];
      keep();
      return host.leave();
    }
    const [person, since] = [(said = subject(token)), left];
    // One after the other: the last to be named is who stays.
    const mine = (settling = settling.then(() => known(token, person, since)));
    host.hold(mine);
    void mine.then(() => {
      if (settling === mine) said = undefined;
      for (const told of since === left ? waiting : []) {
        if (told.said !== person) continue;
        delete told.said;
        told.of = host.who();
      }
      keep();
      void tell();
    });
  }

  /** Has the website's word looked at; whoever was there before stays only if it is sure to be the same person. */
  async function known(token: string, person: string, since: number) {
    for (let attempt = 0; since === left; attempt++) {
      try {
        const answer = (await host.post("identify", { token })) as Partial<Greeting & { token: string }>;
        // Signed out meanwhile.
        if (since !== left) return;
        // Somebody else was here: the website's word decides whose conversation this is.
        if (answer.token) host.become(answer as Greeting & { token: string });
        return host.keep.set("person", person);
      } catch (error) {
        if (since !== left) return;
        const code = status(error);
        const refused = code >= 400 && code < 500 && ![401, 408, 429].includes(code);
        if (refused) console.warn(`switchboard.identify: ${(error as Error).message}`);
        if (refused || attempt === TRIES - 1) {
          const before = host.keep.get("person");
          if (before !== null && before !== person) host.leave(true);
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
