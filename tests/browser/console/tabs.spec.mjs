// Two tabs of one browser: one sign-in for both, one sign-out for both.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, watchFor } from "../lib/browser.mjs";
import { Desk, firstPassword } from "../lib/console.mjs";
import { WIDE } from "../lib/journey.mjs";
import { serve } from "../lib/server.mjs";

let server, browser, password;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  password = firstPassword(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("who signs in in one tab is signed in in the other, on every page, and out of all of them at once", async () => {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...WIDE });
  const first = await context.newPage();
  const seen = watchFor(first, [server.origin]);
  await new Desk(first, server.origin).signIn(password);
  const second = await context.newPage();
  await second.goto(`${server.origin}/console/contacts`);
  await second.getByRole("heading", { level: 1, name: "Contacts" }).waitFor();
  // The first one still is who it was.
  await first.getByRole("link", { name: "Segments" }).click();
  await first.getByRole("heading", { level: 1, name: "Segments" }).waitFor();
  await second.reload();
  await second.getByRole("heading", { level: 1, name: "Contacts" }).waitFor();
  await first.reload();
  await first.getByRole("heading", { level: 1, name: "Segments" }).waitFor();

  await second.getByRole("button", { name: "Sign out" }).click();
  await second.getByLabel("Password").waitFor();
  await first.getByText("You were signed out").waitFor({ timeout: 30_000 });
  await first.reload();
  await first.getByLabel("Password").waitFor();
  const [cookie] = await context.cookies();
  assert.equal(cookie, undefined, "nothing is left to sign in with");

  // Signed in again in one, the other is as well.
  await new Desk(second, server.origin).signIn(password);
  await first.reload();
  await first.getByRole("heading", { level: 1, name: "Segments" }).waitFor();
  assert.deepEqual(seen, []);
  await context.close();
});

test("a tab that shows the sign-in page opens by itself when another tab signs in", async () => {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...WIDE });
  const [first, second] = [await context.newPage(), await context.newPage()];
  await second.goto(`${server.origin}/console/contacts`);
  await second.getByLabel("Password").waitFor();
  await new Desk(first, server.origin).signIn(password);
  // When one comes back to it.
  await second.bringToFront();
  await second.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await second.getByRole("heading", { level: 1, name: "Contacts" }).waitFor();
  await context.close();
});
