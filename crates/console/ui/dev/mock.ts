// A small in-memory desk for `npm run dev` without the binary. Never part of a build.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { book } from "./book.ts";
import type { Picture } from "../src/flows/types.ts";
import type { FileRef, JourneyLine, Line, MessageLine, PersonView, Row } from "../src/types.ts";

const ID = "01K9Z3N8YQ4V7T2R5W6X8A";
const con = (n: number): string => `con_${ID}${String(1000 + n)}`;
const cnv = (n: number): string => `cnv_${ID}${String(1000 + n)}`;

interface Chat {
  row: Row;
  owner: "bot" | "queue" | "agent";
  lines: Line[];
  journey: JourneyLine[];
  notes: PersonView["notes"];
}

function makeChats(): Map<string, Chat> {
  const now = Date.now();
  const chats = new Map<string, Chat>();
  const add = (n: number, name: string, state: Row["state"], group: string, channel: string, minutes: number, text: string, lines: number): void => {
    const start = now - minutes * 60_000 - lines * 40_000;
    const list: Line[] = [];
    const say = (m: Partial<MessageLine>): void => {
      const no = list.length + 1;
      list.push({ line: "message", no, id: `msg_${n}_${no}`, at: start + no * 40_000, from: "customer", text: "", files: [], buttons: [], quick_replies: [], delivery: { state: "received" }, ...m } as MessageLine);
    };
    say({ from: "bot", block: "welcome.hello", text: "Hi! I am the shop's assistant. What can I do for you?", delivery: { state: "sent" }, buttons: [{ label: "Track an order", token: "t1" }, { label: "Talk to a person", token: "t2" }, { label: "Opening hours", url: "https://shop.example/hours" }] });
    say({ text: "Track an order", pressed: "t1" });
    for (let i = 0; i < lines; i += 1) say(i % 2 === 0 ? { from: "bot", block: "order-help.ask", text: `Question ${i + 1}: what is your order number?`, delivery: { state: "sent" } } : { text: `It is number ${4100 + i}. See https://shop.example/orders/${4100 + i}.` });
    say({ text: "Here is what arrived.", files: [{ id: "a".repeat(64), name: "broken-lamp.png", mime: "image/png", size: 48_213, kind: "image" }, { id: "b".repeat(64), name: "invoice 2026-03.pdf", mime: "application/pdf", size: 182_000, kind: "file" }] });
    say({ from: "bot", block: "order-help.person", text: "A specialist will join right away. You are number 1 in line.", delivery: { state: state === "missed" ? "unknown" : "sent" } });
    if (state === "active") {
      say({ from: "system", text: "Bea joined the chat", delivery: { state: "sent" } });
      say({ from: "agent", name: "Bea", text: "Hello, I am Bea. Sorry about the lamp! I have the order in front of me.", delivery: { state: "sent" } });
      say({ from: "agent", name: "Bea", text: "Would you like a new one or the money back?", delivery: { state: "failed", reason: "the address is unreachable" } });
    }
    say({ text });
    chats.set(cnv(n), {
      notes: [],
      owner: state === "active" ? "agent" : state === "waiting" ? "queue" : "bot",
      lines: list,
      row: { request: `req_${n}`, contact: con(n), conversation: cnv(n), group, name, channel, since: now - minutes * 60_000, state, position: state === "waiting" ? n : null, agent_name: state === "active" ? "Bea" : null, last_text: text, last_at: list[list.length - 1]?.at ?? now, waiting_customer: true },
      journey: [
        { id: "j9", at: now - minutes * 60_000, kind: "desk", text: `Asked for a person in ${group}`, by: "flow", block: "order-help.person", elsewhere: false },
        { id: "j8", at: now - minutes * 60_000 - 20_000, kind: "block", text: "took exit vip_delay", by: "flow", block: "order-help.tier", elsewhere: false },
        { id: "j7", at: now - minutes * 60_000 - 30_000, kind: "segment", text: "Entered segment VIP customers", by: "system", block: null, elsewhere: false },
        { id: "j6", at: now - minutes * 60_000 - 40_000, kind: "tag", text: "Tag added: order-help", by: "flow", block: "order-help.look", elsewhere: false },
        { id: "j5", at: now - minutes * 60_000 - 50_000, kind: "attribute", text: "Order number: 41", by: "customer", block: "order-help.number", elsewhere: false },
        { id: "j4", at: now - 86_400_000, kind: "run", text: "Skill welcome began (first message)", by: "customer", block: null, elsewhere: false },
      ],
    });
  };
  add(1, "Ana Ruiz", "waiting", "support", "web", 3, "Is anybody there? The lamp is broken.", 4);
  add(2, "مريم العلي", "waiting", "sales", "telegram", 1, "مرحبا، أريد عرض سعر من فضلك", 0);
  add(3, "Oluwaseun Adeyemi-Featherstonehaugh", "active", "support", "telegram", 12, "A new one, please. When would it arrive?", 160);
  add(4, "Visitor 8QZK", "missed", "support", "web", 190, "OK, I will come back tomorrow", 2);
  return chats;
}

