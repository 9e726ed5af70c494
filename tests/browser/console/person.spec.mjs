// One contact's page in a real browser, against the real binary: who they are, changed by two at once, why they are where they are.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
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

async function open(contact, options = WIDE) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [book.origin]);
  const desk = new Desk(page, book.origin);
  await desk.signIn(book.password);
  await page.goto(`${book.origin}/console/contacts/${contact}`);
  await page.getByRole("heading", { name: "Attributes" }).waitFor();
  const region = (name) => page.getByRole("region", { name, exact: true });
  return { context, page, seen, desk, attributes: region("Attributes"), tags: region("Tags"), notes: region("Notes"), segments: region("Segments"), journey: region("Journey") };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

const ANA = { first_name: "Ana", last_name: "Ruiz", attributes: { plan: "free", orders: 3, interests: ["tea", "cats"], birthday: "1990-03-02", email: "ana@shop.example" }, tags: ["friend"] };
const ana = async (more = {}) => (await book.add({ ...ANA, ...more })).id;
const row = (attributes, name) => attributes.locator(".value").filter({ has: attributes.page().getByText(name, { exact: true }) });

test("values are edited by their types; a refusal says why and keeps what was typed", async () => {
  const id = await ana();
  const { context, page, seen, attributes, journey } = await open(id);
  await attributes.getByText("tea, cats").waitFor();
  await picture(page, "contact-wide-light");
  await clean(page, "a contact");

  await attributes.getByRole("button", { name: "Edit Orders" }).focus();
  await page.keyboard.press("Enter");
  const field = attributes.getByLabel("Orders", { exact: true });
  assert.equal(await field.inputValue(), "3");
  await field.fill("many");
  await field.press("Enter");
  await attributes.getByRole("alert").filter({ hasText: "not a number" }).waitFor();
  assert.equal(await field.inputValue(), "many");
  await clean(page, "a refusal");
  await field.fill("12");
  await field.press("Enter");
  await row(attributes, "Orders").getByText("12", { exact: true }).waitFor();
  // The keyboard is back where it was.
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Edit Orders");
  await journey.getByText("orders: 3 → 12").waitFor();

  await attributes.getByRole("button", { name: "Edit Plan" }).click();
  await attributes.getByRole("combobox", { name: "Plan" }).selectOption("gold");
  await attributes.getByRole("button", { name: "Save" }).click();
  await row(attributes, "Plan").getByText("gold").waitFor();
  await attributes.getByRole("button", { name: "Edit Birthday" }).click();
  await attributes.getByLabel("Birthday", { exact: true }).fill("1991-04-05");
  await page.keyboard.press("Enter");
  await row(attributes, "Birthday").getByText("5 Apr 1991").waitFor();
  await attributes.getByRole("button", { name: "Edit Interests" }).click();
  await attributes.getByLabel("Interests", { exact: true }).fill("tea\nblack, strong coffee\n");
  await page.keyboard.press("Control+Enter");
  await attributes.getByText("tea, black, strong coffee").waitFor();
  await attributes.getByRole("button", { name: "Edit E-mail" }).click();
  await attributes.getByLabel("E-mail", { exact: true }).fill("");
  await page.keyboard.press("Enter");
  await attributes.getByText("5 more, not known").waitFor();
  const stored = (await book.call("GET", `/contacts/${id}`)).attributes;
  assert.deepEqual(stored, { plan: "gold", orders: 12, birthday: "1991-04-05", interests: ["tea", "black, strong coffee"] });

  await attributes.getByRole("button", { name: "5 more, not known" }).click();
  await attributes.getByRole("button", { name: "Edit Shoe size" }).click();
  await attributes.getByLabel("Shoe size", { exact: true }).fill("39");
  await page.keyboard.press("Escape");
  assert.equal((await book.call("GET", `/contacts/${id}`)).attributes.shoe_size, undefined, "Escape saves nothing");
  assert.deepEqual(seen, []);
  await context.close();
});

