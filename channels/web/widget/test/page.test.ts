import { beforeEach, expect, test, vi } from "vitest";
import { start, type Host } from "../src/page";

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

function stage(options: Partial<Host> = {}) {
  const posted: [path: string, body: any][] = [];
  const kept = new Map<string, string>();
  let ids = 0;
  const calls: string[] = [];
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
    become: (greeting) => calls.push(`become ${greeting.token}`),
    leave: () => calls.push("leave"),
    open: () => calls.push("open"),
    close: () => calls.push("close"),
    freshId: () => `id${++ids}`,
    backoff: () => 0,
    visits: false,
    session: (name, value) => {
      if (value !== undefined) kept.set(name, value);
      return kept.get(name) ?? null;
    },
    ...options,
  };
  return { host, posted, kept, calls };
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
