import { expect, test } from "vitest";
import { fieldsOf, keptOptions, lasting, paceOf, stepOf, USUAL } from "./importing.ts";
import { NOTHING } from "./vocabulary.ts";

test("a choice is kept whole; what is broken is none", () => {
  const options = { ...USUAL, map: { Mail: "email" }, key: "email", mode: "create" as const, tags: ["spring"], dates: "dmy" as const };
  expect(keptOptions(JSON.stringify(options))).toEqual(options);
  for (const broken of ["", "null", "3", "{", '{"map":null,"tags":[]}', '{"map":{}}']) expect(keptOptions(broken), broken).toBe(null);
});

test("columns can be what the bot declares, each once", () => {
  const declared = ["email", "plan"].map((name) => ({ name, type: "text", values: [], says: "", declared: true }));
  const fields = fieldsOf({ ...NOTHING, attributes: [...declared, { name: "last_seen", type: "datetime", values: [], says: "", declared: false }] }).flatMap((g) => g.fields.map((f) => f.field));
  expect(fields.filter((f) => f === "email")).toEqual(["email"]);
  expect(fields).toContain("plan");
  expect(fields).not.toContain("last_seen");
});

test("the pace is told once there is one", () => {
  const at = (ms: number, read: number, rows: number) => ({ at: ms, read, rows });
  expect(paceOf(null, at(0, 0, 0), 100)).toEqual({ part: 0, rowsPerSecond: null, secondsLeft: null });
  expect(paceOf(at(0, 0, 0), at(500, 50, 5), 100).secondsLeft).toBe(null);
  expect(paceOf(at(0, 0, 0), at(2_000, 50, 500), 100)).toEqual({ part: 0.5, rowsPerSecond: 250, secondsLeft: 2 });
  expect(paceOf(at(0, 10, 0), at(9_000, 10, 0), 100).secondsLeft).toBe(null);
  expect(paceOf(at(0, 0, 0), at(2_000, 0, 0), 0).part).toBe(1);
});

test("every state is a step", () => {
  expect((["uploaded", "asks", "checking", "checked", "running", "done", "undone"] as const).map(stepOf)).toEqual([2, 2, 3, 3, 4, 4, 4]);
  expect([0, 59, 60, 61, 3_600, 7_261].map(lasting)).toEqual(["1 s", "59 s", "1 min", "2 min", "1 h 0 min", "2 h 2 min"]);
});
