// What an agent wrote or did and the server does not know yet: drafts, messages on their way, chats just resolved. Each agent has
// their own; a sign-out and another agent's sign-in take away what is left, but for chats that were resolved: a customer waits for that.

import type { Kept, Shelf } from "../logic/outbox.ts";
import type { Resolved, Shelf as ResolvedShelf } from "../logic/resolving.ts";

const PREFIX = "switchboard ";
/** How the name of what holds resolved chats ends. */
const RESOLVED = " resolved";
let owner = "";

/** From now on everything is kept for this agent; what others left in this browser goes. */
export function keepFor(agent: string): void {
  owner = agent;
  sweep((key) => !key.startsWith(`${PREFIX}${agent} `));
}

function sweep(goes: (key: string) => boolean): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX) && !key.endsWith(RESOLVED) && goes(key)) localStorage.removeItem(key);
  } catch {
    // A browser without storage keeps nothing.
  }
}

function get(key: string): string {
  try {
    return localStorage.getItem(`${PREFIX}${owner} ${key}`) ?? "";
  } catch {
    return "";
  }
}

function set(key: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(`${PREFIX}${owner} ${key}`);
    else localStorage.setItem(`${PREFIX}${owner} ${key}`, text);
  } catch {
    // A browser without storage, or with a full one, keeps nothing.
  }
}

export const drafts = {
  get: (conversation: string): string => get(`draft ${conversation}`),
  set: (conversation: string, text: string): void => set(`draft ${conversation}`, text),
};

function isKept(value: unknown): value is Kept {
  const m = value as Partial<Kept> | null;
  return typeof m?.clientId === "string" && typeof m.text === "string" && Array.isArray(m.fileIds) && Array.isArray(m.fileNames) && typeof m.place?.conversation === "string" && typeof m.place.contact === "string";
}

/** Messages that this tab has or had. */
const mine = new Set<string>();

function stored(): Kept[] {
  try {
    const read: unknown = JSON.parse(get("unsent") || "[]");
    return Array.isArray(read) ? read.filter(isKept) : [];
  } catch {
    // What cannot be read was never a message.
    return [];
  }
}

/** Messages on their way. */
export const unsent: Shelf = {
  read(): Kept[] {
    const kept = stored();
    for (const m of kept) mine.add(m.clientId);
    return kept;
  },
  write(kept: Kept[]): void {
    // Other tabs keep theirs under the same name: what is not from here stays.
    const others = stored().filter((m) => !mine.has(m.clientId));
    for (const m of kept) mine.add(m.clientId);
    const all = [...others.filter((m) => !mine.has(m.clientId)), ...kept];
    set("unsent", all.length === 0 ? "" : JSON.stringify(all));
  },
};

function isResolved(value: unknown): value is Resolved {
  const r = value as Partial<Resolved> | null;
  const skill = r?.skill;
  return typeof r?.request === "string" && typeof r.until === "number" && (skill === null || typeof skill === "string") && typeof r.place?.conversation === "string" && typeof r.place.contact === "string";
}

/** Chats that an agent resolved; all tabs of theirs share them. A browser without storage has one tab's. */
export function resolvedOf(agent: string): ResolvedShelf & { key: string } {
  const key = `${PREFIX}${agent}${RESOLVED}`;
  let here: Resolved[] = [];
  return {
    key,
    read(): Resolved[] {
      let text: string | null;
      try {
        text = localStorage.getItem(key);
      } catch {
        return here;
      }
      try {
        const read: unknown = JSON.parse(text ?? "[]");
        return Array.isArray(read) ? read.filter(isResolved) : [];
      } catch {
        // What cannot be read was never one.
        return [];
      }
    },
    write(all: Resolved[]): void {
      here = all;
      try {
        if (all.length === 0) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(all));
      } catch {
        // A browser without storage, or with a full one, keeps them here.
      }
    },
  };
}

export function forgetDrafts(): void {
  sweep(() => true);
}
