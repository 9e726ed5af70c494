// A contact book to look at: a server with a bot, a key for it, and people in it, made as a program would make them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstPassword } from "./console.mjs";
import { binary, serve } from "./server.mjs";

const FIRST = ["Ana", "Bea", "Chidi", "Dörte", "Emre", "Farah", "Gwen", "Hiro", "Inés", "Jorge", "مريم", "李"];
const LAST = ["Ruiz", "Adeyemi", "Sato", "Kaya", "Müller", "Okafor", "Ó Briain", "Nguyễn"];
/** Requests under way at once while the book is filled. */
const AT_ONCE = 48;

/** The n-th person, always the same. */
export function person(n) {
  return {
    first_name: FIRST[n % FIRST.length],
    last_name: `${LAST[n % LAST.length]} ${n}`,
    attributes: { plan: n % 3 === 0 ? "gold" : "free", orders: n % 12, email: `person${n}@shop.example` },
    tags: n % 100 === 0 ? ["friend"] : [],
  };
}

export class Book {
  static async opens(bot, more = []) {
    const book = new Book();
    book.folder = mkdtempSync(join(tmpdir(), "switchboard-book-"));
    const data = join(book.folder, "data");
    book.start = (port) => serve({ bot, data, more, port });
    book.server = await book.start();
    book.origin = book.server.origin;
    book.password = firstPassword(book.server);
    const scopes = ["contacts:read", "contacts:write", "segments:read", "segments:write", "events:write", "webhooks:write"];
    const said = execFileSync(binary(), ["keys", "create", "tests", ...scopes.flatMap((scope) => ["--scope", scope]), "--per-minute", "1000000", "--data", data], { encoding: "utf8" });
    book.key = /sbk_\S+/.exec(said)[0];
    return book;
  }

  async call(method, path, body, headers = {}) {
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Somebody in the book. */
  async add(who) {
    return this.call("POST", "/contacts", who);
  }

  /** So many people, {@link person} by person. */
  async fill(count) {
    let next = 0;
    const worker = async () => {
      while (next < count) await this.add(person(next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** Stops, has something changed, and starts again at the same address. */
  async restarts(change) {
    const { port } = this.server;
    await this.server.stop();
    change();
    this.server = await this.start(port);
  }

  async closes() {
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
