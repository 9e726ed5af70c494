// What the bot knows by name: what a condition can ask about.

import { api } from "../api.ts";
import type { Picture } from "../flows/types.ts";
import { book } from "./api.ts";
/** An attribute of contacts, declared by the bot or there for every contact. */
export interface Attribute {
  name: string;
  /** The name of its type: `text`, `number`, `enum`, …. */
  type: string;
  /** The values an enum takes. */
  values: readonly string[];
  /** What it is, in words; empty if the bot does not say. */
  says: string;
  /** Whether the bot declares it; the others every contact has. */
  declared: boolean;
}

export interface Vocabulary {
  attributes: readonly Attribute[];
  segments: readonly { key: string; name: string }[];
  tags: readonly string[];
  events: readonly string[];
  channels: readonly string[];
  topics: readonly string[];
  skills: readonly string[];
  statuses: readonly string[];
}

export const NOTHING: Vocabulary = { attributes: [], segments: [], tags: [], events: [], channels: [], topics: [], skills: [], statuses: [] };

/** Reads everything there is a name for. What cannot be read is offered less: a condition can be written all the same. */
export async function readVocabulary(signal: AbortSignal, over: (e: unknown) => void): Promise<Vocabulary> {
  const or = async <T>(read: Promise<T>, otherwise: T): Promise<T> =>
    read.catch((e: unknown) => {
      if (!signal.aborted) over(e);
      return otherwise;
    });
  const [attributes, segments, tags, skills, picture] = await Promise.all([or(book.attributes(signal), []), or(book.segments(signal), []), or(book.tags(signal), []), or(api.skills(), []), or(api.flows(), null)]);
  const own = attributes.filter((a) => a.declared).map(({ name, type, values, computed }): Attribute => ({ name, type: type ?? "", values: values ?? [], says: computed ? "computed" : "", declared: !computed }));
  const taken = new Set(own.map((a) => a.name));
  return {
    ...NOTHING,
    attributes: [...own, ...EVERYBODY.filter((a) => !taken.has(a.name))],
    segments: segments.map(({ key, name }) => ({ key, name })),
    tags,
    skills,
    events: eventsOf(picture, segments.map((s) => s.where ?? "")),
    statuses: ["active", "unsubscribed", "blocked"],
  };
}

/** The events that the bot's flows raise or catch and that rules ask for, by name. */
export function eventsOf(picture: Picture | null, rules: readonly string[]): string[] {
  const found = new Set<string>();
  for (const skill of picture?.skills ?? []) {
    for (const caught of skill.catches) {
      const name = /^event (.+)$/u.exec(caught)?.[1];
      if (name !== undefined) found.add(name);
    }
    for (const block of skill.blocks) {
      const name = block.kind === "send" ? /^[\w-]+/u.exec(block.summary)?.[0] : undefined;
      if (name !== undefined) found.add(name);
    }
  }
  for (const link of picture?.links ?? []) if (link.how === "raises") found.add(link.name);
  // `min` and `max` are functions of values as well: their arguments may be anything.
  for (const rule of rules) for (const match of rule.matchAll(/\b(?:count|sum|avg|distinct|sequence)\(\s*([A-Za-z_]\w*)/gu)) if (match[1] !== undefined) found.add(match[1]);
  return [...found].sort();
}

const has = (name: string, type: string, says: string): Attribute => ({ name, type, values: [], says, declared: false });

/** What every contact has without a declaration and conditions are asked about most. */
const EVERYBODY: readonly Attribute[] = [
  has("first_name", "text", "given name"),
  has("last_name", "text", "family name"),
  has("full_name", "text", "first and last name"),
  has("username", "text", "name on the channel"),
  has("phone", "text", "phone number"),
  has("email", "text", "e-mail address"),
  has("language", "language", "language tag"),
  has("country", "country", "two letters"),
  has("status", "status", "active, blocked, …"),
  has("subscribed", "bool", "gets messages unasked"),
  has("source", "text", "how they came to be"),
  has("channel", "channel", "of this conversation"),
  has("first_channel", "channel", "where they were first met"),
  has("first_message", "text", "what they began with"),
  has("first_seen", "datetime", "when they came to be"),
  has("last_seen", "datetime", "when they last did something"),
  has("message_count", "number", "messages and presses"),
  has("visit_count", "number", "how often they came"),
  has("unresolved_requests", "number", "that nobody answered"),
  has("page_visits", "number", "pages of the website"),
  has("last_page", "text", "page opened last"),
  has("verified_id", "text", "the website’s own id"),
];
