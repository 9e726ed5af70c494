// The desk: lists, the open chat, the customer; kept current by the live stream.

import { lazy, Suspense, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { api, ApiError, type Place } from "../api.ts";
import { useNow } from "../clock.ts";
import { useConversation } from "../conversation.ts";
import { Inbox } from "../icons.tsx";
import { useLive } from "../live.ts";
import { Accepting } from "../logic/accepting.ts";
import { backoff } from "../logic/backoff.ts";
import { Outbox } from "../logic/outbox.ts";
import { announcement, arrivals, tabTitle, waitingCount } from "../logic/requests.ts";
import { Resolving, type Resolved } from "../logic/resolving.ts";
import { pathOf, placeOf } from "../logic/route.ts";
import { HOME, navigate, pageOf, type PageName } from "../nav.tsx";
import type { DeskView, Me } from "../types.ts";
import { Chat } from "./Chat.tsx";
import { forgetDrafts, keepFor, resolvedOf, unsent } from "./drafts.ts";
import { Notices } from "./Notices.tsx";
import { Profile } from "./Profile.tsx";
import { Queue } from "./Queue.tsx";
import { TopBar } from "./TopBar.tsx";

/** A refusal that will pass: no way to the server, a server that starts or is busy. */
function passes(e: unknown): boolean {
  return e instanceof ApiError && (e.status === 0 || e.status === 429 || e.status === 401 || e.status >= 500);
}

function openOutbox(agent: string): Outbox {
  keepFor(agent);
  return new Outbox(unsent, {
    say: (m) => api.say(m.place, m.clientId, m.text, m.fileIds),
    passes,
    wait: (attempt) => backoff(attempt, Math.random),
  });
}

/** Codes with which a chat is closed, or is somebody else's: there is nothing left to resolve. */
const OVER = ["not_at_desk", "not_yours", "taken", "not_found"];

function openResolving(agent: string, settled: (one: Resolved, error: unknown) => void) {
  const shelf = resolvedOf(agent);
  const resolving = new Resolving(shelf, {
    resolve: (one) => api.resolve(one.place, one.request, one.skill),
    // Nobody is there any more to hear what came of it; what is stored is tried again.
    last: (one) => void api.resolve(one.place, one.request, one.skill, true).catch(() => undefined),
    passes: (e) => passes(e) && !(e instanceof ApiError && e.code === "set_aside"),
    over: (e) => e instanceof ApiError && OVER.includes(e.code),
    wait: (attempt) => backoff(attempt, Math.random),
    now: () => Date.now(),
    settled,
  });
  return { resolving, key: shelf.key };
}

// Drawing takes a library of its own, and so does a long table: the desk loads without them.
const Flows = lazy(() => import("../flows/Flows.tsx"));
const Book = lazy(() => import("../book/Book.tsx"));
const Webhooks = lazy(() => import("../webhooks/Webhooks.tsx"));

/** What is said while a page is on its way. */
const OPENING: Record<Exclude<PageName, "desk">, string> = { flows: "Drawing the flows…", webhooks: "Opening the webhooks…", contacts: "Opening the contact book…", segments: "Opening the contact book…" };

export function Desk({ me, signedOut }: { me: Me; signedOut(note: string | null): void }) {
  const now = useNow();
  const [desk, setDesk] = useState<DeskView | null>(null);
  const [place, setPlace] = useState<Place | null>(() => placeOf(location.pathname));
  const [page, setPage] = useState<PageName>(() => pageOf(location.pathname));
  const [side, setSide] = useState(false);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [tick, setTick] = useState(0);
  const known = useRef<Set<string> | null>(null);
  const asking = useRef({ busy: false, again: false });
  const [outbox] = useState(() => openOutbox(me.agent.id));
  const chat = useConversation(place, outbox);
  const settled = useRef<(one: Resolved, error: unknown) => void>(() => undefined);
  const [{ resolving, key: resolvedKey }] = useState(() => openResolving(me.agent.id, (one, error) => settled.current(one, error)));
  const unaccepted = useRef<(error: unknown) => void>(() => undefined);
  const reread = useRef<() => void>(() => undefined);
  const [accepting] = useState(
    () => new Accepting(me.accepting, { tell: api.accepting, failed: (e) => unaccepted.current(e), settled: () => reread.current() }),
  );
  const { on: accepts, telling } = useSyncExternalStore(accepting.subscribe, accepting.choice);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [refusal, setRefusal] = useState<string | null>(null);
  const resolved = useSyncExternalStore(resolving.subscribe, resolving.list);
  const open = useRef<string | null>(null);
  open.current = place?.conversation ?? null;

  const over = useCallback(
    (e: unknown) => {
      if (e instanceof ApiError && e.status === 401) signedOut("You were signed out. Please sign in again.");
      else if (e instanceof ApiError && e.status !== 0) setProblem(e.message);
    },
    [signedOut],
  );

  // Hints come in bursts: one reading at a time, and one more if something came meanwhile.
  const readDesk = useCallback(() => {
    if (asking.current.busy) {
      asking.current.again = true;
      return;
    }
    asking.current.busy = true;
    const heard = accepting.reading();
    api
      .desk()
      .then((view) => {
        setProblem(null);
        setDesk(view);
        heard(view.accepting);
        if (known.current !== null) {
          const added = arrivals(known.current, view);
          if (added.length > 0) {
            setSaid(announcement(added));
            setFresh(new Set(added.map((r) => r.request)));
          }
        }
        known.current = new Set(view.queue.map((r) => r.request));
      })
      .catch(over)
      .finally(() => {
        asking.current.busy = false;
        if (asking.current.again) {
          asking.current.again = false;
          readDesk();
        }
      });
  }, [over, accepting]);
  reread.current = readDesk;

  const everything = useCallback(() => {
    readDesk();
    chat.refresh();
    chat.refreshPerson();
    setTick((t) => t + 1);
  }, [readDesk, chat.refresh, chat.refreshPerson]);

  settled.current = ({ request }, error) => {
    if (error === null) setClosed((all) => new Set([...all, request]));
    else setRefusal(`The chat was not resolved: ${error instanceof Error ? error.message : "something went wrong"}`);
    everything();
  };

  const live = useLive({
    open: () => {
      outbox.wake();
      resolving.wake();
      everything();
    },
    desk: () => {
      readDesk();
      chat.refresh();
      chat.refreshPerson();
      setTick((t) => t + 1);
    },
    bot: readDesk,
    conversation: (id) => {
      readDesk();
      if (id === open.current) {
        chat.refresh();
        chat.refreshPerson();
        setTick((t) => t + 1);
      }
    },
    typing: (id) => {
      if (id === open.current) chat.showTyping();
    },
    signedOut: () => {
      outbox.stop();
      resolving.stop();
      signedOut("You were signed out. Please sign in again.");
    },
  });

  useEffect(() => {
    if (page === "desk") document.title = tabTitle(desk === null ? 0 : waitingCount(desk), me.bot);
  }, [desk, me.bot, page]);
  useEffect(() => {
    const moved = (): void => {
      setPlace(placeOf(location.pathname));
      setPage(pageOf(location.pathname));
      setSide(false);
    };
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, []);
  useEffect(() => {
    if (fresh.size === 0) return;
    const fade = setTimeout(() => setFresh(new Set()), 8_000);
    return () => clearTimeout(fade);
  }, [fresh]);
  useEffect(() => {
    if (!side) return;
    const close = (e: KeyboardEvent): void => {
      if (e.key === "Escape") setSide(false);
    };
    window.addEventListener("keydown", close);
    return () => window.removeEventListener("keydown", close);
  }, [side]);

  const go = useCallback((to: Place | null) => {
    setPlace(to);
    setRefusal(null);
    setSide(false);
    if (location.pathname !== pathOf(to)) history.pushState(null, "", pathOf(to));
  }, []);

  const turnTo = useCallback((to: PageName) => navigate(HOME[to]), []);

  useEffect(() => {
    const online = (): void => {
      outbox.wake();
      resolving.wake();
    };
    const elsewhere = (e: StorageEvent): void => {
      if (e.key === resolvedKey) resolving.look();
    };
    window.addEventListener("online", online);
    window.addEventListener("storage", elsewhere);
    window.addEventListener("pagehide", resolving.leave);
    window.addEventListener("pagehide", accepting.leave);
    return () => {
      window.removeEventListener("online", online);
      window.removeEventListener("storage", elsewhere);
      window.removeEventListener("pagehide", resolving.leave);
      window.removeEventListener("pagehide", accepting.leave);
    };
  }, [outbox, resolving, accepting, resolvedKey]);
  useEffect(() => {
    // A tab that closes with something unsent asks first; what is stored is sent when the desk is opened again.
    const leaving = (e: BeforeUnloadEvent): void => {
      if (outbox.size > 0) e.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    return () => window.removeEventListener("beforeunload", leaving);
  }, [outbox]);

  unaccepted.current = (e) => {
    if (e instanceof ApiError && e.status === 401) over(e);
    else setRefusal(`Whether you accept chats was not changed: ${e instanceof ApiError ? e.message : "the server did not answer in time."}`);
  };
  const accept = (on: boolean): void => {
    setRefusal(null);
    accepting.choose(on);
  };
  const signOut = (): void => {
    const left = (): void => {
      outbox.stop();
      resolving.stop();
      forgetDrafts();
      signedOut(null);
    };
    // Who signs out does not think again.
    void Promise.all([resolving.flush(), accepting.flush()]).then(api.signOut).then(left, (e: unknown) => (e instanceof ApiError && e.status === 401 ? left() : over(e)));
  };

  const rows = desk === null ? [] : [...desk.queue, ...desk.mine, ...desk.missed];
  const nameOf = (conversation: string): string =>
    rows.find((r) => r.conversation === conversation)?.name ?? (conversation === place?.conversation ? chat.person?.name : undefined) ?? "a chat";
  // What was resolved leaves the list at once.
  const going = new Set(resolved.map((one) => one.request));
  const shown = desk === null ? null : { ...desk, mine: desk.mine.filter((r) => !going.has(r.request) && !closed.has(r.request)) };
  const request = chat.person?.conversation.request?.id ?? "";
  const row =
    place === null
      ? null
      : (rows.find((r) => r.conversation === place.conversation) ?? null);

  return (
    <div className={`desk${page !== "desk" ? ` at-${page}` : place === null ? " at-list" : " at-chat"}${side ? " at-person" : ""}`}>
      <TopBar page={page} waiting={shown === null ? 0 : waitingCount(shown)} turnTo={turnTo} agent={me.agent} bot={me.bot} accepting={accepts} telling={telling} live={live} setAccepting={accept} signOut={signOut} />
      <p className="sr-only" aria-live="polite">
        {said}
      </p>
      <Notices problem={problem ?? refusal} reload={desk?.reload_error ?? null} resolved={resolved} resolving={resolving} name={nameOf} undone={everything} />
      {page !== "desk" ? (
        <Suspense
          fallback={
            <main className="splash" aria-busy="true">
              <p role="status">{OPENING[page]}</p>
            </main>
          }
        >
          {page === "flows" ? (
            <Flows signedOut={signedOut} />
          ) : page === "webhooks" ? (
            <Webhooks me={me} now={now} signedOut={signedOut} />
          ) : (
            <Book me={me} now={now} tick={tick} chats={rows} signedOut={signedOut} />
          )}
        </Suspense>
      ) : (
      <main className="columns">
        <h1 className="sr-only">Desk</h1>
        <Queue desk={shown} selected={place?.conversation ?? null} fresh={fresh} now={now} choose={go} />
        {place === null ? (
          <section className="chat nothing" aria-label="Chat">
            <Inbox />
            <h2>{desk !== null && desk.queue.length > 0 ? "Somebody is waiting" : "No chat is open"}</h2>
            <p>
              {desk !== null && desk.queue.length > 0
                ? "Choose a chat on the left to see what was said so far, then take it."
                : "Choose a chat on the left. New requests appear there by themselves."}
            </p>
          </section>
        ) : (
          <>
            <Chat
              place={place}
              row={row}
              chat={chat}
              now={now}
              fileLimit={me.file_limit}
              back={() => go(null)}
              showPerson={() => setSide((s) => !s)}
              changed={everything}
              resolved={going.has(request) ? "pending" : closed.has(request) ? "done" : null}
              resolve={(request, skill) => {
                setRefusal(null);
                resolving.add({ place, request, skill });
              }}
            />
            {!chat.gone && <Profile place={place} person={chat.person} tick={tick} now={now} close={() => setSide(false)} changed={chat.refreshPerson} />}
          </>
        )}
      </main>
      )}
    </div>
  );
}
