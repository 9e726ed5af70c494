// One webhook: how it stands, what it was told, and what is done about it.

import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "../api.ts";
import { useAsked } from "../book/asked.ts";
import { Menu } from "../book/Menu.tsx";
import { byName } from "../book/by.ts";
import { Failed, Missing, Waiting } from "../book/states.tsx";
import { Back } from "../icons.tsx";
import { Link, navigate } from "../nav.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { At } from "../parts/Time.tsx";
import { hooks, type Tested, type Webhook, type WithSecret } from "./api.ts";
import { ChangeHook } from "./ChangeHook.tsx";
import { Deliveries } from "./Deliveries.tsx";
import { ReplayDialog } from "./ReplayDialog.tsx";
import { hooksPath } from "./route.ts";
import { SecretDialog } from "./SecretDialog.tsx";
import { Standing } from "./Standing.tsx";
import { atOnce, tested } from "./words.ts";

/** How often it is looked at how it stands. */
const EVERY = 3_000;

interface Props {
  bot: string;
  id: string;
  now: number;
  over(e: unknown): void;
}

type Asking = "change" | "secret" | "delete" | "replay";

export function Hook({ bot, id, now, over }: Props) {
  const { answer: hook, problem, again, set } = useAsked<Webhook>(id, (signal) => hooks.one(id, signal), over);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [secret, setSecret] = useState<WithSecret | null>(null);
  const [busy, setBusy] = useState(false);
  const [test, setTest] = useState<Tested | null>(null);
  const [said, setSaid] = useState<{ says: string; bad: boolean } | null>(null);
  const [round, setRound] = useState(0);
  const close = (): void => setAsking(null);
  useEffect(() => {
    document.title = `${hook?.url ?? "Webhook"} · ${bot}`;
  }, [hook?.url, bot]);
  useEffect(() => {
    const every = setInterval(() => document.visibilityState !== "hidden" && again(), EVERY);
    return () => clearInterval(every);
  }, [again]);

  const act = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setSaid(null);
    setTest(null);
    try {
      await what();
    } catch (e) {
      over(e);
      setSaid({ says: e instanceof Error ? e.message : "It did not work.", bad: true });
    } finally {
      setBusy(false);
    }
  };
  const replayed = (queued: number): void => {
    setTest(null);
    setSaid({ says: queued === 0 ? "There was nothing to deliver again." : `${queued.toLocaleString()} ${queued === 1 ? "delivery is" : "deliveries are"} told once more.`, bad: false });
    setRound((n) => n + 1);
    again();
  };

  if (problem instanceof ApiError && problem.status === 404) {
    return <Missing title="There is no such webhook" says="It was deleted, or the address is not right." all={{ to: hooksPath, says: "All webhooks" }} />;
  }
  return (
    <main className="book">
      <div className="book-head">
        <Link to={hooksPath} className="icon-button" title="All webhooks">
          <Back />
          <span className="sr-only">All webhooks</span>
        </Link>
        <h1 className="hook-url">
          <bdi>{hook?.url ?? "Webhook"}</bdi>
        </h1>
        {hook !== null && (
          <>
            <Standing hook={hook} now={now} />
            <div className="book-actions">
              <button type="button" className="button" disabled={busy || !hook.enabled} onClick={() => void act(async () => setTest(await hooks.test(id)))}>
                Post a test
              </button>
              <button type="button" className={hook.enabled ? "button" : "button primary"} disabled={busy} onClick={() => void act(async () => set(await hooks.enable(id, !hook.enabled)))}>
                {hook.enabled ? "Pause" : "Let it run"}
              </button>
              <Menu title="More">
                <button type="button" className="menu-item" onClick={() => setAsking("change")}>
                  Change…
                </button>
                <button type="button" className="menu-item" onClick={() => setAsking("replay")}>
                  Deliver a span again…
                </button>
                <button type="button" className="menu-item" onClick={() => setAsking("secret")}>
                  New secret…
                </button>
                <button type="button" className="menu-item bad" onClick={() => setAsking("delete")}>
                  Delete…
                </button>
              </Menu>
            </div>
          </>
        )}
      </div>
      <p className={`book-note${test?.delivered === false || said?.bad === true ? " bad" : " good"}`} role="status" hidden={test === null && said === null}>
        {test !== null ? tested(test) : (said?.says ?? "")}
      </p>
      {problem !== null && <Failed problem={problem} again={again} />}
      {hook === null && problem === null && <Waiting />}
      {hook !== null && (
        <div className="hook-page">
          <About hook={hook} />
          <Deliveries hook={hook} round={round} now={now} replayed={replayed} over={over} />
        </div>
      )}
      {asking === "change" && hook !== null && <ChangeHook hook={hook} changed={set} over={over} close={close} />}
      {asking === "replay" && <ReplayDialog replay={async (from, to) => replayed(await hooks.replaySpan(id, from, to))} close={close} />}
      {asking === "secret" && (
        <Dialog
          title="Make a new secret?"
          confirm="Make it"
          act={async () => {
            const renewed = await hooks.renew(id);
            set(renewed.webhook);
            setSecret(renewed);
          }}
          close={close}
        >
          <p>For a day deliveries are signed with both, so that the receiver can change over; then the old one is of no use any more.</p>
        </Dialog>
      )}
      {asking === "delete" && hook !== null && (
        <Dialog
          title="Delete this webhook?"
          confirm="Delete"
          grave
          act={async () => {
            await hooks.remove(id);
            navigate(hooksPath);
          }}
          close={close}
        >
          <p>
            <bdi>{hook.url}</bdi> is told nothing any more.
            {hook.waiting > 0 && ` ${hook.waiting.toLocaleString()} ${hook.waiting === 1 ? "delivery that waits goes" : "deliveries that wait go"} with it.`}
          </p>
        </Dialog>
      )}
      {secret !== null && <SecretDialog secret={secret.secret} done={() => setSecret(null)} />}
    </main>
  );
}