const PICTURE: Picture = {
  bot: "Shop assistant",
  version: "v2",
  skills: [
    {
      name: "order-help", title: "Order help", built_in: false, guarded: false, catches: ["command /order", "a keyword", "event order_delayed"],
      blocks: [
        { name: "ask", kind: "text", group: "messages", summary: "Hi ${first_name | default(\"there\")}! What is your order number?", rests: "no", conditional: false, concerns: [], exits: [{ name: "next", to: { block: "number" }, timed: false }] },
        { name: "number", kind: "listen", group: "messages", summary: "order_number", rests: "asks", conditional: false, concerns: [], exits: [{ name: "timeout", to: { block: "nudge" }, timed: false }, { name: "invalid", to: { skill: "talk" }, timed: false }, { name: "next", to: { block: "look" }, timed: false }] },
        { name: "look", kind: "json", group: "data", summary: "get: https://shop.example/orders/${order_number}", rests: "waits", conditional: false, concerns: [], exits: [{ name: "error", to: { skill: "talk" }, timed: false }, { name: "next", to: { block: "tier" }, timed: false }] },
        { name: "tier", kind: "switch", group: "logic", summary: "in segment vip and order_status = \"delayed\"", rests: "no", conditional: false, concerns: [], exits: [{ name: "case 1", to: { block: "vip" }, timed: false }, { name: "else", to: { block: "report" }, timed: false }] },
        { name: "vip", kind: "send", group: "events", summary: "vip_delayed", rests: "no", conditional: false, concerns: [], exits: [{ name: "next", to: { skill: "talk" }, timed: false }] },
        { name: "report", kind: "text", group: "messages", summary: "Your order is ${order_status}.", rests: "asks", conditional: false, concerns: ["W0202: \"report\" waits for a choice with neither other nor timeout"], exits: [{ name: "Thanks!", to: "end", timed: false }, { name: "Another order", to: { block: "ask" }, timed: false }, { name: "Talk to a person", to: { skill: "talk" }, timed: false }] },
        { name: "nudge", kind: "text", group: "messages", summary: "Still there? Send me the number whenever you are ready.", rests: "no", conditional: true, concerns: [], exits: [{ name: "next", to: { block: "number" }, timed: false }] },
      ],
    },
    { name: "talk", title: "Talk", built_in: false, guarded: false, catches: ["event vip_delayed"], blocks: [{ name: "person", kind: "live_chat", group: "events", summary: "group: support · timeout: 5m", rests: "hands_over", conditional: false, concerns: [], exits: [{ name: "next", to: "end", timed: false }] }] },
  ],
  links: [
    { from: "order-help", block: "number", to: "talk", how: "leaves", name: "invalid" },
    { from: "order-help", block: "look", to: "talk", how: "leaves", name: "error" },
    { from: "order-help", block: "vip", to: "talk", how: "raises", name: "vip_delayed" },
  ],
};

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==", "base64");

