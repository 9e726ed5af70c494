// What a person with a keyboard, a screen reader, a small screen or large type needs.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openShadow } from "../lib/browser.mjs";
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

async function visit(options = {}) {
  const context = await openShadow(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce", ...options }));
  const page = await context.newPage();
  await page.goto(server.origin);
  const chat = new Chat(page);
  await chat.launcher.waitFor();
  return { context, page, chat };
}

async function clean(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).join("; ")}`);
  assert.deepEqual(found, [], what);
}

for (const [look, options] of Object.entries({
  light: {},
  dark: { colorScheme: "dark" },
  "on a phone": { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true },
})) {
  test(`axe finds nothing, ${look}`, async () => {
    const { context, page, chat } = await visit(options);
    await clean(page, "closed");
    await chat.greeted();
    await clean(page, "open, with quick replies");
    const chooser = page.waitForEvent("filechooser");
    await chat.panel.getByRole("button", { name: "Attach a file" }).click();
    await (await chooser).setFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("a note") });
    await chat.panel.getByRole("button", { name: "Remove notes.txt" }).waitFor();
    await clean(page, "with a file to send");
    await chat.say("see https://shop.example/a and write to me@shop.example");
    await chat.panel.getByRole("button", { name: /Download notes\.txt/ }).waitFor();
    await clean(page, "with a file and links");
    for (const word of ["buttons", "picture", "file", "agent"]) await chat.say(word);
    await chat.saw("Nobody is there.");
    await chat.panel.getByRole("button", { name: "Yes, please" }).click();
    await chat.saw("You chose Yes");
    await clean(page, "with buttons, a picture, a file and a request for a person");
    await chat.panel.getByRole("button", { name: "Menu" }).click();
    await clean(page, "with the menu");
    await context.close();
  });
}

test("everything can be done with the keyboard alone", async () => {
  const { context, page, chat } = await visit();
  await chat.launcher.focus();
  await page.keyboard.press("Enter");
  await chat.panel.waitFor();
  const focused = () => page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent;
  });
  assert.equal(await focused(), "Write a message", "the focus moves to the input");
  await page.keyboard.type("Hello there");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("second line");
  await page.keyboard.press("Enter");
  await chat.until((texts) => texts.includes("Hello there\nsecond line"), "Shift+Enter is a new line, Enter sends");
  assert.equal(await chat.input.inputValue(), "");
  await page.keyboard.press("Escape");
  assert.equal(await chat.panel.isVisible(), false);
  // The bot's answer may come while the panel is closed: then the launcher also says how much is unread.
  assert.match(await focused(), /^Open chat(, \d+ unread)?$/u, "the focus comes back to where it was");
  await context.close();
});

test("a quick reply and a button are pressed with the keyboard", async () => {
  const { context, page, chat } = await visit();
  await chat.greeted();
  await chat.replies.getByRole("button", { name: "Track an order" }).focus();
  await page.keyboard.press("Enter");
  await chat.saw("You chose Track an order");
  await chat.replies.waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.shadowRoot.activeElement.tagName), "TEXTAREA", "the focus is not lost with the replies");
  await chat.say("buttons");
  const no = chat.panel.getByRole("button", { name: "No, thanks" });
  await no.focus();
  await page.keyboard.press("Space");
  await chat.saw("You chose No, thanks");
  await chat.panel.getByRole("button", { name: "No, thanks (chosen)" }).waitFor();
  // Old buttons look old and can still be pressed.
  await chat.panel.getByRole("button", { name: "Yes, please" }).click();
  await chat.saw("You chose Yes, please");
  await context.close();
});

test("Enter that ends a composition does not send", async () => {
  const { context, page, chat } = await visit();
  await chat.open();
  await chat.input.focus();
  const client = await context.newCDPSession(page);
  await client.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await chat.input.evaluate((input) => {
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, isComposing: true, bubbles: true, cancelable: true }));
  });
  assert.equal(await chat.bubbles("you").count(), 0);
  await client.send("Input.insertText", { text: "日本" });
  await page.keyboard.press("Enter");
  await chat.until((texts) => texts.includes("日本"), "the chosen word is sent");
  await context.close();
});

test("at 360×640 the composer stays visible, whatever was said, and targets are large enough", async () => {
  const { context, page, chat } = await visit({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  await chat.open();
  for (let n = 0; n < 8; n++) await chat.say(`A long line of text that takes more than one row on a small screen, number ${n}`);
  await chat.until((texts) => texts.some((t) => t.includes("number 7")), "the last line is there");
  const inView = async (height) => {
    for (const part of [chat.input, chat.sendButton]) {
      const box = await part.boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= height && box.x >= 0 && box.x + box.width <= 360, `${JSON.stringify(box)} in ${height}`);
    }
  };
  await inView(640);
  // The touch keyboard takes half of the screen.
  await page.setViewportSize({ width: 360, height: 330 });
  await page.waitForFunction(() => window.visualViewport.height === 330);
  await chat.input.fill("many\nlines\nof\ntext\nmany\nmore\nlines");
  await page.waitForTimeout(100);
  await inView(330);
  await page.setViewportSize({ width: 360, height: 640 });
  const small = await chat.panel.getByRole("button").evaluateAll((buttons) =>
    buttons.map((b) => [b.ariaLabel ?? b.textContent, b.getBoundingClientRect()]).filter(([, r]) => r.width && (r.width < 24 || r.height < 24)).map(([name]) => name));
  assert.deepEqual(small, []);
  await context.close();
});

test("at 400 % zoom and in a right-to-left page nothing is cut off", async () => {
  const { context, page, chat } = await visit({ viewport: { width: 320, height: 256 } });
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await chat.open();
  await chat.say("مرحبا، أين طلبي؟");
  await chat.until((texts) => texts.includes("مرحبا، أين طلبي؟"), "the line is there");
  const box = await chat.sendButton.boundingBox();
  assert.ok(box.x >= 0 && box.y + box.height <= 256, JSON.stringify(box));
  assert.ok(box.x < 160, "the send button is on the left");
  const wide = await chat.panel.evaluate((dialog) => dialog.scrollWidth > dialog.clientWidth);
  assert.equal(wide, false);
  await context.close();
});
