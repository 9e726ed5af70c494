import { expect, test } from "vitest";
import { facts, IN_STORY, known, TOLD, toldOf } from "./system.ts";

test("where a fact is from stands beside it, and what is told elsewhere is not told twice", () => {
  const system = { language: "es", language_source: "browser", country: "ES", country_source: "an oracle", lost_source: "kept", last_name: "", message_count: 4, timezone: "UTC" };
  expect(facts(system, IN_STORY)).toEqual([
    { name: "language", value: "es", source: "their browser says so" },
    { name: "country", value: "ES", source: "an oracle" },
    { name: "lost_source", value: "kept", source: null },
    { name: "timezone", value: "UTC", source: null },
  ]);
  expect(facts(system).map((f) => f.name)).toContain("message_count");
});

test("a status of the bot's own is put right where nobody refused and nobody is blocked", () => {
  const statuses = ["active", "unsubscribed", "blocked", "lead"];
  for (const status of ["active", "lead"]) {
    expect(toldOf(status, statuses)[0]).toMatchObject({ name: "status", type: "status", values: ["active", "lead"] });
    expect(known({ system: { country: "ES" }, status }, statuses)).toEqual({ country: "ES", status });
  }
  for (const [status, has] of [
    ["unsubscribed", statuses],
    ["blocked", statuses],
    ["active", ["active", "unsubscribed", "blocked"]],
  ] as const) {
    expect(toldOf(status, has)).toEqual(TOLD);
    expect(known({ system: { country: "ES" }, status }, has)).toEqual({ country: "ES" });
  }
  // The bot had it once: they can be made active again.
  expect(toldOf("lead", ["active", "unsubscribed", "blocked"])[0]?.values).toEqual(["active"]);
});
