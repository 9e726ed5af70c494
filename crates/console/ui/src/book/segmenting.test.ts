import { expect, test } from "vitest";
import { begun, changeOf, differs, isFilled, keptForm, NEW, wholeRule } from "./segmenting.ts";
import type { Segment } from "./types.ts";

const form = { ...NEW, name: " Big spenders ", where: " orders >= 9 ", exclude: ["strangers"] };

test("a new rule is told with what was filled in, a list without a rule", () => {
  expect(changeOf(form, true)).toEqual({ name: "Big spenders", description: null, where: "orders >= 9", exclude: ["strangers"], verified: false });
  expect(changeOf({ ...form, key: "big", kind: "list", description: "x" }, true)).toEqual({ key: "big", name: "Big spenders", description: "x", static: true, exclude: ["strangers"], verified: false });
});

test("a change tells everything but what cannot change", () => {
  expect(changeOf({ ...form, key: "big" }, false)).not.toHaveProperty("key");
  expect(changeOf({ ...form, kind: "list" }, false)).toEqual({ name: "Big spenders", description: null, exclude: ["strangers"], verified: false });
});

test("whom it leaves out is a part of the count", () => {
  expect(wholeRule(form)).toBe("(orders >= 9) and not in segment strangers");
  expect(wholeRule({ ...form, exclude: [] })).toBeNull();
  expect(wholeRule({ ...form, kind: "list" })).toBeNull();
});

test("what was being written comes back; a rule that one comes with counts more", () => {
  const kept = JSON.stringify(form);
  expect(keptForm(kept, NEW, "")).toEqual(form);
  expect(keptForm(JSON.stringify({ ...form, kind: "list" }), NEW, "plan = gold")).toMatchObject({ kind: "rule", where: "plan = gold", name: " Big spenders " });
  for (const bad of ["", "{", "null", "7"]) expect(keptForm(bad, NEW, "")).toEqual(NEW);
  expect(keptForm(JSON.stringify({ name: 7, exclude: [1, "a"] }), NEW, "")).toEqual({ ...NEW, exclude: ["a"] });
});

test("a form is filled when it has a name and a rule, and differs when something would be lost", () => {
  expect([isFilled(NEW), isFilled(form), isFilled({ ...NEW, name: "a", kind: "list" })]).toEqual([false, true, true]);
  const segment = { key: "vip", name: "VIP", description: null, where: "plan = gold", static: false, exclude: [], verified: false } as unknown as Segment;
  expect(differs(begun(segment), begun(segment))).toBe(false);
  expect(differs({ ...begun(segment), verified: true }, begun(segment))).toBe(true);
});
