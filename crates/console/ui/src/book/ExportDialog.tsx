// A file of everybody for whom a condition holds: its form and its columns.

import { useState } from "react";
import { label } from "../logic/words.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { drafts } from "../desk/drafts.ts";
import { exportColumns } from "./exported.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  /** For whom; everybody if it is empty. */
  where: string;
  /** How many that are now, in words. */
  whom: string;
  vocabulary: Vocabulary;
  close(): void;
}

const KEPT = "export columns";

/** What was chosen last, as far as there still is such a column; everything at first. */
function chosenFirst(all: readonly string[]): string[] {
  const kept = drafts.get(KEPT).split(",").filter((name) => all.includes(name));
  return kept.length === 0 ? [...all] : kept;
}

/** Lets the browser fetch a file as if one had pressed a link to it. */
function fetchFile(href: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

export function ExportDialog({ where, whom, vocabulary, close }: Props) {
  const all = exportColumns(vocabulary.attributes);
  const [format, setFormat] = useState<"csv" | "jsonl">("csv");
  const [names, setNames] = useState(() => chosenFirst(all));
  const columns = all.filter((name) => names.includes(name));
  return (
    <Dialog
      title={`Download ${whom}`}
      confirm="Download"
      ready={columns.length > 0}
      wide
      act={async () => {
        drafts.set(KEPT, columns.length === all.length ? "" : columns.join(","));
        fetchFile(book.exportUrl(where, format, columns));
      }}
      close={close}
    >
      {where !== "" && (
        <p className="bulk-whom">
          Everybody for whom this holds: <code dir="ltr">{where}</code>
        </p>
      )}
      <fieldset className="export-form">
        <legend>Form</legend>
        <label className="choice-line">
          <input type="radio" name="format" checked={format === "csv"} onChange={() => setFormat("csv")} />
          <span>
            CSV
            <small>For spreadsheets. What would be run as a formula has an apostrophe before it.</small>
          </span>
        </label>
        <label className="choice-line">
          <input type="radio" name="format" checked={format === "jsonl"} onChange={() => setFormat("jsonl")} />
          <span>
            JSON lines
            <small>For programs: an object to a line, values with their types.</small>
          </span>
        </label>
      </fieldset>
      <fieldset className="export-columns">
        <legend>
          Columns <span className="muted">{columns.length === all.length ? "all" : `${columns.length} of ${all.length}`}</span>{" "}
          <button type="button" className="link" onClick={() => setNames(columns.length === all.length ? [] : [...all])}>
            {columns.length === all.length ? "None" : "All"}
          </button>
        </legend>
        <div className="export-names">
          {all.map((name) => (
            <label key={name} className="check-line">
              <input type="checkbox" checked={names.includes(name)} onChange={(e) => setNames(e.target.checked ? [...names, name] : names.filter((one) => one !== name))} /> <bdi>{label(name)}</bdi>
            </label>
          ))}
        </div>
      </fieldset>
    </Dialog>
  );
}
