// The desk while the server is away and after a chat was resolved: nothing an agent wrote is lost, nothing on the screen is stale.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
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

async function taken(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const desk = new Desk(page, server.origin);
  await desk.signIn(password);
  const customer = await Customer.arrives(server.origin);
  await customer.say("/person");
  await customer.saw("number");
  await customer.say("My kettle does not work.");
  await desk.rows("Waiting").filter({ hasText: "My kettle does not work." }).first().waitFor();
  await desk.open("Waiting");
  await desk.button("Take this chat").or(page.getByRole("button", { name: /^Take/ })).first().click();
  await desk.message.waitFor();
  return { context, page, desk, customer };
}

test("what cannot be sent says so, is tried for as long as it takes, and survives a reload", async () => {
  const { context, page, desk, customer } = await taken();
  await page.route("**/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await desk.say("One moment, please.");
  await desk.log.getByText("Trying again").waitFor();
  await desk.message.fill("A draft");
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  await desk.log.getByText("One moment, please.").waitFor();
  assert.equal(await desk.message.inputValue(), "A draft");
  await page.unroute("**/messages");
  await customer.saw("One moment, please.");
  await desk.log.getByText("Trying again").waitFor({ state: "detached" });
  assert.deepEqual((await desk.texts("agent")).filter((t) => t.includes("One moment")).length, 1, "once");
  await context.close();
});

test("a chat goes on on the screen after it was resolved", async () => {
  const { context, page, desk, customer } = await taken();
  await desk.button("Resolve").click();
  await desk.dialog.getByRole("button", { name: "Resolve" }).click();
  await desk.dialog.waitFor({ state: "detached" });
  await customer.say("Thanks for nothing");
  await desk.log.locator(".message").filter({ hasText: "Thanks for nothing" }).waitFor();
  await context.close();
});

test("the head of a chat is readable at 360 pixels", async () => {
  const { context, page } = await taken({ viewport: { width: 360, height: 700 } });
  const name = page.locator(".chat-who h2");
  const { client, scroll } = await name.evaluate((el) => ({ client: el.clientWidth, scroll: el.scrollWidth }));
  assert.ok(scroll <= client + 1, "the name is not cut");
  assert.ok(client > 120, `the name has ${client} pixels`);
  await context.close();
});
