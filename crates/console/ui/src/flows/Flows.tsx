// The flows page: what the bot does, drawn, with how many runs rest where. Read-only.

import { Background, Controls, MarkerType, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import "./flows.css";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { api, ApiError } from "../api.ts";
import { Back, Close } from "../icons.tsx";
import { Ticked } from "../parts/Ticked.tsx";
import { count, find, inWords, type Counts } from "./find.ts";
import { blocksGraph, shown, skillsGraph, type Thing } from "./graph.ts";
import { label, opening, place, WHOLE } from "./layout.ts";
import { BoxView, spoken, WayView, type BoxNode, type WayEdge } from "./Nodes.tsx";
import { flowPathOf, flowPlaceOf, type FlowPlace } from "./route.ts";
import type { Block, Picture, Resting, Skill } from "./types.ts";

const EVERY = 5_000;
const FOUND = 30;
const nodeTypes = { box: BoxView };
const edgeTypes = { way: WayView };
const none = { now: 0, older: 0 };

export default function Flows({ signedOut }: { signedOut(note: string | null): void }) {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [resting, setResting] = useState<Resting | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [at, setAt] = useState<FlowPlace>(() => flowPlaceOf(location.pathname));

  const over = useCallback(
    (e: unknown) => {
      if (e instanceof ApiError && e.status === 401) signedOut("You were signed out. Please sign in again.");
      else setProblem(e instanceof Error ? e.message : "Something went wrong.");
    },
    [signedOut],
  );

  useEffect(() => {
    let left = false;
    let version = "";
    const look = (): void => {
      if (document.visibilityState === "hidden") return;
      api
        .resting()
        .then(async (counts) => {
          // A changed bot is drawn anew; the counts belong to what is drawn.
          if (counts.version !== version) {
            const drawn = await api.flows();
            if (left) return;
            version = drawn.version;
            setPicture(drawn);
          }
          if (left) return;
          setResting(counts);
          setProblem(null);
        })
        .catch((e: unknown) => !left && over(e));
    };
    look();
    const tick = setInterval(look, EVERY);
    document.addEventListener("visibilitychange", look);
    return () => {
      left = true;
      clearInterval(tick);
      document.removeEventListener("visibilitychange", look);
    };
  }, [over]);

  useEffect(() => {
    const moved = (): void => setAt(flowPlaceOf(location.pathname));
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, []);

  const go = useCallback((to: FlowPlace) => {
    setAt(to);
    const path = flowPathOf(to);
    if (location.pathname !== path) history.pushState(null, "", path);
  }, []);

  const skill = picture?.skills.find((s) => s.name === at.skill) ?? null;
  const block = skill?.blocks.find((b) => b.name === at.block) ?? null;
  const counts = useMemo(() => (picture === null ? null : count(picture, resting)), [picture, resting]);

  useEffect(() => {
    document.title = `${skill === null ? "Flows" : skill.name} · ${picture?.bot ?? "Switchboard"}`;
  }, [skill, picture]);

  if (picture === null || counts === null) {
    return (
      <main className="splash" aria-busy={problem === null}>
        <p role="status">{problem ?? "Drawing the flows…"}</p>
      </main>
    );
  }
  return (
    <main className={`flows${block === null ? "" : " with-block"}`}>
      <h1 className="sr-only">Flows</h1>
      <Side picture={picture} counts={counts} at={at} go={go} />
      <section className="flow-sheet" aria-label={skill === null ? "All skills" : `Skill ${skill.name}`}>
        <div className="flow-bar">
          {skill === null ? (
            <h2>All skills</h2>
          ) : (
            <>
              <button type="button" className="icon-button" onClick={() => go({ skill: null, block: null })} aria-label="All skills" title="All skills">
                <Back />
              </button>
              <h2>
                <bdi>{skill.name}</bdi>
              </h2>
            </>
          )}
          <p className="muted" role="status">
            {counts.total === 0 ? "Nothing rests anywhere now" : `${counts.total.toLocaleString()} ${counts.total === 1 ? "run rests" : "runs rest"} in the bot now`}
          </p>
        </div>
        {problem !== null && (
          <p className="banner" role="alert">
            {problem}
          </p>
        )}
        {at.skill !== null && skill === null && <p className="banner">The newest version has no skill of that name.</p>}
        <ReactFlowProvider key={`${picture.version} ${skill?.name ?? ""}`}>
          <Sheet picture={picture} skill={skill} block={block} counts={counts} go={go} />
        </ReactFlowProvider>
      </section>
      {skill !== null && block !== null && <Detail picture={picture} skill={skill} block={block} counts={counts} go={go} />}
    </main>
  );
}

interface SheetProps {
  picture: Picture;
  skill: Skill | null;
  block: Block | null;
  counts: Counts;
  go(to: FlowPlace): void;
}

function Sheet({ picture, skill, block, counts, go }: SheetProps) {
  const flow = useReactFlow();
  const canvas = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<{ width: number; height: number } | null>(null);
  useLayoutEffect(() => {
    // Where the drawing is opened depends on how much of it there is room for.
    if (canvas.current !== null) setRoom({ width: canvas.current.clientWidth, height: canvas.current.clientHeight });
  }, []);
  const graph = useMemo(() => (skill === null ? skillsGraph(picture) : blocksGraph(skill, picture.links)), [picture, skill]);
  const placed = useMemo(() => place(graph), [graph]);
  const nodes: BoxNode[] = graph.boxes.map(({ id, thing }) => {
    const box = placed.boxes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 };
    const here = thing.kind === "skill" ? counts.skill(thing.skill.name) : thing.kind === "block" && skill !== null ? counts.block(skill.name, thing.block.name) : none;
    const leads = thing.kind === "skill" || thing.kind === "block" || thing.kind === "other";
    return {
      id,
      type: "box",
      position: { x: box.x, y: box.y },
      width: box.width,
      height: box.height,
      data: { thing, count: here, selected: thing.kind === "block" && thing.block.name === block?.name },
      focusable: leads,
      ariaLabel: spoken(thing, here),
      ariaRole: leads ? "button" : "img",
    };
  });
  const edges: WayEdge[] = graph.arrows.map((arrow) => {
    const way = placed.ways.get(arrow.id);
    return {
      id: arrow.id,
      type: "way",
      source: arrow.from,
      target: arrow.to,
      focusable: false,
      markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: "var(--way)" },
      data: { points: way?.points ?? [], at: way?.label ?? { x: 0, y: 0 }, text: label(arrow.names), dashed: arrow.dashed },
    };
  });
  const open = (thing: Thing): void => {
    if (thing.kind === "skill") go({ skill: thing.skill.name, block: null });
    else if (thing.kind === "other") go({ skill: thing.skill, block: null });
    else if (thing.kind === "block" && skill !== null) go({ skill: skill.name, block: thing.block.name });
  };
  const chosen = block === null ? null : (placed.boxes.get(`b:${block.name}`) ?? null);
  useEffect(() => {
    // The chosen block is brought into view; whoever moved the drawing by hand keeps their zoom.
    if (chosen !== null && room !== null) void flow.setCenter(chosen.x + chosen.width / 2, chosen.y + chosen.height / 2, { zoom: Math.max(flow.getZoom(), 0.8) });
  }, [chosen, flow, room]);
  const first = skill === null ? (graph.boxes.find((b) => b.thing.kind === "skill" && b.thing.skill.name === "/start")?.id ?? null) : "begin";
  const view = room === null || chosen !== null ? null : opening(placed, first, room);
  const key = (e: KeyboardEvent): void => {
    if (e.key !== "Enter" && e.key !== " ") return;
    const id = (e.target as HTMLElement).closest(".react-flow__node")?.getAttribute("data-id");
    const box = graph.boxes.find((b) => b.id === id);
    if (box === undefined) return;
    e.preventDefault();
    open(box.thing);
  };
  return (
    <div className="flow-canvas" onKeyDown={key} ref={canvas}>
      {room !== null && (
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodeClick={(_, node) => open(node.data.thing)}
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable={false}
          nodesFocusable
          edgesFocusable={false}
          disableKeyboardA11y
          fitView={chosen === null && view === null}
          fitViewOptions={WHOLE}
          {...(view === null ? {} : { defaultViewport: view })}
          minZoom={0.1}
          maxZoom={2}
          colorMode="system"
        >
          <Background gap={22} size={1} />
          <Controls showInteractive={false} />
        </ReactFlow>
      )}
    </div>
  );
}

