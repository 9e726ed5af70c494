// A transcript as the console holds it: a gapless window of numbered lines that grows at both ends.
//
// Lines arrive by cursor, possibly twice; later lines say what became of earlier messages. Merging is idempotent and
// independent of order, so a dropped stream, a reload or a second tab cannot lose or double anything.

import type { Delivery, DeliveryLine, DeliveryState, Line, MessageLine, Page } from "../types.ts";

interface Outcome {
  /** The line that told it. */
  no: number;
  at: number;
  delivery: Delivery;
  degraded: string[];
  /** The line that told how it is shown. */
  noted: number;
}

/** Which state tells more than another: no report takes back what an earlier one told. */
const STEP: Record<DeliveryState, number> = { received: 0, queued: 0, unknown: 1, sent: 2, failed: 3, delivered: 4, read: 5 };

/** What is known of a message with one more line about it, in whatever order they come. */
function told(known: Outcome | undefined, line: DeliveryLine): Outcome {
  const { no, at, delivery, degraded } = line;
  if (known === undefined) return { no, at, delivery, degraded, noted: degraded.length > 0 ? no : 0 };
  const more = STEP[delivery.state] - STEP[known.delivery.state] || no - known.no;
  const notes = degraded.length > 0 && no > known.noted ? { degraded, noted: no } : {};
  return { ...known, ...(more > 0 ? { no, at, delivery } : {}), ...notes };
}

export interface Transcript {
  /** By number, ascending. */
  messages: MessageLine[];
  /** What became of messages, by message id: the word that tells most. */
  outcomes: Record<string, Outcome>;
  /** The smallest number loaded; 1 is the beginning of the conversation. */
  first: number;
  /** The largest number loaded: the cursor. */
  last: number;
}

export const EMPTY: Transcript = { messages: [], outcomes: {}, first: 1, last: 0 };

/** The window of a first page: its lines, or an empty conversation that began at 1. */
export function opened(page: Page): Transcript {
  const first = page.lines[0]?.no ?? page.last + 1;
  return merged({ ...EMPTY, first: Math.max(1, first), last: first - 1 }, page.lines);
}

/** The window after more lines, from either end. Lines that would leave a gap are not taken. */
export function merged(into: Transcript, lines: readonly Line[]): Transcript {
  if (lines.length === 0) return into;
  const known = new Map(into.messages.map((m) => [m.no, m]));
  const outcomes = { ...into.outcomes };
  let { first, last } = into;
  const sorted = [...lines].sort((a, b) => a.no - b.no);
  const taken: Line[] = [];
  for (const line of sorted.filter((l) => l.no >= into.first)) {
    if (line.no > last + 1) break;
    last = Math.max(last, line.no);
    taken.push(line);
  }
  for (const line of sorted.filter((l) => l.no < into.first).reverse()) {
    if (line.no < first - 1) break;
    first = Math.min(first, line.no);
    taken.push(line);
  }
  for (const line of taken) {
    if (line.line === "message") {
      known.set(line.no, line);
    } else {
      outcomes[line.message] = told(outcomes[line.message], line);
    }
  }
  return { messages: [...known.values()].sort((a, b) => a.no - b.no), outcomes, first, last };
}

/** A message this agent sent that the server has not confirmed yet. */
export interface Unsent {
  clientId: string;
  text: string;
  fileIds: string[];
  fileNames: string[];
  at: number;
  /** `waiting`: the server cannot be reached, it is tried again; `sent`: there, only not in the transcript yet. */
  state: "sending" | "waiting" | "sent" | "failed";
  error?: string;
}

/** What is still unsent: everything whose client id is not in the transcript yet. */
export function stillUnsent(unsent: readonly Unsent[], transcript: Transcript): Unsent[] {
  if (unsent.length === 0) return [];
  const arrived = new Set(transcript.messages.map((m) => m.client_id).filter((id) => id !== undefined));
  return unsent.filter((u) => !arrived.has(u.clientId));
}

/** A message with what became of it. */
export interface Said {
  message: MessageLine;
  delivery: Delivery;
  /** When it was read. */
  readAt: number | null;
  degraded: string[];
  /** The choice of this message that was pressed later, by token. */
  pressed: Set<string>;
  /** Whether the line above is of the same author within five minutes. */
  follows: boolean;
}

export type Item = { item: "day"; key: string; at: number } | { item: "said"; key: string; said: Said };

const GROUP_WITHIN = 5 * 60_000;

/** When messages of ours were read, by their id: one that was read tells of all that was said before it. */
function reads({ messages, outcomes }: Transcript): Map<string, number> {
  const out = new Map<string, number>();
  let at: number | null = null;
  for (let n = messages.length - 1; n >= 0; n -= 1) {
    const message = messages[n] as MessageLine;
    const outcome = outcomes[message.id];
    if (outcome?.delivery.state === "read") at = outcome.at;
    const state = outcome?.delivery.state ?? message.delivery.state;
    if (at !== null && message.from !== "customer" && (state === "sent" || state === "delivered" || state === "read")) out.set(message.id, at);
  }
  return out;
}

/** What to draw, in order: days and messages. `dayOf` names the local day of an instant. */
export function items(transcript: Transcript, dayOf: (at: number) => string): Item[] {
  const presses = new Set(transcript.messages.map((m) => m.pressed).filter((token) => token !== undefined));
  const read = reads(transcript);
  const out: Item[] = [];
  let day = "";
  let above: MessageLine | null = null;
  for (const message of transcript.messages) {
    const today = dayOf(message.at);
    if (today !== day) {
      out.push({ item: "day", key: `day-${today}-${message.no}`, at: message.at });
      day = today;
      above = null;
    }
    const outcome = transcript.outcomes[message.id];
    const tokens = [...message.buttons, ...message.quick_replies].map((c) => c.token).filter((t) => t !== undefined);
    out.push({
      item: "said",
      key: message.id,
      said: {
        message,
        delivery: read.has(message.id) ? { state: "read" } : (outcome?.delivery ?? message.delivery),
        readAt: read.get(message.id) ?? null,
        degraded: outcome?.degraded ?? [],
        pressed: new Set(tokens.filter((t) => presses.has(t))),
        follows:
          above !== null && above.from === message.from && above.name === message.name && message.at - above.at < GROUP_WITHIN,
      },
    });
    above = message;
  }
  return out;
}
