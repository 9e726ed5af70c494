import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Resolving, UNDO_FOR, type Resolved, type Shelf } from "./resolving.ts";

class Away extends Error {}
class Over extends Error {}

class Drawer implements Shelf {
  all: Resolved[] = [];
  read = (): Resolved[] => structuredClone(this.all);
  write = (all: Resolved[]): void => void (this.all = structuredClone(all));
}

/** A tab of the desk; those that share a drawer are tabs of one browser. */
function tab(shelf = new Drawer(), server = { up: true, got: [] as string[], closed: new Set<string>(), refuses: "" }) {
  const settled: [string, unknown][] = [];
  const left: string[] = [];
  const resolving = new Resolving(shelf, {
    resolve: async (one) => {
      if (!server.up) throw new Away();
      if (server.refuses === one.request) throw new Error("no such skill");
      if (server.closed.has(one.request)) throw new Over();
      server.closed.add(one.request);
      server.got.push(one.request);
    },
    last: (one) => void left.push(one.request),
    passes: (e) => e instanceof Away,
    over: (e) => e instanceof Over,
    wait: () => 1_000,
    now: () => Date.now(),
    settled: (one, error) => void settled.push([one.request, error]),
  });
  return { resolving, shelf, server, settled, left };
}

const one = (request: string) => ({ place: { contact: "p", conversation: `of ${request}` }, request, skill: null });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a resolve that can be undone", () => {
  test("is sent when the time is over, once", async () => {
    const { resolving, server, shelf, settled } = tab();
    resolving.add(one("a"));
    await vi.advanceTimersByTimeAsync(UNDO_FOR - 1);
    expect([server.got, resolving.list().map((r) => r.state)]).toEqual([[], ["undoable"]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.got, resolving.list(), shelf.all, settled]).toEqual([["a"], [], [], [["a", null]]]);
  });

  test("is forgotten when it is undone, in every tab", async () => {
    const first = tab();
    first.resolving.add(one("a"));
    const second = tab(first.shelf, first.server);
    first.resolving.undo("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([first.server.got, first.resolving.list(), second.resolving.list()]).toEqual([[], [], []]);
  });

  test("outlives the tab, and is sent at once if its time is over meanwhile", async () => {
    const first = tab();
    first.resolving.add(one("a"));
    first.resolving.stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(first.server.got).toEqual([]);
    const second = tab(first.shelf, first.server);
    await vi.advanceTimersByTimeAsync(0);
    expect([second.server.got, first.shelf.all]).toEqual([["a"], []]);
  });

  test("is told when the page goes; that it comes a second time does no harm", async () => {
    const first = tab();
    first.resolving.add(one("a"));
    first.resolving.leave();
    expect(first.left).toEqual(["a"]);
    first.resolving.stop();
    first.server.closed.add("a");
    const second = tab(first.shelf, first.server);
    await vi.advanceTimersByTimeAsync(UNDO_FOR);
    expect([second.server.got, second.settled, first.shelf.all]).toEqual([[], [["a", null]], []]);
  });

  test("is tried for as long as the server is away, and cannot be undone any more", async () => {
    const { resolving, server } = tab();
    server.up = false;
    resolving.add(one("a"));
    await vi.advanceTimersByTimeAsync(3_600_000);
    resolving.undo("a");
    expect(resolving.list().map((r) => r.state)).toEqual(["sending"]);
    server.up = true;
    resolving.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect([server.got, resolving.list()]).toEqual([["a"], []]);
  });

  test("is sent early when nobody will think again", async () => {
    const { resolving, server } = tab();
    resolving.add(one("a"));
    resolving.add(one("b"));
    await resolving.flush();
    expect(server.got).toEqual(["a", "b"]);
  });

  test("tells why the server refuses it, and is not tried again", async () => {
    const { resolving, server, settled } = tab();
    server.refuses = "a";
    resolving.add(one("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled.map(([request, error]) => [request, (error as Error).message])).toEqual([["a", "no such skill"]]);
    expect(resolving.list()).toEqual([]);
  });
});
