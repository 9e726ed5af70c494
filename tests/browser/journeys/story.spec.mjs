// The whole path on the shop: greeting, question, the branch for the best customers, a person, and back to the bot.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Agent, BACK, PHONE, picture, Shop, TO_DESK, TO_VIP, Visitor, WIDE } from "../lib/journey.mjs";

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), Shop.opens()]);
});
after(async () => {
  await browser?.close();
  await shop?.closes();
});

for (const [name, size] of [["wide", WIDE], ["phone", PHONE]]) {
  test(`a customer (${name}) is greeted, asked, becomes a best customer, talks to a person and returns to the bot`, async () => {
    const agent = await Agent.comes(browser, shop);
    const customer = await Visitor.arrives(browser, shop, size);
    const inSight = async (what) => {
      const box = await customer.chat.input.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= size.viewport.width && box.y + box.height <= size.viewport.height, `the composer stays in sight ${what}`);
      const wider = await customer.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      assert.equal(wider, false, `the page is not wider than the window ${what}`);
    };
    await customer.shows(TO_VIP.slice(0, 2));
    await inSight("at the greeting");
    await picture(customer.page, `story-${name}-1-greeting`);

    await customer.press("Get a price");
    await customer.sees("What would you like?");
    await customer.press("Single origin, €12");
    await customer.sees("How many would you like?");
    await customer.says("a few");
    await customer.sees("Please write a number from 1 to 200.");
    await picture(customer.page, `story-${name}-2-question`);
    await customer.says("20");
    await customer.sees("come to €240");
    await customer.press("Yes, send them");
    await customer.sees("What name");
    await customer.says("Ana");
    await customer.sees("one of our best customers");
    await picture(customer.page, `story-${name}-3-best-customer`);
    const toVip = TO_VIP.toSpliced(6, 0, "you: a few", "bot: Please write a number from 1 to 200.");
    await customer.shows(toVip);

    await customer.press("Talk to Marta");
    await customer.sees("You are number 1 in line.");
    await picture(customer.page, `story-${name}-4-in-line`);
    await agent.desk.rows("Waiting").first().waitFor();
    await picture(agent.page, `story-${name}-5-desk-queue`);
    await agent.takes();
    await agent.shows([...toVip, ...TO_DESK]);
    await agent.desk.about.getByText("Our best customers").first().waitFor();
    await picture(agent.page, `story-${name}-6-desk-taken`);

    const talk = [...toVip, ...TO_DESK, "agent: Hello Ana, this is Marta.", "you: Is there a darker roast?", "agent: Yes, from Monday on."];
    await agent.desk.say("Hello Ana, this is Marta.");
    await customer.sees("this is Marta.");
    await customer.says("Is there a darker roast?");
    await agent.desk.saw("Is there a darker roast?");
    await agent.desk.say("Yes, from Monday on.");
    await customer.shows(talk);
    await agent.shows(talk);
    await inSight("while a person answers");
    await picture(customer.page, `story-${name}-7-person`);
    await picture(agent.page, `story-${name}-8-desk-talk`);

    await agent.resolves();
    await customer.shows([...talk, ...BACK]);
    await picture(customer.page, `story-${name}-9-back`);
    await customer.press("Yes");
    const end = [...talk, ...BACK, "you: Yes", "bot: I am glad to hear that!"];
    await customer.shows(end);
    // What the bot says in a resolved chat is not pushed to the desk; it is there when the chat is opened.
    await agent.page.reload();
    await agent.shows(end);
    await picture(agent.page, `story-${name}-10-desk-resolved`);
    assert.deepEqual([...customer.seen, ...agent.seen], []);
    await customer.context.close();
    await agent.context.close();
  });
}

test("the desk on a phone answers a customer on a phone", async () => {
  const agent = await Agent.comes(browser, shop, PHONE);
  const customer = await Visitor.arrives(browser, shop, PHONE);
  await customer.says("/person");
  await customer.sees("You are number 1 in line.");
  await agent.desk.rows("Waiting").first().waitFor();
  await picture(agent.page, "phones-1-list");
  await agent.takes();
  await customer.says("Are you open on Sunday?");
  await agent.desk.saw("Are you open on Sunday?");
  await agent.desk.say("No, from Tuesday to Saturday.");
  await customer.sees("from Tuesday to Saturday.");
  const box = await agent.desk.message.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360 && box.y + box.height <= 640, "the agent's composer stays in sight");
  await picture(agent.page, "phones-2-chat");
  await agent.desk.button("About the customer").click();
  await agent.desk.about.getByText("Journey").waitFor();
  await picture(agent.page, "phones-3-customer");
  await agent.page.keyboard.press("Escape");
  await agent.resolves();
  await customer.sees("It is the robot again.");
  await customer.press("Not really");
  await customer.sees("What could we do better?");
  await customer.says("Open on Sundays.");
  await customer.sees("Thank you, we read every word of this.");
  assert.deepEqual([...customer.seen, ...agent.seen], []);
  await customer.context.close();
  await agent.context.close();
});
