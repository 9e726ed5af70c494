// What is done to many at once from the contacts table, and the files one takes away, in a real browser, against the real binary.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { PHONE, picture } from "../lib/journey.mjs";
import { clean, fits, open as opened } from "../lib/pages.mjs";

let book, browser;
before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
  await book.fill(240);
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

async function open(where, options) {
  const made = await opened(browser, book, `/console/contacts${where === "" ? "" : `?where=${encodeURIComponent(where)}`}`, options);
  const { page } = made;
  await page.locator(".book-table tbody tr[data-index]").first().waitFor();
  const choose = async (says) => {
    await page.locator("summary").filter({ hasText: /^With all \d/ }).click();
    await page.getByRole("button", { name: says }).click();
  };
  return { ...made, choose, dialog: page.getByRole("dialog"), strip: page.getByRole("region", { name: "Change of many" }) };
}

const count = async (where) => (await book.call("GET", `/contacts?limit=1&where=${encodeURIComponent(where)}`)).total;

test("a tag for everybody for whom a condition holds: counted first, confirmed by the number, followed to its end", async () => {
  const { context, page, seen, choose, dialog, strip } = await open("plan = gold and orders >= 3");
  await page.locator("summary").filter({ hasText: "With all 60" }).click();
  await clean(page, "the menu");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "Put a tag on them…");
  await page.keyboard.press("End");
  assert.equal(await focused(), "Erase for good…");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "With all 60");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: "Put a tag on them…" }).waitFor();
  await page.getByRole("heading", { level: 1 }).click();
  await page.getByRole("button", { name: "Put a tag on them…" }).waitFor({ state: "hidden" });
  await choose("Put a tag on them…");
  assert.equal(await dialog.getByRole("button", { name: "Count them" }).isDisabled(), true, "a tag has a name");
  await dialog.getByLabel("Tag", { exact: true }).fill("autumn");
  await clean(page, "what is done");
  await picture(page, "bulk-what-wide-light");
  await page.keyboard.press("Enter");
  await dialog.getByText("60 people get the tag “autumn”").waitFor();
  assert.equal(await count("has tag autumn"), 0, "counting changes nothing");
  await clean(page, "the question");
  await dialog.getByRole("button", { name: "Tag 60 people" }).click();
  await dialog.waitFor({ state: "detached" });
  await strip.getByText("Done: 60 people changed", { exact: true }).waitFor();
  assert.equal(await count("has tag autumn"), 60);
  // The table shows it without being asked.
  await page.locator(".book-table tbody tr[data-index]").first().getByText("autumn").waitFor();
  await clean(page, "the outcome");
  await picture(page, "bulk-done-wide-light");
  const [one] = (await book.call("GET", "/contacts?limit=1&where=has%20tag%20autumn")).contacts;
  const { entries } = await book.call("GET", `/contacts/${one.id}/journey?kind=tag`);
  assert.match(entries[0].by, /Admin/u);
  // What came of it is there after a reload, until it is put away.
  await page.reload();
  await strip.getByText("Done: 60 people changed", { exact: true }).waitFor();
  await strip.getByRole("button", { name: "Close" }).click();
  await page.reload();
  await page.locator(".book-table tbody tr[data-index]").first().waitFor();
  assert.equal(await strip.count(), 0);
  assert.deepEqual(seen, []);
  await context.close();
});

test("a value is set, a refusal says why, and nobody is nobody", async () => {
  const { context, page, choose, dialog, strip } = await open("orders = 11");
  await choose("Set an attribute…");
  await dialog.getByLabel("Attribute").selectOption("shoe_size");
  await dialog.getByLabel("Value").fill("large");
  await dialog.getByRole("button", { name: "Count them" }).click();
  await dialog.getByRole("alert").filter({ hasText: "not a number" }).waitFor();
  await dialog.getByLabel("Value").fill("42");
  await dialog.getByRole("button", { name: "Count them" }).click();
  await dialog.getByText("“Shoe size” becomes “42” for 20 people").waitFor();
  await dialog.getByRole("button", { name: "Change what is done" }).click();
  assert.equal(await dialog.getByLabel("Value").inputValue(), "42");
  await dialog.getByRole("button", { name: "Count them" }).click();
  await dialog.getByRole("button", { name: "Change 20 people" }).click();
  await strip.getByText("Done: 20 people changed", { exact: true }).waitFor();
  assert.equal(await count("shoe_size = 42"), 20);
  await page.getByRole("textbox", { name: "Condition" }).fill("orders = 4711");
  await page.getByRole("heading", { name: "Nobody matches" }).waitFor();
  await page.locator("summary").filter({ hasText: "With all 0" }).click();
  assert.equal(await page.getByRole("button", { name: "Put a tag on them…" }).isDisabled(), true);
  await context.close();
});

