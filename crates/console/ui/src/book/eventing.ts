// The rules of the import wizard for a file of events: what its columns can be, what is still to be said, what the server is told.

import { fold, label } from "../logic/words.ts";
import { chosenOf } from "./importing.ts";
import type { Import, ImportOptions } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The longest name of a property, in characters. */
export const NAME = 64;
/** Types of attributes whose values can name one contact each. */
const NAMES_PEOPLE = ["text", "number", "date", "datetime", "phone", "email", "url"];
const WHOSE = ["contact", "id", "external", "email", "phone"];

/** The bot's own attributes that can tell whose an event is. */
const tellers = (vocabulary: Vocabulary): string[] => vocabulary.attributes.filter((a) => a.declared && NAMES_PEOPLE.includes(a.type) && !WHOSE.includes(a.name)).map((a) => a.name);

/** Everything that can tell whose an event is, of what was chosen for the columns. */
export const keysOf = (chosen: readonly string[], vocabulary: Vocabulary): string[] => [...WHOSE, ...tellers(vocabulary)].filter((key) => chosen.includes(key));

/** What a column can be besides a property, in groups. */
export function eventFieldsOf(vocabulary: Vocabulary): { title: string; fields: { field: string; says: string }[] }[] {
  return [
    {
      title: "Whose event it is",
      fields: [
        { field: "contact", says: "The contact" },
        { field: "external", says: "Id in another system" },
        { field: "email", says: "E-mail" },
        { field: "phone", says: "Phone" },
        { field: "id", says: "Contact’s own id (con_…)" },
      ],
    },
    {
      title: "The event",
      fields: [
        { field: "event", says: "Event name" },
        { field: "at", says: "When it happened" },
        { field: "event_id", says: "Id of the event" },
      ],
    },
    {
      title: "Attributes that tell whose it is",
      fields: tellers(vocabulary).map((name) => ({ field: name, says: label(name) })),
    },
  ].filter((group) => group.fields.length > 0);
}

/** The types a property can be said to have; without one it is as it is found. */
export const TYPES: readonly [string, string][] = [
  ["", "as found"],
  ["text", "text"],
  ["number", "number"],
  ["bool", "yes or no"],
  ["date", "day"],
  ["datetime", "day and time"],
  ["list", "list"],
  ["money", "money"],
];

export interface Property {
  name: string;
  /** One of {@link TYPES}. */
  type: string;
}

/** The property that a column is; none if it is something else. */
export function propertyOf(field: string): Property | null {
  if (!field.startsWith("fields.")) return null;
  const told = field.slice("fields.".length);
  const at = told.lastIndexOf(":");
  const type = at < 0 ? "" : told.slice(at + 1);
  return at >= 0 && TYPES.some(([known]) => known !== "" && known === type) ? { name: told.slice(0, at), type } : { name: told, type: "" };
}

export const fieldOf = ({ name, type }: Property): string => `fields.${name}${type === "" ? "" : `:${type}`}`;

/** What a property is called after its column, as the server names it; empty if nothing of it can stand in such a name. */
export const propertyName = (column: string): string => fold(column).replace(/[^a-z0-9]+/gu, "_").replace(/^[_0-9]+|_+$/gu, "").slice(0, NAME);

/** Whether a column is no property, or one that can be called so. */
const isNamed = (field: string): boolean => /^[A-Za-z][A-Za-z0-9_]*$/u.test(propertyOf(field)?.name ?? "none");

/** What the server still has to be told before the file can be checked. */
export function lacks(columns: Import["columns"], vocabulary: Vocabulary, options: ImportOptions): string[] {
  const chosen = chosenOf(columns, options);
  return [
    ...(keysOf(chosen, vocabulary).length > 0 ? [] : ["which column says whose event it is"]),
    ...(chosen.includes("event") || (options.event ?? "").trim() !== "" ? [] : ["which event it is"]),
    ...(chosen.includes("at") || options.now === true ? [] : ["when it happened"]),
    ...(chosen.some((field) => !isNamed(field)) ? ["what each property is called, in letters from a to z, digits and _"] : []),
  ];
}

/** What the server is told: nothing that is said of files of the other kind, or that a column says already. */
export function toldOf(one: Pick<Import, "kind" | "columns">, options: ImportOptions): Partial<ImportOptions> {
  const { event, now, zone, unknown, start, mode, blanks, tags, list, members, ...both } = options;
  if (one.kind === "contacts") return { ...both, mode, blanks, tags, ...(list == null ? {} : { list, members: members === true }) };
  const chosen = chosenOf(one.columns, options);
  const named = (event ?? "").trim();
  return {
    ...both,
    again: both.again && now === true && !chosen.includes("at"),
    ...(chosen.includes("event") || named === "" ? {} : { event: named }),
    ...(chosen.includes("at") || now !== true ? {} : { now }),
    ...(zone == null || zone === "" ? {} : { zone }),
    ...(unknown == null ? {} : { unknown }),
    ...(start === true ? { start } : {}),
  };
}
