#!/usr/bin/env node
// A Telegram Bot API server for tests: one bot, in memory, with nothing but Node's own modules.
//
// It behaves as the real one where a bot can tell the difference, and it fails on command. It shares no code with the
// product, so what both agree on is the protocol.
//
//   node tests/fakes/telegram-bot-api.mjs [--port 0] [--token 123456:TEST-TOKEN] [--parent-watch]
//
// The first line on stdout is JSON: {"url":"http://127.0.0.1:PORT","token":"…"}. Give the bot that URL as its API
// address. With --parent-watch the server ends when its stdin closes, so that a test that dies leaves nothing behind.
//
// WHAT IT HOLDS
//   getUpdates   long poll; an update is confirmed, and never given again, once a call's offset is above its id; a call
//                without offset gives the earliest that is not confirmed; `limit`, `timeout`, `allowed_updates`; a second
//                call ends the first with 409; 409 while a webhook is set.
//   setWebhook   deliveries as POST with the secret header; one at a time per chat, several chats at once; anything
//                but 2xx is delivered again. deleteWebhook, getWebhookInfo.
//   send*        sendMessage, sendPhoto, sendDocument, sendAudio, sendVoice, sendVideo, sendAnimation, sendSticker,
//                sendLocation; JSON, form and multipart; the limits of the real one (4,096 / 1,024 UTF-16 units, 64 bytes
//                of callback data, entities inside the text); 403 for people who blocked the bot; 400 for unknown chats.
//   the rest     getMe, getFile and GET /file/bot…/…, answerCallbackQuery (400 for ids it did not give out),
//                setMyCommands, deleteMyCommands, getMyCommands, sendChatAction. Other methods: 404. Wrong token: 401.
//
// CONTROL (JSON in, JSON out; never called by a bot)
//   POST /_control/update     an update as Telegram writes it; without update_id it gets the next one -> {update_id}
//   POST /_control/say        {chat_id, text | message: {…any message fields…}, from: {…}} -> {update_id, message_id}
//   POST /_control/press      {chat_id, data, label?, from?}: a press of the newest message that shows that data, or of an
//                             inaccessible old one -> {update_id, callback_query_id}
//   POST /_control/block      {chat_id, blocked}: blocks or unblocks the bot, with the my_chat_member update
//   POST /_control/unknown    {chat_id}: sends to this chat answer 400 "chat not found"
//   POST /_control/redeliver  {update_id, times?}: gives a confirmed update again
//   POST /_control/file       {base64 | size, path?} -> {file_id, file_unique_id, file_size}
//   POST /_control/fault      {method, chat_id?, times?, …}: the next `times` (1) calls of `method` ("file" is a download,
//                             "*" any) fail, by one of
//                               status (+ description, retry_after, html, location): answer that, do nothing
//                               kind "drop_before": cut the connection, do nothing
//                               kind "drop_after": do it, then cut the connection without an answer
//                               kind "truncate": do it, answer half, cut
//                               kind "delay" (ms): do it, but late
//   POST /_control/settings   {explicit_nulls?, webhook_retry_ms?}: write null for every absent field of updates, …
//   POST /_control/reset      forget everything
//   GET  /_control/state      updates, confirmed ids, webhook, commands, faults left
//   GET  /_control/calls      ?method=&chat_id=&at_least=&after=&timeout=: calls in order, failed ones included, each
//                             {no, method, params, files, outcome}; waits until there are `at_least`; &running=1 with
//                             those under way
//   GET  /_control/sent       the same, only messages that reached a chat (a reply that was dropped did reach it)
//   GET  /_control/deliveries webhook deliveries {update_id, status}; `at_least` and `timeout` as above
//   GET  /_control/confirmed  ?at_least=&timeout=: ids confirmed by an offset or a 2xx; waits; &all=1 counts an id each
//                             time it was confirmed

import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import process from "node:process";

const args = new Map();
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i].replace(/^--/, "");
  const next = process.argv[i + 1];
  if (next === undefined || next.startsWith("--")) args.set(name, true);
  else args.set(name, process.argv[++i]);
}
const TOKEN = args.get("token") ?? "123456:TEST-TOKEN";
const BOT = { id: Number(TOKEN.split(":")[0]), is_bot: true, first_name: "Test bot", username: "switchboard_test_bot" };

