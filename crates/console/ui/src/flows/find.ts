// Looking for a block, and counting what rests where.

import { findable } from "../logic/words.ts";
import type { Block, Picture, Resting, Skill } from "./types.ts";

export interface Found {
  skill: Skill;
  block: Block | null;
}

/** Skills and blocks whose name, type or text contains every word, at most `limit`: names before texts. */
export function find(picture: Picture, text: string, limit: number): Found[] {
  const words = findable(text).split(" ").filter((w) => w !== "");
  if (words.length === 0) return [];
  const has = (where: string): boolean => {
    const all = findable(where);
    return words.every((w) => all.includes(w));
  };
  const names: Found[] = [];
  const texts: Found[] = [];
  for (const skill of picture.skills) {
    if (has(`${skill.name} ${skill.title}`)) names.push({ skill, block: null });
    for (const block of skill.blocks) {
      if (has(`${skill.name} ${block.name} ${block.kind}`)) names.push({ skill, block });
      else if (has(`${skill.name} ${block.name} ${block.kind} ${block.summary} ${block.exits.map((e) => e.name).join(" ")}`)) texts.push({ skill, block });
    }
  }
  return [...names, ...texts].slice(0, limit);
}

export interface Count {
  /** Runs of the newest version. */
  now: number;
  /** Runs of older versions. */
  older: number;
}

export interface Counts {
  skill(name: string): Count;
  block(skill: string, block: string): Count;
  /** Runs of older versions on blocks that the newest version does not have. */
  gone: { skill: string; block: string; runs: number }[];
  total: number;
}

export function count(picture: Picture, resting: Resting | null): Counts {
  const blocks = new Map<string, Count>();
  const skills = new Map<string, Count>();
  const gone: Counts["gone"] = [];
  let total = 0;
  const known = new Set(picture.skills.flatMap((s) => s.blocks.map((b) => `${s.name}\n${b.name}`)));
  const add = (to: Map<string, Count>, key: string, runs: number, newest: boolean): void => {
    const c = to.get(key) ?? { now: 0, older: 0 };
    to.set(key, newest ? { ...c, now: c.now + runs } : { ...c, older: c.older + runs });
  };
  for (const { version, skill, block, runs } of resting?.places ?? []) {
    const newest = version === picture.version;
    total += runs;
    add(skills, skill, runs, newest);
    if (known.has(`${skill}\n${block}`)) {
      add(blocks, `${skill}\n${block}`, runs, newest);
      continue;
    }
    const same = gone.find((g) => g.skill === skill && g.block === block);
    if (same === undefined) gone.push({ skill, block, runs });
    else same.runs += runs;
  }
  const none: Count = { now: 0, older: 0 };
  return { skill: (name) => skills.get(name) ?? none, block: (skill, block) => blocks.get(`${skill}\n${block}`) ?? none, gone, total };
}

/** A count in words, or null if nothing rests there. */
export function inWords({ now, older }: Count): string | null {
  const runs = (n: number): string => `${n} ${n === 1 ? "run rests" : "runs rest"} here`;
  if (now + older === 0) return null;
  if (older === 0) return runs(now);
  if (now === 0) return `${runs(older)}, of an older version`;
  return `${runs(now + older)}, ${older.toLocaleString()} of older versions`;
}

/** A count as a badge says it. */
export function short({ now, older }: Count): string | null {
  if (now + older === 0) return null;
  return older === 0 ? now.toLocaleString() : `${now.toLocaleString()} + ${older.toLocaleString()} older`;
}