test("a name, a language and a time zone are put right where they stand", async () => {
  const id = await ana();
  const { context, page, seen, attributes } = await open(id);
  await attributes.getByRole("button", { name: "Edit Last name" }).click();
  await attributes.getByLabel("Last name", { exact: true }).fill("Ruíz");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Ana Ruíz" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Edit Last name");

  await attributes.getByRole("button", { name: "4 more, not known" }).click();
  await attributes.getByRole("button", { name: "Edit Timezone" }).click();
  const zone = attributes.getByLabel("Timezone", { exact: true });
  await zone.fill("Madrid");
  await page.keyboard.press("Enter");
  await attributes.getByRole("alert").filter({ hasText: "Europe/Madrid" }).waitFor();
  assert.equal(await zone.inputValue(), "Madrid");
  await clean(page, "a refusal of a time zone");
  await zone.fill("Europe/Madrid");
  await page.keyboard.press("Enter");
  await row(attributes, "Timezone").getByText("Europe/Madrid", { exact: true }).waitFor();
  await attributes.getByRole("button", { name: "Edit Language" }).click();
  const language = attributes.getByLabel("Language", { exact: true });
  await language.fill("pt_br");
  // Somebody else says another meanwhile: it is told, and theirs is kept.
  await book.call("PATCH", `/contacts/${id}`, { language: "es" });
  await page.keyboard.press("Enter");
  await attributes.getByRole("alert").filter({ hasText: "Somebody changed this meanwhile: it is now “es”" }).waitFor();
  await attributes.getByRole("button", { name: "Save mine" }).click();
  await row(attributes, "Language").getByText("pt-BR", { exact: true }).waitFor();
  await row(attributes, "Language").getByText("a program or an agent says so").waitFor();
  await attributes.getByRole("button", { name: "Edit Timezone" }).click();
  await attributes.getByRole("button", { name: "Empty it" }).click();
  await attributes.getByRole("button", { name: "Save" }).click();
  await row(attributes, "Timezone").getByText("not known").waitFor();
  const { system } = await book.call("GET", `/contacts/${id}`);
  assert.deepEqual([system.last_name, system.language, system.country, system.timezone], ["Ruíz", "pt-BR", "BR", ""]);
  assert.deepEqual(seen, []);
  await context.close();
});

test("a status of the bot's own is chosen; of whoever refused there is none to choose", async () => {
  const id = await ana();
  const { context, page, seen, attributes } = await open(id);
  const change = attributes.getByRole("button", { name: "Edit Status" });
  await row(attributes, "Status").getByText("Active", { exact: true }).waitFor();
  await change.click();
  const status = attributes.getByLabel("Status", { exact: true });
  assert.deepEqual(await status.getByRole("option").allTextContents(), ["Active", "Call back"]);
  assert.equal(await attributes.getByRole("button", { name: "Empty it" }).count(), 0);
  await clean(page, "a status that is chosen");
  await status.selectOption("call_back");
  await attributes.getByRole("button", { name: "Save" }).click();
  await row(attributes, "Status").getByText("Call back", { exact: true }).waitFor();
  await page.locator(".contact-who").getByText("Call back").waitFor();
  assert.equal((await book.call("GET", `/contacts/${id}`)).status, "call_back");
  // They refuse while somebody chooses: that stays, whether the page knows it before it is saved or is told then.
  await change.click();
  await status.selectOption("active");
  await book.call("PATCH", `/contacts/${id}`, { status: "unsubscribed" });
  const save = attributes.getByRole("button", { name: "Save" });
  if (await save.isVisible()) await save.click({ timeout: 2_000 }).catch(() => {});
  await attributes.getByRole("alert").filter({ hasText: "Status was not saved" }).waitFor();
  await page.locator(".contact-who").getByText("Unsubscribed").waitFor();
  assert.equal((await status.count()) + (await change.count()), 0);
  assert.equal((await book.call("GET", `/contacts/${id}`)).status, "unsubscribed");
  assert.deepEqual(seen, []);
  await context.close();
});

test("of a long value the beginning is shown, and all of it for the asking; the keyboard stays where it is", async () => {
  const id = await ana({ attributes: { interests: Array.from({ length: 60 }, (_, n) => `interest ${n}`) } });
  const { context, page, attributes } = await open(id);
  const value = row(attributes, "Interests");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await value.getByRole("button", { name: "Show all" }).focus();
  assert.equal(await value.getByText("interest 59").count(), 0);
  await page.keyboard.press("Enter");
  await value.getByText("interest 59").waitFor();
  assert.equal(await focused(), "Show less");
  await page.keyboard.press("Enter");
  await value.getByText("interest 59").waitFor({ state: "hidden" });
  assert.equal(await focused(), "Show all");
  await context.close();
});

