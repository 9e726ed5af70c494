// Values of attributes in a form: how one is written into a field by its type, and what a field says to the server, which reads and judges it.

import { dayOf, fullTime, label, valueText } from "../logic/words.ts";
import type { Attribute } from "./vocabulary.ts";

/** The text of a value in its field; what is read back from it unchanged is the same value. */
export function written(type: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map((item) => (typeof item === "string" ? item : valueText(item))).join("\n");
  if (type === "datetime" && typeof value === "string") return localOf(value);
  return valueText(value);
}

/** What the field's text is for the server; `null` takes the value away. */
export function said(type: string, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  switch (type) {
    case "bool":
      return trimmed === "true";
    case "number":
      // A number that survives as one is sent as one: as text its point could be read as a separator of thousands.
      return String(Number(trimmed)) === trimmed ? Number(trimmed) : trimmed;
    case "list":
      return trimmed
        .split("\n")
        .map((item) => item.trim())
        .filter((item) => item !== "");
    case "datetime": {
      const at = new Date(trimmed);
      return Number.isNaN(at.getTime()) ? trimmed : at.toISOString();
    }
    case "text":
      return text;
    default:
      return trimmed;
  }
}

/** An instant as a field for local dates and times holds it, to the minute. */
export function localOf(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** A value as it is shown, by its type. */
export function shownValue(type: string, value: unknown): string {
  if (typeof value === "string" && type === "datetime") {
    const at = new Date(value);
    if (!Number.isNaN(at.getTime())) return fullTime(at.getTime());
  }
  if (typeof value === "string" && type === "date") return dayOf(value);
  if (typeof value === "string" && type === "status") return label(value);
  return valueText(value);
}

/** A value whose type is not known: days and instants by their form. */
export function plainValue(value: unknown): string {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/u.test(value)) return shownValue("datetime", value);
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d$/u.test(value)) return shownValue("date", value);
  return shownValue("", value);
}

export interface InputKind {
  tag: "input" | "select" | "textarea";
  type: "text" | "email" | "tel" | "url" | "date" | "datetime-local";
  mode: "text" | "decimal" | "tel" | "email" | "url";
  options: readonly { value: string; says: string }[];
  /** Whether there always is a value. */
  always: boolean;
  hint: string;
}

/** The field for a type. The kinds of e-mail, phone and web address choose a phone's keyboard; the server judges. */
export function inputFor({ type, values }: Attribute): InputKind {
  const plain: InputKind = { tag: "input", type: "text", mode: "text", options: [], always: false, hint: "" };
  switch (type) {
    case "number":
      return { ...plain, mode: "decimal" };
    case "bool":
      return { ...plain, tag: "select", options: [{ value: "true", says: "Yes" }, { value: "false", says: "No" }] };
    case "enum":
      return { ...plain, tag: "select", options: values.map((value) => ({ value, says: value })) };
    case "status":
      return {
        ...plain,
        tag: "select",
        always: true,
        options: values.map((value) => ({ value, says: label(value) })),
        // As the server has it: whoever makes them active says that they agree.
        hint: "Active also says that they agree again to messages on every channel that they refused",
      };
    case "date":
      return { ...plain, type: "date" };
    case "datetime":
      return { ...plain, type: "datetime-local", hint: "By the clock of this computer" };
    case "list":
      return { ...plain, tag: "textarea", hint: "One on each line" };
    case "money":
      return { ...plain, hint: "With its currency, such as 12.50 EUR" };
    case "phone":
      return { ...plain, mode: "tel", hint: "With the country, such as +34 600 100 200" };
    case "email":
      return { ...plain, mode: "email" };
    case "url":
      return { ...plain, mode: "url" };
    case "country":
      return { ...plain, hint: "Two letters, such as ES" };
    case "language":
      return { ...plain, hint: "A language tag, such as es or pt-BR" };
    case "timezone":
      return { ...plain, hint: "A time zone, such as Europe/Madrid" };
    case "text":
      return { ...plain, tag: "textarea" };
    default:
      return plain;
  }
}
