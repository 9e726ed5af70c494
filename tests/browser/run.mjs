// Runs the specs of the folders named (all by default), two files at once: most of their time is spent waiting, each for its own server and
// its own browser. AT_ONCE says how many, for a machine that is slower or has more to do.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folders = process.argv.slice(2).length ? process.argv.slice(2) : ["widget", "console", "journeys"];
const specs = folders
  .map((folder) => join(import.meta.dirname, folder))
  .filter(existsSync)
  .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".spec.mjs")).sort().map((name) => join(folder, name)));
if (!specs.length) {
  console.error(`no specs in ${folders.join(", ")}`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ["--test", `--test-concurrency=${process.env.AT_ONCE ?? 2}`, "--test-force-exit", "--test-timeout=300000", ...specs], { stdio: "inherit" });
process.exit(status ?? 1);
