/** The chat: a launcher and a panel in a closed shadow root, over one conversation. */

import { expose } from "./api";
import type { Actions } from "./bubble";
import { choice } from "./bubble";
import { composing } from "./composer";
import { connection } from "./connection";
import { Conversation } from "./conversation";
import { control, h, icon } from "./dom";
import type { ServerEvent } from "./events";
import { Api, HttpError } from "./http";
import { Log } from "./log";
import { textOn, type Options } from "./options";
import { backoff, freshId, Outbox } from "./outbox";
import { Keep, Mark } from "./storage";
import { words } from "./strings";
import type { Button, DeliveryLine, Greeting, Line, Owner, Page, Pending } from "./types";

const HISTORY = 60;
/** How long somebody is taken to type after the last sign of it. */
const TYPING = 6_000;
const NEAR = 96;
/** How long after it was read it is told, at the soonest: no oftener is it told either. */
const READ = 1_000;

/** Puts the chat into a shadow root. */
export function chat(host: HTMLElement, root: ShadowRoot, options: Options, css: string) {
  const api = new Api(options.base);
  const keep = new Keep(`switchboard ${options.base} `);
  /** How far the visitor has seen what was said, and how far the server was told that they read it. */
  const [seenTo, readTo] = [new Mark(keep, "seen"), new Mark(keep, "read")];
  const talk = new Conversation();
  const actions: Actions = {
    press: (button) => press(button),
    sending: (token) => talk.sending(token),
    retry: (item) => outbox.retry(item),
    picture: (file, line) => api.file(file.id, line),
  };
  const log = new Log(actions);
  const outbox = new Outbox(keep, post, () => render());
  const stream = connection(api, () => talk.cursor, event, connected, renew);
  const composer = composing(
    api,
    visit,
    ({ text, files }) =>
      say({ ...(text ? { text } : {}), ...(files.length ? { attachments: files.map((f) => f.id) } : {}) }, files),
    typed,
    (draft) => keep.set("draft", draft || null),
  );

  const badge = h("span", { class: "badge", hidden: true });
  const launcher = control("launcher", toggle, undefined, icon("chat"), icon("down"), badge);
  const heading = h("h2", { id: "title", dir: "auto" });
  const avatar = h("span", { class: "avatar", "aria-hidden": "true" });
  const subtitle = h("p", { dir: "auto" });
  const banner = h("div", { class: "banner", role: "status" });
  const whisper = h("div", { class: "hidden", role: "status" });
  const earlier = control("earlier", () => void history(), undefined, words.earlier);
  const dots = h("div", { class: "dots", hidden: true, "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  const scroll = h(
    "div",
    { class: "log", role: "log", "aria-live": "polite", "aria-label": words.messages, tabindex: "0", onscroll: scrolled },
    earlier,
    log.list,
    dots,
  );
  const newer = control("newer", bottom, undefined, icon("down"), words.newer);
  const replies = h("div", { class: "replies", role: "group", "aria-label": words.replies, hidden: true });
  const dialog = h(
    "dialog",
    {
      "aria-labelledby": "title",
      onkeydown: (e: KeyboardEvent) => {
        if (e.key !== "Escape" || e.isComposing) return;
        e.preventDefault();
        e.stopPropagation();
        if (!composer.dismiss()) close();
      },
      oncancel: (e: Event) => e.preventDefault(),
      ondragover: (e: DragEvent) => {
        if (!e.dataTransfer?.types.includes("Files")) return;
        e.preventDefault();
        dialog.classList.add("drop");
      },
      ondragleave: () => dialog.classList.remove("drop"),
      ondrop: (e: DragEvent) => {
        e.preventDefault();
        dialog.classList.remove("drop");
        composer.add([...(e.dataTransfer?.files ?? [])]);
      },
    },
    h("div", { class: "head" }, avatar, h("div", {}, heading, subtitle), control("icon", close, words.close, icon("close"))),
    banner,
    scroll,
    h("div", { class: "float" }, newer),
    replies,
    composer.element,
    whisper,
  );

  const small = matchMedia("(max-width: 480px), (max-height: 480px)");
  let visiting: Promise<void> | undefined;
  /** While it is found out who is there, nothing of anybody is shown or sent. */
  let held: Promise<unknown> = Promise.resolve();
  /** What was written before that began; what comes since is of whom it finds. */
  let older: { said: Set<string>; drafted: boolean; early: boolean } | undefined;
  /** Whose chat this is: another word when somebody else is here, the same when an anonymous visitor gets a name. */
  let who = keep.get("who") ?? "";
  let listening = false;
  let loading = false;
  let greeting: Greeting | undefined;
  let answering: Owner = { owner: "bot", name: null, position: null };
  let typingTimer = 0;
  let bannerTimer = 0;
  let typedAt = 0;
  /** Set while it is about to be told what was read. */
  let telling = 0;
  let before: Element | null = null;
  /** Whether the newest line is being read; what makes the list smaller or longer keeps it so. */
  let stuck = true;
  /** Where the list was scrolled to when that was last known: higher up, the person has scrolled since. */
  let floor = 0;

  // ---- The visit ----

  /** Resolves when there is a visit; makes one on the first call. */
  function visit(): Promise<void> {
    return (visiting ??= begin().catch((error) => {
      visiting = undefined;
      throw error;
    }));
  }

  async function begin() {
    if (api.token) {
      try {
        return greeted(await api.greet());
      } catch (error) {
        if (!(error instanceof HttpError && error.status === 401)) throw error;
        forget();
      }
    }
    const fresh = await api.begin();
    // Another tab may have been quicker.
    api.token = keep.get("token") ?? fresh.token;
    keep.set("token", api.token);
    greeted(fresh);
    if (dialog.open) opened();
  }

  /** The visit is over. The next one is nobody's: who was known in this one need not be who comes. */
  function forget(another = keep.get("person") !== null) {
    if (another) keep.set("who", (who = freshId()));
    api.token = null;
    for (const name of ["token", "opened", "person"]) keep.set(name, null);
    for (const mark of [seenTo, readTo]) mark.forget();
    talk.reset();
  }

  /** Finds out who is there. An `early` one is followed by another that finds out the same. */
  function hold(until: Promise<unknown>, early = false) {
    held = until;
    if (older?.early) older.early = early;
    else older = { said: new Set(outbox.all().map((item) => item.client_id)), drafted: !!composer.input.value.trim(), early };
  }

  /** Whoever was here is not here any more: nothing of theirs is shown, sent or kept. Of the `next` one is what was written since they came. */
  function leave(next = false) {
    forget(true);
    const since = next ? older : undefined;
    if (since?.drafted !== false) keep.set("draft", null);
    gone(since);
  }

  /** The same of what this page alone has of them. */
  function gone(since?: typeof older) {
    talk.reset();
    // A button of somebody else's chat is none of this one.
    const left = outbox.clear((item) => !since || since.said.has(item.client_id) || "press" in item.body);
    talk.pending = left.filter((item) => item.path === "messages");
    if (since?.drafted !== false) composer.restore("");
    visiting = undefined;
    owned({ owner: "bot", name: null, position: null });
    stream.restart();
    render();
  }

  /** Goes on as another visitor of the same browser. */
  function become(fresh: Greeting & { token: string }) {
    leave(true);
    api.token = fresh.token;
    keep.set("token", fresh.token);
    visiting = Promise.resolve();
    greeted(fresh);
    if (dialog.open) opened();
  }

  /** The server does not know the visit of this token any more: begin another, and greet again. */
  async function renew(token: string | null) {
    // Whoever asked before has done it.
    if (api.token !== token) return visit();
    if (keep.get("token") === token) forget();
    taken(keep.get("token"));
    await visit();
    render();
  }

  /** Goes on as whom another tab began, if one did. */
  function taken(token: string | null) {
    for (const mark of [seenTo, readTo]) mark.anew();
    api.token = token;
    visiting = undefined;
  }

  function greeted(by: Greeting) {
    greeting = by;
    composer.greeted(by);
    head();
  }

  /** Resolves when nobody is being identified. */
  async function sure() {
    for (let last; last !== held; ) await (last = held);
  }

  async function post(path: string, body: unknown) {
    const whose = who;
    await sure();
    await authorized(() => api.post(path, body), whose);
  }

  /** Gives up what is for somebody who is not here any more. */
  function still(whose: string) {
    if (whose !== who) throw new HttpError(0, "");
  }

  async function said(query: string): Promise<Page> {
    const whose = who;
    const page = await api.page(query);
    still(whose);
    return page;
  }

  async function authorized(request: () => Promise<unknown>, whose = who): Promise<unknown> {
    await visit();
    still(whose);
    const { token } = api;
    try {
      return await request();
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) await renew(token);
      throw error;
    }
  }

  /** Fetches what was said and listens from there on; tries until it succeeds. */
  async function listen() {
    if (listening) return stream.wake();
    listening = true;
    scroll.setAttribute("aria-busy", "true");
    for (let attempt = 0; ; attempt++) {
      try {
        await sure();
        await visit();
        talk.reset();
        const page = await said(`last=${HISTORY}`);
        talk.page(page);
        talk.before = page.after;
        // Who answers is told when it changes; until then the last to speak is taken for it.
        const last = page.lines.filter((line) => line.from !== "you").at(-1);
        if (last?.from === "agent") owned({ owner: "agent", name: last.name ?? null, position: null });
        break;
      } catch {
        connected(false);
        await new Promise((done) => setTimeout(done, backoff(attempt)));
      }
    }
    render();
    bottom();
    stream.start();
    // What is there already is read when the reader gets to it, not announced.
    setTimeout(() => scroll.removeAttribute("aria-busy"), 100);
  }

  async function history() {
    if (loading || !talk.before) return;
    loading = true;
    try {
      const after = Math.max(0, talk.before - HISTORY);
      const page = await said(`after=${after}&limit=${talk.before - after}`);
      const { scrollHeight, scrollTop } = scroll;
      talk.page(page);
      talk.before = after;
      render();
      scroll.scrollTop = scrollTop + scroll.scrollHeight - scrollHeight;
    } catch {
      // The button is still there.
    }
    loading = false;
  }

  function elsewhere(e: StorageEvent) {
    if (!e.key?.startsWith(keep.prefix)) return;
    const name = e.key.slice(keep.prefix.length);
    if (name === "who") {
      who = e.newValue ?? "";
      taken(null);
      gone();
    }
    if (name === "token" && e.newValue && e.newValue !== api.token) {
      taken(e.newValue);
      if (listening) {
        talk.reset();
        stream.restart();
      } else void listen();
    }
    render();
  }

  // ---- What comes ----

  function event({ name, data }: ServerEvent) {
    const value = JSON.parse(data);
    if (name === "line") {
      const line = value as Line;
      if (line.client_id) outbox.confirmed(line.client_id);
      const fresh = talk.line(line);
      if (line.from !== "you") types(false);
      render();
      if (fresh && (stuck || line.from === "you")) bottom();
      else if (fresh) newer.hidden = false;
      return;
    }
    if (name === "delivery") talk.delivery(value as DeliveryLine);
    else if (name === "typing") types(true, value.name);
    else if (name === "owner") owned(value as Owner);
    else if (name === "reset") {
      talk.reset();
      readTo.forget();
    }
    render();
    follow();
  }

  function types(on: boolean, name: string | null = null) {
    clearTimeout(typingTimer);
    if (!on && dots.hidden) return;
    dots.hidden = !on;
    tell(on ? words.typing(name) : "");
    if (on) typingTimer = window.setTimeout(() => types(false), TYPING);
  }

  function owned(owner: Owner) {
    const before = answering;
    answering = owner;
    if (owner.owner === "agent" && before.owner !== "agent") tell(words.joined(owner.name ?? words.agent));
    if (owner.owner === "bot" && before.owner === "agent") tell(words.left);
    if (owner.owner === "queue") tell(words.position(owner.position));
    head();
  }

  function tell(message: string) {
    whisper.textContent = message;
  }

  function connected(up: boolean) {
    clearTimeout(bannerTimer);
    const message = navigator.onLine ? (talk.cursor ? words.connecting : words.cannot) : words.offline;
    if (up) {
      banner.textContent = "";
      outbox.kick();
    } else bannerTimer = window.setTimeout(() => (banner.textContent = message), navigator.onLine ? 3_000 : 0);
  }

  // ---- What goes ----

  function say(body: Pending["body"], files: Pending["files"] = []) {
    talk.pending.push(outbox.add({ path: "messages", body, ...(files.length ? { files } : {}) }));
    void listen();
    render();
    bottom();
  }

  function press(button: Button) {
    if (!talk.sending(button.token!)) say({ press: button.token!, label: button.label });
  }

  function typed() {
    if (answering.owner === "bot" || Date.now() - typedAt < 3_000) return;
    typedAt = Date.now();
    api.post("typing", {}).catch(() => {});
  }

  /** Tells the bot, once in a visit, that the panel was opened. */
  function opened() {
    if (keep.get("opened")) return;
    keep.set("opened", freshId());
    const { payload } = options;
    outbox.add({ path: "open", body: payload ? { payload } : {} });
    load();
  }

  // ---- The panel ----

  function session(name: string, value?: string): string | null {
    const key = keep.prefix + name;
    try {
      if (value !== undefined) sessionStorage.setItem(key, value);
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function toggle() {
    if (dialog.open) close();
    else open(true);
  }

  function open(focus: boolean) {
    before = root.activeElement ?? document.activeElement;
    session("panel", "open");
    show();
    void listen();
    opened();
    render();
    bottom();
    composer.fit();
    // A touch keyboard would cover the greeting.
    if (focus) (matchMedia("(pointer: coarse)").matches ? scroll : composer.input).focus();
    // Opened by the page, not by the person: the focus stays where they had it.
    else if (!small.matches) {
      (root.activeElement as HTMLElement | null)?.blur();
      (before as HTMLElement).focus();
    }
  }

  /** On a small screen the panel is all there is; elsewhere the page beside it stays usable. */
  function show() {
    const focused = root.activeElement as HTMLElement | null;
    if (dialog.open) dialog.close();
    if (small.matches) dialog.showModal();
    else dialog.show();
    focused?.focus();
    fit();
  }

  function close() {
    dialog.close();
    session("panel", "closed");
    render();
    const back = before as HTMLElement | null;
    if (back && back !== document.body && back !== host && back.isConnected) back.focus();
    else launcher.focus();
  }

  /** The part of the screen that a touch keyboard leaves. */
  function fit() {
    const view = window.visualViewport;
    if (!view || !dialog.open) return;
    host.style.setProperty("--view-height", `${view.height}px`);
    host.style.setProperty("--view-top", `${view.offsetTop}px`);
  }

  function near(): boolean {
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  }

  function bottom() {
    scroll.scrollTop = scroll.scrollHeight;
    floor = scroll.scrollTop;
    stuck = true;
    newer.hidden = true;
    seen();
  }

  function follow() {
    if (stuck && scroll.scrollTop >= floor) bottom();
  }

  function scrolled() {
    stuck = near();
    floor = scroll.scrollTop;
    if (stuck) newer.hidden = true;
    seen();
  }

  /** Whether somebody looks at the end of what was said. */
  function looking(): boolean {
    return dialog.open && !document.hidden && stuck;
  }

  function seen() {
    if (!looking()) return;
    if (talk.cursor > seenTo.at) seenTo.at = talk.cursor;
    if (!telling && talk.told() > readTo.at) telling = window.setTimeout(() => void tellRead(), READ);
  }

  /** Tells how far the visitor has read, if they still look: one number for all of it. */
  async function tellRead() {
    try {
      await sure();
      const { token } = api;
      const no = looking() ? talk.told() : 0;
      if (no > readTo.at) {
        await api.post("read", { no });
        // Somebody else may be here by now, and the numbers may have begun anew.
        if (api.token === token && talk.told() >= no) readTo.at = no;
      }
      telling = 0;
      // What came meanwhile.
      seen();
    } catch {
      // It is told with what is seen next.
      telling = 0;
    }
  }

  function head() {
    const title = options.title ?? greeting?.title ?? words.title;
    const { owner, name, position } = answering;
    const agent = owner === "agent" ? (name ?? words.agent) : null;
    heading.textContent = title;
    avatar.textContent = [...(agent ?? title)][0] ?? "";
    subtitle.textContent =
      owner === "queue" ? words.position(position) : agent ? words.withYou(agent) : (greeting?.subtitle ?? "");
    dialog.classList.toggle("human", owner === "agent");
  }

  function render() {
    log.render(talk);
    earlier.hidden = !talk.before;
    const wanted = talk.quickReplies();
    const signature = JSON.stringify(wanted);
    if (replies.dataset["of"] !== signature) {
      replies.dataset["of"] = signature;
      const focused = replies.contains(root.activeElement);
      replies.replaceChildren(...wanted.map((b) => choice(b, actions, new Set())));
      replies.hidden = !wanted.length;
      if (focused && !wanted.length) composer.input.focus();
    }
    seen();
    const unread = dialog.open ? 0 : talk.unread(seenTo.at);
    badge.hidden = !unread;
    badge.textContent = unread > 99 ? "99+" : `${unread}`;
    const label = dialog.open ? words.close : words.open;
    launcher.ariaLabel = unread ? `${label}, ${words.unread(unread)}` : label;
    launcher.ariaExpanded = `${dialog.open}`;
  }

  // ---- The beginning: the launcher is shown, and what an earlier page left is taken up ----

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.append(dialog, launcher);
  const { color, theme, side } = options;
  const { style } = host;
  style.color = color ?? "";
  // The browser keeps only what is a colour.
  if (style.color) {
    style.setProperty("--accent", style.color);
    style.setProperty("--on-accent", textOn(getComputedStyle(host).color));
    style.color = "";
  }
  if (theme) host.setAttribute("theme", theme);
  if (side) host.setAttribute("side", side);
  head();
  composer.restore(keep.get("draft") ?? "");
  talk.pending = outbox.restore().filter((item) => item.path === "messages");
  api.token = keep.get("token");
  addEventListener("storage", elsewhere);
  addEventListener("online", () => connected(true));
  addEventListener("offline", () => connected(false));
  document.addEventListener("visibilitychange", render);
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);
  const resized = new ResizeObserver(follow);
  resized.observe(scroll);
  resized.observe(log.list);
  small.addEventListener("change", () => dialog.open && show());
  // Somebody who was here before is told what came since; nobody else makes a request by viewing a page.
  const load = expose({
    known: () => keep.get("opened") !== null,
    post: (path, body) => authorized(() => api.post(path, body)),
    get: (path) => sure().then(() => authorized(() => api.get(path))),
    hold,
    who: () => who,
    become,
    leave,
    open: () => dialog.open || open(true),
    close: () => dialog.open && close(),
    freshId,
    backoff,
    visits: options.visits,
    session,
    keep,
  });
  if (api.token) void listen();
  if (options.open || session("panel") === "open") open(false);
  render();
}
