/** Elements without markup: attributes are set one by one and text is only ever text. */

type Child = Node | string | null | undefined | false;
type Props = Record<string, string | boolean | ((event: never) => void) | undefined>;

/** Makes an element. `onclick` and the like are listeners; true is an attribute without value. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((c): c is Node | string => !!c));
  return element;
}

/** A button; a name only where its content does not say it. */
export function control(look: string, press: () => void, name: string | undefined, ...children: Child[]): HTMLButtonElement {
  return h("button", { type: "button", class: look, "aria-label": name, onclick: press }, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  chat: "M6 4h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6 6-6",
  send: "M4 12l16-8-6 16-3-6.5z",
  attach: "M20 11l-8 8a5 5 0 0 1-7-7l8-8a3 3 0 0 1 5 5l-8 8a1 1 0 0 1-2-2l7-7",
  menu: "M4 7h16M4 12h16M4 17h10",
  file: "M14 3H5v18h14V8zv5h5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  open: "M8 5h11v11M19 5L5 19",
} as const;

/** A picture that says nothing to a screen reader: the control beside it has the name. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  svg.classList.add(`i-${name}`);
  return svg;
}