interface SideProps {
  picture: Picture;
  counts: Counts;
  at: FlowPlace;
  go(to: FlowPlace): void;
}

function Side({ picture, counts, at, go }: SideProps) {
  const [text, setText] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (e: globalThis.KeyboardEvent): void => {
      const target = e.target as HTMLElement | null;
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || target?.closest("input, textarea, select") != null) return;
      e.preventDefault();
      box.current?.focus();
    };
    window.addEventListener("keydown", slash);
    return () => window.removeEventListener("keydown", slash);
  }, []);
  const found = find(picture, text, FOUND);
  const rows = text.trim() === "" ? shown(picture).map((skill) => ({ skill, block: null })) : found;
  return (
    <nav className="flow-side" aria-label="Skills and blocks">
      <label className="sr-only" htmlFor="flow-find">
        Find a skill or block
      </label>
      <input
        id="flow-find"
        ref={box}
        type="search"
        value={text}
        placeholder="Find a block  ( / )"
        autoComplete="off"
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") setText("");
          const first = rows[0];
          if (e.key === "Enter" && text.trim() !== "" && first !== undefined) go({ skill: first.skill.name, block: first.block?.name ?? null });
        }}
      />
      <p className="sr-only" role="status">
        {text.trim() === "" ? "" : `${found.length} found`}
      </p>
      <ul>
        {rows.map(({ skill, block }) => {
          const here = block === null ? counts.skill(skill.name) : counts.block(skill.name, block.name);
          const rests = inWords(here);
          const current = at.skill === skill.name && (block === null ? text.trim() === "" : at.block === block.name);
          return (
            <li key={`${skill.name} ${block?.name ?? ""}`}>
              <button type="button" className="flow-row" aria-current={current ? "true" : undefined} onClick={() => go({ skill: skill.name, block: block?.name ?? null })}>
                <span className="flow-row-name">
                  <bdi>{block === null ? skill.name : block.name}</bdi>
                  <small>{block === null ? (skill.built_in ? "comes with the product" : skill.title) : `${skill.name} · ${block.kind}`}</small>
                </span>
                {rests !== null && (
                  <span className={`flow-count${here.now === 0 ? " older" : ""}`} role="img" aria-label={rests}>
                    {(here.now + here.older).toLocaleString()}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      {text.trim() !== "" && found.length === 0 && <p className="muted pad">Nothing is called that, and no block says it.</p>}
      {counts.gone.length > 0 && (
        <section className="flow-gone" aria-label="Only in older versions">
          <h2>Only in older versions</h2>
          <ul>
            {counts.gone.map((g) => (
              <li key={`${g.skill} ${g.block}`}>
                <bdi>
                  {g.skill}.{g.block}
                </bdi>{" "}
                <span className="flow-count older">{g.runs.toLocaleString()}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </nav>
  );
}

interface DetailProps {
  picture: Picture;
  skill: Skill;
  block: Block;
  counts: Counts;
  go(to: FlowPlace): void;
}

function Detail({ picture, skill, block, counts, go }: DetailProps) {
  const raised = picture.links.filter((l) => l.from === skill.name && l.block === block.name && l.how !== "leaves");
  const came = skill.blocks.flatMap((from) => from.exits.filter((e) => typeof e.to === "object" && "block" in e.to && e.to.block === block.name).map((e) => ({ from, exit: e.name })));
  return (
    <aside className="flow-detail" aria-label={`Block ${block.name}`}>
      <div className="flow-bar">
        <h2>
          <bdi>{block.name}</bdi>
        </h2>
        <button type="button" className="icon-button" onClick={() => go({ skill: skill.name, block: null })} aria-label="Close" title="Close">
          <Close />
        </button>
      </div>
      <p className="chips">
        <span className="chip">{block.kind}</span>
        {block.conditional && <span className="chip">conditional</span>}
        {block.rests === "asks" && <span className="chip">waits for an answer</span>}
        {block.rests === "hands_over" && <span className="chip">waits for a person</span>}
        {block.rests === "waits" && <span className="chip">waits</span>}
      </p>
      <p className="muted">{inWords(counts.block(skill.name, block.name)) ?? "No run rests here now"}</p>
      {block.summary !== "" && (
        <p className="flow-summary" dir="auto">
          {block.summary}
        </p>
      )}
      {block.concerns.map((c) => (
        <p key={c} className="note">
          <Ticked text={c} />
        </p>
      ))}
      <h3>Exits</h3>
      {block.exits.length + raised.length === 0 && <p className="muted">None</p>}
      <ul className="flow-exits">
        {block.exits.map((exit, n) => (
          <li key={`${n} ${exit.name}`}>
            <span dir="auto">{exit.name}</span>
            {exit.to === "end" ? (
              <span className="muted">end</span>
            ) : "block" in exit.to ? (
              <Jump to={{ skill: skill.name, block: exit.to.block }} text={exit.to.block} go={go} />
            ) : (
              <Jump to={{ skill: exit.to.skill, block: null }} text={`skill ${exit.to.skill}`} go={go} />
            )}
          </li>
        ))}
        {raised.map((l) => (
          <li key={`${l.how} ${l.name} ${l.to}`}>
            <span>{l.how === "calls" ? "calls" : `raises ${l.name}`}</span>
            <Jump to={{ skill: l.to, block: null }} text={`skill ${l.to}`} go={go} />
          </li>
        ))}
      </ul>
      <h3>Comes from</h3>
      {came.length === 0 && <p className="muted">{skill.blocks[0] === block ? "The beginning of the skill" : "Nowhere in this skill"}</p>}
      <ul className="flow-exits">
        {came.map(({ from, exit }, n) => (
          <li key={`${n} ${from.name}`}>
            <span dir="auto">{exit}</span>
            <Jump to={{ skill: skill.name, block: from.name }} text={from.name} go={go} />
          </li>
        ))}
      </ul>
    </aside>
  );
}

function Jump({ to, text, go }: { to: FlowPlace; text: string; go(to: FlowPlace): void }) {
  return (
    <button type="button" className="link" onClick={() => go(to)}>
      <bdi>{text}</bdi>
    </button>
  );
}
