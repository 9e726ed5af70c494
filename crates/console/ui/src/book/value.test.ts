import { expect, test } from "vitest";
import { inputFor, said, shownValue, written } from "./value.ts";

test("what a field shows is read back as the same value", () => {
  const values: [string, unknown][] = [
    ["text", "two\nlines "],
    ["number", 12.5],
    ["number", -3],
    ["number", "1234567890123456789.25"],
    ["bool", true],
    ["bool", false],
    ["date", "2026-03-02"],
    ["datetime", "2026-03-02T10:05:00.000Z"],
    ["enum", "gold"],
    ["list", ["tea", "a, b"]],
    ["email", "ana@x.example"],
    ["phone", "+34600100200"],
    ["country", "ES"],
  ];
  for (const [type, value] of values) expect(said(type, written(type, value)), type).toEqual(value);
  expect(written("money", { amount: "12.50", currency: "EUR" })).toBe("12.50 EUR");
});

test("an empty field takes the value away", () => {
  for (const type of ["text", "number", "bool", "date", "datetime", "list", "money"]) expect(said(type, " \n "), type).toBe(null);
  expect(written("text", undefined)).toBe("");
});

test("what cannot be read is sent as it was typed: the server says what is wrong with it", () => {
  expect(said("number", "1,5")).toBe("1,5");
  expect(said("number", "007")).toBe("007");
  expect(said("datetime", "yesterday-ish")).toBe("yesterday-ish");
});

test("a day is that day in every zone", () => {
  expect(shownValue("date", "2026-03-02")).toMatch(/2/u);
  expect(shownValue("date", "2026-03-02")).toMatch(/2026/u);
  expect(shownValue("date", "no day")).toBe("no day");
  expect(shownValue("list", ["a", "b"])).toBe("a, b");
});

test("every declared type has a field", () => {
  for (const type of ["text", "number", "bool", "date", "datetime", "enum", "list", "money", "phone", "email", "url", "language", "country"]) {
    const field = inputFor({ name: "x", type, values: ["a"], says: "", declared: true });
    expect(field.tag === "select" ? field.options.length : 1, type).toBeGreaterThan(0);
  }
});

test("a status is one of the bot's, always", () => {
  const field = inputFor({ name: "status", type: "status", values: ["active", "call_back"], says: "", declared: false });
  expect(field).toMatchObject({ tag: "select", always: true, options: [{ value: "active", says: "Active" }, { value: "call_back", says: "Call back" }] });
  expect(shownValue("status", "call_back")).toBe("Call back");
});
