// The budget: the widget, and each file beside it that is fetched when it is needed, at most 12 KB gzipped. The
// build fails over it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 12 * 1024;
const dist = new URL("../dist/", import.meta.url);
const files = readdirSync(dist).sort();
const expected = ["widget-media.js", "widget-page.js", "widget-style.js", "widget-words.js", "widget.js"];
if (files.join() !== expected.join()) {
  console.error(`dist holds ${files.join(", ") || "nothing"}; it must hold ${expected.join(", ")}`);
  process.exit(1);
}
let code = "";
for (const file of files) {
  const text = readFileSync(new URL(file, dist));
  const size = gzipSync(text, { level: 9 }).length;
  console.log(`${file}: ${text.length} bytes, ${size} gzipped (limit ${LIMIT})`);
  if (size > LIMIT) {
    console.error(`${file} is over its budget; make it smaller`);
    process.exit(1);
  }
  code += text;
}
// What would break a strict page: markup from text, and code from text.
for (const sink of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"]) {
  if (code.includes(sink)) {
    console.error(`the widget uses ${sink}; build elements and set textContent instead`);
    process.exit(1);
  }
}
