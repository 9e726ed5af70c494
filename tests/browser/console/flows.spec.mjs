// The flows page in a real browser, against the real binary: what the bot does, and where its customers are in it.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { picture } from "../lib/journey.mjs";
import { serve } from "../lib/server.mjs";

let server, browser, password;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  password = firstPassword(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function flows(options = {}, path = "/console/flows") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const seen = watchFor(page, [server.origin]);
  await new Desk(page, server.origin).signIn(password);
  await page.goto(`${server.origin}${path}`);
  await page.locator(".react-flow__node").first().waitFor();
  return { context, page, seen, side: page.getByRole("navigation", { name: "Skills and blocks" }) };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

/** No two boxes of the drawing overlap, as the browser drew them. */
async function apart(page) {
  const boxes = await page.locator(".react-flow__node").evaluateAll((all) => all.map((n) => ({ id: n.dataset.id, ...n.getBoundingClientRect().toJSON() })));
  assert.ok(boxes.length > 1);
  for (const [at, a] of boxes.entries()) {
    for (const b of boxes.slice(at + 1)) {
      const clear = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      assert.ok(clear, `${a.id} and ${b.id} overlap`);
    }
  }
}

test("draws every skill, opens one, and shows a block with its exits", async () => {
  const { context, page, seen, side } = await flows();
  await page.getByRole("heading", { name: "All skills" }).waitFor();
  await apart(page);
  await clean(page, "all skills");
  await page.getByRole("button", { name: /^Skill talk-to-us/ }).click();
  await page.getByRole("heading", { name: "talk-to-us" }).waitFor();
  await apart(page);
  const block = page.getByRole("button", { name: /^Block .*live_chat/ }).first();
  await block.focus();
  await page.keyboard.press("Enter");
  const detail = page.getByRole("complementary", { name: /^Block/ });
  await detail.getByText("waits for a person").waitFor();
  await detail.getByRole("heading", { name: "Exits" }).waitFor();
  await clean(page, "a block");
  const address = page.url();
  await page.reload();
  await detail.waitFor();
  assert.equal(page.url(), address, "the address names the block");
  await page.goBack();
  assert.deepEqual(seen, []);
  await side.getByRole("searchbox").waitFor();
  await context.close();
});

test("counts the runs that rest on a block while they come", async () => {
  const { context, page, side } = await flows({}, "/console/flows/talk-to-us");
  const customer = await Customer.arrives(server.origin);
  await customer.say("/person");
  await customer.saw("number");
  await side.getByRole("img", { name: /runs? rests? here/ }).first().waitFor({ timeout: 15_000 });
  await page.getByRole("button", { name: /^Block .*live_chat.*rests? here/ }).first().waitFor();
  await context.close();
});

test("finds a block by what it says, with the keyboard alone", async () => {
  const { context, page, side } = await flows();
  await page.keyboard.press("/");
  await page.keyboard.type("live_chat");
  await side.getByRole("listitem").first().waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: /^Block/ }).waitFor();
  await context.close();
});

test("works on a phone and in the dark", async () => {
  const { context, page } = await flows({ viewport: { width: 390, height: 844 }, colorScheme: "dark" }, "/console/flows/talk-to-us");
  await clean(page, "a phone in the dark");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.equal(wider, 0, "nothing scrolls sideways");
  await context.close();
});

test("a large skill on a phone is opened where it starts", async () => {
  const { context, page } = await flows({ viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }, "/console/flows/talk-to-us");
  const box = (locator) => locator.evaluate((n) => n.getBoundingClientRect().toJSON());
  const canvas = await box(page.locator(".flow-canvas"));
  const begin = await box(page.locator('.react-flow__node[data-id="begin"]'));
  assert.ok(begin.top >= canvas.top && begin.bottom <= canvas.top + canvas.height / 2, JSON.stringify([canvas, begin]));
  assert.ok(begin.left >= canvas.left && begin.right <= canvas.right, JSON.stringify([canvas, begin]));
  await picture(page, "flow-phone-light");
  await context.close();
});

test("whoever looks at the flows is at the desk: customers who ask for a person wait for them", async () => {
  const { context, page } = await flows();
  const customer = await Customer.arrives(server.origin);
  await customer.say("/person");
  await customer.saw("number");
  await page.getByRole("img", { name: /waiting/ }).waitFor();
  await page.getByRole("link", { name: /Desk/ }).click();
  await page.getByRole("navigation", { name: "Chats" }).waitFor();
  await context.close();
});
