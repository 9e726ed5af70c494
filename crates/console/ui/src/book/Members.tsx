// Who is in a segment, with a way to ask about anybody; of a list, people are put on it and taken off.

import { useRef, useState } from "react";
import { ago, exactTime } from "../logic/words.ts";
import { Link, navigate } from "../nav.tsx";
import { book } from "./api.ts";
import { FillDialog } from "./FillDialog.tsx";
import { useLast, useList } from "./pages.ts";
import { PersonField } from "./PersonField.tsx";
import { bookPathOf, contactPath } from "./route.ts";
import { Table } from "./Table.tsx";
import type { Member, Segment } from "./types.ts";
import type { Underway } from "./underway.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  segment: Segment;
  /** Another one means that other people are in it. */
  round: string;
  vocabulary: Vocabulary;
  now: number;
  underway: Underway;
  /** Somebody was put on it or taken off: its size is another one. */
  changed(): void;
  /** Somebody was put on it: the list is read anew. */
  put(): void;
  over(e: unknown): void;
}

export function Members({ segment, round, vocabulary, now, underway, changed, put, over }: Props) {
  const { key, static: isList } = segment;
  const name = `members ${key} ${round}`;
  const list = useLast(
    name,
    useList<Member>(name, (cursor, signal) => book.members(key, cursor, signal)),
  );
  const section = useRef<HTMLElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const [filling, setFilling] = useState(false);
  const why = (contact: string): string => bookPathOf({ at: "segment", key, contact });
  const act = async (what: () => Promise<void>, done: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await what();
      setSaid(done);
      changed();
    } catch (e) {
      over(e);
      setProblem(e instanceof Error ? e.message : "It was not changed.");
    } finally {
      setBusy(false);
    }
  };
  const takeOff = (m: Member): Promise<void> =>
    act(async () => {
      await book.takeOffList(key, m.id);
      list.pages.drop((other) => other.id === m.id);
      // The keyboard goes on with whoever stands there now.
      requestAnimationFrame(() => (section.current?.querySelector<HTMLElement>('.take-off[tabindex="0"]') ?? section.current?.querySelector("input"))?.focus());
    }, `${m.name ?? m.id} was taken off the list`);
  return (
    <section className="segment-members" aria-label="Members" ref={section}>
      <div className="members-head">
        <h2>Who is in it</h2>
        <PersonField
          label={isList ? "Put somebody on the list" : "Ask why somebody is in it or not"}
          over={over}
          choose={(person) => {
            if (isList) void act(() => book.putOnList(key, person.id).then(put), `${person.name} was put on the list`);
            else navigate(why(person.id));
          }}
        />
        {isList && (
          <button type="button" className="button" onClick={() => setFilling(true)}>
            By a condition…
          </button>
        )}
        <p className="problem" role="alert">
          {problem}
        </p>
        <p className={said === "" ? "sr-only" : "done-note"} role="status">
          <bdi>{said}</bdi>
        </p>
      </div>
      <Table
        label={`Members of ${segment.name}`}
        first="Name"
        columns={[{ id: "since", title: "Since", width: "short", cell: (m) => (m.since === null ? { text: "" } : { text: ago(Date.parse(m.since), now), exact: exactTime(Date.parse(m.since)) }) }]}
        key={list.key}
        stale={list.key !== name}
        pages={list.pages}
        read={list.read}
        idOf={(m) => m.id}
        name={(m) => m.name ?? m.id}
        to={(m) => contactPath(m.id)}
        mark={(m, tabIndex) => (
          <>
            <Link to={why(m.id)} className="why-link" tabIndex={tabIndex}>
              why
            </Link>
            {isList && (
              <button type="button" className="link take-off" tabIndex={tabIndex} disabled={busy} aria-label={`Take ${m.name ?? m.id} off the list`} onClick={() => void takeOff(m)}>
                take off
              </button>
            )}
          </>
        )}
        empty={
          <>
            <h3>Nobody is in it</h3>
            <p>{isList ? "Nobody was put on the list yet." : segment.valid ? "The rule holds for nobody now." : "A rule that cannot be judged holds for nobody."}</p>
          </>
        }
      />
      {filling && <FillDialog list={{ key, name: segment.name }} vocabulary={vocabulary} underway={underway} over={over} close={() => setFilling(false)} />}
    </section>
  );
}
