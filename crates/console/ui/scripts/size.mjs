// The first load of the console must stay within its budget: everything in dist/, gzipped.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET = 200 * 1024;
let total = 0;
for (const name of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  if (name.isFile()) total += gzipSync(readFileSync(join(name.parentPath, name.name)), { level: 9 }).length;
}
console.log(`console: ${(total / 1024).toFixed(1)} KB gzipped of ${BUDGET / 1024} KB`);
if (total > BUDGET) {
  console.error("the console is over its budget: load the new part lazily or leave it out");
  process.exit(1);
}
