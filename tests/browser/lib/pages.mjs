// What tests of the console's pages have in common: a signed-in page, and that it is usable by everybody.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { watchFor } from "./browser.mjs";
import { Desk } from "./console.mjs";
import { WIDE } from "./journey.mjs";

/** A window of an agent who is signed in, on a page of the console. */
export async function open(browser, book, path, options = WIDE) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [book.origin]);
  await new Desk(page, book.origin).signIn(book.password);
  await page.goto(book.origin + path);
  return { context, page, seen };
}

/** Nothing on the page is out of reach of somebody who does not see or does not point. */
export async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

/** Every word stands out from its ground. */
export async function contrast(page, what) {
  const { violations } = await new AxeBuilder({ page }).withRules(["color-contrast"]).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

/** Nothing is wider than the window. */
export async function fits(page, what) {
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, `${what}: nothing scrolls sideways`);
}

/** Looks until a test holds. */
export async function until(look, test, what, ms = 15_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (test(found)) return found;
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(found)}`);
    await new Promise((done) => setTimeout(done, 40));
  }
}
