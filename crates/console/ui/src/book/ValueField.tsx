// The field for a value of an attribute, by its type.

import type { RefObject } from "react";
import type { InputKind } from "./value.ts";

export type FieldElement = HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement;

interface Props {
  id: string;
  kind: InputKind;
  text: string;
  change(text: string): void;
  field?: RefObject<FieldElement | null>;
  invalid?: boolean;
  describedBy?: string;
}

export function ValueField({ id, kind, text, change, field, invalid = false, describedBy }: Props) {
  const shared = {
    id,
    ...(field === undefined ? {} : { ref: field }),
    value: text,
    "aria-invalid": invalid,
    "aria-describedby": describedBy,
    onChange: (e: { target: { value: string } }) => change(e.target.value),
  };
  switch (kind.tag) {
    case "select":
      return (
        <select {...shared}>
          {!kind.always && <option value="">Not known</option>}
          {kind.options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.says}
            </option>
          ))}
          {text !== "" && !kind.options.some((o) => o.value === text) && <option value={text}>{text}</option>}
        </select>
      );
    case "textarea":
      return <textarea {...shared} rows={Math.min(8, Math.max(2, text.split("\n").length))} dir="auto" />;
    case "input":
      return <input {...shared} type={kind.type} inputMode={kind.mode} dir="auto" autoComplete="off" step="any" />;
  }
}
