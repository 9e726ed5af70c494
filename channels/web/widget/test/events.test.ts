import { expect, test } from "vitest";
import { EventReader } from "../src/events";

const STREAM = `: still here\n\nid: 1\nevent: line\ndata: {"no":1,"text":"ñ 漢 🙂"}\n\nevent: typing\ndata: {"name":null}\n\nid: 2\nevent: line\ndata: {"no":2}\n\n`;
const ALL = [
  { name: "line", data: `{"no":1,"text":"ñ 漢 🙂"}` },
  { name: "typing", data: `{"name":null}` },
  { name: "line", data: `{"no":2}` },
];

test("a stream reads the same however it is cut into pieces", () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let at = 0; at <= bytes.length; at++) {
    const reader = new EventReader();
    expect([...reader.push(bytes.slice(0, at)), ...reader.push(bytes.slice(at))]).toEqual(ALL);
  }
  const reader = new EventReader();
  expect([...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)))).toEqual(ALL);
});

test("what was cut off counts for nothing", () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let at = 0; at < bytes.length; at++) {
    const read = new EventReader().push(bytes.slice(0, at));
    expect(ALL.slice(0, read.length)).toEqual(read);
    expect(read.length).toBeLessThan(ALL.length);
  }
});
