// The attributes of a contact, and what is known of everybody: each edited where it stands, by its type. What was typed is never lost: not by
// a refusal, not by somebody else who changed the same value meanwhile.

import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { Pencil } from "../icons.tsx";
import { label } from "../logic/words.ts";
import { factIn, facts, IN_STORY, type Fact } from "./system.ts";
import { inputFor, plainValue, said, shownValue, written } from "./value.ts";
import { ValueField, type FieldElement } from "./ValueField.tsx";
import type { Attribute } from "./vocabulary.ts";

/** Somebody else changed the contact between the reading and the saving. */
export class Conflict extends Error {}

interface Props {
  declared: readonly Attribute[];
  /** What can be put right of everybody. */
  told: readonly Attribute[];
  values: Readonly<Record<string, unknown>>;
  system: Readonly<Record<string, unknown>>;
  /**
   * Saves one value; `null` takes it away. Unless it still is `base` (as JSON) nothing is overwritten and {@link Conflict} is thrown; without
   * a base it is overwritten whatever it is.
   */
  save(name: string, value: unknown, base: string | null): Promise<void>;
}

const asJson = (value: unknown): string => JSON.stringify(value ?? null);

export function Values({ declared, told, values, system, save }: Props) {
  const [editing, setEditing] = useState<string | null>(null);
  const pencils = useRef(new Map<string, HTMLButtonElement>());
  const [all, setAll] = useState(false);
  const names = new Set(declared.map((a) => a.name));
  // What the bot declares under such a name of its own stands for it.
  const lines = [...declared, ...told.filter((a) => !names.has(a.name))];
  const valueOf = ({ name }: Attribute): unknown => (names.has(name) ? values[name] : factIn(system, name));
  // Values of attributes that the bot no longer declares are kept and shown; there is no type to edit them by.
  const left = Object.keys(values).filter((name) => !names.has(name));
  const common = facts(system, IN_STORY);
  const own = common.filter(({ name }) => !lines.some((a) => a.name === name));
  // What the bot declares and does not know may be known of everybody all the same: a name, say.
  const factOf = (name: string): Fact | undefined => (values[name] === undefined ? common.find((fact) => fact.name === name) : undefined);
  const known = lines.filter((a) => valueOf(a) !== undefined || factOf(a.name) !== undefined || a.name === editing);
  const shown = all || known.length === lines.length ? lines : known;
  // What was being put right cannot be any more: they refused, say, while an agent chose a status.
  const [gone, setGone] = useState<string | null>(null);
  const section = useRef<HTMLElement>(null);
  const from = useRef<string | null>(null);
  const close = (name: string): void => {
    from.current = name;
    setEditing(null);
  };
  useLayoutEffect(() => {
    if (editing !== null || from.current === null) return;
    // The keyboard goes on where the field was; a value that was emptied has no line any more.
    (pencils.current.get(from.current) ?? section.current?.querySelector("button"))?.focus();
    from.current = null;
  }, [editing]);
  const isGone = editing !== null && !lines.some((a) => a.name === editing);
  useEffect(() => {
    if (!isGone || editing === null) return;
    setGone(editing);
    close(editing);
  }, [isGone, editing]);
  return (
    <section className="part" aria-label="Attributes" ref={section}>
      <h2>Attributes</h2>
      <p className="problem" role="alert">
        {gone !== null && `${label(gone)} was not saved: meanwhile it can no longer be changed here.`}
      </p>
      {shown.length + left.length + own.length === 0 && <p className="muted">Nothing is known yet.</p>}
      <dl className="values">
        {shown.map((a) => (
          <div className="value" key={a.name}>
            <dt title={a.says === "" ? a.type : a.says}>{label(a.name)}</dt>
            {editing === a.name ? (
              <dd>
                <Edit attribute={a} value={valueOf(a)} save={save} close={() => close(a.name)} />
              </dd>
            ) : (
              <>
                <Known attribute={a} value={names.has(a.name) ? values[a.name] : undefined} fact={factOf(a.name)} />
                <dd>
                  <button
                    type="button"
                    className="icon-button"
                    aria-label={`Edit ${label(a.name)}`}
                    title="Edit"
                    ref={(el) => {
                      if (el === null) pencils.current.delete(a.name);
                      else pencils.current.set(a.name, el);
                    }}
                    onClick={() => {
                      setGone(null);
                      setEditing(a.name);
                    }}
                  >
                    <Pencil />
                  </button>
                </dd>
              </>
            )}
          </div>
        ))}
        {left.map((name) => (
          <div className="value" key={`left ${name}`}>
            <dt>{label(name)}</dt>
            <dd>
              <Long text={plainValue(values[name])} /> <span className="computed">no longer declared</span>
            </dd>
          </div>
        ))}
        {own.map((fact) => (
          <div className="value" key={`system ${fact.name}`}>
            <dt>{label(fact.name)}</dt>
            <Common text={plainValue(fact.value)} source={fact.source} />
          </div>
        ))}
      </dl>
      {!all && known.length < lines.length && (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          {lines.length - known.length} more, not known
        </button>
      )}
    </section>
  );
}

