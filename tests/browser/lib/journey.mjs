// Two windows on one server: a customer with the widget, an agent with the console, and what both show.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openShadow, watchFor } from "./browser.mjs";
import { Desk, firstPassword } from "./console.mjs";
import { serve } from "./server.mjs";
import { Chat } from "./widget.mjs";

export const WIDE = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const OUT = join(import.meta.dirname, "../out");

/** Keeps a picture of a window for people to look at. */
export async function picture(page, name) {
  mkdirSync(OUT, { recursive: true });
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}

/** The shop on a port and a data folder that outlive the process, as a machine's do. */
export class Shop {
  static async opens(options = {}) {
    const shop = new Shop();
    shop.folder = mkdtempSync(join(tmpdir(), "switchboard-journey-"));
    shop.options = { ...options, data: join(shop.folder, "data") };
    await shop.start();
    shop.options.port = shop.server.port;
    shop.password = firstPassword(shop.server);
    return shop;
  }

  get origin() {
    return this.server.origin;
  }

  async start() {
    this.server = await serve(this.options);
  }

  /** As when the power goes: nothing is flushed, nobody is told. */
  async dies() {
    await this.server.stop("SIGKILL");
  }

  async closes() {
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A customer on the demo page. */
export class Visitor {
  /** Opens the page, the chat and is greeted. */
  static async arrives(browser, shop, options = WIDE) {
    const visitor = await Visitor.comesToTheSite(browser, shop, options);
    await visitor.chat.greeted();
    return visitor;
  }

  /** Opens the page; the chat is as it was left. */
  static async comesToTheSite(browser, shop, options = WIDE) {
    const visitor = new Visitor();
    visitor.context = await openShadow(await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options }));
    visitor.page = await visitor.context.newPage();
    visitor.page.setDefaultTimeout(15_000);
    visitor.seen = watchFor(visitor.page, [shop.origin]);
    await visitor.page.goto(shop.origin);
    visitor.chat = new Chat(visitor.page);
    await visitor.chat.launcher.waitFor({ state: "attached" });
    return visitor;
  }

  /** Presses the newest button of that name. */
  async press(name) {
    await this.chat.panel.getByRole("button", { name, exact: true }).last().click();
  }

  async says(text) {
    await this.chat.say(text);
  }

  async sees(text) {
    await this.chat.saw(text);
  }

  /** All that is shown, oldest first, as "who: words". */
  shown() {
    return this.chat.log.locator(".row").evaluateAll((rows) =>
      rows.map((row) => `${["you", "bot", "agent"].find((from) => row.classList.contains(from)) ?? "?"}: ${row.querySelector(".text")?.textContent ?? ""}`),
    );
  }

  /** Waits until exactly this is shown, and nothing is under way. */
  async shows(expected, ms) {
    await exactly(() => this.shown(), expected, "the customer's window", ms);
    // A message of one's own is shown at once; that the server has it follows.
    await exactly(() => this.chat.log.locator(".row.pending, .row.failed").count(), 0, "what is under way", ms);
  }
}

/** An agent at the desk. */
export class Agent {
  static async comes(browser, shop, options = WIDE) {
    const agent = new Agent();
    agent.context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
    agent.page = await agent.context.newPage();
    agent.page.setDefaultTimeout(15_000);
    agent.seen = watchFor(agent.page, [shop.origin]);
    agent.desk = new Desk(agent.page, shop.origin);
    await agent.desk.signIn(shop.password);
    await agent.page.getByRole("switch", { name: "Accepting chats" }).waitFor();
    return agent;
  }

  /** Sees that the server is away, and waits until it is there again: only then is the agent present for it. */
  async loses() {
    await this.page.getByText("Reconnecting").waitFor();
  }

  async finds() {
    await this.page.getByText("Reconnecting").waitFor({ state: "detached", timeout: 60_000 });
  }

  async takes() {
    await this.desk.rows("Waiting").first().waitFor();
    await this.desk.open("Waiting");
    await this.desk.button("Take this chat").click();
    await this.desk.message.waitFor();
  }

  async resolves() {
    await this.desk.button("Resolve").click();
    await this.desk.dialog.getByRole("button", { name: "Resolve" }).click();
    await this.desk.dialog.waitFor({ state: "detached" });
  }

  /** All words of the transcript, oldest first, as "who: words", in the customer's terms. */
  shown() {
    return this.desk.log.locator(".message").evaluateAll((all) =>
      all.map((m) => `${m.classList.contains("customer") ? "you" : (["bot", "agent"].find((from) => m.classList.contains(from)) ?? "?")}: ${m.querySelector(".words")?.textContent ?? ""}`),
    );
  }

  async shows(expected, ms) {
    await exactly(() => this.shown(), expected, "the agent's window", ms);
  }
}

/** Polls until what is shown is this, whole and in order; what came instead is in the error. */
async function exactly(look, expected, where, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const shown = await look();
    if (JSON.stringify(shown) === JSON.stringify(expected)) return;
    if (Date.now() > end) return assert.deepEqual(shown, expected, where);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** What the shop says on the way from the greeting to the best customers' own button, with the answers given to it. */
export const TO_VIP = [
  "bot: Hello, and welcome to Marea! We roast coffee in small batches, right by the sea in Cádiz.",
  "bot: What can I do for you?",
  "you: Get a price",
  "bot: With pleasure. What would you like?",
  "you: Single origin, €12",
  "bot: Single origin: a good choice. How many would you like?",
  "you: 20",
  "bot: 20 × Single origin come to €240, delivery included. Shall I send them?",
  "you: Yes, send them",
  "bot: What name shall I put on the parcel?",
  "you: Ana",
  "bot: Thank you, Ana! 20 × Single origin, €240.\nWe roast tomorrow morning and you pay the courier. We will write to you here when the parcel is on its way.",
  "bot: One more thing: you are now one of our best customers. Thank you!\nFrom today delivery is free for you, and Marta, who roasts your coffee, answers you in person.",
];

/** The same from the press of that button to the line at the desk. */
export const TO_DESK = ["you: Talk to Marta", "bot: Of course. I am calling Marta.", "bot: You are number 1 in line. Tell us what it is about, so that we can answer at once."];

/** And after the agent resolved. */
export const BACK = ["bot: It is the robot again. Could we help you?"];
