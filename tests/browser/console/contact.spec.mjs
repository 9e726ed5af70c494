// What an agent sees of a customer, and notes about them for the colleagues.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { serve } from "../lib/server.mjs";

let server, browser, password;
before(async () => {
  [server, browser] = await Promise.all([serve({ bot: join(import.meta.dirname, "contact-bot") }), launch()]);
  password = firstPassword(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(text, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const seen = watchFor(page, [server.origin]);
  const desk = new Desk(page, server.origin);
  await desk.signIn(password);
  const customer = await Customer.arrives(server.origin);
  await customer.say("buy 3");
  await customer.saw("Thank you");
  await customer.say("/person");
  await customer.saw("Wait");
  await customer.say(text);
  await desk.rows("Waiting").filter({ hasText: text }).first().click();
  await desk.saw(text);
  return { context, page, desk, customer, seen };
}

test("computed attributes, segments with their beginning", async () => {
  const { context, page, desk } = await open("who am I");
  const attribute = desk.about.locator("dl > div").filter({ hasText: "Spent" });
  await attribute.getByText("36").waitFor();
  await attribute.getByText("computed").waitFor();
  const segment = desk.about.locator(".chip.segment").filter({ hasText: "Buyers" });
  assert.match(await segment.locator("time").getAttribute("title"), /\d{4}.*\d\d:\d\d:\d\d/u);
  await segment.getByText("now").waitFor();
  assert.equal(await desk.about.getByText("Age", { exact: true }).count(), 0, "what cannot be computed is not shown");
  await page.close();
  await context.close();
});

test("a note is kept, newest first, is text whatever it holds, and the customer never sees it", async () => {
  const { context, page, desk, customer, seen } = await open("notes");
  const notes = desk.about.getByRole("region", { name: "Notes" });
  const field = notes.getByRole("textbox", { name: "New note" });
  const add = notes.getByRole("button", { name: "Add note" });
  assert.equal(await add.isDisabled(), true, "an empty note is none");
  const hostile = `<img src=x onerror=alert(1)><script>alert(2)</script>\nsecond line`;
  await field.fill("Likes tea");
  await add.click();
  await notes.getByText("Likes tea").waitFor();
  // The note may be shown before its own answer is back.
  await page.waitForFunction((el) => el.value === "", await field.elementHandle());
  await field.fill(hostile);
  await add.click();
  await notes.locator(".note-text").filter({ hasText: "second line" }).waitFor();
  assert.deepEqual(await notes.locator(".note-text").allTextContents(), [hostile, "Likes tea"]);
  assert.match(await notes.locator(".note-meta").first().textContent(), /^Admin · just now$/u);
  assert.equal(await notes.locator("img, script").count(), 0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
  // Too long is said before it is sent, counted as the server counts.
  await field.fill("ñ".repeat(2_049));
  await notes.getByText("2 bytes too long").waitFor();
  assert.equal(await add.isDisabled(), true);

  const lines = JSON.stringify(await customer.lines());
  assert.ok(!lines.includes("Likes tea") && !lines.includes("second line"));
  await page.reload();
  await notes.getByText("Likes tea").waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("only agents who see the chat may note, and only so much", async () => {
  const { context, page } = await open("guards");
  const at = new URL(page.url()).pathname.replace("/console/chat/", "").split("/");
  const post = (body, { headers = { "x-switchboard": "console" }, contact = at[0] } = {}) =>
    page.evaluate(
      async ([contact, conversation, body, headers]) =>
        (await fetch(`/console/api/contacts/${contact}/conversations/${conversation}/notes`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) })).status,
      [contact, at[1], body, headers],
    );
  assert.equal(await post({ text: "fine" }), 201);
  assert.equal(await post({ text: " \n " }), 422);
  assert.equal(await post({ text: "x".repeat(4_097) }), 422);
  assert.equal(await post({ text: "x", by: "somebody else" }), 400);
  assert.equal(await post({ text: "x" }, { headers: {} }), 403, "another site's page cannot");
  assert.equal(await post({ text: "x" }, { contact: at[0].replace(/.$/u, (c) => (c === "0" ? "1" : "0")) }), 404);
  await context.clearCookies();
  assert.equal(await post({ text: "x" }), 401);
  await context.close();
});