/** What it is told of, and how it stands, in full. */
function About({ hook }: { hook: Webhook }) {
  const facts: [string, ReactNode][] = [
    ["What it is for", hook.description === "" ? null : hook.description],
    ["Told of", hook.events.join(", ")],
    ["Deliveries at once", atOnce(hook.parallel)],
    ["Waiting", hook.waiting.toLocaleString()],
    ["Next try", hook.next_at === null ? null : <At at={hook.next_at} />],
    ["Nothing arrives since", hook.failing_since === null ? null : <At at={hook.failing_since} />],
    [
      "Stopped",
      hook.disabled === null ? null : (
        <>
          <At at={hook.disabled.at} />
          {hook.disabled.why === "gone" && ": it answered 410"}
        </>
      ),
    ],
    [
      "Not told of",
      hook.missed === null ? null : (
        <>
          {hook.missed.count.toLocaleString()} things between <At at={hook.missed.from} /> and <At at={hook.missed.until} />: its queue was full
        </>
      ),
    ],
    ["Old secret holds until", hook.old_secret_until === null ? null : <At at={hook.old_secret_until} />],
    ["Made", <Done at={hook.created_at} by={hook.made_by} />],
    ["Changed last", hook.changed_at === null || hook.changed_by === null ? null : <Done at={hook.changed_at} by={hook.changed_by} />],
  ];
  return (
    <section className="hook-about part" aria-label="About the webhook">
      <h2>How it stands</h2>
      <dl>
        {facts.map(([title, says]) =>
          says === null ? null : (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                <bdi>{says}</bdi>
              </dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}

/** When something was done, and who did it. */
function Done({ at, by }: { at: string; by: Parameters<typeof byName>[0] }) {
  return (
    <>
      <At at={at} />, {byName(by)}
    </>
  );
}
