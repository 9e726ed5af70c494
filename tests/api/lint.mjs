// Lints the OpenAPI document: `node lint.mjs FILE`. Every finding is a failure.

import { createConfig, formatProblems, getTotals, lint } from "@redocly/openapi-core";
import { resolve } from "node:path";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("which document? node lint.mjs FILE");
  process.exit(2);
}
const config = await createConfig({
  extends: ["recommended-strict"],
  rules: {
    "operation-operationId": "error",
    "operation-operationId-unique": "error",
    "operation-summary": "error",
    "operation-description": "off",
    "operation-4xx-response": "off",
    "operation-singular-tag": "error",
    "operation-tag-defined": "error",
    "tag-description": "error",
    "path-params-defined": "error",
    "path-parameters-defined": "error",
    "no-path-trailing-slash": "error",
    "no-identical-paths": "error",
    "no-unused-components": "error",
    "no-invalid-media-type-examples": "error",
    "paths-kebab-case": "error",
    "request-mime-type": { severity: "error", allowedValues: ["application/json", "text/csv", "application/x-ndjson", "application/octet-stream"] },
    "parameter-description": "off",
    struct: "error",
  },
});
const problems = await lint({ ref: resolve(file), config });
const totals = getTotals(problems);
if (problems.length > 0) formatProblems(problems, { format: "codeframe", totals, version: "1" });
console.log(`${file}: ${totals.errors} errors, ${totals.warnings} warnings`);
process.exit(totals.errors + totals.warnings > 0 ? 1 : 0);
