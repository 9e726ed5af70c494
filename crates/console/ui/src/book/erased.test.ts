import { expect, test } from "vitest";
import { somethingStays, upTo } from "./erased.ts";
import type { Certificate, ErasurePage } from "./types.ts";

test("pages are read one behind the other, as many as are looked at", async () => {
  const one = (id: string): Certificate => ({ id }) as Certificate;
  const pages: Record<string, [string[], string | null]> = { "": [["era_5", "era_4"], "4"], "4": [["era_3", "era_2"], "2"], "2": [["era_1"], null] };
  const asked: (string | null)[] = [];
  const read = async (cursor: string | null): Promise<ErasurePage> => {
    asked.push(cursor);
    const [ids, next] = pages[cursor ?? ""] ?? [[], null];
    return { erasures: ids.map(one), next_cursor: next, total: 5, pending: cursor === null ? 3 : 9 };
  };
  const two = await upTo(2, read);
  expect([two.erasures.map((e) => e.id), two.next_cursor, two.pending, two.pages]).toEqual([["era_5", "era_4", "era_3", "era_2"], "2", 3, 2]);
  const all = await upTo(9, read);
  expect([all.erasures.length, all.next_cursor]).toEqual([5, null]);
  expect(asked).toEqual([null, "4", null, "4", "2"]);
});

test("nothing is left only when nothing stays", () => {
  const nothing = { suppression_hashes: 0, webhooks_told: 0, unfinished_imports: 0 };
  expect(somethingStays(nothing)).toBe(false);
  for (const stays of ["suppression_hashes", "webhooks_told", "unfinished_imports"]) expect(somethingStays({ ...nothing, [stays]: 1 }), stays).toBe(true);
});
