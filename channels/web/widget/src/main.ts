/** The one line of the host page: finds itself, reads its options, puts the chat on the page. */

import { optionsOf } from "./options";
import { chat } from "./widget";

const NAME = "switchboard-chat";
const script = [...document.querySelectorAll<HTMLScriptElement>("script[src]")].find((s) => s.src === import.meta.url);

class Chat extends HTMLElement {
  #started = false;

  connectedCallback() {
    // A page that moves the element does not begin a second chat.
    if (this.#started) return;
    this.#started = true;
    chat(this, this.attachShadow({ mode: "closed" }), optionsOf(import.meta.url, script?.dataset ?? {}));
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, Chat);
  document.body.append(document.createElement(NAME));
}