test("two who change the same value: it is told, nothing is lost; another value is no conflict", async () => {
  const id = await ana();
  const { context, page, attributes } = await open(id);
  await attributes.getByRole("button", { name: "Edit Orders" }).click();
  const field = attributes.getByLabel("Orders", { exact: true });
  await field.fill("5");
  await book.call("PATCH", `/contacts/${id}`, { attributes: { plan: "gold" } });
  await field.press("Enter");
  await row(attributes, "Orders").getByText("5", { exact: true }).waitFor();
  await row(attributes, "Plan").getByText("gold").waitFor();

  await attributes.getByRole("button", { name: "Edit Orders" }).click();
  await field.fill("6");
  await book.call("PATCH", `/contacts/${id}`, { attributes: { orders: 99 } });
  await field.press("Enter");
  await attributes.getByRole("alert").filter({ hasText: "Somebody changed this meanwhile: it is now “99”" }).waitFor();
  assert.equal(await field.inputValue(), "6");
  assert.equal((await book.call("GET", `/contacts/${id}`)).attributes.orders, 99);
  await clean(page, "a conflict");
  await picture(page, "contact-conflict-wide-light");
  await attributes.getByRole("button", { name: "Save mine" }).click();
  await row(attributes, "Orders").getByText("6", { exact: true }).waitFor();
  assert.equal((await book.call("GET", `/contacts/${id}`)).attributes.orders, 6);

  // Seen while one types: the page is current, and still asks before it overwrites.
  await attributes.getByRole("button", { name: "Edit Orders" }).click();
  await field.fill("7");
  await book.call("PATCH", `/contacts/${id}`, { attributes: { orders: 42 } });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.waitForResponse((r) => r.url().endsWith(id) && r.request().method() === "GET");
  await field.press("Enter");
  await attributes.getByRole("alert").filter({ hasText: "it is now “42”" }).waitFor();
  await attributes.getByRole("button", { name: "Keep theirs" }).click();
  await row(attributes, "Orders").getByText("42", { exact: true }).waitFor();
  await context.close();
});

test("tags come and go, notes are kept, a note that is not sent outlives the page", async () => {
  const id = await ana();
  const { context, page, seen, tags, notes, journey } = await open(id);
  const field = tags.getByLabel("New tag");
  await field.fill("  Order <b>help</b> ");
  await field.press("Enter");
  await tags.locator(".chip").getByText("Order <b>help</b>", { exact: true }).waitFor();
  assert.equal(await field.inputValue(), "");
  await journey.getByText("Tag added: Order <b>help</b>").waitFor();
  await tags.getByRole("button", { name: "Take off the tag friend" }).click();
  await tags.getByText("friend", { exact: true }).waitFor({ state: "detached" });
  assert.deepEqual((await book.call("GET", `/contacts/${id}`)).tags.map((t) => t.label), ["Order <b>help</b>"]);

  const hostile = `<img src=x onerror=alert(1)>\nsecond line`;
  await notes.getByLabel("New note").fill(hostile);
  await notes.getByRole("button", { name: "Add note" }).click();
  await notes.locator(".note-text").first().waitFor();
  assert.deepEqual(await notes.locator(".note-text").allTextContents(), [hostile]);
  assert.match(await notes.locator(".note-meta").first().textContent(), /^Admin · just now$/u);
  // What is typed while another is on its way stays.
  let arrives;
  const onItsWay = new Promise((done) => (arrives = done));
  await page.route("**/notes", async (route) => {
    await onItsWay;
    await route.continue();
  });
  await notes.getByLabel("New note").fill("one");
  const asked = page.waitForRequest((r) => r.method() === "POST" && r.url().endsWith("/notes"));
  await notes.getByRole("button", { name: "Add note" }).click();
  await asked;
  await notes.getByLabel("New note").fill("another");
  arrives();
  await notes.locator(".note-text").filter({ hasText: /^one$/u }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".note-form button")].every((b) => !b.disabled));
  assert.equal(await notes.getByLabel("New note").inputValue(), "another");
  await page.unroute("**/notes");
  await notes.getByLabel("New note").fill("half a thou");
  await page.reload();
  assert.equal(await notes.getByLabel("New note").inputValue(), "half a thou");
  await notes.getByLabel("New note").fill("");
  assert.equal(await page.locator(".book img").count(), 0);
  await clean(page, "tags and notes");
  assert.deepEqual(seen, []);
  await context.close();
});

