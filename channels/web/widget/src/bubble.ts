/** One thing that was said, as an element. */

import { part } from "./api";
import { control, h, icon } from "./dom";
import { dial, runs, safeAddress } from "./links";
import { words } from "./strings";
import type { Button, FileLine, Line, Pending } from "./types";

export interface Actions {
  press: (button: Button) => void;
  /** Whether it was pressed and the server has not taken that yet. */
  sending: (token: string) => boolean;
  retry: (item: Pending) => void;
  picture: (file: FileLine, line: number | undefined) => Promise<Blob>;
}

export interface Look {
  /** The name over the bubble; none when the one above has the same author. */
  name: string | undefined;
  /** Whether the bubble closes a group of one author. */
  last: boolean;
  /** Whether something was said after the buttons. */
  old: boolean;
  /** Tokens that were pressed. */
  pressed: Set<string>;
  /** What became of it, if that is to be shown. */
  state: string | undefined;
}

/** Somebody's text, with links. */
export function prose(text: string): HTMLElement {
  const nodes = runs(text).map(({ text, href }) =>
    href ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text) : text,
  );
  return h("div", { class: "text", dir: "auto" }, ...nodes);
}

/** A button of a message: a press, a link, a number, or plain text where the address is not harmless. */
export function choice(button: Button, actions: Actions, pressed: Set<string>): HTMLElement {
  const label = h("bdi", {}, button.label);
  if (button.token !== undefined) {
    const chosen = pressed.has(button.token);
    const element = control(
      chosen ? "choice chosen" : "choice",
      () => actions.press(button),
      undefined,
      chosen && icon("check"),
      label,
      chosen && h("span", { class: "hidden" }, ` (${words.chosen})`),
    );
    // Not `disabled`: that would take the focus away.
    if (actions.sending(button.token)) element.ariaDisabled = "true";
    return element;
  }
  const href = button.phone !== undefined ? dial(button.phone) : safeAddress(button.url ?? "");
  if (!href) return h("span", { class: "choice" }, label);
  const away = href.startsWith("http");
  return h("a", { class: "choice", href, ...(away ? { target: "_blank", rel: "noopener noreferrer nofollow" } : {}) }, label, away && icon("open"));
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kb = bytes / 1024;
  return kb < 1024 ? `${Math.round(kb)} KB` : `${(kb / 1024).toFixed(1)} MB`;
}

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;

/** A picture is drawn on a canvas: that needs no permission of the host page's policy, and runs nothing. */
async function draw(canvas: HTMLCanvasElement, blob: Blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, 640 / bitmap.width, 640 / bitmap.height);
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}

function save(blob: Blob, name: string) {
  // Never opened in place: an object URL belongs to the host page's origin.
  const href = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const link = h("a", { href, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function attachment(file: FileLine, line: number | undefined, actions: Actions): HTMLElement {
  const fetched = () => actions.picture(file, line);
  const download = () => void fetched().then((blob) => save(blob, file.name)).catch(() => {});
  if (SHOWN.test(file.mime)) {
    const canvas = h("canvas", { width: "240", height: "160" });
    const button = control("picture", download, file.alt || words.download(file.name), canvas);
    fetched()
      .then((blob) => draw(canvas, blob))
      .catch(() => button.replaceWith(card(file, download)));
    return button;
  }
  return card(file, download);
}

function card(file: FileLine, download: () => void): HTMLElement {
  return control(
    "file",
    download,
    `${words.download(file.name)}, ${size(file.size)}`,
    icon("file"),
    h("span", {}, h("bdi", { class: "name" }, file.name), h("small", {}, size(file.size))),
  );
}

/** What the file beside this one shows things with. */
const tools = { h, control, icon, attachment, choice, safeAddress, words };
export type Tools = typeof tools;

const plays = (file: FileLine) => /^(audio|voice|video)$/.test(file.kind) && /^(audio|video)\//.test(file.mime);
let media: typeof import("./media")["media"] | undefined;

/** Where what a file of its own shows will stand; at once when that was fetched before. */
function rest(line: Line, actions: Actions, pressed: Set<string>): HTMLElement {
  const box = h("div", { class: "media" });
  const fill = () => box.replaceChildren(...media!(line, actions, pressed, tools));
  if (media) fill();
  else
    part<typeof import("./media")>("media").then(
      (found) => {
        media = found.media;
        fill();
      },
      // Its addresses and titles, rather than nothing.
      () => box.replaceChildren(...(line.linked ?? []).map((l) => prose(l.url)), ...(line.cards ?? []).map((c) => prose(c.title)), ...(line.files ?? []).filter(plays).map((f) => attachment(f, line.no, actions))),
    );
  return box;
}

export function bubble(item: Line | Pending, look: Look, actions: Actions): HTMLElement {
  const line = "no" in item ? item : undefined;
  const pending = "no" in item ? undefined : item;
  const from = line?.from ?? "you";
  const said = (line ? line.text : (pending!.body.text ?? pending!.body.label)) || "";
  if (from === "system") return h("div", { class: "system", dir: "auto" }, said);

  const all = line?.files ?? pending?.files ?? [];
  const files = all.filter((f) => !line || !plays(f)).map((f) => attachment(f, line?.no, actions));
  const more = line && (line.linked || line.cards || line.location || all.some(plays)) && rest(line, actions, look.pressed);
  const shown = [said && prose(said), ...files, more, line?.unsupported && h("div", { class: "text" }, words.unsupported)];
  const at = new Date(line?.at ?? pending!.at);
  const author = from === "you" ? words.you : (line?.name ?? (from === "agent" ? words.agent : words.bot));
  const failed = pending?.state === "failed";
  return h(
    "div",
    { class: `row ${from}${look.last ? " last" : ""}${pending && pending.state !== "sent" ? " pending" : ""}${failed ? " failed" : ""}` },
    look.name && h("div", { class: "author" }, h("bdi", {}, look.name)),
    h(
      "div",
      { class: "bubble", title: at.toLocaleString() },
      h("span", { class: "hidden" }, h("bdi", {}, author), ": "),
      ...shown,
    ),
    line?.buttons?.length
      ? h("div", { class: look.old ? "choices old" : "choices" }, ...line.buttons.map((b) => choice(b, actions, look.pressed)))
      : null,
    look.state || failed
      ? h(
          "div",
          { class: "state" },
          look.state,
          pending?.reason && `: ${pending.reason}`,
          (failed || pending?.state === "waiting") &&
            control("", () => actions.retry(pending!), undefined, words.retry),
        )
      : null,
  );
}
