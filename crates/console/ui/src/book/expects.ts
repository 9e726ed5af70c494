// What the condition language expects at a place of a text: the grammar, walked as far as the text goes. It never judges: that is the server's.

import type { Attribute } from "./vocabulary.ts";

export type LabelOf = "segment" | "tag" | "channel" | "topic" | "skill" | "event";

/** What may stand at the place. */
export type Expected =
  /** A name, a function, a fact; in the `where` of an event its fields come first. */
  | { is: "operand"; ofEvent: boolean }
  /** What is asked of the value before. */
  | { is: "test"; of: Attribute | null }
  /** What the value is compared with. */
  | { is: "value"; of: Attribute | null; after: "comparison" | "is" | "list" }
  | { is: "label"; of: LabelOf }
  | { is: "duration"; future: boolean }
  | { is: "unit" }
  | { is: "calendar unit" }
  | { is: "source" }
  | { is: "window" }
  /** One of these words. */
  | { is: "words"; words: readonly string[] }
  | { is: "joint"; closing: string | null }
  | { is: "nothing" };

export interface Token {
  kind: "word" | "number" | "text" | "open text" | "symbol";
  /** As written; of texts what is between the quotes. */
  text: string;
  start: number;
  end: number;
}

const TOKEN = /\s*(?:([\p{L}_][\p{L}\p{N}_]*(?:-[\p{L}\p{N}_]+)*-?)|(\d[\d.:-]*\p{L}*)|"((?:[^"\\]|\\.)*)("?)|'((?:[^'\\]|\\.)*)('?)|(<=|>=|!=|[^\s]))/gu;

/** The tokens of a text, with what is half written as it is. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const m of text.matchAll(TOKEN)) {
    const end = m.index + m[0].length;
    const start = end - m[0].trimStart().length;
    const quoted = m[3] ?? m[5];
    if (m[1] !== undefined) found.push({ kind: "word", text: m[1], start, end });
    else if (m[2] !== undefined) found.push({ kind: "number", text: m[2], start, end });
    else if (quoted !== undefined) found.push({ kind: (m[4] ?? m[6]) === "" ? "open text" : "text", text: quoted, start, end });
    else found.push({ kind: "symbol", text: m[7] ?? "", start, end });
  }
  return found;
}

export const AGGREGATES = ["count", "sum", "avg", "min", "max", "distinct", "first", "last"];
const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];
const UNIT = /^(?:second|minute|hour|day|week|month|quarter|year)s?$|^(?:sec|min)s?$/iu;

/** The walk has come to the end of the text: this is what may follow. */
class End {
  constructor(readonly expected: Expected) {}
}

class Walk {
  private at = 0;
  private ofEvent = false;
  private inSequence = false;
  constructor(
    private readonly all: readonly Token[],
    private readonly attribute: (name: string) => Attribute | null,
  ) {}

  whole(): never {
    this.expression(null);
    // Whatever follows a whole condition without a joint is not understood.
    throw new End({ is: "nothing" });
  }

  /** The next token; if there is none, this was expected. */
  private next(expected: Expected): Token {
    const token = this.all[this.at];
    if (token === undefined) throw new End(expected);
    return token;
  }

  private is(token: Token | undefined, ...words: string[]): boolean {
    return token !== undefined && token.kind === "word" && words.includes(token.text.toLowerCase());
  }

  private sign(token: Token | undefined, ...signs: string[]): boolean {
    return token !== undefined && token.kind === "symbol" && signs.includes(token.text);
  }

  private word(...words: string[]): Token {
    const token = this.next({ is: "words", words });
    if (!this.is(token, ...words)) throw new End({ is: "nothing" });
    this.at += 1;
    return token;
  }

  private label(of: LabelOf): void {
    this.next({ is: "label", of });
    this.at += 1;
  }

  private expression(closing: string | null): void {
    for (;;) {
      while (this.is(this.next({ is: "operand", ofEvent: this.ofEvent }), "not")) this.at += 1;
      this.relation();
      const joint = this.next({ is: "joint", closing });
      if (!this.is(joint, "and", "or")) return;
      this.at += 1;
    }
  }

  private relation(): void {
    const [first, second] = [this.all[this.at], this.all[this.at + 1]];
    if (this.is(first, "in") && (second === undefined || this.is(second, "segment"))) {
      this.at += 1;
      this.word("segment");
      return this.label("segment");
    }
    if (this.is(first, "has")) {
      this.at += 1;
      return this.has();
    }
    if (this.is(first, "ran") && (second === undefined || this.is(second, "skill"))) {
      this.at += 1;
      this.word("skill");
      this.label("skill");
      return this.perhapsWithin();
    }
    if (this.is(first, "reachable") && !this.sign(second, ".")) {
      this.at += 1;
      if (this.is(this.next({ is: "words", words: ["on", "and", "or"] }), "on")) {
        this.at += 1;
        this.label("channel");
      }
      return;
    }
    if (this.is(first, "notes") && (second === undefined || this.is(second, "contain"))) {
      this.at += 1;
      this.word("contain");
      this.next({ is: "nothing" });
      this.at += 1;
      return;
    }
    if (this.is(first, "sequence") && this.sign(second, "(")) {
      this.at += 2;
      return this.sequence();
    }
    const of = this.sum({ is: "operand", ofEvent: this.ofEvent });
    this.test(of);
  }

  private has(): void {
    const what = this.word("tag", "any", "all", "channel", "consent");
    switch (what.text.toLowerCase()) {
      case "tag":
        this.label("tag");
        if (this.is(this.all[this.at], "added")) {
          this.at += 1;
          this.word("within");
          this.duration(false);
        }
        return;
      case "channel":
        return this.label("channel");
      case "consent":
        return this.label("topic");
      default:
        this.word("tag");
        this.next({ is: "words", words: ["["] });
        this.at += 1;
        return this.items(() => this.label("tag"), { is: "label", of: "tag" });
    }
  }

  /** What stands between `[`, which was read, and `]`. */
  private items(item: () => void, expected: Expected): void {
    for (;;) {
      if (this.sign(this.next(expected), "]")) break;
      item();
      const after = this.next({ is: "words", words: [",", "]"] });
      if (!this.sign(after, ",")) break;
      this.at += 1;
    }
    this.at += 1;
  }

  private perhapsWithin(): void {
    if (this.is(this.all[this.at], "within") && !this.inSequence) {
      this.at += 1;
      this.duration(false);
    }
  }

  /** A value: what it is of, if that is an attribute alone. */
  private sum(expected: Expected): Attribute | null {
    let of = this.primary(expected);
    for (;;) {
      const token = this.all[this.at];
      if (this.sign(token, "+", "-", "~", "*", "/", "%")) {
        this.at += 1;
        this.primary({ is: "operand", ofEvent: this.ofEvent });
        of = null;
      } else if (this.sign(token, "|")) {
        this.at += 1;
        this.next({ is: "nothing" });
        this.at += 1;
        if (this.sign(this.all[this.at], "(")) this.call();
        of = null;
      } else {
        return of;
      }
    }
  }

  private primary(expected: Expected): Attribute | null {
    const token = this.next(expected);
    if (this.sign(token, "-")) {
      this.at += 1;
      return this.primary(expected);
    }
    if (this.sign(token, "(")) {
      this.at += 1;
      this.expression(")");
      this.at += 1;
      return null;
    }
    if (this.sign(token, "[")) {
      this.at += 1;
      this.items(() => void this.sum({ is: "nothing" }), { is: "nothing" });
      return null;
    }
    this.at += 1;
    if (token.kind === "number" && this.all[this.at]?.kind === "word" && UNIT.test(this.all[this.at]?.text ?? "")) this.at += 1;
    if (token.kind !== "word") return null;
    if (this.sign(this.all[this.at], "(")) {
      if (AGGREGATES.includes(token.text.toLowerCase()) && !this.plainCall()) {
        this.at += 1;
        const whole = this.source();
        if (this.sign(this.all[this.at], ",")) {
          this.at += 1;
          this.window();
        }
        this.next({ is: "words", words: [")"] });
        this.at += 1;
        return { name: token.text, type: figureType(token.text.toLowerCase(), whole), values: [], says: "", declared: false };
      }
      this.call();
      return null;
    }
    let name = token.text;
    while (this.sign(this.all[this.at], ".")) {
      this.at += 1;
      name = this.next(name.toLowerCase() === "contact" ? { is: "operand", ofEvent: false } : { is: "nothing" }).text;
      this.at += 1;
    }
    return this.attribute(name);
  }

  /** `min(3, orders)` is a function of values, not a figure of events. */
  private plainCall(): boolean {
    const [inside, after] = [this.all[this.at + 1], this.all[this.at + 2]];
    if (inside === undefined) return false;
    if (inside.kind === "number" || this.sign(inside, "(", "-", "[")) return true;
    return this.sign(after, ",") && this.all[this.at + 3] !== undefined && !this.is(this.all[this.at + 3], "last", "since", "between", "ever", "today", "yesterday", "this", "previous");
  }

  private call(): void {
    this.at += 1;
    for (;;) {
      if (this.sign(this.next({ is: "operand", ofEvent: this.ofEvent }), ")")) break;
      this.expression(")");
      if (!this.sign(this.all[this.at], ",")) break;
      this.at += 1;
    }
    this.next({ is: "words", words: [")"] });
    this.at += 1;
  }

  /** Events of a name; answers whether they are meant as a whole, not by a field. */
  private source(): boolean {
    this.label("event");
    let whole = true;
    while (this.sign(this.all[this.at], ".")) {
      whole = false;
      this.at += 1;
      this.next({ is: "nothing" });
      this.at += 1;
    }
    if (this.is(this.next(this.inSequence ? { is: "words", words: ["then", "within", "where"] } : { is: "source" }), "where")) {
      this.at += 1;
      const outside = this.ofEvent;
      this.ofEvent = true;
      this.expression(")");
      this.ofEvent = outside;
    }
    return whole;
  }

  private sequence(): void {
    this.inSequence = true;
    this.source();
    this.word("then");
    if (this.is(this.next({ is: "label", of: "event" }), "no")) this.at += 1;
    this.source();
    this.inSequence = false;
    this.word("within");
    this.duration(false);
    if (this.sign(this.all[this.at], ",")) {
      this.at += 1;
      this.window();
    }
    this.next({ is: "words", words: [")"] });
    this.at += 1;
  }

  private window(): void {
    const token = this.next({ is: "window" });
    this.at += 1;
    switch (token.text.toLowerCase()) {
      case "last":
        return this.duration(false);
      case "this":
      case "previous":
      case "next":
        this.next({ is: "calendar unit" });
        this.at += 1;
        return;
      case "since":
        this.sum({ is: "operand", ofEvent: false });
        return;
      case "between":
        this.sum({ is: "operand", ofEvent: false });
        this.word("and");
        this.sum({ is: "operand", ofEvent: false });
        return;
      default:
        return;
    }
  }

  private duration(future: boolean): void {
    let token = this.next({ is: "duration", future });
    if (this.is(token, "last") || (future && this.is(token, "next"))) {
      this.at += 1;
      token = this.next({ is: "duration", future: false });
    }
    this.at += 1;
    if (token.kind === "number" && /^\d+$/u.test(token.text)) {
      this.next({ is: "unit" });
      this.at += 1;
    }
  }

  private test(of: Attribute | null): void {
    const token = this.next({ is: "test", of });
    if (this.sign(token, ...COMPARISONS)) {
      this.at += 1;
      this.sum({ is: "value", of, after: "comparison" });
      return;
    }
    if (this.is(token, "is")) {
      this.at += 1;
      return this.isTest(of);
    }
    if (this.is(token, "not")) {
      this.at += 1;
      this.next({ is: "words", words: ["in", "contains", "starts with", "ends with", "between"] });
    }
    const test = this.all[this.at];
    if (test === undefined || test.kind !== "word") return;
    switch (test.text.toLowerCase()) {
      case "in":
        this.at += 1;
        return this.list(of);
      case "contains":
        this.at += 1;
        this.sum({ is: "value", of, after: "comparison" });
        return;
      case "starts":
      case "ends":
        this.at += 1;
        this.word("with");
        this.sum({ is: "nothing" });
        return;
      case "matches":
        // A pattern may hold anything: what follows it is not looked at.
        throw new End({ is: "nothing" });
      case "between":
        this.at += 1;
        this.sum({ is: "value", of, after: "comparison" });
        this.word("and");
        this.sum({ is: "value", of, after: "comparison" });
        return;
      case "within":
        if (this.inSequence) return;
        this.at += 1;
        return this.duration(true);
      case "older":
        this.at += 1;
        this.word("than");
        return this.duration(false);
      case "changed":
        this.at += 1;
        this.word("within");
        return this.duration(false);
      default:
        return;
    }
  }

  private list(of: Attribute | null): void {
    const open = this.next({ is: "words", words: ["["] });
    this.at += 1;
    const value: Expected = { is: "value", of, after: "list" };
    if (this.sign(open, "[")) this.items(() => void this.sum(value), value);
  }

  private isTest(of: Attribute | null): void {
    const value: Expected = { is: "value", of, after: "is" };
    if (this.is(this.next(value), "not")) this.at += 1;
    const token = this.next(value);
    if (this.is(token, "set", "today", "yesterday", "tomorrow")) this.at += 1;
    else if (this.is(token, "this", "previous", "next")) {
      this.at += 1;
      this.next({ is: "calendar unit" });
      this.at += 1;
    } else if (this.is(token, "in")) {
      this.at += 1;
      return this.list(of);
    } else {
      this.sum(value);
      return;
    }
  }
}

/** The type of a figure; empty if it is that of the field. */
function figureType(figure: string, whole: boolean): string {
  if (["count", "sum", "avg", "distinct"].includes(figure)) return "number";
  return whole ? "datetime" : "";
}

/** What may follow these tokens. */
export function expectedAfter(before: readonly Token[], attribute: (name: string) => Attribute | null): Expected {
  try {
    return new Walk(before, attribute).whole();
  } catch (e) {
    if (e instanceof End) return e.expected;
    throw e;
  }
}
