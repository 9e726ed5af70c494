// The rules of the import wizard: what is kept of a choice, how an import stands, how long it takes yet.

import { label } from "../logic/words.ts";
import type { Import, ImportOptions } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

export const USUAL: ImportOptions = { map: {}, mode: "upsert", blanks: "keep", tags: [], again: false };

/** A choice as it was kept; null if there is none that can be read. */
export function keptOptions(text: string): ImportOptions | null {
  try {
    const read = JSON.parse(text) as Partial<ImportOptions> | null;
    if (read !== null && typeof read === "object" && typeof read.map === "object" && read.map !== null && Array.isArray(read.tags)) return { ...USUAL, ...read };
  } catch {
    // Nothing was chosen yet.
  }
  return null;
}

/** What each column is, by the choice made or by itself. */
export const chosenOf = (columns: Import["columns"], options: Pick<ImportOptions, "map">): string[] => columns.map((c) => options.map[c.name] ?? c.field ?? "-");

/** A choice with a column that is something else. */
export function mapped(options: ImportOptions, column: string, field: string, inferred: string | null): ImportOptions {
  const map = { ...options.map };
  // What is found out by itself need not be said.
  if (field === (inferred ?? "-") && !(column in options.map && options.map[column] !== field)) delete map[column];
  else map[column] = field;
  return { ...options, map };
}

/** A choice without one of its parts. */
export function without<K extends keyof ImportOptions>(options: ImportOptions, name: K): ImportOptions {
  const next = { ...options };
  delete next[name];
  return next;
}

/** What a column can be, in groups. */
export function fieldsOf(vocabulary: Vocabulary): { title: string; fields: { field: string; says: string }[] }[] {
  const known = ["id", "external", "email", "phone", "tags", "status"];
  return [
    {
      title: "Who they are",
      fields: [
        { field: "external", says: "Id in another system" },
        { field: "email", says: "E-mail" },
        { field: "phone", says: "Phone" },
        { field: "first_name", says: "First name" },
        { field: "last_name", says: "Last name" },
        { field: "username", says: "User name" },
        { field: "id", says: "Contact’s own id (con_…)" },
      ],
    },
    {
      title: "Attributes",
      fields: vocabulary.attributes.filter((a) => a.declared && !known.includes(a.name)).map((a) => ({ field: a.name, says: label(a.name) })),
    },
    {
      title: "Others",
      fields: [
        { field: "tags", says: "Tags" },
        { field: "status", says: "Status" },
        { field: "language", says: "Language" },
        { field: "country", says: "Country" },
        { field: "timezone", says: "Time zone" },
      ],
    },
  ];
}

/** What is wrong, without how one says it otherwise on the command line: here there are fields and buttons for it. */
export function plainly(why: string): string {
  const flag = /\s--(?:again|country|dates|event|key|map|mode|now|zone)\b/u.exec(why);
  if (flag === null) return why;
  const told = why.slice(0, flag.index);
  const end = Math.max(told.lastIndexOf("; "), told.lastIndexOf(": "), /[;:]$/u.test(told) ? told.length - 1 : -1);
  return end > 0 ? told.slice(0, end) : told;
}

/** How an import stands: the server's state, told apart by what it was doing and whether rows were, or may have been, taken over. */
export type Standing = "file" | "question" | "checking" | "checked" | "check stopped" | "check failed" | "running" | "not begun" | "interrupted" | "stopped" | "done" | "undoing" | "undone";

export function standingOf({ state, dry, row, began }: Pick<Import, "state" | "dry" | "row" | "began">): Standing {
  // What broke off before its first rows were noted says only that it began.
  const unbegun = row === 0 && began === null;
  switch (state) {
    case "uploaded":
      return "file";
    case "asks":
      return "question";
    case "failed":
      return dry ? "check failed" : unbegun ? "not begun" : "interrupted";
    case "stopped":
      return dry ? "check stopped" : unbegun ? "not begun" : "stopped";
    case "checking":
    case "checked":
    case "running":
    case "done":
    case "undoing":
    case "undone":
      return state;
  }
}

/** The same in words. */
export const SAID: Record<Standing, string> = {
  file: "uploaded, not checked",
  question: "has a question",
  checking: "is being checked",
  checked: "checked, not imported",
  "check stopped": "its check was stopped",
  "check failed": "its check could not go on",
  running: "is being imported",
  "not begun": "did not begin",
  interrupted: "could not go on",
  stopped: "stopped part of the way",
  done: "imported",
  undoing: "is being taken back",
  undone: "taken back",
};

