// Nothing that is said can do anything, and the widget lives with the strictest host page.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, openShadow, watchFor } from "../lib/browser.mjs";
import { serve } from "../lib/server.mjs";
import { Chat } from "../lib/widget.mjs";

let browser, server, host;
const reports = [];

const PAYLOADS = [
  `<script>alert(1)</script>`,
  `<img src=x onerror=alert(1)>`,
  `<img src="http://evil.example/pixel.png">`,
  `"><svg onload=alert(1)>`,
  `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
  `javascript:alert(1)`,
  `[click](javascript:alert(1))`,
  `data:text/html,<script>alert(1)</script>`,
  `<a href="javascript:alert(1)">x</a>`,
  `<style>*{background:url(http://evil.example/css)}</style>`,
  `<link rel=stylesheet href=http://evil.example/x.css>`,
  `<base href=http://evil.example/>`,
  `<form action=http://evil.example/><button>x</button></form>`,
  `<math><mi xlink:href="data:x,<script>alert(1)</script>">`,
  `{{constructor.constructor('alert(1)')()}}`,
  `\${alert(1)}`,
  `<template><script>alert(1)</script></template>`,
  `</textarea><script>alert(1)</script>`,
  `<x onclick=alert(1) id=launcher class=composer>`,
  `\u202Egpj.exe\u202C <b>bold</b>`,
];

before(async () => {
  browser = await launch();
  server = await serve();
  // Another origin's page under the strictest policy that still lets the one line in.
  host = createServer((req, res) => {
    if (req.url === "/report") {
      req.on("data", (piece) => reports.push(`${piece}`));
      return req.on("end", () => res.writeHead(204).end());
    }
    res.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        `default-src 'none'; script-src ${server.origin}; connect-src ${server.origin}; base-uri 'none'; form-action 'none'; ` +
        `require-trusted-types-for 'script'; trusted-types 'none'; report-uri /report`,
    });
    res.end(`<!doctype html><html lang="en"><title>Host</title><h1>Host page</h1>
      <form name="body"></form><img name="head"><a id="customElements"></a><input name="cookie">
      <script type="module" src="${server.origin}/widget.js" data-title="Help"></script></html>`);
  });
  host.unref();
  await new Promise((done) => host.listen(0, "127.0.0.1", done));
});
after(async () => {
  await browser?.close();
  await server?.stop();
  host?.close();
});

test("hostile texts are shown as they are and do nothing, under a strict policy with Trusted Types", async () => {
  const context = await openShadow(await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" }));
  const page = await context.newPage();
  const origin = `http://127.0.0.1:${host.address().port}`;
  const seen = watchFor(page, [origin, server.origin]);
  await page.goto(origin);
  const chat = new Chat(page);
  await chat.open();
  assert.equal(await chat.panel.getAttribute("aria-labelledby"), "title");
  for (const payload of PAYLOADS) await chat.say(payload);
  await chat.until((texts) => PAYLOADS.every((payload) => texts.includes(payload)), "each is shown as it was written", 40_000);
  const elements = await page.evaluate(() => {
    const root = document.querySelector("switchboard-chat").shadowRoot;
    return [...root.querySelectorAll("script,iframe,img,style,link,base,math,template,x,b,[onclick],[onerror],[onload],[style*='url']")].map((e) => e.outerHTML);
  });
  assert.deepEqual(elements, []);
  const links = await chat.log.locator("a").evaluateAll((all) => all.map((a) => a.protocol));
  assert.ok(links.every((p) => ["http:", "https:", "mailto:", "tel:"].includes(p)), links.join());
  assert.deepEqual(seen, []);
  assert.deepEqual(reports, [], "the policy was never violated");
  await context.close();
});

test("a hostile button, name and file name from the server do nothing", async () => {
  const context = await openShadow(await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" }));
  const page = await context.newPage();
  const seen = watchFor(page, [server.origin]);
  const bad = `<img src=x onerror=alert(1)>`;
  await page.route("**/c/web/messages?*", (route) => route.fulfill({
    json: {
      after: 0, cursor: 1, more: false, deliveries: [],
      lines: [{
        no: 1, id: "msg_1", at: new Date().toISOString(), from: "agent", name: bad, text: bad, delivery: "sent",
        buttons: [{ label: bad, token: "t" }, { label: "js", url: "javascript:alert(1)" }, { label: "JS", url: " JaVaScRiPt:alert(1)" }, { label: "data", url: "data:text/html,x" },
          { label: "tel", phone: "1;javascript:alert(1)" }, { label: "fine", url: "https://shop.example/" }],
        quick_replies: [{ label: bad, token: "u" }],
        files: [{ id: "0".repeat(64), name: bad, mime: "text/html", size: 1, kind: "file" }],
      }],
    },
  }));
  // The stream agrees with the page: the server itself has said nothing yet, and would have it begin anew.
  await page.route("**/c/web/stream?*", (route) => route.fulfill({ contentType: "text/event-stream", body: 'event: ready\ndata: {"no":1}\n\n' }));
  await page.goto(server.origin);
  const chat = new Chat(page);
  await chat.open();
  await chat.saw(bad);
  // The name is shown above the chat as well, and may be there before the message.
  await chat.panel.locator('a[href="https://shop.example/"]').waitFor();
  const links = await chat.panel.locator("a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.deepEqual(links.sort(), ["https://shop.example/", "tel:11"]);
  assert.equal(await chat.panel.locator("img").count(), 0);
  assert.deepEqual(seen, []);
  await context.close();
});

test("the host page cannot look in, and its names do not get in the way", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${host.address().port}`);
  await page.waitForSelector("switchboard-chat", { state: "attached" });
  assert.equal(await page.evaluate(() => document.querySelector("switchboard-chat").shadowRoot), null);
  assert.equal(await page.locator("switchboard-chat").getAttribute("style"), null, "no inline style");
  await context.close();
});
