// Segments that are written in the console, in a real browser, against the real binary.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { PHONE, picture } from "../lib/journey.mjs";
import { clean, fits, open as opened, until } from "../lib/pages.mjs";

let book, browser;
before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
  await book.fill(240);
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

async function open(path, options) {
  const made = await opened(browser, book, path, options);
  const { page } = made;
  return { ...made, name: page.getByLabel("Name", { exact: true }), rule: page.getByRole("textbox", { name: "Rule", exact: true }), about: page.getByRole("region", { name: "Who would be in it" }), dialog: page.getByRole("dialog") };
}

test("one is written with completion, a count and names, its mistakes shown in their place, and nothing typed is lost", async () => {
  const { context, page, seen, name, rule, about } = await open("/console/segments");
  await page.getByRole("link", { name: "New segment" }).click();
  await page.getByRole("heading", { level: 1, name: "New segment" }).waitFor();
  await clean(page, "an empty form");
  const save = page.getByRole("button", { name: "Make the segment" });
  assert.equal(await save.isDisabled(), true, "without a name and a rule there is none");
  await name.fill("Gold <b>again</b>");
  await rule.focus();
  await page.keyboard.type("pl");
  await page.getByRole("option", { name: /^plan/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await rule.inputValue(), "plan ");
  await rule.fill("plan = gold and ordrs >= 3");
  await page.locator(".fault mark").getByText("ordrs", { exact: true }).waitFor();
  await clean(page, "a fault");
  // What was written outlives the page.
  await page.reload();
  assert.equal(await name.inputValue(), "Gold <b>again</b>");
  assert.equal(await rule.inputValue(), "plan = gold and ordrs >= 3");
  await page.getByRole("button", { name: "Write orders" }).click();
  // Every third is gold; of these orders run 0, 3, 6, 9.
  await about.getByText("60 of 240 people").waitFor();
  assert.equal(await about.getByRole("list", { name: "Some of them" }).getByRole("link").count(), 5);
  await about.getByText("and 55 more").waitFor();
  await page.getByLabel("Leave out whoever is in").selectOption("Regular customers");
  await about.getByText(/in the segment, \d+ left out/).waitFor();
  await clean(page, "a form that is filled in");
  await picture(page, "segment-form-wide-light");
  await save.click();
  await page.getByRole("heading", { level: 1, name: "Gold <b>again</b>" }).waitFor();
  assert.match(page.url(), /\/console\/segments\/gold-b-again-b$/u);
  const made = await book.call("GET", "/segments/gold-b-again-b");
  assert.deepEqual([made.where, made.exclude, made.origin], ["plan = gold and orders >= 3", ["regulars"], "stored"]);
  await page.locator(".book-count").getByText(`${made.size} people`, { exact: true }).waitFor();
  await page.getByText("made in the console or through the API").waitFor();
  // A new form begins empty again.
  await page.goto(`${book.origin}/console/segments?new=1`);
  assert.equal(await name.inputValue(), "");
  assert.deepEqual(seen, []);
  await context.close();
});

test("what looks like a slip is shown while it is counted, and a tag that somebody has is none", async () => {
  const { context, page, seen, name, rule, about } = await open("/console/segments?new=1");
  await name.fill("Friends");
  await rule.fill("has tag frend");
  await page.locator(".fault.is-odd mark").getByText("frend", { exact: true }).waitFor();
  await about.getByText("0 of 240 people").waitFor();
  assert.equal(await rule.getAttribute("aria-invalid"), "false");
  await clean(page, "a slip");
  await page.getByRole("button", { name: "Write friend" }).click();
  await about.getByText(/^[1-9] of 240 people/u).waitFor();
  assert.equal(await page.locator(".fault").count(), 0);
  await page.getByRole("button", { name: "Make the segment" }).click();
  await page.getByRole("heading", { level: 1, name: "Friends" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("its rule is changed and the new size is there at once; two who change it are told of each other", async () => {
  await book.call("POST", "/segments", { key: "frequent", name: "Frequent", where: "orders >= 6", description: "Old words" });
  const { context, page, name, rule } = await open("/console/segments/frequent");
  await page.locator(".book-count").getByText("120 people", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByText("skills catch segments of the bot’s folder alone").waitFor();
  assert.equal(await rule.inputValue(), "orders >= 6");
  await page.getByLabel(/^Description/).fill("");
  await rule.fill("orders >= 9");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".book-count").getByText("60 people", { exact: true }).waitFor();
  await page.getByRole("table", { name: "Members of Frequent" }).getByRole("row").nth(3).waitFor();
  assert.equal((await book.call("GET", "/segments/frequent")).description, null);

  await page.getByRole("link", { name: "Edit" }).click();
  await name.fill("My name");
  await book.call("PATCH", "/segments/frequent", { name: "Their name", where: "orders >= 10" });
  await page.getByRole("button", { name: "Save" }).click();
  const conflict = page.getByRole("alert").filter({ hasText: "Somebody changed it meanwhile" });
  await conflict.getByText("orders >= 10").waitFor();
  assert.equal(await name.inputValue(), "My name");
  assert.equal((await book.call("GET", "/segments/frequent")).name, "Their name");
  await clean(page, "a conflict");
  await page.getByRole("button", { name: "Save mine" }).click();
  await page.getByRole("heading", { level: 1, name: "My name" }).waitFor();
  assert.deepEqual(await book.call("GET", "/segments/frequent").then((s) => [s.name, s.where]), ["My name", "orders >= 9"]);
  await context.close();
});

test("what others look into is not deleted, and they are named; what nobody needs goes", async () => {
  await book.call("POST", "/segments", { key: "base", name: "The base", where: "orders >= 2" });
  await book.call("POST", "/segments", { key: "on-top", name: "On top", where: "in segment base and plan = gold" });
  const { context, page, dialog } = await open("/console/segments/base");
  await page.getByText("Looked into by").waitFor();
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByText("It cannot be deleted as long as others look into it").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Delete" }).isDisabled(), true);
  await clean(page, "a refusal to delete");
  await dialog.getByRole("link", { name: "on-top" }).click();
  await page.getByRole("heading", { level: 1, name: "On top" }).waitFor();
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Segments" }).waitFor();
  await page.getByRole("link", { name: "The base" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "On top" }).count(), 0);
  await context.close();
});

test("one of the bot's folder says where it is written and is not changed here", async () => {
  const { context, page } = await open("/console/segments/gold");
  await page.getByText("in the bot’s folder, and changed there").waitFor();
  await page.getByText("segments.yaml").waitFor();
  assert.equal(await page.getByRole("link", { name: "Edit" }).count(), 0);
  await page.goto(`${book.origin}/console/segments/gold?edit=1`);
  await page.getByRole("link", { name: "Back to it" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  await context.close();
});

test("people are put on a list and taken off, one by one, by a condition, and from a rule that is frozen", async () => {
  const { context, page, seen, name, dialog } = await open("/console/segments?new=1");
  await name.fill("Tasters");
  await page.getByRole("radio", { name: /^A list/ }).check();
  await page.getByRole("button", { name: "Make the segment" }).click();
  await page.getByRole("heading", { name: "Nobody is in it" }).waitFor();
  const members = page.getByRole("region", { name: "Members" });
  const field = members.getByRole("combobox", { name: "Put somebody on the list" });
  await field.fill("person17@");
  await members.getByRole("option").first().waitFor();
  await clean(page, "people to put on it");
  await field.press("Enter");
  await members.getByRole("status").filter({ hasText: "was put on the list" }).waitFor();
  await page.locator(".book-count").getByText("1 person", { exact: true }).waitFor();
  const off = members.getByRole("button", { name: /^Take .* off the list$/ });
  await off.click();
  await page.locator(".book-count").getByText("0 people", { exact: true }).waitFor();
  await page.getByRole("heading", { name: "Nobody is in it" }).waitFor();
  assert.equal((await book.call("GET", "/segments/tasters")).size, 0);

  await members.getByRole("button", { name: "By a condition…" }).click();
  await dialog.getByRole("textbox", { name: "Condition" }).fill("orders = 11");
  await dialog.getByText("20 of 240 people").waitFor();
  await clean(page, "a condition for a list");
  await dialog.getByRole("button", { name: "Put 20 people on it" }).click();
  await page.getByRole("region", { name: "Change of many" }).getByText("Done: 20 people changed", { exact: true }).waitFor();
  await page.locator(".book-count").getByText("20 people", { exact: true }).waitFor();
  await members.getByRole("row").nth(10).waitFor();
  await picture(page, "segment-list-wide-light");
  await clean(page, "a list");

  await page.goto(`${book.origin}/console/segments/gold`);
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Make a list of who is in it now…" }).click();
  await dialog.getByLabel("Name of the list").fill("Gold in autumn");
  await dialog.getByRole("button", { name: "Put 80 people on it" }).click();
  await page.getByRole("heading", { level: 1, name: "Gold in autumn" }).waitFor();
  await page.locator(".book-count").getByText("80 people", { exact: true }).waitFor();
  const kept = await book.call("GET", "/segments/gold-in-autumn");
  assert.deepEqual([kept.static, kept.size], [true, 80]);

  // A list that is not empty asks before it goes.
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  assert.equal(await dialog.getByRole("button", { name: "Delete" }).isDisabled(), true);
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Segments" }).waitFor();
  await until(() => fetch(`${book.origin}/api/v1/segments/gold-in-autumn`, { headers: { authorization: `Bearer ${book.key}` } }).then((r) => r.status), (status) => status === 404, "it is gone");
  assert.deepEqual(seen, []);
  await context.close();
});

test("anybody may be asked about: why they are in it, or why not", async () => {
  const { context, page } = await open("/console/segments/regulars");
  const field = page.getByRole("combobox", { name: "Ask why somebody is in it or not" });
  await field.fill("person1@shop");
  await page.getByRole("option").first().waitFor();
  await field.press("Enter");
  const why = page.getByRole("region", { name: "Why" });
  await why.getByText("is not in it").waitFor();
  await why.getByText("it is 1", { exact: false }).first().waitFor();
  // The tag that is asked for.
  await why.getByText("not there", { exact: true }).waitFor();
  await clean(page, "why not");
  await page.reload();
  await why.getByText("is not in it").waitFor();
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`on a phone in the ${colorScheme}`, async () => {
    const { context, page, name, rule, about } = await open("/console/segments?new=1&where=orders+%3E%3D+9", { ...PHONE, colorScheme });
    await name.fill("On the phone");
    assert.equal(await rule.inputValue(), "orders >= 9");
    await about.getByText("60 of 240 people").waitFor();
    await clean(page, "the form on a phone");
    await fits(page, "the form");
    await picture(page, `segment-form-phone-${colorScheme}`);
    await context.close();
  });
}
