// The contact book's way to `/api/v1`: one function per question, by the client that is generated from the API's document.

import { v1, type Schema } from "../v1/client.ts";
import type { Page } from "./pages.ts";
import type { Asked, BulkErasePreview, BulkJob, Certificate, Change, Consent, Duplicate, ErasurePage, ErasurePreview, FoundMessage, Import, ImportOptions, JourneyEntry, Member, Merge, MergePreview, NewConsent, Note, Person, Preview, Segment, SegmentChanged, SegmentDraft, SegmentLine, Sizes, Standing, Transcript, Wanted, WrongRow } from "./types.ts";

const PAGE = 100;
/** How many a search names at the most. */
const NAMED = 50;
const MOST = 1_000;

/** What was answered; whatever was not done has been thrown as an ApiError. */
async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

const imported = async (answer: Promise<{ data?: Schema<"Import"> }>): Promise<Import> => (await data(answer)) as Import;

/** Something as it was read, with what a change of it can be made to depend on. */
export interface Seen<T> {
  is: T;
  tag: string | null;
}

const until = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
const page = (cursor: string | null, limit = PAGE): { limit: number; cursor?: string } => ({ limit, ...(cursor === null ? {} : { cursor }) });
/** Lets a browser fetch it by itself: a download. */
const address = (path: string): string => `/api/v1${path}`;

