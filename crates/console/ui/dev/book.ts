// A made-up contact book for `npm run dev` without the binary. Never part of a build.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { BulkJob, Consent, JourneyEntry, Note, Person, SegmentLine } from "../src/book/types.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const idOf = (n: number): string => `con_01K9Z3N8YQ4V7T2R5W6X${[...Array(6).keys()].map((k) => ALPHABET[Math.floor(n / 32 ** (5 - k)) % 32]).join("")}`;
const FIRST = ["Ana", "Bea", "Chidi", "Dörte", "Emre", "Farah", "Gwen", "Hiro", "Ines", "Jorge", "مريم", "李"];
const LAST = ["Ruiz", "Adeyemi-Featherstonehaugh", "Sato", "Kaya", "Müller", "Okafor", "Ó Briain", "Nguyễn"];
const day = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

function people(now: number): Person[] {
  return Array.from({ length: 12_000 }, (_, n): Person => {
    const [first, last] = [FIRST[n % FIRST.length] ?? "", LAST[(n * 7) % LAST.length] ?? ""];
    const name = n === 3 ? "\u202Egnp.exe<script>alert(1)</script>" : n === 5 ? "W".repeat(300) : `${first} ${last}`;
    return {
      id: idOf(n),
      name,
      status: n % 41 === 0 ? "blocked" : "active",
      source: n % 5 === 0 ? "import" : "organic",
      state: "closed",
      first_message: null,
      counters: { messages: n % 9, session_messages: 1, template_messages: 0, unresolved_requests: 0 },
      first_seen: iso(now - n * day * 0.05 - day),
      last_seen: iso(now - (n % 900) * 3_600_000),
      attributes: { plan: n % 3 === 0 ? "gold" : "free", orders: n % 17, email: `person${n}@shop.example`, interests: ["tea", "cats"], birthday: "1990-03-02" },
      system: { language: "es", country: "ES" },
      tags: n % 4 === 0 ? [{ label: "vip", since: iso(now - day), why: "manual" }, { label: "order help", since: iso(now - 2 * day), why: "flow order-help.ask" }] : [],
      addresses: [{ channel: n % 2 === 0 ? "web" : "telegram", id: `v-${n}`, reachable: n % 13 !== 0 }],
      identifiers: [{ kind: "email", value: `person${n}@shop.example`, since: iso(now - day), verified: n % 2 === 0 ? iso(now - day) : null }],
      segments: n % 3 === 0 ? [{ key: "vip", name: "VIP customers", since: iso(now - 3 * day) }] : [],
    };
  });
}

const SEGMENTS: SegmentLine[] = [
  { key: "vip", name: "VIP customers", description: "For the spring campaign", where: "orders >= 5 and sum(purchase.total) >= 1000", static: false, exclude: ["refunded"], verified: false, origin: "file", valid: true, state: "ready", problem: null, size: 4_000 },
  { key: "quiet", name: "Gone quiet", description: null, where: "last(purchase) older than 30 days", static: false, exclude: [], verified: false, origin: "stored", valid: true, state: "ready", problem: null, size: 812 },
  { key: "panel", name: "Tasting panel", description: null, where: null, static: true, exclude: [], verified: false, origin: "file", valid: true, state: "ready", problem: null, size: 0 },
  { key: "broken", name: "Broken one", description: null, where: "cuntry = US", static: false, exclude: [], verified: false, origin: "stored", valid: false, state: "invalid", problem: "there is no attribute \"cuntry\"; did you mean \"country\"?", size: 0 },
];

