// How a webhook stands, by word and colour.

import type { Webhook } from "./api.ts";
import { standing } from "./words.ts";

export function Standing({ hook, now }: { hook: Webhook; now: number }) {
  const { says, tone } = standing(hook, now);
  return <span className={`chip tone-${tone}`}>{says}</span>;
}