test("a condition becomes a list's people, and a segment", async () => {
  const { context, page, choose, dialog, strip } = await open("orders = 5");
  await choose("Put them on a list…");
  await dialog.getByLabel("List", { exact: true }).selectOption("Tasting panel");
  await dialog.getByRole("button", { name: "Count them" }).click();
  await dialog.getByRole("button", { name: "Put 20 people on it" }).click();
  await strip.getByText("Done: 20 people changed", { exact: true }).waitFor();
  assert.equal((await book.call("GET", "/segments/panel")).size, 20);
  await page.locator("summary").filter({ hasText: /^With all \d/ }).click();
  await page.getByRole("link", { name: "Make a segment of the condition" }).click();
  await page.getByRole("heading", { level: 1, name: "New segment" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Rule", exact: true }).inputValue(), "orders = 5");
  await context.close();
});

test("the condition's people as a file, in the columns one chooses", async () => {
  await book.add({ first_name: "=cmd()", attributes: { orders: 99, plan: "gold" } });
  const { context, page, choose, dialog } = await open("orders = 99");
  await choose("Download as a file…");
  await dialog.getByRole("heading", { name: "Download 1 person" }).waitFor();
  await clean(page, "what is downloaded");
  await picture(page, "export-wide-light");
  await dialog.getByRole("button", { name: "None" }).click();
  assert.equal(await dialog.getByRole("button", { name: "Download" }).isDisabled(), true);
  for (const column of ["First name", "Orders"]) await dialog.getByRole("checkbox", { name: column, exact: true }).check();
  const [csv] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
  assert.equal(csv.suggestedFilename(), "contacts.csv");
  assert.match(readFileSync(await csv.path(), "utf8"), /^\uFEFF?first_name,orders\r?\n"?'=cmd\(\)"?,99\r?\n$/u);
  // The columns are as they were chosen last.
  await choose("Download as a file…");
  await dialog.getByText("2 of").waitFor();
  await dialog.getByRole("radio", { name: /JSON lines/ }).check();
  const [jsonl] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
  assert.equal(jsonl.suggestedFilename(), "contacts.jsonl");
  assert.equal(JSON.parse(readFileSync(await jsonl.path(), "utf8").trim()).orders, 99);
  await context.close();
});

test("many are erased only by their number", async () => {
  for (let n = 0; n < 3; n += 1) await book.add({ first_name: `Gone ${n}`, attributes: { orders: 1_000 }, tags: ["leaves"] });
  const { context, page, choose, dialog, strip } = await open("orders = 1000");
  await choose("Erase for good…");
  await dialog.getByText("3 tags", { exact: true }).waitFor();
  const erase = dialog.getByRole("button", { name: "Erase 3 people" });
  assert.equal(await erase.isDisabled(), true);
  await dialog.getByRole("textbox").fill("30");
  assert.equal(await erase.isDisabled(), true);
  await dialog.getByText("A certificate without a word about who they were.").waitFor();
  assert.equal(await dialog.getByText(/of an import that is not done/u).count(), 0);
  await clean(page, "what would go");
  await picture(page, "bulk-erase-wide-light");
  await dialog.getByRole("textbox").fill("3");
  await erase.click();
  await strip.getByText("Done: 3 people erased", { exact: true }).waitFor();
  await page.getByRole("heading", { name: "Nobody matches" }).waitFor();
  assert.equal(await count("orders = 1000"), 0);

  // What came of each is one press away, and stays to be found.
  await strip.getByRole("link", { name: "The certificates" }).click();
  await page.getByRole("heading", { level: 1, name: "Erased together" }).waitFor();
  await page.getByText("orders = 1000").waitFor();
  const certificates = page.locator(".erasures > li");
  assert.equal(await certificates.count(), 3);
  await page.getByText("3 certificates, none pending").waitFor({ timeout: 60_000 });
  await certificates.first().locator("summary").click();
  const gone = certificates.first().getByRole("region", { name: "What went" });
  await gone.getByText("1 tag", { exact: true }).waitFor();
  const stays = certificates.first().getByRole("region", { name: "What stays, and why" });
  assert.deepEqual(await stays.getByRole("listitem").allTextContents(), ["A certificate without a word about who they were."]);
  await certificates.first().getByText(/Asked for by Admin/u).waitFor();
  await clean(page, "the certificates");
  await picture(page, "certificates-wide-light");
  const [file] = await Promise.all([page.waitForEvent("download"), certificates.first().getByRole("link", { name: "Download the certificate" }).click()]);
  assert.equal(JSON.parse(readFileSync(await file.path(), "utf8")).state, "done");
  await page.getByRole("link", { name: "All certificates" }).click();
  await page.getByRole("heading", { level: 1, name: "Erased for good" }).waitFor();
  await certificates.first().locator("summary").click();
  await certificates.first().getByRole("link", { name: "one of many" }).click();
  await page.getByRole("heading", { level: 1, name: "Erased together" }).waitFor();
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`on a phone in the ${colorScheme}`, async () => {
    const { context, page, choose, dialog } = await open("plan = gold", { ...PHONE, colorScheme });
    await choose("Put a tag on them…");
    await clean(page, "what is done");
    await picture(page, `bulk-what-phone-${colorScheme}`);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await choose("Download as a file…");
    await clean(page, "what is downloaded");
    await picture(page, `export-phone-${colorScheme}`);
    await fits(page, "the dialog");
    await page.goto(`${book.origin}/console/erasures`);
    await page.locator(".erasures summary").first().click();
    await clean(page, "the certificates");
    await fits(page, "the certificates");
    await picture(page, `certificates-phone-${colorScheme}`);
    await context.close();
  });
}

test("certificates behind the first page are kept current while something is pending", async () => {
  const { context, page } = await opened(browser, book, "/console/contacts");
  let pending = true;
  // Pages of two, and what is on the second is not done yet.
  await page.route(/\/api\/v1\/erasures\?/u, async (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "2");
    const response = await route.fetch({ url: url.href });
    const body = await response.json();
    if (pending) body.pending = 1;
    if (pending && url.searchParams.has("cursor")) for (const one of body.erasures) one.state = "pending";
    await route.fulfill({ response, json: body });
  });
  await page.goto(`${book.origin}/console/erasures`);
  const rows = page.locator(".erasures > li");
  await page.getByRole("button", { name: "More" }).click();
  await rows.nth(2).getByText("pending", { exact: true }).waitFor();
  pending = false;
  await rows.nth(2).getByText("pending", { exact: true }).waitFor({ state: "detached" });
  assert.ok((await rows.count()) > 2, "none went");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.close();
});
