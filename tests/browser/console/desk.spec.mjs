// A person at the desk, in a real browser, against the real binary: from the sign-in to the chat's end.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { serve } from "../lib/server.mjs";

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==", "base64");

let server, browser, password;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  password = firstPassword(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function desk(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const seen = watchFor(page, [server.origin]);
  const desk = new Desk(page, server.origin);
  return { context, page, desk, seen };
}

async function signedIn(options) {
  const made = await desk(options);
  // Who waits when the desk is read for the first time is not announced as new.
  const read = made.page.waitForResponse((answer) => new URL(answer.url()).pathname === "/console/api/desk" && answer.ok());
  await made.desk.signIn(password);
  await read;
  return made;
}

/** A customer who waits at the desk. */
async function waiting(text = "My kettle does not work.") {
  const customer = await Customer.arrives(server.origin);
  await customer.say("/person");
  await customer.saw("number");
  await customer.say(text);
  return customer;
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], what);
}

describe("signing in", () => {
  test("says what is wrong, lets in who may, and signs out", async () => {
    const { context, page, desk: d, seen } = await desk();
    await page.goto(`${server.origin}/console`);
    await clean(page, "the sign-in page");
    await page.getByLabel("Login").fill("admin");
    await page.getByLabel("Password").fill("not the password");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "not right" }).waitFor();
    await d.signIn(password);
    await page.getByRole("heading", { name: "Nobody is waiting" }).waitFor();
    assert.equal(await page.getByRole("switch").getAttribute("aria-checked"), "true", "a first sign-in accepts chats");
    await clean(page, "the empty desk");
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
    await d.button("Sign out").click();
    await page.getByLabel("Password").waitFor();
    await page.reload();
    await page.getByLabel("Password").waitFor();
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("a sign-out elsewhere ends this tab as well", async () => {
    const { context, page } = await signedIn();
    const other = await context.newPage();
    await other.goto(`${server.origin}/console/`);
    await other.getByRole("button", { name: "Sign out" }).click();
    await other.getByLabel("Password").waitFor();
    // At the next hint or the next beat of the stream, whichever comes first.
    await page.getByText("You were signed out").waitFor({ timeout: 30_000 });
    await context.close();
  });
});

