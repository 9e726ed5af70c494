/**
 * `window.switchboard`: what the host page may call, before the widget is there and after.
 *
 * A page that cannot wait writes `(window.switchboard ||= []).push(["track", "viewed", { sku: "a1" }])`; what was
 * pushed is taken over, in order. The code behind the calls is a file of its own, fetched with the first of them,
 * so that a page that only shows the launcher does not pay for it.
 */

import type { Calls, Host } from "./page";

/** Where this file is; the others are beside it. */
const here = import.meta.url;

/** One of the files beside the widget. */
export function part<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ new URL(`widget-${name}.js`, here).href) as Promise<T>;
}

type Call = [name: keyof Calls, ...args: unknown[]];

const NAMES = ["track", "identify", "segments", "open", "close"] as const;

export function expose(host: Host): () => void {
  const waiting: Call[] = [];
  let page: Promise<Calls | undefined> | undefined;

  /** Fetches the code and hands over what waits; a fetch that failed is tried again with the next call. */
  function load() {
    page ??= part<typeof import("./page")>("page")
      .then(({ start }) => start(host))
      .catch(() => {
        page = undefined;
        return undefined;
      });
    void page.then((calls) => {
      if (!calls) return;
      for (const [name, ...args] of waiting.splice(0)) (calls[name] as (...args: unknown[]) => void)?.(...args);
    });
  }

  function push(...calls: Call[]) {
    waiting.push(...calls.filter((call) => Array.isArray(call) && NAMES.includes(call[0])));
    load();
    // Whoever was here before is not shown while the code is fetched that hears who is here now.
    if (page && waiting.some(([name]) => name === "identify")) host.hold(page, true);
  }

  const early = (window as { switchboard?: unknown }).switchboard;
  const api = Object.fromEntries(NAMES.map((name) => [name, (...args: unknown[]) => push([name, ...args])]));
  const segments = () => new Promise((done, failed) => push(["segments", done, failed]));
  (window as { switchboard?: unknown }).switchboard = { push, ...api, segments };
  if (Array.isArray(early) && early.length) push(...early);
  // Somebody the bot knows: their pages are told of.
  if (host.known()) load();
  return load;
}
