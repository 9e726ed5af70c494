import { expect, test } from "vitest";
import { didSomething, fieldsOf, keptOptions, lasting, moving, paceOf, plainly, SAID, standingOf, stepOf, takenOver, tallyOf, USUAL, whatStays, type Standing } from "./importing.ts";
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

test("what went wrong is told apart by what was going on, and by whether a row was taken over", () => {
  const of = (state: "failed" | "stopped", dry: boolean, row: number, began: string | null = null): Standing => standingOf({ state, dry, row, began });
  expect([of("failed", true, 0), of("failed", true, 12), of("stopped", true, 12)]).toEqual(["check failed", "check failed", "check stopped"]);
  expect([of("failed", false, 0), of("stopped", false, 0)]).toEqual(["not begun", "not begun"]);
  expect([of("failed", false, 12), of("stopped", false, 12)]).toEqual(["interrupted", "stopped"]);
  const began = "2026-03-02T09:00:00Z";
  expect([of("failed", true, 0, began), of("failed", false, 0, began), of("stopped", false, 0, began)]).toEqual(["check failed", "interrupted", "stopped"]);
  const counts = { created: 2, updated: 1, unchanged: 4, failed: 0, removed: 0, restored: 0, kept: 0, recorded: 0, made: 0, withdrawn: 0 };
  const none = { ...counts, created: 0, updated: 0 };
  const did = (row: number, at: string | null): boolean => didSomething({ state: "failed", dry: false, row, began: at, counts: none });
  expect([did(0, null), did(0, began), did(12, began)]).toEqual([false, true, true]);
  expect([takenOver({ counts, dry: false }), takenOver({ counts, dry: true })]).toEqual([3, 0]);
});

test("who forgets an import is told what stays of it", () => {
  const counts = { created: 2, updated: 0, unchanged: 4, failed: 0, removed: 0, restored: 0, kept: 0, recorded: 0, made: 0, withdrawn: 0 };
  const of = (state: "checked" | "done" | "undone", dry: boolean): string => whatStays({ kind: "contacts", state, dry, row: 6, began: null, counts });
  expect(of("done", false)).toMatch(/stays, and cannot be taken back/u);
  expect(of("undone", false)).toBe("It was taken back already.");
  expect(of("checked", true)).toBe("It changed no contact.");
  const events = { ...counts, created: 0, recorded: 2 };
  expect(whatStays({ kind: "events", state: "done", dry: false, row: 6, began: null, counts: events })).toMatch(/^The events it recorded stay/u);
  expect(whatStays({ kind: "events", state: "checked", dry: true, row: 6, began: null, counts: events })).toBe("It recorded nothing.");
});

test("rows are told by what became of them, contacts beside events only where there are any", () => {
  const counts = { created: 0, updated: 0, unchanged: 1, failed: 2, removed: 0, restored: 0, kept: 0, recorded: 3, made: 0, withdrawn: 0 };
  const of = (more: Partial<typeof counts>, dry: boolean, state: "done" | "undone"): (number | string)[][] => tallyOf({ kind: "events", counts: { ...counts, ...more }, dry, state });
  expect(of({}, true, "done")).toEqual([[3, "would be recorded"], [1, "are recorded already"], [2, "have errors and would be left out"]]);
  expect(of({ made: 2 }, false, "done").at(-1)).toEqual([2, "new contacts"]);
  expect(of({ withdrawn: 3, kept: 1 }, false, "undone")).toEqual([[3, "events taken out again"], [1, "contacts left as they are: something else happened to them since"]]);
  expect(tallyOf({ kind: "contacts", counts, dry: false, state: "undone" }).map(([, says]) => says)[1]).toBe("as they were before");
});

test("what is wrong is told without flags of the command line", () => {
  expect(plainly('"03/04/1990" can be read in two ways: say --dates dmy if the day comes first, --dates mdy if the month does')).toBe('"03/04/1990" can be read in two ways');
  expect(plainly('the columns "a" and "b" are both email; leave one out: --map "b"=-')).toBe('the columns "a" and "b" are both email; leave one out');
  expect(plainly("no column says what happened; name one with --map COLUMN=event, or another")).toBe("no column says what happened");
  expect(plainly('"--" is not a number: it has no digit')).toBe('"--" is not a number: it has no digit');
});

test("every standing is a step", () => {
  const steps = Object.fromEntries((Object.keys(SAID) as Standing[]).map((standing) => [standing, stepOf(standing)]));
  expect(steps).toEqual({ file: 2, question: 2, checking: 3, checked: 3, "check stopped": 3, "check failed": 3, running: 4, "not begun": 4, interrupted: 4, stopped: 4, done: 4, undoing: 4, undone: 4 });
  expect((Object.keys(SAID) as Standing[]).filter(moving)).toEqual(["checking", "running", "undoing"]);
  expect([0, 59, 60, 61, 3_600, 7_261].map(lasting)).toEqual(["1 s", "59 s", "1 min", "2 min", "1 h 0 min", "2 h 2 min"]);
});
