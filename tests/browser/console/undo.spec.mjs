// Thinking again after Resolve: for a few seconds nothing has happened; whatever becomes of the page, a resolve is neither lost nor done twice.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { until } from "../lib/pages.mjs";
import { serve } from "../lib/server.mjs";

const BACK = "It is the robot again.";
/** How long the console waits, in milliseconds. */
const UNDO_FOR = 6_000;

let server, browser, password;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  password = firstPassword(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** An agent who has taken a chat. */
async function taken(text) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [server.origin]);
  const desk = new Desk(page, server.origin);
  await desk.signIn(password);
  await page.getByRole("switch", { name: "Accepting chats" }).waitFor();
  const customer = await Customer.arrives(server.origin);
  await customer.say("/person");
  await customer.saw("number");
  await customer.say(text);
  await desk.rows("Waiting").filter({ hasText: text }).first().click();
  await desk.button("Take this chat").click();
  await desk.message.waitFor();
  /** What the server was asked to resolve. */
  const resolves = [];
  context.on("request", (request) => request.url().endsWith("/resolve") && resolves.push(request.postDataJSON().request));
  const resolve = async () => {
    await desk.button("Resolve").click();
    await desk.dialog.getByRole("button", { name: "Resolve" }).click();
    await desk.button("Undo").waitFor();
  };
  return { context, page, desk, customer, seen, resolves, resolve };
}

const backs = async (customer) => (await customer.lines()).filter((l) => l.text?.includes(BACK)).length;

test("undone in time, nothing has happened; the agent goes on, and what the customer wrote meanwhile is theirs", async () => {
  const { context, page, desk, customer, seen, resolves, resolve } = await taken("undone");
  await resolve();
  await desk.section("My chats").waitFor({ state: "detached" });
  assert.equal(await desk.message.count(), 0, "nobody writes into a chat that was resolved");
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
  // With the keyboard: Undo is one key away, and not under the finger that resolved.
  assert.equal(await page.evaluate(() => document.activeElement.classList.contains("resolved")), true);
  await customer.say("One more thing");
  await desk.saw("One more thing");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await desk.button("Undo").waitFor({ state: "detached" });
  await desk.rows("My chats").first().waitFor();
  await page.waitForTimeout(UNDO_FOR + 1_000);
  assert.deepEqual(resolves, [], "the server was never asked");
  await desk.say("Tell me.");
  await customer.saw("Tell me.");
  assert.equal(await backs(customer), 0);
  await resolve();
  await customer.saw(BACK);
  // The customer may see it before this program is told of the request.
  await until(() => resolves.length, (asked) => asked > 0, "the server is asked");
  assert.deepEqual([resolves.length, await backs(customer), seen], [1, 1, []]);
  await context.close();
});

test("an agent who goes on to another chat, or to another page of the console, can undo there", async () => {
  const { context, desk, customer, resolves, resolve } = await taken("elsewhere");
  await resolve();
  await desk.page.getByRole("link", { name: "Flows" }).click();
  await desk.button("Undo").click();
  await desk.page.getByRole("link", { name: "Desk" }).click();
  await desk.rows("My chats").filter({ hasText: "elsewhere" }).first().waitFor();
  assert.deepEqual([resolves, await backs(customer)], [[], 0]);
  await context.close();
});

test("undone in one tab is undone in all", async () => {
  const { context, desk, customer, resolves, resolve } = await taken("two tabs");
  await resolve();
  const second = new Desk(await context.newPage(), server.origin);
  await second.page.goto(`${server.origin}/console/`);
  await second.button("Undo").click();
  await desk.button("Undo").waitFor({ state: "detached" });
  await desk.message.waitFor();
  await desk.page.waitForTimeout(UNDO_FOR + 1_000);
  assert.deepEqual([resolves, await backs(customer)], [[], 0]);
  await context.close();
});

test("an agent who leaves the page has resolved: by a reload, by closing the tab, by signing out", async () => {
  for (const leave of [
    ({ page }) => page.reload(),
    ({ page }) => page.goto("about:blank"),
    ({ page }) => page.close({ runBeforeUnload: true }),
    ({ desk }) => desk.button("Sign out").click(),
  ]) {
    const visit = await taken(`leaves ${leave}`);
    await visit.resolve();
    const from = Date.now();
    await leave(visit);
    await visit.customer.saw(BACK, UNDO_FOR);
    assert.ok(Date.now() - from < UNDO_FOR - 1_000, "at once, not when the time is over");
    // The desk that is opened again finds nothing left to do.
    const again = new Desk(await visit.context.newPage(), server.origin);
    await again.page.goto(`${server.origin}/console/`);
    await again.chats.or(again.page.getByLabel("Password")).first().waitFor();
    await again.button("Undo").waitFor({ state: "detached" });
    assert.equal(await backs(visit.customer), 1, "once");
    await visit.context.close();
  }
});

test("a tab that dies loses nothing: the desk resolves when it is opened again, also with the server away meanwhile", async () => {
  const { context, page, customer, resolve } = await taken("dies");
  await resolve();
  // No farewell leaves it: as when the machine goes down.
  await page.evaluate(() => void (window.fetch = () => new Promise(() => {})));
  await page.close();
  assert.equal(await backs(customer), 0);
  await context.route("**/resolve", (route) => route.abort());
  const again = new Desk(await context.newPage(), server.origin);
  await again.page.goto(`${server.origin}/console/`);
  await again.page.getByText("Resolving:").waitFor({ timeout: UNDO_FOR + 5_000 });
  assert.equal(await again.button("Undo").count(), 0, "what may have arrived cannot be undone");
  await context.unroute("**/resolve");
  await customer.saw(BACK);
  await again.page.getByText("Resolving:").waitFor({ state: "detached" });
  assert.equal(await backs(customer), 1);
  await context.close();
});
