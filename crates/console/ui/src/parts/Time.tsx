// Instants as people read them: in their own zone, in one form everywhere, with the exact time on pointing at one.

import { ago, agoInWords, clock, exactTime, fullTime } from "../logic/words.ts";

/** Milliseconds since 1970, or RFC 3339. */
export type When = number | string;

const millis = (at: When): number => (typeof at === "number" ? at : Date.parse(at));

interface Props {
  at: When;
}

/** The day and the time of day. */
export function At({ at }: Props) {
  return <Time ms={millis(at)} says={fullTime} />;
}

/** The time of day, where the day is said elsewhere. */
export function TimeOfDay({ at }: Props) {
  return <Time ms={millis(at)} says={clock} />;
}

/** How long ago; `now` moves, so what is said does. */
export function Ago({ at, now }: Props & { now: number }) {
  return <Time ms={millis(at)} says={(ms) => agoInWords(ms, now)} />;
}

/** The same where there is little room; a screen reader says it in full. */
export function ShortAgo({ at, now }: Props & { now: number }) {
  const ms = millis(at);
  return <Time ms={ms} says={() => ago(ms, now)} spoken={agoInWords(ms, now)} />;
}

function Time({ ms, says, spoken }: { ms: number; says(ms: number): string; spoken?: string }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactTime(ms)} aria-label={spoken}>
      {says(ms)}
    </time>
  );
}
