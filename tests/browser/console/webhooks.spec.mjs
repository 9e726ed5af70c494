// The webhooks' pages in a real browser, against the real binary and a receiver.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { PHONE, picture } from "../lib/journey.mjs";
import { clean, fits, open as opened, until } from "../lib/pages.mjs";

/** Another program: what it was told, and what it answers. */
class Receiver {
  told = [];
  answers = 204;
  static async opens() {
    const receiver = new Receiver();
    receiver.server = createServer((request, response) => {
      let body = "";
      request.on("data", (piece) => (body += piece));
      request.on("end", () => {
        receiver.told.push({ headers: request.headers, body, json: JSON.parse(body) });
        response.statusCode = receiver.answers;
        response.end();
      });
    });
    await new Promise((done) => receiver.server.listen(0, "127.0.0.1", done));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/switchboard`;
    return receiver;
  }
  types() {
    return this.told.map((t) => t.json.type);
  }
}

let book, browser, receiver;
before(async () => {
  receiver = await Receiver.opens();
  [book, browser] = await Promise.all([Book.opens(join(import.meta.dirname, "book-bot"), ["--allow-callback", "127.0.0.1"]), launch()]);
});
after(async () => {
  await browser?.close();
  await book?.closes();
  receiver?.server.close();
});

const open = async (path = "/console/webhooks", options) => {
  const made = await opened(browser, book, path, options);
  return { ...made, dialog: made.page.getByRole("dialog") };
};

test("one is made, its secret shown once, tested, told, paused, replayed and deleted", async () => {
  const { context, page, seen, dialog } = await open();
  await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
  await clean(page, "no webhooks");
  await page.getByRole("button", { name: "New webhook" }).click();
  assert.equal(await dialog.getByRole("button", { name: "Make it" }).isDisabled(), true);
  await dialog.getByLabel("Address").fill("ftp://shop.example/in");
  await dialog.getByRole("button", { name: "All of Tags and segments" }).click();
  await clean(page, "a new webhook");
  await picture(page, "webhook-new-wide-light");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.getByRole("alert").filter({ hasText: /http/ }).waitFor();
  await dialog.getByLabel("Address").fill(receiver.url);
  await dialog.getByLabel("What it is for").fill("The shop's <b>ledger</b>");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.getByRole("heading", { name: "Its secret" }).waitFor();
  const secret = await dialog.getByLabel("Secret").inputValue();
  assert.match(secret, /^whsec_/u);
  await clean(page, "the secret");
  await picture(page, "webhook-secret-wide-light");
  // Only the button puts it away.
  for (let n = 0; n < 3; n++) await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("heading", { level: 1, name: receiver.url }).waitFor();
  await page.getByText("works", { exact: true }).waitFor();
  assert.ok(!(await page.content()).includes(secret), "it is nowhere else");

  await page.getByRole("button", { name: "Post a test" }).click();
  await page.getByText("It was taken: the receiver answered 204.").waitFor();
  const [test] = receiver.told;
  const signed = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(`${test.headers["webhook-id"]}.${test.headers["webhook-timestamp"]}.${test.body}`).digest("base64");
  assert.ok(test.headers["webhook-signature"].split(" ").includes(`v1,${signed}`), "the secret is the one that signs");

  const log = page.getByRole("region", { name: "Deliveries" });
  const { id } = await book.add({ first_name: "Ana", tags: ["vip"] });
  await log.locator("summary").filter({ hasText: "tag.added" }).filter({ hasText: "delivered" }).waitFor();
  await log.locator("summary").filter({ hasText: "tag.added" }).click();
  await log.getByText('"tag": "vip"').waitFor();
  await clean(page, "a delivery");
  await picture(page, "webhook-wide-light");
  await log.getByRole("button", { name: "Deliver again" }).click();
  await page.getByText("1 delivery is told once more.").waitFor();
  await until(() => receiver.types().filter((t) => t === "tag.added").length, (n) => n === 2, "the second telling");
  assert.equal(new Set(receiver.told.filter((t) => t.json.type === "tag.added").map((t) => t.headers["webhook-id"])).size, 1, "under the id it had");

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused", { exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Post a test" }).isDisabled(), true);
  await page.getByRole("button", { name: "Let it run" }).click();
  await page.getByText("works", { exact: true }).waitFor();

  receiver.answers = 500;
  await book.call("PATCH", `/contacts/${id}`, { tags: { add: ["gold"] } });
  await log.locator("summary").filter({ hasText: "waiting" }).filter({ hasText: "tried once; answered 500" }).waitFor();
  await log.getByRole("button", { name: "Waiting" }).click();
  await until(() => log.locator("summary").filter({ hasText: "delivered" }).count(), (n) => n === 0, "only those that wait");
  await log.locator("summary").filter({ hasText: "waiting" }).waitFor();
  receiver.answers = 204;

  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Change…" }).click();
  await dialog.getByLabel("What it is for").fill("The ledger");
  // Somebody else changes something else meanwhile, and the same.
  const [{ id: changed, events }] = (await book.call("GET", "/webhooks")).webhooks;
  await book.call("PATCH", `/webhooks/${changed}`, { parallel: 4, events: [...events, "contact.erased"], description: "Their ledger" });
  await dialog.getByRole("button", { name: "Save" }).click();
  const news = dialog.getByRole("alert").filter({ hasText: "changed it meanwhile" });
  await news.waitFor();
  assert.equal(await news.locator("strong").textContent(), "The program tests changed it meanwhile:");
  assert.deepEqual(await news.getByRole("listitem").allTextContents(), [
    "What it is for: “Their ledger”. You wrote something else; saving puts yours in its place",
    "Told of: now also contact.erased",
    "Deliveries at once: up to 4",
  ]);
  assert.equal(await dialog.getByLabel("What it is for").inputValue(), "The ledger", "what was written is still there");
  assert.equal(await dialog.getByRole("checkbox", { name: /contact\.erased/ }).isChecked(), true, "beside what is new");
  assert.equal((await book.call("GET", `/webhooks/${changed}`)).description, "Their ledger", "nothing was saved yet");
  await clean(page, "somebody else changed it");
  await picture(page, "webhook-meanwhile-wide-light");
  await news.getByRole("button", { name: "Take theirs" }).click();
  assert.equal(await dialog.getByLabel("What it is for").inputValue(), "Their ledger");
  await dialog.getByLabel("What it is for").fill("The ledger");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("The ledger", { exact: true }).waitFor();
  const about = page.getByRole("region", { name: "About the webhook" });
  const fact = (title) => about.locator("dl > div").filter({ has: page.getByText(title, { exact: true }) }).locator("dd");
  assert.match(await fact("Made").textContent(), /\d{4}, \d\d:\d\d, Admin/u);
  assert.match(await fact("Changed last").textContent(), /\d{4}, \d\d:\d\d, Admin/u);
  assert.match(await fact("Made").locator("time").getAttribute("title"), /\d\d:\d\d:\d\d/u);
  const [now] = (await book.call("GET", "/webhooks")).webhooks;
  assert.deepEqual([now.made_by.kind, now.changed_by.kind], ["agent", "agent"]);
  assert.deepEqual([now.description, now.parallel, now.events.includes("contact.erased")], ["The ledger", 4, true]);
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "New secret…" }).click();
  await dialog.getByRole("button", { name: "Make it" }).click();
  assert.notEqual(await dialog.getByLabel("Secret").inputValue(), secret);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByText("Old secret holds until").waitFor();
  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Deliver a span again…" }).click();
  await clean(page, "a span");
  await dialog.getByRole("button", { name: "Deliver again" }).click();
  await page.getByText(/told once more\.|nothing to deliver again/).waitFor();

  await page.locator("summary").filter({ hasText: "More" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
  assert.deepEqual((await book.call("GET", "/webhooks")).webhooks, []);
  assert.deepEqual(seen, []);
  await context.close();
});

test("what is no webhook is said to be none", async () => {
  const { context, page } = await open("/console/webhooks/whk_00000000000000000000000000000000");
  await page.getByRole("heading", { name: "There is no such webhook" }).waitFor();
  await page.goto(`${book.origin}/console/webhooks/nonsense`);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  await clean(page, "nothing here");
  await context.close();
});

test("on a phone, light and dark", async () => {
  for (const { id } of (await book.call("GET", "/webhooks")).webhooks) await book.call("DELETE", `/webhooks/${id}`);
  const { webhook } = await book.call("POST", "/webhooks", { url: receiver.url, events: ["contact.created", "tag.added", "segment.entered", "conversation.handed_off"], description: "For the shop" });
  await book.add({ first_name: "Bea", tags: ["vip"] });
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await open("/console/webhooks", { ...PHONE, colorScheme });
    await page.getByRole("link", { name: receiver.url }).waitFor();
    await clean(page, "the list");
    await fits(page, "the list");
    await picture(page, `webhooks-phone-${colorScheme}`);
    await page.getByRole("link", { name: receiver.url }).click();
    await page.locator("summary").filter({ hasText: "tag.added" }).click();
    await clean(page, "a webhook");
    await fits(page, "a webhook");
    await picture(page, `webhook-phone-${colorScheme}`);
    await context.close();
  }
  await book.call("DELETE", `/webhooks/${webhook.id}`);
});
