// What the columns of a file of contacts are, and what is wanted of its rows.

import { useId } from "react";
import { chosenOf, fieldsOf, mapped, without } from "./importing.ts";
import { ImportColumns } from "./ImportColumns.tsx";
import type { Import, ImportOptions } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  columns: Import["columns"];
  options: ImportOptions;
  vocabulary: Vocabulary;
  choose(options: ImportOptions): void;
}

export function ImportMapping({ columns, options, vocabulary, choose }: Props) {
  const groups = fieldsOf(vocabulary);
  const id = useId();
  const chosen = chosenOf(columns, options);
  const keys = ["id", "external", "email", "phone"].filter((k) => chosen.includes(k));
  return (
    <>
      <ImportColumns
        columns={columns}
        chosen={chosen}
        groups={groups}
        choose={(at, field) => {
          const column = columns[at];
          if (column !== undefined) choose(mapped(options, column.name, field, column.field));
        }}
      />
      <div className="import-options">
        <div className="field">
          <label htmlFor={`${id}-mode`}>A row may</label>
          <select id={`${id}-mode`} value={options.mode} onChange={(e) => choose({ ...options, mode: e.target.value as ImportOptions["mode"] })}>
            <option value="upsert">make and change contacts</option>
            <option value="create">only make new contacts</option>
            <option value="update">only change known contacts</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-key`}>It finds its contact by</label>
          <select id={`${id}-key`} value={options.key ?? ""} onChange={(e) => choose(e.target.value === "" ? without(options, "key") : { ...options, key: e.target.value })}>
            <option value="">the strongest there is</option>
            {keys.map((k) => (
              <option key={k} value={k}>
                {groups[0]?.fields.find((f) => f.field === k)?.says ?? k}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-blanks`}>A blank cell</label>
          <select id={`${id}-blanks`} value={options.blanks} onChange={(e) => choose({ ...options, blanks: e.target.value as ImportOptions["blanks"] })}>
            <option value="keep">leaves what is known</option>
            <option value="clear">takes the value away</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-tags`}>Tags for everybody</label>
          <input
            id={`${id}-tags`}
            defaultValue={options.tags.join(", ")}
            placeholder="none"
            autoComplete="off"
            onChange={(e) =>
              choose({
                ...options,
                tags: e.target.value
                  .split(",")
                  .map((t) => t.trim())
                  .filter((t) => t !== ""),
              })
            }
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-source`}>Source of those who are new</label>
          <input id={`${id}-source`} value={options.source ?? ""} placeholder="import" maxLength={64} autoComplete="off" onChange={(e) => choose(e.target.value === "" ? without(options, "source") : { ...options, source: e.target.value })} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-list`}>List for everybody</label>
          <select id={`${id}-list`} value={options.list ?? ""} onChange={(e) => choose(e.target.value === "" ? { ...without(options, "list"), members: false } : { ...options, list: e.target.value })}>
            <option value="">none</option>
            {vocabulary.segments
              .filter((s) => s.list)
              .map((s) => (
                <option key={s.key} value={s.key}>
                  {s.name}
                </option>
              ))}
          </select>
          {options.list != null && (
            <label className="check-line">
              <input type="checkbox" checked={options.members === true} onChange={(e) => choose({ ...options, members: e.target.checked })} /> The file only says who is on it
            </label>
          )}
        </div>
        <div className="field">
          <label htmlFor={`${id}-dates`}>Days such as 03/04/2026</label>
          <select id={`${id}-dates`} value={options.dates ?? ""} onChange={(e) => choose(e.target.value === "" ? without(options, "dates") : { ...options, dates: e.target.value as "dmy" | "mdy" })}>
            <option value="">ask me if there are any</option>
            <option value="dmy">are in April</option>
            <option value="mdy">are in March</option>
          </select>
        </div>
      </div>
    </>
  );
}
