// The boxes and arrows of the drawing.

import { BaseEdge, Handle, Position, type Edge, type EdgeProps, type Node, type NodeProps } from "@xyflow/react";
import { inWords, short, type Count } from "./find.ts";
import type { Thing } from "./graph.ts";
import { path } from "./layout.ts";
import type { Skill } from "./types.ts";

export type BoxNode = Node<{ thing: Thing; count: Count; selected: boolean }, "box">;
export type WayEdge = Edge<{ points: { x: number; y: number }[]; at: { x: number; y: number }; text: string; dashed: boolean }, "way">;

function Badge({ count }: { count: Count }) {
  const text = short(count);
  return text === null ? null : (
    <span className={`flow-count${count.now === 0 ? " older" : ""}`} title={inWords(count) ?? ""}>
      {text}
    </span>
  );
}

/** What begins a skill. */
function waysIn(skill: Skill): string {
  if (skill.catches.length > 0) return skill.catches.join(", ");
  return skill.name.startsWith("/") ? "a system skill" : "only from other skills";
}

export function BoxView({ data }: NodeProps<BoxNode>) {
  const { thing, count, selected } = data;
  return (
    <div className={`flow-box ${look(thing)}${selected ? " chosen" : ""}`}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {inside(thing, count)}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

function look(thing: Thing): string {
  switch (thing.kind) {
    case "block":
      return `block ${thing.block.group}${thing.block.concerns.length > 0 ? " suspicious" : ""}`;
    case "skill":
      return `skill${thing.skill.built_in ? " built-in" : ""}`;
    case "begin":
    case "end":
    case "other":
      return thing.kind;
  }
}

function inside(thing: Thing, count: Count) {
  switch (thing.kind) {
    case "skill":
      return (
        <>
          <span className="flow-head">
            <bdi className="flow-name">{thing.skill.name}</bdi>
            <Badge count={count} />
          </span>
          <span className="flow-text" dir="auto">
            {waysIn(thing.skill)}
          </span>
          <span className="flow-kind">
            {thing.skill.blocks.length} {thing.skill.blocks.length === 1 ? "block" : "blocks"}
            {thing.skill.built_in ? " · comes with the product" : ""}
          </span>
        </>
      );
    case "begin":
      return (
        <span className="flow-text" dir="auto">
          {waysIn(thing.skill)}
        </span>
      );
    case "block":
      return (
        <>
          <span className="flow-head">
            <bdi className="flow-name">{thing.block.name}</bdi>
            <Badge count={count} />
          </span>
          <span className="flow-kind">
            {thing.block.kind}
            {thing.block.conditional ? " · conditional" : ""}
          </span>
          {thing.block.summary !== "" && (
            <span className="flow-text" dir="auto">
              {thing.block.summary}
            </span>
          )}
          {thing.block.concerns[0] !== undefined && <span className="flow-concern">⚠ {thing.block.concerns[0]}</span>}
        </>
      );
    case "end":
      return <span className="flow-text">end</span>;
    case "other":
      return (
        <span className="flow-text">
          → <bdi>{thing.skill}</bdi>
        </span>
      );
  }
}

export function WayView({ id, data, markerEnd }: EdgeProps<WayEdge>) {
  if (data === undefined) return null;
  return (
    <BaseEdge
      id={id}
      path={path(data.points)}
      {...(markerEnd === undefined ? {} : { markerEnd })}
      {...(data.text === "" ? {} : { label: data.text, labelX: data.at.x, labelY: data.at.y, labelBgPadding: [4, 2] as [number, number], labelBgBorderRadius: 4 })}
      className={data.dashed ? "flow-way dashed" : "flow-way"}
    />
  );
}

/** What a screen reader says of a box. */
export function spoken(thing: Thing, count: Count): string {
  const rests = inWords(count);
  const end = rests === null ? "" : `, ${rests}`;
  switch (thing.kind) {
    case "skill":
      return `Skill ${thing.skill.name}, ${thing.skill.blocks.length} blocks${end}`;
    case "begin":
      return `Begins with ${thing.skill.catches.join(", ") || "a way from another skill"}`;
    case "block":
      return `Block ${thing.block.name}, ${thing.block.kind}: ${thing.block.summary}${end}`;
    case "end":
      return "The skill ends";
    case "other":
      return `Goes on in skill ${thing.skill}`;
  }
}
