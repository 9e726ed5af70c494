import { beforeEach, expect, test, vi } from "vitest";
import { start, type Host } from "../src/page";
import { Keep, Memory } from "../src/storage";

class Refused extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

let path = "/";
const listeners = new Map<string, () => void>();

beforeEach(() => {
  path = "/";
  listeners.clear();
  const move = (_state: unknown, _title: string, to: string) => (path = new URL(to, "https://shop.example").pathname);
  vi.stubGlobal("history", { pushState: move, replaceState: move });
  vi.stubGlobal("location", { origin: "https://shop.example", get pathname() { return path; } });
  vi.stubGlobal("document", { title: "Shop", referrer: "https://news.example/story?token=secret" });
  vi.stubGlobal("addEventListener", (name: string, run: () => void) => listeners.set(name, run));
  vi.restoreAllMocks();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

/** A page of a browser. `keep` is what the browser keeps; what is kept for the tab is its own. */
function stage(options: Partial<Host> = {}) {
  const posted: [path: string, body: any][] = [];
  const kept = new Map<string, string>();
  const keep = options.keep ?? new Keep("x ", new Memory());
  let ids = 0;
  const calls: string[] = [];
  const leave = () => {
    keep.set("who", `${Number(keep.get("who")) + 1}`);
    keep.set("person", null);
  };
  const host: Host = {
    known: () => true,
    post: async (where, body) => {
      posted.push([where, body]);
      return {};
    },
    get: async (where) => {
      posted.push([where, null]);
      return { segments: ["vip"] };
    },
    hold: () => void calls.push("hold"),
    who: () => keep.get("who") ?? "",
    become: (greeting) => {
      leave();
      calls.push(`become ${greeting.token}`);
    },
    leave: () => {
      leave();
      calls.push("leave");
    },
    open: () => calls.push("open"),
    close: () => calls.push("close"),
    freshId: () => `id${++ids}`,
    backoff: () => 0,
    visits: false,
    session: (name, value) => {
      if (value !== undefined) kept.set(name, value);
      return kept.get(name) ?? null;
    },
    keep,
    ...options,
  };
  return { host, posted, kept, calls, keep };
}

/** A website that answers `identify` as told, and takes every event. */
function website(answers: (object | number | Promise<object>)[]) {
  const posted: string[] = [];
  const post: Host["post"] = async (path, body) => {
    if (path === "events") return void posted.push((body as { name: string }).name);
    const answer = answers.shift() ?? {};
    posted.push("identify");
    if (typeof answer === "number") throw new Refused(answer);
    return answer;
  };
  return { posted, post };
}

/** As a website signs one, as far as a browser can read it. */
const signed = (sub: string, nonce: string) => `e30.${btoa(JSON.stringify({ sub, jti: nonce })).replace(/=/g, "")}.${nonce}`;

function later() {
  let answer!: (told: object) => void;
  const promise = new Promise<object>((done) => (answer = done));
  return { promise, answer };
}

const settled = () => new Promise((done) => setTimeout(done, 20));
const names = (posted: [string, any][]) => posted.map(([, body]) => body.name);

test("events go in order, one at a time, as they were when they happened", async () => {
  const { host, posted } = stage();
  const page = start(host);
  const fields = { sku: "a" };
  page.track("one", fields);
  fields.sku = "b";
  page.track("two");
  await settled();
  expect(posted).toEqual([
    ["events", { client_id: "id1", name: "one", fields: { sku: "a" } }],
    ["events", { client_id: "id2", name: "two", fields: {} }],
  ]);
});

test("what nobody is there to be told of waits, bounded, and survives the page", async () => {
  const stranger = stage({ known: () => false });
  const page = start(stranger.host);
  for (let n = 0; n < 60; n++) page.track(`e${n}`);
  await settled();
  expect(stranger.posted).toEqual([]);
  const known = stage({ session: stranger.host.session });
  start(known.host);
  await settled();
  expect(names(known.posted)).toEqual(Array.from({ length: 50 }, (_, n) => `e${n + 10}`));
  expect(JSON.parse(stranger.kept.get("events")!)).toEqual([]);
});

test("what the server cannot take now is told later, what it refuses is left out", async () => {
  const answers = [409, 429, 503, 0, 200, 400, 200];
  const posted: string[] = [];
  const { host } = stage({
    post: async (_path, body) => {
      const status = answers.shift()!;
      if (status !== 200) throw new Refused(status);
      posted.push((body as { name: string }).name);
      return {};
    },
  });
  const page = start(host);
  page.track("first");
  page.track("bad");
  page.track("last");
  await settled();
  expect(posted).toEqual(["first", "last"]);
  expect(console.warn).toHaveBeenCalledOnce();
});

test("segments are asked for after what happened before, and of nobody who is not there", async () => {
  const { host, posted } = stage();
  const page = start(host);
  page.track("purchase");
  page.track("purchase");
  const keys = await new Promise<string[]>((done) => page.segments(done));
  expect([keys, posted.map(([where]) => where)]).toEqual([["vip"], ["events", "events", "segments"]]);
  const stranger = stage({ known: () => false });
  expect(await new Promise<string[]>((done) => start(stranger.host).segments(done))).toEqual([]);
  expect(stranger.posted).toEqual([]);
  const away = stage({ get: async () => Promise.reject(new Refused(0)) });
  const failed = await new Promise<Refused>((done) => start(away.host).segments(() => {}, (error) => done(error as Refused)));
  expect(failed.status).toBe(0);
});

test("names that are no names are told to the page and not to the server", async () => {
  const { host, posted } = stage();
  const page = start(host);
  for (const name of ["", "_x", "/start", "a b", 7, null, "x".repeat(65)]) page.track(name as string);
  await settled();
  expect(posted).toEqual([]);
  expect(console.warn).toHaveBeenCalledTimes(7);
});

test("pages are told once each, without what stands behind ? and #", async () => {
  vi.useFakeTimers();
  const { host, posted } = stage({ visits: true });
  start(host);
  history.pushState({}, "", "/cart?coupon=secret#x");
  history.replaceState({}, "", "/cart?coupon=other");
  path = "/";
  listeners.get("popstate")!();
  await vi.advanceTimersByTimeAsync(200);
  vi.useRealTimers();
  expect(posted.map(([, body]) => [body.fields.path, body.fields.referrer])).toEqual([
    ["/", "https://news.example/story"],
    ["/cart", "https://shop.example/"],
    ["/", "https://shop.example/cart"],
  ]);
  expect(JSON.stringify(posted)).not.toContain("secret");
});

test("identify: known, somebody else, signed out, refused", async () => {
  const answers: (object | number)[] = [{}, { token: "t2" }, 403, 0, {}];
  const { host, calls } = stage({
    post: async () => {
      const answer = answers.shift()!;
      if (typeof answer === "number") throw new Refused(answer);
      return answer;
    },
  });
  const page = start(host);
  page.identify("ana");
  await settled();
  expect(calls).toEqual(["hold"]);
  page.identify("ben");
  await settled();
  expect(calls.splice(0)).toEqual(["hold", "hold", "become t2"]);
  page.identify("forged");
  await settled();
  expect(calls.splice(0)).toEqual(["hold", "leave"]);
  page.identify("again");
  await settled();
  expect(calls.splice(0)).toEqual(["hold"]);
  page.identify(null);
  expect(calls).toEqual(["leave"]);
});

test("what happens while somebody is identified is told as theirs, never as that of who was there before", async () => {
  const ben = later();
  const { posted, post } = website([{}, ben.promise]);
  const { host, calls } = stage({ post });
  const page = start(host);
  page.identify("ana");
  page.track("of_ana");
  await settled();
  expect(posted.splice(0)).toEqual(["identify", "of_ana"]);
  page.identify("ben");
  page.track("purchase");
  await settled();
  expect(posted.splice(0)).toEqual(["identify"]);
  ben.answer({ token: "t2" });
  await settled();
  expect([posted, calls.at(-1)]).toEqual([["purchase"], "become t2"]);
});

test("what waits is never told as somebody else's, and is kept of whoever only gets a name", async () => {
  let offline = true;
  const { posted, post } = website([{}, { token: "t2" }]);
  const { host } = stage({
    post: async (path, body) => {
      if (offline && path === "events") throw new Refused(0);
      return post(path, body);
    },
    backoff: () => 5,
  });
  const page = start(host);
  page.track("before_the_name");
  await settled();
  page.identify("ana");
  await settled();
  offline = false;
  await settled();
  expect(posted.splice(0)).toEqual(["identify", "before_the_name"]);
  offline = true;
  page.track("of_ana");
  await settled();
  page.identify("ben");
  page.track("of_ben");
  await settled();
  offline = false;
  await settled();
  expect(posted.splice(0)).toEqual(["identify", "of_ben"]);
  offline = true;
  page.track("of_ben_too");
  await settled();
  page.identify(null);
  offline = false;
  page.track("of_nobody");
  await settled();
  expect(posted).toEqual(["of_nobody"]);
});

test("what waits is that of who was there, in another tab and on the next page as well", async () => {
  const keep = new Keep("x ", new Memory());
  const one = stage({ keep, known: () => false });
  start(one.host).track("early");
  // Another tab goes on as somebody else.
  keep.set("who", "2");
  const { posted, post } = website([]);
  const two = stage({ keep, session: one.host.session, post });
  const page = start(two.host);
  page.track("late");
  await settled();
  expect([posted, one.kept.get("events")]).toEqual([["late"], "[]"]);
});

test("what happened on a page that was left before its token was answered is told as theirs alone", async () => {
  const left = stage({ post: () => new Promise(() => {}) });
  const page = start(left.host);
  page.identify(signed("ana", "1"));
  page.track("purchase");
  const other = website([{}]);
  const next = start(stage({ session: left.host.session, post: other.post }).host);
  await settled();
  next.identify(signed("ben", "2"));
  await settled();
  expect(other.posted).toEqual(["identify"]);
  const same = website([{}]);
  const again = start(stage({ session: left.host.session, post: same.post }).host);
  await settled();
  expect(same.posted).toEqual([]);
  again.identify(signed("ana", "3"));
  await settled();
  expect(same.posted).toEqual(["identify", "purchase"]);
});

test("a token that is not taken leaves nobody's chat to somebody else, in a new tab as well", async () => {
  for (const [answers, token, leaves] of [
    [[403], signed("ben", "1"), true],
    [[0, 0, 503, 429, 0], signed("ben", "1"), true],
    [[0, 0, 0, 0, 0], "no token", true],
    [[0, 0, 0, 0], signed("ben", "1"), false],
    // Nobody else came: it is only not confirmed again.
    [[0, 0, 0, 0, 0], signed("ana", "2"), false],
    // A page of a while ago, shown again with the token it had.
    [[403], signed("ana", "2"), false],
  ] as [number[], string, boolean][]) {
    const keep = new Keep("x ", new Memory());
    const first = stage({ keep, post: website([{}]).post });
    start(first.host).identify(signed("ana", "0"));
    await settled();
    // A new tab: nothing is kept for it yet.
    const { host, calls } = stage({ keep, post: website(answers).post });
    start(host).identify(token);
    await settled();
    expect([answers, calls]).toEqual([answers, leaves ? ["hold", "leave"] : ["hold"]]);
  }
  // An anonymous chat stays: it is nobody else's.
  const anonymous = stage({ post: website([403]).post });
  start(anonymous.host).identify("forged");
  await settled();
  expect(anonymous.calls).toEqual(["hold"]);
});

test("who is named last is who stays, and who signed out stays signed out", async () => {
  const [ana, ben] = [later(), later()];
  const { posted, post } = website([ana.promise, ben.promise]);
  const { host, calls, keep } = stage({ post });
  const page = start(host);
  page.identify("ana");
  page.identify("ben");
  await settled();
  expect(posted).toEqual(["identify"]);
  ana.answer({});
  await settled();
  ben.answer({ token: "t2" });
  await settled();
  expect([calls.splice(0), keep.get("person")]).toEqual([["hold", "hold", "become t2"], "ben"]);

  const late = later();
  const out = stage({ post: website([late.promise]).post });
  const other = start(out.host);
  other.identify("ana");
  await settled();
  other.identify(null);
  late.answer({ token: "t3" });
  await settled();
  expect([out.calls, out.keep.get("person")]).toEqual([["hold", "leave"], null]);
});
