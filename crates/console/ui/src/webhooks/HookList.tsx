// Every webhook with where it leads, what it is told of and how it stands; and making another one.

import { useEffect, useState } from "react";
import { useAsked } from "../book/asked.ts";
import { Failed, Waiting } from "../book/states.tsx";
import { Link, navigate } from "../nav.tsx";
import { hooks, type Webhook, type WithSecret } from "./api.ts";
import { HookDialog } from "./HookDialog.tsx";
import { hookPath } from "./route.ts";
import { SecretDialog } from "./SecretDialog.tsx";
import { Standing } from "./Standing.tsx";

/** How often it is looked at how they stand. */
const EVERY = 5_000;

export function HookList({ bot, now, over }: { bot: string; now: number; over(e: unknown): void }) {
  const { answer, problem, again } = useAsked<Webhook[]>("webhooks", (signal) => hooks.all(signal), over);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<WithSecret | null>(null);
  useEffect(() => {
    document.title = `Webhooks · ${bot}`;
  }, [bot]);
  useEffect(() => {
    const every = setInterval(() => document.visibilityState !== "hidden" && again(), EVERY);
    return () => clearInterval(every);
  }, [again]);
  return (
    <main className="book">
      <div className="book-head">
        <h1>Webhooks</h1>
        <p className="book-count" role="status">
          {answer === null ? (problem === null ? "Loading…" : "") : `${answer.length} ${answer.length === 1 ? "webhook" : "webhooks"}`}
        </p>
        <div className="book-actions">
          <button type="button" className="button primary" onClick={() => setMaking(true)}>
            New webhook
          </button>
        </div>
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer === null && problem === null && <Waiting />}
      {answer?.length === 0 && (
        <div className="book-empty">
          <h2>No webhooks yet</h2>
          <p>A webhook tells another program what happens here: a signed request for each change of a contact, a tag, a segment or a conversation, in order and until it is taken.</p>
        </div>
      )}
      {answer !== null && answer.length > 0 && (
        <div className="book-scroll">
          <ul className="hook-list">
            {answer.map((hook) => (
              <li key={hook.id}>
                <div className="hook-who">
                  <h2>
                    <Link to={hookPath(hook.id)}>
                      <bdi>{hook.url}</bdi>
                    </Link>
                  </h2>
                  {hook.description !== "" && <p dir="auto">{hook.description}</p>}
                  <p className="muted hook-events">{hook.events.join(", ")}</p>
                </div>
                <Standing hook={hook} now={now} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {making && (
        <HookDialog
          make={async (hook, once) => {
            setMade(await hooks.make(hook, once));
            again();
          }}
          over={over}
          close={() => setMaking(false)}
        />
      )}
      {made !== null && (
        <SecretDialog
          secret={made.secret}
          done={() => {
            setMade(null);
            navigate(hookPath(made.webhook.id));
          }}
        />
      )}
    </main>
  );
}
