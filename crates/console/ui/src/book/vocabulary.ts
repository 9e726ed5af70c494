// What the bot knows by name: what a condition can ask about.

import { api } from "../api.ts";
import type { Picture } from "../flows/types.ts";
import { book } from "./api.ts";
import type { Asked } from "./types.ts";

/** An attribute of contacts, declared by the bot or there for every contact. */
export interface Attribute {
  name: string;
  /** The name of its type: `text`, `number`, `enum`, …; empty where it is known only when it is computed. */
  type: string;
  /** The values an enum takes. */
  values: readonly string[];
  /** What it is, in words; empty if the bot does not say. */
  says: string;
  /** Whether the bot declares it; the others are computed, or every contact has them. */
  declared: boolean;
}

export interface Vocabulary {
  attributes: readonly Attribute[];
  /** `list`: people are put on it and taken off. */
  segments: readonly { key: string; name: string; list: boolean }[];
  tags: readonly string[];
  events: readonly string[];
  channels: readonly string[];
  topics: readonly string[];
  skills: readonly string[];
  statuses: readonly string[];
  /** Skills that begin when somebody enters or leaves a segment. */
  starts: readonly Start[];
}

export interface Start {
  segment: string;
  how: "entered" | "left";
  skill: string;
}

export const NOTHING: Vocabulary = { attributes: [], segments: [], tags: [], events: [], channels: [], topics: [], skills: [], statuses: [], starts: [] };

/** Reads everything there is a name for. What cannot be read is offered less: a condition can be written all the same. */
export async function readVocabulary(signal: AbortSignal, over: (e: unknown) => void): Promise<Vocabulary> {
  const or = async <T>(read: Promise<T>, otherwise: T): Promise<T> =>
    read.catch((e: unknown) => {
      if (!signal.aborted) over(e);
      return otherwise;
    });
  const [asked, segments, tags, picture] = await Promise.all([or(book.vocabulary(signal), null), or(book.segments(signal), []), or(book.tags(signal), []), or(api.flows(), null)]);
  return { ...NOTHING, ...(asked === null ? {} : wordsOf(asked)), segments: segments.map(({ key, name, static: list }) => ({ key, name, list })), tags, starts: startsOf(picture) };
}

/** What the server says can be asked about. */
export function wordsOf(asked: Asked): Omit<Vocabulary, "segments" | "tags" | "starts"> {
  const { events, channels, topics, skills, statuses } = asked;
  return { attributes: attributesOf(asked), events: events.map((event) => event.name), channels: channels.map((channel) => channel.name), topics, skills, statuses };
}

/** What every contact has and conditions are asked about most; the rest comes after. */
const MOST_ASKED = ["first_name", "last_name", "full_name", "username", "phone", "email", "language", "country", "status", "subscribed", "source", "channel", "first_seen", "last_seen", "message_count"];

/** The bot's own attributes, computed ones, then those that every contact has, most asked about first. */
export function attributesOf({ attributes, languages, countries, sources }: Asked): Attribute[] {
  const rank = ({ name, kind }: Asked["attributes"][number]): number => {
    if (kind !== "system") return -1;
    const at = MOST_ASKED.indexOf(name);
    return at < 0 ? MOST_ASKED.length : at;
  };
  const inUse = (name: string, type: string): readonly string[] => (type === "language" ? languages : type === "country" ? countries : name === "source" ? sources : []);
  return attributes
    .map((attribute, at) => ({ attribute, rank: rank(attribute), at }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ attribute: { name, kind, type, values, says } }) => ({
      name,
      type: type ?? "",
      values: values ?? inUse(name, type ?? ""),
      says: says ?? (kind === "computed" ? "computed" : ""),
      declared: kind === "custom",
    }));
}

/** The skills that begin when somebody enters or leaves a segment. */
export function startsOf(picture: Picture | null): Start[] {
  const found: Start[] = [];
  for (const { name: skill, catches } of picture?.skills ?? []) {
    for (const caught of catches) {
      const [, segment, how] = /^segment (\S+) (entered|left)\b/u.exec(caught) ?? [];
      if (segment !== undefined) found.push({ segment, how: how as Start["how"], skill });
    }
  }
  return found;
}