/** Everything the server remembers. */
let state;
function reset() {
  if (state) {
    state.generation = -1;
    state.poll?.end("reset");
  }
  state = {
    generation: Math.random(),
    nextUpdate: 1000,
    nextMessage: 1,
    updates: [], // not confirmed, by id
    given: new Map(), // every update there ever was, by id
    confirmed: [], // ids in the order they were confirmed
    webhook: null,
    commands: [],
    // By language; under "" those of everybody else.
    commands_in: {},
    calls: [],
    deliveries: [],
    files: new Map(),
    faults: [],
    blocked: new Set(),
    unknown: new Set(),
    queries: new Set(), // callback query ids that may be answered
    keyboards: [], // {chat_id, message} with inline keyboards, newest last
    settings: { explicit_nulls: false, webhook_retry_ms: 50 },
    lanes: new Map(), // webhook: chat -> busy
    poll: null,
  };
}
const waiters = new Set();
function changed() {
  for (const check of [...waiters]) check();
}
reset();

/** An answer that is an error in Telegram's form. */
class Refusal extends Error {
  constructor(code, description, parameters) {
    super(description);
    Object.assign(this, { code, description, parameters });
  }
}
const bad = (text) => new Refusal(400, `Bad Request: ${text}`);

// ---- Updates ----

const OPTIONAL = {
  message: ["sender_chat", "forward_origin", "reply_to_message", "via_bot", "edit_date", "media_group_id", "text", "entities", "caption", "photo",
    "document", "audio", "voice", "video", "video_note", "sticker", "animation", "location", "venue", "contact", "poll", "dice", "reply_markup"],
  from: ["last_name", "username", "language_code", "is_premium"],
  callback_query: ["message", "inline_message_id", "data", "game_short_name"],
};
function withNulls(update) {
  const copy = structuredClone(update);
  const fill = (object, names) => {
    if (object) for (const name of names) object[name] ??= null;
  };
  for (const key of ["message", "edited_message"]) {
    fill(copy[key], OPTIONAL.message);
    fill(copy[key]?.from, OPTIONAL.from);
  }
  fill(copy.callback_query?.from, OPTIONAL.from);
  fill(copy.callback_query, OPTIONAL.callback_query);
  for (const kind of ["message", "edited_message", "callback_query", "my_chat_member", "poll"]) copy[kind] ??= null;
  return copy;
}
const kindOf = (update) => Object.keys(update).find((key) => key !== "update_id" && update[key] !== null);
const chatOf = (update) => {
  const body = update[kindOf(update)] ?? {};
  return body.chat?.id ?? body.message?.chat?.id ?? body.from?.id ?? 0;
};
const shown = (update) => (state.settings.explicit_nulls ? withNulls(update) : update);
const wanted = (update, allowed) => !allowed?.length || allowed.includes(kindOf(update)) || kindOf(update) === undefined;

function push(update) {
  const update_id = update.update_id ?? state.nextUpdate;
  state.nextUpdate = Math.max(state.nextUpdate, update_id) + 1;
  const whole = { ...update, update_id };
  state.given.set(update_id, whole);
  queue(whole);
  return update_id;
}
function queue(update) {
  if (!state.updates.includes(update)) state.updates.push(update);
  state.updates.sort((a, b) => a.update_id - b.update_id);
  state.poll?.wake();
  deliver();
  changed();
}
function confirm(ids) {
  const gone = new Set(ids);
  state.updates = state.updates.filter((update) => !gone.has(update.update_id));
  state.confirmed.push(...ids);
  changed();
}

