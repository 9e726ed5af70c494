// A field in which one names a contact: whoever fits is offered as one types.

import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { valueText } from "../logic/words.ts";
import { book } from "./api.ts";
import { useSettled } from "./settle.ts";
import type { Person } from "./types.ts";

/** How many are offered. */
const OFFERED = 8;

interface Props {
  label: string;
  choose(person: Person): void;
  over(e: unknown): void;
}

export function PersonField({ label, choose, over }: Props) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const [found, setFound] = useState<{ of: string; people: readonly Person[] } | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const asked = useSettled(text.trim(), 120);
  const id = useId();
  useEffect(() => {
    if (asked === "") return;
    const stop = new AbortController();
    book.find(asked, stop.signal).then(
      ({ rows }) => {
        if (stop.signal.aborted) return;
        setFound({ of: asked, people: rows.slice(0, OFFERED) });
        setActive(0);
      },
      (e: unknown) => {
        if (!stop.signal.aborted) over(e);
      },
    );
    return () => stop.abort();
  }, [asked, over]);
  const current = found !== null && found.of === text.trim() && text.trim() !== "" ? found : null;
  const offers = current?.people ?? [];
  const shown = open && current !== null;
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const take = (person: Person | undefined): void => {
    if (person === undefined) return;
    setText("");
    setOpen(false);
    choose(person);
    field.current?.focus();
  };
  const keys = (e: KeyboardEvent): void => {
    if (e.nativeEvent.isComposing) return;
    switch (e.key) {
      case "Enter":
        e.preventDefault();
        if (shown) take(offers[active]);
        return;
      case "Escape":
        if (!shown) return;
        e.preventDefault();
        e.stopPropagation();
        setOpen(false);
        return;
      case "ArrowDown":
      case "ArrowUp": {
        if (offers.length === 0) return;
        e.preventDefault();
        const step = e.key === "ArrowDown" ? 1 : -1;
        if (shown) setActive((active + step + offers.length) % offers.length);
        else setOpen(true);
        return;
      }
      default:
    }
  };
  return (
    <div className="person-field">
      <label className="sr-only" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        ref={field}
        className="book-search"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={shown && offers.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={shown && offers.length > 0 ? `${id}-${active}` : undefined}
        value={text}
        placeholder={label}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
        onChange={(e) => {
          setText(e.target.value);
          setOpen(true);
        }}
        onKeyDown={keys}
        onBlur={() => setOpen(false)}
      />
      <ul id={`${id}-list`} ref={list} className="offers" role="listbox" aria-label="Contacts" hidden={!shown || offers.length === 0}>
        {shown &&
          offers.map((person, n) => (
            <li
              key={person.id}
              id={`${id}-${n}`}
              role="option"
              aria-selected={n === active}
              // The field keeps the focus.
              onMouseDown={(e) => e.preventDefault()}
              onClick={() => take(person)}
            >
              <bdi>{person.name}</bdi>
              <small>
                <bdi>{valueText(person.attributes["email"] ?? person.system["email"] ?? person.attributes["phone"] ?? person.system["phone"]) || person.id}</bdi>
              </small>
            </li>
          ))}
      </ul>
      <p className={shown && offers.length === 0 ? "hint" : "sr-only"} role="status">
        {!shown ? "" : offers.length === 0 ? "Nobody is called that" : `${offers.length} found; arrow keys choose, Enter takes`}
      </p>
    </div>
  );
}
