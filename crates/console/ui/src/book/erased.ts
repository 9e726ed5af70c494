// What certificates of erasures come to: what follows a page of them, and whether something stays of somebody.

import type { Certificate, ErasurePage, ErasureStays } from "./types.ts";

/** Certificates that were read behind a first page. */
export interface Behind {
  /** Where that first page ended. */
  after: string | null;
  rows: Certificate[];
  next: string | null;
}

/** What follows the first page as it is now: what was read behind one that ended elsewhere would leave a gap. */
export function behind(first: Pick<ErasurePage, "next_cursor"> | null, read: Behind | null): Behind | null {
  return first !== null && read?.after === first.next_cursor ? read : null;
}

/** Whether anything that comes from the person stays beside the certificate. */
export function somethingStays({ suppression_hashes: hashes, webhooks_told: webhooks, unfinished_imports: imports }: Omit<ErasureStays, "certificate">): boolean {
  return hashes + webhooks + imports > 0;
}
