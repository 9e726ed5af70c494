// What a host page tells the bot: events, pages, who is signed in; before the widget is there and after.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, openShadow, watchFor } from "../lib/browser.mjs";
import { serve } from "../lib/server.mjs";
import { Chat } from "../lib/widget.mjs";

const SECRET = "a secret of the tests that is long enough";

let browser, server, site, origin;
before(async () => {
  process.env.PAGE_BOT_IDENTITY = SECRET;
  browser = await launch();
  server = await serve({ bot: join(import.meta.dirname, "page-bot") });
  // A website of its own, on another origin than the chat: two paths of one document.
  site = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://site");
    const lang = searchParams.get("lang") ?? "en";
    const early = pathname === "/early" ? `(window.switchboard ||= []).push(["track", "viewed_product", { sku: "early" }]);` : "";
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="${lang}"><title>Page ${pathname}</title><h1>${pathname}</h1><script>${early}</script>
<script type="module" src="${server.origin}/widget.js"></script></html>`);
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${site.address().port}`;
});
after(async () => {
  await browser?.close();
  await server?.stop();
  site?.close();
});

async function visitor(path = "/", context) {
  context ??= await openShadow(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce" }));
  const page = await context.newPage();
  const seen = watchFor(page, [origin, server.origin]);
  await page.goto(origin + path);
  const chat = new Chat(page);
  await chat.launcher.waitFor();
  return { context, page, chat, seen };
}

/** A token as the website's own server makes it. */
function token(sub, { secret = SECRET, exp = Math.floor(Date.now() / 1000) + 300 } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub, exp, jti: randomUUID() })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

test("events wait until the chat is opened, in order, even those from before the widget was there", async () => {
  const { context, page, chat, seen } = await visitor("/early");
  const sent = [];
  page.on("request", (request) => sent.push(new URL(request.url()).pathname));
  await page.evaluate(() => window.switchboard.track("viewed_product", { sku: "a1" }));
  await page.waitForLoadState("networkidle");
  assert.deepEqual(sent.filter((path) => path.startsWith("/c/")), [], "nobody is told of a page before they open the chat");
  await page.evaluate(() => window.switchboard.open());
  await chat.panel.waitFor();
  const texts = await chat.until((t) => t.includes("You looked at a1."), "the events arrive");
  assert.ok(texts.indexOf("You looked at early.") < texts.indexOf("You looked at a1."), JSON.stringify(texts));
  assert.equal(texts.filter((t) => t === "You looked at a1.").length, 1);
  await page.evaluate(() => window.switchboard.track("viewed_product"));
  await chat.saw("You looked at something.");
  await page.evaluate(() => window.switchboard.close());
  await chat.panel.waitFor({ state: "hidden" });
  assert.deepEqual(seen, []);
  await context.close();
});

test("events that wait survive a page that is left", async () => {
  const { context, page, chat } = await visitor();
  await page.evaluate(() => window.switchboard.track("viewed_product", { sku: "kept" }));
  await page.waitForFunction(() => Object.values(sessionStorage).some((text) => text.includes("kept")));
  await page.goto(`${origin}/other`);
  await chat.launcher.waitFor();
  await chat.open();
  await chat.saw("You looked at kept.");
  await context.close();
});

test("pages are told of once somebody is known, single-page applications included", async () => {
  const { context, page, chat } = await visitor();
  await chat.greeted();
  await page.evaluate(() => {
    history.pushState({}, "", "/cart?coupon=secret#top");
    document.title = "Your cart";
  });
  await chat.saw("You opened Your cart.");
  await page.evaluate(() => history.replaceState({}, "", "/cart?coupon=other"));
  await page.evaluate(() => {
    history.pushState({}, "", "/pay");
    document.title = "Pay";
  });
  await chat.saw("You opened Pay.");
  await page.goBack();
  await chat.until((t) => t.filter((text) => text.startsWith("You opened")).length === 3, "going back is a visit too");
  await page.goto(`${origin}/help`);
  await chat.until((t) => t.includes("You opened Page /help."), "a loaded page");
  assert.ok(!JSON.stringify(await chat.texts()).includes("secret"));
  await context.close();
});

