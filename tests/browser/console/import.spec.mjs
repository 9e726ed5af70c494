// The import wizard in a real browser, against the real binary: a file as a spreadsheet saves it, with what is wrong in it.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk } from "../lib/console.mjs";
import { PHONE, picture, WIDE } from "../lib/journey.mjs";
import { until } from "../lib/pages.mjs";

let book, browser;
before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

async function open(options = WIDE, path = "/console/imports/new") {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [book.origin]);
  await new Desk(page, book.origin).signIn(book.password);
  await page.goto(book.origin + path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return { context, page, seen };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

const give = (page, name, text) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
const count = async (where) => (await book.call("GET", `/contacts?limit=1&where=${encodeURIComponent(where)}`)).total;
const tally = (page, says) => page.locator(".tally > div").filter({ has: page.getByText(says, { exact: true }) }).locator("dd");

test("from a file to people, with the rows that were wrong, and back again", async () => {
  const { context, page, seen } = await open();
  await clean(page, "where an import begins");
  const rows = Array.from({ length: 40 }, (_, n) => `Import ${n};import${n}@shop.example;${n};${n % 2 === 0 ? "gold" : "free"};hello`);
  await give(page, "spring <b>2026</b>.csv", `\uFEFFGiven name;Mail;orders;plan;Remarks\r\n${rows.join("\r\n")}\r\nWrong;no address;many;silver;x\r\n`);
  await page.getByRole("region", { name: "Columns of the file" }).waitFor();
  const is = (column) => page.getByRole("combobox", { name: `What the column ${column} is` });
  assert.deepEqual(await Promise.all(["Mail", "orders", "plan", "Remarks"].map((c) => is(c).inputValue())), ["email", "orders", "plan", "-"]);
  await is("Given name").selectOption("first_name");
  await page.getByLabel("Tags for everybody").fill("spring, from file");
  await page.getByLabel("Source of those who are new").fill("fair");
  await clean(page, "the columns");
  await picture(page, "import-columns-wide-light");
  // What was chosen outlives the page.
  await page.reload();
  assert.equal(await is("Given name").inputValue(), "first_name");
  assert.equal(await page.getByLabel("Tags for everybody").inputValue(), "spring, from file");

  await page.getByRole("button", { name: "Check, change nothing" }).click();
  await tally(page, "would be new").getByText("40").waitFor();
  await tally(page, "have errors and would be left out").getByText("1", { exact: true }).waitFor();
  const faults = page.getByRole("region", { name: "Rows with errors" });
  await faults.getByRole("row").filter({ hasText: "Mail" }).getByText("42").waitFor();
  await faults.getByRole("row").filter({ hasText: "orders" }).getByText("many", { exact: true }).waitFor();
  assert.equal((await book.call("GET", "/contacts")).contacts.length, 0, "a check changes nothing");
  await clean(page, "the check");
  await picture(page, "import-check-wide-light");

  await page.getByRole("button", { name: "Import 40 rows" }).click();
  await tally(page, "new").getByText("40").waitFor({ timeout: 30_000 });
  await clean(page, "the outcome");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the rows with errors" }).click()]);
  const wrong = readFileSync(await download.path(), "utf8");
  assert.match(wrong, /Wrong;no address;many;silver/u);
  assert.match(wrong, /_error/u);
  const [one] = (await book.call("GET", "/contacts?where=email%20%3D%20%22import7%40shop.example%22")).contacts;
  assert.deepEqual([one.name, one.source, one.attributes.orders, one.tags.map((t) => t.label).sort()], ["Import 7", "fair", 7, ["from file", "spring"]]);

  await book.call("PATCH", `/contacts/${one.id}`, { attributes: { orders: 100 } });
  await page.getByRole("button", { name: "Take the import back…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await tally(page, "taken away again").getByText("39").waitFor({ timeout: 30_000 });
  // Whom somebody touched since stays, with what was done.
  assert.equal((await book.call("GET", `/contacts/${one.id}`)).attributes.orders, 100);
  assert.equal((await book.call("GET", "/contacts")).contacts.length, 1);
  await page.getByRole("link", { name: "All imports" }).click();
  await page.getByRole("listitem").filter({ hasText: "spring <b>2026</b>.csv" }).getByText("taken back").waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("a day that can be read in two ways is asked about", async () => {
  const { context, page } = await open();
  await give(page, "days.csv", "email,birthday\nday1@shop.example,03/04/1990\n");
  await page.getByRole("button", { name: "Check, change nothing" }).click();
  const question = page.getByRole("alert").filter({ hasText: "How are the dates meant?" });
  await question.waitFor();
  await clean(page, "the question");
  await question.getByRole("button", { name: /Day first/ }).click();
  await page.getByRole("button", { name: "Import 1 row" }).click();
  await tally(page, "new").getByText("1", { exact: true }).waitFor();
  const [one] = (await book.call("GET", "/contacts?where=email%20%3D%20%22day1%40shop.example%22")).contacts;
  assert.equal(one.attributes.birthday, "1990-04-03");
  await context.close();
});

test("events: whose they are, which and when; checked, recorded, once, and taken back", async () => {
  const { context, page, seen } = await open();
  await book.call("POST", "/contacts", { first_name: "Eve", attributes: { email: "eve@shop.example" } });
  await page.getByRole("radio", { name: /^Events/ }).check();
  await clean(page, "a file of events");
  await picture(page, "import-start-wide-light");
  await give(page, "orders.csv", "Kunde;Wann;Betrag;Ort\r\neve@shop.example;03.04.2026 10:00;12,50;Berlin\r\neve@shop.example;04.04.2026 11:30;7,00;Rom\r\nnobody@shop.example;05.04.2026 09:00;1,00;Bonn\r\n");
  await page.getByRole("region", { name: "Columns of the file" }).waitFor();
  const is = (column) => page.getByRole("combobox", { name: `What the column ${column} is` });
  const button = page.getByRole("button", { name: "Check, change nothing" });
  await is("Kunde").selectOption("contact");
  await is("Wann").selectOption("at");
  await page.getByText("Still to be said: which event it is.").waitFor();
  assert.equal(await button.isDisabled(), true);
  await page.getByLabel("Every row is the event").fill("purchase");
  await is("Betrag").selectOption({ label: "A property" });
  await page.getByLabel("What the property of the column Betrag is called").fill("total");
  await page.getByLabel("The type of the property of the column Betrag").selectOption("number");
  await is("Ort").selectOption("-");
  await page.getByLabel("Times without a zone are of").selectOption("Europe/Berlin");
  await page.getByLabel("Days such as 03/04/2026").selectOption("dmy");
  await clean(page, "what its columns are");
  await picture(page, "import-events-wide-light");
  await page.reload();
  assert.equal(await page.getByLabel("What the property of the column Betrag is called").inputValue(), "total", "what was chosen outlives the page");
  await button.click();
  await tally(page, "would be recorded").getByText("2", { exact: true }).waitFor();
  await page.getByRole("region", { name: "Rows with errors" }).getByRole("row").filter({ hasText: "nobody@shop.example" }).waitFor();
  assert.equal(await count("count(purchase) >= 1"), 0, "a check changes nothing");
  await page.getByRole("button", { name: "Change the columns" }).click();
  await page.getByLabel("Whoever is not known yet").selectOption("create");
  await button.click();
  await tally(page, "would be recorded").getByText("3", { exact: true }).waitFor();
  await tally(page, "would be new contact").getByText("1", { exact: true }).waitFor();
  await clean(page, "the check of events");
  await picture(page, "import-events-check-wide-light");
  await page.getByRole("button", { name: "Import 3 rows" }).click();
  await tally(page, "recorded").getByText("3", { exact: true }).waitFor({ timeout: 30_000 });
  assert.equal(await count('count(purchase where total = 12.5) = 1 and email = "eve@shop.example"'), 1);
  assert.equal(await count("count(purchase) >= 1"), 2);
  await page.getByRole("button", { name: "Take the import back…" }).click();
  await clean(page, "taking events back");
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await tally(page, "events taken out again").getByText("3", { exact: true }).waitFor({ timeout: 30_000 });
  assert.equal(await count("count(purchase) >= 1"), 0);
  await page.getByRole("link", { name: "All imports" }).click();
  await page.getByRole("listitem").filter({ hasText: "orders.csv" }).getByText("events · taken back").waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("on a slow line an answer is waited for", async () => {
  const { context, page } = await open();
  await give(page, "slow.csv", "email\nslow1@shop.example\n");
  await page.getByRole("button", { name: "Check, change nothing" }).waitFor();
  // Longer than it takes until the import is looked at again.
  await page.route(/\/api\/v1\/imports\/[^/]+$/u, async (route) => {
    if (route.request().method() === "GET") await new Promise((done) => setTimeout(done, 1_500));
    await route.continue().catch(() => {});
  });
  await page.getByRole("button", { name: "Check, change nothing" }).click();
  await tally(page, "would be new").getByText("1", { exact: true }).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.close();
});

test("what is carried out is what was checked, whoever presses the button", async () => {
  const first = await open();
  await give(first.page, "checked.csv", "mail,who\nchecked1@shop.example,Checked\n");
  const is = (page) => page.getByRole("combobox", { name: "What the column who is" });
  const check = (page) => page.getByRole("button", { name: "Check, change nothing" });
  await is(first.page).selectOption("first_name");
  await first.page.getByLabel("Tags for everybody").fill("as checked");
  await check(first.page).click();
  await tally(first.page, "would be new").getByText("1", { exact: true }).waitFor();
  // What was changed and not checked is taken back with “Back”.
  await first.page.getByRole("button", { name: "Change the columns" }).click();
  await first.page.getByLabel("A row may").selectOption("update");
  await first.page.getByLabel("Tags for everybody").fill("unchecked");
  await first.page.getByRole("button", { name: "Back" }).click();
  await first.page.getByRole("button", { name: "Change the columns" }).click();
  assert.deepEqual([await first.page.getByLabel("A row may").inputValue(), await first.page.getByLabel("Tags for everybody").inputValue()], ["upsert", "as checked"]);
  await first.page.getByLabel("A row may").selectOption("update");

  const second = await open(WIDE, new URL(first.page.url()).pathname);
  await second.page.getByRole("button", { name: "Change the columns" }).click();
  assert.deepEqual([await is(second.page).inputValue(), await second.page.getByLabel("Tags for everybody").inputValue()], ["first_name", "as checked"]);
  await second.page.getByRole("button", { name: "Back" }).click();
  await second.page.getByRole("button", { name: "Import 1 row" }).click();
  await tally(second.page, "new").getByText("1", { exact: true }).waitFor();
  const [one] = (await book.call("GET", "/contacts?where=email%20%3D%20%22checked1%40shop.example%22")).contacts;
  assert.deepEqual([one.name, one.tags.map((t) => t.label)], ["Checked", ["as checked"]]);
  await first.context.close();
  await second.context.close();
});

test("what went wrong is told apart, and each way on does what it says", async () => {
  const { context, page, seen } = await open();
  const lines = (from, to) => Array.from({ length: to - from }, (_, n) => JSON.stringify({ first_name: `Line ${from + n}`, email: `line${from + n}@shop.example` })).join("\n");
  // A line that no file of people has: reading cannot go on behind it.
  const odd = JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`k${n}`, 1])));
  await give(page, "broken.jsonl", `${lines(0, 300)}\n${odd}\n${lines(301, 310)}\n`);
  await page.getByRole("button", { name: "Check, change nothing" }).click();
  const outcome = page.getByRole("region", { name: "Outcome" });
  const button = (name) => outcome.getByRole("button", { name });
  const said = page.locator(".import-page > .problem");
  await outcome.getByRole("alert").filter({ hasText: "The check could not go on behind row 300: " }).waitFor();
  assert.deepEqual(await outcome.getByRole("button").allTextContents(), ["Check again", "Change the columns", "Forget it…"]);
  assert.equal(await count('email contains "line"'), 0, "a check changes nothing");
  await clean(page, "a check that failed");
  await picture(page, "import-check-failed-wide-light");
  const [again] = await Promise.all([page.waitForResponse((r) => r.url().endsWith("/check")), button("Check again").click()]);
  assert.equal(again.status(), 202);
  await button("Check again").waitFor();

  // Somebody carries it out all the same.
  const { pathname } = new URL(page.url());
  const id = pathname.split("/").at(-1);
  const { options } = await book.call("GET", `/imports/${id}`);
  await book.call("POST", `/imports/${id}/run`, options);
  await until(async () => (await book.call("GET", `/imports/${id}`)).state, (state) => state === "failed", "it fails");
  await page.reload();
  await outcome.getByRole("alert").filter({ hasText: "It could not go on behind row 300: " }).waitFor();
  assert.deepEqual(await outcome.getByRole("button").allTextContents(), ["Go on with the rest", "Take the import back…", "Forget it…"]);
  await clean(page, "an import that failed");
  await picture(page, "import-failed-wide-light");
  const [goes] = await Promise.all([page.waitForResponse((r) => r.url().endsWith("/run")), button("Go on with the rest").click()]);
  assert.equal(goes.status(), 202, "it goes on, and is not refused");
  await outcome.getByRole("alert").filter({ hasText: "It could not go on behind row 300: " }).waitFor();
  assert.equal(await said.textContent(), "");
  assert.equal(await count('email contains "line"'), 300, "no row twice");
  await button("Take the import back…").click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await tally(page, "taken away again").getByText("300").waitFor({ timeout: 30_000 });
  assert.deepEqual(await outcome.getByRole("button").allTextContents(), ["Forget it…"]);
  await button("Forget it…").click();
  await page.getByRole("dialog").getByText("It was taken back already.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Forget it" }).click();
  await page.getByRole("heading", { level: 1, name: "Import" }).waitFor();
  await page.goto(book.origin + pathname);
  await page.getByRole("heading", { name: "There is no such import" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("an import that was stopped goes on with the rest", async () => {
  const { context, page } = await open();
  const rows = Array.from({ length: 6_000 }, (_, n) => `Stop ${n},stop${n}@shop.example`);
  await give(page, "long.csv", `first_name,email\n${rows.join("\n")}\n`);
  await page.getByRole("button", { name: "Check, change nothing" }).click();
  await page.getByRole("button", { name: "Import 6,000 rows" }).click();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: /It was stopped (behind row|before its first row)/ }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Change the columns" }).count(), await page.getByText("It was stopped before its first row").count(), "columns change only where nothing was taken over");
  await page.getByRole("button", { name: /Go on with the rest|Try again/ }).click();
  await tally(page, "new").getByText("6,000").waitFor({ timeout: 60_000 });
  assert.equal(await count('email contains "stop"'), 6_000);
  await context.close();
});

test("what is no file of contacts is refused in words; on a phone in the dark", async () => {
  const { context, page } = await open({ ...PHONE, colorScheme: "dark" });
  await give(page, "empty.csv", "");
  await page.getByRole("alert").filter({ hasText: /\S/ }).first().waitFor();
  await give(page, "few.csv", "email,orders\nphone1@shop.example,3\n");
  await page.getByRole("region", { name: "Columns of the file" }).waitFor();
  await clean(page, "the columns on a phone");
  await picture(page, "import-columns-phone-dark");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
  await page.getByRole("button", { name: "Check, change nothing" }).click();
  await page.getByRole("button", { name: "Import 1 row" }).waitFor();
  await picture(page, "import-check-phone-dark");
  await page.goto(`${book.origin}/console/imports/new`);
  await page.getByRole("radio", { name: /^Events/ }).check();
  await picture(page, "import-start-phone-dark");
  await give(page, "few.jsonl", '{"email":"phone1@shop.example","name":"purchase","at":"2026-04-03T10:00:00Z","total":12.5}\n');
  await page.getByRole("region", { name: "Columns of the file" }).waitFor();
  await clean(page, "the columns of events on a phone");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
  await picture(page, "import-events-phone-dark");
  await page.goto(`${book.origin}/console/imports/imp_nothing`);
  await page.getByRole("heading", { name: "There is no such import" }).waitFor();
  await context.close();
});