export function book() {
  const all = people(Date.now());
  const notes = new Map<string, Note[]>();
  const consents = new Map<string, Consent[]>();
  const jobs = new Map<string, BulkJob>();
  const answer = (res: ServerResponse, status: number, body?: unknown, tag?: string): void => {
    res.statusCode = status;
    res.setHeader("content-type", "application/json");
    if (tag !== undefined) res.setHeader("etag", tag);
    res.end(body === undefined ? "" : JSON.stringify(body));
  };
  const matching = (where: string): Person[] => (where.includes("vip") ? all.filter((p) => p.tags.length > 0) : where.includes("gold") ? all.filter((p) => p.attributes["plan"] === "gold") : all);
  const faulty = (where: string): unknown => {
    const at = where.indexOf("ordrs");
    return at < 0 ? null : { code: "condition", detail: "there is no attribute \"ordrs\"", errors: [{ code: "E0310", message: "there is no attribute \"ordrs\"", help: null, start: at, end: at + 5, suggestion: "orders" }] };
  };
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? "/", "http://x");
    const [, what, key, more, last] = url.pathname.replace("/api/v1", "").split("/").map(decodeURIComponent);
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = (chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())) as Record<string, unknown>;
    const limit = Number(url.searchParams.get("limit") ?? 100);
    await new Promise((done) => setTimeout(done, 60));
    if (what === "contacts" && key === undefined) {
      const where = url.searchParams.get("where") ?? "";
      if (faulty(where) !== null) return answer(res, 422, faulty(where));
      const rows = matching(where);
      const from = Number(url.searchParams.get("cursor") ?? 0);
      return answer(res, 200, { contacts: rows.slice(from, from + limit), next_cursor: from + limit < rows.length ? String(from + limit) : null, ...(where === "" ? {} : { total: rows.length }) });
    }
    if (what === "contacts" && key === "find") {
      const q = (url.searchParams.get("q") ?? "").toLocaleLowerCase();
      const found = all.filter((p) => [p.name, p.id, String(p.attributes["email"])].some((t) => t.toLocaleLowerCase().includes(q)));
      return answer(res, 200, { contacts: found.slice(0, limit), total: found.length });
    }
    if (what === "contacts" && (key === "bulk" || key === "bulk-erase")) {
      const where = String(body["where"]);
      const found = matching(where).length;
      if (body["dry_run"] === true) return answer(res, 200, { found, people: where, sample: matching(where).slice(0, 5).map((p) => ({ id: p.id, name: p.name })), goes: null, stops: null, suppression_hashes: null });
      const job: BulkJob = { id: `aud_${jobs.size}`, kind: key === "bulk" ? "change" : "erase", where, by: { kind: "agent", name: "Bea Moreno" }, stage: "changing", why: null, found, done: 0, failed: 0, at: iso(Date.now()), ended: null };
      jobs.set(job.id, job);
      return answer(res, 202, job);
    }
    if (what === "bulk") {
      const job = jobs.get(key ?? "");
      if (job === undefined) return answer(res, 404, { code: "not_found", detail: "there is nothing of that name" });
      job.done = Math.min(job.found, job.done + 900);
      if (job.done === job.found) job.stage = "done";
      return answer(res, 200, job);
    }
    if (what === "messages") return answer(res, 200, { found: [], next_cursor: null, complete: true });
    if (what === "webhooks") return answer(res, 200, { webhooks: [] });
    const person = what === "contacts" ? all.find((p) => p.id === key) : undefined;
    if (what === "contacts" && person === undefined) return answer(res, 404, { code: "no_contact", detail: "there is no such contact" });
    if (person !== undefined && more === undefined) {
      const tag = (): string => `"${JSON.stringify(person).length}"`;
      if (req.method === "PATCH") {
        const { attributes = {}, tags, status } = body as { attributes?: Record<string, unknown>; tags?: { add?: string[]; remove?: string[] }; status?: string };
        if (attributes["orders"] === "many") return answer(res, 422, { code: "invalid", detail: "\"orders\" is declared as number and cannot hold this: \"many\" is not a number" });
        person.attributes = Object.fromEntries(Object.entries({ ...person.attributes, ...attributes }).filter(([, value]) => value !== null));
        person.tags = [...person.tags.filter((t) => !tags?.remove?.includes(t.label)), ...(tags?.add ?? []).map((label) => ({ label, since: iso(Date.now()), why: "manual" }))];
        person.status = status ?? person.status;
      }
      return answer(res, 200, person, tag());
    }
    if (person !== undefined && more === "block") {
      person.status = req.method === "PUT" ? "blocked" : "active";
      return answer(res, 200, { contact: person.id, status: person.status });
    }
    if (person !== undefined && more === "notes") {
      if (req.method === "POST") notes.set(person.id, [...(notes.get(person.id) ?? []), { at: iso(Date.now()), by: { kind: "agent", name: "Bea Moreno" }, text: String(body["text"]) }]);
      return answer(res, 200, { notes: [...(notes.get(person.id) ?? [])] });
    }
    if (person !== undefined && more === "consents") {
      const held = consents.get(person.id) ?? [];
      if (req.method === "PUT") {
        const { topic, channel = null, given, proof } = body as { topic: string; channel?: string | null; given: boolean; proof: string };
        consents.set(person.id, [...held.filter((c) => c.topic !== topic || c.channel !== channel), { topic, channel, given, proof, at: iso(Date.now()), by: { kind: "agent", name: "Bea Moreno" } }]);
      }
      return answer(res, 200, { contact: person.id, consents: consents.get(person.id) ?? [] });
    }
    if (person !== undefined && more === "messages") return answer(res, 200, { contact: person.id, conversations: [], conversation: null, messages: [], first: 0, last: 0, earlier: false, later: false });
    if (person !== undefined && more === "duplicates") return answer(res, 200, { duplicates: [] });
    if (person !== undefined && more === "merges") return answer(res, 200, { merges: [] });
    if (person !== undefined && more === "journey") {
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const kinds = ["event", "tag", "segment", "attribute", "desk", "block", "error"];
      const rows = Array.from({ length: limit }, (_, n): JourneyEntry => ({ id: `jrn_${from + n}`, at: iso(Date.now() - (from + n) * 5_400_000), kind: kinds[(from + n) % kinds.length] ?? "", text: `${kinds[(from + n) % kinds.length]} number ${from + n}`, by: "bot", by_kind: "flow", conversation: null, from: null, to: null, name: null, run: null, why: n % 3 === 0 ? "event purchase" : null, block: n % 2 === 0 ? "order-help.ask" : null }));
      return answer(res, 200, { entries: rows, next_cursor: from + limit < 2_000 ? String(from + limit) : null });
    }
    if (what === "vocabulary") {
      const declared = { plan: "enum", orders: "number", email: "email", interests: "list", birthday: "date", vip: "bool", balance: "money", last_order: "datetime", notes_of_shop: "text" };
      const attributes = Object.entries(declared).map(([name, type]) => ({ name, kind: "custom", type, ...(type === "enum" ? { values: ["free", "gold"] } : {}), writable: true }));
      return answer(res, 200, { attributes, events: [{ name: "purchase", fields: ["total", "items"] }], channels: [{ name: "web", kind: "web" }], statuses: ["active", "blocked", "callback", "unsubscribed"], languages: ["en", "es"], countries: ["ES"], skills: ["order-help"], topics: ["news"], sources: ["organic"] });
    }
    if (what === "imports") return answer(res, 200, { imports: [] });
    if (what === "erasures") return answer(res, 200, { erasures: [], next_cursor: null, total: 0, pending: 0 });
    if (what === "tags") return answer(res, 200, { tags: ["vip", "order help", "lamp"].map((label) => ({ label, count: 3 })), next_cursor: null });
    if (what === "segments" && key === undefined && req.method === "POST") {
      const { name, key: written, where = null, static: list = false, description = null, exclude = [], verified = false } = body as Partial<SegmentLine>;
      const made: SegmentLine = { key: written ?? `made-${SEGMENTS.length}`, name: name ?? "", description, where, static: list, exclude, verified, origin: "stored", valid: true, state: "ready", problem: null, size: list ? 0 : matching(where ?? "").length };
      SEGMENTS.push(made);
      return answer(res, 201, { ...made, where_json: null, used_by: [], warnings: [] });
    }
    if (what === "segments" && key === undefined) return answer(res, 200, { segments: SEGMENTS, next_cursor: null, total: SEGMENTS.length });
    if (what === "segments" && key === "preview") {
      const where = String(body["where"]);
      if (faulty(where) !== null) return answer(res, 422, faulty(where));
      return answer(res, 200, { count: matching(where).length, unknown: 31, contacts: all.length, no_value: [{ leaf: where, count: 31 }], where, took_ms: 2, sample: matching(where).slice(0, Number(body["sample"] ?? 0)).map((p) => ({ id: p.id, name: p.name })) });
    }
    const segment = SEGMENTS.find((s) => s.key === key);
    if (segment === undefined) return answer(res, 404, { code: "not_found", detail: "there is nothing of that name" });
    if (more === undefined && req.method === "DELETE") {
      SEGMENTS.splice(SEGMENTS.indexOf(segment), 1);
      return answer(res, 204);
    }
    if (more === undefined && req.method === "PATCH") {
      Object.assign(segment, body);
      return answer(res, 200, { ...segment, where_json: null, used_by: [], warnings: [] });
    }
    if (more === undefined) return answer(res, 200, { ...segment, where_json: null, used_by: ["loyal"] });
    if (more === "history") return answer(res, 200, { segment: key, history: Array.from({ length: 30 }, (_, n) => ({ at: iso(Date.now() - (30 - n) * day), size: Math.round(segment.size * (0.6 + 0.4 * Math.sin(n / 5) ** 2)) })) });
    if (more === "members") {
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const rows = segment.size === 0 ? [] : all.slice(from, from + limit);
      return answer(res, 200, { segment: key, size: segment.size, members: rows.map((p) => ({ id: p.id, name: p.name, since: p.first_seen })), next_cursor: rows.length === limit ? String(from + limit) : null });
    }
    return answer(res, 200, {
      segment: key, contact: last, is_member: true, since: iso(Date.now() - day), at: iso(Date.now()),
      explain: { segment: key, name: segment.name, verdict: "true", invalid: null, listed: null, verified: null, exclude: [{ segment: "refunded", verdict: "false" }], flips_at: iso(Date.now() + 3 * day), segments: [],
        rule: { text: "all", verdict: "true", parts: [{ text: "orders >= 5", verdict: "true", actual: 12, bound: "5" }, { text: "any", verdict: "true", parts: [{ text: "city contains \"centro\"", verdict: "unknown" }, { text: "count(purchase, last 30 days) >= 3", verdict: "true", actual: 4, bound: "3, since 2026-10-22 13:20", flips_at: iso(Date.now() + 3 * day) }, { text: "has tag refunded", verdict: "false" }] }] } },
    });
  };
}
