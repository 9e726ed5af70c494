/** The one line of the host page: finds itself, reads its options, puts the chat on the page. */

import { part } from "./api";
import { optionsOf } from "./options";
import { words } from "./strings";
import { chat } from "./widget";

const NAME = "switchboard-chat";
const script = [...document.querySelectorAll<HTMLScriptElement>("script[src]")].find((s) => s.src === import.meta.url);

class Chat extends HTMLElement {
  #started = false;

  connectedCallback() {
    // A page that moves the element does not begin a second chat.
    if (this.#started) return;
    this.#started = true;
    const root = this.attachShadow({ mode: "closed" });
    const options = optionsOf(import.meta.url, script?.dataset ?? {});
    // The page's language, not the browser's: the chat is a part of the page.
    const lang = (options.lang || document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
    const other = /^(es|de|fr|pt|it)$/.test(lang);
    void Promise.all([
      part<typeof import("./style")>("style"),
      // In English rather than not at all.
      other && part<typeof import("./words")>("words").then(({ languages }) => Object.assign(words, languages[lang]), () => {}),
    ]).then(([{ css }]) => chat(this, root, options, css));
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, Chat);
  document.body.append(document.createElement(NAME));
}
