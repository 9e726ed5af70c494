import { expect, test } from "vitest";
import type { Delivery, Webhook } from "./api.ts";
import { hookPath, hookPlaceOf } from "./route.ts";
import { changesOf, EVENTS, meanwhile, outcome, standing, tested, timesTold, united, writtenOf } from "./words.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const hook: Webhook = {
  id: "whk_1",
  etag: '"1-a"',
  url: "https://shop.example/in",
  events: ["tag.added"],
  description: "",
  parallel: 1,
  enabled: true,
  disabled: null,
  created_at: "2026-11-20T12:00:00Z",
  created_by: "agt_1",
  made_by: { kind: "agent", name: "Admin" },
  changed_at: null,
  changed_by: null,
  old_secret_until: null,
  waiting: 0,
  next_at: null,
  failing_since: null,
  missed: null,
};

test("how a webhook stands: the worst first", () => {
  expect(standing(hook, NOW)).toEqual({ says: "works", tone: "good" });
  expect(standing({ ...hook, waiting: 1_200 }, NOW).says).toBe("1,200 waiting");
  expect(standing({ ...hook, waiting: 3, failing_since: "2026-11-21T09:00:00Z" }, NOW)).toEqual({ says: "nothing arrives, for 3 h now", tone: "bad" });
  expect(standing({ ...hook, enabled: false, disabled: { at: "2026-11-21T09:00:00Z", why: "paused" }, waiting: 3 }, NOW).says).toBe("paused");
  expect(standing({ ...hook, enabled: false, disabled: { at: "2026-11-21T09:00:00Z", why: "gone" } }, NOW).tone).toBe("bad");
});

test("what came of a delivery and of a test", () => {
  const delivery: Delivery = { id: "dlv_1", event: "tag.added", contact: null, at: "", data: {}, state: "delivered", tries: 1, status: 204, error: null, took_ms: 12, next_at: null, ended_at: "" };
  expect(outcome(delivery)).toBe("answered 204");
  expect(outcome({ ...delivery, tries: 3 })).toBe("tried 3 times, answered 204");
  expect(outcome({ ...delivery, state: "waiting", tries: 2, status: 500 })).toBe("tried 2 times; answered 500");
  expect(outcome({ ...delivery, state: "failed", tries: 1, status: null, error: "connection refused" })).toBe("tried once; connection refused");
  expect(outcome({ ...delivery, state: "waiting", tries: 0, status: null })).toBe("not tried yet");
  expect(tested({ delivered: true, status: 200, error: null })).toContain("answered 200");
  expect(tested({ delivered: false, status: 500, error: null })).toBe("It was not taken: the receiver answered 500.");
  expect(tested({ delivered: false, status: null, error: "timed out" })).toBe("It did not arrive: timed out.");
});

test("every event is offered once, and a webhook is written as it is", () => {
  const offered = EVENTS.flatMap((group) => group.events.map(([name]) => name));
  expect(new Set(offered).size).toBe(offered.length);
  expect(offered).toHaveLength(12);
  expect(writtenOf(hook)).toEqual({ url: hook.url, events: ["tag.added"], description: "", parallel: 1 });
});

test("only what was written anew is said: the rest may be another's change", () => {
  const from = { url: "https://shop.example/in", events: ["tag.added" as const, "tag.removed" as const], description: " as before ", parallel: 1 };
  const same = { ...from, description: "as before" };
  expect(changesOf(from, same)).toEqual({});
  expect(changesOf(from, { ...same, events: ["tag.removed", "tag.added"] })).toEqual({});
  expect(changesOf(from, { ...same, events: ["tag.added", "event.recorded"] })).toEqual({ events: ["tag.added", "event.recorded"] });
  expect(changesOf(from, { ...same, events: ["tag.added"] })).toEqual({ events: ["tag.added"] });
  expect(changesOf(from, { ...same, description: "" })).toEqual({ description: "" });
  expect(changesOf(from, { ...same, url: "https://shop.example/other", parallel: 4 })).toEqual({ url: "https://shop.example/other", parallel: 4 });
});

test("what two people wrote at once is united, and whoever is late is told what is new", () => {
  const from: Webhook = { ...hook, events: ["tag.added", "tag.removed"], description: "Books" };
  const mine = { ...writtenOf(from), events: ["tag.removed" as const, "event.recorded" as const], description: "Ledger" };
  const theirs: Webhook = { ...from, events: ["tag.added", "contact.erased"], parallel: 4, enabled: false, disabled: { at: "", why: "paused" }, description: "The books" };
  expect(united(writtenOf(from), mine, writtenOf(theirs))).toEqual({ url: hook.url, events: ["contact.erased", "event.recorded"], description: "Ledger", parallel: 4 });
  expect(meanwhile(from, theirs, mine)).toEqual([
    { title: "What it is for", says: "“The books”", other: true },
    { title: "Told of", says: "now also contact.erased; no longer tag.removed", other: false },
    { title: "Deliveries at once", says: "up to 4", other: false },
    { title: "Deliveries", says: "paused", other: false },
  ]);
  expect(meanwhile(from, { ...from, description: "Ledger" }, mine)).toEqual([{ title: "What it is for", says: "“Ledger”", other: false }]);
  expect(meanwhile(from, { ...from, old_secret_until: "2026-11-22T12:00:00Z" }, mine)[0]?.title).toBe("Secret");
  // What it is told, and how many wait, is nobody's change.
  expect(meanwhile(from, { ...from, etag: '"2-a"', waiting: 7 }, mine)).toEqual([]);
});

test("addresses lead where they say", () => {
  expect(hookPlaceOf("/console/webhooks")).toEqual({ at: "webhooks" });
  expect(hookPlaceOf("/console/webhooks/")).toEqual({ at: "webhooks" });
  expect(hookPlaceOf(hookPath("whk_1f"))).toEqual({ at: "webhook", id: "whk_1f" });
  for (const path of ["/console/webhooks/x", "/console/webhooks/whk_1/x", "/console/webhooks/whk_%2F"]) expect(hookPlaceOf(path)).toEqual({ at: "nowhere" });
});

test("a delivery that is told again is told apart from the first time", () => {
  expect(timesTold(["b", "a", "a"])).toEqual([0, 1, 0]);
  expect(timesTold(["a", "b", "a", "a"])).toEqual([2, 0, 1, 0]);
});
