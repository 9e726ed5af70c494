// What the tests talk to: the real binary.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");

/** The binary to test: SWITCHBOARD_BIN names it, else it is the debug one. */
export function binary() {
  const path = process.env.SWITCHBOARD_BIN || join(ROOT, "target/debug/switchboard");
  if (!existsSync(path)) throw new Error(`there is no ${path}: build it with "cargo build -p switchboard-cli"`);
  return path;
}

/** A bot of the tests that says whatever the chat can show; the shop is the other one. */
export const CHAT_BOT = join(ROOT, "tests/browser/widget/chat-bot");

/** Starts a server for a bot folder, with more arguments if there are any; resolves when it answers. Without a port it takes one that is free. */
export async function serve({ bot, data, port = 0, env, more = [] } = {}) {
  const own = data === undefined ? mkdtempSync(join(tmpdir(), "switchboard-data-")) : null;
  const command = binary();
  const args = ["serve", bot ?? join(ROOT, "flows/shop"), "--data", data ?? join(own, "data"), "--listen", `127.0.0.1:${port}`, ...more];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let output = "";
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (output += piece));
  const exited = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
  let gone = false;
  void exited.then(() => (gone = true));
  let origin;
  for (;;) {
    if (gone) throw new Error(`${command} ended at start:\n${output}`);
    origin = /Console\s+(http:\/\/\S+)\/console\n\s*Sign in .*\n/.exec(output)?.[1];
    const up = origin !== undefined && (await fetch(`${origin}/widget.js`).then((r) => r.status < 500).catch(() => false));
    if (up) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  return {
    origin,
    port: Number(new URL(origin).port),
    output: () => output,
    async stop(signal = "SIGTERM") {
      if (!gone) child.kill(signal);
      await exited;
      if (own) rmSync(own, { recursive: true, force: true });
    },
  };
}
