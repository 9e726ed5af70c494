// One conversation, whatever happens to the page, the tab, the network or the server's connections.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openShadow } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { proxy } from "../lib/proxy.mjs";
import { CHAT_BOT, serve } from "../lib/server.mjs";
import { Chat } from "../lib/widget.mjs";

let browser, server;
before(async () => {
  browser = await launch();
  server = await serve({ bot: CHAT_BOT });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function visitor(options = {}) {
  return openShadow(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce", ...options }));
}

async function tab(context, origin = server.origin) {
  const page = await context.newPage();
  await page.goto(origin);
  const chat = new Chat(page);
  await chat.launcher.waitFor();
  return { page, chat };
}

const own = async (chat) => chat.texts("you");
const once = (texts, text) => texts.filter((t) => t === text).length === 1;

test("a page view alone makes no request to the channel; opening greets", async () => {
  const context = await visitor();
  const requests = [];
  context.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const { page, chat } = await tab(context);
  await page.waitForTimeout(300);
  assert.deepEqual(requests.filter((path) => path.startsWith("/c/")), []);
  await chat.greeted();
  assert.ok(requests.includes("/c/web/session") && requests.includes("/c/web/open"));
  assert.equal((await context.cookies()).length, 0, "no cookies");
  await context.close();
});

test("a button that is pressed again before the server answered was meant once, and so was one pressed again right after", async () => {
  const context = await visitor();
  const { chat } = await tab(context);
  await chat.greeted();
  await chat.say("buttons");
  const yes = chat.panel.getByRole("button", { name: "Yes, please" });
  await yes.waitFor();
  let posts = 0;
  await context.route("**/c/web/messages", async (route) => {
    if (route.request().method() === "POST" && ++posts === 1) await new Promise((done) => setTimeout(done, 800));
    await route.continue();
  });
  await yes.click();
  assert.equal(await yes.getAttribute("aria-disabled"), "true");
  await yes.click({ force: true });
  await yes.click({ force: true });
  await chat.saw("You chose Yes, please");
  assert.equal(posts, 1);
  assert.equal(await yes.getAttribute("aria-disabled"), null);
  // Right after the answer: the server takes it and does nothing.
  await yes.click();
  await chat.say("and now");
  await chat.saw("You said: and now");
  const texts = await chat.texts("bot");
  assert.ok(once(texts, "You chose Yes, please"), JSON.stringify(texts));
  await context.close();
});

test("a reload, a second tab and a return the next day show the same conversation", async () => {
  const context = await visitor();
  const first = await tab(context);
  await first.chat.greeted();
  await first.chat.say("remember me");
  await first.chat.until((texts) => texts.includes("remember me"), "said");
  await first.page.waitForTimeout(300);
  const shown = await first.chat.texts();

  await first.page.reload();
  await first.chat.panel.waitFor();
  await first.chat.until((texts) => JSON.stringify(texts) === JSON.stringify(shown), "the reloaded page shows the same, and the panel is open as it was");

  const second = await tab(context);
  await second.chat.open();
  await second.chat.until((texts) => JSON.stringify(texts) === JSON.stringify(shown), "the second tab shows the same");
  await second.chat.say("from the second tab");
  await first.chat.until((texts) => once(texts, "from the second tab"), "the first tab sees it, once");

  const state = await context.storageState();
  await context.close();
  const nextDay = await visitor({ storageState: state });
  const later = await tab(nextDay);
  await later.page.clock.setFixedTime(Date.now() + 86_400_000);
  await later.chat.open();
  await later.chat.until((texts) => once(texts, "from the second tab") && once(texts, "remember me"), "the next day shows it all");
  await nextDay.close();
});

test("twenty messages typed fast arrive once each and in order", async () => {
  const context = await visitor();
  const { chat, page } = await tab(context);
  await chat.open();
  const said = Array.from({ length: 20 }, (_, n) => `fast ${n}`);
  for (const text of said) {
    await chat.input.fill(text);
    await page.keyboard.press("Enter");
  }
  await chat.until((texts) => texts.includes("fast 19"), "the last is shown");
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  assert.deepEqual(await own(chat), said);
  await page.reload();
  await chat.until((texts) => texts.includes("fast 19"), "the last is there after a reload");
  assert.deepEqual(await own(chat), said, "the server has them in the same order");
  await context.close();
});

test("what is written offline is kept over a reload and sent once, in order, when the network is back", async () => {
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.greeted();
  await context.setOffline(true);
  await chat.say("offline one");
  await chat.say("offline two");
  await chat.panel.getByText("You are offline").waitFor();
  assert.deepEqual((await own(chat)).slice(-2), ["offline one", "offline two"], "shown at once");
  // The page cannot be loaded offline; what was kept is there when it is loaded again.
  await page.close();
  await context.setOffline(false);
  const again = await tab(context);
  await again.chat.open();
  await again.chat.until((texts) => once(texts, "offline one") && once(texts, "offline two"), "sent once");
  await again.page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  assert.deepEqual((await own(again.chat)).slice(-2), ["offline one", "offline two"]);
  await context.close();
});

test("an answer lost on the way does not double a message", async () => {
  let lose = 3;
  const gate = await proxy(server.origin, { loseAnswer: (url) => url.includes("/messages") && lose-- > 0 });
  const context = await visitor();
  const { page, chat } = await tab(context, gate.origin);
  await chat.open();
  for (const text of ["lost 1", "lost 2", "lost 3"]) await chat.say(text);
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  await page.reload();
  await chat.until((texts) => texts.includes("lost 3"), "all came");
  assert.deepEqual(await own(chat), ["lost 1", "lost 2", "lost 3"]);
  assert.ok(lose <= 0, "answers were lost");
  await context.close();
  await gate.stop();
});

test("a stream cut at any byte leaves no gap and no double", async () => {
  // Where a stream is cut moves through everything it carries; the browser resumes by cursor.
  let cuts = 0;
  const gate = await proxy(server.origin, { cutStreams: () => 20 + ((cuts++ * 53) % 700) });
  const context = await visitor();
  const { page, chat } = await tab(context, gate.origin);
  await chat.open();
  const now = () => page.evaluate(() => dispatchEvent(new Event("online")));
  const said = Array.from({ length: 24 }, (_, n) => `cut ${n} ñ 漢字 🙂`);
  for (const text of said) {
    await chat.say(text);
    const end = Date.now() + 3_000;
    const before = cuts;
    // Backoff is tested elsewhere; here a broken stream is opened again at once.
    while (cuts === before && Date.now() < end) {
      await now();
      await page.waitForTimeout(20);
    }
  }
  gate.rules.cutStreams = () => Infinity;
  gate.cut();
  await now();
  await chat.until((texts) => said.every((text) => once(texts, text)), "all are shown once", 30_000);
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  const direct = await tab(context, gate.origin);
  await direct.chat.open();
  await direct.chat.until((texts) => texts.includes(said.at(-1)), "a fresh page has them");
  // A fresh page begins with the newest lines; the earlier ones are fetched when they are asked for.
  const earlier = direct.chat.panel.getByRole("button", { name: "Show earlier messages" });
  while (await earlier.isVisible()) {
    await earlier.click();
    await direct.page.waitForTimeout(100);
  }
  const all = await direct.chat.texts();
  await chat.until((texts) => JSON.stringify(texts) === JSON.stringify(all), "the cut page shows what a fresh page shows");
  assert.deepEqual(await own(chat), said);
  assert.ok(cuts >= 20, `${cuts} streams were cut`);
  await context.close();
  await gate.stop();
});

test("a server that was away is found again and nothing is lost", async () => {
  const gate = await proxy(server.origin);
  const context = await visitor();
  const { page, chat } = await tab(context, gate.origin);
  await chat.greeted();
  gate.rules.down = true;
  gate.cut();
  await chat.say("into the void");
  await chat.panel.getByText("Waiting for a connection").waitFor();
  await chat.panel.getByRole("button", { name: "Try again" }).waitFor();
  gate.rules.down = false;
  // By itself: it tries again sooner than anybody can be sure to have pressed the button.
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  assert.ok(once(await own(chat), "into the void"));
  await context.close();
  await gate.stop();
});

test("a message the server refuses says why and can be tried again", async () => {
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.open();
  let refuse = true;
  await page.route("**/c/web/messages", (route) =>
    refuse && route.request().method() === "POST"
      ? route.fulfill({ status: 400, contentType: "application/problem+json", body: JSON.stringify({ detail: "not today" }) })
      : route.continue());
  await chat.say("refused");
  await chat.panel.getByText("not today").waitFor();
  refuse = false;
  await chat.panel.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  assert.deepEqual(await own(chat), ["refused"]);
  await context.close();
});

test("a visit the server forgot begins anew, and what was written is not lost", async () => {
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.greeted();
  await page.evaluate(() => {
    const key = Object.keys(localStorage).find((k) => k.endsWith(" token"));
    localStorage.setItem(key, "0".repeat(64));
  });
  await page.reload();
  await chat.panel.waitFor();
  await chat.bubbles("bot").first().waitFor();
  await chat.say("still here");
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  assert.deepEqual(await own(chat), ["still here"]);
  await context.close();
});

test("without localStorage the chat works until the page is left", async () => {
  const context = await visitor();
  await context.addInitScript(() => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } });
    Object.defineProperty(window, "sessionStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  const { chat } = await tab(context);
  await chat.open();
  await chat.say("no storage");
  await chat.until((texts) => once(texts, "no storage"), "it is said");
  await context.close();
});

test("files are sent by button, paste and drop, and come back as what they are", async () => {
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.open();
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  let chooser = page.waitForEvent("filechooser");
  await chat.panel.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles([{ name: "dot.png", mimeType: "image/png", buffer: png }, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("a note") }]);
  await chat.say("two files");
  await chat.log.getByRole("button", { name: "Download dot.png" }).waitFor();
  const note = chat.log.getByRole("button", { name: /Download notes\.txt/ });
  await note.waitFor();
  await page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0);
  const download = page.waitForEvent("download");
  await note.click();
  const saved = await download;
  assert.equal(saved.suggestedFilename(), "notes.txt");

  await chat.input.focus();
  for (const [event, target, key] of [["paste", "textarea", "clipboardData"], ["drop", "dialog", "dataTransfer"]]) {
    await page.evaluate(([event, target, key]) => {
      const data = new DataTransfer();
      data.items.add(new File(["pasted"], `${event}.txt`, { type: "text/plain" }));
      const element = document.querySelector("switchboard-chat").shadowRoot.querySelector(target);
      const made = event === "paste"
        ? new ClipboardEvent(event, { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
      void key;
      element.dispatchEvent(made);
    }, [event, target, key]);
    await chat.panel.getByRole("button", { name: `Remove ${event}.txt` }).waitFor();
  }
  await chat.sendButton.click();
  await chat.log.getByRole("button", { name: /Download paste\.txt/ }).waitFor();
  await chat.log.getByRole("button", { name: /Download drop\.txt/ }).waitFor();

  chooser = page.waitForEvent("filechooser");
  await chat.panel.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles({ name: "huge.txt", mimeType: "text/plain", buffer: Buffer.alloc(11 << 20, 97) });
  await chat.panel.getByText("huge.txt is larger than 10 MB.").waitFor();
  chooser = page.waitForEvent("filechooser");
  await chat.panel.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles({ name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ\x90\x00") });
  await chat.panel.getByText("run.exe could not be uploaded.").waitFor();
  await context.close();
});

test("what came while the panel was closed is counted on the launcher, in all tabs", async () => {
  const context = await visitor();
  const first = await tab(context);
  await first.chat.greeted();
  await first.page.keyboard.press("Escape");
  const second = await tab(context);
  await second.chat.open();
  await second.chat.say("count this");
  await second.chat.until((texts) => texts.includes("count this"), "said");
  await second.chat.panel.waitFor();
  await second.page.waitForTimeout(200);
  // The second tab saw it, so nobody has anything unread.
  await first.page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelector(".badge").hidden);
  const label = await first.chat.launcher.getAttribute("aria-label");
  assert.equal(label, "Open chat");
  await context.close();
});

test("a long conversation is fetched in pages, and what is read stays where it is", async () => {
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.greeted();
  for (let n = 1; n <= 15; n++) {
    await chat.say("many");
    await chat.saw(`Line ${n}0`);
  }
  await page.reload();
  await chat.saw("Line 150");
  const earlier = chat.panel.getByRole("button", { name: "Show earlier messages" });
  let pages = 0;
  while (await earlier.isVisible()) {
    const first = chat.log.locator(".row").first();
    const text = await first.textContent();
    await chat.log.evaluate((log) => (log.scrollTop = 0));
    const before = await first.boundingBox();
    await earlier.click();
    await page.waitForFunction((text) => document.querySelector("switchboard-chat").shadowRoot.querySelector(".row").textContent !== text, text);
    const after = await chat.log.locator(".row", { hasText: text }).first().boundingBox();
    assert.ok(Math.abs(after.y - before.y) < 60, `${text} moved from ${before.y} to ${after.y}`);
    pages++;
  }
  assert.ok(pages >= 2);
  const lines = (await chat.texts("bot")).filter((t) => t.startsWith("Line"));
  assert.deepEqual(lines, Array.from({ length: 150 }, (_, n) => `Line ${n + 1}`));
  await context.close();
});

test("who answers is shown: the place in line, the agent's name, that they type", async () => {
  const desk = new Desk(await (await browser.newContext()).newPage(), server.origin);
  await desk.signIn(firstPassword(server));
  await desk.page.getByRole("switch", { name: "Accepting chats" }).waitFor();
  const before = await Customer.arrives(server.origin);
  await before.say("agent");
  await before.saw("A person will be with you");
  const context = await visitor();
  const { page, chat } = await tab(context);
  await chat.greeted();
  await chat.say("agent");
  await chat.panel.getByText("You are number 2 in line").first().waitFor();
  await desk.rows("Waiting").nth(1).click();
  await desk.button("Take this chat").click();
  await chat.panel.getByText("Admin is here for you").waitFor();
  await desk.message.pressSequentially("Hello, this");
  await chat.panel.getByText("Admin is typing").waitFor({ state: "attached" });
  await desk.say("Hello, this is the Admin.");
  await chat.saw("this is the Admin");
  await page.reload();
  await chat.panel.getByText("Admin is here for you").waitFor();
  await desk.page.context().close();
  await context.close();
});
