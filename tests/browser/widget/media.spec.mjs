// Galleries, places and files that are elsewhere: seen, pressed and reached with the keyboard, on every screen.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, openShadow } from "../lib/browser.mjs";
import { CHAT_BOT, serve } from "../lib/server.mjs";
import { Chat } from "../lib/widget.mjs";

const OUT = join(import.meta.dirname, "../out");

let browser, server;
before(async () => {
  mkdirSync(OUT, { recursive: true });
  browser = await launch();
  server = await serve({ bot: CHAT_BOT });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Where a row has come to rest, once that fits. */
async function rests(row, fits, before) {
  const still = (e) =>
    new Promise((done) => {
      const left = e.scrollLeft;
      requestAnimationFrame(() => requestAnimationFrame(() => done(e.scrollLeft === left ? left : null)));
    });
  let left = null;
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    left = await row.evaluate(still);
    if (left !== null && fits(left, before)) return left;
  }
  return assert.fail(`the row came to rest at ${left}, before it was at ${before}`);
}

async function visit(options = {}) {
  const context = await openShadow(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce", ...options }));
  const page = await context.newPage();
  await page.goto(server.origin);
  const chat = new Chat(page);
  await chat.launcher.waitFor();
  await chat.greeted();
  return { context, page, chat };
}

const LOOKS = {
  "wide-light": {},
  "wide-dark": { colorScheme: "dark" },
  "phone-light": { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true },
  "phone-dark": { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true, colorScheme: "dark" },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`a gallery is a row that fits, ${look}`, async () => {
    const { context, page, chat } = await visit(options);
    for (const word of ["place", "elsewhere", "gallery"]) await chat.say(word);
    const row = chat.panel.getByRole("list", { name: "6 cards" });
    await row.waitFor();
    await chat.panel.getByRole("button", { name: "Cup 1 in the sun" }).waitFor();
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join("; ")}`), []);
    const page_width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(page_width <= 0, "the page does not scroll sideways");
    const sizes = await row.getByRole("button").evaluateAll((all) => all.map((b) => b.getBoundingClientRect()).map((r) => Math.min(r.width, r.height)));
    assert.ok(sizes.every((size) => size >= 24), `targets are at least 24 px: ${sizes}`);
    await page.screenshot({ path: join(OUT, `media-${look}.png`) });
    await context.close();
  });
}

test("arrow buttons and the keyboard turn the row, and a card's button is pressed", async () => {
  const { context, page, chat } = await visit();
  await chat.say("gallery");
  const row = chat.panel.getByRole("list", { name: "6 cards" });
  await row.waitFor();
  const back = chat.panel.getByRole("button", { name: "Previous" });
  assert.equal(await back.isDisabled(), true, "nothing is before the first card");
  await chat.panel.getByRole("button", { name: "Next" }).click();
  const turned = await rests(row, (left) => left > 100);
  assert.equal(await back.isDisabled(), false);
  await row.focus();
  await page.keyboard.press("ArrowLeft");
  await rests(row, (left, before) => left < before, turned);
  await row.getByRole("group", { name: "Cup number 3" }).getByRole("button", { name: "Order" }).press("Enter");
  await chat.saw("You chose Order");
  await row.getByRole("button", { name: "Order (chosen)" }).waitFor();
  assert.equal(await row.getByRole("button", { name: "Order (chosen)" }).count(), 1);
  await context.close();
});

test("places and files that are elsewhere are links that tell nothing of the page", async () => {
  const { context, chat } = await visit();
  await chat.say("place");
  const map = chat.panel.getByRole("link", { name: /Place 41\.38740, 2\.16860/ });
  await map.waitFor();
  assert.match(await map.getAttribute("href"), /^https:\/\/www\.openstreetmap\.org\//);
  assert.match(await map.getAttribute("rel"), /noreferrer/);
  await chat.say("elsewhere");
  const file = chat.panel.getByRole("link", { name: "terms.pdf" });
  await file.waitFor();
  assert.deepEqual([await file.getAttribute("href"), await file.getAttribute("referrerpolicy")], ["https://shop.example/terms.pdf", "no-referrer"]);
  await context.close();
});