export const book = {
  contacts: async (where: string, cursor: string | null, signal: AbortSignal): Promise<Page<Person>> => {
    const query = { ...page(cursor), ...(where === "" ? {} : { where }) };
    const { contacts, next_cursor, total } = await data(v1.GET("/contacts", { params: { query }, signal }));
    return { rows: contacts, next: next_cursor, total: total ?? null };
  },
  find: async (q: string, signal: AbortSignal): Promise<Page<Person>> => {
    const { contacts, total } = await data(v1.GET("/contacts/find", { params: { query: { q, limit: NAMED } }, signal }));
    return { rows: contacts, next: null, total };
  },
  preview: (where: string, signal: AbortSignal, sample = 0): Promise<Preview> => data(v1.POST("/segments/preview", { body: { where, segment: null, sample }, signal })),
  /** How many contacts there are. */
  everybody: async (signal: AbortSignal): Promise<number> => (await book.preview("status is set", signal)).contacts,

  contact: async (contact: string, signal?: AbortSignal): Promise<Seen<Person>> => {
    const { data: is, response } = await v1.GET("/contacts/{contact}", { params: { path: { contact } }, ...until(signal) });
    return { is: is as Person, tag: response.headers.get("etag") };
  },
  /** Changes a contact, if nobody did since the tag was read; answers them as they are then. */
  change: async (contact: string, change: Change, tag: string | null = null): Promise<Seen<Person>> => {
    // What is not named stays: the document gives every field a default.
    const body = change as Schema<"ContactChange">;
    await v1.PATCH("/contacts/{contact}", { params: { path: { contact } }, body, headers: tag === null ? {} : { "if-match": tag } });
    return book.contact(contact);
  },
  /** Blocks somebody, or lets them in again; answers them as they are then. */
  block: async (contact: string, blocked: boolean): Promise<Seen<Person>> => {
    const params = { path: { contact } };
    await (blocked ? v1.PUT("/contacts/{contact}/block", { params }) : v1.DELETE("/contacts/{contact}/block", { params }));
    return book.contact(contact);
  },
  journey: async (contact: string, topics: readonly string[], cursor: string | null, signal: AbortSignal): Promise<Page<JourneyEntry>> => {
    const query = { ...page(cursor), ...(topics.length === 0 ? {} : { kind: topics.join(",") }) };
    const { entries, next_cursor } = await data(v1.GET("/contacts/{contact}/journey", { params: { path: { contact }, query }, signal }));
    return { rows: entries, next: next_cursor, total: null };
  },
  /** Newest first. */
  notes: async (contact: string, signal?: AbortSignal): Promise<Note[]> => (await data(v1.GET("/contacts/{contact}/notes", { params: { path: { contact } }, ...until(signal) }))).notes.reverse(),
  /** The same `once` again notes nothing again. */
  note: async (contact: string, text: string, once: string): Promise<void> => void (await v1.POST("/contacts/{contact}/notes", { params: { path: { contact } }, body: { text }, headers: { "idempotency-key": once } })),
  /** Lines of a conversation: its last ones, or those around, before or after one. */
  said: (contact: string, where: { conversation?: string; around?: number; before?: number; after?: number }): Promise<Transcript> => data(v1.GET("/contacts/{contact}/messages", { params: { path: { contact }, query: where } })),
  /** People in whose chats the words were said. `complete`: all messages were looked at. */
  saidBy: async (text: string, cursor: string | null, signal: AbortSignal): Promise<{ page: Page<FoundMessage>; complete: boolean }> => {
    const { found, next_cursor, complete } = await data(v1.GET("/messages", { params: { query: { text, ...(cursor === null ? {} : { cursor }) } }, signal }));
    return { page: { rows: found, next: next_cursor, total: null }, complete };
  },
  /** What conditions can ask about. */
  vocabulary: (signal?: AbortSignal): Promise<Asked> => data(v1.GET("/vocabulary", until(signal))),
  /** The tags that somebody has, as far as they are worth offering. */
  tags: async (signal?: AbortSignal): Promise<string[]> => (await data(v1.GET("/tags", { params: { query: { limit: MOST } }, ...until(signal) }))).tags.map((t) => t.label),

  segments: async (signal?: AbortSignal): Promise<SegmentLine[]> => {
    const all: SegmentLine[] = [];
    for (let cursor: string | null = null; ; ) {
      const read: Schema<"SegmentPage"> = await data(v1.GET("/segments", { params: { query: page(cursor, MOST) }, ...until(signal) }));
      all.push(...read.segments);
      if (read.next_cursor === null) return all;
      cursor = read.next_cursor;
    }
  },
  segment: (key: string, signal?: AbortSignal): Promise<Segment> => data(v1.GET("/segments/{key}", { params: { path: { key } }, ...until(signal) })),
  /** The segment with what a change of it can be made to depend on; one of the bot's folder has none. */
  segmentSeen: async (key: string, signal?: AbortSignal): Promise<Seen<Segment>> => {
    const { data: is, response } = await v1.GET("/segments/{key}", { params: { path: { key } }, ...until(signal) });
    return { is: is as Segment, tag: response.headers.get("etag") };
  },
  /** The same `once` again makes none again. */
  makeSegment: async (segment: SegmentDraft, once: string): Promise<SegmentChanged> => data(v1.POST("/segments", { body: segment, headers: { "idempotency-key": once } })),
  /** Changes it, if nobody did since the tag was read; without a tag whatever it is. */
  changeSegment: (key: string, segment: SegmentDraft, tag: string | null): Promise<SegmentChanged> => data(v1.PATCH("/segments/{key}", { params: { path: { key } }, body: segment, headers: tag === null ? {} : { "if-match": tag } })),
  deleteSegment: async (key: string, withMembers: boolean): Promise<void> => void (await v1.DELETE("/segments/{key}", { params: { path: { key }, query: withMembers ? { members: "remove" } : {} } })),
  putOnList: async (key: string, contact: string): Promise<void> => void (await v1.PUT("/segments/{key}/members/{contact}", { params: { path: { key, contact } } })),
  takeOffList: async (key: string, contact: string): Promise<void> => void (await v1.DELETE("/segments/{key}/members/{contact}", { params: { path: { key, contact } } })),
  sizes: (key: string, days: number, signal?: AbortSignal): Promise<Sizes> => data(v1.GET("/segments/{key}/history", { params: { path: { key }, query: { days } }, ...until(signal) })),
  members: async (key: string, cursor: string | null, signal: AbortSignal): Promise<Page<Member>> => {
    const { members, next_cursor, size } = await data(v1.GET("/segments/{key}/members", { params: { path: { key }, query: page(cursor) }, signal }));
    return { rows: members, next: next_cursor, total: size };
  },
  why: (key: string, contact: string, signal?: AbortSignal): Promise<Standing> => data(v1.GET("/segments/{key}/contacts/{contact}", { params: { path: { key, contact }, query: { explain: "1" } }, ...until(signal) })),

  /** How many a change of many would be for. */
  countBulk: async (where: string, change: Wanted): Promise<number> => ((await data(v1.POST("/contacts/bulk", { body: { where, change: change as Schema<"Wanted">, dry_run: true } }))) as Schema<"BulkCount">).found,
  bulk: async (where: string, change: Wanted): Promise<BulkJob> => (await data(v1.POST("/contacts/bulk", { body: { where, change: change as Schema<"Wanted">, dry_run: false } }))) as BulkJob,
  bulkJob: async (job: string, signal?: AbortSignal): Promise<BulkJob> => (await data(v1.GET("/bulk/{job}", { params: { path: { job } }, ...until(signal) }))) as BulkJob,
  eraseManyPreview: async (where: string, signal: AbortSignal): Promise<BulkErasePreview> => (await data(v1.POST("/contacts/bulk-erase", { body: { where, dry_run: true, confirm: null, people: null }, signal }))) as BulkErasePreview,
  /** Erases them, if they still are those who were counted. */
  eraseMany: async (where: string, confirm: number, people: string): Promise<BulkJob> => (await data(v1.POST("/contacts/bulk-erase", { body: { where, dry_run: false, confirm, people } }))) as BulkJob,
  /** A file of everybody for whom a condition holds; of everybody without one. */
  exportUrl: (where: string, format: "csv" | "jsonl", columns: readonly string[]): string => {
    const query = new URLSearchParams({ format, columns: columns.join(","), ...(where === "" ? {} : { where }) });
    return address(`/contacts/export?${query.toString()}`);
  },

  consents: async (contact: string, signal: AbortSignal): Promise<Consent[]> => (await data(v1.GET("/contacts/{contact}/consents", { params: { path: { contact } }, signal }))).consents,
  consent: async (contact: string, answer: NewConsent): Promise<Consent[]> => (await data(v1.PUT("/contacts/{contact}/consents", { params: { path: { contact } }, body: answer }))).consents,

  erasePreview: async (contact: string, signal: AbortSignal): Promise<ErasurePreview> => (await data(v1.POST("/contacts/{contact}/erase", { params: { path: { contact } }, body: { preview: true }, signal }))).preview as ErasurePreview,
  erase: async (contact: string): Promise<Certificate> => (await data(v1.POST("/contacts/{contact}/erase", { params: { path: { contact } }, body: { preview: false } }))).erasure as Certificate,
  erasure: (erasure: string, signal?: AbortSignal): Promise<Certificate> => data(v1.GET("/erasures/{erasure}", { params: { path: { erasure } }, ...until(signal) })),
  /** Certificates, newest first; with `bulk` those of one erasure of many. */
  erasures: (bulk: string | null, cursor: string | null, signal?: AbortSignal): Promise<ErasurePage> => data(v1.GET("/erasures", { params: { query: { ...page(cursor), ...(bulk === null ? {} : { bulk }) } }, ...until(signal) })),
  erasureUrl: (erasure: string): string => address(`/erasures/${encodeURIComponent(erasure)}`),
  /** Everything that is kept about a contact. */
  dataUrl: (contact: string): string => address(`/contacts/${encodeURIComponent(contact)}/data`),

  duplicates: async (contact: string, signal: AbortSignal): Promise<Duplicate[]> => (await data(v1.GET("/contacts/{contact}/duplicates", { params: { path: { contact } }, signal }))).duplicates,
  mergePreview: async (contact: string, other: string, signal: AbortSignal): Promise<MergePreview> => (await data(v1.POST("/contacts/{contact}/merge", { params: { path: { contact } }, body: { with: other, preview: true }, signal }))).preview as MergePreview,
  merge: async (contact: string, other: string): Promise<string> => (await data(v1.POST("/contacts/{contact}/merge", { params: { path: { contact } }, body: { with: other, preview: false } }))).contact,
  merges: async (contact: string, signal: AbortSignal): Promise<Merge[]> => (await data(v1.GET("/contacts/{contact}/merges", { params: { path: { contact } }, signal }))).merges,
  undoMerge: async (contact: string, merge: string): Promise<void> => void (await v1.POST("/contacts/{contact}/merges/{merge}/undo", { params: { path: { contact, merge } } })),

  imports: async (signal?: AbortSignal): Promise<Import[]> => (await data(v1.GET("/imports", until(signal)))).imports as Import[],
  import: (id: string, signal?: AbortSignal): Promise<Import> => imported(v1.GET("/imports/{import}", { params: { path: { import: id } }, ...until(signal) })),
  upload: (file: File, kind: Import["kind"], signal: AbortSignal): Promise<Import> =>
    // The bytes go as they are.
    imported(v1.POST("/imports", { params: { query: { name: file.name.slice(0, 200), kind } }, body: "", bodySerializer: () => file, headers: { "content-type": "application/octet-stream" }, signal })),
  checkImport: (id: string, options: Partial<ImportOptions>): Promise<Import> => imported(v1.POST("/imports/{import}/check", { params: { path: { import: id } }, body: options as Schema<"ImportOptions"> })),
  runImport: (id: string, options: Partial<ImportOptions>): Promise<Import> => imported(v1.POST("/imports/{import}/run", { params: { path: { import: id } }, body: options as Schema<"ImportOptions"> })),
  stopImport: async (id: string): Promise<void> => void (await v1.POST("/imports/{import}/stop", { params: { path: { import: id } } })),
  undoImport: (id: string): Promise<Import> => imported(v1.POST("/imports/{import}/undo", { params: { path: { import: id } } })),
  /** Its file, its wrong rows and how it went; what it did stays. */
  forgetImport: async (id: string): Promise<void> => void (await v1.DELETE("/imports/{import}", { params: { path: { import: id } } })),
  wrongRows: async (id: string, signal: AbortSignal): Promise<WrongRow[]> => (await data(v1.GET("/imports/{import}/faults", { params: { path: { import: id }, query: { limit: PAGE } }, signal }))).rows,
  importErrorsUrl: (id: string): string => address(`/imports/${encodeURIComponent(id)}/errors`),
};
