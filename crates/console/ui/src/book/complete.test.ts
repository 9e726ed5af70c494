import { describe, expect, test } from "vitest";
import { complete, take, unitsOf } from "./complete.ts";
import { tokens } from "./expects.ts";
import type { Vocabulary } from "./vocabulary.ts";

const VOCABULARY: Vocabulary = {
  attributes: [
    { name: "plan", type: "enum", values: ["free", "gold", "Gold plus"], says: "", declared: true },
    { name: "orders", type: "number", values: [], says: "", declared: true },
    { name: "last_order", type: "date", values: [], says: "", declared: true },
    { name: "city", type: "text", values: [], says: "where they live", declared: true },
    { name: "vip", type: "bool", values: [], says: "", declared: true },
    { name: "status", type: "status", values: [], says: "the contact's stage", declared: true },
    { name: "interests", type: "list", values: [], says: "", declared: true },
  ],
  segments: [{ key: "vip-customers", name: "VIP customers", list: false }, { key: "quiet", name: "Gone quiet", list: false }],
  tags: ["helped", "order help", "größe"],
  events: ["purchase", "visit"],
  channels: ["web", "telegram"],
  topics: ["news"],
  skills: ["order-help"],
  statuses: ["active", "blocked"],
  starts: [],
};

/** Labels offered where `|` stands. */
function at(marked: string): string[] {
  const cursor = marked.indexOf("|");
  return complete(marked.replace("|", ""), cursor, VOCABULARY).items.map((i) => i.label);
}

/** The text after the first offer was taken. */
function taken(marked: string): string {
  const cursor = marked.indexOf("|");
  const text = marked.replace("|", "");
  const completion = complete(text, cursor, VOCABULARY);
  const first = completion.items[0];
  if (first === undefined) return "nothing is offered";
  const done = take(text, completion, first);
  return `${done.text.slice(0, done.cursor)}|${done.text.slice(done.cursor)}`;
}

