// A customer without a browser: what the widget does, over the web channel's own HTTP, for tests that are about the agent.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

export class Customer {
  constructor(origin, token) {
    this.base = `${origin}/c/web`;
    this.token = token;
  }

  static async arrives(origin) {
    const response = await fetch(`${origin}/c/web/session`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    assert.equal(response.status < 300, true, await response.clone().text());
    return new Customer(origin, (await response.json()).token);
  }

  async #call(path, init = {}) {
    const headers = { authorization: `Bearer ${this.token}`, ...(init.body && !init.headers ? { "content-type": "application/json" } : {}), ...init.headers };
    const response = await fetch(this.base + path, { ...init, headers });
    assert.equal(response.status < 300, true, `${path}: ${response.status} ${await response.clone().text()}`);
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  say(text) {
    return this.#call("/messages", { method: "POST", body: JSON.stringify({ client_id: randomUUID(), text }) });
  }

  async sendFile(name, mime, bytes) {
    const file = await this.#call(`/files?name=${encodeURIComponent(name)}`, { method: "POST", headers: { "content-type": mime }, body: bytes });
    return this.#call("/messages", { method: "POST", body: JSON.stringify({ client_id: randomUUID(), attachments: [file.id] }) });
  }

  async lines() {
    return (await this.#call("/messages?after=0")).lines;
  }

  /** Waits until a line says this. */
  async saw(text, ms = 10_000) {
    const end = Date.now() + ms;
    for (;;) {
      const lines = await this.lines();
      const found = lines.find((l) => l.text?.includes(text));
      if (found) return found;
      if (Date.now() > end) throw new Error(`"${text}" did not come; ${JSON.stringify(lines.map((l) => `${l.from}: ${l.text}`))}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
