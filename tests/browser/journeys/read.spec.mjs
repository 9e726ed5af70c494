// What the customer has seen of what was said to them: the agent is told so, and of what they have not seen, not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Agent, picture, Shop, Visitor } from "../lib/journey.mjs";

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), Shop.opens()]);
});
after(async () => {
  await browser?.close();
  await shop?.closes();
});

/** Waits until the agent's message with these words got so far. */
const got = (agent, words, how) =>
  agent.desk.log.getByRole("article").filter({ hasText: words }).getByText(how, { exact: true }).waitFor();

test("an agent sees what was read once the panel is open, and a closed one reads nothing", async () => {
  const agent = await Agent.comes(browser, shop);
  const customer = await Visitor.arrives(browser, shop);
  const reads = [];
  customer.page.on("request", (request) => request.url().endsWith("/read") && reads.push(request.postDataJSON().no));
  await customer.press("Talk to a person");
  await customer.sees("You are number 1 in line.");
  await agent.takes();
  await agent.desk.say("Are you there?");
  await got(agent, "Are you there?", "Read");
  await picture(agent.page, "read-1-desk");

  // From now on the customer's time goes by only when it is let.
  await customer.page.clock.install();
  await customer.chat.launcher.click();
  await customer.chat.panel.waitFor({ state: "hidden" });
  const before = reads.length;
  await agent.desk.say("I have found your parcel.");
  await customer.page.locator("switchboard-chat .badge").filter({ hasText: "1" }).waitFor();
  await customer.page.clock.runFor(30_000);
  assert.equal(reads.length, before, "nobody looks, so nothing is told");
  await got(agent, "I have found your parcel.", "Sent");

  await customer.chat.launcher.click();
  await customer.sees("I have found your parcel.");
  await customer.page.clock.runFor(2_000);
  await got(agent, "I have found your parcel.", "Read");
  assert.equal(reads.length, before + 1, "one number for all of it");
  assert.deepEqual([...reads].sort((a, b) => a - b), reads, "it only moves forward");

  // A reload tells nothing that is known.
  await Promise.all([customer.page.reload(), agent.page.reload()]);
  await customer.sees("I have found your parcel.");
  await customer.page.clock.runFor(5_000);
  await got(agent, "I have found your parcel.", "Read");
  assert.equal(reads.length, before + 1);

  // A browser that has no room to keep anything more tells it once all the same.
  await customer.page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("no room", "QuotaExceededError");
    };
  });
  await agent.desk.say("Anything else?");
  await customer.sees("Anything else?");
  const told = customer.page.waitForResponse((response) => response.url().endsWith("/read"));
  await customer.page.clock.runFor(2_000);
  await (await told).finished();
  for (let n = 0; n < 10; n += 1) await customer.page.clock.runFor(2_000);
  await got(agent, "Anything else?", "Read");
  assert.equal(reads.length, before + 2, "once, though it cannot be kept");
  assert.deepEqual([...customer.seen, ...agent.seen], []);
  await customer.context.close();
  await agent.context.close();
});
