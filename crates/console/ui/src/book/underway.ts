// The change of many that this agent began last: looked at until it is over, on every page of the book and after a reload.

import { useCallback, useEffect, useMemo, useState } from "react";
import { ApiError } from "../api.ts";
import { drafts } from "../desk/drafts.ts";
import { book } from "./api.ts";
import { moves } from "./bulk.ts";
import type { BulkJob } from "./types.ts";

/** How often one that is under way is looked at. */
const EVERY = 700;
const KEPT = "bulk";

export interface Begun {
  job: BulkJob;
  /** What is done, as a title. */
  title: string;
}

export interface Underway {
  now: Begun | null;
  /** Grows whenever one is over: lists that show people are read anew. */
  over: number;
  begin(begun: Begun): void;
  close(): void;
}

function kept(): { id: string; title: string } | null {
  try {
    const read = JSON.parse(drafts.get(KEPT) || "null") as { id?: unknown; title?: unknown } | null;
    return typeof read?.id === "string" && typeof read.title === "string" ? { id: read.id, title: read.title } : null;
  } catch {
    // What cannot be read is not there.
    return null;
  }
}

export function useUnderway(signedOut: (e: unknown) => void): Underway {
  const [now, setNow] = useState<Begun | null>(null);
  const [over, setOver] = useState(0);
  const close = useCallback(() => {
    drafts.set(KEPT, "");
    setNow(null);
  }, []);
  const begin = useCallback((begun: Begun) => {
    drafts.set(KEPT, JSON.stringify({ id: begun.job.id, title: begun.title }));
    setNow(begun);
    if (!moves(begun.job)) setOver((n) => n + 1);
  }, []);
  useEffect(() => {
    const last = kept();
    if (last === null) return;
    const stop = new AbortController();
    book.bulkJob(last.id, stop.signal).then(
      (job) => !stop.signal.aborted && setNow((running) => running ?? { job, title: last.title }),
      (e: unknown) => {
        if (stop.signal.aborted) return;
        signedOut(e);
        // Of one that the server has forgotten there is nothing to say.
        if (e instanceof ApiError && e.status === 404) drafts.set(KEPT, "");
      },
    );
    return () => stop.abort();
  }, [signedOut]);
  const running = now !== null && moves(now.job) ? now.job.id : null;
  useEffect(() => {
    if (running === null) return;
    const stop = new AbortController();
    let wait: ReturnType<typeof setTimeout>;
    const look = (): void => {
      book.bulkJob(running, stop.signal).then(
        (job) => {
          if (stop.signal.aborted) return;
          setNow((begun) => (begun?.job.id === job.id ? { ...begun, job } : begun));
          if (moves(job)) wait = setTimeout(look, EVERY);
          else setOver((n) => n + 1);
        },
        (e: unknown) => {
          if (stop.signal.aborted) return;
          signedOut(e);
          // It goes on without being looked at; the server is asked again when it may be back.
          wait = setTimeout(look, 4 * EVERY);
        },
      );
    };
    wait = setTimeout(look, EVERY);
    return () => {
      stop.abort();
      clearTimeout(wait);
    };
  }, [running, signedOut]);
  return useMemo(() => ({ now, over, begin, close }), [now, over, begin, close]);
}
