// The contacts page in a real browser, against the real binary with more than ten thousand people in it.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk } from "../lib/console.mjs";
import { PHONE, picture, WIDE } from "../lib/journey.mjs";

const MANY = 10_400;
const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>`;
const BIDI = "\u202Egnp.exe Eve";
let book, browser;
before(
  async () => {
    [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot")), launch()]);
    await book.add({ first_name: HOSTILE, attributes: { orders: 77 } });
    await book.add({ first_name: BIDI, last_name: "W".repeat(200), attributes: { orders: 77 } });
    await book.fill(MANY - 2);
  },
  { timeout: 300_000 },
);
after(async () => {
  await browser?.close();
  await book?.closes();
});

async function open(path = "/console/contacts", options = WIDE) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [book.origin]);
  await new Desk(page, book.origin).signIn(book.password);
  await page.goto(book.origin + path);
  return {
    context,
    page,
    seen,
    table: page.getByRole("table", { name: "Contacts" }),
    rows: page.locator(".book-table tbody tr[data-index]"),
    count: page.locator(".book-count"),
    search: page.getByRole("searchbox", { name: /Find a contact/ }),
    condition: page.getByRole("textbox", { name: "Condition" }),
    offers: page.getByRole("listbox", { name: "What may be written here" }),
  };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

async function until(look, test, what) {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (test(found)) return found;
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(found)}`);
    await new Promise((done) => setTimeout(done, 40));
  }
}

describe("the table", () => {
  test("holds everybody and draws only what is in sight; the keyboard goes through it", async () => {
    const { context, page, seen, table, rows, count } = await open();
    await count.getByText("10,400 people").waitFor();
    await rows.first().waitFor();
    await clean(page, "the table");
    await picture(page, "contacts-wide-light");
    assert.ok((await rows.count()) < 80, "only what is in sight is drawn");

    await rows.first().getByRole("link").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement?.closest("tr")?.dataset.index), "2");
    // To the end of what was read, again and again: pages come, and the focus is on a row all the time.
    for (let n = 0; n < 6; n += 1) {
      const before = Number(await page.evaluate(() => document.activeElement?.closest("tr")?.dataset.index));
      await page.keyboard.press("End");
      const reached = await until(() => page.evaluate(() => Number(document.activeElement?.closest("tr")?.dataset.index)), (at) => at > before, "the end was not reached");
      await until(
        () => page.evaluate(() => Number([...document.querySelectorAll(".book-table tr[data-index]")].at(-1)?.dataset.index)),
        (last) => last > reached,
        "no further page came",
      );
    }
    assert.ok((await rows.count()) < 80, "still only what is in sight is drawn");
    const place = Number(await page.evaluate(() => document.activeElement?.closest("tr")?.dataset.index));
    const name = await page.evaluate(() => document.activeElement?.textContent);
    assert.ok(place > 99, `${place}`);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.goBack();
    // The list is as it was left.
    await table.getByRole("link", { name, exact: true }).waitFor();
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("columns are chosen and kept", async () => {
    const { context, page, table } = await open();
    await table.getByRole("columnheader", { name: "Phone" }).waitFor();
    await page.locator("summary").filter({ hasText: "Columns" }).click();
    await page.getByRole("checkbox", { name: "Phone" }).uncheck();
    await page.getByRole("checkbox", { name: "Orders" }).check();
    await clean(page, "the columns");
    await page.keyboard.press("Escape");
    await table.getByRole("columnheader", { name: "Orders" }).waitFor();
    await page.reload();
    await table.getByRole("columnheader", { name: "Orders" }).waitFor();
    assert.equal(await table.getByRole("columnheader", { name: "Phone" }).count(), 0);
    await context.close();
  });

  test("whatever a name holds is shown as text, and turns nothing around it", async () => {
    const { context, page, seen, rows, table } = await open("/console/contacts?where=orders+%3D+77");
    await until(() => rows.count(), (n) => n === 2, "the two");
    await table.getByRole("link", { name: HOSTILE }).waitFor();
    assert.equal(await page.locator(".book img, .book script").count(), 0);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    await table.getByRole("link", { name: HOSTILE }).click();
    await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
    await clean(page, "a hostile name");
    assert.deepEqual(seen, []);
    await context.close();
  });
});

