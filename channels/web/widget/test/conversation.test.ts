import { expect, test } from "vitest";
import { Conversation } from "../src/conversation";
import { textOn, optionsOf } from "../src/options";
import type { Line, Pending } from "../src/types";

const line = (no: number, from: Line["from"], extra: Partial<Line> = {}): Line => ({
  no, id: `msg_${no}`, at: "2026-03-02T10:00:00Z", from, text: `${no}`, delivery: "sent", ...extra,
});
const pending = (client_id: string, body: Pending["body"] = {}): Pending => ({ client_id, path: "messages", body, at: 0, state: "sending" });

test("a line that comes twice is one line, and lines stand in their order", () => {
  const talk = new Conversation();
  for (const no of [2, 1, 3, 2, 1]) talk.line(line(no, "bot"));
  expect(talk.lines.map((l) => l.no)).toEqual([1, 2, 3]);
  expect(talk.cursor).toBe(3);
});

test("what the visitor said is pending until its line comes back", () => {
  const talk = new Conversation();
  talk.pending = [pending("a"), pending("b")];
  talk.line(line(1, "you", { client_id: "a" }));
  expect(talk.pending.map((p) => p.client_id)).toEqual(["b"]);
});

test("a button that was pressed is held until its line comes back, or it failed", () => {
  const talk = new Conversation();
  talk.line(line(1, "bot", { buttons: [{ label: "Yes", token: "y" }, { label: "No", token: "n" }] }));
  expect(talk.sending("y")).toBe(false);
  talk.pending = [pending("a", { press: "y", label: "Yes" })];
  expect([talk.sending("y"), talk.sending("n")]).toEqual([true, false]);
  talk.line(line(2, "you", { client_id: "a", pressed: "y" }));
  expect(talk.sending("y")).toBe(false);
  talk.pending = [{ ...pending("b", { press: "y", label: "Yes" }), state: "failed" }];
  expect(talk.sending("y")).toBe(false);
});

test("quick replies go when they are answered", () => {
  const talk = new Conversation();
  talk.line(line(1, "bot", { quick_replies: [{ label: "Yes", token: "y" }] }));
  talk.line(line(2, "system"));
  expect(talk.quickReplies()).toHaveLength(1);
  talk.pending = [pending("a", { text: "yes" })];
  expect(talk.quickReplies()).toEqual([]);
  talk.line(line(3, "you", { client_id: "a" }));
  expect(talk.quickReplies()).toEqual([]);
});

test("what was read is no change of its line, and moves the cursor alone", () => {
  const talk = new Conversation();
  talk.line(line(1, "bot"));
  const [shown] = talk.lines;
  talk.delivery({ no: 2, message: "msg_1", delivery: "read" });
  expect(talk.lines[0]).toBe(shown);
  expect(talk.cursor).toBe(2);
});

test("the newest line of others is what can be read", () => {
  const talk = new Conversation();
  expect(talk.told()).toBe(0);
  (["bot", "agent", "you", "system"] as const).forEach((from, n) => talk.line(line(n + 1, from)));
  talk.delivery({ no: 5, message: "msg_2", delivery: "read" });
  expect(talk.told()).toBe(2);
});

test("a delivery changes the line it is about", () => {
  const talk = new Conversation();
  talk.line(line(1, "bot"));
  talk.delivery({ no: 2, message: "msg_1", delivery: "failed" });
  talk.delivery({ no: 3, message: "msg_9", delivery: "failed" });
  expect(talk.lines[0]!.delivery).toBe("failed");
  expect(talk.cursor).toBe(3);
});

test("unread are the lines of others after the one seen", () => {
  const talk = new Conversation();
  for (const [no, from] of [[1, "bot"], [2, "you"], [3, "agent"], [4, "system"]] as const) talk.line(line(no, from));
  expect([talk.unread(0), talk.unread(1), talk.unread(3)]).toEqual([2, 1, 0]);
});

test("text on a colour is the one that is read better", () => {
  expect(textOn("rgb(255, 255, 255)")).toBe("#000");
  expect(textOn("rgb(255, 220, 0)")).toBe("#000");
  expect(textOn("rgb(52, 81, 209)")).toBe("#fff");
  expect(textOn("rgb(0, 0, 0)")).toBe("#fff");
});

test("the channel's address follows from the script's", () => {
  expect(optionsOf("https://chat.example/widget.js?v=2", {}).base).toBe("https://chat.example/c/web/");
  expect(optionsOf("https://chat.example/widget.js", { channel: "../x" }).base).toBe("https://chat.example/c/..%2Fx/");
});
