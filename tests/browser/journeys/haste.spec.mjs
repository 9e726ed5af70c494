// People in a hurry: both type faster than anything answers, and both reload in the middle.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Agent, BACK, PHONE, Shop, TO_DESK, TO_VIP, Visitor, WIDE } from "../lib/journey.mjs";

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), Shop.opens()]);
});
after(async () => {
  await browser?.close();
  await shop?.closes();
});

const GREETING = TO_VIP.slice(0, 2);
const lines = (from, text, count) => Array.from({ length: count }, (_, n) => `${from}: ${text} ${n}`);
const words = (all) => all.map((line) => line.slice(line.indexOf(": ") + 2));

/** Types and sends without waiting for anything. */
async function types(page, input, texts) {
  await input.focus();
  for (const text of texts) {
    await page.keyboard.insertText(text);
    await page.keyboard.press("Enter");
  }
}

test("answers typed ahead of the questions are taken in order", async () => {
  const customer = await Visitor.arrives(browser, shop);
  await customer.shows(GREETING);
  // The next three questions are answered before any of them was shown.
  await types(customer.page, customer.chat.input, ["1", "2", "20"]);
  await customer.sees("come to €240");
  // Own words are shown at once, so where they stand beside the answers is the server's order after a reload.
  await customer.page.reload();
  await customer.chat.until((texts) => texts.includes("20") && texts.some((t) => t.includes("come to €240")), "shown again");
  const own = (await customer.shown()).filter((line) => line.startsWith("you:"));
  assert.deepEqual(own, ["you: 1", "you: 2", "you: 20"]);
  assert.deepEqual((await customer.shown()).filter((line) => line.startsWith("bot:")), TO_VIP.slice(0, 8).filter((line) => line.startsWith("bot:")));
  await customer.context.close();
});

test("both sides type fast at once; each message is shown once, in its writer's order, in both windows, also after reloads", async () => {
  const agent = await Agent.comes(browser, shop);
  const customer = await Visitor.arrives(browser, shop, PHONE);
  await customer.press("Talk to a person");
  await customer.sees("You are number 1 in line.");
  // While nobody has taken the chat yet.
  await types(customer.page, customer.chat.input, words(lines("you", "early", 5)));
  await agent.takes();
  await agent.desk.saw("early 4");
  const asked = lines("you", "question", 12);
  const answered = lines("agent", "answer", 12);
  await Promise.all([
    types(customer.page, customer.chat.input, words(asked)),
    types(agent.page, agent.desk.message, words(answered)),
  ]);
  await Promise.all([customer.sees("answer 11"), agent.desk.saw("question 11")]);
  await customer.chat.log.locator(".pending").first().waitFor({ state: "detached" });

  const of = (from, all) => all.filter((line) => line.startsWith(`${from}:`));
  const check = async (window) => {
    const all = await window.shown();
    assert.deepEqual(of("agent", all), answered);
    assert.deepEqual(of("you", all), ["you: Talk to a person", ...lines("you", "early", 5), ...asked]);
  };
  await check(customer);
  await check(agent);

  await Promise.all([customer.page.reload(), agent.page.reload()]);
  await Promise.all([customer.sees("answer 11"), agent.desk.saw("question 11")]);
  await check(customer);
  await check(agent);
  const [left, right] = [await customer.shown(), await agent.shown()];
  assert.deepEqual(left, right, "after a reload both windows show one order");

  // Still the same chat: the reloaded agent talks, resolves, and the bot goes on.
  await agent.desk.say("Is that all?");
  await customer.sees("Is that all?");
  await agent.resolves();
  await customer.shows([...left, "agent: Is that all?", ...BACK]);
  await customer.context.close();
  await agent.context.close();
});

test("reloads at every turn change nothing", async () => {
  const agent = await Agent.comes(browser, shop);
  const customer = await Visitor.arrives(browser, shop, WIDE);
  const told = [...GREETING];
  const again = async (...more) => {
    told.push(...more);
    await customer.shows(told);
    await customer.page.reload();
    await customer.shows(told);
  };
  await again();
  await customer.press("Get a price");
  await again(...TO_VIP.slice(2, 4));
  await customer.press("Single origin, €12");
  await again(...TO_VIP.slice(4, 6));
  await customer.says("20");
  await again(...TO_VIP.slice(6, 8));
  await customer.press("Yes, send them");
  await again(...TO_VIP.slice(8, 10));
  await customer.says("Ana");
  await again(...TO_VIP.slice(10));
  await customer.press("Talk to Marta");
  await again(...TO_DESK);
  await agent.takes();
  await agent.page.reload();
  await agent.shows(told);
  await agent.desk.say("Here I am.");
  await again("agent: Here I am.");
  await customer.says("Good.");
  await again("you: Good.");
  await agent.shows(told);
  await agent.resolves();
  await again(...BACK);
  await customer.press("Yes");
  await again("you: Yes", "bot: I am glad to hear that!");
  await agent.page.reload();
  await agent.shows(told);
  await customer.context.close();
  await agent.context.close();
});