test("segments say why, part by part", async () => {
  const id = await ana({ attributes: { plan: "gold", orders: 12 }, tags: [] });
  const { context, page, segments } = await open(id);
  await segments.locator("summary").filter({ hasText: "Regular customers" }).click();
  await segments.getByText("All of these").waitFor();
  await segments.getByText("it is 12").first().waitFor();
  await segments.getByText("Any of these").waitFor();
  assert.equal(await segments.locator(".why-tree").getByRole("img", { name: "does not hold" }).count(), 1, "the tag that they do not have");
  await segments.getByText("Not kept out by strangers").waitFor();
  await clean(page, "why");
  await picture(page, "contact-why-wide-light");
  await segments.locator("summary").filter({ hasText: "Segments they are not in" }).click();
  await segments.locator("summary").filter({ hasText: "Tasting panel" }).click();
  await segments.getByText("They are not on the list").waitFor();
  // A change moves them, and the page shows it without being asked.
  await book.call("PATCH", `/contacts/${id}`, { attributes: { plan: "free" } });
  await segments.locator("summary").filter({ hasText: "Gold customers" }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-label="Segments"]')?.textContent?.match(/^Segments(Gold|Regular)/u), null, { timeout: 25_000 });
  await context.close();
});

test("the journey goes back as far as one scrolls, and shows the kinds one asks for", async () => {
  const id = await ana();
  for (let n = 0; n < 3; n += 1) {
    const events = Array.from({ length: 100 }, (_, i) => ({ name: n === 1 && i === 50 ? "needle" : "visit", fields: { n: n * 100 + i } }));
    await book.call("POST", `/contacts/${id}/events`, { events });
  }
  const { context, page, journey } = await open(id);
  const lines = journey.locator(".journey > li");
  await lines.nth(40).waitFor({ state: "attached" });
  const scroll = journey.getByRole("region", { name: "What happened, newest first" });
  await scroll.focus();
  for (let n = 0; (await lines.count()) < 300; n += 1) {
    assert.ok(n < 60, `the journey ends at ${await lines.count()}`);
    await page.keyboard.press("End");
    await page.waitForTimeout(100);
  }
  await journey.getByText("Event needle").waitFor({ state: "attached" });
  await journey.getByRole("button", { name: "Tags" }).click();
  await journey.getByText("Tag added: friend").waitFor();
  assert.equal(await lines.filter({ hasText: "Event" }).count(), 0);
  assert.equal(await journey.getByRole("button", { name: "Tags" }).getAttribute("aria-pressed"), "true");
  await clean(page, "the journey");
  await context.close();
});

