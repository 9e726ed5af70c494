// How webhooks and deliveries are said to people.

import { lasts } from "../logic/words.ts";
import type { Delivery, DeliveryState, HookText, Tested, Webhook, WebhookEvent } from "./api.ts";

/** What a webhook may be told of, in groups. */
export const EVENTS: readonly { title: string; events: readonly [WebhookEvent, string][] }[] = [
  {
    title: "Contacts",
    events: [
      ["contact.created", "somebody is new"],
      ["contact.updated", "something about them changed"],
      ["contact.merged", "two became one"],
      ["contact.erased", "they were erased"],
    ],
  },
  {
    title: "Tags and segments",
    events: [
      ["tag.added", "a tag was put on"],
      ["tag.removed", "a tag was taken off"],
      ["segment.entered", "they entered a segment"],
      ["segment.left", "they left a segment"],
    ],
  },
  {
    title: "Conversations and events",
    events: [
      ["conversation.started", "a conversation began"],
      ["conversation.handed_off", "a person was asked for"],
      ["conversation.resolved", "an agent closed the chat"],
      ["event.recorded", "an event was recorded"],
    ],
  },
];

export const NEW_HOOK: HookText = { url: "", events: [], description: "", parallel: 1 };

/** A webhook there is, as it is written. */
export const writtenOf = ({ url, events, description, parallel }: Webhook): HookText => ({ url, events: [...events], description, parallel });

/** What of a webhook was written anew; the order of its events says nothing. */
export function changesOf(from: HookText, to: HookText): Partial<HookText> {
  const changed: Partial<HookText> = {};
  if (to.url !== from.url.trim()) changed.url = to.url;
  if (to.events.length !== from.events.length || to.events.some((e) => !from.events.includes(e))) changed.events = to.events;
  if (to.description !== from.description.trim()) changed.description = to.description;
  if (to.parallel !== from.parallel) changed.parallel = to.parallel;
  return changed;
}

/** What is written, as the server is told it. */
export const trimmed = (hook: HookText): HookText => ({ ...hook, url: hook.url.trim(), description: hook.description.trim() });

/** Whether enough is said to be sent. */
export const isWritten = (hook: HookText): boolean => hook.url.trim() !== "" && hook.events.length > 0;

/** How many deliveries are under way at once. */
export const atOnce = (parallel: number): string => (parallel === 1 ? "one after another" : `up to ${parallel}`);

/** What was written upon what somebody else wrote meanwhile, both from the same: theirs wherever nothing was written oneself. */
export function united(from: HookText, mine: HookText, theirs: HookText): HookText {
  const of = <K extends "url" | "description" | "parallel">(name: K): HookText[K] => (mine[name] === from[name] ? theirs[name] : mine[name]);
  const kept = theirs.events.filter((e) => mine.events.includes(e) || !from.events.includes(e));
  const added = mine.events.filter((e) => !from.events.includes(e) && !theirs.events.includes(e));
  return { url: of("url"), description: of("description"), parallel: of("parallel"), events: [...kept, ...added] };
}

/** Something that another changed while one wrote. */
export interface Meanwhile {
  title: string;
  /** What it is now. */
  says: string;
  /** Whether one wrote something else there oneself. */
  other: boolean;
}

/** What another changed about a webhook while `mine` was written. */
export function meanwhile(from: Webhook, theirs: Webhook, mine: HookText): Meanwhile[] {
  const found: Meanwhile[] = [];
  const field = <K extends "url" | "description" | "parallel">(title: string, name: K, says: (value: HookText[K]) => string): void => {
    if (theirs[name] === from[name]) return;
    found.push({ title, says: says(theirs[name]), other: mine[name] !== from[name] && mine[name] !== theirs[name] });
  };
  field("Address", "url", (url) => url);
  field("What it is for", "description", (text) => (text === "" ? "nothing is said any more" : `“${text}”`));
  const more = theirs.events.filter((e) => !from.events.includes(e));
  const less = from.events.filter((e) => !theirs.events.includes(e));
  const events = [...(more.length === 0 ? [] : [`now also ${more.join(", ")}`]), ...(less.length === 0 ? [] : [`no longer ${less.join(", ")}`])];
  if (events.length > 0) found.push({ title: "Told of", says: events.join("; "), other: false });
  field("Deliveries at once", "parallel", atOnce);
  if (theirs.enabled !== from.enabled) found.push({ title: "Deliveries", says: theirs.enabled ? "they leave again" : theirs.disabled?.why === "gone" ? "stopped, because the receiver answered 410" : "paused", other: false });
  if (theirs.old_secret_until !== from.old_secret_until && theirs.old_secret_until !== null) found.push({ title: "Secret", says: "a new one was made", other: false });
  return found;
}

/** How a webhook stands: the word, and how good that is. */
export function standing(hook: Webhook, now: number): { says: string; tone: "good" | "warn" | "bad" | "quiet" } {
  if (hook.disabled?.why === "gone") return { says: "over: it answered 410", tone: "bad" };
  if (!hook.enabled) return { says: "paused", tone: "quiet" };
  if (hook.failing_since !== null) return { says: `nothing arrives${failing(hook.failing_since, now)}`, tone: "bad" };
  if (hook.waiting > 0) return { says: `${hook.waiting.toLocaleString()} waiting`, tone: "warn" };
  return { says: "works", tone: "good" };
}

function failing(since: string, now: number): string {
  const length = now - Date.parse(since);
  return length < 60_000 ? "" : `, for ${lasts(length)} now`;
}

export const STATES: Record<DeliveryState, { says: string; tone: "good" | "warn" | "bad" }> = {
  waiting: { says: "waiting", tone: "warn" },
  delivered: { says: "delivered", tone: "good" },
  failed: { says: "given up", tone: "bad" },
};

/** What came of a delivery's tries, in a sentence. */
export function outcome({ state, tries, status, error }: Delivery): string {
  const answer = status !== null ? `answered ${status}` : error;
  if (tries === 0) return "not tried yet";
  const often = tries === 1 ? "tried once" : `tried ${tries} times`;
  if (state === "delivered") return tries === 1 ? (answer ?? "") : `${often}, ${answer ?? ""}`;
  return answer === null ? often : `${often}; ${answer}`;
}

/** What came of a test. */
export function tested({ delivered, status, error }: Tested): string {
  if (delivered) return `It was taken: the receiver answered ${status ?? ""}.`;
  return status === null ? `It did not arrive: ${error ?? "no answer"}.` : `It was not taken: the receiver answered ${status}.`;
}

/** Of ids, newest first, how often each was told before: what is told once more keeps its id. */
export function timesTold(ids: readonly string[]): number[] {
  const before = new Map<string, number>();
  return [...ids]
    .reverse()
    .map((id) => {
      const n = before.get(id) ?? 0;
      before.set(id, n + 1);
      return n;
    })
    .reverse();
}
