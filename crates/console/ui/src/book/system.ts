// What the product knows of everybody by itself, as far as a page tells it: each fact once, with where it is known from, and which of them an
// agent can put right.

import type { Attribute } from "./vocabulary.ts";

/** Where the value of `language` and of `country` comes from, in words. */
const SOURCES: Readonly<Record<string, string>> = {
  customer: "they said so",
  told: "a program or an agent says so",
  channel: "their channel says so",
  browser: "their browser says so",
  phone: "by their phone number",
  language: "by their language",
};

/** Counted, or told, where a page says how a contact came and what happened since. */
export const IN_STORY: readonly string[] = ["first_message", "first_message_tag", "message_count", "session_messages", "template_messages", "unresolved_requests"];

/** What can be put right of everybody, each with the type of its field. */
export const TOLD: readonly Attribute[] = (
  [
    ["first_name", "line"],
    ["last_name", "line"],
    ["language", "language"],
    ["country", "country"],
    ["timezone", "timezone"],
  ] as const
).map(([name, type]) => ({ name, type, values: [], says: "", declared: false }));

/** Some fact of a contact; none where an empty text stands for nothing. */
export const factIn = (system: Readonly<Record<string, unknown>>, name: string): unknown => (system[name] === "" ? undefined : system[name]);

export interface Fact {
  name: string;
  value: unknown;
  /** Where it is known from; none if nothing is said about that. */
  source: string | null;
}

/** Facts in the order they come in, without empty ones, those that are told `elsewhere`, and those that only say where another one is from. */
export function facts(system: Readonly<Record<string, unknown>>, elsewhere: readonly string[] = []): Fact[] {
  return Object.entries(system)
    .filter(([name, value]) => value !== "" && !elsewhere.includes(name) && !(name.endsWith("_source") && name.slice(0, -"_source".length) in system))
    .map(([name, value]) => {
      const source = system[`${name}_source`];
      return { name, value, source: typeof source === "string" ? (SOURCES[source] ?? source) : null };
    });
}
