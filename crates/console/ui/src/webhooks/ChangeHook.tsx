// A webhook that is changed: only what was written anew is told, and only if nobody changed it since; whoever is late sees what is new, keeps
// what they wrote, and decides.

import { useEffect, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { byName } from "../book/by.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { sentence } from "../logic/words.ts";
import { hooks, type Webhook } from "./api.ts";
import { HookFields } from "./HookFields.tsx";
import { changesOf, isWritten, meanwhile, trimmed, united, writtenOf, type Meanwhile } from "./words.ts";

/** How often it is tried again by itself, when nothing of what was changed meanwhile is shown to anybody. */
const TRIES = 3;

interface Props {
  hook: Webhook;
  changed(hook: Webhook): void;
  over(e: unknown): void;
  close(): void;
}

export function ChangeHook({ hook: first, changed, over, close }: Props) {
  // The webhook that what is written sets out from.
  const [base, setBase] = useState(first);
  const [text, setText] = useState(() => writtenOf(first));
  const [news, setNews] = useState<{ who: string; list: Meanwhile[] } | null>(null);
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (news !== null) notice.current?.scrollIntoView({ block: "nearest" });
  }, [news]);

  const save = async (): Promise<void | "more"> => {
    const said = trimmed(text);
    const changes = changesOf(writtenOf(base), said);
    if (Object.keys(changes).length === 0) return;
    let tag = base.etag;
    for (let tries = 1; ; tries++) {
      try {
        return changed(await hooks.change(base.id, changes, tag));
      } catch (e) {
        over(e);
        if (!(e instanceof ApiError && e.status === 412) || tries === TRIES) throw e;
        const theirs = await hooks.one(base.id);
        // The page behind shows it as well, whatever becomes of what is written here.
        changed(theirs);
        const list = meanwhile(base, theirs, said);
        tag = theirs.etag;
        if (list.length === 0) continue;
        setNews({ who: whoChanged(base, theirs), list });
        setText(united(trimmed(writtenOf(base)), said, writtenOf(theirs)));
        setBase(theirs);
        return "more";
      }
    }
  };
  return (
    <Dialog title="Change the webhook" confirm="Save" wide ready={isWritten(text)} act={save} close={close}>
      <HookFields hook={text} write={setText} />
      {news !== null && (
        <div className="conflict hook-news" role="alert" ref={notice}>
          <p>
            <strong>
              <bdi>{news.who}</bdi> {news.who === "It" ? "changed meanwhile:" : "changed it meanwhile:"}
            </strong>
          </p>
          <ul className="plain-list">
            {news.list.map(({ title, says, other }) => (
              <li key={title}>
                {title}: <bdi>{says}</bdi>
                {other && ". You wrote something else; saving puts yours in its place"}
              </li>
            ))}
          </ul>
          <p>Nothing was saved yet, and what you wrote is still here, beside what is new. Look it over, then save.</p>
          <div className="field-actions">
            <button
              type="button"
              className="button"
              onClick={() => {
                setText(writtenOf(base));
                setNews(null);
              }}
            >
              Take theirs
            </button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

/** Who changed it between two looks, as a sentence begins; "It", if nobody did. */
function whoChanged(before: Webhook, now: Webhook): string {
  const by = now.changed_by;
  if (by === null || now.changed_at === before.changed_at) return "It";
  return by.kind === "agent" && by.name !== null ? by.name : sentence(byName(by));
}
