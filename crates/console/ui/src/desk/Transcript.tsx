// The scrolling transcript: stays at the newest line while the agent is there, keeps its place while earlier lines
// are loaded above.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Place } from "../api.ts";
import type { Conversation } from "../conversation.ts";
import { Down, Warn } from "../icons.tsx";
import { items } from "../logic/transcript.ts";
import { clock, dayKey, dayName } from "../logic/words.ts";
import { Bubble } from "./Bubble.tsx";

/** Within this many pixels of the end the agent counts as reading the newest line. */
const NEAR = 80;

export function Transcript({ chat, place, customer, now }: { chat: Conversation; place: Place; customer: string; now: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef({ first: 0, height: 0, last: 0 });
  const [below, setBelow] = useState(false);
  const drawn = useMemo(() => items(chat.transcript, dayKey), [chat.transcript]);
  const { first, last } = chat.transcript;
  const older = chat.older;

  useLayoutEffect(() => {
    const el = scroller.current;
    if (el === null) return;
    const was = before.current;
    if (first < was.first && was.height > 0) {
      el.scrollTop += el.scrollHeight - was.height;
    } else if (atEnd.current) {
      el.scrollTop = el.scrollHeight;
    } else if (last > was.last) {
      setBelow(true);
    }
    before.current = { first, last, height: el.scrollHeight };
  }, [first, last, chat.unsent.length, chat.typing, drawn]);

  // Pictures and a smaller window change heights after the fact.
  useEffect(() => {
    const el = scroller.current;
    const inner = el?.firstElementChild;
    if (el === null || inner === null || inner === undefined) return;
    const watch = new ResizeObserver(() => {
      if (atEnd.current) el.scrollTop = el.scrollHeight;
      before.current.height = el.scrollHeight;
    });
    watch.observe(inner);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);

  // A short first page may not fill the window: then there is nothing to scroll, so fetch on.
  useEffect(() => {
    const el = scroller.current;
    if (el !== null && first > 1 && !chat.loading && el.scrollHeight <= el.clientHeight + NEAR) older();
  }, [first, chat.loading, older]);

  const scrolled = (): void => {
    const el = scroller.current;
    if (el === null) return;
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
    if (atEnd.current) setBelow(false);
    if (el.scrollTop < 240 && first > 1) older();
  };

  return (
    <div className="transcript-frame">
      <div className="transcript" ref={scroller} onScroll={scrolled} tabIndex={0} role="log" aria-label="Transcript" aria-live="off" aria-busy={chat.loading}>
        <div className="lines">
          {first > 1 ? (
            <button type="button" className="button quiet earlier" onClick={older} disabled={chat.loadingOlder}>
              {chat.loadingOlder ? "Loading…" : "Earlier messages"}
            </button>
          ) : (
            !chat.loading && <p className="system-line begin">{drawn.length === 0 ? "Nothing was said yet." : "The conversation begins here."}</p>
          )}
          {drawn.map((item) =>
            item.item === "day" ? (
              <p className="day" key={item.key}>
                <span>{dayName(item.at, now)}</span>
              </p>
            ) : (
              <Bubble key={item.key} said={item.said} place={place} customer={customer} />
            ),
          )}
          {chat.unsent.map((u) => (
            <article className="message agent unsent" key={u.clientId}>
              <div className="bubble">
                {u.text !== "" && (
                  <p className="words" dir="auto">
                    {u.text}
                  </p>
                )}
                {u.fileNames.map((name) => (
                  <p className="words" key={name}>
                    <bdi>{name}</bdi>
                  </p>
                ))}
              </div>
              {u.state === "waiting" ? (
                <p className="fate waiting">
                  Not sent yet: the server cannot be reached. Trying again…{" "}
                  <button type="button" className="link" onClick={() => chat.discard(u.clientId)}>
                    Discard
                  </button>
                </p>
              ) : u.state !== "failed" ? (
                <p className="fate">Sending… · {clock(u.at)}</p>
              ) : (
                <p className="fate failed">
                  <Warn /> Not sent: {u.error}{" "}
                  <button type="button" className="link" onClick={() => chat.resend(u.clientId)}>
                    Try again
                  </button>{" "}
                  <button type="button" className="link" onClick={() => chat.discard(u.clientId)}>
                    Discard
                  </button>
                </p>
              )}
            </article>
          ))}
          {chat.typing && (
            <p className="typing">
              <span className="typing-dots" aria-hidden="true">
                <i />
                <i />
                <i />
              </span>
              <span>
                <bdi>{customer}</bdi> is typing…
              </span>
            </p>
          )}
        </div>
      </div>
      {below && (
        <button
          type="button"
          className="to-end"
          onClick={() => {
            const el = scroller.current;
            if (el !== null) el.scrollTop = el.scrollHeight;
          }}
        >
          New message <Down />
        </button>
      )}
    </div>
  );
}
