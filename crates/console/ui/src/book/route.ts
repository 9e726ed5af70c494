// Addresses of the contact book. What somebody looks at is in the address: a search, a condition, a contact, a segment.

const ID = /^con_[0-9A-HJKMNP-TV-Z]{26}$/u;
const KEY = /^[A-Za-z0-9_-]{1,64}$/u;

export type BookPlace =
  | { at: "contacts"; q: string; where: string }
  | { at: "contact"; contact: string }
  | { at: "merge"; contact: string; other: string }
  | { at: "segments" }
  | { at: "segment"; key: string; contact: string | null }
  | { at: "import"; id: string | null }
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
    if (one === undefined) return { at: "contacts", q: asked("q"), where: asked("where") };
    if (!ID.test(one)) return { at: "nowhere" };
    if (more === undefined) return { at: "contact", contact: one };
    return more === "merge" && last !== undefined && ID.test(last) ? { at: "merge", contact: one, other: last } : { at: "nowhere" };
  }
  if (page === "segments" && more === undefined) {
    if (one === undefined) return { at: "segments" };
    if (!KEY.test(one)) return { at: "nowhere" };
    return { at: "segment", key: one, contact: ID.test(asked("contact")) ? asked("contact") : null };
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
    case "contact":
      return `/console/contacts/${encodeURIComponent(place.contact)}`;
    case "merge":
      return `/console/contacts/${encodeURIComponent(place.contact)}/merge/${encodeURIComponent(place.other)}`;
    case "segments":
      return "/console/segments";
    case "segment":
      return `/console/segments/${encodeURIComponent(place.key)}${query({ contact: place.contact })}`;
    case "import":
      return `/console/imports/${place.id === null ? "new" : encodeURIComponent(place.id)}`;
    case "nowhere":
      return "/console/contacts";
  }
}

export const importPath = (id: string): string => bookPathOf({ at: "import", id });
export const contactPath = (contact: string): string => bookPathOf({ at: "contact", contact });
export const segmentPath = (key: string): string => bookPathOf({ at: "segment", key, contact: null });
