import { expect, test } from "vitest";
import { eventFieldsOf, fieldOf, lacks, propertyName, propertyOf, toldOf } from "./eventing.ts";
import { USUAL } from "./importing.ts";
import { NOTHING } from "./vocabulary.ts";

const column = (name: string, field: string): { name: string; field: string; sample: string[] } => ({ name, field, sample: [] });
const vocabulary = { ...NOTHING, attributes: ["email", "card"].map((name) => ({ name, type: "text", values: [], says: "", declared: true })) };

test("a property is its name and perhaps its type", () => {
  for (const [field, property] of [
    ["fields.total", { name: "total", type: "" }],
    ["fields.total:money", { name: "total", type: "money" }],
    ["fields.a:b", { name: "a:b", type: "" }],
    ["fields.", { name: "", type: "" }],
  ] as const) {
    expect(propertyOf(field)).toEqual(property);
    expect(fieldOf(property)).toBe(field);
  }
  expect(propertyOf("event")).toBe(null);
  expect([propertyName(" Order total (€) "), propertyName("合計"), propertyName("--")]).toEqual(["order_total", "", ""]);
});

test("each column can be one thing, an attribute only where it is no key already", () => {
  const fields = eventFieldsOf(vocabulary).flatMap((g) => g.fields.map((f) => f.field));
  expect(new Set(fields).size).toBe(fields.length);
  expect(fields).toContain("card");
});

test("what is still to be said is told until it is", () => {
  const columns = [column("who", "fields.who"), column("what", "fields.what"), column("when", "fields.when")];
  expect(lacks(columns, vocabulary, USUAL)).toHaveLength(3);
  expect(lacks(columns, vocabulary, { ...USUAL, map: { who: "card", what: "event", when: "at" } })).toEqual([]);
  expect(lacks(columns, vocabulary, { ...USUAL, map: { who: "contact" }, event: "purchase", now: true })).toEqual([]);
  expect(lacks(columns, vocabulary, { ...USUAL, map: { who: "contact", what: "fields." }, event: " ", now: true })).toEqual(["which event it is", "what each property is called, in letters from a to z, digits and _"]);
});

test("the server is told what fits the kind of file, and nothing that a column says", () => {
  const options = { ...USUAL, map: { who: "email" }, tags: ["spring"], event: " purchase ", now: true, again: true, zone: "Europe/Berlin", unknown: "create" as const, start: true, list: "panel" };
  const columns = [column("who", "email"), column("total", "fields.total")];
  expect(toldOf({ kind: "events", columns }, options)).toEqual({ map: { who: "email" }, again: true, event: "purchase", now: true, zone: "Europe/Berlin", unknown: "create", start: true });
  expect(toldOf({ kind: "events", columns: [...columns, column("what", "event"), column("when", "at")] }, options)).toEqual({ map: { who: "email" }, again: false, zone: "Europe/Berlin", unknown: "create", start: true });
  expect(toldOf({ kind: "contacts", columns }, options)).toEqual({ map: { who: "email" }, mode: "upsert", blanks: "keep", tags: ["spring"], again: true, list: "panel", members: false });
});