describe("a chat", () => {
  test("is announced, taken, answered in real time and resolved; the bot goes on", async () => {
    const { context, page, desk: d, seen } = await signedIn();
    const customer = await waiting();
    await d.rows("Waiting").first().waitFor();
    await page.waitForFunction(() => document.title.startsWith("(1) "));
    await page.locator("[aria-live=polite]").filter({ hasText: "New request from" }).waitFor();
    await clean(page, "the queue");

    await d.open("Waiting");
    await d.saw("My kettle does not work.");
    const said = await d.log.locator(".message .words").allTextContents();
    assert.equal(said[0], "/person", "the transcript begins with the first message");
    await page.getByText("The conversation begins here.").waitFor();
    await d.about.getByText("Segments").waitFor();
    await d.about.getByText("Journey").waitFor();
    await clean(page, "a chat that waits");

    await d.button("Take this chat").click();
    await d.message.waitFor();
    await d.say("Hello, I am here. What does it do?");
    await customer.saw("What does it do?");
    await d.message.fill("Two");
    await d.message.press("Shift+Enter");
    await d.message.pressSequentially("lines");
    await d.message.press("Enter");
    assert.equal((await customer.saw("Two")).text, "Two\nlines");
    await customer.say("It stays cold.");
    await d.saw("It stays cold.");
    await clean(page, "a chat in progress");

    // A reload comes back to the chat, a second tab shows the same.
    await page.reload();
    await d.saw("It stays cold.");
    const second = new Desk(await context.newPage(), server.origin);
    await second.page.goto(page.url());
    await second.saw("It stays cold.");
    await second.say("From the other tab");
    await d.saw("From the other tab");
    await second.page.close();

    await d.button("Resolve").click();
    await d.dialog.waitFor();
    await clean(page, "the question before resolving");
    await page.keyboard.press("Escape");
    await d.dialog.waitFor({ state: "detached" });
    await d.button("Resolve").click();
    await d.dialog.getByRole("button", { name: "Resolve" }).click();
    await customer.saw("It is the robot again.");
    await d.saw("It is the robot again.");
    await page.getByText("The bot is answering.").waitFor();
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("carries pictures and files both ways", async () => {
    const { context, page, desk: d, seen } = await signedIn();
    const customer = await waiting("Here is a photo.");
    await customer.sendFile("kettle.png", "image/png", PNG);
    await d.rows("Waiting").first().waitFor();
    await d.open("Waiting");
    const picture = d.log.getByRole("img", { name: "kettle.png" });
    await picture.waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll(".picture img")].every((i) => i.complete && i.naturalWidth === 1));
    await d.button("Take this chat").click();
    await d.message.waitFor();
    await page.locator("input[type=file]").setInputFiles([
      { name: "label.png", mimeType: "image/png", buffer: PNG },
      { name: "return form.txt", mimeType: "text/plain", buffer: Buffer.from("Send it back.") },
    ]);
    await page.getByRole("list", { name: "Files to send" }).getByText("13 B").waitFor();
    await clean(page, "files to send");
    await d.say("Print these, please.");
    const line = await customer.saw("Print these, please.");
    assert.deepEqual(line.files.map((f) => [f.name, f.kind]), [["label.png", "image"], ["return form.txt", "file"]]);
    await d.log.getByRole("img", { name: "label.png" }).waitFor();

    // Who is faster than the files does not have to say it twice.
    let arrive;
    const held = new Promise((go) => (arrive = go));
    await page.route("**/files?name=*", (route) => held.then(() => route.continue()));
    await page.locator("input[type=file]").setInputFiles({ name: "late.png", mimeType: "image/png", buffer: PNG });
    await d.say("This one takes its time.");
    await page.getByText("Sent as soon as the files are there").waitFor();
    await clean(page, "a message that waits for its file");
    assert.equal((await customer.lines()).some((l) => l.text?.includes("takes its time")), false);
    arrive();
    const late = await customer.saw("This one takes its time.");
    assert.deepEqual(late.files.map((f) => f.name), ["late.png"]);
    assert.equal(await d.message.inputValue(), "");
    assert.deepEqual(seen, []);
    await context.close();
  });

  test("that nobody answered is listed as missed, and a reply reaches the person on return", async () => {
    const { context, page, desk: d } = await signedIn();
    await d.accept(false);
    const customer = await Customer.arrives(server.origin);
    await customer.say("/person");
    await customer.saw("Nobody is at the counter");
    await d.rows("Missed").first().waitFor();
    await d.open("Missed");
    await d.say("I am back now.");
    await customer.saw("I am back now.");
    await d.section("My chats").getByText("I am back now.").first().waitFor();
    await d.accept(true);

    await d.accept(false);
    const other = await Customer.arrives(server.origin);
    await other.say("/person");
    await other.saw("Nobody is at the counter");
    await d.rows("Missed").first().waitFor();
    await d.open("Missed");
    await d.button("Dismiss").click();
    await d.dialog.getByRole("button", { name: "Dismiss" }).click();
    await d.section("Missed").waitFor({ state: "detached" });
    await d.accept(true);
    await context.close();
  });

  test("longer than a page is read upwards to its first message", async () => {
    const { context, page, desk: d } = await signedIn();
    const customer = await waiting("line 0");
    for (let n = 1; n <= 75; n += 1) {
      // The channel lets nobody write faster than people do: what it refuses is tried again.
      while (!(await customer.say(`line ${n}`).then(() => true, (e) => (assert.match(e.message, /: 429 /), false)))) await page.waitForTimeout(500);
    }
    await d.open("Waiting");
    await d.saw("line 75");
    for (let tries = 0; tries < 20 && !(await page.getByText("The conversation begins here.").isVisible()); tries += 1) {
      await d.log.evaluate((log) => (log.scrollTop = 0));
      await page.waitForTimeout(100);
    }
    const lines = await d.texts("customer");
    assert.deepEqual(lines, ["/person", ...Array.from({ length: 76 }, (_, n) => `line ${n}`)]);
    await context.close();
  });
});

