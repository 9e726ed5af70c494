import { expect, test } from "vitest";
import { faultsOf, type Judged } from "./judged.tsx";
import type { Fault, Preview } from "./types.ts";

const fault: Fault = { code: "W0302", message: "nothing adds it", help: null, start: 8, end: 14, suggestion: "helped" };
const preview = { count: 3, warnings: [fault] } as unknown as Preview;

test("what is wrong and what is odd stand in their place in what is written, white space before it and all", () => {
  const of = "has tag halped";
  const odd: Judged = { of, preview };
  expect(faultsOf(odd, ` ${of}`)).toEqual({ of: ` ${of}`, list: [{ ...fault, start: 9, end: 15 }], odd: true });
  expect(faultsOf({ of, faults: [fault] }, of)).toEqual({ of, list: [fault], odd: false });
});

test("nothing is shown of a text that is not the one that was asked", () => {
  expect(faultsOf({ of: "has tag halped", preview }, "has tag hal")?.list).toEqual([]);
  expect(faultsOf(null, "has tag hal")).toBeNull();
  expect(faultsOf({ of: "a", problem: "The server cannot be reached." }, "a")).toBeNull();
});
