// The live stream: hints that something changed. What changed is then fetched by cursor, so a stream cut at any byte
// loses nothing and doubles nothing. While the stream is open this agent counts as present.

import { useEffect, useRef, useState } from "react";
import { api } from "./api.ts";
import { backoff } from "./logic/backoff.ts";

export type LiveState = "connecting" | "live" | "away";

export interface LiveEvents {
  /** The stream is open (again): everything may have changed. */
  open(): void;
  /** The lists of the desk changed. */
  desk(): void;
  /** The bot was replaced, or a change of it was refused. */
  bot(): void;
  /** A conversation has new lines. */
  conversation(id: string): void;
  /** The customer of a conversation types. */
  typing(id: string): void;
  /** The stream ended for good: the sign-in is over. */
  signedOut(): void;
}

/** Without a heartbeat for this long the stream is taken for dead, though the browser still believes in it. */
const SILENCE = 45_000;

export function useLive(events: LiveEvents): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const latest = useRef(events);
  latest.current = events;

  useEffect(() => {
    let source: EventSource | null = null;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let silence: ReturnType<typeof setTimeout> | undefined;
    let attempt = 0;
    let over = false;

    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(again, SILENCE);
    };
    const connect = (): void => {
      clearTimeout(retry);
      source?.close();
      const mine = new EventSource(api.streamUrl);
      source = mine;
      mine.addEventListener("hello", () => {
        attempt = 0;
        setState("live");
        heard();
        latest.current.open();
      });
      mine.addEventListener("beat", heard);
      mine.addEventListener("desk", () => {
        heard();
        latest.current.desk();
      });
      mine.addEventListener("bot", () => {
        heard();
        latest.current.bot();
      });
      mine.addEventListener("conversation", (e) => {
        heard();
        latest.current.conversation(String((e as MessageEvent<unknown>).data));
      });
      mine.addEventListener("typing", (e) => {
        heard();
        latest.current.typing(String((e as MessageEvent<unknown>).data));
      });
      mine.addEventListener("signed-out", () => {
        over = true;
        mine.close();
        latest.current.signedOut();
      });
      mine.addEventListener("error", () => again());
    };
    const again = (): void => {
      if (over) return;
      source?.close();
      clearTimeout(silence);
      clearTimeout(retry);
      setState("away");
      // A refused stream does not say why; asking who we are does.
      void api.me().catch((e: unknown) => {
        if ((e as { status?: number }).status === 401 && !over) {
          over = true;
          clearTimeout(retry);
          latest.current.signedOut();
        }
      });
      retry = setTimeout(connect, backoff(attempt, Math.random));
      attempt += 1;
    };
    const wake = (): void => {
      if (!over && (source === null || source.readyState === EventSource.CLOSED)) connect();
    };
    connect();
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      over = true;
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      clearTimeout(retry);
      clearTimeout(silence);
      source?.close();
    };
  }, []);

  return state;
}