test("a blocked contact hears no more, until they are let in again", async () => {
  const customer = await Customer.arrives(book.origin);
  await customer.say("/start");
  await customer.saw("Welcome.");
  const [{ id }] = (await book.call("GET", "/contacts?where=has%20channel%20web&limit=1")).contacts;
  const { context, page } = await open(id);
  await page.getByRole("button", { name: "Block", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await clean(page, "the question");
  await dialog.getByRole("button", { name: "Block" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".status.blocked").waitFor();
  assert.equal((await book.call("GET", `/contacts/${id}`)).status, "blocked");
  await page.getByRole("button", { name: "Unblock" }).click();
  await dialog.getByRole("button", { name: "Unblock" }).click();
  await page.locator(".status.active").waitFor();
  await customer.say("/start");
  await context.close();
});

test("a chat at the desk is one link away", async () => {
  const customer = await Customer.arrives(book.origin);
  const probe = await open(await ana());
  await customer.say("/person");
  await customer.saw("Wait.");
  const [waiting] = (await book.call("GET", "/contacts?where=ran%20skill%20person%20within%201h")).contacts;
  await probe.page.goto(`${book.origin}/console/contacts/${waiting.id}`);
  await probe.page.getByRole("link", { name: "Open the chat" }).click();
  await probe.desk.saw("Wait.");
  await probe.context.close();
});

test("nobody of that id, and a phone in the dark", async () => {
  const id = await ana();
  const { context, page } = await open(id, { ...PHONE, colorScheme: "dark" });
  await picture(page, "contact-phone-dark");
  await clean(page, "a phone in the dark");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
  await page.goto(`${book.origin}/console/contacts/con_00000000000000000000000000`);
  await page.getByRole("heading", { name: "There is no such contact" }).waitFor();
  await page.goto(`${book.origin}/console/contacts/nonsense`);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  await clean(page, "nothing here");
  await context.close();
});

test("times are those of the viewer's zone, exact on pointing at one, and go on by themselves", async () => {
  const id = await ana({ first_name: "Far" });
  const { first_seen } = await book.call("GET", `/contacts/${id}`);
  const { context, page } = await open(id, { ...WIDE, timezoneId: "Asia/Tokyo" });
  const seen = page.getByRole("region", { name: "Found on", exact: true }).locator("time");
  assert.equal(await seen.getAttribute("datetime"), new Date(first_seen).toISOString());
  const there = new Date(first_seen).toLocaleString("en-GB", { timeZone: "Asia/Tokyo", dateStyle: "medium", timeStyle: "short" });
  assert.equal(await seen.textContent(), there);
  assert.match(await seen.getAttribute("title"), /\d\d:\d\d:\d\d GMT\+9$/u);
  // The half hour that passes here passes nowhere else.
  await page.clock.install();
  await page.reload();
  const last = page.locator(".contact-who time");
  await last.waitFor();
  await page.clock.fastForward("30:00");
  await until(() => last.textContent(), (says) => /^(29|30|31) minutes ago$/u.test(says), "it goes on");
  await context.close();
});

test("erased for good: first what would go, then a certificate", async () => {
  const id = await ana({ first_name: "Gone", attributes: { email: "gone@shop.example" } });
  await book.call("POST", `/contacts/${id}/notes`, { text: "a note" });
  const { context, page, seen } = await open(id);
  await page.locator("summary").filter({ hasText: "More" }).click();
  await clean(page, "the menu");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Everything kept about them, as a file" }).click()]);
  assert.equal(download.suggestedFilename(), `${id}.json`);
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Erase for good…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("1 note", { exact: true }).waitFor();
  await dialog.getByText("A certificate without a word about who they were.").waitFor();
  const erase = dialog.getByRole("button", { name: "Erase for good" });
  assert.equal(await erase.isDisabled(), true);
  await clean(page, "what would go");
  await picture(page, "contact-erase-wide-light");
  await dialog.getByRole("checkbox").check();
  await erase.click();
  await page.getByRole("heading", { name: "The contact was erased" }).waitFor();
  await page.getByRole("link", { name: "Download the certificate" }).waitFor();
  await page.getByText("Nothing is left of them.").waitFor({ timeout: 60_000 });
  await clean(page, "the certificate");
  await picture(page, "contact-erased-wide-light");
  // The certificate has an address of its own.
  await page.reload();
  await page.getByRole("heading", { name: "The contact was erased" }).waitFor();
  await page.goto(`${book.origin}/console/contacts/${id}`);
  await page.getByRole("heading", { name: "There is no such contact" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("two who are one person are compared side by side, merged, and parted again", async () => {
  const keep = await ana({ first_name: "Maria", last_name: "López", attributes: { email: "maria@shop.example", plan: "gold" } });
  const other = await ana({ first_name: "Mary", last_name: "Lopez", attributes: { email: "maria@shop.example", orders: 8 }, tags: ["from <i>fair</i>"] });
  const { context, page, seen, attributes, tags } = await open(keep);
  const same = page.getByRole("region", { name: "The same person?" });
  await same.getByText("Mary Lopez").waitFor();
  await clean(page, "a duplicate");
  await same.getByRole("link", { name: "Compare" }).click();
  await page.getByRole("heading", { name: "Are they one person?" }).waitFor();
  const table = page.getByRole("region", { name: "Side by side" });
  await table.getByRole("row").filter({ hasText: "Orders" }).getByText("8").first().waitFor();
  await clean(page, "side by side");
  await picture(page, "contact-merge-wide-light");
  await page.getByRole("button", { name: "Merge" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Merge" }).click();
  await row(attributes, "Orders").getByText("8", { exact: true }).waitFor();
  await tags.locator(".chip").getByText("from <i>fair</i>", { exact: true }).waitFor();
  // The other address leads here.
  await page.goto(`${book.origin}/console/contacts/${other}`);
  await page.waitForURL(new RegExp(keep, "u"));
  await same.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo the merge" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(`${book.origin}/console/contacts/${other}`);
  await page.getByRole("heading", { level: 1, name: "Mary Lopez" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("a tag that they have is not offered again, in a Turkish browser either", async () => {
  const id = await ana({ tags: ["VIP"] });
  const { context, tags } = await open(id, { ...WIDE, locale: "tr-TR" });
  const add = tags.getByRole("button", { name: "Add tag" });
  await tags.getByLabel("New tag").fill("vip");
  assert.equal(await add.isDisabled(), true);
  await tags.getByLabel("New tag").fill("vips");
  assert.equal(await add.isDisabled(), false);
  await context.close();
});
