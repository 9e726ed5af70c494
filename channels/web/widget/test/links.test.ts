import { expect, test } from "vitest";
import { dial, runs, safeAddress } from "../src/links";

const links = (text: string) => runs(text).filter((r) => r.href).map((r) => r.text);

test("addresses in a text are links without the sentence around them", () => {
  expect(links("See https://shop.example/a?b=1.")).toEqual(["https://shop.example/a?b=1"]);
  expect(links("(https://shop.example/x)")).toEqual(["https://shop.example/x"]);
  expect(links("https://en.example/Oil_(fruit), yes")).toEqual(["https://en.example/Oil_(fruit)"]);
  expect(links("write to ana.b+c@shop.example!")).toEqual(["ana.b+c@shop.example"]);
  expect(links("no links: 12:30, a@b, http://")).toEqual([]);
});

test("nothing of a text is lost", () => {
  for (const text of ["", "a", "https://a.example", "x https://a.example) y", "a@b.example, c@d.example."]) {
    expect(runs(text).map((r) => r.text).join("")).toBe(text);
  }
});

test("only harmless schemes are followed", () => {
  for (const bad of ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://x/y", "//x.example", "x", ""]) {
    expect(safeAddress(bad), bad).toBeNull();
  }
  for (const good of ["https://a.example/", "http://a.example/", "mailto:a@b.example", "tel:+1"]) expect(safeAddress(good)).toBe(good);
  expect(dial("+34 600-000 (0)")).toBe("tel:+346000000");
  expect(dial("javascript:alert")).toBeNull();
});