async function getUpdates(params, socketGone) {
  if (state.webhook) throw new Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
  state.poll?.end("Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
  const offset = Number(params.offset ?? 0);
  const limit = Math.min(Math.max(Number(params.limit ?? 100), 1), 100);
  const allowed = params.allowed_updates;
  if (offset > 0) {
    const done = state.updates.filter((update) => update.update_id < offset).map((update) => update.update_id);
    if (done.length) confirm(done);
  }
  const ready = () => {
    const unwanted = state.updates.filter((update) => !wanted(update, allowed)).map((update) => update.update_id);
    if (unwanted.length) confirm(unwanted);
    return state.updates.slice(0, limit).map(shown);
  };
  const first = ready();
  if (first.length || !Number(params.timeout)) return first;
  return new Promise((resolve, reject) => {
    const poll = {
      wake() {
        const found = ready();
        if (found.length) settle(() => resolve(found));
      },
      end: (why) => settle(() => reject(new Refusal(409, why))),
    };
    const timer = setTimeout(() => settle(() => resolve([])), Number(params.timeout) * 1000);
    const settle = (answer) => {
      clearTimeout(timer);
      if (state.poll === poll) state.poll = null;
      answer();
    };
    state.poll = poll;
    socketGone(() => settle(() => resolve([])));
  });
}

// ---- Webhook ----

function deliver() {
  if (!state.webhook) return;
  const generation = state.generation;
  for (const update of state.updates) {
    const chat = chatOf(update);
    if (state.lanes.get(chat) || !wanted(update, state.webhook.allowed_updates)) continue;
    state.lanes.set(chat, true);
    post(update).then((status) => {
      if (generation !== state.generation) return;
      state.deliveries.push({ update_id: update.update_id, status });
      const ok = status >= 200 && status < 300;
      if (ok) confirm([update.update_id]);
      changed();
      setTimeout(() => {
        if (generation !== state.generation) return;
        state.lanes.delete(chat);
        deliver();
      }, ok ? 0 : state.settings.webhook_retry_ms);
    });
  }
}
function post(update) {
  const { url, secret_token } = state.webhook;
  const body = Buffer.from(JSON.stringify(shown(update)));
  const headers = { "content-type": "application/json", "content-length": body.length };
  if (secret_token) headers["x-telegram-bot-api-secret-token"] = secret_token;
  return new Promise((resolve) => {
    const request = (url.startsWith("https:") ? https : http).request(url, { method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", () => resolve(0));
    });
    request.setTimeout(60_000, () => request.destroy());
    request.on("error", () => resolve(0));
    request.end(body);
  });
}

// ---- Messages out ----

const language = ({ language_code: code = "" }) => {
  if (!/^([a-z]{2})?$/.test(code)) throw bad("invalid language code specified");
  return code;
};
const units = (text) => text.length; // JavaScript counts UTF-16 units, as Telegram does
function checkText(text, entities, limit, what) {
  if (units(text) > limit) throw bad(what === "text" ? "message is too long" : "message caption is too long");
  for (const entity of entities ?? []) {
    if (!Number.isInteger(entity.offset) || !Number.isInteger(entity.length) || entity.length < 1 || entity.offset + entity.length > units(text)) {
      throw bad(`entity beginning at UTF-16 offset ${entity.offset} ends after the end of the text`);
    }
  }
}
function checkMarkup(markup) {
  for (const row of markup?.inline_keyboard ?? []) {
    for (const button of row) {
      if (!button.text) throw bad("inline keyboard button text can't be empty");
      if (button.callback_data !== undefined && (button.callback_data === "" || Buffer.byteLength(button.callback_data) > 64)) throw bad("BUTTON_DATA_INVALID");
      if (button.url !== undefined && !/^(https?|tg):\/\/.+/.test(button.url)) throw bad("inline keyboard button URL is invalid");
      if (button.callback_data === undefined && button.url === undefined) throw bad("can't parse inline keyboard button: text buttons are unallowed in the inline keyboard");
    }
  }
  for (const row of markup?.keyboard ?? []) {
    for (const button of row) if (!(typeof button === "string" ? button : button.text)) throw bad("keyboard button text can't be empty");
  }
}
function send(method, params, files) {
  const chat_id = Number(params.chat_id);
  if (!Number.isSafeInteger(chat_id) || state.unknown.has(chat_id)) throw bad("chat not found");
  if (state.blocked.has(chat_id)) throw new Refusal(403, "Forbidden: bot was blocked by the user");
  checkMarkup(params.reply_markup);
  const message = { message_id: state.nextMessage, from: BOT, chat: { id: chat_id, type: "private", first_name: "Ana" }, date: now() };
  if (method === "sendMessage") {
    if (!params.text?.trim()) throw bad("message text is empty");
    checkText(params.text, params.entities, 4096, "text");
    message.text = params.text;
    if (params.entities) message.entities = params.entities;
  } else if (method === "sendLocation") {
    const [latitude, longitude] = [Number(params.latitude), Number(params.longitude)];
    if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) throw bad("wrong latitude or longitude specified");
    message.location = { latitude, longitude };
  } else {
    const field = method.slice("send".length).toLowerCase();
    const file = files[field] ?? fetched(field, params[field]);
    if (!file) throw bad(`there is no ${field} in the request`);
    if (!file.bytes.length) throw bad("file must be non-empty");
    if (file.bytes.length > (field === "photo" ? 10 : 50) * 1024 * 1024) throw new Refusal(413, "Request Entity Too Large");
    if (field === "photo" && !isPicture(file.bytes)) throw bad("IMAGE_PROCESS_FAILED");
    if (field === "sticker" && params.caption) throw bad("stickers have no caption");
    checkText(params.caption ?? "", params.caption_entities, 1024, "caption");
    if (params.caption) message.caption = params.caption;
    const stored = store(file.bytes, `${field}/${file.name}`);
    message[field] = field === "photo" ? [{ ...stored, width: 90, height: 90 }] : { ...stored, file_name: file.name, mime_type: file.type };
  }
  state.nextMessage += 1;
  if (params.reply_markup?.inline_keyboard) {
    message.reply_markup = params.reply_markup;
    state.keyboards.push({ chat_id, message });
  }
  return message;
}
// A file given by its address is "fetched" from what its path promises: nothing leaves this process. An address with
// "missing" in it is one that the real one could not fetch, one with "page" leads to a web page.
function fetched(field, url) {
  if (typeof url !== "string") return null;
  if (!/^https?:\/\//.test(url)) throw bad("wrong file identifier/HTTP URL specified");
  if (url.includes("missing")) throw bad("failed to get HTTP URL content");
  if (url.includes("page")) throw bad("wrong type of the web page content");
  const name = new URL(url).pathname.split("/").pop();
  if (field === "document" && !/\.(pdf|zip|gif)$/i.test(name)) throw bad("failed to get HTTP URL content");
  return { name, type: "application/octet-stream", bytes: field === "photo" ? Buffer.from("89504e470d0a1a0a", "hex") : Buffer.from(url) };
}
const isPicture = (bytes) =>
  bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) ||
  bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47])) ||
  bytes.subarray(8, 12).toString("latin1") === "WEBP";
