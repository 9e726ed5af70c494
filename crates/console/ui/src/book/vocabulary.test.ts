import { expect, test } from "vitest";
import type { Picture } from "../flows/types.ts";
import type { Asked } from "./types.ts";
import { attributesOf, startsOf, wordsOf } from "./vocabulary.ts";

test("skills that begin at a segment's border are known", () => {
  const skill = (name: string, catches: string[]) => ({ name, title: name, built_in: false, guarded: false, catches, blocks: [] });
  const picture: Picture = { bot: "b", version: "1", skills: [skill("welcome", ["segment vip entered (only for plan = gold)", "command /vip"]), skill("bye", ["segment vip left"])], links: [] };
  expect(startsOf(picture)).toEqual([
    { segment: "vip", how: "entered", skill: "welcome" },
    { segment: "vip", how: "left", skill: "bye" },
  ]);
  expect(startsOf(null)).toEqual([]);
});

test("attributes are the bot's own, then those that every contact has, most asked about first", () => {
  const word = (name: string, kind: "custom" | "computed" | "system", type: string | null, more = {}) => ({ name, kind, type, writable: kind === "custom", ...more });
  const words: Asked = {
    attributes: [word("plan", "custom", "enum", { values: ["free", "gold"] }), word("age", "computed", null), word("contact_id", "system", "text", { says: "the contact's own id" }), word("country", "system", "country"), word("language", "system", "language"), word("source", "system", "text")],
    events: [{ name: "purchase", fields: ["total"] }],
    channels: [{ name: "web", kind: "web" }],
    statuses: [],
    languages: ["en", "pt-BR"],
    countries: ["ES"],
    skills: [],
    topics: [],
    sources: ["fair"],
  };
  const found = attributesOf(words);
  expect(found.map((a) => a.name)).toEqual(["plan", "age", "language", "country", "source", "contact_id"]);
  expect(found.map((a) => a.values)).toEqual([["free", "gold"], [], ["en", "pt-BR"], ["ES"], ["fair"], []]);
  expect(found.map((a) => a.declared)).toEqual([true, false, false, false, false, false]);
  expect(found[1]).toMatchObject({ type: "", says: "computed" });
  expect(wordsOf(words)).toMatchObject({ events: ["purchase"], channels: ["web"] });
});
