// What certificates of erasures come to: several pages of them, and whether something stays of somebody.

import type { Certificate, ErasurePage, ErasureStays } from "./types.ts";

/** So many pages of certificates as one, each read behind the one before; fewer when there are no more. */
export async function upTo(pages: number, read: (cursor: string | null) => Promise<ErasurePage>): Promise<ErasurePage & { pages: number }> {
  const first = await read(null);
  const erasures: Certificate[] = [...first.erasures];
  let next = first.next_cursor;
  for (let n = 1; n < pages && next !== null; n++) {
    const more = await read(next);
    erasures.push(...more.erasures);
    next = more.next_cursor;
  }
  return { ...first, erasures, next_cursor: next, pages };
}

/** Whether anything that comes from the person stays beside the certificate. */
export function somethingStays({ suppression_hashes: hashes, webhooks_told: webhooks, unfinished_imports: imports }: Omit<ErasureStays, "certificate">): boolean {
  return hashes + webhooks + imports > 0;
}
