/**
 * Listens to the event stream for as long as the page is seen, and resumes at the cursor whenever it breaks.
 *
 * A page nobody looks at lets go of its stream after a while: over HTTP/1.1 a browser has six connections per host
 * for all its tabs, and what was missed comes by cursor when the page is looked at again.
 */

import { EventReader, type ServerEvent } from "./events";
import { HttpError, type Api } from "./http";
import { backoff } from "./outbox";

/** Silence longer than this (the server's heartbeat comes every 20 s) means that the connection is dead. */
const SILENCE = 50_000;
const HIDDEN = 60_000;

export interface Connection {
  /** Begins. Once: what is there already was fetched before, so that the stream goes on from it. */
  start: () => void;
  /** Goes on now rather than later, if it was begun. */
  wake: () => void;
  /** Begins anew, from the cursor as it is now. */
  restart: () => void;
}

export function connection(
  api: Api,
  cursor: () => number,
  event: (event: ServerEvent) => void,
  state: (connected: boolean) => void,
  lost: (token: string | null) => Promise<void>,
): Connection {
  let stop: AbortController | undefined;
  let wake = () => {};
  let hidden = 0;

  function pause(ms: number): Promise<void> {
    return new Promise((done) => {
      setTimeout(done, ms);
      wake = done;
    });
  }

  async function listen(up: () => void) {
    const mine = (stop = new AbortController());
    const abort = () => mine.abort();
    let silence = setTimeout(abort, SILENCE);
    try {
      const body = (await api.stream(cursor(), mine.signal)).body!.getReader();
      const reader = new EventReader();
      up();
      for (;;) {
        const { value, done } = await body.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE);
        reader.push(value).forEach(event);
      }
    } finally {
      clearTimeout(silence);
      abort();
    }
  }

  async function run() {
    for (let attempt = 0; ; ) {
      let wait = 0;
      const { token } = api;
      try {
        await listen(() => {
          attempt = 0;
          state(true);
        });
      } catch (error) {
        if (error instanceof HttpError) {
          wait = error.retryAfter * 1000;
          if (error.status === 401) await lost(token).catch(() => {});
        }
      }
      state(false);
      // Nobody looks: until somebody does.
      await pause(document.hidden ? 2 ** 31 - 1 : Math.max(wait, backoff(attempt++)));
    }
  }

  addEventListener("online", () => wake());
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = window.setTimeout(() => stop?.abort(), HIDDEN);
    else wake();
  });
  return {
    start: () => void run(),
    wake: () => wake(),
    restart() {
      stop?.abort();
      wake();
    },
  };
}
