// People found by what was said, and a conversation read from there, in a real browser, against the real binary.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { Customer } from "../lib/customer.mjs";
import { PHONE, picture } from "../lib/journey.mjs";
import { clean, fits, open as opened, until } from "../lib/pages.mjs";

let book, browser, customer;

/** Says something; who says too much at once waits. */
async function says(text) {
  await until(() => customer.say(text).then(() => null, (e) => e.message), (refused) => refused === null || !refused.includes("429"), text);
}

before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
  customer = await Customer.arrives(book.origin);
  await customer.say("/start");
  await customer.saw("Welcome.");
  await says("Where is my <b>blue</b> teapot?");
  for (let n = 0; n < 40; n += 1) await says(`Line ${n}`);
  const other = await Customer.arrives(book.origin);
  await other.say("Ein Fähnlein im Wind");
  // The index follows the messages.
  const found = (text) => book.call("GET", `/messages?text=${encodeURIComponent(text)}`).then((page) => page.found.length);
  await until(() => found("teapot"), (n) => n === 1, "the message was not found");
  await until(() => found("fahnlein"), (n) => n === 1, "the other message was not found");
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

test("from a search by name to what was said, and to its place in the conversation", async () => {
  const { context, page, seen } = await opened(browser, book, "/console/contacts");
  await page.getByRole("searchbox", { name: /Find a contact/ }).fill("blue teapot");
  await page.getByRole("link", { name: "Search what was said for “blue teapot”" }).click();
  await page.getByRole("heading", { level: 1, name: "What was said" }).waitFor();
  const found = page.getByRole("listitem").filter({ hasText: "teapot" });
  await found.locator("mark").getByText("teapot").waitFor();
  assert.equal(await page.locator(".book b").count(), 0, "it is shown as text");
  await clean(page, "what was found");
  await picture(page, "said-wide-light");
  const words = page.getByRole("searchbox", { name: "Words that were said" });
  await words.fill("fahnlein");
  await page.locator("mark").getByText("Fähnlein").waitFor();
  await page.reload();
  await page.locator("mark").getByText("Fähnlein").waitFor();
  await words.fill("nobody says this");
  await page.getByRole("heading", { name: "Nobody found" }).waitFor();
  await clean(page, "nothing found");
  await words.fill("teapot");
  await found.locator(".said-excerpt").click();
  const said = page.getByRole("region", { name: "What was said, oldest first" });
  await said.locator(".said-here").getByText("teapot").waitFor();
  await clean(page, "its place");
  await picture(page, "said-place-wide-light");
  // On to the end, and what comes then.
  const last = said.getByText("Line 39", { exact: true });
  // While a page is on its way the button can not be pressed, and with the last one it is gone.
  const later = said.getByRole("button", { name: "Later", disabled: false });
  for (;;) {
    await last.or(later).first().waitFor();
    if ((await last.count()) > 0) break;
    await later.click();
  }
  await page.getByRole("navigation", { name: "What happened, and what was said" }).getByRole("link", { name: "Messages" }).click();
  await last.waitFor();
  await said.getByRole("button", { name: "Earlier" }).click();
  await said.getByText("teapot").waitFor();
  await says("And a cup");
  await said.getByText("And a cup").waitFor({ timeout: 20_000 });
  assert.deepEqual(await said.locator(".words").filter({ hasText: "Line 7" }).allTextContents(), ["Line 7"], "each line once");
  await page.getByRole("navigation", { name: "What happened, and what was said" }).getByRole("link", { name: "Journey" }).click();
  await page.getByRole("region", { name: "Journey" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("somebody who never wrote has nothing to read", async () => {
  const { id } = await book.add({ first_name: "Ana" });
  const { context, page } = await opened(browser, book, `/console/contacts/${id}/messages`);
  await page.getByText("They never wrote and were never written to.").waitFor();
  await clean(page, "nothing to read");
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`on a phone in the ${colorScheme}`, async () => {
    const { context, page } = await opened(browser, book, "/console/contacts?said=teapot", { ...PHONE, colorScheme });
    await page.locator("mark").getByText("teapot").waitFor();
    await clean(page, "what was found");
    await fits(page, "what was found");
    await picture(page, `said-phone-${colorScheme}`);
    await page.locator(".said-excerpt").click();
    await page.locator(".said-here").waitFor();
    await clean(page, "its place");
    await fits(page, "its place");
    await picture(page, `said-place-phone-${colorScheme}`);
    await context.close();
  });
}
