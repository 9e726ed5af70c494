import { expect, test } from "vitest";
import { chosen, CHOSEN_FIRST, columnsOf, keepColumns, keptColumns } from "./columns.ts";
import type { Person } from "./types.ts";

const ANA: Person = {
  id: "con_1",
  name: "Ana",
  status: "active",
  source: "import",
  first_seen: "2026-03-01T10:00:00Z",
  last_seen: "2026-03-02T09:00:00Z",
  attributes: { plan: "gold", balance: { amount: "12.50", currency: "EUR" } },
  system: { email: "ana@x.example" },
  tags: [{ label: "vip", since: "2026-03-01T10:00:00Z", why: "manual" }, { label: "tea", since: "2026-03-01T10:00:00Z", why: "manual" }],
  addresses: [{ channel: "web", id: "1", reachable: true }, { channel: "web", id: "2", reachable: true }],
  state: "closed",
  identifiers: [],
  first_message: null,
  counters: { messages: 0, session_messages: 0, template_messages: 0, unresolved_requests: 0 },
};
const now = Date.parse("2026-03-02T10:00:00Z");

test("every column reads as a person would say it, and what is not known is empty", () => {
  const all = columnsOf([{ name: "plan", type: "enum", values: [], says: "", declared: true }, { name: "balance", type: "money", values: [], says: "", declared: true }, { name: "email", type: "email", values: [], says: "", declared: true }]);
  const shown = Object.fromEntries(all.map((c) => [c.id, c.text(ANA, now)]));
  expect(shown).toEqual({ status: "Active", email: "ana@x.example", phone: "", tags: "vip, tea", channels: "Web", last_seen: "1 h", first_seen: "1 d", source: "import", language: "", country: "", plan: "gold", balance: "12.50 EUR" });
});

test("a choice is kept for each agent; what is broken or gone is left out", () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text) };
  expect(keptColumns("a", storage)).toEqual(CHOSEN_FIRST);
  keepColumns("a", ["plan", "gone", "status"], storage);
  expect(keptColumns("b", storage)).toEqual(CHOSEN_FIRST);
  expect(chosen(columnsOf([{ name: "plan", type: "enum", values: [], says: "", declared: true }]), keptColumns("a", storage)).map((c) => c.id)).toEqual(["status", "plan"]);
  kept.set("switchboard-columns a", "{not json");
  expect(keptColumns("a", storage)).toEqual(CHOSEN_FIRST);
});
