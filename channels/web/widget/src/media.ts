/** What few conversations show, in a file of its own: galleries, players, files that are elsewhere, places on a map. */

import type { Actions, Tools } from "./bubble";
import type { Card, FileLine, Line, Linked } from "./types";

/** What of a line this file shows; the tools are those of the widget, so that there is one of each. */
export function media(line: Line, actions: Actions, pressed: Set<string>, { h, control, icon, attachment, choice, safeAddress, words }: Tools): HTMLElement[] {
  const away = { target: "_blank", rel: "noopener noreferrer nofollow" };

  /** A line that leads to a file which is elsewhere: also what stands in for what the page does not let be shown. */
  function address({ url, name, alt, kind }: Linked): HTMLElement {
    const href = safeAddress(url);
    const label = h("bdi", { class: "name" }, alt || name || url);
    if (!href?.startsWith("https:")) return h("span", { class: "file" }, icon("file"), label);
    return h("a", { class: "file", href, ...away, referrerpolicy: "no-referrer" }, icon(kind === "file" ? "file" : "open"), label);
  }

  function elsewhere(link: Linked): HTMLElement {
    const src = safeAddress(link.url);
    if (!src?.startsWith("https:") || link.kind === "file") return address(link);
    const shown =
      link.kind === "image" || link.kind === "sticker"
        ? h("img", { class: "picture", src, alt: link.alt || link.name || "", loading: "lazy", referrerpolicy: "no-referrer" })
        : h(link.kind === "video" ? "video" : "audio", { class: "player", src, controls: true, preload: "none", "aria-label": link.alt || link.name || link.kind });
    shown.addEventListener("error", () => shown.replaceWith(address(link)));
    return shown;
  }

  /** A stored sound or film is fetched when it is asked for; the line to save it stays where the page's policy plays none. */
  function player(file: FileLine): HTMLElement {
    const saving = attachment(file, line.no, actions);
    const play = control("choice", start, undefined, words.play, h("span", { class: "hidden" }, ` ${file.name}`));
    const box = h("div", { class: "playing" }, play, saving);
    function start() {
      actions.picture(file, line.no).then((blob) => {
        const src = URL.createObjectURL(new Blob([blob], { type: file.mime }));
        const shown = h(file.kind === "video" ? "video" : "audio", { class: "player", src, controls: true, "aria-label": file.name });
        shown.addEventListener("error", () => shown.remove());
        play.replaceWith(shown);
        shown.focus();
        void shown.play().catch(() => {});
      }, () => {});
    }
    return box;
  }

  function place({ latitude, longitude }: { latitude: number; longitude: number }): HTMLElement {
    const at = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
    const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
    return h("a", { class: "file", href, ...away }, icon("open"), h("span", {}, h("bdi", { class: "name" }, words.place), h("small", {}, at)));
  }

  function card(one: Card): HTMLElement {
    const picture = one.linked ? elsewhere(one.linked) : one.file && attachment({ ...one.file, name: one.file.alt || one.file.name }, line.no, actions);
    return h(
      "li",
      { class: "card" },
      picture,
      one.title && h("h3", { dir: "auto" }, one.title),
      one.text && h("p", { dir: "auto" }, one.text),
      one.buttons?.length
        ? h("div", { class: "choices", role: "group", "aria-label": one.title }, ...one.buttons.map((b) => choice(b, actions, pressed)))
        : null,
    );
  }

  function gallery(cards: Card[]): HTMLElement {
    const row = h("ul", { class: "cards", tabindex: "0", "aria-label": words.cards(cards.length) }, ...cards.map(card));
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const turn = (by: number) => () => {
      const width = (row.firstElementChild as HTMLElement).offsetWidth + 8;
      const to = by * (getComputedStyle(row).direction === "rtl" ? -1 : 1) * width;
      row.scrollBy({ left: to, behavior: still.matches ? "auto" : "smooth" });
    };
    const back = control("turn back", turn(-1), words.back, icon("down"));
    const on = control("turn on", turn(1), words.next, icon("down"));
    const ends = () => {
      const at = Math.abs(row.scrollLeft);
      back.disabled = at < 4;
      on.disabled = at + row.clientWidth > row.scrollWidth - 4;
    };
    row.addEventListener("scroll", ends, { passive: true });
    new ResizeObserver(ends).observe(row);
    return h("div", { class: "gallery" }, row, h("div", { class: "turns" }, back, on));
  }

  return [
    ...(line.files ?? []).filter(plays).map(player),
    ...(line.linked ?? []).map(elsewhere),
    ...(line.location ? [place(line.location)] : []),
    ...(line.cards?.length ? [gallery(line.cards)] : []),
  ];
}

function plays(file: FileLine): boolean {
  return /^(audio|voice|video)$/.test(file.kind) && /^(audio|video)\//.test(file.mime);
}
