// How times, sizes, names and values read. Pure: the caller gives the time.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Longer ago than this the day says more than how many days have passed. */
const FAR = 28 * DAY;

/** A length of time, short: `4 min`, `3 h`, `2 d`. */
export function lasts(length: number): string {
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < DAY) return `${Math.floor(length / HOUR)} h`;
  return `${Math.floor(length / DAY).toLocaleString()} d`;
}

/** How long ago, short: `now`, `4 min`, `3 h`, `2 d`, then the day. */
export function ago(at: number, now: number): string {
  const gone = Math.max(0, now - at);
  if (gone < MINUTE) return "now";
  return gone < FAR ? lasts(gone) : day(at, now, "short");
}

/** How long ago, in words: `just now`, `4 minutes ago`, `2 days ago`, then the day. */
export function agoInWords(at: number, now: number): string {
  const gone = Math.max(0, now - at);
  const many = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  if (gone < MINUTE) return "just now";
  if (gone < HOUR) return many(Math.floor(gone / MINUTE), "minute");
  if (gone < DAY) return many(Math.floor(gone / HOUR), "hour");
  return gone < FAR ? many(Math.floor(gone / DAY), "day") : day(at, now, "long");
}

function day(at: number, now: number, month: "short" | "long"): string {
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at).toLocaleDateString(undefined, { day: "numeric", month, ...(thisYear ? {} : { year: "numeric" }) });
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

/** The time of day. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** The day and the time of day. */
export function fullTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** The same to the second, and by which clock: what one is told on pointing at a time. */
export function exactTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

/** A day as it is written, `2026-11-21`, for people; the zone of the browser does not move it. */
export function dayOf(written: string): string {
  const at = new Date(`${written}T12:00:00`);
  return Number.isNaN(at.getTime()) ? written : at.toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** What a program says, begun as a sentence is; a name at its beginning stays as it is. */
export function sentence(text: string): string {
  return /^\p{Ll}+[ ,’']/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** A size in bytes for people. */
export function size(bytes: number): string {
  const of = (unit: number, digits: number): string => (bytes / unit).toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${of(1_000, 0)} KB`;
  return bytes < 999_950_000 ? `${of(1_000_000, 1)} MB` : `${of(1_000_000_000, 1)} GB`;
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
  return letters === "" ? "?" : letters.toUpperCase();
}

/** The form in which two texts are equal for people, the same in whatever language the browser is; labels are compared so by the server. */
export function fold(text: string): string {
  // Dotless ı has the capital of i and is none.
  const folded = text.normalize("NFKC").split("ı").map((part) => part.toUpperCase().toLowerCase().replaceAll("ς", "σ"));
  return folded.join("ı").normalize("NFKC").trim().replace(/\s+/gu, " ");
}

/** The form in which a text is looked for: neither accents nor the dot of an i count. */
export const findable = (text: string): string => fold(text).normalize("NFD").replace(/[\u0300-\u036f]/gu, "").replaceAll("ı", "i").normalize("NFC");

/** One of eight colours that stays the same for an id. */
export function hue(id: string): number {
  let h = 0;
  for (const c of id) h = (h * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return h % 8;
}

/** A label from a declared name: `first_name` reads "First name", in whatever language the browser is. */
export function label(name: string): string {
  // As every page of the console writes it.
  if (name === "email") return "E-mail";
  const words = name.replaceAll(/[_-]+/gu, " ").trim();
  const [head = "", ...rest] = [...words];
  return head.toUpperCase() + rest.join("");
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
