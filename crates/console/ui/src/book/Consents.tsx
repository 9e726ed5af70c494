// What a contact agreed to and refused, for each topic and channel, with when, by whom and the words; an agent notes another answer with a
// reason.

import { useEffect, useId, useState } from "react";
import { label } from "../logic/words.ts";
import { Ago } from "../parts/Time.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { byName } from "./by.ts";
import { Failed } from "./states.tsx";
import type { Consent, Person } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The topic of being written to at all, as the server has it. */
const MESSAGES = "messages";
/** The longest topic, and the longest proof, in characters, as the server has them. */
const NAME = 64;
const PROOF = 1_000;

interface Props {
  person: Person;
  vocabulary: Vocabulary;
  now: number;
  /** Grows when something about the contact changed. */
  round: number;
  over(e: unknown): void;
  changed(): void;
}

/** An answer that is being written. */
interface Asking {
  topic: string;
  channel: string | null;
  given: boolean;
  /** Whether topic and channel are what another answer is about. */
  fixed: boolean;
}

export function Consents({ person, vocabulary, now, round, over, changed }: Props) {
  const contact = person.id;
  const { answer, problem, again, set } = useAsked<Consent[]>(`consents ${contact}`, (signal) => book.consents(contact, signal), over);
  const [asking, setAsking] = useState<Asking | null>(null);
  useEffect(() => {
    if (round > 0) again();
  }, [round, again]);
  const consents = answer ?? [];
  return (
    <section className="part" aria-label="Consents">
      <h2>Consents</h2>
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer !== null && consents.length === 0 && <p className="muted">Nothing was asked yet</p>}
      <ul className="consents">
        {consents.map((c) => (
          <li key={`${c.topic} ${c.channel ?? ""}`}>
            <p className="consent-line">
              <strong>
                <bdi>{topicName(c.topic)}</bdi>
              </strong>
              <span className="muted">{c.channel === null ? "on all channels" : `on ${label(c.channel)}`}</span>
              {c.given ? <span className="chip good">agreed</span> : <span className="chip bad-chip">refused</span>}
              <button type="button" className="link" aria-label={`Note another answer to ${topicName(c.topic)}${c.channel === null ? "" : ` on ${label(c.channel)}`}`} onClick={() => setAsking({ topic: c.topic, channel: c.channel, given: !c.given, fixed: true })}>
                Change
              </button>
            </p>
            <p className="consent-proof" dir="auto">
              {c.proof}
            </p>
            <p className="muted">
              <Ago at={c.at} now={now} /> · <bdi>{byName(c.by)}</bdi>
            </p>
          </li>
        ))}
      </ul>
      <button type="button" className="button" onClick={() => setAsking({ topic: consents.some((c) => c.topic === MESSAGES && c.channel === null) ? "" : MESSAGES, channel: null, given: false, fixed: false })}>
        Note an answer…
      </button>
      {asking !== null && (
        <ConsentDialog
          asking={asking}
          channels={[...new Set([...person.addresses.map((a) => a.channel), ...vocabulary.channels])]}
          topics={[...new Set([MESSAGES, ...vocabulary.topics, ...consents.map((c) => c.topic)])]}
          put={async (said) => {
            try {
              set(await book.consent(contact, said));
              changed();
            } catch (e) {
              over(e);
              throw e;
            }
          }}
          close={() => setAsking(null)}
        />
      )}
    </section>
  );
}

const topicName = (topic: string): string => (topic === MESSAGES ? "Messages at all" : label(topic));

interface DialogProps {
  asking: Asking;
  channels: readonly string[];
  topics: readonly string[];
  put(said: { topic: string; channel: string | null; given: boolean; proof: string }): Promise<void>;
  close(): void;
}

function ConsentDialog({ asking, channels, topics, put, close }: DialogProps) {
  const [topic, setTopic] = useState(asking.topic);
  const [channel, setChannel] = useState(asking.channel ?? "");
  const [given, setGiven] = useState(asking.given);
  const [reason, setReason] = useState("");
  const id = useId();
  const messages = topic.trim() === MESSAGES;
  return (
    <Dialog
      title={asking.fixed ? `${topicName(asking.topic)}: another answer` : "Note an answer"}
      confirm={given ? "They agreed" : "They refused"}
      ready={topic.trim() !== "" && reason.trim() !== ""}
      act={() => put({ topic: topic.trim(), channel: channel === "" ? null : channel, given, proof: reason.trim() })}
      close={close}
    >
      {!asking.fixed && (
        <>
          <div className="field">
            <label htmlFor={`${id}-topic`}>To what</label>
            <input id={`${id}-topic`} value={topic} maxLength={NAME} list={`${id}-topics`} required autoComplete="off" dir="auto" onChange={(e) => setTopic(e.target.value)} />
            <datalist id={`${id}-topics`}>
              {topics.map((t) => (
                <option key={t} value={t} />
              ))}
            </datalist>
          </div>
          <div className="field">
            <label htmlFor={`${id}-channel`}>Where</label>
            <select id={`${id}-channel`} value={channel} onChange={(e) => setChannel(e.target.value)}>
              <option value="">On all channels</option>
              {channels.map((c) => (
                <option key={c} value={c}>
                  {label(c)}
                </option>
              ))}
            </select>
          </div>
        </>
      )}
      <fieldset>
        <legend className="sr-only">Their answer</legend>
        <label className="choice-line">
          <input type="radio" name={`${id}-given`} checked={given} onChange={() => setGiven(true)} />
          <span>
            They agreed
            {messages && <small>They are written to again{channel !== "" && ", but not where they refused"}.</small>}
          </span>
        </label>
        <label className="choice-line">
          <input type="radio" name={`${id}-given`} checked={!given} onChange={() => setGiven(false)} />
          <span>
            They refused
            {messages && <small>Nothing is sent to them unasked any more.</small>}
          </span>
        </label>
      </fieldset>
      <div className="field">
        <label htmlFor={`${id}-reason`}>Where and how they said so</label>
        <textarea id={`${id}-reason`} value={reason} rows={3} maxLength={PROOF} required dir="auto" placeholder="On the phone, 21 November: “no more offers, please”" onChange={(e) => setReason(e.target.value)} />
        <p className="hint">It stands beside the answer as its proof, with your name and the time.</p>
      </div>
    </Dialog>
  );
}
