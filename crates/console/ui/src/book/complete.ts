// Completion of conditions: what may be written at the cursor, from the grammar and from what the bot knows by name.

import { findable } from "../logic/words.ts";
import { AGGREGATES, expectedAfter, tokens, type Expected } from "./expects.ts";
import type { Attribute, Vocabulary } from "./vocabulary.ts";

export interface Suggestion {
  /** What is written in place of what was begun. */
  insert: string;
  /** What is shown. */
  label: string;
  /** What it is, short. */
  detail: string;
}

export interface Completion {
  /** Where what was begun stands, in UTF-16 units of the text. */
  from: number;
  to: number;
  items: Suggestion[];
  /** Whether to offer unasked: something was begun, or only names can stand here. */
  eager: boolean;
}

const MOST = 50;

/** A name as it may stand without quotes: of a segment, a tag, a skill, …. */
export const labelText = (name: string): string => (/^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u.test(name) ? name : quoted(name));
const valueText = (value: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/u.test(value) ? value : quoted(value));
export const quoted = (text: string): string => `"${text.replaceAll(/["\\]/gu, "\\$&")}"`;

const word = (text: string, detail = "", insert = `${text} `): Suggestion => ({ insert, label: text, detail });

const FACTS = [
  word("in segment", "is in a segment now"),
  word("has tag", "has a tag"),
  word("has any tag", "has one of some tags", "has any tag ["),
  word("has channel", "can be found there"),
  word("reachable", "messages get through"),
  word("has consent", "agreed to a topic"),
  word("ran skill", "a skill ran for them"),
  word("notes contain", "an agent noted", 'notes contain "'),
  word("not", "the opposite"),
];
const FIGURES: Record<string, string> = { count: "how many events", sum: "a field, added up", avg: "a field's average", min: "the least", max: "the greatest", distinct: "how many different", first: "the oldest", last: "the newest" };
const DURATIONS = ["1 day", "7 days", "30 days", "6 months", "1 year"].map((d) => word(d));
const UNITS = ["minutes", "hours", "days", "weeks", "months", "years"].map((u) => word(u));
const CALENDAR = ["today", "yesterday", "this week", "this month", "previous month", "this year"];

/** What can be asked of a value of a type. */
function tests(type: string | null): Suggestion[] {
  const set = [word("is set", "is known"), word("is not set", "is not known")];
  const equal = [word("="), word("!=")];
  const order = [...equal, word(">="), word(">"), word("<="), word("<"), word("between")];
  const text = [word("contains"), word("starts with"), word("ends with")];
  const one = [word("in", "one of", "in ["), word("not in", "none of", "not in [")];
  const time = [word("within", "the last, or next", "within "), word("older than"), word("is today"), word("is this month")];
  switch (type) {
    case "bool":
      return [word("and"), word("or"), ...equal, ...set];
    case "number":
    case "money":
      return [...order, ...set];
    case "date":
    case "datetime":
      return [...time, ...order, ...set];
    case "list":
      return [word("contains", "has the item"), ...set];
    case "enum":
    case "status":
    case "channel":
    case "country":
    case "language":
      return [...equal, ...one, ...set];
    case "text":
    case "email":
    case "phone":
    case "url":
      return [...equal, ...text, ...one, ...set];
    default:
      return [...order, ...text, ...one, ...time, ...set, word("and"), word("or")];
  }
}

/** What a value of an attribute can be compared with. */
function values(of: Attribute | null, vocabulary: Vocabulary): Suggestion[] {
  if (of === null) return [];
  const names = ((): readonly string[] => {
    switch (of.type) {
      case "bool":
        return ["true", "false"];
      case "status":
        return vocabulary.statuses;
      case "channel":
        return vocabulary.channels;
      default:
        return of.values;
    }
  })();
  return names.map((name) => word(name, of.name, `${valueText(name)} `));
}

function operands(vocabulary: Vocabulary, ofEvent: boolean): Suggestion[] {
  const attributes = vocabulary.attributes.map((a) => word(ofEvent ? `contact.${a.name}` : a.name, a.says === "" ? a.type : a.says));
  if (ofEvent) return attributes;
  return [...attributes, ...FACTS, ...AGGREGATES.map((name) => word(name, FIGURES[name] ?? "", `${name}(`)), word("sequence", "one event, then another", "sequence(")];
}

