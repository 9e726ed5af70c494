// What the product knows of everybody by itself, as far as a page tells it: each fact once, with where it is known from, and which of them an
// agent can put right.

import type { Person } from "./types.ts";
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

/** Statuses that are not chosen from a list: consent says the one, blocking the other. */
const BY_THEMSELVES: readonly string[] = ["unsubscribed", "blocked"];

/**
 * What can be put right of a contact who has this status, where a bot has these. The status is among it if the bot has one of its own, or
 * they have one that it had, unless they refused or are blocked: that is taken back where it was said.
 */
export function toldOf(status: string, statuses: readonly string[]): readonly Attribute[] {
  const values = statuses.filter((s) => !BY_THEMSELVES.includes(s));
  if (BY_THEMSELVES.includes(status) || values.every((s) => s === "active" && s === status)) return TOLD;
  return [{ name: "status", type: "status", values, says: "", declared: false }, ...TOLD];
}

/** What is known of a contact by itself: the status is among it where it can be put right. */
export function known({ system, status }: Pick<Person, "system" | "status">, statuses: readonly string[]): Readonly<Record<string, unknown>> {
  return toldOf(status, statuses).some(({ name }) => name === "status") ? { ...system, status } : system;
}

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
