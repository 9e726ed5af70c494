// What a webhook was told and what came of it, newest first; each delivery can be told once more.

import { useEffect, useRef, useState } from "react";
import { useLast, useList } from "../book/pages.ts";
import { contactPath } from "../book/route.ts";
import { Link } from "../nav.tsx";
import { At, ShortAgo } from "../parts/Time.tsx";
import { hooks, type Delivery, type DeliveryState, type Webhook } from "./api.ts";
import { outcome, STATES, timesTold } from "./words.ts";

/** As long as no more are shown than this, the log is kept current. */
const CURRENT = 50;

interface Props {
  hook: Webhook;
  /** Another one means that something was queued. */
  round: number;
  now: number;
  replayed(queued: number): void;
  over(e: unknown): void;
}

const SHOWN: readonly [DeliveryState | null, string][] = [
  [null, "All"],
  ["waiting", "Waiting"],
  ["delivered", "Delivered"],
  ["failed", "Given up"],
];

export function Deliveries({ hook, round, now, replayed, over }: Props) {
  const { id } = hook;
  const [state, setState] = useState<DeliveryState | null>(null);
  const [beat, setBeat] = useState(0);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const key = `deliveries ${id} ${state ?? ""} ${round} ${beat}`;
  const list = useLast(
    key,
    useList<Delivery>(key, (cursor, signal) => hooks.deliveries(id, state, cursor, signal)),
  );
  const { rows, whole, busy: reading, problem: failed } = list.read;
  // The webhook is looked at every few seconds; each look is one at the log as well, as long as nobody went back in it.
  const seen = useRef(hook);
  useEffect(() => {
    if (seen.current === hook) return;
    seen.current = hook;
    if (rows.length <= CURRENT) setBeat((n) => n + 1);
  }, [hook, rows.length]);
  useEffect(() => {
    if (failed !== null) over(failed);
  }, [failed, over]);
  const told = timesTold(rows.map((d) => d.id));
  const again = async (delivery: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      replayed(await hooks.replay(id, delivery));
    } catch (e) {
      over(e);
      setProblem(e instanceof Error ? e.message : "It did not work.");
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="hook-log" aria-label="Deliveries">
      <div className="part-head">
        <h2>Deliveries</h2>
        <span className="spans" role="group" aria-label="Which deliveries">
          {SHOWN.map(([which, says]) => (
            <button key={says} type="button" className="button quiet" aria-pressed={which === state} onClick={() => setState(which)}>
              {says}
            </button>
          ))}
        </span>
      </div>
      <p className="problem" role="alert">
        {problem ?? failed?.message ?? ""}
      </p>
      {rows.length === 0 && whole && <p className="muted">{state === null ? "It was told nothing yet." : "There are none of these."}</p>}
      {rows.length === 0 && !whole && failed === null && <p className="muted">Loading…</p>}
      <ul className="folds">
        {rows.map((d, n) => (
          <li key={`${d.id} ${told[n]}`}>
            <details>
              <summary>
                <span className={`chip tone-${STATES[d.state].tone}`}>{STATES[d.state].says}</span>
                <code>{d.event}</code>
                <span className="fold-says">{outcome(d)}</span>
                <ShortAgo at={d.at} now={now} />
              </summary>
              <div className="fold-body">
                <p>
                  <At at={d.at} />
                  {d.took_ms !== null && ` · the last try took ${d.took_ms.toLocaleString()} ms`}
                  {d.next_at !== null && (
                    <>
                      {" · next try "}
                      <At at={d.next_at} />
                    </>
                  )}
                </p>
                <p className="muted">
                  <code>{d.id}</code>
                  {d.contact !== null && (
                    <>
                      {" "}
                      · <Link to={contactPath(d.contact)}>the contact</Link>
                    </>
                  )}
                </p>
                <pre dir="ltr" tabIndex={0} aria-label="What it says">
                  {JSON.stringify(d.data, null, 2)}
                </pre>
                {d.state !== "waiting" && (
                  <button type="button" className="button" disabled={busy} onClick={() => void again(d.id)}>
                    Deliver again
                  </button>
                )}
              </div>
            </details>
          </li>
        ))}
      </ul>
      {!whole && rows.length > 0 && failed === null && (
        <button type="button" className="button quiet" disabled={reading} onClick={list.pages.more}>
          Earlier
        </button>
      )}
    </section>
  );
}