describe("the search", () => {
  test("finds somebody as one types, by keyboard alone, and the address holds it", async () => {
    const { context, page, seen, rows, count, search } = await open();
    await rows.first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("person4711@");
    await count.getByText("1 found").waitFor();
    assert.match(await rows.first().textContent(), /4711/u);
    await until(() => page.url(), (url) => url.includes("q=person4711%40"), "the address");
    await page.reload();
    await count.getByText("1 found").waitFor();
    assert.equal(await search.inputValue(), "person4711@");
    await search.press("Enter");
    await page.getByRole("heading", { level: 1, name: /4711/ }).waitFor();
    await page.goBack();
    await count.getByText("1 found").waitFor();
    await search.fill("");
    await count.getByText("10,400 people").waitFor();
    await search.fill("zzqq nobody");
    await page.getByRole("heading", { name: "Nobody found" }).waitFor();
    await clean(page, "nobody found");
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("a name in another script and without its accents", async () => {
    const { context, rows, count, search } = await open();
    await rows.first().waitFor();
    for (const [text, n] of [["ines ruiz 8", 1], ["مريم", 1], ["李 nguyen 23", 1]]) {
      await search.fill(text);
      await until(() => count.textContent(), (said) => /found/u.test(said), text);
      assert.ok((await rows.count()) >= n, text);
    }
    await context.close();
  });
});

describe("the condition", () => {
  test("counts exactly while one writes, completes by keyboard, and filters the table", async () => {
    const { context, page, seen, rows, count, condition, offers } = await open();
    await rows.first().waitFor();
    await condition.focus();
    await page.keyboard.type("pl");
    await offers.getByRole("option").first().waitFor();
    await clean(page, "offers");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await condition.inputValue(), "plan ");
    await page.keyboard.type("= ");
    await offers.getByRole("option", { name: "gold" }).waitFor();
    assert.deepEqual((await offers.getByRole("option").allTextContents()).map((t) => t.replace("plan", "")), ["free", "gold"]);
    await page.keyboard.type("go");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type("and has tag ");
    await offers.getByRole("option", { name: "friend" }).click();
    assert.equal(await condition.inputValue(), "plan = gold and has tag friend ");
    // Every hundredth of the MANY - 2 is a friend, of these every third gold.
    const friends = Array.from({ length: MANY - 2 }, (_, n) => n).filter((n) => n % 300 === 0).length;
    await count.getByText(`${friends} of 10,400 people`).waitFor();
    await until(() => page.getByRole("table", { name: "Contacts" }).getAttribute("aria-rowcount"), (n) => n === String(friends + 1), "the rows");
    await picture(page, "contacts-condition-wide-light");
    assert.match(page.url(), /where=plan/u);
    await page.reload();
    await count.getByText(`${friends} of 10,400 people`).waitFor();
    // Somebody who comes to match is counted without being asked.
    const [late] = (await book.call("GET", "/contacts/find?q=person100%40shop")).contacts;
    await book.call("PATCH", `/contacts/${late.id}`, { attributes: { plan: "gold" } });
    await count.getByText(`${friends + 1} of 10,400 people`).waitFor({ timeout: 25_000 });
    await book.call("PATCH", `/contacts/${late.id}`, { attributes: { plan: "free" } });
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("says where it could not be read and what to write instead; nothing typed is lost", async () => {
    const { context, page, count, condition } = await open();
    await condition.fill("🙂 = 1");
    await page.locator(".fault mark").getByText("🙂").waitFor();
    await condition.fill("plan = gold and ordrs >= 3");
    const fault = page.locator(".fault");
    await fault.locator("mark").getByText("ordrs", { exact: true }).waitFor();
    await clean(page, "a fault");
    await picture(page, "contacts-fault-wide-light");
    assert.equal(await condition.getAttribute("aria-invalid"), "true");
    await fault.getByRole("button", { name: "Write orders" }).click();
    assert.equal(await condition.inputValue(), "plan = gold and orders >= 3");
    await count.getByText(/ of 10,400 people/).waitFor();
    assert.equal(await fault.count(), 0);
    await condition.fill("shoe_size > 40");
    await count.getByText("10,400 unknown").waitFor();
    await page.getByRole("heading", { name: "Nobody matches" }).waitFor();
    await context.close();
  });

  test("the server away: what was typed stays, and counts when it is back", async () => {
    const { context, page, rows, count, condition } = await open();
    await rows.first().waitFor();
    await context.setOffline(true);
    await condition.fill("orders >= 3");
    await page.getByRole("alert").filter({ hasText: "cannot be reached" }).first().waitFor();
    assert.equal(await condition.inputValue(), "orders >= 3");
    await context.setOffline(false);
    await condition.fill("orders >= 4");
    await count.getByText(/ of 10,400 people/).waitFor();
    await context.close();
  });
});

describe("on a phone", () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`works in the ${colorScheme}`, async () => {
      const { context, page, rows, count, condition } = await open("/console/contacts", { ...PHONE, colorScheme });
      await rows.first().waitFor();
      await count.getByText("10,400 people").waitFor();
      await picture(page, `contacts-phone-${colorScheme}`);
      await clean(page, "a phone");
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
      await condition.fill("orders >= 3 and ordrs = 1");
      await page.locator(".fault").waitFor();
      await clean(page, "a fault on a phone");
      await condition.fill("");
      await rows.nth(3).click();
      await page.getByRole("heading", { name: "Attributes" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
      await context.close();
    });
  }
});

test("without a sign-in nothing is shown, and the address is kept for afterwards", async () => {
  const context = await browser.newContext(WIDE);
  const page = await context.newPage();
  await page.goto(`${book.origin}/console/contacts?where=orders+%3E%3D+11`);
  await page.getByLabel("Login").fill("admin");
  await page.getByLabel("Password").fill(book.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".book-count").getByText(/ of 10,400 people/).waitFor();
  await context.close();
});
