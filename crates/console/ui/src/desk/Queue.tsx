// The left column: who waits, whom I talk to, whom nobody answered.

import { useRef, type KeyboardEvent } from "react";
import type { Place } from "../api.ts";
import { Inbox } from "../icons.tsx";
import { roves } from "../logic/keys.ts";
import { ShortAgo } from "../parts/Time.tsx";
import type { DeskView, Row } from "../types.ts";
import { Avatar } from "./Avatar.tsx";

interface Props {
  desk: DeskView | null;
  selected: string | null;
  fresh: ReadonlySet<string>;
  now: number;
  choose(place: Place): void;
}

export function Queue({ desk, selected, fresh, now, choose }: Props) {
  const list = useRef<HTMLElement>(null);
  const sections: { title: string; rows: Row[] }[] =
    desk === null
      ? []
      : [
          { title: "Waiting", rows: desk.queue },
          { title: "My chats", rows: desk.mine },
          { title: "Missed", rows: desk.missed },
        ];
  const all = sections.flatMap((s) => s.rows);
  // One stop for the Tab key: the selected row, else the first.
  const stop = all.some((r) => r.conversation === selected) ? selected : (all[0]?.conversation ?? null);

  const move = (e: KeyboardEvent): void => {
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>("button.row") ?? [])];
    const index = buttons.findIndex((b) => b === document.activeElement);
    const to = index < 0 ? null : roves(e.key, index, buttons.length);
    if (to === null) return;
    e.preventDefault();
    buttons[to]?.focus();
  };

  return (
    <nav className="queue" aria-label="Chats" ref={list} onKeyDown={move}>
      {desk !== null && all.length === 0 && (
        <div className="empty">
          <Inbox />
          <h2>Nobody is waiting</h2>
          <p>When your bot hands somebody over, they show up here at once.</p>
          {!desk.accepting && (
            <p>
              <strong>You are not accepting chats.</strong> If nobody accepts, people are told so right away instead of waiting.
            </p>
          )}
        </div>
      )}
      {sections
        .filter((s) => s.rows.length > 0)
        .map((s) => (
          <section key={s.title} aria-label={s.title}>
            <h2 className="section-title">
              {s.title} <span className="count">{s.rows.length.toLocaleString()}</span>
            </h2>
            <ul>
              {s.rows.map((row) => (
                <li key={row.conversation}>
                  <RowButton
                    row={row}
                    current={row.conversation === selected}
                    fresh={row.state === "waiting" && fresh.has(row.request)}
                    tabbable={row.conversation === stop}
                    now={now}
                    choose={() => choose({ contact: row.contact, conversation: row.conversation })}
                  />
                </li>
              ))}
            </ul>
          </section>
        ))}
      {desk !== null && desk.others > 0 && (
        <p className="others">
          {desk.others.toLocaleString()} {desk.others === 1 ? "chat is" : "chats are"} with other agents.
        </p>
      )}
    </nav>
  );
}

interface RowProps {
  row: Row;
  current: boolean;
  fresh: boolean;
  tabbable: boolean;
  now: number;
  choose(): void;
}

function RowButton({ row, current, fresh, tabbable, now, choose }: RowProps) {
  const since = row.state === "waiting" ? row.since : (row.last_at ?? row.since);
  return (
    <button
      type="button"
      className={`row ${row.state}${fresh ? " fresh" : ""}${row.waiting_customer ? " unanswered" : ""}`}
      aria-current={current ? "true" : undefined}
      tabIndex={tabbable ? 0 : -1}
      onClick={choose}
    >
      <Avatar id={row.contact} name={row.name} />
      <span className="row-body">
        <span className="row-top">
          <bdi className="row-name" title={row.name}>
            {row.name}
          </bdi>
          <ShortAgo at={since} now={now} />
        </span>
        <span className="row-text" dir="auto">
          {row.last_text ?? "No message yet"}
        </span>
        <span className="row-meta">
          {row.position !== null && <span className="chip position">{row.position} in line</span>}
          <span className="chip">{row.group}</span>
          <span className="chip quiet">{row.channel}</span>
          {row.waiting_customer && row.state === "active" && <span className="dot" role="img" aria-label="waits for your answer" />}
        </span>
      </span>
    </button>
  );
}
