import { expect, test } from "vitest";
import type { Block, Picture } from "../flows/types.ts";
import { eventsOf } from "./vocabulary.ts";

const block = (kind: string, summary: string): Block => ({ name: "b", kind, group: "events", summary, rests: "no", conditional: false, concerns: [], exits: [] });

test("events are known by what flows raise and catch, and by what rules ask for", () => {
  const picture: Picture = {
    bot: "b",
    version: "1",
    skills: [{ name: "s", title: "S", built_in: false, guarded: false, catches: ["event order_delayed", "command /order", "an event of sorts"], blocks: [block("send", "purchase"), block("text", "hello there")] }],
    links: [{ from: "s", block: "b", to: "t", how: "raises", name: "vip_delayed" }, { from: "s", block: "b", to: "t", how: "leaves", name: "next" }],
  };
  expect(eventsOf(picture, ["count(visit, today) > 0 and min(orders, 3) = 3", "sequence(add_to_cart then no purchase within 2h)", ""])).toEqual(["add_to_cart", "order_delayed", "purchase", "vip_delayed", "visit"]);
  expect(eventsOf(null, [])).toEqual([]);
});
