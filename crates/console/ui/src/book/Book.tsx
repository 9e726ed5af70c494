// The contact book's pages: which of them is shown, and what they share.

import "./styles/shell.css";
import "./styles/table.css";
import "./styles/fields.css";
import "./styles/segments.css";
import "./styles/why.css";
import "./styles/contact.css";
import "./styles/merge.css";
import "./styles/import.css";
import "./styles/bulk.css";
import "./styles/said.css";
import "./styles/erasures.css";
import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { ApiError } from "../api.ts";
import { useAddress } from "../nav.tsx";
import type { Me, Row } from "../types.ts";
import { Contact } from "./Contact.tsx";
import { Contacts } from "./Contacts.tsx";
import { ErasureOf, Erasures } from "./Erasures.tsx";
import { ImportOf } from "./Import.tsx";
import { ImportStart } from "./ImportStart.tsx";
import { Merge } from "./Merge.tsx";
import { Memory, MemoryContext } from "./pages.ts";
import { bookPlaceOf, type BookPlace } from "./route.ts";
import { SaidSearch } from "./SaidSearch.tsx";
import { Segment } from "./Segment.tsx";
import { SegmentForm } from "./SegmentForm.tsx";
import { Segments } from "./Segments.tsx";
import { Missing } from "./states.tsx";
import { useUnderway, type Underway } from "./underway.ts";
import { NOTHING, readVocabulary, type Vocabulary } from "./vocabulary.ts";

interface Props {
  me: Me;
  now: number;
  /** Grows whenever something at the desk moved. */
  tick: number;
  /** The chats at this agent's desk. */
  chats: readonly Row[];
  signedOut(note: string | null): void;
}

export default function Book({ me, now, tick, chats, signedOut }: Props) {
  const address = useAddress();
  const place = bookPlaceOf(address);
  const [memory] = useState(() => new Memory());
  const [vocabulary, setVocabulary] = useState<Vocabulary>(NOTHING);
  const over = useCallback(
    (e: unknown) => {
      if (e instanceof ApiError && e.status === 401) signedOut("You were signed out. Please sign in again.");
    },
    [signedOut],
  );
  const [round, setRound] = useState(0);
  const renamed = useCallback(() => setRound((n) => n + 1), []);
  const underway = useUnderway(over);
  useEffect(() => {
    const stop = new AbortController();
    void readVocabulary(stop.signal, over).then((read) => !stop.signal.aborted && setVocabulary(read));
    return () => stop.abort();
  }, [over, round, underway.over]);
  useEffect(() => {
    // Lists that were read before hold people as they were.
    if (underway.over > 0) memory.forget("");
  }, [underway.over, memory]);
  const title = titleOf(place);
  useEffect(() => {
    if (title !== null) document.title = `${title} · ${me.bot === "" ? "Switchboard" : me.bot}`;
  }, [title, me.bot]);

  const shared = useMemo(() => ({ vocabulary, over, renamed, underway }), [vocabulary, over, renamed, underway]);
  return (
    <MemoryContext value={memory}>
      {page(place, { ...shared, agent: me.agent.id, bot: me.bot, now, tick, chats })}
    </MemoryContext>
  );
}

function titleOf(place: BookPlace): string | null {
  switch (place.at) {
    case "contacts":
      return "Contacts";
    case "segments":
      return "Segments";
    case "said":
      return "What was said";
    case "import":
      return place.id === null ? "Import" : null;
    case "erasures":
    case "erasure":
      return "Erased for good";
    case "merge":
      return "Merge contacts";
    case "nowhere":
      return "Not found";
    case "contact":
    case "segment":
    case "segment form":
      // They say whose page it is once they know.
      return null;
  }
}

interface Shared {
  agent: string;
  bot: string;
  now: number;
  tick: number;
  chats: readonly Row[];
  vocabulary: Vocabulary;
  /** What was begun for many. */
  underway: Underway;
  /** There are other names than before: the vocabulary is read anew. */
  renamed(): void;
  over(e: unknown): void;
}

function page(place: BookPlace, shared: Shared): ReactNode {
  switch (place.at) {
    case "contacts":
      return <Contacts {...shared} q={place.q} where={place.where} />;
    case "said":
      return <SaidSearch {...shared} text={place.text} />;
    case "contact":
      return <Contact key={place.contact} {...shared} contact={place.contact} said={place.said} />;
    case "segments":
      return <Segments {...shared} />;
    case "segment":
      return <Segment key={place.key} {...shared} segment={place.key} contact={place.contact} />;
    case "segment form":
      return <SegmentForm key={place.key ?? ` ${place.where}`} {...shared} segment={place.key} where={place.where} />;
    case "import":
      return place.id === null ? <ImportStart {...shared} /> : <ImportOf key={place.id} {...shared} id={place.id} />;
    case "merge":
      return <Merge key={`${place.contact} ${place.other}`} {...shared} contact={place.contact} other={place.other} />;
    case "erasures":
      return <Erasures key={place.bulk ?? ""} {...shared} bulk={place.bulk} />;
    case "erasure":
      return <ErasureOf key={place.id} {...shared} id={place.id} />;
    case "nowhere":
      return <Missing all={{ to: "/console/contacts", says: "All contacts" }} />;
  }
}
