/**
 * What was said, as far as this browser knows, and what it is about to say.
 *
 * Lines are known by their number: one that comes twice (a resumed stream, a page and a stream) is one line. What
 * the visitor said is pending until its line comes back with the same client id.
 */

import type { Button, DeliveryLine, Line, Page, Pending } from "./types";

export class Conversation {
  /** By number, ascending. */
  lines: Line[] = [];
  /** In the order they were said. */
  pending: Pending[] = [];
  /** The newest number known. */
  cursor = 0;
  /** The number before the oldest line known; 0 when all are here. */
  before = 0;

  page(page: Page) {
    for (const line of page.lines) this.line(line);
    for (const delivery of page.deliveries) this.delivery(delivery);
    if (page.cursor > this.cursor) this.cursor = page.cursor;
  }

  /** Takes a line; answers whether it is new. */
  line(line: Line): boolean {
    if (line.no > this.cursor) this.cursor = line.no;
    if (line.client_id) this.pending = this.pending.filter((p) => p.client_id !== line.client_id);
    let at = this.lines.length;
    while (at > 0 && this.lines[at - 1]!.no > line.no) at--;
    if (at > 0 && this.lines[at - 1]!.no === line.no) return false;
    this.lines.splice(at, 0, line);
    return true;
  }

  delivery(update: DeliveryLine) {
    if (update.no > this.cursor) this.cursor = update.no;
    // What the visitor has read they know; its line drawn anew would be read out to them once more.
    if (update.delivery === "read") return;
    const at = this.lines.findIndex((line) => line.id === update.message);
    if (at >= 0) this.lines[at] = { ...this.lines[at]!, delivery: update.delivery };
  }

  /** The server's data is older than what we saw: begin anew. */
  reset() {
    this.lines = [];
    this.cursor = 0;
    this.before = 0;
  }

  /** What is shown beside the input: the quick replies of what was asked last, gone once it is answered. */
  quickReplies(): Button[] {
    if (this.pending.some((p) => p.path === "messages" && p.state !== "failed")) return [];
    for (let n = this.lines.length - 1; n >= 0; n--) {
      const line = this.lines[n]!;
      if (line.from === "you") return [];
      if (line.quick_replies?.length) return line.quick_replies;
    }
    return [];
  }

  /** Tokens of the buttons that were pressed. */
  pressed(): Set<string> {
    const tokens = this.lines.map((line) => line.pressed).concat(this.pending.map((p) => p.body.press));
    return new Set(tokens.filter((token) => token !== undefined));
  }

  /** Whether a button was pressed and its line has not come back: pressed again meanwhile, it was meant once. */
  sending(token: string): boolean {
    return this.pending.some((p) => p.body.press === token && p.state !== "failed");
  }

  /** The number of the line whose buttons are current: nothing was said by the visitor after it. */
  current(): number {
    if (this.pending.some((p) => p.path === "messages")) return Infinity;
    for (let n = this.lines.length - 1; n >= 0; n--) if (this.lines[n]!.from === "you") return this.lines[n]!.no;
    return 0;
  }

  /** How many lines of others came after this number. */
  unread(seen: number): number {
    return this.#told().filter((line) => line.no > seen).length;
  }

  /** The number of the newest line of others; 0 if they have said nothing. */
  told(): number {
    return this.#told().at(-1)?.no ?? 0;
  }

  #told(): Line[] {
    return this.lines.filter((line) => line.from === "bot" || line.from === "agent");
  }
}