test("a signed token makes somebody known, and another person never sees their conversation", async () => {
  const { context, page, chat } = await visitor();
  await chat.greeted();
  await chat.say("Ana's secret");
  await chat.saw("Ana's secret");
  await page.evaluate((t) => window.switchboard.identify(t), token("ana"));
  await chat.say("/who");
  await chat.saw("You are ana.");

  await page.evaluate((t) => window.switchboard.identify(t), token("ben"));
  await chat.until((t) => !t.includes("Ana's secret") && t.includes("Welcome."), "somebody else begins anew");
  await chat.say("/who");
  await chat.saw("You are ben.");
  assert.ok(!(await chat.texts()).includes("Ana's secret"));

  // Signed out: nobody's conversation is shown.
  await page.evaluate(() => window.switchboard.identify(null));
  await chat.until((t) => !t.includes("You are ben."), "signed out");
  await page.reload();
  await chat.launcher.waitFor();
  assert.ok(!(await chat.texts()).includes("You are ben."));
  await context.close();
});

test("on a shared browser nothing of one person is told or shown as another's", async () => {
  const { context, page, chat } = await visitor();
  await chat.greeted();
  await page.evaluate((t) => window.switchboard.identify(t), token("ana"));
  await chat.say("/who");
  await chat.saw("You are ana.");
  await page.locator("switchboard-chat input[type=file]").setInputFiles({ name: "ana.txt", mimeType: "text/plain", buffer: Buffer.from("hers") });
  await chat.panel.getByText("ana.txt").waitFor();

  // Another tab, somebody else: it takes long to find out who.
  const other = await context.newPage();
  const sent = [];
  other.on("request", (request) => request.method() === "POST" && sent.push(new URL(request.url()).pathname.split("/").at(-1)));
  let answer;
  const held = new Promise((done) => (answer = done));
  await other.route("**/identify", async (route) => {
    await held;
    await route.continue();
  });
  await other.addInitScript((t) => {
    window.switchboard = [["identify", t], ["track", "viewed_product", { sku: "of-ben" }]];
  }, token("ben"));
  const asked = other.waitForRequest("**/identify");
  await other.goto(origin);
  const theirs = new Chat(other);
  await asked;
  await theirs.open();
  assert.deepEqual(await theirs.texts(), [], "nobody's chat is shown yet");
  // Whoever comes need not wait to write.
  await theirs.input.fill("/who");
  await theirs.input.press("Enter");
  await theirs.input.fill("half a");
  answer();
  const texts = await theirs.until((t) => t.includes("You looked at of-ben."), "it is told once it is known whose it is");
  assert.ok(!texts.includes("You are ana."), JSON.stringify(texts));
  await theirs.saw("You are ben.");
  assert.equal(await theirs.input.inputValue(), "half a");
  await theirs.input.fill("");
  assert.ok(sent[0] === "identify" && sent.includes("events"), JSON.stringify(sent));
  // The first tab shows nothing of ana any more either.
  await chat.until((t) => !t.includes("You are ana."), "ana is gone in every tab");
  await chat.panel.getByText("ana.txt").waitFor({ state: "detached" });

  // A new tab whose token is not taken: nobody's chat, not ben's.
  const third = await context.newPage();
  await third.goto(origin);
  const nobody = new Chat(third);
  await nobody.launcher.waitFor();
  const warned = third.waitForEvent("console", (message) => message.text().startsWith("switchboard.identify"));
  await third.evaluate((t) => window.switchboard.identify(t), token("cy", { exp: 1 }));
  await warned;
  await nobody.open();
  await nobody.saw("Welcome.");
  await nobody.say("/who");
  await nobody.saw("You are nobody we know.");
  assert.ok(!(await nobody.texts()).includes("You are ben."));
  await context.close();
});

