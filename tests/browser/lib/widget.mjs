// The widget as a person uses it: by what it says and what it is for.
export class Chat {
  constructor(page) {
    this.page = page;
    this.launcher = page.locator("switchboard-chat .launcher");
    this.panel = page.getByRole("dialog");
    this.log = this.panel.getByRole("log");
    this.input = this.panel.getByRole("textbox");
    this.sendButton = this.panel.getByRole("button", { name: "Send", exact: true });
    this.replies = this.panel.getByRole("group", { name: "Suggested replies" });
  }

  async open() {
    await this.launcher.click();
    await this.panel.waitFor();
  }

  /** Opens and waits until the bot has greeted. */
  async greeted() {
    await this.open();
    await this.bubbles("bot").first().waitFor();
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  bubbles(from) {
    return this.log.locator(from ? `.row.${from} .text` : ".row .text");
  }

  async texts(from) {
    return this.bubbles(from).allTextContents();
  }

  async saw(text) {
    await this.bubbles().filter({ hasText: text }).first().waitFor();
  }

  /** Waits until a function of the page's shown texts is true. */
  async until(test, what, ms = 15_000) {
    const end = Date.now() + ms;
    for (;;) {
      const texts = await this.texts();
      if (test(texts)) return texts;
      if (Date.now() > end) throw new Error(`${what}; shown: ${JSON.stringify(texts)}`);
      await this.page.waitForTimeout(50);
    }
  }
}
