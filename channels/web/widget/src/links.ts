/** Text that came from somebody, as nodes: never markup, and links only where the scheme is harmless. */

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
// Ends before punctuation that belongs to the sentence; a closing bracket stays only with its opening one.
const FOUND = /https?:\/\/[^\s<>"'`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;

/** The address if a person may follow it, else null. */
export function safeAddress(address: string): string | null {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The address that dials a number. */
export function dial(number: string): string | null {
  const digits = number.replace(/[^\d+*#]/g, "");
  return digits ? `tel:${digits.replace(/#/g, "%23")}` : null;
}

export interface Run {
  text: string;
  href: string | null;
}

/** Splits a text into plain runs and links. */
export function runs(text: string): Run[] {
  const out: Run[] = [];
  let from = 0;
  for (const match of text.matchAll(FOUND)) {
    let found = match[0].replace(/[.,;:!?\]]+$/, "");
    while (found.endsWith(")") && found.split(")").length > found.split("(").length) {
      found = found.slice(0, -1).replace(/[.,;:!?\]]+$/, "");
    }
    const href = safeAddress(found.includes("://") ? found : `mailto:${found}`);
    if (!href) continue;
    if (match.index > from) out.push({ text: text.slice(from, match.index), href: null });
    out.push({ text: found, href });
    from = match.index + found.length;
  }
  if (from < text.length) out.push({ text: text.slice(from), href: null });
  return out;
}