/** What an attribute is: what the bot knows, else what is known of everybody. */
function Known({ attribute, value, fact }: { attribute: Attribute; value: unknown; fact: Fact | undefined }) {
  if (value === undefined && fact !== undefined) return <Common text={shownValue(attribute.type, fact.value)} source={fact.source} />;
  if (value === undefined) return <dd className="none">not known</dd>;
  return (
    <dd>
      <Long text={shownValue(attribute.type, value)} />
    </dd>
  );
}

/** What is known of everybody, with where it is known from. */
function Common({ text, source }: { text: string; source: string | null }) {
  return (
    <dd>
      <Long text={text} /> {source !== null && <span className="computed">{source}</span>}
    </dd>
  );
}

/** Characters of a value that are shown before one asks for the rest. */
const MUCH = 280;

/** A value as text; of a long one the beginning, until one asks for all of it. */
function Long({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  if (text.length <= MUCH + 40) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{all ? text : `${[...text].slice(0, MUCH).join("")}…`}</bdi>{" "}
      <button type="button" className="link" onClick={() => setAll(!all)}>
        {all ? "Show less" : "Show all"}
      </button>
    </>
  );
}

interface EditProps {
  attribute: Attribute;
  value: unknown;
  save: Props["save"];
  close(): void;
}

function Edit({ attribute, value, save, close }: EditProps) {
  const { name, type } = attribute;
  const [text, setText] = useState(() => written(type, value));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [conflict, setConflict] = useState(false);
  // What it was when one began to type: the page is kept current underneath.
  const [base] = useState(() => asJson(value));
  const field = useRef<FieldElement>(null);
  const id = useId();
  const kind = inputFor(attribute);
  useEffect(() => {
    field.current?.focus();
    if (kind.tag === "input" && kind.type === "text") field.current?.select();
  }, [kind.tag, kind.type]);

  const put = (mine: boolean): void => {
    setProblem(null);
    setConflict(false);
    if (!mine && asJson(value) !== base) return setConflict(true);
    // Said again, a status would say more than that.
    if (kind.always && asJson(said(type, text)) === asJson(value)) return close();
    setBusy(true);
    save(name, said(type, text), mine ? null : base).then(close, (e: unknown) => {
      setBusy(false);
      if (e instanceof Conflict) setConflict(true);
      else setProblem(e instanceof ApiError && e.status === 0 ? "The server cannot be reached. What you typed is still here." : e instanceof Error ? e.message : "It was not saved.");
      field.current?.focus();
    });
  };
  return (
    <form
      className="field"
      onSubmit={(e) => {
        e.preventDefault();
        put(conflict);
      }}
      onKeyDown={(e) => {
        if (e.key === "Escape" && !e.nativeEvent.isComposing) {
          e.preventDefault();
          close();
        }
        if (e.key === "Enter" && kind.tag === "textarea" && (e.ctrlKey || e.metaKey)) {
          e.preventDefault();
          put(conflict);
        }
      }}
    >
      <label className="sr-only" htmlFor={id}>
        {label(name)}
      </label>
      <ValueField id={id} kind={kind} text={text} change={setText} field={field} invalid={problem !== null} describedBy={`${id}-hint ${id}-problem`} />
      <p className="hint" id={`${id}-hint`}>
        {kind.hint}
      </p>
      <p className="problem" role="alert" id={`${id}-problem`}>
        {problem}
      </p>
      {conflict && (
        <div className="conflict" role="alert">
          <p>
            Somebody changed this meanwhile: it is now <bdi>“{value === undefined ? "not known" : shownValue(type, value)}”</bdi>. What you typed is still here.
          </p>
          <div className="field-actions">
            <button type="submit" className="button" disabled={busy}>
              Save mine
            </button>
            <button type="button" className="button" onClick={close}>
              Keep theirs
            </button>
          </div>
        </div>
      )}
      {!conflict && (
        <div className="field-actions">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Saving…" : "Save"}
          </button>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          {value !== undefined && text !== "" && !kind.always && (
            <button type="button" className="button quiet" onClick={() => setText("")}>
              Empty it
            </button>
          )}
        </div>
      )}
    </form>
  );
}
