import { expect, test } from "vitest";
import { exportColumns } from "./exported.ts";
import { TOLD } from "./system.ts";

test("a file can have everything that can be put right of everybody, and the bot's own attributes once", () => {
  const of = (name: string, declared: boolean) => ({ name, type: "text", values: [], says: "", declared });
  const columns = exportColumns([of("plan", true), of("email", true), of("age", false)]);
  expect(columns).toEqual(expect.arrayContaining(TOLD.map((a) => a.name)));
  expect(columns.filter((name) => name === "plan" || name === "email" || name === "age").sort()).toEqual(["email", "plan"]);
});
