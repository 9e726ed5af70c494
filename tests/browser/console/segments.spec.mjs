// The segments pages in a real browser, against the real binary.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk } from "../lib/console.mjs";
import { PHONE, picture, WIDE } from "../lib/journey.mjs";

let book, browser, folder;
before(async () => {
  // A copy: one test changes it.
  folder = mkdtempSync(join(tmpdir(), "switchboard-bot-"));
  cpSync(join(import.meta.dirname, "book-bot"), folder, { recursive: true });
  [book, browser] = await Promise.all([Book.opens(folder), launch()]);
  await book.fill(240);
});
after(async () => {
  await browser?.close();
  await book?.closes();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path, options = WIDE) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [book.origin]);
  await new Desk(page, book.origin).signIn(book.password);
  await page.goto(book.origin + path);
  return { context, page, seen };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

test("every segment with its size and rule, and one of them with its members and why", async () => {
  const { context, page, seen } = await open("/console/segments");
  await page.locator(".book-count").getByText("4 segments").waitFor();
  const gold = page.getByRole("listitem").filter({ hasText: "Gold customers" });
  await gold.getByText("80 people").waitFor();
  await gold.getByText("plan = gold").waitFor();
  await page.getByRole("listitem").filter({ hasText: "Tasting panel" }).getByText("A list").waitFor();
  await clean(page, "the segments");
  await picture(page, "segments-wide-light");
  await gold.getByRole("link", { name: "Gold customers" }).click();
  await page.getByRole("heading", { level: 1, name: "Gold customers" }).waitFor();
  await page.getByRole("img", { name: /people in the last 30 days; now 80/ }).waitFor();
  const numbers = page.locator("summary").filter({ hasText: "The numbers" });
  await numbers.click();
  assert.match(await page.getByRole("region", { name: "Sizes by day" }).textContent(), /80/u);
  const members = page.getByRole("table", { name: "Members of Gold customers" });
  await members.getByRole("row").nth(5).waitFor();
  assert.equal(await members.getAttribute("aria-rowcount"), "81");
  await page.getByRole("button", { name: "7 days" }).click();
  await page.getByRole("img", { name: /in the last 7 days/ }).waitFor();
  await clean(page, "a segment");
  await picture(page, "segment-wide-light");
  await members.getByRole("link", { name: "why" }).first().click();
  const why = page.getByRole("region", { name: "Why" });
  await why.getByText("is in it").waitFor();
  await why.getByText("it is gold").waitFor();
  await clean(page, "why");
  await picture(page, "segment-why-wide-light");
  await page.reload();
  await why.getByText("it is gold").waitFor();
  await why.getByRole("button", { name: "Close" }).click();
  await why.waitFor({ state: "detached" });
  assert.deepEqual(seen, []);
  await context.close();
});

test("one that cannot be judged any more stands first, with the reason", async () => {
  await book.call("POST", "/segments", { key: "large-feet", name: "Large <b>feet</b>", where: "shoe_size > 45" });
  assert.equal((await book.call("GET", "/segments/large-feet")).valid, true);
  // A server that runs refuses such a folder; one that starts has no other.
  await book.restarts(() => {
    const bot = join(folder, "bot.yaml");
    writeFileSync(bot, readFileSync(bot, "utf8").replace("  shoe_size: { type: number }\n", ""));
  });
  assert.match(book.server.output(), /large-feet.*E0351/su);
  const { context, page } = await open("/console/segments");
  const row = page.getByRole("listitem").filter({ hasText: "Large <b>feet</b>" });
  await page.locator(".book-count").getByText("5 segments, 1 cannot be judged").waitFor();
  assert.match(await page.getByRole("listitem").first().textContent(), /Large <b>feet<\/b>.*shoe_size/u);
  await row.getByText("cannot be judged").waitFor();
  await clean(page, "a segment that cannot be judged");
  await row.getByRole("link", { name: "Large <b>feet</b>" }).click();
  await page.getByText("A rule that cannot be judged holds for nobody.").waitFor();
  await page.goto(`${book.origin}/console/segments/no-such`);
  await page.getByRole("heading", { name: "There is no such segment" }).waitFor();
  await context.close();
});

test("on a phone, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await open("/console/segments", { ...PHONE, colorScheme });
    await page.getByRole("link", { name: "Gold customers" }).waitFor();
    await picture(page, `segments-phone-${colorScheme}`);
    await page.getByRole("link", { name: "Gold customers" }).click();
    await page.getByRole("table", { name: "Members of Gold customers" }).waitFor();
    await picture(page, `segment-phone-${colorScheme}`);
    await clean(page, "a segment on a phone");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, "nothing scrolls sideways");
    await context.close();
  }
});
