import { expect, test } from "vitest";
import { moves, question, standing, title, wanted, type Action } from "./bulk.ts";
import type { BulkJob } from "./types.ts";
import type { Attribute } from "./vocabulary.ts";

const orders: Attribute = { name: "open_orders", type: "number", values: [], says: "", declared: true };
const list = { key: "panel", name: "Tasting panel" };

test("what is chosen is what the server is told", () => {
  const told: [Action, unknown][] = [
    [{ does: "tag", tag: "vip" }, { tag: ["vip"] }],
    [{ does: "untag", tag: "vip" }, { untag: ["vip"] }],
    [{ does: "set", attribute: orders, text: " 12 " }, { set: { open_orders: 12 } }],
    [{ does: "set", attribute: orders, text: "" }, { set: { open_orders: null } }],
    [{ does: "add", list }, { add_to: ["panel"] }],
    [{ does: "remove", list }, { remove_from: ["panel"] }],
  ];
  for (const [action, json] of told) expect(wanted(action)).toEqual(json);
});

test("the question names how many, and is grave where something is taken away", () => {
  expect(question({ does: "tag", tag: "vip" }, 1)).toMatchObject({ confirm: "Tag 1 person", grave: false });
  expect(question({ does: "set", attribute: orders, text: "" }, 2_000)).toEqual({ asks: "“Open orders” is emptied for 2,000 people.", confirm: "Empty it for 2,000 people", grave: true });
  expect(question({ does: "set", attribute: orders, text: "3" }, 2).asks).toBe("“Open orders” becomes “3” for 2 people, whatever it was.");
  expect(question({ does: "remove", list }, 3).grave).toBe(true);
  expect(title({ does: "set", attribute: orders, text: "3" })).toBe("Set “Open orders”");
});

test("how it stands", () => {
  const job: BulkJob = { id: "b", kind: "change", where: "plan = gold", by: { kind: "agent", name: "Ana" }, stage: "changing", why: null, found: 2_000, done: 1, failed: 0, at: "", ended: null };
  expect(standing(job)).toBe("1 of 2,000 people changed");
  expect(standing({ ...job, stage: "done", done: 1_998, failed: 2 })).toBe("Done: 1,998 people changed, 2 could not be");
  expect(standing({ ...job, stage: "failed", why: "no such list" })).toBe("no such list");
  expect(standing({ ...job, kind: "erase", stage: "erasing", done: 7 })).toBe("7 of 2,000 people erased");
  expect([moves(job), moves({ ...job, stage: "erasing" }), moves({ ...job, stage: "done" })]).toEqual([true, true, false]);
});
