// What the product knows of everybody by itself, as far as a page tells it: each fact once, with where it is known from.

/** Where the value of `language` and of `country` comes from, in words. */
const SOURCES: Readonly<Record<string, string>> = {
  customer: "they said so",
  channel: "their channel says so",
  browser: "their browser says so",
  phone: "by their phone number",
  language: "by their language",
};

/** Counted, or told, where a page says how a contact came and what happened since. */
export const IN_STORY: readonly string[] = ["first_message", "first_message_tag", "message_count", "session_messages", "template_messages", "unresolved_requests"];

export interface Fact {
  name: string;
  value: unknown;
  /** Where it is known from; none if nothing is said about that. */
  source: string | null;
}

/** Facts in the order they come in, without those that are told `elsewhere` and without those that only say where another one is from. */
export function facts(system: Readonly<Record<string, unknown>>, elsewhere: readonly string[] = []): Fact[] {
  return Object.entries(system)
    .filter(([name]) => !elsewhere.includes(name) && !(name.endsWith("_source") && name.slice(0, -"_source".length) in system))
    .map(([name, value]) => {
      const source = system[`${name}_source`];
      return { name, value, source: typeof source === "string" ? (SOURCES[source] ?? source) : null };
    });
}
