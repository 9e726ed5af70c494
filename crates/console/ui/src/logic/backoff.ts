/**
 * Milliseconds to wait before the next try: doubling from half a second to 5 s, spread so that many consoles do not come back at once.
 * A customer may be waiting for this desk: it is never away for longer than that after the server is back.
 */
export function backoff(attempt: number, random: () => number): number {
  const ceiling = Math.min(5_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
