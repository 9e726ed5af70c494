// What may be done to everybody for whom a condition holds: as one chooses it, as the server is told, as it is said.

import { label } from "../logic/words.ts";
import { people } from "./count.ts";
import type { BulkJob, Wanted } from "./types.ts";
import { said, shownValue } from "./value.ts";
import type { Attribute } from "./vocabulary.ts";

/** A static segment. */
export interface List {
  key: string;
  name: string;
}

export type Action =
  | { does: "tag" | "untag"; tag: string }
  | { does: "set"; attribute: Attribute; text: string }
  | { does: "add" | "remove"; list: List };

export type Does = Action["does"];

/** A condition for everybody there is. */
export const EVERYBODY = "status is set";

/** What the server is told; `null` as a value takes the attribute away. */
export function wanted(action: Action): Wanted {
  switch (action.does) {
    case "tag":
      return { tag: [action.tag] };
    case "untag":
      return { untag: [action.tag] };
    case "set":
      return { set: { [action.attribute.name]: said(action.attribute.type, action.text) } };
    case "add":
      return { add_to: [action.list.key] };
    case "remove":
      return { remove_from: [action.list.key] };
  }
}

/** The question before it is done to so many: what would happen, and the word to confirm it by. */
export function question(action: Action, n: number): { asks: string; confirm: string; grave: boolean } {
  const who = people(n);
  switch (action.does) {
    case "tag":
      return { asks: `${who} get the tag “${action.tag}”, as far as they do not have it.`, confirm: `Tag ${who}`, grave: false };
    case "untag":
      return { asks: `${who} lose the tag “${action.tag}”, as far as they have it.`, confirm: `Untag ${who}`, grave: true };
    case "set": {
      const { name, type } = action.attribute;
      const value = said(type, action.text);
      return value === null
        ? { asks: `“${label(name)}” is emptied for ${who}.`, confirm: `Empty it for ${who}`, grave: true }
        : { asks: `“${label(name)}” becomes “${shownValue(type, value)}” for ${who}, whatever it was.`, confirm: `Change ${who}`, grave: true };
    }
    case "add":
      return { asks: `${who} are put on the list “${action.list.name}”.`, confirm: `Put ${who} on it`, grave: false };
    case "remove":
      return { asks: `${who} are taken off the list “${action.list.name}”, as far as they are on it.`, confirm: `Take ${who} off it`, grave: true };
  }
}

/** What is under way, as a title. */
export function title(action: Action): string {
  switch (action.does) {
    case "tag":
      return `Tag “${action.tag}”`;
    case "untag":
      return `Tag “${action.tag}” off`;
    case "set":
      return `Set “${label(action.attribute.name)}”`;
    case "add":
      return `On the list “${action.list.name}”`;
    case "remove":
      return `Off the list “${action.list.name}”`;
  }
}

/** Whether something done to many still moves by itself. */
export const moves = ({ stage }: BulkJob): boolean => stage === "finding" || stage === "changing" || stage === "erasing";

/** How something done to many stands, in a sentence. */
export function standing(job: BulkJob): string {
  const erases = job.kind === "erase";
  const done = erases ? "erased" : "changed";
  // Of an erasure those who are somebody else's part by now went or stayed with them.
  const failed = job.failed === 0 ? "" : `, ${job.failed.toLocaleString()} ${erases ? "were part of somebody else by then" : "could not be"}`;
  switch (job.stage) {
    case "finding":
      return `Finding them: ${people(job.found)} so far`;
    case "changing":
    case "erasing":
      return `${job.done.toLocaleString()} of ${people(job.found)} ${done}${failed}`;
    case "done":
      return `Done: ${people(job.done)} ${done}${failed}`;
    case "failed":
      return job.why ?? "It could not be carried out";
  }
}