describe("hostile customers", () => {
  const PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "{{7*7}} ${7*7}",
    "\u202Egnp.exe\u202C",
    "a".repeat(3_000),
  ];

  test("see their text shown as text, and nothing happens", async () => {
    const { context, page, desk: d, seen } = await signedIn();
    const customer = await waiting("hostile");
    for (const payload of PAYLOADS) await customer.say(payload);
    await customer.sendFile("<img src=x onerror=alert(1)>.html", "text/html", "<script>alert(1)</script>").catch(() => undefined);
    // Others wait as well: the row is known by what was said or sent last.
    await d.rows("Waiting").filter({ hasText: /aaaaaaaa|\.html/u }).click();
    await d.saw("a".repeat(3_000));
    const texts = await d.texts("customer");
    for (const payload of PAYLOADS) assert.ok(texts.includes(payload), payload);
    assert.equal(await d.log.locator("script, svg[onload], a[href^='javascript']").count(), 0);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wider, false, "no text makes the page wider than the window");
    assert.deepEqual(seen, []);
    await context.close();
  });
});

describe("without a mouse, and on a phone", () => {
  test("the keyboard alone opens, takes, answers and resolves", async () => {
    const { context, page, desk: d } = await signedIn();
    await waiting("keyboard one");
    await waiting("keyboard two");
    await d.section("Waiting").getByText("keyboard two").waitFor();
    const rows = d.rows("Waiting");
    await rows.first().focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    const count = await d.chats.getByRole("button").count();
    for (let n = 0; n < count && !/keyboard two/.test(await page.evaluate(() => document.activeElement.textContent)); n += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await d.saw("keyboard two");
    const reach = async (name) => {
      for (let n = 0; n < 40; n += 1) {
        const at = await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
        if (at === name) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`Tab does not reach "${name}"`);
    };
    await reach("Take this chat");
    await page.keyboard.press("Enter");
    await d.message.waitFor();
    await reach("Message");
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Enter");
    await d.saw("By keyboard");
    await page.keyboard.press("Shift+Tab");
    await d.button("Resolve").focus();
    await page.keyboard.press("Enter");
    await d.dialog.waitFor();
    await page.keyboard.press("Tab");
    await d.dialog.getByRole("button", { name: "Resolve" }).focus();
    await page.keyboard.press("Enter");
    await d.dialog.waitFor({ state: "detached" });
    await context.close();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`360 pixels wide everything is within reach (${colorScheme})`, async () => {
      const { context, page, desk: d } = await signedIn({ viewport: { width: 360, height: 640 }, hasTouch: true, colorScheme });
      await waiting("from a phone");
      await d.section("Waiting").getByText("from a phone").waitFor();
      await clean(page, "the list");
      await d.rows("Waiting").filter({ hasText: "from a phone" }).click();
      await d.saw("from a phone");
      await d.button("Take this chat").click();
      await d.message.waitFor();
      const box = await d.message.boundingBox();
      assert.ok(box.y + box.height <= 640 && box.x >= 0 && box.x + box.width <= 360, "the composer stays in sight");
      await clean(page, "the chat");
      await d.button("About the customer").click();
      await d.about.getByText("Journey").waitFor();
      await clean(page, "the customer");
      await page.keyboard.press("Escape");
      await d.button("Back to the list").click();
      await d.rows("My chats").first().waitFor();
      const small = await page.locator("button:visible, a:visible, input:visible").evaluateAll((all) => all.map((e) => e.getBoundingClientRect()).filter((r) => r.width < 24 || r.height < 24).length);
      assert.equal(small, 0, "targets are 24 pixels or more");
      await context.close();
    });
  }
});
