// A list that comes page by page: what was read so far, what is on its way, what went wrong. It outlives the page that shows it, so that
// whoever comes back from a contact finds the list as it was left.

import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { ApiError } from "../api.ts";

export interface Page<T> {
  rows: T[];
  /** Where the next page begins; none after the last. */
  next: string | null;
  /** How many there are in all, if it is known. */
  total: number | null;
}

export interface Read<T> {
  rows: readonly T[];
  total: number | null;
  /** Whether a page is on its way. */
  busy: boolean;
  /** Whether everything was read. */
  whole: boolean;
  /** Why the last page did not come. */
  problem: Error | null;
}

type Fetch<T> = (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>;

export class Pages<T> {
  /** Where the list was scrolled to and which row had the focus, when it was left. */
  place = { top: 0, row: 0 };
  private read: Read<T> = { rows: [], total: null, busy: false, whole: false, problem: null };
  private cursor: string | null = null;
  private stop: AbortController | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly fetch: Fetch<T>) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  now = (): Read<T> => this.read;

  private set(read: Partial<Read<T>>): void {
    this.read = { ...this.read, ...read };
    for (const listener of this.listeners) listener();
  }

  /** Reads the next page; nothing if one is on its way, or there is none. */
  more = (): void => {
    if (this.read.busy || this.read.whole) return;
    const stop = new AbortController();
    this.stop = stop;
    this.set({ busy: true, problem: null });
    this.fetch(this.cursor, stop.signal).then(
      ({ rows, next, total }) => {
        if (stop.signal.aborted) return;
        this.cursor = next;
        this.set({ rows: [...this.read.rows, ...rows], total: total ?? (next === null ? this.read.rows.length + rows.length : this.read.total), busy: false, whole: next === null });
      },
      (e: unknown) => {
        if (!stop.signal.aborted) this.set({ busy: false, problem: e instanceof Error ? e : new ApiError(0, "error", "Something went wrong.") });
      },
    );
  };

  /** Nobody waits for what is on its way. */
  leave = (): void => {
    if (!this.read.busy) return;
    this.stop?.abort();
    this.set({ busy: false });
  };

  /** Takes out rows that are not on the list any more. */
  drop(is: (row: T) => boolean): void {
    const rows = this.read.rows.filter((row) => !is(row));
    const gone = this.read.rows.length - rows.length;
    this.set({ rows, total: this.read.total === null ? null : Math.max(0, this.read.total - gone) });
  }

  /** Changes the rows that were read. */
  change(to: (row: T) => T): void {
    this.set({ rows: this.read.rows.map(to) });
  }
}

/** How long a list is worth coming back to, in milliseconds. */
const FRESH = 5 * 60_000;

/** The lists that are remembered, by what they show; the oldest go first. */
export class Memory {
  private readonly lists = new Map<string, { pages: Pages<unknown>; since: number }>();
  constructor(private readonly most = 6) {}

  /** The list of this name as it was left, if that was not long ago; else a new one. */
  of<T>(key: string, fetch: Fetch<T>, now = Date.now()): Pages<T> {
    const known = this.lists.get(key);
    const kept = known !== undefined && now - known.since < FRESH ? known : { pages: new Pages<T>(fetch) as Pages<unknown>, since: now };
    this.lists.delete(key);
    this.lists.set(key, kept);
    const oldest = this.lists.keys().next();
    if (this.lists.size > this.most && oldest.done !== true) this.lists.delete(oldest.value);
    return kept.pages as Pages<T>;
  }

  /** Changes the rows of every list whose name begins like this. */
  change<T>(begin: string, to: (row: T) => T): void {
    for (const [key, { pages }] of this.lists) if (key.startsWith(begin)) (pages as Pages<T>).change(to);
  }

  /** What is remembered under names that begin like this is read anew. */
  forget(begin: string): void {
    for (const key of [...this.lists.keys()]) if (key.startsWith(begin)) this.lists.delete(key);
  }
}

export const MemoryContext = createContext(new Memory());

/** A list by its name; `fetch` must read the same for the same name. */
export function useList<T>(key: string, fetch: Fetch<T>): { pages: Pages<T>; read: Read<T> } {
  const memory = useContext(MemoryContext);
  // Whoever looks at a list keeps it, however old it gets meanwhile.
  const held = useRef<{ key: string; pages: Pages<T> } | null>(null);
  if (held.current?.key !== key) held.current = { key, pages: memory.of(key, fetch) };
  const { pages } = held.current;
  const read = useSyncExternalStore(pages.subscribe, pages.now);
  useEffect(() => {
    const { rows, problem } = pages.now();
    if (rows.length === 0 && problem === null) pages.more();
    return pages.leave;
  }, [pages]);
  return { pages, read };
}

/** Until the list of another name has begun to come the last one stays, so that nothing flickers. */
export function useLast<T>(key: string, { pages, read }: { pages: Pages<T>; read: Read<T> }): { key: string; pages: Pages<T>; read: Read<T> } {
  const last = useRef({ key, pages, read });
  if (read.rows.length > 0 || read.whole || read.problem !== null || last.current.key === key) last.current = { key, pages, read };
  return last.current;
}
