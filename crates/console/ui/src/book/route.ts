// Addresses of the contact book. What somebody looks at is in the address: a search, a condition, a contact, a segment.

const ID = /^con_[0-9A-HJKMNP-TV-Z]{26}$/u;
const CONVERSATION = /^cnv_[0-9A-HJKMNP-TV-Z]{26}$/u;
const KEY = /^[A-Za-z0-9_-]{1,64}$/u;
const BULK = /^aud_[0-9A-Za-z]{1,64}$/u;
const ERASURE = /^era_[0-9A-Za-z]{1,64}$/u;

/** A place in what was said with a contact. */
export interface SaidPlace {
  /** The conversation; the one they wrote in last if none is named. */
  conversation: string | null;
  /** The line around which one looks; the end if none is named. */
  line: number | null;
}

export type BookPlace =
  | { at: "contacts"; q: string; where: string }
  | { at: "said"; text: string }
  | { at: "contact"; contact: string; said: SaidPlace | null }
  | { at: "merge"; contact: string; other: string }
  | { at: "segments" }
  | { at: "segment"; key: string; contact: string | null }
  /** A segment that is written: a new one, perhaps with a rule to begin with, or one there is. */
  | { at: "segment form"; key: string | null; where: string }
  | { at: "import"; id: string | null }
  /** Certificates of erasures, perhaps only those of one erasure of many. */
  | { at: "erasures"; bulk: string | null }
  | { at: "erasure"; id: string }
  | { at: "nowhere" };

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

export function bookPlaceOf(url: URL): BookPlace {
  const [page, one, more, last, ...rest] = url.pathname
    .replace(/^\/console\/?/u, "")
    .replace(/\/$/u, "")
    .split("/")
    .map(decoded);
  const asked = (name: string): string => url.searchParams.get(name) ?? "";
  if (rest.length > 0) return { at: "nowhere" };
  if (page === "contacts") {
    if (one === undefined) return url.searchParams.has("said") ? { at: "said", text: asked("said") } : { at: "contacts", q: asked("q"), where: asked("where") };
    if (!ID.test(one)) return { at: "nowhere" };
    if (more === undefined) return { at: "contact", contact: one, said: null };
    if (more === "messages") {
      if (last !== undefined && !CONVERSATION.test(last)) return { at: "nowhere" };
      const line = /^[1-9]\d{0,9}$/u.test(asked("line")) ? Number(asked("line")) : null;
      return { at: "contact", contact: one, said: { conversation: last ?? null, line } };
    }
    return more === "merge" && last !== undefined && ID.test(last) ? { at: "merge", contact: one, other: last } : { at: "nowhere" };
  }
  if (page === "segments" && more === undefined) {
    // Not below the list, where a segment may be called so.
    if (one === undefined) return url.searchParams.has("new") ? { at: "segment form", key: null, where: asked("where") } : { at: "segments" };
    if (!KEY.test(one)) return { at: "nowhere" };
    if (url.searchParams.has("edit")) return { at: "segment form", key: one, where: "" };
    return { at: "segment", key: one, contact: ID.test(asked("contact")) ? asked("contact") : null };
  }
  if (page === "erasures" && more === undefined) {
    if (one === undefined) return { at: "erasures", bulk: BULK.test(asked("bulk")) ? asked("bulk") : null };
    return ERASURE.test(one) ? { at: "erasure", id: one } : { at: "nowhere" };
  }
  if (page === "imports" && more === undefined) return { at: "import", id: one === undefined || one === "new" ? null : one };
  return { at: "nowhere" };
}

function query(pairs: Record<string, string | null>): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(pairs)) if (value !== null && value !== "") asked.set(name, value);
  const text = asked.toString();
  return text === "" ? "" : `?${text}`;
}

export function bookPathOf(place: BookPlace): string {
  switch (place.at) {
    case "contacts":
      return `/console/contacts${query({ q: place.q, where: place.where })}`;
    case "said":
      return `/console/contacts?said=${encodeURIComponent(place.text)}`;
    case "contact": {
      const path = `/console/contacts/${encodeURIComponent(place.contact)}`;
      if (place.said === null) return path;
      const { conversation, line } = place.said;
      return `${path}/messages${conversation === null ? "" : `/${encodeURIComponent(conversation)}`}${query({ line: line === null ? null : String(line) })}`;
    }
    case "merge":
      return `/console/contacts/${encodeURIComponent(place.contact)}/merge/${encodeURIComponent(place.other)}`;
    case "segments":
      return "/console/segments";
    case "segment":
      return `/console/segments/${encodeURIComponent(place.key)}${query({ contact: place.contact })}`;
    case "segment form":
      return place.key === null ? `/console/segments${query({ new: "1", where: place.where })}` : `/console/segments/${encodeURIComponent(place.key)}?edit=1`;
    case "import":
      return `/console/imports/${place.id === null ? "new" : encodeURIComponent(place.id)}`;
    case "erasures":
      return `/console/erasures${query({ bulk: place.bulk })}`;
    case "erasure":
      return `/console/erasures/${encodeURIComponent(place.id)}`;
    case "nowhere":
      return "/console/contacts";
  }
}

export const erasurePath = (id: string): string => bookPathOf({ at: "erasure", id });
export const importPath = (id: string): string => bookPathOf({ at: "import", id });
export const contactPath = (contact: string): string => bookPathOf({ at: "contact", contact, said: null });
export const segmentPath = (key: string): string => bookPathOf({ at: "segment", key, contact: null });
/** The contacts table with a condition. */
export const wherePath = (where: string): string => bookPathOf({ at: "contacts", q: "", where });
