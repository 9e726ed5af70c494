// How times, sizes, names and values read. Pure: the caller gives the time.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, short: `now`, `4 min`, `3 h`, `2 d`. */
export function ago(at: number, now: number): string {
  const gone = Math.max(0, now - at);
  if (gone < MINUTE) return "now";
  if (gone < HOUR) return `${Math.floor(gone / MINUTE)} min`;
  if (gone < DAY) return `${Math.floor(gone / HOUR)} h`;
  return `${Math.floor(gone / DAY)} d`;
}

/** How long ago in words for screen readers and titles. */
export function agoInWords(at: number, now: number): string {
  const gone = Math.max(0, now - at);
  const many = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  if (gone < MINUTE) return "just now";
  if (gone < HOUR) return many(Math.floor(gone / MINUTE), "minute");
  if (gone < DAY) return many(Math.floor(gone / HOUR), "hour");
  return many(Math.floor(gone / DAY), "day");
}

/** The local day of an instant, as a key. */
export function dayKey(at: number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

/** The local day of an instant, for people. */
export function dayName(at: number, now: number): string {
  if (dayKey(at) === dayKey(now)) return "Today";
  if (dayKey(at) === dayKey(now - DAY)) return "Yesterday";
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at).toLocaleDateString(undefined, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export function fullTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A size in bytes for people. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** At most two graphemes that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter((w) => w !== "");
  const segmenter = new Intl.Segmenter();
  const firstOf = (word: string): string => {
    for (const { segment } of segmenter.segment(word)) {
      if (/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(segment)) return segment;
    }
    return "";
  };
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  const letters = picked.map((w) => firstOf(w ?? "")).join("");
  return letters === "" ? "?" : letters.toLocaleUpperCase();
}

/** One of eight colours that stays the same for an id. */
export function hue(id: string): number {
  let h = 0;
  for (const c of id) h = (h * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return h % 8;
}

/** A label from a declared name: `first_name` reads "First name". */
export function label(name: string): string {
  const words = name.replaceAll(/[_-]+/gu, " ").trim();
  const [head = "", ...rest] = [...words];
  return head.toLocaleUpperCase() + rest.join("");
}

/** A value of the contact book for people. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return value.toLocaleString();
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  const record = value as Record<string, unknown>;
  if (typeof record["amount"] === "string" && typeof record["currency"] === "string") return `${record["amount"]} ${record["currency"]}`;
  return Object.entries(record)
    .map(([k, v]) => `${k}: ${valueText(v)}`)
    .join(", ");
}

/** Only addresses a person may follow safely from the console. */
export function safeUrl(url: string): string | null {
  try {
    const parsed = new URL(url);
    return ["https:", "http:", "mailto:", "tel:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export interface Piece {
  text: string;
  /** Where it leads, if it is an address. */
  href: string | null;
}

/** A text cut into plain pieces and web addresses. */
export function linked(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"']+/giu)) {
    const raw = match[0].replace(/[.,;:!?)\]]+$/u, "");
    const href = safeUrl(raw);
    if (href === null) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), href: null });
    pieces.push({ text: raw, href });
    from = match.index + raw.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}
