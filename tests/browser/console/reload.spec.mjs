// A bot that is changed while it runs: an agent sees that a change was refused, and why; customers go on with the bot as it was.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { serve } from "../lib/server.mjs";

let server, browser, bot;
before(async () => {
  bot = mkdtempSync(join(tmpdir(), "switchboard-bot-"));
  cpSync(join(import.meta.dirname, "contact-bot"), bot, { recursive: true });
  [server, browser] = await Promise.all([serve({ bot }), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(bot, { recursive: true, force: true });
});

/** As editors save. */
function save(file, text) {
  writeFileSync(join(bot, `.${file.replaceAll("/", "-")}.new`), text);
  renameSync(join(bot, `.${file.replaceAll("/", "-")}.new`), join(bot, file));
}

test("a change with errors is told at the desk with its place, and the word goes when it is mended", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = watchFor(page, [server.origin]);
  const desk = new Desk(page, server.origin);
  await desk.signIn(firstPassword(server));
  const told = page.getByRole("alert", { name: "The bot was changed and has errors" });
  assert.equal(await told.count(), 0);

  const good = readFileSync(join(bot, "skills/buy.yaml"), "utf8");
  save("skills/buy.yaml", good.replace("thanks: { text: Thank you. }", "thanks: { text: Thank you., next: thnks }"));
  await told.waitFor();
  const words = await told.textContent();
  assert.match(words, /Customers go on with it as it was before/u);
  assert.match(words, /skills\/buy\.yaml:6:\d+: error\[E\d+\]: .*thnks/u);
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
  const customer = await Customer.arrives(server.origin);
  await customer.say("buy 3");
  await customer.saw("Thank you.");
  // Whoever opens the desk later is told as well, on every page of it.
  await page.getByRole("link", { name: "Flows" }).click();
  await page.reload();
  await told.waitFor();

  save("skills/buy.yaml", good.replace("Thank you.", "Many thanks."));
  await told.waitFor({ state: "detached" });
  await customer.say("buy 3");
  await customer.saw("Many thanks.");
  assert.deepEqual(seen, []);
  await context.close();
});
