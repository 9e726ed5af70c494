// What the columns of a file of events are, and what is wanted of its rows: whose each is, which event, when it happened, and what it carries.

import { useId, useMemo } from "react";
import { eventFieldsOf, fieldOf, keysOf, NAME, propertyName, propertyOf, TYPES, type Property } from "./eventing.ts";
import { chosenOf, mapped, without } from "./importing.ts";
import { ImportColumns } from "./ImportColumns.tsx";
import type { Import, ImportOptions } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  columns: Import["columns"];
  options: ImportOptions;
  vocabulary: Vocabulary;
  choose(options: ImportOptions): void;
}

/** The choice that makes a column a property. */
const PROPERTY = "fields.";

export function ImportEvents({ columns, options, vocabulary, choose }: Props) {
  const groups = [...eventFieldsOf(vocabulary), { title: "What it carries", fields: [{ field: PROPERTY, says: "A property" }] }];
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const id = useId();
  const chosen = chosenOf(columns, options);
  const map = (at: number, field: string): void => {
    const column = columns[at];
    if (column === undefined) return;
    const inferred = propertyOf(column.field ?? "");
    const becomes = field === PROPERTY ? fieldOf(inferred ?? { name: propertyName(column.name), type: "" }) : field;
    choose(mapped(options, column.name, becomes, column.field));
  };
  const keys = keysOf(chosen, vocabulary);
  const saysWhat = (key: string): string => groups.flatMap((g) => g.fields).find((f) => f.field === key)?.says ?? key;
  const named = chosen.includes("event");
  const timed = chosen.includes("at");
  return (
    <>
      <ImportColumns
        columns={columns}
        chosen={chosen.map((field) => (propertyOf(field) === null ? field : PROPERTY))}
        groups={groups}
        choose={map}
        more={(at) => {
          const property = propertyOf(chosen[at] ?? "");
          const column = columns[at]?.name ?? "";
          if (property === null) return null;
          const write = (change: Partial<Property>): void => choose({ ...options, map: { ...options.map, [column]: fieldOf({ ...property, ...change }) } });
          return (
            <div className="property">
              <input aria-label={`What the property of the column ${column} is called`} value={property.name} maxLength={NAME} required pattern="[A-Za-z][A-Za-z0-9_]*" title="Letters from a to z, digits and _" autoComplete="off" autoCapitalize="none" spellCheck={false} dir="ltr" onChange={(e) => write({ name: e.target.value.replaceAll(":", "") })} />
              <select aria-label={`The type of the property of the column ${column}`} value={property.type} onChange={(e) => write({ type: e.target.value })}>
                {TYPES.map(([type, says]) => (
                  <option key={type} value={type}>
                    {says}
                  </option>
                ))}
              </select>
            </div>
          );
        }}
      />
      <div className="import-options">
        <div className="field">
          <label htmlFor={`${id}-event`}>Every row is the event</label>
          {named ? (
            <input id={`${id}-event`} value="as its column says" disabled readOnly />
          ) : (
            <input id={`${id}-event`} value={options.event ?? ""} list={`${id}-events`} placeholder="purchase" maxLength={64} autoComplete="off" autoCapitalize="none" spellCheck={false} onChange={(e) => choose(e.target.value === "" ? without(options, "event") : { ...options, event: e.target.value })} />
          )}
          <datalist id={`${id}-events`}>
            {vocabulary.events.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
        <div className="field">
          <label htmlFor={`${id}-key`}>Whose it is, is found by</label>
          <select id={`${id}-key`} value={options.key ?? ""} onChange={(e) => choose(e.target.value === "" ? without(options, "key") : { ...options, key: e.target.value })}>
            <option value="">the strongest there is</option>
            {keys.map((k) => (
              <option key={k} value={k}>
                {saysWhat(k)}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-unknown`}>Whoever is not known yet</label>
          <select id={`${id}-unknown`} value={options.unknown ?? "skip"} onChange={(e) => choose(e.target.value === "create" ? { ...options, unknown: "create" } : without(options, "unknown"))}>
            <option value="skip">is an error in that row</option>
            <option value="create">becomes a contact</option>
          </select>
        </div>
        {options.unknown === "create" && (
          <div className="field">
            <label htmlFor={`${id}-source`}>Source of those who are new</label>
            <input id={`${id}-source`} value={options.source ?? ""} placeholder="import" maxLength={64} autoComplete="off" onChange={(e) => choose(e.target.value === "" ? without(options, "source") : { ...options, source: e.target.value })} />
          </div>
        )}
        {timed ? (
          <>
            <div className="field">
              <label htmlFor={`${id}-zone`}>Times without a zone are of</label>
              <select id={`${id}-zone`} value={options.zone ?? ""} onChange={(e) => choose(e.target.value === "" ? without(options, "zone") : { ...options, zone: e.target.value })}>
                <option value="">the bot’s own time zone</option>
                {[...new Set(["UTC", ...zones, ...(options.zone == null ? [] : [options.zone])])].map((zone) => (
                  <option key={zone} value={zone}>
                    {zone.replaceAll("_", " ")}
                  </option>
                ))}
              </select>
            </div>
            <div className="field">
              <label htmlFor={`${id}-dates`}>Days such as 03/04/2026</label>
              <select id={`${id}-dates`} value={options.dates ?? ""} onChange={(e) => choose(e.target.value === "" ? without(options, "dates") : { ...options, dates: e.target.value as "dmy" | "mdy" })}>
                <option value="">ask me if there are any</option>
                <option value="dmy">are in April</option>
                <option value="mdy">are in March</option>
              </select>
            </div>
          </>
        ) : (
          <div className="field">
            <p className="label">No column says when it happened</p>
            <label className="check-line">
              <input type="checkbox" checked={options.now === true} onChange={(e) => choose(e.target.checked ? { ...options, now: true } : { ...without(options, "now"), again: false })} /> All of it happened now
            </label>
            {options.now === true && (
              <label className="check-line">
                <input type="checkbox" checked={options.again} onChange={(e) => choose({ ...options, again: e.target.checked })} /> Once more, if the file was imported before
              </label>
            )}
          </div>
        )}
      </div>
      <p className="muted">Skills that wait for such events do not begin by an import: nobody is written to.</p>
    </>
  );
}
