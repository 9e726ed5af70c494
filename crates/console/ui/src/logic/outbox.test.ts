import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type Kept, type Shelf } from "./outbox.ts";

const message = (clientId: string, conversation = "c"): Kept => ({
  clientId,
  text: clientId,
  fileIds: [],
  fileNames: [],
  at: 0,
  state: "sending",
  place: { contact: "p", conversation },
});

class Away extends Error {}

class Drawer implements Shelf {
  kept: Kept[] = [];
  read = (): Kept[] => structuredClone(this.kept);
  write = (kept: Kept[]): void => void (this.kept = structuredClone(kept));
}

function setUp(shelf = new Drawer()) {
  const server = { up: true, refuses: "", got: [] as string[] };
  const box = new Outbox(shelf, {
    say: async (m) => {
      if (!server.up) throw new Away("away");
      if (server.refuses === m.clientId) throw new Error("no");
      server.got.push(m.clientId);
    },
    passes: (e) => e instanceof Away,
    wait: (attempt) => 1_000 * (attempt + 1),
  });
  return { box, shelf, server };
}

const settled = () => vi.advanceTimersByTimeAsync(0);
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the outbox", () => {
  test("keeps trying however long the server is away, in order", async () => {
    const { box, server } = setUp();
    server.up = false;
    box.add(message("1"));
    box.add(message("2"));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(server.got).toEqual([]);
    expect(box.list("c").map((m) => m.state)).toEqual(["waiting", "sending"]);
    server.up = true;
    box.wake();
    await settled();
    expect(server.got).toEqual(["1", "2"]);
    expect(box.size).toBe(0);
  });

  test("a new tab goes on where the old one ended, and what was sent is not kept", async () => {
    const first = setUp();
    first.box.add(message("0"));
    await settled();
    first.server.up = false;
    first.box.add(message("1"));
    await settled();
    first.box.stop();
    expect(first.shelf.kept.map((m) => m.clientId)).toEqual(["1"]);
    const second = setUp(first.shelf);
    await settled();
    expect(second.server.got).toEqual(["1"]);
    expect(second.shelf.kept).toEqual([]);
  });

  test("what is refused says so, stands in nobody's way, and can be sent again or discarded", async () => {
    const { box, server, shelf } = setUp();
    server.refuses = "1";
    box.add(message("1"));
    box.add(message("2"));
    await settled();
    expect(server.got).toEqual(["2"]);
    expect(box.list("c").map((m) => [m.clientId, m.state, m.error])).toContainEqual(["1", "failed", "no"]);
    expect(shelf.kept).toHaveLength(1);
    server.refuses = "";
    box.retry("1");
    await settled();
    expect(server.got).toEqual(["2", "1"]);
    box.add(message("3"));
    box.discard("3");
    expect(box.list("c").some((m) => m.clientId === "3")).toBe(false);
  });

  test("conversations do not wait for one another, and lists change only when something did", async () => {
    const { box, server } = setUp();
    server.refuses = "a1";
    box.add(message("a1", "a"));
    box.add(message("b1", "b"));
    await settled();
    expect(server.got).toEqual(["b1"]);
    const list = box.list("a");
    expect(box.list("a")).toBe(list);
    box.arrived(new Set(["b1"]));
    expect(box.list("b")).toEqual([]);
  });

  test("nothing is sent after the sign-out", async () => {
    const { box, server } = setUp();
    server.up = false;
    box.add(message("1"));
    await settled();
    box.stop();
    server.up = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.got).toEqual([]);
  });
});
