import { describe, expect, test } from "vitest";
import type { DeskView, Row } from "../types.ts";
import { backoff } from "./backoff.ts";
import { roves, sends } from "./keys.ts";
import { announcement, arrivals, tabTitle, waitingCount } from "./requests.ts";
import { pathOf, placeOf } from "./route.ts";
import { ago, agoInWords, dayName, dayOf, exactTime, findable, fold, fullTime, hue, initials, label, lasts, linked, safeUrl, sentence, size, valueText } from "./words.ts";

const key = (name: string, more: object = {}) => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0, ...more });

describe("keys", () => {
  test("Enter sends, except with Shift and while an input method composes", () => {
    expect(sends(key("Enter"))).toBe(true);
    expect(sends(key("Enter", { shiftKey: true }))).toBe(false);
    expect(sends(key("Enter", { isComposing: true }))).toBe(false);
    expect(sends(key("Enter", { keyCode: 229 }))).toBe(false);
    expect(sends(key("a"))).toBe(false);
  });
  test("arrows stay inside the list", () => {
    expect(roves("ArrowDown", 1, 3)).toBe(2);
    expect(roves("ArrowDown", 2, 3)).toBe(2);
    expect(roves("ArrowUp", 0, 3)).toBe(0);
    expect(roves("End", 0, 3)).toBe(2);
    expect(roves("Tab", 0, 3)).toBe(null);
    expect(roves("ArrowDown", 0, 0)).toBe(null);
  });
});

test("backoff doubles to a ceiling and spreads", () => {
  expect(backoff(0, () => 0)).toBe(250);
  expect(backoff(0, () => 1)).toBe(500);
  expect(backoff(3, () => 1)).toBe(4_000);
  expect(backoff(50, () => 1)).toBe(5_000);
});

