// Doing something to everybody for whom a condition holds: what, then to how many, then it begins.

import { useId, useState } from "react";
import { label } from "../logic/words.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { EVERYBODY, question, title, wanted, type Action, type Does } from "./bulk.ts";
import type { Begun } from "./underway.ts";
import { inputFor } from "./value.ts";
import { ValueField } from "./ValueField.tsx";
import type { Vocabulary } from "./vocabulary.ts";

/** The longest tag, in characters, as the server has it. */
const LONGEST = 64;

interface Props {
  /** For whom; everybody if it is empty. */
  where: string;
  /** What is chosen at first. */
  does: Does;
  vocabulary: Vocabulary;
  begun(begun: Begun): void;
  over(e: unknown): void;
  close(): void;
}

const CHOICES: readonly [Does, string][] = [
  ["tag", "Put a tag on"],
  ["untag", "Take a tag off"],
  ["set", "Set an attribute"],
  ["add", "Put on a list"],
  ["remove", "Take off a list"],
];

export function BulkDialog({ where, does: first, vocabulary, begun, over, close }: Props) {
  const [does, setDoes] = useState(first);
  const [tag, setTag] = useState("");
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [key, setKey] = useState("");
  const [count, setCount] = useState<number | null>(null);
  const id = useId();
  const declared = vocabulary.attributes.filter((a) => a.declared);
  const lists = vocabulary.segments.filter((s) => s.list);
  const attribute = declared.find((a) => a.name === name) ?? null;
  const list = lists.find((s) => s.key === key) ?? null;
  const action = ((): Action | null => {
    switch (does) {
      case "tag":
      case "untag":
        return tag.trim() === "" ? null : { does, tag: tag.trim() };
      case "set":
        return attribute === null ? null : { does, attribute, text };
      case "add":
      case "remove":
        return list === null ? null : { does, list };
    }
  })();
  const kind = attribute === null ? null : inputFor(attribute);
  const condition = where === "" ? EVERYBODY : where;
  const act = async (): Promise<void | "more"> => {
    if (action === null) return "more";
    try {
      if (count === null) {
        setCount(await book.countBulk(condition, wanted(action)));
        return "more";
      }
      begun({ job: await book.bulk(condition, wanted(action)), title: title(action) });
    } catch (e) {
      over(e);
      throw e;
    }
  };
  const whom = (
    <p className="bulk-whom">
      {where === "" ? (
        "Everybody in the book"
      ) : (
        <>
          Everybody for whom this holds: <code dir="ltr">{where}</code>
        </>
      )}
    </p>
  );
  if (count !== null && action !== null) {
    const { asks, confirm, grave } = question(action, count);
    return (
      <Dialog key="sure" title="Are you sure?" confirm={confirm} grave={grave} ready={count > 0} wide act={act} close={close}>
        {whom}
        <p>{count === 0 ? "That is nobody now." : asks}</p>
        <p className="muted">Each change stands in the journey of its contact, with your name. It cannot be taken back as a whole.</p>
        <p>
          <button type="button" className="link" onClick={() => setCount(null)}>
            Change what is done
          </button>
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog key="what" title="Do something to many" confirm="Count them" ready={action !== null} wide act={act} close={close}>
      {whom}
      <div className="field">
        <label htmlFor={`${id}-does`}>What</label>
        <select id={`${id}-does`} value={does} onChange={(e) => setDoes(e.target.value as Does)}>
          {CHOICES.map(([value, says]) => (
            <option key={value} value={value}>
              {says}
            </option>
          ))}
        </select>
      </div>
      {(does === "tag" || does === "untag") && (
        <div className="field">
          <label htmlFor={`${id}-tag`}>Tag</label>
          <input id={`${id}-tag`} value={tag} maxLength={LONGEST} list={`${id}-tags`} autoComplete="off" dir="auto" onChange={(e) => setTag(e.target.value)} />
          <datalist id={`${id}-tags`}>
            {vocabulary.tags.slice(0, 200).map((t) => (
              <option key={t} value={t} />
            ))}
          </datalist>
        </div>
      )}
      {does === "set" && (
        <>
          <div className="field">
            <label htmlFor={`${id}-name`}>Attribute</label>
            <select
              id={`${id}-name`}
              value={name}
              onChange={(e) => {
                setName(e.target.value);
                setText("");
              }}
            >
              <option value="">Choose…</option>
              {declared.map((a) => (
                <option key={a.name} value={a.name}>
                  {label(a.name)}
                </option>
              ))}
            </select>
          </div>
          {kind !== null && (
            <div className="field">
              <label htmlFor={`${id}-value`}>Value</label>
              <ValueField id={`${id}-value`} kind={kind} text={text} change={setText} describedBy={`${id}-hint`} />
              <p className="hint" id={`${id}-hint`}>
                {kind.hint === "" ? "Nothing here takes the value away." : `${kind.hint}. Nothing here takes the value away.`}
              </p>
            </div>
          )}
        </>
      )}
      {(does === "add" || does === "remove") && (
        <div className="field">
          <label htmlFor={`${id}-list`}>List</label>
          <select id={`${id}-list`} value={key} disabled={lists.length === 0} onChange={(e) => setKey(e.target.value)}>
            <option value="">{lists.length === 0 ? "There is no list yet" : "Choose…"}</option>
            {lists.map((s) => (
              <option key={s.key} value={s.key}>
                {s.name}
              </option>
            ))}
          </select>
          <p className="hint">Lists are segments that people are put on; the segments page makes them.</p>
        </div>
      )}
    </Dialog>
  );
}