const now = () => Math.floor(Date.now() / 1000);

// ---- Files ----

function store(bytes, path) {
  const file_id = `F${createHash("sha256").update(bytes).update(path).digest("hex").slice(0, 24)}`;
  state.files.set(file_id, { bytes, path: `${path}`.replaceAll("..", "_"), size: bytes.length });
  return { file_id, file_unique_id: `U${file_id.slice(1, 12)}`, file_size: bytes.length };
}
function getFile({ file_id }) {
  const file = state.files.get(file_id);
  if (!file) throw bad("invalid file_id");
  if (file.size > 20 * 1024 * 1024) throw bad("file is too big");
  return { file_id, file_unique_id: `U${file_id.slice(1, 12)}`, file_size: file.size, file_path: file.path };
}

// ---- Methods ----

const METHODS = {
  getMe: () => ({ ...BOT, can_join_groups: true, can_read_all_group_messages: false, supports_inline_queries: false }),
  getUpdates: (params, _files, socketGone) => getUpdates(params, socketGone),
  setWebhook(params) {
    if (!params.url) return METHODS.deleteWebhook({});
    if (params.secret_token && !/^[A-Za-z0-9_-]{1,256}$/.test(params.secret_token)) throw bad("secret token contains unallowed characters");
    state.poll?.end("Conflict: terminated by setWebhook request");
    state.webhook = { url: params.url, secret_token: params.secret_token, allowed_updates: params.allowed_updates, max_connections: params.max_connections };
    queueMicrotask(deliver);
    return true;
  },
  deleteWebhook(params) {
    state.webhook = null;
    if (params.drop_pending_updates) confirm(state.updates.map((update) => update.update_id));
    return true;
  },
  getWebhookInfo: () => ({ url: state.webhook?.url ?? "", has_custom_certificate: false, pending_update_count: state.updates.length }),
  setMyCommands(params) {
    if (!Array.isArray(params.commands)) throw bad("can't parse BotCommand: expected an Array");
    for (const { command, description } of params.commands) {
      if (!/^[a-z0-9_]{1,32}$/.test(command ?? "")) throw bad("BOT_COMMAND_INVALID");
      if (!description || units(description) > 256) throw bad("BOT_COMMAND_DESCRIPTION_INVALID");
    }
    if (params.commands.length > 100) throw bad("BOT_COMMANDS_TOO_MUCH");
    state.commands_in[language(params)] = params.commands;
    state.commands = state.commands_in[""] ?? [];
    return true;
  },
  deleteMyCommands(params) {
    delete state.commands_in[language(params)];
    state.commands = state.commands_in[""] ?? [];
    return true;
  },
  getMyCommands: (params) => state.commands_in[language(params)] ?? [],
  sendChatAction(params) {
    if (!["typing", "upload_photo", "upload_document"].includes(params.action)) throw bad("wrong parameter action in request");
    if (state.blocked.has(Number(params.chat_id))) throw new Refusal(403, "Forbidden: bot was blocked by the user");
    return true;
  },
  answerCallbackQuery(params) {
    if (!state.queries.has(params.callback_query_id)) throw bad("query is too old and response timeout expired or query ID is invalid");
    return true;
  },
  getFile: (params) => getFile(params),
};
for (const method of ["sendMessage", "sendPhoto", "sendDocument", "sendAudio", "sendVoice", "sendVideo", "sendAnimation", "sendSticker", "sendLocation"]) {
  METHODS[method] = (params, files) => send(method, params, files);
}

