// What comes of a condition while somebody writes it: how many it holds for, or where it cannot be read.

import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "../api.ts";
import { book } from "./api.ts";
import { people } from "./count.ts";
import type { Fault, Preview } from "./types.ts";

/** How often the number of a condition is asked anew while somebody looks. */
const EVERY = 15_000;

/** What came of a condition; none as long as nothing did. */
export type Judged = { of: string; preview: Preview } | { of: string; faults: readonly Fault[] } | { of: string; problem: string } | null;

/** Faults of a text without the white space around it, in the text with it. */
function placed(text: string, faults: readonly Fault[]): Fault[] {
  const before = [...text].length - [...text.trimStart()].length;
  return faults.map((f) => ({ ...f, start: f.start + before, end: f.end + before }));
}

/** What the server found in a text; shown as long as that is the text. */
export interface Found {
  of: string;
  list: readonly Fault[];
  /** Whether it is odd and not wrong: the text can be used. */
  odd: boolean;
}

/** What is wrong with what is written, or odd about it, for the field it is written in. */
export function faultsOf(judged: Judged, text: string): Found | null {
  if (judged === null || "problem" in judged) return null;
  const odd = "preview" in judged;
  return { of: text, list: judged.of === text.trim() ? placed(text, odd ? judged.preview.warnings : judged.faults) : [], odd };
}

/** The faults that a refusal names, if it is one of a condition. */
export function refusedAt(e: unknown): readonly Fault[] | null {
  return e instanceof ApiError && e.code === "condition" ? ((e.more["errors"] as Fault[] | undefined) ?? []) : null;
}

/**
 * What comes of a condition, and the last one that could be read. So many people are named as are asked for (`sample`); with another `round`
 * it is counted at once.
 */
export function useJudged(where: string, over: (e: unknown) => void, { sample = 0, round = 0 } = {}): [Judged, string] {
  const [judged, setJudged] = useState<Judged>(null);
  const [applied, setApplied] = useState("");
  useEffect(() => {
    if (where === "") {
      setJudged(null);
      setApplied("");
      return;
    }
    const stop = new AbortController();
    const ask = (): void => {
      if (document.visibilityState === "hidden") return;
      book.preview(where, stop.signal, sample).then(
        (preview) => {
          setJudged({ of: where, preview });
          setApplied(where);
        },
        (e: unknown) => {
          if (stop.signal.aborted) return;
          const faults = refusedAt(e);
          if (faults !== null) setJudged({ of: where, faults });
          else if (e instanceof ApiError && e.status === 401) over(e);
          else setJudged({ of: where, problem: e instanceof Error ? e.message : "Something went wrong." });
        },
      );
    };
    ask();
    const tick = setInterval(ask, EVERY);
    return () => {
      clearInterval(tick);
      stop.abort();
    };
  }, [where, over, sample, round]);
  return [judged, applied];
}

/** How many a condition holds for, in words. */
export function counted(judged: Judged, where: string, total: number | null): ReactNode {
  if (where === "") return total === null ? "Counting…" : people(total);
  if (judged === null || judged.of !== where) return "Counting…";
  if (!("preview" in judged)) return "Not counted";
  const { count, contacts, unknown, no_value } = judged.preview;
  const why = no_value.slice(0, 2).map((n) => n.leaf).join(", ");
  return (
    <>
      <strong>{count.toLocaleString()}</strong> of {people(contacts)}
      {unknown > 0 && (
        <span title={why === "" ? undefined : `no value for: ${why}`}>
          {" "}
          · {unknown.toLocaleString()} unknown, for want of a value
        </span>
      )}
    </>
  );
}
