// Pages of what was said, put together: each line once, whatever the pages have in common.

import type { Transcript } from "./types.ts";

/** What is held, with a page from before it. */
export function joinEarlier(held: Transcript, page: Transcript): Transcript {
  const before = page.messages.filter((m) => m.no < held.first);
  return { ...held, first: Math.min(held.first, page.first), earlier: page.earlier, messages: [...before, ...held.messages] };
}

/** What is held, with a page from after it. */
export function joinLater(held: Transcript, page: Transcript): Transcript {
  if (page.last <= held.last) return held;
  return { ...held, last: page.last, later: page.later, messages: [...held.messages, ...page.messages.filter((m) => m.no > held.last)] };
}