// ---- The bot's side of HTTP ----

function faultFor(method, chat_id) {
  const index = state.faults.findIndex((fault) => (fault.method === method || fault.method === "*") && (fault.chat_id === undefined || String(fault.chat_id) === String(chat_id)));
  if (index < 0) return null;
  const fault = state.faults[index];
  fault.times -= 1;
  if (fault.times <= 0) state.faults.splice(index, 1);
  return fault;
}
function answer(response, status, body, headers = {}) {
  if (response.writableEnded || response.destroyed) return;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
  response.end(bytes);
}
function refuse(response, { code, description, parameters }) {
  answer(response, code, { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) });
}
function failAs(response, fault) {
  const status = fault.status;
  if (fault.html) return answer(response, status, "<html><body>Bad gateway</body></html>", { "content-type": "text/html" });
  if (fault.location) return answer(response, status, "", { location: fault.location });
  const words = { 401: "Unauthorized", 403: "Forbidden: bot was blocked by the user", 409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", 429: `Too Many Requests: retry after ${fault.retry_after ?? 1}`, 500: "Internal Server Error", 502: "Bad Gateway" };
  const parameters = status === 429 ? { retry_after: fault.retry_after ?? 1 } : undefined;
  refuse(response, { code: status, description: fault.description ?? words[status] ?? "Bad Request: made to fail", parameters });
}

async function botCall(method, request, response, query) {
  const { params, files } = await readParams(request, query);
  const call = { no: state.calls.length + 1, method, params, files: Object.fromEntries(Object.entries(files).map(([field, file]) => [field, describe(file)])), outcome: "running" };
  state.calls.push(call);
  changed();
  const fault = faultFor(method, params.chat_id);
  const finish = (outcome) => {
    call.outcome = outcome;
    changed();
  };
  if (fault?.status) {
    finish(`fault ${fault.status}`);
    return failAs(response, fault);
  }
  if (fault?.kind === "drop_before") {
    finish("drop_before");
    return request.socket.destroy();
  }
  if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 1000));
  let result;
  try {
    if (!METHODS[method]) throw new Refusal(404, "Not Found: method not found");
    result = await METHODS[method](params, files, (gone) => response.on("close", gone));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    finish(`${error.code}`);
    return refuse(response, error);
  }
  if (method.startsWith("send") && method !== "sendChatAction") call.message = result;
  finish(fault?.kind ?? "ok");
  if (fault?.kind === "drop_after") return request.socket.destroy();
  const body = Buffer.from(JSON.stringify({ ok: true, result }));
  if (fault?.kind === "truncate") {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
    return;
  }
  answer(response, 200, body);
}
const describe = (file) => ({ name: file.name, type: file.type, size: file.bytes.length, sha256: createHash("sha256").update(file.bytes).digest("hex") });