describe("what is offered", () => {
  test("names, facts and figures where a condition begins", () => {
    for (const begin of ["|", "not |", "(|", "vip and |", "orders > 3 or |", "orders > 3 and (has tag helped or |"]) {
      const offered = at(begin);
      for (const one of ["plan", "in segment", "has tag", "count"]) expect(offered, begin).toContain(one);
      expect(offered, begin).not.toContain("and");
    }
  });

  test("what was begun comes first; the words about a name are looked into as well", () => {
    expect(at("or|")[0]).toBe("orders");
    expect(at("live|")).toEqual(["city"]);
    expect(at("ORD|")[0]).toBe("orders");
    expect(at("xyz|")).toEqual([]);
  });

  test("tests fit the type", () => {
    expect(at("orders |")).toEqual(expect.arrayContaining([">=", "between", "is set"]));
    expect(at("orders |")).not.toContain("contains");
    expect(at("city |")).toEqual(expect.arrayContaining(["contains", "starts with"]));
    expect(at("last_order |")).toEqual(expect.arrayContaining(["within", "older than"]));
    expect(at("vip |")).toEqual(expect.arrayContaining(["and", "or"]));
    expect(at("interests |")[0]).toBe("contains");
  });

  test("values of the attribute that is asked", () => {
    expect(at("plan = |")).toEqual(["free", "gold", "Gold plus"]);
    expect(at("plan in [free, |")).toEqual(["free", "gold", "Gold plus"]);
    expect(at("plan is |")).toContain("gold");
    expect(at("plan is not go|")[0]).toBe("gold");
    expect(at("status != |")).toEqual(["active", "blocked"]);
    expect(at("contact.plan = |")).toEqual(["free", "gold", "Gold plus"]);
    expect(at("orders = |")).toEqual([]);
  });

  test("names of segments, tags, channels, topics, skills and events", () => {
    expect(at("in |")).toEqual(["segment"]);
    expect(at("in segment |")).toEqual(["vip-customers", "quiet"]);
    expect(at("in segment gone|")).toEqual(["quiet"]);
    expect(at("has |")).toEqual(["tag", "any", "all", "channel", "consent"]);
    expect(at("has tag he|")).toEqual(["helped", "order help"]);
    expect(at("has any tag [helped, |")).toContain("größe");
    expect(at('has tag "order|')).toEqual(["order help"]);
    expect(at("has channel |")).toEqual(["web", "telegram"]);
    expect(at("reachable on |")).toEqual(["web", "telegram"]);
    expect(at("has consent |")).toEqual(["news"]);
    expect(at("ran skill |")).toEqual(["order-help"]);
    expect(at("count(|")).toEqual(["purchase", "visit"]);
    expect(at("sequence(visit then no |")).toEqual(["purchase", "visit"]);
  });

  test("figures of events: filters, windows, then a comparison", () => {
    expect(at("count(purchase |")).toEqual(expect.arrayContaining(["where", ")"]));
    expect(at("count(purchase, |")).toContain("last 30 days");
    expect(at("count(purchase, last |")).toContain("30 days");
    expect(at("count(purchase, last 30 |")).toContain("days");
    expect(at("count(purchase, last 30 days) |")).toContain(">=");
    expect(at("count(purchase where total > 3 and |")).toContain("contact.plan");
    expect(at("last(purchase) |")).toContain("within");
    expect(at("sequence(visit |")).toContain("then");
    expect(at("sequence(visit then purchase |")).toContain("within");
  });

  test("joints after a whole condition, and what closes it", () => {
    expect(at("has tag helped |")).toEqual(["and", "or"]);
    expect(at("(orders > 3 |")).toEqual(["and", "or", ")"]);
    expect(at("orders between 1 |")).toEqual(["and"]);
    expect(at("last_order within 7 days |")).toEqual(["and", "or"]);
    expect(at("last_order is this |")).toContain("month");
  });

  test("nothing inside texts and patterns, and nothing is thrown whatever is written", () => {
    expect(at('city = "ma|')).toEqual([]);
    expect(at("city matches /^m|")).toEqual([]);
    const pieces = ["plan", "=", "(", ")", "[", "]", ",", "in", "segment", "has", "tag", "count(", "sequence(", "then", "within", "3", "days", '"x', "not", "is", ".", "|", "-", "é", "🙂"];
    // Every pair and many triples, in an order that is always the same.
    for (const [n, a] of pieces.entries()) {
      for (const [m, b] of pieces.entries()) {
        const text = `${a} ${b} ${pieces[(n * 7 + m * 3) % pieces.length] ?? ""}`;
        for (const t of [text, `${text} `, `x and ${text}`]) expect(complete(t, t.length, VOCABULARY).items.length).toBeLessThanOrEqual(50);
      }
    }
  });
});

test("an offer takes the place of what was begun, in quotes where it needs them", () => {
  expect(taken("pl|")).toBe("plan |");
  expect(taken("vip and pl| = gold")).toBe("vip and plan| = gold");
  expect(taken("has tag ord|")).toBe('has tag "order help" |');
  expect(taken('has tag "ord|')).toBe('has tag "order help" |');
  expect(taken("has tag gr|")).toBe("has tag größe |");
  expect(taken("plan = gold_|")).toBe("nothing is offered");
  expect(taken("plan = Gold |")).toBe("plan = Gold and |");
  expect(taken("cou|")).toBe("count(|");
});

test("tokens keep their places", () => {
  expect(tokens(" a-b >= 12.5 'x").map((t) => [t.kind, t.text, t.start, t.end])).toEqual([
    ["word", "a-b", 1, 4],
    ["symbol", ">=", 5, 7],
    ["number", "12.5", 8, 12],
    ["open text", "x", 13, 15],
  ]);
});

test("places in characters become places in units", () => {
  expect([unitsOf("🙂é = 3", 0), unitsOf("🙂é = 3", 1), unitsOf("🙂é = 3", 4), unitsOf("ab", 9)]).toEqual([0, 2, 5, 2]);
});