describe("words", () => {
  const now = Date.UTC(2026, 2, 2, 12);
  test("times", () => {
    expect([0, 59_000, 60_000, 3_600_000, 90_000_000].map((gone) => ago(now - gone, now))).toEqual(["now", "now", "1 min", "1 h", "1 d"]);
    expect(ago(now + 5_000, now)).toBe("now");
    expect(agoInWords(now - 120_000, now)).toBe("2 minutes ago");
    // Who counts forty days? The day says more, with its year if it is another one.
    const day = 86_400_000;
    expect([ago(now - 27 * day, now), agoInWords(now - 27 * day, now)]).toEqual(["27 d", "27 days ago"]);
    expect(ago(now - 40 * day, now)).toMatch(/^(?=.*21)(?=.*Jan)(?!.*2026)/u);
    expect(agoInWords(now - 400 * day, now)).toMatch(/^(?=.*January)(?=.*2025)/u);
    expect([lasts(0), lasts(3 * 3_600_000), lasts(1_500 * day)]).toEqual(["0 min", "3 h", "1,500 d"]);
    expect(fullTime(now)).not.toMatch(/:\d\d:/u);
    expect(exactTime(now)).toMatch(/\d:\d\d:00/u);
    expect(dayOf("2026-03-02")).toMatch(/2026/u);
    expect(dayOf("someday")).toBe("someday");
    expect(dayName(now, now)).toBe("Today");
    expect(dayName(now - 86_400_000, now)).toBe("Yesterday");
  });
  test("a refusal begins as a sentence does, a name as it is", () => {
    expect(["the login is not right", "“orders” is no number", "shoe_size is not there", "E0310: no", ""].map(sentence)).toEqual(["The login is not right", "“orders” is no number", "shoe_size is not there", "E0310: no", ""]);
  });
  test("names of every script have a mark", () => {
    expect(initials("Ana Ruiz")).toBe("AR");
    expect(initials("  maría  del  mar ")).toBe("MM");
    expect(initials("مريم العلي")).toBe("ما");
    expect(initials("👩‍👧 (test)")).toBe("👩‍👧T");
    expect(initials("\u202E\u200B")).toBe("?");
    expect(initials("")).toBe("?");
    expect(hue("con_1")).toBe(hue("con_1"));
  });
  test("values", () => {
    expect(valueText(["a", true, null])).toBe("a, Yes, ");
    expect(valueText({ amount: "12.50", currency: "EUR" })).toBe("12.50 EUR");
    expect(label("first_name")).toBe("First name");
    expect(label("email")).toBe("E-mail");
    expect([999, 48_213, 999_499, 999_500, 48_213_000, 4_294_967_296].map(size)).toEqual(["999 B", "48 KB", "999 KB", "1.0 MB", "48.2 MB", "4.3 GB"]);
  });
  test("names and sentences are written as they are, also where i has a capital with a dot", () => {
    const usual = String.prototype.toLocaleUpperCase;
    String.prototype.toLocaleUpperCase = function (this: string) {
      return usual.call(this, "tr");
    };
    try {
      expect([label("id"), sentence("it is so")]).toEqual(["Id", "It is so"]);
    } finally {
      String.prototype.toLocaleUpperCase = usual;
    }
  });
  test("texts are compared and found in one way, also where i has a capital with a dot", () => {
    const usual = String.prototype.toLocaleLowerCase;
    String.prototype.toLocaleLowerCase = function (this: string) {
      return usual.call(this, "tr");
    };
    try {
      expect([fold("  VIP  Line "), fold("Straße"), fold("ＹＥＳ"), fold("ΟΔΟΣ")]).toEqual(["vip line", fold("STRASSE"), "yes", fold("οδος")]);
      expect(fold("ılık")).not.toBe(fold("ilik"));
      expect(fold("resume")).not.toBe(fold("résumé"));
      expect(findable("VIP İstanbul INDIRIM Résumé")).toBe("vip istanbul indirim resume");
      expect(findable("ındırım")).toBe("indirim");
      expect(findable("กำลังใจ")).toBe(fold("กำลังใจ"));
    } finally {
      String.prototype.toLocaleLowerCase = usual;
    }
  });
  test("only web, mail and phone addresses are followed", () => {
    for (const bad of ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "blob:x", "//x", ""]) {
      expect(safeUrl(bad), bad).toBe(null);
    }
    expect(safeUrl("https://a.example/x")).toBe("https://a.example/x");
    expect(safeUrl("tel:+123")).toBe("tel:+123");
  });
  test("web addresses in a text become links, and no character is lost", () => {
    const text = "See https://a.example/x?y=1. Or javascript:alert(1) (http://b.example)!";
    const pieces = linked(text);
    expect(pieces.map((p) => p.text).join("")).toBe(text);
    expect(pieces.filter((p) => p.href !== null).map((p) => p.text)).toEqual(["https://a.example/x?y=1", "http://b.example"]);
    expect(linked("")).toEqual([]);
  });
});

describe("what waits", () => {
  const row = (request: string, more: Partial<Row> = {}): Row => ({ request, contact: "c", conversation: request, group: "support", name: "Ana", channel: "web", since: 0, state: "waiting", position: 1, agent_name: null, last_text: null, last_at: null, waiting_customer: true, ...more });
  const desk: DeskView = { accepting: true, queue: [row("r1"), row("r2")], mine: [row("r3"), row("r4", { waiting_customer: false })], missed: [row("r5")], others: 0, reload_error: null };
  test("is announced once", () => {
    expect(arrivals(new Set(["r1"]), desk).map((r) => r.request)).toEqual(["r2"]);
    expect(arrivals(new Set(["r1", "r2"]), desk)).toEqual([]);
    expect(announcement(desk.queue.slice(0, 1))).toBe("New request from Ana for support");
    expect(announcement(desk.queue)).toBe("2 new requests");
    expect(announcement([])).toBe("");
  });
  test("stands in the tab's title", () => {
    expect(waitingCount(desk)).toBe(3);
    expect(tabTitle(3, "Shop")).toBe("(3) Shop · Switchboard");
    expect(tabTitle(0, "")).toBe("Switchboard");
  });
});

test("the address of a chat survives a reload, and nothing else is taken for one", () => {
  const place = { contact: "con_01K9Z3N8YQ4V7T2R5W6X8A1001", conversation: "cnv_01K9Z3N8YQ4V7T2R5W6X8A1002" };
  expect(placeOf(pathOf(place))).toEqual(place);
  expect(placeOf("/console/")).toBe(null);
  expect(placeOf("/console/chat/../../etc")).toBe(null);
  expect(placeOf(`${pathOf(place)}/more`)).toBe(null);
});