function download(path, request, response) {
  const fault = faultFor("file");
  state.calls.push({ no: state.calls.length + 1, method: "file", params: { path }, files: {}, outcome: fault ? "fault" : "ok" });
  changed();
  if (fault?.status) return failAs(response, fault);
  if (fault?.kind === "drop_before") return request.socket.destroy();
  const file = [...state.files.values()].find((candidate) => candidate.path === path);
  if (!file) return refuse(response, { code: 404, description: "Not Found" });
  const bytes = file.bytes ?? Buffer.alloc(file.size);
  if (fault?.kind === "truncate" || fault?.kind === "drop_after") {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
    return;
  }
  setTimeout(() => answer(response, 200, bytes, { "content-type": "application/octet-stream" }), fault?.ms ?? 0);
}

async function readBody(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}
const JSON_FIELDS = ["reply_markup", "entities", "caption_entities", "allowed_updates", "commands", "scope", "link_preview_options"];
async function readParams(request, query) {
  const body = await readBody(request);
  const type = request.headers["content-type"] ?? "";
  let params = Object.fromEntries(query);
  const files = {};
  if (type.startsWith("application/json")) params = { ...params, ...JSON.parse(body.toString() || "{}") };
  else if (type.startsWith("application/x-www-form-urlencoded")) params = { ...params, ...Object.fromEntries(new URLSearchParams(body.toString())) };
  else if (type.startsWith("multipart/form-data")) readMultipart(body, /boundary="?([^";]+)"?/.exec(type)[1], params, files);
  for (const field of JSON_FIELDS) if (typeof params[field] === "string") params[field] = JSON.parse(params[field]);
  return { params, files };
}
function readMultipart(body, boundary, params, files) {
  const mark = Buffer.from(`--${boundary}`);
  let at = body.indexOf(mark);
  while (at >= 0) {
    const begin = at + mark.length;
    const end = body.indexOf(mark, begin);
    if (end < 0) return;
    const part = body.subarray(begin + 2, end - 2); // without the line ends around it
    const split = part.indexOf("\r\n\r\n");
    const head = part.subarray(0, split).toString();
    const content = Buffer.from(part.subarray(split + 4));
    const name = /name="([^"]*)"/.exec(head)?.[1];
    const file = /filename\*=utf-8''([^\s;]+)/i.exec(head)?.[1];
    const plain = /filename="((?:\\.|[^"\\])*)"/.exec(head)?.[1];
    if (file !== undefined || plain !== undefined) {
      files[name] = { name: file !== undefined ? decodeURIComponent(file) : plain.replace(/\\(.)/g, "$1"), type: /content-type:\s*(\S+)/i.exec(head)?.[1], bytes: content };
    } else params[name] = content.toString();
    at = end;
  }
}

// ---- Control ----

