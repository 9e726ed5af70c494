import { expect, test } from "vitest";
import { facts, IN_STORY } from "./system.ts";

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
