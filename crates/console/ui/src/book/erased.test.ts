import { expect, test } from "vitest";
import { behind, somethingStays } from "./erased.ts";

test("what was read behind a first page is shown behind that one only", () => {
  const read = { after: "era_5", rows: [], next: "era_2" };
  expect(behind({ next_cursor: "era_5" }, read)).toBe(read);
  // Somebody was erased meanwhile: the first page ends sooner, and what is between was not read.
  expect(behind({ next_cursor: "era_6" }, read)).toBe(null);
  expect(behind({ next_cursor: null }, read)).toBe(null);
  expect(behind(null, read)).toBe(null);
  expect(behind({ next_cursor: null }, null)).toBe(null);
});

test("nothing is left only when nothing stays", () => {
  const nothing = { suppression_hashes: 0, webhooks_told: 0, unfinished_imports: 0 };
  expect(somethingStays(nothing)).toBe(false);
  for (const stays of ["suppression_hashes", "webhooks_told", "unfinished_imports"]) expect(somethingStays({ ...nothing, [stays]: 1 }), stays).toBe(true);
});