test("a token of another secret, or one that is over, knows nobody", async () => {
  for (const bad of [token("ana", { secret: "x".repeat(40) }), token("ana", { exp: 1 }), "abc", `${token("ana").split(".").slice(0, 2).join(".")}.`]) {
    const { context, page, chat } = await visitor();
    const warned = page.waitForEvent("console", (message) => message.text().startsWith("switchboard.identify"));
    await page.evaluate((t) => window.switchboard.identify(t), bad);
    await warned;
    await chat.greeted();
    await chat.say("/who");
    await chat.saw("You are nobody we know.");
    await context.close();
  }
});

test("a page asks which segments its visitor is in, and learns nothing of another", async () => {
  const ask = (page) => page.evaluate(() => window.switchboard.segments());
  const { context, page, chat, seen } = await visitor();
  const sent = [];
  page.on("request", (request) => sent.push(new URL(request.url()).pathname));
  assert.deepEqual(await ask(page), [], "a stranger is in none");
  assert.deepEqual(sent.filter((path) => path.startsWith("/c/")), [], "and no request is made for them");
  await chat.greeted();
  assert.deepEqual(await ask(page), []);
  // What the page told just before the question counts; what pages are not told of is not there.
  const keys = await page.evaluate(() => {
    window.switchboard.track("viewed_product", { sku: "a1" });
    window.switchboard.track("viewed_product", { sku: "a2" });
    return window.switchboard.segments();
  });
  assert.deepEqual(keys, ["lookers"]);

  // What a visitor claims makes nobody a member; a signed word of the website does.
  await chat.say("/who");
  await chat.saw("You are nobody we know.");
  assert.deepEqual(await ask(page), ["lookers"]);
  assert.deepEqual(await page.evaluate((t) => (window.switchboard.identify(t), window.switchboard.segments()), token("ana", { secret: "x".repeat(40) })), ["lookers"]);
  assert.deepEqual(await page.evaluate((t) => (window.switchboard.identify(t), window.switchboard.segments()), token("ana")), ["lookers", "members"]);

  // Another browser, and another person on this one.
  const other = await visitor();
  await other.chat.greeted();
  assert.deepEqual(await ask(other.page), []);
  await page.evaluate((t) => window.switchboard.identify(t), token("dora"));
  await chat.until((t) => !t.includes("/who"), "somebody else begins anew");
  assert.deepEqual(await ask(page), []);
  // Before the widget is there: a function is told.
  await page.goto(`${origin}/segments`);
  await chat.launcher.waitFor();
  assert.deepEqual(await page.evaluate(() => new Promise((done) => window.switchboard.push(["segments", done]))), []);
  assert.deepEqual(seen, []);
  await other.context.close();
  await context.close();
});

test("hostile calls break nothing", async () => {
  const { context, page, chat, seen } = await visitor();
  await chat.greeted();
  await page.evaluate(() => {
    const { switchboard } = window;
    for (const name of ["", "_error", "/start", "a b", "<script>", 7, null, "x".repeat(65)]) switchboard.track(name);
    switchboard.track("error_reported", { reason: "mine" });
    switchboard.push(["constructor", "x"], ["__proto__"], "track", null);
    switchboard.track("viewed_product", { sku: "<img src=x onerror=alert(1)>" });
  });
  await chat.saw("<img src=x onerror=alert(1)>");
  assert.deepEqual(seen, []);
  await context.close();
});

test("the widget speaks the page's language, and its menu the browser's", async () => {
  for (const [lang, label] of [["es", "Abrir el chat"], ["de-AT", "Chat öffnen"], ["ja", "Open chat"]]) {
    const { context, page } = await visitor(`/?lang=${lang}`);
    await page.getByRole("button", { name: label }).waitFor();
    await context.close();
  }
});
