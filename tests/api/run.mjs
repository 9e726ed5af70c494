// Checks the HTTP API from outside, against the real binary: the document beside the manual is linted, the console's types are
// those of the document, and schemathesis makes requests of every kind from it: each by itself, and one after another along the
// document's links, where what one answered is what the next asks about. Webhooks post to a receiver of its own, and nowhere else.
//
// `node run.mjs`; SWITCHBOARD_BIN names the binary, EXAMPLES how many requests of each operation are made up (20), WALK how
// long the links are walked (30), SEED which.
// schemathesis lives in target/schemathesis and is installed there when it is missing: `make test-api` does that.

import { spawn, spawnSync } from "node:child_process";
import { createServer, get } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const binary = process.env["SWITCHBOARD_BIN"] ?? join(root, "target/debug/switchboard");
const fuzzer = join(root, "target/schemathesis/bin/schemathesis");
const examples = process.env["EXAMPLES"] ?? "20";
const seconds = process.env["WALK"] ?? "30";
const seed = process.env["SEED"] ?? "5";

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { stdio: "inherit", cwd: here, ...options });
  if (done.error !== undefined) throw done.error;
  return done.status ?? 1;
}

/** The same, while the receiver answers. */
function running(command, args, options) {
  return new Promise((ended, failed) => {
    spawn(command, args, { stdio: "inherit", ...options })
      .on("error", failed)
      .on("exit", (status) => ended(status ?? 1));
  });
}

function must(what, status) {
  if (status === 0) return;
  console.error(`\n${what} failed`);
  process.exit(1);
}

must("the lint of docs/openapi.json", run("npm", ["run", "--silent", "lint"]));
must("the check of the console's types (renew them: npm run api in crates/console/ui)", run("npm", ["run", "--silent", "types:check"]));

// What webhooks are told: mostly taken, now and then not, and once in a while told to end.
let deliveries = 0;
let arrived;
const first = new Promise((done) => (arrived = done));
const receiver = createServer((request, answer) => {
  deliveries += 1;
  arrived();
  request.resume().on("end", () => answer.writeHead(deliveries % 50 === 0 ? 410 : deliveries % 10 === 0 ? 503 : 204).end());
});
await new Promise((opened) => receiver.listen(0, "127.0.0.1", opened));
const told = `http://127.0.0.1:${receiver.address().port}/told`;

const data = mkdtempSync(join(tmpdir(), "switchboard-api-"));
const server = spawn(binary, ["serve", join(root, "flows/shop"), "--data", data, "--listen", "127.0.0.1:0", "--allow-callback", "127.0.0.1"], {
  stdio: ["ignore", "pipe", "pipe"],
  env: { ...process.env, NO_COLOR: "1" },
});
let said = "";
const listening = new Promise((found, lost) => {
  const read = (piece) => {
    said += piece;
    const shown = /Console\s+(http:\/\/\S+)\/console/.exec(said);
    if (shown !== null) found(shown[1]);
  };
  server.stdout.on("data", read);
  server.stderr.on("data", read);
  server.on("exit", () => lost(new Error(`the server ended:\n${said}`)));
});