const person = (chat_id, from) => ({ id: chat_id, is_bot: false, first_name: "Ana", ...from });
const privateChat = (chat_id, from) => ({ id: chat_id, type: "private", first_name: from?.first_name ?? "Ana" });
const CONTROL = {
  "POST update": (body) => ({ update_id: push(body) }),
  "POST say"({ chat_id, text, message, from }) {
    const message_id = state.nextMessage++;
    const whole = { message_id, from: person(chat_id, from), chat: privateChat(chat_id, from), date: now(), ...(text === undefined ? {} : { text }), ...message };
    return { update_id: push({ message: whole }), message_id };
  },
  "POST press"({ chat_id, data, from }) {
    const found = state.keyboards.findLast((kept) => kept.chat_id === chat_id && kept.message.reply_markup.inline_keyboard.flat().some((button) => button.callback_data === data));
    const id = randomUUID();
    state.queries.add(id);
    const message = found?.message ?? { message_id: 1, date: 0, chat: privateChat(chat_id, from) };
    return { callback_query_id: id, update_id: push({ callback_query: { id, from: person(chat_id, from), message, chat_instance: "1", data } }) };
  },
  "POST block"({ chat_id, blocked = true }) {
    if (blocked) state.blocked.add(chat_id);
    else state.blocked.delete(chat_id);
    const member = (status) => ({ user: BOT, status, ...(status === "kicked" ? { until_date: 0 } : {}) });
    const change = { chat: privateChat(chat_id), from: person(chat_id), date: now(), old_chat_member: member(blocked ? "member" : "kicked"), new_chat_member: member(blocked ? "kicked" : "member") };
    return { update_id: push({ my_chat_member: change }) };
  },
  "POST unknown"({ chat_id }) {
    state.unknown.add(chat_id);
    return {};
  },
  "POST redeliver"({ update_id }) {
    const update = state.given.get(update_id);
    if (!update) throw bad("there is no such update");
    queue(update);
    return {};
  },
  "POST file"({ base64, size, path }) {
    const bytes = base64 === undefined ? Buffer.alloc(Math.min(size, 1024)) : Buffer.from(base64, "base64");
    const stored = store(bytes, path ?? `files/${randomUUID()}.bin`);
    if (size !== undefined) Object.assign(state.files.get(stored.file_id), { size, bytes: size <= 1024 ? bytes : null });
    return { ...stored, file_size: size ?? bytes.length };
  },
  "POST fault"(fault) {
    state.faults.push({ times: 1, ...fault });
    return {};
  },
  "POST settings"(settings) {
    Object.assign(state.settings, settings);
    return state.settings;
  },
  "POST reset"() {
    reset();
    return {};
  },
  "GET state": () => ({ pending: state.updates.map((update) => update.update_id), confirmed: state.confirmed, webhook: state.webhook, commands: state.commands, commands_in: state.commands_in, faults: state.faults, polling: state.poll !== null }),
  "GET calls": (_body, query) => wait(query, () => callsOf(query)),
  "GET sent": (_body, query) => wait(query, () => callsOf(query).filter((call) => call.message)),
  "GET deliveries": (_body, query) => wait(query, () => state.deliveries),
  "GET confirmed": (_body, query) => wait(query, () => (query.has("all") ? state.confirmed : [...new Set(state.confirmed)])),
};
function callsOf(query) {
  const [method, chat, after] = [query.get("method"), query.get("chat_id"), Number(query.get("after") ?? 0)];
  return state.calls.filter((call) => call.no > after && (query.has("running") || call.outcome !== "running") && (!method || call.method === method) && (!chat || String(call.params.chat_id) === chat));
}
/** Answers once there are `at_least` things, or with what there is after `timeout` ms. */
function wait(query, list) {
  const enough = Number(query.get("at_least") ?? 0);
  return new Promise((resolve) => {
    const done = () => {
      waiters.delete(check);
      clearTimeout(timer);
      resolve(list());
    };
    const check = () => list().length >= enough && done();
    const timer = setTimeout(done, Number(query.get("timeout") ?? 10_000));
    waiters.add(check);
    check();
  });
}

async function control(name, request, response, query) {
  const handler = CONTROL[`${request.method} ${name}`];
  if (!handler) return answer(response, 404, { error: `there is no ${request.method} /_control/${name}` });
  const body = await readBody(request);
  try {
    answer(response, 200, await handler(body.length ? JSON.parse(body.toString()) : {}, query));
  } catch (error) {
    answer(response, 400, { error: `${error.message}` });
  }
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://fake");
  const [, first, ...rest] = url.pathname.split("/");
  const handle = async () => {
    if (first === "_control") return control(rest.join("/"), request, response, url.searchParams);
    const token = first === "file" ? rest.shift() : first;
    if (!token?.startsWith("bot")) return refuse(response, { code: 404, description: "Not Found" });
    if (decodeURIComponent(token.slice(3)) !== TOKEN) {
      await readBody(request);
      return refuse(response, { code: 401, description: "Unauthorized" });
    }
    // The real one does not mind how a method is capitalised.
    const method = Object.keys(METHODS).find((name) => name.toLowerCase() === rest[0]?.toLowerCase()) ?? rest[0] ?? "";
    if (first === "file") return download(decodeURIComponent(rest.join("/")), request, response);
    return botCall(method, request, response, url.searchParams);
  };
  handle().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    refuse(response, { code: 500, description: "Internal Server Error" });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(args.get("port") ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, token: TOKEN })}\n`);
});
if (args.get("parent-watch")) {
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
