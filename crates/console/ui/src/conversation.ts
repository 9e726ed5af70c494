// One open conversation: who the customer is, the window of the transcript, and what is on its way.

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { api, ApiError, type Place } from "./api.ts";
import type { Outbox } from "./logic/outbox.ts";
import { EMPTY, merged, opened, stillUnsent, type Transcript, type Unsent } from "./logic/transcript.ts";
import type { PersonView } from "./types.ts";

const PAGE = 60;
/** A typing hint holds for this long. */
const TYPING_FOR = 6_000;

export interface Conversation {
  person: PersonView | null;
  transcript: Transcript;
  unsent: Unsent[];
  loading: boolean;
  loadingOlder: boolean;
  typing: boolean;
  problem: string | null;
  gone: boolean;
  refresh(): void;
  refreshPerson(): void;
  older(): void;
  showTyping(): void;
  send(text: string, files: { id: string; name: string }[]): void;
  resend(clientId: string): void;
  discard(clientId: string): void;
}

export function useConversation(place: Place | null, outbox: Outbox): Conversation {
  const key = place === null ? "" : `${place.contact}/${place.conversation}`;
  const [person, setPerson] = useState<PersonView | null>(null);
  const [transcript, setTranscript] = useState<Transcript>(EMPTY);
  const [loading, setLoading] = useState(false);
  const [loadingOlder, setLoadingOlder] = useState(false);
  const [typing, setTyping] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [gone, setGone] = useState(false);
  const unsent = useSyncExternalStore(outbox.subscribe, () => outbox.list(place?.conversation ?? ""));
  const current = useRef({ key, place, transcript });
  current.current.place = place;
  current.current.key = key;
  current.current.transcript = transcript;
  const busy = useRef({ refresh: false, again: false, older: false });
  const typingUntil = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const fail = useCallback((mine: string, e: unknown) => {
    if (current.current.key !== mine) return;
    if (e instanceof ApiError && e.status === 404) setGone(true);
    else if (e instanceof ApiError && e.status !== 401) setProblem(e.message);
  }, []);

  const refreshPerson = useCallback(() => {
    const { place: where, key: mine } = current.current;
    if (where === null) return;
    api.person(where).then((p) => current.current.key === mine && setPerson(p), (e: unknown) => fail(mine, e));
  }, [fail]);

  // Fetches everything above the cursor; a hint that comes meanwhile asks once more.
  const refresh = useCallback(() => {
    const { place: where, key: mine } = current.current;
    if (where === null) return;
    if (busy.current.refresh) {
      busy.current.again = true;
      return;
    }
    busy.current.refresh = true;
    const run = async (): Promise<void> => {
      let cursor = current.current.transcript.last;
      for (;;) {
        const page = await api.after(where, cursor, 200);
        if (current.current.key !== mine) return;
        setTranscript((t) => merged(t, page.lines));
        setProblem(null);
        setGone(false);
        if (page.lines.some((l) => l.line === "message" && l.from === "customer")) setTyping(false);
        const newest = page.lines[page.lines.length - 1]?.no ?? cursor;
        if (newest <= cursor || newest >= page.last) return;
        cursor = newest;
      }
    };
    run()
      .catch((e: unknown) => fail(mine, e))
      .finally(() => {
        busy.current.refresh = false;
        if (busy.current.again) {
          busy.current.again = false;
          refresh();
        }
      });
  }, [fail]);

  useEffect(() => {
    setPerson(null);
    setTranscript(EMPTY);
    setTyping(false);
    setProblem(null);
    setGone(false);
    busy.current.again = false;
    if (place === null) return;
    let left = false;
    setLoading(true);
    api
      .newest(place, PAGE)
      .then((page) => {
        if (!left) setTranscript(opened(page));
      })
      .catch((e: unknown) => !left && fail(key, e))
      .finally(() => !left && setLoading(false));
    refreshPerson();
    return () => {
      left = true;
    };
    // The key names the place.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);

  const older = useCallback(() => {
    const { place: where, key: mine, transcript: t } = current.current;
    if (where === null || busy.current.older || t.first <= 1) return;
    busy.current.older = true;
    setLoadingOlder(true);
    api
      .before(where, t.first, PAGE)
      .then((page) => current.current.key === mine && setTranscript((now) => merged(now, page.lines)))
      .catch((e: unknown) => fail(mine, e))
      .finally(() => {
        busy.current.older = false;
        setLoadingOlder(false);
      });
  }, [fail]);

  const send = useCallback(
    (text: string, files: { id: string; name: string }[]) => {
      const { place: where } = current.current;
      if (where === null) return;
      outbox.add({
        clientId: crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-"),
        text,
        fileIds: files.map((f) => f.id),
        fileNames: files.map((f) => f.name),
        at: Date.now(),
        state: "sending",
        place: where,
      });
    },
    [outbox],
  );
  const resend = useCallback((clientId: string) => outbox.retry(clientId), [outbox]);
  const discard = useCallback((clientId: string) => outbox.discard(clientId), [outbox]);

  // What was sent is fetched at once; what is in the transcript is on its way no more.
  const sent = unsent.filter((u) => u.state === "sent").length;
  useEffect(() => {
    if (sent === 0) return;
    refresh();
    refreshPerson();
  }, [sent, refresh, refreshPerson]);
  useEffect(() => {
    outbox.arrived(new Set(transcript.messages.map((m) => m.client_id).filter((id) => id !== undefined)));
  }, [outbox, transcript]);

  const showTyping = useCallback(() => {
    setTyping(true);
    clearTimeout(typingUntil.current);
    typingUntil.current = setTimeout(() => setTyping(false), TYPING_FOR);
  }, []);

  const left = useMemo(() => stillUnsent(unsent, transcript), [unsent, transcript]);
  return { person, transcript, unsent: left, loading, loadingOlder, typing, problem, gone, refresh, refreshPerson, older, showTyping, send, resend, discard };
}