/** Whether it moves by itself. */
export const moving = (standing: Standing): boolean => standing === "checking" || standing === "running" || standing === "undoing";

/** Which step of the wizard an import is at. */
export function stepOf(standing: Standing): 1 | 2 | 3 | 4 {
  switch (standing) {
    case "file":
    case "question":
      return 2;
    case "checking":
    case "checked":
    case "check stopped":
    case "check failed":
      return 3;
    case "running":
    case "not begun":
    case "interrupted":
    case "stopped":
    case "done":
    case "undoing":
    case "undone":
      return 4;
  }
}

/** Rows that do something, or would: make or change somebody, or record an event. */
export const doing = ({ counts }: Pick<Import, "counts">): number => counts.created + counts.updated + counts.recorded;

/** Whether it broke off, and the rest can be done. */
export const goesOn = (standing: Standing): boolean => standing === "interrupted" || standing === "stopped";

/** Whether it did something, or may have, that can be taken back. */
export function didSomething(one: Pick<Import, "state" | "dry" | "row" | "began" | "counts">): boolean {
  const standing = standingOf(one);
  return goesOn(standing) || (standing === "done" && takenOver(one) > 0);
}

/** Rows that did something. */
export const takenOver = (one: Pick<Import, "counts" | "dry">): number => (one.dry ? 0 : doing(one));

/** What forgetting an import leaves of what it did. */
export function whatStays(one: Pick<Import, "kind" | "state" | "dry" | "row" | "began" | "counts">): string {
  if (standingOf(one) === "undone") return "It was taken back already.";
  if (one.kind === "events") return didSomething(one) ? "The events it recorded stay, and cannot be taken back any more." : "It recorded nothing.";
  return didSomething(one) ? "What it did to contacts stays, and cannot be taken back any more." : "It changed no contact.";
}

/** Rows that were looked at. */
export function rowsOf(one: Pick<Import, "counts">): number {
  return doing(one) + one.counts.unchanged + one.counts.failed;
}

/** Rows by what became of them, or would; and contacts, where that is something else. */
export function tallyOf({ kind, counts, dry, state }: Pick<Import, "kind" | "counts" | "dry" | "state">): [number, string][] {
  const events = kind === "events";
  const some = (n: number, says: string): [number, string][] => (n === 0 ? [] : [[n, says]]);
  if (state === "undone") {
    if (events) return [[counts.withdrawn, "events taken out again"], ...some(counts.removed, "contacts taken away again"), ...some(counts.kept, "contacts left as they are: something else happened to them since")];
    return [
      [counts.removed, "taken away again"],
      [counts.restored, "as they were before"],
      [counts.kept, "left as they are: somebody changed them since"],
    ];
  }
  const wrong: [number, string] = [counts.failed, dry ? "have errors and would be left out" : "had errors and were left out"];
  if (events) return [[counts.recorded, dry ? "would be recorded" : "recorded"], [counts.unchanged, "are recorded already"], wrong, ...some(counts.made, `${dry ? "would be " : ""}new ${counts.made === 1 ? "contact" : "contacts"}`)];
  return [[counts.created, dry ? "would be new" : "new"], [counts.updated, dry ? "would be changed" : "changed"], [counts.unchanged, "are so already"], wrong];
}

export interface Pace {
  /** The part of the file that was read, from 0 to 1. */
  part: number;
  rowsPerSecond: number | null;
  secondsLeft: number | null;
}

/** How fast it goes, by two looks at it; not before a second lies between them. */
export function paceOf(first: { at: number; read: number; rows: number } | null, now: { at: number; read: number; rows: number }, bytes: number): Pace {
  const part = bytes === 0 ? 1 : Math.min(1, now.read / bytes);
  const seconds = first === null ? 0 : (now.at - first.at) / 1_000;
  if (first === null || seconds < 1 || now.read <= first.read) return { part, rowsPerSecond: null, secondsLeft: null };
  return { part, rowsPerSecond: Math.round((now.rows - first.rows) / seconds), secondsLeft: Math.ceil(((bytes - now.read) / (now.read - first.read)) * seconds) };
}

/** A length of time, short. */
export function lasting(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, seconds)} s`;
  if (seconds < 3_600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.ceil((seconds % 3_600) / 60)} min`;
}
