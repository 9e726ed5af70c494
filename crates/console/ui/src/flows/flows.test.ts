import { describe, expect, test } from "vitest";
import { count, find, inWords, short } from "./find.ts";
import { blocksGraph, shown, skillsGraph } from "./graph.ts";
import { label, opening, path, place } from "./layout.ts";
import { flowPathOf, flowPlaceOf } from "./route.ts";
import type { Block, ExitTo, Picture, Skill } from "./types.ts";

const block = (name: string, exits: [string, ExitTo][], more: Partial<Block> = {}): Block => ({
  name,
  kind: "text",
  group: "messages",
  summary: `${name} says something`,
  rests: "no",
  conditional: false,
  exits: exits.map(([exit, to]) => ({ name: exit, to, timed: false })),
  concerns: [],
  ...more,
});
const skill = (name: string, blocks: Block[], built_in = false): Skill => ({ name, title: name, built_in, guarded: false, catches: [], blocks });

const picture: Picture = {
  bot: "b",
  version: "v2",
  skills: [
    skill("order", [block("ask", [["Yes", { block: "ask" }], ["No", "end"], ["Never", "end"], ["Help", { skill: "talk" }]]), block("tell", [["next", "end"]], { summary: "Kaffee für Zoë" })]),
    skill("talk", [block("person", [["next", "end"]])]),
    skill("/start", [block("hi", [])], true),
    skill("/unused", [block("x", [])], true),
  ],
  links: [
    { from: "order", block: "ask", to: "talk", how: "leaves", name: "Help" },
    { from: "order", block: "tell", to: "/start", how: "raises", name: "told" },
  ],
};

describe("the graph", () => {
  test("system skills are drawn only where something leads to them", () => {
    expect(shown(picture).map((s) => s.name)).toEqual(["order", "talk", "/start"]);
    expect(skillsGraph(picture).arrows.map((a) => [a.from, a.to, a.names, a.dashed])).toEqual([
      ["s:order", "s:talk", ["Help"], false],
      ["s:order", "s:/start", ["raises told"], true],
    ]);
  });
  test("every exit is on an arrow, and exits with one target share it", () => {
    const graph = blocksGraph(picture.skills[0] as Skill, picture.links);
    const arrows = graph.arrows.filter((a) => a.from === "b:ask").map((a) => [a.to, a.names]);
    expect(arrows).toEqual([["b:ask", ["Yes"]], ["e:ask", ["No", "Never"]], ["o:ask:talk", ["Help"]]]);
    expect(graph.arrows.some((a) => a.from === "b:tell" && a.to === "o:tell:/start" && a.dashed)).toBe(true);
  });
  test("nothing overlaps, loops and lone blocks included", () => {
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    for (let round = 0; round < 30; round += 1) {
      const n = 1 + random(25);
      const blocks = Array.from({ length: n }, (_, i) => block(`b${i}`, Array.from({ length: random(4) }, (_, e) => [`exit ${e}`, { block: `b${random(n)}` }] as [string, ExitTo])));
      const placed = place(blocksGraph(skill("s", blocks), []));
      const boxes = [...placed.boxes.values()];
      boxes.forEach((a, i) =>
        boxes.slice(i + 1).forEach((b) => {
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart, `round ${round}`).toBe(true);
        }),
      );
      for (const way of placed.ways.values()) expect(way.points.length).toBeGreaterThan(1);
    }
  });
  test("names on arrows stay short, and a way is a line", () => {
    expect(label(["a", "b", "c"])).toBe("a, b +1");
    expect(label(["x".repeat(40)])).toHaveLength(24);
    expect(path([{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 2, y: 0 }])).toBe("M0,0Q1,1 1.5,0.5L2,0");
    expect(path([])).toBe("");
  });
});

describe("finding", () => {
  test("names come before texts, and every word has to be there", () => {
    expect(find(picture, "tell", 9).map((f) => f.block?.name)).toEqual(["tell"]);
    expect(find(picture, "zoë kaffee", 9).map((f) => f.block?.name)).toEqual(["tell"]);
    expect(find(picture, "talk", 9).map((f) => [f.skill.name, f.block?.name ?? null])).toEqual([["talk", null], ["talk", "person"]]);
    expect(find(picture, "  ", 9)).toEqual([]);
    expect(find(picture, "nothing like it", 9)).toEqual([]);
  });
});

describe("counting", () => {
  const counts = count(picture, {
    version: "v2",
    places: [
      { version: "v2", skill: "order", block: "ask", runs: 2 },
      { version: "v1", skill: "order", block: "ask", runs: 1 },
      { version: "v1", skill: "order", block: "gone", runs: 4 },
      { version: "v0", skill: "order", block: "gone", runs: 1 },
    ],
  });
  test("older versions are counted apart, and blocks that are gone are named", () => {
    expect(counts.block("order", "ask")).toEqual({ now: 2, older: 1 });
    expect(counts.skill("order")).toEqual({ now: 2, older: 6 });
    expect(counts.gone).toEqual([{ skill: "order", block: "gone", runs: 5 }]);
    expect(counts.total).toBe(8);
    expect(counts.block("talk", "person")).toEqual({ now: 0, older: 0 });
  });
  test("counts in words", () => {
    expect([inWords({ now: 0, older: 0 }), short({ now: 0, older: 0 })]).toEqual([null, null]);
    expect(inWords({ now: 1, older: 0 })).toBe("1 run rests here");
    expect(inWords({ now: 0, older: 2 })).toBe("2 runs rest here, of an older version");
    expect(inWords({ now: 2, older: 1 })).toBe("3 runs rest here, 1 of older versions");
    expect(short({ now: 2, older: 1 })).toBe("2 + 1 older");
  });
});

test("addresses go there and back, slashes in names included", () => {
  for (const at of [{ skill: null, block: null }, { skill: "order", block: null }, { skill: "/start", block: "hi" }]) expect(flowPlaceOf(flowPathOf(at))).toEqual(at);
  expect(flowPlaceOf("/console/flows/%E0%A4%A")).toEqual({ skill: null, block: null });
});

test("what is too large to be seen whole is opened where it starts", () => {
  const long = place(blocksGraph(skill("s", Array.from({ length: 40 }, (_, n) => block(`b${n}`, [["next", n < 39 ? { block: `b${n + 1}` } : "end"]]))), []));
  const room = { width: 360, height: 400 };
  const view = opening(long, "begin", room);
  const begin = long.boxes.get("begin");
  if (view === null || begin === undefined) throw new Error("it does not fit, and begins somewhere");
  const at = { left: begin.x * view.zoom + view.x, right: (begin.x + begin.width) * view.zoom + view.x, top: begin.y * view.zoom + view.y };
  expect(at.left).toBeGreaterThan(0);
  expect(at.right).toBeLessThan(room.width);
  expect([at.top > 0, at.top < room.height / 4]).toEqual([true, true]);
  // A start that is not there: whatever stands highest.
  expect(opening(long, null, room)).toEqual(view);
  expect(opening(place(blocksGraph(skill("s", [block("only", [["next", "end"]])]), [])), "begin", room)).toBe(null);
  expect(opening({ boxes: new Map(), ways: new Map() }, null, room)).toBe(null);
});
