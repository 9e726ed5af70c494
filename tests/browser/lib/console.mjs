// The console as an agent uses it: by what it says and what it is for.
import assert from "node:assert/strict";

/** The password that the first start printed. */
export function firstPassword(server) {
  const found = /Sign in\s+admin \/ (\S+)/.exec(server.output());
  assert.ok(found, `the first start prints how to sign in:\n${server.output()}`);
  return found[1];
}

export class Desk {
  constructor(page, origin) {
    this.page = page;
    this.origin = origin;
    this.chats = page.getByRole("navigation", { name: "Chats" });
    this.log = page.getByRole("log", { name: "Transcript" });
    this.message = page.getByRole("textbox", { name: "Message" });
    this.about = page.getByRole("region", { name: "About the customer" });
    this.dialog = page.getByRole("dialog");
  }

  async signIn(password, login = "admin") {
    await this.page.goto(`${this.origin}/console`);
    await this.page.getByLabel("Login").fill(login);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.chats.waitFor();
  }

  /** Presses the switch and waits until the server knows. */
  async accept(on) {
    await this.page.getByRole("switch").click();
    await this.page.locator(`[role=switch][aria-checked=${on}][aria-busy=false]`).waitFor();
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  section(name) {
    return this.chats.getByRole("region", { name });
  }

  rows(section) {
    return this.section(section).getByRole("listitem").getByRole("button");
  }

  /** Opens the newest row of a section. */
  async open(section, index = 0) {
    await this.rows(section).nth(index).click();
    await this.log.locator(".message").first().waitFor();
  }

  async saw(text) {
    await this.log.locator(".message").filter({ hasText: text }).first().waitFor();
  }

  async say(text) {
    await this.message.fill(text);
    await this.message.press("Enter");
  }

  async texts(from) {
    return this.log.locator(`.message.${from} .words`).allTextContents();
  }
}