export function mock(): Plugin {
  const chats = makeChats();
  let signedIn = true;
  let accepting = true;
  const streams = new Set<ServerResponse>();
  const tell = (event: string, data: string): void => streams.forEach((s) => s.write(`event: ${event}\ndata: ${data}\n\n`));
  const answer = (res: ServerResponse, status: number, body?: unknown): void => {
    res.statusCode = status;
    res.setHeader("content-type", "application/json");
    res.end(body === undefined ? "" : JSON.stringify(body));
  };
  const body = async (req: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const append = (chat: Chat, m: Partial<MessageLine>): void => {
    const no = chat.lines.length + 1;
    chat.lines.push({ line: "message", no, id: `msg_x_${chat.row.conversation}_${no}`, at: Date.now(), from: "customer", text: "", files: [], buttons: [], quick_replies: [], delivery: { state: "received" }, ...m } as MessageLine);
    chat.row.last_text = m.text ?? null;
    chat.row.last_at = Date.now();
    chat.row.waiting_customer = m.from === undefined || m.from === "customer";
    tell("conversation", chat.row.conversation);
  };
  const person = (chat: Chat): PersonView => ({
    id: chat.row.contact,
    name: chat.row.name,
    status: "active",
    source: "organic",
    first_seen: Date.now() - 3 * 86_400_000,
    last_seen: chat.row.last_at ?? Date.now(),
    attributes: [
      { name: "plan", type: "enum", personal: false, value: "gold" },
      { name: "order_number", type: "number", personal: false, value: 41 },
      { name: "phone", type: "phone", personal: true, value: "+34 600 100 200" },
    ],
    system: [{ name: "language", value: "es" }, { name: "country", value: "ES" }],
    tags: [{ label: "order-help", at: Date.now(), by: "order-help" }, { label: "lamp", at: Date.now(), by: "order-help" }],
    computed: [{ name: "age", type: "number", value: 34 }],
    segments: [{ key: "vip", name: "VIP customers", since: Date.now() - 5 * 86_400_000 }, { key: "returning", name: "Returning", since: null }],
    notes: chat.notes,
    addresses: [{ channel: chat.row.channel, id: "x", unreachable: null }],
    conversation: {
      id: chat.row.conversation,
      channel: chat.row.channel,
      owner: chat.owner,
      request: { id: chat.row.request, group: chat.row.group, since: chat.row.since, state: chat.row.state, agent_name: chat.row.agent_name },
      can: { take: chat.row.state === "waiting", say: chat.row.state !== "waiting", resolve: chat.row.state === "active", dismiss: chat.row.state === "missed" },
    },
  });
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? "/", "http://x");
    const path = url.pathname.replace("/console/api", "");
    if (path === "/sign-in") {
      const { password } = JSON.parse((await body(req)).toString()) as { password: string };
      signedIn = password === "switchboard";
      return signedIn ? answer(res, 200, {}) : answer(res, 401, { code: "wrong_credentials", detail: "The login or the password is not right." });
    }
    if (!signedIn) return answer(res, 401, { code: "signed_out", detail: "Sign in first." });
    if (path === "/sign-out") {
      signedIn = false;
      return answer(res, 204);
    }
    if (path === "/me") return answer(res, 200, { agent: { id: "agt_01K9Z3N8YQ4V7T2R5W6X8A9B0C", name: "Bea Moreno", login: "bea", groups: ["support", "sales"] }, bot: "Shop assistant", accepting, file_limit: 10_000_000 });
    if (path === "/desk") {
      const rows = [...chats.values()].map((c) => c.row);
      return answer(res, 200, { accepting, queue: rows.filter((r) => r.state === "waiting"), mine: rows.filter((r) => r.state === "active"), missed: rows.filter((r) => r.state === "missed"), others: 2, reload_error: null });
    }
    if (path === "/accepting") {
      accepting = (JSON.parse((await body(req)).toString()) as { accepting: boolean }).accepting;
      tell("desk", "");
      return answer(res, 204);
    }
    if (path === "/flows") return answer(res, 200, PICTURE);
    if (path === "/flows/resting") return answer(res, 200, { version: "v2", places: [{ version: "v2", skill: "order-help", block: "number", runs: 12 }, { version: "v1", skill: "order-help", block: "number", runs: 3 }, { version: "v1", skill: "order-help", block: "old-question", runs: 2 }, { version: "v2", skill: "talk", block: "person", runs: 4 }] });
    if (path === "/skills") return answer(res, 200, { skills: ["welcome", "order-help", "quotation"] });
    if (path === "/stream") {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write("event: hello\ndata: \n\n");
      streams.add(res);
      const beat = setInterval(() => res.write("event: beat\ndata: \n\n"), 10_000);
      res.on("close", () => {
        streams.delete(res);
        clearInterval(beat);
      });
      return;
    }
    const match = /^\/contacts\/[^/]+\/conversations\/([^/]+)(?:\/(.*))?$/u.exec(path);
    const chat = chats.get(match?.[1] ?? "");
    if (chat === undefined) return answer(res, 404, { code: "not_found", detail: "There is no such conversation." });
    const what = match?.[2] ?? "";
    if (what === "") return answer(res, 200, person(chat));
    if (what === "messages" && req.method === "GET") {
      const limit = Number(url.searchParams.get("limit"));
      const before = Number(url.searchParams.get("before") ?? chat.lines.length + 1);
      const after = url.searchParams.has("after") ? Number(url.searchParams.get("after")) : Math.max(0, before - 1 - limit);
      const upTo = url.searchParams.has("after") ? after + limit : before - 1;
      await new Promise((r) => setTimeout(r, 80));
      return answer(res, 200, { lines: chat.lines.slice(after, upTo), last: chat.lines.length });
    }
    if (what === "messages") {
      const said = JSON.parse((await body(req)).toString()) as { text: string; client_id: string; files: string[] };
      const files: FileRef[] = said.files.map((id) => ({ id, name: "file.png", mime: "image/png", size: 68, kind: "image" }));
      await new Promise((r) => setTimeout(r, 300));
      chat.row.state = "active";
      chat.owner = "agent";
      append(chat, { from: "agent", name: "Bea", text: said.text, files, client_id: said.client_id, delivery: { state: "sent" } });
      setTimeout(() => tell("typing", chat.row.conversation), 800);
      setTimeout(() => append(chat, { text: "Thank you!" }), 3_000);
      return answer(res, 200, { id: "msg" });
    }
    if (what === "notes") {
      chat.notes.unshift({ at: Date.now(), by: "Bea", text: (JSON.parse((await body(req)).toString()) as { text: string }).text });
      return answer(res, 201);
    }
    if (what === "journey") return answer(res, 200, { entries: chat.journey, more: false });
    if (what === "files") {
      await body(req);
      return answer(res, 200, { id: "c".repeat(64), name: url.searchParams.get("name"), mime: "image/png", size: 68, kind: "image" });
    }
    if (what.startsWith("files/")) {
      res.writeHead(200, { "content-type": "image/png" });
      return void res.end(PIXEL);
    }
    if (what === "take") {
      chat.row.state = "active";
      chat.row.agent_name = "Bea";
      chat.owner = "agent";
      append(chat, { from: "system", text: "Bea joined the chat", delivery: { state: "sent" } });
    }
    if (what === "resolve" || what === "dismiss") {
      chats.delete(chat.row.conversation);
      tell("desk", "");
    }
    return answer(res, 204);
  };
  const contacts = book();
  return {
    name: "mock-desk",
    configureServer(server) {
      server.middlewares.use((req, res, next) => {
        if (req.url?.startsWith("/api/v1/") === true) void contacts(req, res);
        else if (req.url?.startsWith("/console/api/") === true) void handle(req, res);
        else next();
      });
    },
  };
}
