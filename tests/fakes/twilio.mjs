// A provider of text messages that speaks the documented REST interface: account and token as credentials, a form, an answer in JSON,
// and signed reports of what became of a message. It prints where it is, then each message it took and what its reports were answered.
//
// node twilio.mjs ACCOUNT TOKEN
// Reports are sent to the origin that is written to its standard input; they are signed for the address they were ordered for.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const [, , account, token] = process.argv;
let origin = null;
let count = 0;

const signature = (address, fields) => {
  const written = [...fields].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => name + value);
  return createHmac("sha1", token).update(address + written.join(""), "utf8").digest("base64");
};

const report = async (address, fields, signed) => {
  const target = new URL(address);
  const answer = await fetch(origin + target.pathname + target.search, {
    method: "POST",
    headers: { "X-Twilio-Signature": signed },
    body: new URLSearchParams(fields),
  });
  return answer.status;
};

const server = createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const expected = "Basic " + Buffer.from(`${account}:${token}`).toString("base64");
  if (request.method !== "POST" || request.url !== `/2010-04-01/Accounts/${account}/Messages.json`) return answer(404, { code: 20404, status: 404 });
  if (request.headers.authorization !== expected) return answer(401, { code: 20003, message: "Authenticate", status: 401 });
  if (request.headers["content-type"] !== "application/x-www-form-urlencoded") return answer(415, { code: 20415, status: 415 });
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString("utf8")));
  if (!form.To || !form.From || !form.Body) return answer(400, { code: 21604, message: "A parameter is missing", status: 400 });
  if (form.To.endsWith("400")) return answer(400, { code: 21211, message: `Invalid 'To' ${form.To}`, status: 400 });
  const sid = `SM${String(++count).padStart(32, "0")}`;
  answer(201, { sid, status: "queued", to: form.To, from: form.From });
  const reports = [];
  if (form.StatusCallback && origin) {
    const base = [["AccountSid", account], ["MessageSid", sid], ["To", form.To]];
    const lost = form.To.endsWith("404");
    const last = lost ? [...base, ["MessageStatus", "undelivered"], ["ErrorCode", "30003"]] : [...base, ["MessageStatus", "delivered"]];
    const sent = [...base, ["MessageStatus", "sent"]];
    reports.push(await report(form.StatusCallback, sent, signature(form.StatusCallback, sent)));
    // Somebody who does not know the token.
    reports.push(await report(form.StatusCallback, last, signature(form.StatusCallback + "x", last)));
    reports.push(await report(form.StatusCallback, last, signature(form.StatusCallback, last)));
    // Providers report twice.
    reports.push(await report(form.StatusCallback, last, signature(form.StatusCallback, last)));
  }
  console.log(JSON.stringify({ to: form.To, from: form.From, body: form.Body, reports }));
});

server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => { origin = line.trim(); });
// It ends with whoever started it.
lines.on("close", () => process.exit(0));
