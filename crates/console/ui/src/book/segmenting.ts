// A segment while somebody writes it: what stands in the form, what is kept of it, what the server is told.

import { labelText } from "./complete.ts";
import type { Segment, SegmentDraft } from "./types.ts";

export interface SegmentText {
  name: string;
  description: string;
  /** Only of a new one; empty: made of the name. */
  key: string;
  kind: "rule" | "list";
  where: string;
  exclude: string[];
  verified: boolean;
}

export const NEW: SegmentText = { name: "", description: "", key: "", kind: "rule", where: "", exclude: [], verified: false };

/** The form of a segment there is. */
export function begun(segment: Segment): SegmentText {
  return { name: segment.name, description: segment.description ?? "", key: segment.key, kind: segment.static ? "list" : "rule", where: segment.where ?? "", exclude: [...segment.exclude], verified: segment.verified };
}

/** Whether anything would be lost. */
export const differs = (form: SegmentText, from: SegmentText): boolean => JSON.stringify({ ...form }) !== JSON.stringify({ ...from });

/** What was being written when the page was left; a rule that one comes with counts more than what was left. */
export function keptForm(kept: string, from: SegmentText, where: string): SegmentText {
  if (kept === "") return from;
  try {
    const read = JSON.parse(kept) as Partial<SegmentText> | null;
    if (typeof read !== "object" || read === null) return from;
    const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
    const { exclude } = read;
    const keys = Array.isArray(exclude) ? exclude.filter((one) => typeof one === "string") : from.exclude;
    return {
      name: text(read.name, from.name),
      description: text(read.description, from.description),
      key: text(read.key, from.key),
      kind: where !== "" ? "rule" : read.kind === "list" || read.kind === "rule" ? read.kind : from.kind,
      where: where === "" ? text(read.where, from.where) : where,
      exclude: keys,
      verified: typeof read.verified === "boolean" ? read.verified : from.verified,
    };
  } catch {
    // What cannot be read was never written.
    return from;
  }
}

/** Whether enough is said to be sent. */
export const isFilled = (form: SegmentText): boolean => form.name.trim() !== "" && (form.kind === "list" || form.where.trim() !== "");

/** What the server is told: all of it, so that what is emptied is emptied. */
export function changeOf(form: SegmentText, isNew: boolean): SegmentDraft {
  const { name, description, key, kind, where, exclude, verified } = form;
  return {
    ...(isNew && key.trim() !== "" ? { key: key.trim() } : {}),
    name: name.trim(),
    description: description.trim() === "" ? null : description.trim(),
    ...(kind === "list" ? (isNew ? { static: true } : {}) : { where: where.trim() }),
    exclude,
    verified,
  };
}

/** The rule with whom it leaves out, as one condition; none if it leaves out nobody. */
export function wholeRule({ kind, where, exclude }: SegmentText): string | null {
  if (kind === "list" || where.trim() === "" || exclude.length === 0) return null;
  return [`(${where.trim()})`, ...exclude.map((key) => `not in segment ${labelText(key)}`)].join(" and ");
}
