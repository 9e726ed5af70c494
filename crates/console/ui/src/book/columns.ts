// The columns of the contacts' table: which there are, which one chose, how each reads.

import { ago, exactTime, label } from "../logic/words.ts";
import type { Person } from "./types.ts";
import { shownValue } from "./value.ts";
import type { Attribute } from "./vocabulary.ts";

export interface Column {
  id: string;
  title: string;
  width: "short" | "middle" | "long";
  /** What is shown of somebody; empty if nothing is known. */
  text(person: Person, now: number): string;
  /** The exact value, where what is shown is shorter. */
  exact?(person: Person): string;
}

const instant = (id: "first_seen" | "last_seen", title: string): Column => ({
  id,
  title,
  width: "short",
  text: (person, now) => ago(Date.parse(person[id]), now),
  exact: (person) => exactTime(Date.parse(person[id])),
});

const known = (person: Person, name: string, type = ""): string => shownValue(type, person.attributes[name] ?? person.system[name]);

const ALWAYS: readonly Column[] = [
  { id: "status", title: "Status", width: "short", text: (person) => label(person.status) },
  { id: "email", title: "E-mail", width: "long", text: (person) => known(person, "email") },
  { id: "phone", title: "Phone", width: "middle", text: (person) => known(person, "phone") },
  { id: "tags", title: "Tags", width: "long", text: (person) => person.tags.map((t) => t.label).join(", ") },
  { id: "channels", title: "Found on", width: "middle", text: (person) => [...new Set(person.addresses.map((a) => label(a.channel)))].join(", ") },
  instant("last_seen", "Last seen"),
  instant("first_seen", "First seen"),
  { id: "source", title: "Source", width: "short", text: (person) => person.source },
  { id: "language", title: "Language", width: "short", text: (person) => known(person, "language") },
  { id: "country", title: "Country", width: "short", text: (person) => known(person, "country") },
];
export const CHOSEN_FIRST = ["status", "email", "phone", "tags", "last_seen"];

const NUMERIC = ["number", "bool", "date", "enum", "language", "country"];

/** Every column there is: those of everybody, then the bot's own attributes. */
export function columnsOf(declared: readonly Attribute[]): Column[] {
  const taken = new Set(ALWAYS.map((c) => c.id));
  const own = declared.filter((a) => !taken.has(a.name)).map((a): Column => ({ id: a.name, title: label(a.name), width: NUMERIC.includes(a.type) ? "short" : "middle", text: (person) => known(person, a.name, a.type) }));
  return [...ALWAYS, ...own];
}

/** The chosen columns, in the order of all; what is no column any more is left out. */
export function chosen(all: readonly Column[], ids: readonly string[]): Column[] {
  return all.filter((c) => ids.includes(c.id));
}

const keyOf = (agent: string): string => `switchboard-columns ${agent}`;

/** The columns that an agent chose in this browser. */
export function keptColumns(agent: string, storage: Pick<Storage, "getItem"> = localStorage): string[] {
  try {
    const read: unknown = JSON.parse(storage.getItem(keyOf(agent)) ?? "null");
    if (Array.isArray(read) && read.every((id) => typeof id === "string")) return read as string[];
  } catch {
    // What cannot be read is not there.
  }
  return CHOSEN_FIRST;
}

export function keepColumns(agent: string, ids: readonly string[], storage: Pick<Storage, "setItem"> = localStorage): void {
  try {
    storage.setItem(keyOf(agent), JSON.stringify(ids));
  } catch {
    // A browser without storage keeps nothing.
  }
}
