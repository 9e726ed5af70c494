/** Where the visitor writes: text, files by button, paste or drop, the menu. */

import { size } from "./bubble";
import { control, h, icon } from "./dom";
import { HttpError, type Api } from "./http";
import { words } from "./strings";
import type { FileLine, Greeting } from "./types";

interface Chip {
  element: HTMLElement;
  stop: AbortController;
  done?: FileLine;
}

export interface Said {
  text: string;
  files: FileLine[];
}

export interface Composer {
  readonly input: HTMLTextAreaElement;
  readonly element: HTMLElement;
  /** The server said what it offers and how much it takes. */
  greeted: (greeting: Greeting) => void;
  /** Closes the menu; answers whether it was open. */
  dismiss: () => boolean;
  /** Puts back what was written and not sent, and nothing else. */
  restore: (draft: string) => void;
  /** Makes the input as high as its text, within what the style allows. */
  fit: () => void;
  /** Takes files; each is uploaded at once and sent with the message. */
  add: (files: File[]) => void;
}

export function composing(
  api: Api,
  /** Resolves when there is a visit to upload for. */
  ready: () => Promise<void>,
  say: (said: Said) => void,
  typing: () => void,
  draft: (text: string) => void,
): Composer {
  const chips = h("div", { class: "chips" });
  const error = h("div", { class: "error", role: "alert" });
  let attached: Chip[] = [];
  let sendWhenReady = false;
  let limits = { text: 8000, file: 10 << 20 };

  const input = h("textarea", {
    rows: "1",
    placeholder: words.write,
    "aria-label": words.write,
    dir: "auto",
    enterkeyhint: "send",
    oninput: () => changed(true),
    onkeydown: (e: KeyboardEvent) => {
      // While an input method composes, Enter chooses a word (229 is what some browsers say instead).
      if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
      e.preventDefault();
      submit();
    },
    onpaste: (e: ClipboardEvent) => {
      const files = [...(e.clipboardData?.files ?? [])];
      if (!files.length) return;
      e.preventDefault();
      add(files);
    },
  });
  const picker = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    tabindex: "-1",
    "aria-label": words.attach,
    onchange: () => {
      add([...(picker.files ?? [])]);
      picker.value = "";
    },
  });
  const sendButton = h("button", { type: "submit", class: "icon send", "aria-label": words.send }, icon("send"));
  const menu = h("div", { class: "menu", role: "group", "aria-label": words.menu, hidden: true });
  const menuButton = control("icon", () => toggle(), words.menu, icon("menu"));
  menuButton.hidden = true;
  menuButton.ariaExpanded = "false";
  const element = h(
    "form",
    {
      class: "composer",
      novalidate: true,
      onsubmit: (e: Event) => {
        e.preventDefault();
        submit();
      },
    },
    menu,
    error,
    chips,
    h("div", { class: "bar" }, menuButton, control("icon", () => picker.click(), words.attach, icon("attach")), picker, input, sendButton),
  );
  changed(false);

  function greeted(greeting: Greeting) {
    limits = greeting.limits;
    menuButton.hidden = greeting.menu.length === 0;
    menu.replaceChildren(
      ...greeting.menu.map((item) =>
        control(
          "",
          () => {
            toggle(false);
            say({ text: item.text, files: [] });
          },
          undefined,
          h("bdi", {}, item.label),
        ),
      ),
    );
  }

  /** Closes the menu; answers whether it was open. */
  function dismiss(): boolean {
    const open = !menu.hidden;
    if (open) toggle(false);
    return open;
  }

  function toggle(open = menu.hidden) {
    menu.hidden = !open;
    menuButton.ariaExpanded = `${open}`;
    if (open) menu.querySelector("button")?.focus();
    else input.focus();
  }

  function restore(draft: string) {
    sendWhenReady = false;
    for (const chip of attached) {
      chip.stop.abort();
      drop(chip);
    }
    input.value = draft;
    changed(false);
  }

  function changed(typed: boolean) {
    const over = input.value.length - limits.text;
    fail(over > 0 ? words.tooLong(over) : "");
    sendButton.disabled = over > 0 || (!input.value.trim() && !attached.length);
    fit();
    if (typed) {
      draft(input.value);
      if (input.value) typing();
    }
  }

  /** As high as its text, within what the style allows. */
  function fit() {
    input.style.height = "auto";
    if (input.scrollHeight) input.style.height = `${input.scrollHeight + 2}px`;
  }

  function fail(message: string) {
    if (error.textContent !== message) error.textContent = message;
  }

  /** Takes files; each is uploaded at once and sent with the message. */
  function add(files: File[]) {
    let problem = "";
    for (const file of files.slice(0, 10 - attached.length)) {
      if (file.size > limits.file) {
        problem = words.tooLarge(file.name, limits.file >> 20);
        continue;
      }
      const bar = h("progress", { max: "1", value: "0", "aria-label": file.name });
      const stop = new AbortController();
      const element = h("div", { class: "chip" }, icon("file"), h("bdi", { class: "name" }, file.name), h("small", {}, size(file.size)), bar);
      const chip: Chip = { element, stop };
      const remove = () => {
        stop.abort();
        drop(chip);
        input.focus();
      };
      element.append(control("", remove, words.remove(file.name), icon("close")));
      attached.push(chip);
      chips.append(element);
      ready()
        .then(() => api.upload(file, (part) => (bar.value = part), stop.signal))
        .then((done) => {
          chip.done = done;
          bar.remove();
          if (sendWhenReady) submit();
        })
        .catch((error) => {
          drop(chip);
          sendWhenReady = false;
          fail(`${words.upload(file.name)} ${error instanceof HttpError ? error.message : ""}`.trim());
        });
    }
    changed(false);
    if (problem) fail(problem);
  }

  function drop(chip: Chip) {
    chip.element.remove();
    attached = attached.filter((c) => c !== chip);
    changed(false);
  }

  function submit() {
    if (sendButton.disabled) return;
    const files = attached.map((chip) => chip.done);
    // What was written with the files goes with them.
    if (files.some((f) => !f)) {
      sendWhenReady = true;
      return;
    }
    sendWhenReady = false;
    say({ text: input.value.trim(), files: files as FileLine[] });
    attached = [];
    chips.replaceChildren();
    input.value = "";
    draft("");
    changed(false);
    input.focus();
  }

  return { input, element, greeted, dismiss, restore, fit, add };
}
