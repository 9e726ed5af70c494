import { expect, test } from "vitest";
import { pageOf } from "../nav.tsx";
import { bookPathOf, bookPlaceOf, type BookPlace } from "./route.ts";

const CONTACT = `con_${"01K9Z3N8YQ4V7T2R5W6X8A9B0C"}`;
const OTHER = `con_${"01K9Z3N8YQ4V7T2R5W6X8A9B0D"}`;
const CONVERSATION = `cnv_${"01K9Z3N8YQ4V7T2R5W6X8A9B0C"}`;
const url = (path: string): URL => new URL(path, "http://x");

test("every place has an address that leads back to it", () => {
  const places: BookPlace[] = [
    { at: "contacts", q: "", where: "" },
    { at: "contacts", q: "ana & co", where: "" },
    { at: "contacts", q: "", where: 'city = "Köln" and orders >= 3 # ?' },
    { at: "contact", contact: CONTACT, said: null },
    { at: "contact", contact: CONTACT, said: { conversation: null, line: null } },
    { at: "contact", contact: CONTACT, said: { conversation: CONVERSATION, line: 12 } },
    { at: "said", text: "" },
    { at: "said", text: "wo ist & bleibt" },
    { at: "merge", contact: CONTACT, other: OTHER },
    { at: "segments" },
    { at: "segment", key: "vip-1", contact: null },
    { at: "segment", key: "vip-1", contact: CONTACT },
    { at: "segment", key: "new", contact: null },
    { at: "segment form", key: null, where: "" },
    { at: "segment form", key: null, where: "plan = gold & co" },
    { at: "segment form", key: "vip-1", where: "" },
    { at: "import", id: null },
    { at: "import", id: "imp_1" },
    { at: "erasures", bulk: null },
    { at: "erasures", bulk: "aud_5d0c" },
    { at: "erasure", id: "era_5d0c" },
  ];
  for (const place of places) expect(bookPlaceOf(url(bookPathOf(place)))).toEqual(place);
});

test("what is no address of the book is said to be none", () => {
  for (const path of ["/console/contacts/x", `/console/contacts/${CONTACT}/x`, "/console/contacts/a/b/c/d/e", "/console/segments/a%2Fb", "/console/segments/a/b", "/console/contacts/%E0%A4%A", "/console/erasures/x", "/console/erasures/era_1/x", `/console/contacts/${CONTACT}/merge/1`, `/console/contacts/${CONTACT}/messages/1`]) {
    expect(bookPlaceOf(url(path)).at, path).toBe("nowhere");
  }
});

test("pages by their addresses", () => {
  expect(["/console", "/console/", "/console/chat/a/b", "/console/flows/x", "/console/flowsheet", "/console/contacts", "/console/contactsx", `/console/contacts/${CONTACT}`, "/console/segments/a", "/console/imports/new", "/console/erasures", "/console/webhooks/whk_1"].map(pageOf)).toEqual(
    ["desk", "desk", "desk", "flows", "desk", "contacts", "desk", "contacts", "segments", "contacts", "contacts", "webhooks"],
  );
});
