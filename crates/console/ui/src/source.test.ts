import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// What a customer wrote is shown as text, always. These are the ways in which it could become something else.
const FORBIDDEN = [/dangerouslySetInner/u, /\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write/u, /\beval\(|new Function\(/u, /\bsrcDoc\b/u, /style=\{/u];

test("no source file can turn text into markup, code or inline style", () => {
  const root = new URL(".", import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && /\.tsx?$/u.test(f.name) && !f.name.endsWith(".test.ts"));
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const text = readFileSync(path, "utf8");
    for (const pattern of FORBIDDEN) expect(pattern.test(text), `${path} matches ${pattern}`).toBe(false);
  }
});