function labels(of: string, vocabulary: Vocabulary): Suggestion[] {
  const plain = (names: readonly string[]): Suggestion[] => names.map((name) => word(name, "", `${labelText(name)} `));
  switch (of) {
    case "segment":
      return vocabulary.segments.map((s) => word(s.key, s.name === s.key ? "" : s.name, `${labelText(s.key)} `));
    case "tag":
      return plain(vocabulary.tags);
    case "channel":
      return plain(vocabulary.channels);
    case "topic":
      return plain(vocabulary.topics);
    case "skill":
      return plain(vocabulary.skills);
    default:
      return vocabulary.events.map((name) => word(name, "event", labelText(name)));
  }
}

function offered(expected: Expected, vocabulary: Vocabulary): Suggestion[] {
  switch (expected.is) {
    case "operand":
      return operands(vocabulary, expected.ofEvent);
    case "test":
      return tests(expected.of?.type ?? null);
    case "value": {
      const named = values(expected.of, vocabulary);
      if (expected.after !== "is") return named;
      const timely = expected.of === null || expected.of.type === "date" || expected.of.type === "datetime";
      return [word("set", "is known"), word("not", "the opposite"), ...named, ...(timely ? CALENDAR.map((c) => word(c)) : [])];
    }
    case "label":
      return labels(expected.of, vocabulary);
    case "duration":
      return expected.future ? [...DURATIONS, word("next", "from now on")] : DURATIONS;
    case "unit":
      return UNITS;
    case "calendar unit":
      return ["day", "week", "month", "quarter", "year"].map((u) => word(u));
    case "source":
      return [word("where", "only those", " where "), word(", last 30 days", "in a window", ", last 30 days)"), word(", this month", "in a window", ", this month)"), word(")", "of all times", ") ")];
    case "window":
      return [word("last 7 days"), word("last 30 days"), word("today"), word("this month"), word("previous month"), word("since"), word("between"), word("ever")];
    case "words":
      return expected.words.map((text) => word(text));
    case "joint":
      return [word("and"), word("or"), ...(expected.closing === null ? [] : [word(expected.closing)])];
    case "nothing":
      return [];
  }
}

/** How well a suggestion fits what was begun: 0 the best, none if it does not. */
function fits(suggestion: Suggestion, begun: string): number | null {
  if (begun === "") return 0;
  const label = findable(suggestion.label);
  if (label.startsWith(begun)) return 0;
  if (label.split(/[\s_.-]+/u).some((part) => part.startsWith(begun))) return 1;
  if (findable(suggestion.detail).split(/\s+/u).some((part) => part.startsWith(begun))) return 2;
  return label.includes(begun) ? 3 : null;
}

/** What may be written at the cursor. */
export function complete(text: string, cursor: number, vocabulary: Vocabulary): Completion {
  const before = tokens(text.slice(0, cursor));
  const last = before.at(-1);
  const open = last !== undefined && last.end === cursor && (last.kind === "word" || last.kind === "open text") ? last : null;
  if (open !== null) before.pop();
  const known = new Map(vocabulary.attributes.map((a) => [a.name, a]));
  const expected = expectedAfter(before, (name) => known.get(name) ?? null);
  const begun = findable(open?.text ?? "");
  // A text that was opened is completed only where names stand.
  const named = expected.is === "label" || expected.is === "value";
  const all = open?.kind === "open text" && !named ? [] : offered(expected, vocabulary);
  const ranked = all
    .map((item, at) => ({ item, at, rank: fits(item, begun) }))
    .filter((one): one is { item: Suggestion; at: number; rank: number } => one.rank !== null && !(one.rank === 0 && one.item.insert.trim() === open?.text))
    .sort((a, b) => a.rank - b.rank || a.at - b.at);
  return {
    from: open?.start ?? cursor,
    to: cursor,
    items: ranked.slice(0, MOST).map((one) => one.item),
    eager: begun !== "" || expected.is === "label" || (expected.is === "value" && ranked.length > 0),
  };
}

/** The text and the cursor after a suggestion was taken. */
export function take(text: string, { from, to }: Completion, suggestion: Suggestion): { text: string; cursor: number } {
  const after = text.slice(to);
  const insert = /^\s/u.test(after) ? suggestion.insert.trimEnd() : suggestion.insert;
  return { text: text.slice(0, from) + insert + after, cursor: from + insert.length };
}

/** A place counted in characters, as the server counts, in UTF-16 units, as the browser does. */
export function unitsOf(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left <= 0) break;
    units += character.length;
    left -= 1;
  }
  return units;
}
