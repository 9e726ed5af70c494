// What passes between the two windows besides words: typing, pictures, and an answer to somebody who has left.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { Agent, BACK, PHONE, picture, Shop, TO_VIP, Visitor } from "../lib/journey.mjs";
import { ROOT } from "../lib/server.mjs";

const PNG = readFileSync(join(ROOT, "channels/web/tests/picture.png"));
const GREETING = TO_VIP.slice(0, 2);

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), Shop.opens()]);
});
after(async () => {
  await browser?.close();
  await shop?.closes();
});

/** Waits until so many pictures have come and are drawn; the widget draws on canvases. */
const loaded = (page, count) =>
  page.waitForFunction((count) => {
    const root = document.querySelector("switchboard-chat")?.shadowRoot ?? document;
    const shown = [...root.querySelectorAll("[role=log] :is(img, canvas)")];
    const drawn = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
    return shown.length === count && shown.every((one) => (one.tagName === "IMG" ? one.complete && one.naturalWidth > 1 : drawn(one)));
  }, count);

test("each sees that the other types; pictures go both ways and outlive a reload", async () => {
  const agent = await Agent.comes(browser, shop);
  const customer = await Visitor.arrives(browser, shop, PHONE);
  await customer.press("Talk to a person");
  await customer.sees("You are number 1 in line.");
  await agent.takes();

  await agent.desk.message.pressSequentially("Hel");
  await customer.chat.panel.getByText("Admin is typing").waitFor({ state: "attached" });
  await agent.desk.message.pressSequentially("lo.");
  await agent.desk.message.press("Enter");
  await customer.sees("Hello.");
  await customer.chat.input.pressSequentially("Look");
  await agent.page.getByText(/typing|writing/i).first().waitFor();
  await picture(agent.page, "between-1-desk-sees-typing");

  const chooser = customer.page.waitForEvent("filechooser");
  await customer.chat.panel.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles({ name: "parcel.png", mimeType: "image/png", buffer: PNG });
  await customer.chat.input.press("Enter");
  await agent.desk.saw("Look");
  await loaded(agent.page, 1);
  await agent.page.locator("input[type=file]").setInputFiles({ name: "ours.png", mimeType: "image/png", buffer: PNG });
  await agent.desk.say("So should it be.");
  await customer.sees("So should it be.");
  await Promise.all([loaded(customer.page, 2), loaded(agent.page, 2)]);
  await picture(customer.page, "between-2-pictures");
  await picture(agent.page, "between-3-desk-pictures");
  await Promise.all([customer.page.reload(), agent.page.reload()]);
  await Promise.all([loaded(customer.page, 2), loaded(agent.page, 2)]);
  await agent.resolves();
  await customer.sees("It is the robot again.");
  assert.deepEqual([...customer.seen, ...agent.seen], []);
  await customer.context.close();
  await agent.context.close();
});

test("what the desk gives back is asked before the question it was asked over", async () => {
  const agent = await Agent.comes(browser, shop);
  const customer = await Visitor.arrives(browser, shop);
  await customer.shows(GREETING);
  // The menu waits for a choice, and a command is typed instead.
  await customer.says("/person");
  await customer.sees("You are number 1 in line.");
  await agent.takes();
  await agent.resolves();
  const told = [
    ...GREETING,
    "you: /person",
    "bot: Of course. I am asking my colleagues.",
    "bot: You are number 1 in line. Tell us what it is about, so that we can answer at once.",
    ...BACK,
  ];
  await customer.shows(told);
  await customer.says("yes");
  await customer.sees("I am glad to hear that!");
  assert.deepEqual((await customer.shown()).slice(0, told.length + 2), [...told, "you: yes", "bot: I am glad to hear that!"]);
  // The older question has the floor again.
  await customer.says("get a price");
  await customer.sees("What would you like?");
  await customer.context.close();
  await agent.context.close();
});

test("nobody is there: the request is missed, and the answer reaches the person who comes back", async (t) => {
  // A shop of its own: here nobody is at the desk, whatever other tests do.
  const shop = await Shop.opens();
  t.after(() => shop.closes());
  const customer = await Visitor.arrives(browser, shop, PHONE);
  await customer.press("Talk to a person");
  await customer.sees("Write your question here");
  await picture(customer.page, "between-4-nobody");
  await customer.says("Do you send to Porto?");
  await customer.sees("Thank you, it is on our desk.");
  const told = await customer.shown();
  const state = await customer.context.storageState();
  await customer.context.close();

  const agent = await Agent.comes(browser, shop);
  await agent.desk.rows("Missed").first().waitFor();
  await picture(agent.page, "between-5-missed");
  await agent.desk.open("Missed");
  await agent.shows(told);
  await agent.desk.say("Yes, every Monday.");
  await agent.desk.saw("Yes, every Monday.");

  const later = await Visitor.comesToTheSite(browser, shop, { ...PHONE, storageState: state });
  await later.chat.open();
  await later.shows([...told, "agent: Yes, every Monday."]);
  await later.says("Wonderful!");
  await agent.desk.saw("Wonderful!");
  await agent.resolves();
  await later.context.close();
  await agent.context.close();
});
