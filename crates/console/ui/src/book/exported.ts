// The columns that a file of contacts may have, by the names that the server knows them by.

import type { Attribute } from "./vocabulary.ts";

/** Those of everybody, in the order of the file. */
const FIRST = ["id", "external", "email", "phone", "first_name", "last_name", "username"];
const LAST = ["tags", "status", "source", "language", "country", "timezone", "first_seen", "last_seen"];

/** Every column there is: names first, then the bot's own attributes, then the rest. */
export function exportColumns(attributes: readonly Attribute[]): string[] {
  const own = attributes.filter((a) => a.declared).map((a) => a.name);
  return [...new Set([...FIRST, ...own, ...LAST])];
}
