// What is new at the desk, so that it is announced once.

import type { DeskView, Row } from "../types.ts";

/** Rows waiting now that were not known before. */
export function arrivals(known: ReadonlySet<string>, desk: DeskView): Row[] {
  return desk.queue.filter((row) => !known.has(row.request));
}

/** One sentence for screen readers, or nothing. */
export function announcement(rows: readonly Row[]): string {
  const first = rows[0];
  if (first === undefined) return "";
  return rows.length === 1 ? `New request from ${first.name} for ${first.group}` : `${rows.length} new requests`;
}

/** How many things wait for this agent: requests in line and own chats in which the customer spoke last. */
export function waitingCount(desk: DeskView): number {
  return desk.queue.length + desk.mine.filter((row) => row.waiting_customer).length;
}

/** The tab's title, with what waits in front. */
export function tabTitle(count: number, bot: string): string {
  return `${count > 0 ? `(${count}) ` : ""}${bot === "" ? "Switchboard" : `${bot} · Switchboard`}`;
}
