// What the whole desk is told, above the columns: what went wrong, that the bot's folder has errors, and chats that were just resolved.

import { useEffect, useRef } from "react";
import type { Resolving, Shown } from "../logic/resolving.ts";
import type { DeskView } from "../types.ts";

interface Props {
  problem: string | null;
  reload: DeskView["reload_error"];
  resolved: readonly Shown[];
  resolving: Resolving;
  /** What to call the customer of a conversation. */
  name(conversation: string): string;
  /** A chat is the agent's again. */
  undone(): void;
}

export function Notices({ problem, reload, resolved, resolving, name, undone }: Props) {
  return (
    <div className="notices">
      {problem !== null && (
        <p className="banner" role="alert">
          {problem}
        </p>
      )}
      {reload !== null && (
        <section className="banner reload" role="alert" aria-label="The bot was changed and has errors">
          <p>
            <strong>The bot was changed and has errors.</strong> Customers go on with it as it was before. {reload.first === null ? reload.why : "The first error:"}
          </p>
          {reload.first !== null && <pre tabIndex={0}>{reload.first}</pre>}
        </section>
      )}
      <div role="status">
        {resolved.map((one) => (
          <JustResolved
            key={one.request}
            name={name(one.place.conversation)}
            undo={
              one.state === "undoable"
                ? () => {
                    resolving.undo(one.request);
                    undone();
                  }
                : null
            }
          />
        ))}
      </div>
    </div>
  );
}

/** One chat that was just resolved; without `undo` the server is being told. */
function JustResolved({ name, undo }: { name: string; undo: (() => void) | null }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button that was pressed is gone; the keyboard goes on beside Undo, one key away from it and not on it.
    const wait = setTimeout(() => {
      if (document.activeElement === null || document.activeElement === document.body) bar.current?.focus();
    });
    return () => clearTimeout(wait);
  }, []);
  return (
    <div className="banner resolved" ref={bar} tabIndex={-1}>
      {undo === null ? (
        <span>
          Resolving: <bdi>{name}</bdi>…
        </span>
      ) : (
        <>
          <span>
            Resolved: <bdi>{name}</bdi>. The bot takes over in a few seconds.
          </span>
          <button type="button" className="button" onClick={undo}>
            Undo
          </button>
        </>
      )}
    </div>
  );
}
