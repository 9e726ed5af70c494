// The server is killed without warning and started again on the same port and data. Both windows find it again by
// themselves; the conversation goes on at its block, and nothing is lost or said twice.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Agent, BACK, PHONE, picture, Shop, TO_DESK, TO_VIP, Visitor, WIDE } from "../lib/journey.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

for (const [name, size] of [["wide", WIDE], ["phone", PHONE]]) {
  test(`at a question, in the queue and while a person answers (${name})`, async () => {
    const shop = await Shop.opens();
    try {
      const agent = await Agent.comes(browser, shop);
      const customer = await Visitor.arrives(browser, shop, size);
      const told = [];
      const both = async (...more) => {
        told.push(...more);
        await customer.shows(told, 40_000);
      };
      await both(...TO_VIP.slice(0, 2));

      // At a question: what is answered while the server is away arrives once it is back.
      await customer.press("Get a price");
      await both(...TO_VIP.slice(2, 4));
      await customer.press("Single origin, €12");
      await both(...TO_VIP.slice(4, 6));
      await shop.dies();
      await customer.says("20");
      await customer.chat.panel.getByText("Waiting for a connection").waitFor();
      await picture(customer.page, `crash-${name}-1-away`);
      await agent.loses();
      await picture(agent.page, `crash-${name}-2-desk-away`);
      await shop.start();
      await both(...TO_VIP.slice(6, 8));
      await picture(customer.page, `crash-${name}-3-back`);

      // Just after something was acknowledged: it is known after the restart.
      await customer.press("Yes, send them");
      await both(...TO_VIP.slice(8, 10));
      await customer.says("Ana");
      await both(...TO_VIP.slice(10));
      await agent.finds();
      await customer.press("Talk to Marta");
      await both(...TO_DESK);
      await agent.desk.rows("Waiting").first().waitFor({ timeout: 40_000 });

      // In the queue.
      await shop.dies();
      await customer.says("Is anybody there?");
      await shop.start();
      await both("you: Is anybody there?");
      await agent.desk.rows("Waiting").filter({ hasText: "Is anybody there?" }).first().waitFor({ timeout: 40_000 });
      await agent.takes();
      await agent.shows(told, 40_000);
      await agent.desk.say("I am.");
      await both("agent: I am.");

      // While a person answers: the chat stays theirs, and both sides wrote meanwhile.
      await shop.dies();
      await customer.says("Can you hear me?");
      await agent.desk.say("One moment, please.");
      await picture(agent.page, `crash-${name}-4-desk-writes-into-the-void`);
      await shop.start();
      // Whoever is back first is first; each is there once.
      const last = (all) => all.slice(told.length).sort();
      const wrote = ["agent: One moment, please.", "you: Can you hear me?"];
      const end = Date.now() + 40_000;
      while (JSON.stringify(last(await customer.shown())) !== JSON.stringify(wrote) || JSON.stringify(last(await agent.shown())) !== JSON.stringify(wrote)) {
        if (Date.now() > end) assert.deepEqual([last(await customer.shown()), last(await agent.shown())], [wrote, wrote], "both windows have both messages once");
        await new Promise((done) => setTimeout(done, 50));
      }
      await customer.page.reload();
      await customer.sees("Can you hear me?");
      const order = (await customer.shown()).slice(told.length);
      assert.deepEqual(order.toSorted(), wrote, "the server has each once");
      await both(...order);
      await agent.page.reload();
      await agent.shows(told, 40_000);

      await agent.resolves();
      await both(...BACK);
      await shop.dies();
      await shop.start();
      await customer.press("Yes");
      await both("you: Yes", "bot: I am glad to hear that!");
      await agent.page.reload();
      await agent.shows(told, 40_000);
      await picture(customer.page, `crash-${name}-5-end`);
      await picture(agent.page, `crash-${name}-6-desk-end`);
      await customer.context.close();
      await agent.context.close();
    } finally {
      await shop.closes();
    }
  });
}

test("killed again and again while both sides type, nothing acknowledged is lost and nothing is doubled", async () => {
  const shop = await Shop.opens();
  try {
    const agent = await Agent.comes(browser, shop);
    const customer = await Visitor.arrives(browser, shop);
    await customer.says("/person");
    await customer.sees("You are number 1 in line.");
    await agent.takes();
    const ROUNDS = 6;
    const asked = [];
    const answered = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let n = 0; n < 4; n += 1) {
        asked.push(`round ${round} line ${n}`);
        await customer.says(asked.at(-1));
      }
      answered.push(`answer ${round}`);
      await agent.desk.say(answered.at(-1));
      // At another point of the traffic each time: at once, or when some of this round's lines were shown.
      if (round % 3 > 0) await customer.chat.until((texts) => texts.includes(asked.at(round % 3 === 1 ? -3 : -1)), "shown");
      await shop.dies();
      await shop.start();
    }
    await agent.desk.saw(asked.at(-1));
    await customer.page.waitForFunction(() => document.querySelector("switchboard-chat").shadowRoot.querySelectorAll(".pending").length === 0, null, { timeout: 40_000 });
    await customer.sees(answered.at(-1));
    const of = (from, all) => all.filter((line) => line.startsWith(`${from}:`)).map((line) => line.slice(from.length + 2));
    const check = async (window, where) => {
      const all = await window.shown();
      assert.deepEqual(of("you", all), ["/person", ...asked], where);
      assert.deepEqual(of("agent", all), answered, where);
    };
    await check(customer, "the customer's window");
    await Promise.all([customer.page.reload(), agent.page.reload()]);
    await Promise.all([customer.sees(asked.at(-1)), agent.desk.saw(asked.at(-1))]);
    await check(customer, "the customer's window after a reload");
    await check(agent, "the agent's window after a reload");
    await agent.desk.say("I read all of it.");
    await customer.sees("I read all of it.");
    await customer.context.close();
    await agent.context.close();
  } finally {
    await shop.closes();
  }
});
