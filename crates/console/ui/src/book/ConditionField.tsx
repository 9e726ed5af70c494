// A field for a condition: it offers what may be written, and shows where the server could not read on.

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Ticked } from "../parts/Ticked.tsx";
import { complete, take, unitsOf, type Suggestion } from "./complete.ts";
import type { Found } from "./judged.tsx";
import type { Fault } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  label: string;
  text: string;
  change(text: string): void;
  vocabulary: Vocabulary;
  faults: Found | null;
  /** The id of what describes the field: how many match. */
  describedBy: string;
  placeholder: string;
}

export function ConditionField({ label, text, change, vocabulary, faults, describedBy, placeholder }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [cursor, setCursor] = useState(text.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState<number | null>(null);
  const moveTo = useRef<number | null>(null);
  const id = useId();
  const completion = useMemo(() => complete(text, Math.min(cursor, text.length), vocabulary), [text, cursor, vocabulary]);
  const { items } = completion;
  const shown = open && items.length > 0;

  useLayoutEffect(() => {
    if (moveTo.current === null) return;
    field.current?.setSelectionRange(moveTo.current, moveTo.current);
    moveTo.current = null;
  }, [text]);
  useEffect(() => {
    if (active !== null) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const write = (to: string, at: number): void => {
    setCursor(at);
    setActive(null);
    setOpen(complete(to, at, vocabulary).eager);
    change(to);
  };
  const accept = (suggestion: Suggestion): void => {
    const taken = take(text, completion, suggestion);
    moveTo.current = taken.cursor;
    write(taken.text, taken.cursor);
    field.current?.focus();
  };
  const keys = (e: KeyboardEvent): void => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === "Enter") {
      // A condition is one line, however it is folded.
      e.preventDefault();
      const chosen = shown && active !== null ? items[active] : undefined;
      if (chosen !== undefined) accept(chosen);
      else setOpen(false);
    } else if (e.key === "Tab" && shown && active !== null) {
      const chosen = items[active];
      if (chosen === undefined) return;
      e.preventDefault();
      accept(chosen);
    } else if (e.key === "Escape" && shown) {
      e.preventDefault();
      e.stopPropagation();
      setOpen(false);
      setActive(null);
    } else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      if (items.length === 0) return;
      e.preventDefault();
      if (!shown) {
        setOpen(true);
        setActive(e.key === "ArrowDown" ? 0 : items.length - 1);
      } else {
        const step = e.key === "ArrowDown" ? 1 : -1;
        setActive(active === null ? (step === 1 ? 0 : items.length - 1) : (active + step + items.length) % items.length);
      }
    } else if (e.key === " " && e.ctrlKey) {
      e.preventDefault();
      setOpen(true);
    }
  };
  const found = faults !== null && faults.of === text ? faults : null;

  return (
    <div className="condition">
      <label className="sr-only" htmlFor={`${id}-field`}>
        {label}
      </label>
      <div className="condition-box">
        <textarea
          id={`${id}-field`}
          ref={field}
          rows={1}
          value={text}
          placeholder={placeholder}
          maxLength={4_096}
          spellCheck={false}
          autoCapitalize="none"
          autoCorrect="off"
          autoComplete="off"
          dir="ltr"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={`${id}-list`}
          aria-activedescendant={shown && active !== null ? `${id}-${active}` : undefined}
          aria-invalid={found !== null && !found.odd && found.list.length > 0}
          aria-describedby={`${describedBy} ${id}-faults`}
          onChange={(e) => write(e.target.value.replaceAll(/[\r\n]+/gu, " "), e.target.selectionStart)}
          onSelect={(e) => setCursor(e.currentTarget.selectionStart)}
          onKeyDown={keys}
          onBlur={() => setOpen(false)}
        />
        {text !== "" && (
          <button type="button" className="link condition-clear" onClick={() => (write("", 0), field.current?.focus())}>
            Clear
          </button>
        )}
        <ul id={`${id}-list`} ref={list} className="offers" role="listbox" aria-label="What may be written here" hidden={!shown}>
          {shown &&
            items.map((item, n) => (
              <li
                key={`${item.label} ${item.insert}`}
                id={`${id}-${n}`}
                role="option"
                aria-selected={n === active}
                // The field keeps the focus.
                onMouseDown={(e) => e.preventDefault()}
                onClick={() => accept(item)}
              >
                <bdi>{item.label}</bdi>
                {item.detail !== "" && (
                  <small>
                    <bdi>{item.detail}</bdi>
                  </small>
                )}
              </li>
            ))}
        </ul>
      </div>
      <p className="sr-only" role="status">
        {shown ? `${items.length} ${items.length === 1 ? "suggestion" : "suggestions"}; arrow keys choose, Enter takes` : ""}
      </p>
      <div id={`${id}-faults`} className="faults" role="alert">
        {found?.list.slice(0, 3).map((fault, n) => (
          <FaultView
            key={`${n} ${fault.code} ${fault.start}`}
            text={text}
            fault={fault}
            odd={found.odd}
            cure={(to, at) => {
              moveTo.current = at;
              write(to, at);
              setOpen(false);
              field.current?.focus();
            }}
          />
        ))}
      </div>
    </div>
  );
}

/** What is wrong or odd: the condition with its place marked, why, and what to write instead. */
function FaultView({ text, fault, odd, cure }: { text: string; fault: Fault; odd: boolean; cure(to: string, cursor: number): void }) {
  const [from, to] = [unitsOf(text, fault.start), unitsOf(text, fault.end)];
  const there = text.slice(from, to);
  const { suggestion } = fault;
  return (
    <div className={odd ? "fault is-odd" : "fault"}>
      <p className="fault-place" dir="ltr">
        {text.slice(Math.max(0, from - 40), from)}
        <mark>{there.trim() === "" ? "▲" : there}</mark>
        {text.slice(to, to + 40)}
      </p>
      <p className="fault-why">
        <Ticked text={fault.message} />
        {fault.help !== null && (
          <span className="muted">
            {": "}
            <Ticked text={fault.help} />
          </span>
        )}{" "}
        {suggestion !== null && (
          <button type="button" className="link" onClick={() => cure(text.slice(0, from) + suggestion + text.slice(to), from + suggestion.length)}>
            {suggestion.trim() === "" ? "Leave it out" : `Write ${suggestion}`}
          </button>
        )}
      </p>
    </div>
  );
}
