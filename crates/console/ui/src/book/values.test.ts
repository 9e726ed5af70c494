import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { TOLD } from "./system.ts";
import { Values } from "./Values.tsx";

const declared = ["first_name", "shoe_size"].map((name) => ({ name, type: "text", values: [], says: "", declared: true }));
const shown = (values: Record<string, unknown>, system: Record<string, unknown>): string =>
  renderToStaticMarkup(createElement(Values, { declared, told: TOLD, values, system, save: () => Promise.resolve() }));

test("what is known of everybody stands where the bot declares it, with its source", () => {
  const page = shown({}, { first_name: "Ana", first_name_source: "channel", language: "es" });
  expect(page.match(/First name/gu)).toHaveLength(2);
  expect(page).toContain('<dd><bdi>Ana</bdi> <span class="computed">their channel says so</span></dd>');
  expect(page).toContain('aria-label="Edit First name"');
  // The size, and of everybody the family name, the country and the time zone.
  expect(page).toContain("4 more, not known");
  expect(page).toContain("<bdi>es</bdi>");
});

test("what is known of everybody can be put right, also where the bot declares nothing", () => {
  const props = { declared: [], told: TOLD, values: {}, system: { first_name: "Ana", last_name: "", language: "es", city: "Vigo" }, save: () => Promise.resolve() };
  const page = renderToStaticMarkup(createElement(Values, props));
  expect([...page.matchAll(/aria-label="Edit ([^"]+)"/gu)].map((m) => m[1])).toEqual(["First name", "Language"]);
  expect(page).toContain("3 more, not known");
  expect(page).toContain("<bdi>Vigo</bdi>");
});

test("what the bot knows itself comes before that", () => {
  const page = shown({ first_name: "Anita" }, { first_name: "Ana" });
  expect(page).toContain("<dd><bdi>Anita</bdi></dd>");
  expect(page).not.toContain("<bdi>Ana</bdi>");
});
