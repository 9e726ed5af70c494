// What the tests talk to: the real binary if there is one that serves, else the widget's own example host.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");

/** The binary to test, or null. SWITCHBOARD_BIN names it; SWITCHBOARD_BIN=example asks for the example host. */
export function binary() {
  const named = process.env.SWITCHBOARD_BIN;
  if (named === "example") return null;
  if (named) return named;
  for (const profile of ["release", "debug"]) {
    const path = join(ROOT, "target", profile, "switchboard");
    if (!existsSync(path)) continue;
    try {
      if (/\bserve\b/.test(execFileSync(path, ["--help"], { encoding: "utf8", timeout: 10_000 }))) return path;
    } catch {
      // Not a binary that tells what it does.
    }
  }
  return null;
}

export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Starts a server for a bot folder; resolves when it answers. */
export async function serve({ bot, data, port } = {}) {
  port ??= await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const own = data === undefined ? mkdtempSync(join(tmpdir(), "switchboard-data-")) : null;
  const real = binary();
  const [command, args] = real
    ? [real, ["serve", bot ?? join(ROOT, "flows/shop"), "--data", data ?? join(own, "data"), "--listen", `127.0.0.1:${port}`]]
    : [join(ROOT, "target/debug/examples/widget_host"), [`127.0.0.1:${port}`]];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (output += piece));
  const exited = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
  let gone = false;
  void exited.then(() => (gone = true));
  for (;;) {
    if (gone) throw new Error(`${command} ended at start:\n${output}`);
    const up = await fetch(`${origin}/widget.js`).then((r) => r.status < 500).catch(() => false);
    if (up) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    origin,
    port,
    real: real !== null,
    output: () => output,
    async stop(signal = "SIGTERM") {
      if (!gone) child.kill(signal);
      await exited;
      if (own) rmSync(own, { recursive: true, force: true });
    },
  };
}
