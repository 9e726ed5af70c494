// From the picture to boxes and arrows: the skills of a bot, or the blocks of one skill.

import type { Block, Link, Picture, Skill } from "./types.ts";

export type Thing =
  | { kind: "skill"; skill: Skill }
  | { kind: "begin"; skill: Skill }
  | { kind: "block"; block: Block }
  | { kind: "end" }
  | { kind: "other"; skill: string };

export interface Box {
  id: string;
  thing: Thing;
}

export interface Arrow {
  id: string;
  from: string;
  to: string;
  names: string[];
  dashed: boolean;
}

export interface Graph {
  boxes: Box[];
  arrows: Arrow[];
}

class Arrows {
  readonly list: Arrow[] = [];
  add(from: string, to: string, name: string | null, dashed: boolean): void {
    const known = this.list.find((a) => a.from === from && a.to === to && a.dashed === dashed);
    if (known === undefined) this.list.push({ id: `a${this.list.length}`, from, to, names: name === null ? [] : [name], dashed });
    else if (name !== null && !known.names.includes(name)) known.names.push(name);
  }
}

/** The skills that are drawn: the bot's own, and the system skills they lead to. */
export function shown(picture: Picture): Skill[] {
  const names = new Set(picture.skills.filter((s) => !s.built_in).map((s) => s.name));
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const link of picture.links) if (names.has(link.from)) names.add(link.to);
  }
  return picture.skills.filter((s) => names.has(s.name));
}

/** How the skills lead to one another. */
export function skillsGraph(picture: Picture): Graph {
  const skills = shown(picture);
  const names = new Set(skills.map((s) => s.name));
  const arrows = new Arrows();
  for (const link of picture.links) {
    if (!names.has(link.from) || !names.has(link.to)) continue;
    const name = link.how === "raises" ? `raises ${link.name}` : link.how === "calls" ? "calls" : link.name;
    arrows.add(`s:${link.from}`, `s:${link.to}`, name, link.how === "raises");
  }
  return { boxes: skills.map((skill) => ({ id: `s:${skill.name}`, thing: { kind: "skill", skill } })), arrows: arrows.list };
}

/** The blocks of one skill. Ends and other skills stand beside the block that leads there. */
export function blocksGraph(skill: Skill, links: readonly Link[]): Graph {
  const boxes: Box[] = [{ id: "begin", thing: { kind: "begin", skill } }];
  const arrows = new Arrows();
  for (const block of skill.blocks) boxes.push({ id: `b:${block.name}`, thing: { kind: "block", block } });
  const first = skill.blocks[0];
  if (first !== undefined) arrows.add("begin", `b:${first.name}`, null, false);
  for (const block of skill.blocks) {
    const from = `b:${block.name}`;
    const beside = (to: string | null): string => {
      const id = to === null ? `e:${block.name}` : `o:${block.name}:${to}`;
      if (!boxes.some((b) => b.id === id)) boxes.push({ id, thing: to === null ? { kind: "end" } : { kind: "other", skill: to } });
      return id;
    };
    for (const exit of block.exits) {
      const to = exit.to === "end" ? beside(null) : "block" in exit.to ? `b:${exit.to.block}` : beside(exit.to.skill);
      arrows.add(from, to, exit.name, exit.timed);
    }
    for (const link of links) {
      if (link.from !== skill.name || link.block !== block.name || link.how === "leaves") continue;
      arrows.add(from, beside(link.to), link.how === "calls" ? "calls" : `raises ${link.name}`, link.how === "raises");
    }
  }
  return { boxes, arrows: arrows.list };
}
