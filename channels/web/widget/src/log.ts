/** The list of what was said: only what changed is made anew, so that focus and reading position stay. */

import { bubble, type Actions } from "./bubble";
import type { Conversation } from "./conversation";
import { h } from "./dom";
import { words } from "./strings";
import type { Line, Pending } from "./types";

type Item = Line | Pending;

const keyOf = (item: Item) => ("no" in item ? (item.client_id ?? `${item.no}`) : item.client_id);
const fromOf = (item: Item) => ("no" in item ? item.from + (item.name ?? "") : "you");
const dayOf = (item: Item) => new Date(item.at).toDateString();

export class Log {
  readonly list = h("div", { class: "list" });
  readonly #shown = new Map<string, { element: HTMLElement; look: string }>();

  constructor(
    private readonly actions: Actions,
  ) {}

  render(conversation: Conversation) {
    const items: Item[] = [...conversation.lines, ...conversation.pending];
    const pressed = conversation.pressed();
    const current = conversation.current();
    const lastOwn = items.filter((item) => fromOf(item) === "you").at(-1);
    const wanted: HTMLElement[] = [];
    const keys = new Set<string>();
    items.forEach((item, n) => {
      const before = items[n - 1];
      const after = items[n + 1];
      if (!before || dayOf(before) !== dayOf(item)) {
        const key = `day ${dayOf(item)}`;
        keys.add(key);
        wanted.push(this.#element(key, key, () => h("div", { class: "day" }, this.#day(new Date(item.at)))));
      }
      const look = {
        name: "no" in item && item.from === "agent" && (!before || fromOf(before) !== fromOf(item)) ? item.name : undefined,
        last: !after || fromOf(after) !== fromOf(item),
        old: "no" in item && item.no < current,
        pressed,
        state: this.#state(item, item === lastOwn),
      };
      const choices = "no" in item ? [item, ...(item.cards ?? [])].flatMap((of) => of.buttons ?? []) : [];
      const buttons = choices.map((b) => b.token && [pressed.has(b.token), conversation.sending(b.token)]);
      const key = keyOf(item);
      keys.add(key);
      const signature = JSON.stringify([look, buttons, item]);
      wanted.push(this.#element(key, signature, () => bubble(item, look, this.actions)));
    });
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    wanted.forEach((element, n) => {
      if (this.list.children[n] !== element) this.list.insertBefore(element, this.list.children[n] ?? null);
    });
  }

  /** The element under a key; made anew in place, with the focus where it was, when it looks different. */
  #element(key: string, look: string, make: () => HTMLElement): HTMLElement {
    const known = this.#shown.get(key);
    if (known?.look === look) return known.element;
    const element = make();
    if (known) {
      const root = this.list.getRootNode() as ShadowRoot;
      const all = (e: HTMLElement) => [...e.querySelectorAll<HTMLElement>("button,a")];
      const focused = all(known.element).indexOf(root.activeElement as HTMLElement);
      // The picture that is there already is not fetched and drawn again.
      const pictures = known.element.querySelectorAll(".picture");
      element.querySelectorAll(".picture").forEach((p, n) => pictures[n] && p.replaceWith(pictures[n]));
      known.element.replaceWith(element);
      if (focused >= 0) all(element)[focused]?.focus();
    }
    this.#shown.set(key, { element, look });
    return element;
  }

  #state(item: Item, last: boolean): string | undefined {
    if ("no" in item) {
      if (item.delivery === "failed") return words.failed;
      return last ? words.sent : undefined;
    }
    if (item.state === "sent") return last ? words.sent : undefined;
    return words[item.state];
  }

  #day(day: Date): string {
    const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
    if (ago === 0) return words.today;
    if (ago === 1) return words.yesterday;
    return day.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
  }
}
