// The budget: one file, at most 12 KB gzipped. The build fails over it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 12 * 1024;
const dist = new URL("../dist/", import.meta.url);
const files = readdirSync(dist);
if (files.join() !== "widget.js") {
  console.error(`dist holds ${files.join(", ") || "nothing"}; it must hold widget.js alone`);
  process.exit(1);
}
const code = readFileSync(new URL("widget.js", dist));
const size = gzipSync(code, { level: 9 }).length;
console.log(`widget.js: ${code.length} bytes, ${size} gzipped (limit ${LIMIT})`);
if (size > LIMIT) {
  console.error("the widget is over its budget; make it smaller");
  process.exit(1);
}
// What would break a strict page: markup from text, and code from text.
for (const sink of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"]) {
  if (code.includes(sink)) {
    console.error(`the widget uses ${sink}; build elements and set textContent instead`);
    process.exit(1);
  }
}
