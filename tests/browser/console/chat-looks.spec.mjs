// A chat from its sign-in to its end as the agent sees it: wide and on a phone, light and dark; each step is in reach of everybody, and a picture is kept.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "../lib/book.mjs";
import { launch } from "../lib/browser.mjs";
import { Desk } from "../lib/console.mjs";
import { Customer } from "../lib/customer.mjs";
import { PHONE, picture, WIDE } from "../lib/journey.mjs";
import { clean, fits, until } from "../lib/pages.mjs";
import { ROOT } from "../lib/server.mjs";

let book, browser;
before(async () => {
  [book, browser] = await Promise.all([Book.opens(join(ROOT, "flows/shop")), launch()]);
});
after(async () => {
  await browser?.close();
  await book?.closes();
});

for (const [size, window] of [
  ["wide", WIDE],
  ["phone", PHONE],
]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}: a chat from its sign-in to its end`, async () => {
      const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...window, colorScheme });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const shot = async (name) => {
        await clean(page, name);
        await fits(page, name);
        await picture(page, `page-${name}-${size}-${colorScheme}`);
      };
      const desk = new Desk(page, book.origin);
      await page.goto(`${book.origin}/console`);
      await page.getByLabel("Login").waitFor();
      await shot("sign-in");
      await desk.signIn(book.password);
      await page.getByRole("switch", { name: "Accepting chats" }).waitFor();
      const customer = await Customer.arrives(book.origin);
      await customer.say("/person");
      await customer.saw("number");
      await customer.say("My kettle does not work, and neither does the other one.");
      await desk.rows("Waiting").filter({ hasText: "My kettle" }).first().waitFor();
      await shot("desk");
      await desk.rows("Waiting").filter({ hasText: "My kettle" }).first().click();
      await desk.button("Take this chat").click();
      await desk.message.waitFor();
      await desk.say("I am sorry to hear that.");
      await desk.saw("I am sorry to hear that.");
      await shot("chat");
      await desk.button("Resolve").click();
      const { dialog } = desk;
      await dialog.getByRole("radio", { name: /Start a skill/ }).waitFor();
      await until(() => dialog.getByRole("radio", { name: /Start a skill/ }).isEnabled(), Boolean, "the skills are known");
      await shot("resolve");
      await dialog.getByRole("radio", { name: /Start a skill/ }).check();
      assert.equal(await dialog.getByRole("button", { name: "Resolve" }).isDisabled(), true);
      await shot("resolve-skill");
      await dialog.getByLabel("Skill", { exact: true }).selectOption("order-help");
      await dialog.getByRole("button", { name: "Cancel" }).click();
      assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), "Resolve", "the focus goes back to where it was");
      if (size === "phone") await page.getByRole("button", { name: /customer/i }).first().click();
      await desk.about.waitFor();
      await shot("person");
      const link = desk.about.getByRole("link").first();
      await page.goto(new URL(await link.getAttribute("href"), book.origin).href);
      await page.locator(".journey-what").getByText("Command /person").waitFor();
      assert.doesNotMatch(await page.locator(".journey").textContent(), /\brule \d|\d\.\d\.\d/u, "no number of a rule");
      await shot("journey");
      await page.goto(`${book.origin}/console`);
      await desk.rows("My chats").first().click();
      await desk.button("Resolve").click();
      await dialog.getByRole("button", { name: "Resolve" }).click();
      await desk.button("Undo").waitFor();
      await shot("resolved");
      await context.close();
    });
  }
}
