// What a contact agreed to and refused, on their page, in a real browser, against the real binary.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { Customer } from "../lib/customer.mjs";
import { PHONE, picture } from "../lib/journey.mjs";
import { clean, fits, open as opened } from "../lib/pages.mjs";

let book, browser;
before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

async function open(contact, options) {
  const made = await opened(browser, book, `/console/contacts/${contact}`, options);
  const { page } = made;
  const consents = page.getByRole("region", { name: "Consents", exact: true });
  await consents.waitFor();
  return { ...made, consents, line: (text) => consents.getByRole("listitem").filter({ hasText: text }), dialog: page.getByRole("dialog"), journey: page.getByRole("region", { name: "Journey" }) };
}

test("answers stand with time, source and proof; an agent notes another one with a reason", async () => {
  const { id } = await book.add({ first_name: "Ana" });
  await book.call("PUT", `/contacts/${id}/consents`, { topic: "news", channel: "web", given: true, proof: "Ticked <b>yes</b> in the shop" });
  const { context, page, seen, consents, line, dialog, journey } = await open(id);
  const news = line("News");
  await news.getByText("on Web").waitFor();
  await news.getByText("agreed", { exact: true }).waitFor();
  await news.getByText("Ticked <b>yes</b> in the shop").waitFor();
  await news.getByText("the program tests").waitFor();
  await clean(page, "an answer");
  await picture(page, "consents-wide-light");

  await news.getByRole("button", { name: "Note another answer to News on Web" }).click();
  const refused = dialog.getByRole("button", { name: "They refused" });
  assert.equal(await refused.isDisabled(), true, "without a reason nothing is noted");
  await clean(page, "another answer");
  await dialog.getByLabel("Where and how they said so").fill("On the phone");
  await refused.click();
  await news.getByText("refused", { exact: true }).waitFor();
  await news.getByText("On the phone").waitFor();
  await news.getByText("Admin").waitFor();
  await journey.getByText(/news/i).first().waitFor();
  const { consents: kept } = await book.call("GET", `/contacts/${id}/consents`);
  assert.deepEqual(kept.map((c) => [c.topic, c.channel, c.given, c.proof, c.by.kind]), [["news", "web", false, "On the phone", "agent"]]);

  await consents.getByRole("button", { name: "Note an answer…" }).click();
  assert.equal(await dialog.getByLabel("To what").inputValue(), "messages");
  await dialog.getByText("Nothing is sent to them unasked any more.").waitFor();
  await clean(page, "an answer to everything");
  await dialog.getByLabel("Where and how they said so").fill("By letter");
  await refused.click();
  await line("Messages at all").getByText("refused", { exact: true }).waitFor();
  // That is their wish to be written to at all.
  await page.locator(".status.unsubscribed").waitFor();
  await line("Messages at all").getByRole("button").click();
  await dialog.getByLabel("Where and how they said so").fill("They changed their mind");
  await dialog.getByRole("button", { name: "They agreed" }).click();
  await page.locator(".status.active").waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("what a customer says by a word of their own is there with where they said it", async () => {
  const customer = await Customer.arrives(book.origin);
  await customer.say("/start");
  await customer.saw("Welcome.");
  await customer.say("STOP");
  const [{ id }] = (await book.call("GET", "/contacts?where=has%20channel%20web&limit=1")).contacts;
  const { context, page, line, dialog } = await open(id);
  await line("Messages").getByText("refused", { exact: true }).waitFor();
  await line("Messages").getByText("the customer").waitFor();
  await page.locator(".status.unsubscribed").waitFor();
  // Another answer on that channel is their wish as their own word was.
  for (const [words, answer, status] of [["They agreed", "agreed", "active"], ["They refused", "refused", "unsubscribed"]]) {
    await line("Messages").getByRole("button", { name: "Note another answer to Messages at all on Web" }).click();
    await dialog.getByLabel("Where and how they said so").fill(`On the phone: ${answer}`);
    await dialog.getByRole("button", { name: words }).click();
    await line("Messages").getByText(answer, { exact: true }).waitFor();
    await page.locator(`.status.${status}`).waitFor();
  }
  await context.close();
});

test("on a phone in the dark", async () => {
  const { id } = await book.add({ first_name: "Bea" });
  await book.call("PUT", `/contacts/${id}/consents`, { topic: "a_topic_with_quite_a_long_name_that_has_to_break", given: true, proof: "W".repeat(300) });
  const { context, page, consents } = await open(id, { ...PHONE, colorScheme: "dark" });
  await consents.scrollIntoViewIfNeeded();
  await clean(page, "consents on a phone");
  await fits(page, "consents");
  await picture(page, "consents-phone-dark");
  await context.close();
});