async function fuzz() {
  const origin = await listening;
  const document = await (await fetch(`${origin}/api/v1/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const scopes = [...new Set(operations.flatMap((one) => [one["x-scope"], ...(one["x-scope-sometimes"] ?? [])]).filter(Boolean))];
  const made = spawnSync(binary, ["keys", "create", "fuzz", ...scopes.flatMap((scope) => ["--scope", scope]), "--per-minute", "1000000", "--data", data], { encoding: "utf8" });
  const key = /shown once\): (\S+)/.exec(made.stdout)?.[1];
  if (key === undefined) throw new Error(`no key: ${made.stdout}${made.stderr}`);
  const contacts = await fill(origin, key);
  const { keys } = await (await fetch(`${origin}/api/v1/keys`, { headers: { authorization: `Bearer ${key}` } })).json();
  const env = { ...process.env, SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: here, PYTHONDONTWRITEBYTECODE: "1", OWN_KEY: keys.find(({ name }) => name === "fuzz").id, RECEIVER: told };
  const config = join(data, "schemathesis.toml");
  writeFileSync(config, settings(contacts));
  const checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance", "unsupported_method", "ignored_auth", "use_after_free", "ensure_resource_availability"];
  const args = ["--config-file", config, "run", `${origin}/api/v1/openapi.json`, "--checks", checks.join(","), "--max-examples", examples, "--seed", seed, "--workers", "2", "--continue-on-failure", "--request-timeout", "20", "--header", `Authorization: Bearer ${key}`, "--suppress-health-check", "all", "--warnings", "off", "--no-color"];
  const phases = [["--phases", "examples,coverage,fuzzing"], ["--phases", "stateful", "--max-time", seconds]];
  let ended = 0;
  for (const phase of phases) ended = Math.max(ended, await running(fuzzer, [...args, ...phase], { cwd: data, env }));
  const { webhooks } = await (await fetch(`${origin}/api/v1/webhooks`, { headers: { authorization: `Bearer ${key}` } })).json();
  const astray = webhooks.filter(({ url }) => url !== env.RECEIVER);
  if (astray.length > 0) throw new Error(`a webhook tells somebody else: ${astray[0].url}`);
  // On a connection of its own: the one of before was idle for longer than the server keeps it.
  const status = await new Promise((answered, failed) => {
    get(`${origin}/api/v1/contacts?limit=1`, { agent: false, headers: { authorization: `Bearer ${key}` } }, (answer) => answered(answer.resume().statusCode)).on("error", failed);
  });
  if (status !== 200) throw new Error(`afterwards the key is answered ${status}`);
  return ended;
}

/** Where what is made up should mostly be something that is there. */
function settings(contacts) {
  const words = {
    contacts,
    segments: ["fresh", "team"],
    conditions: ["has tag vip", "first_seen within last 30 days", "count(purchase, last 7 days) >= 1", "in segment fresh and not has tag odd", "has tag ("],
  };
  const places = { "path.contact": "contacts", "path.key": "segments", "query.where": "conditions", "body.where": "conditions" };
  const dictionaries = Object.entries(words).map(([name, values]) => `[dictionaries.${name}]\nvalues = ${JSON.stringify(values)}\n`);
  const bound = Object.entries(places).map(([place, name]) => `"${place}" = { dictionary = "${name}", probability = 0.7 }\n`);
  return `${dictionaries.join("\n")}\n[parameters]\n${bound.join("")}`;
}

/** Somebody of every kind to find, and a webhook that was told of them; answers who. */
async function fill(origin, key) {
  const ask = async (method, path, body) => {
    const answer = await fetch(`${origin}/api/v1${path}`, { method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  const contacts = [];
  await ask("POST", "/webhooks", { url: told, events: ["contact.created", "tag.added", "segment.entered"] });
  await ask("POST", "/segments", { key: "fresh", where: "first_seen within last 30 days" });
  await ask("POST", "/segments", { key: "team", static: true, name: "The team" });
  for (let n = 0; n < 30; n += 1) {
    const { id } = await ask("POST", "/contacts", { first_name: `Ana ${n}`, last_name: "Ünlü", tags: n % 2 === 0 ? ["even", "VIP"] : ["odd"], identifiers: [{ kind: "email", value: `ana${n}@example.com`, verified: n % 3 === 0 }] });
    await ask("POST", `/contacts/${id}/events`, { name: "purchase", fields: { total: n, items: [{ sku: "a" }] } });
    await ask("POST", `/contacts/${id}/notes`, { text: `note ${n}` });
    if (n % 5 === 0) await ask("PUT", `/segments/team/members/${id}`);
    contacts.push(id);
  }
  // What is made up later may make no webhook that anything happens for: this one shows that they tell at all.
  const late = new Promise((_, failed) => setTimeout(failed, 60_000, new Error("no webhook was ever told anything")).unref());
  await Promise.race([first, late]);
  return contacts;
}

let status = 1;
try {
  status = await fuzz();
  if (server.exitCode !== null) throw new Error(`the server ended meanwhile:\n${said}`);
  if (/panicked/.test(said)) throw new Error(`the server panicked:\n${said}`);
} finally {
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await new Promise((gone) => server.on("exit", gone));
  receiver.close();
  receiver.closeAllConnections();
  rmSync(data, { recursive: true, force: true });
}
must("schemathesis", status);
