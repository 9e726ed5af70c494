// The first load of the console (what index.html names) must stay within its budget, and so must each part that is loaded when
// it is needed; gzipped.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FIRST = 200 * 1024;
const PART = 90 * 1024;
const page = readFileSync("dist/index.html", "utf8");
let first = 0;
let largest = { name: "", size: 0 };
for (const name of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  if (!name.isFile()) continue;
  const size = gzipSync(readFileSync(join(name.parentPath, name.name)), { level: 9 }).length;
  if (name.name === "index.html" || page.includes(name.name)) first += size;
  else if (size > largest.size) largest = { name: name.name, size };
}
console.log(`console: ${(first / 1024).toFixed(1)} KB gzipped of ${FIRST / 1024} KB at first, at most ${(largest.size / 1024).toFixed(1)} KB of ${PART / 1024} KB later (${largest.name})`);
if (first > FIRST || largest.size > PART) {
  console.error("the console is over its budget: load the new part lazily or leave it out");
  process.exit(1);
}
