// The right column: who the customer is.

import { useState } from "react";
import { api, type Place } from "../api.ts";
import { useAgainOn, useAsked } from "../book/asked.ts";
import { contactPath } from "../book/route.ts";
import { facts } from "../book/system.ts";
import { plainValue, shownValue } from "../book/value.ts";
import { Close } from "../icons.tsx";
import { dayKey, dayName, exactTime, label } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { Notes } from "../parts/Notes.tsx";
import { Ago, At, ShortAgo, TimeOfDay } from "../parts/Time.tsx";
import type { PersonView } from "../types.ts";
import { Avatar } from "./Avatar.tsx";

interface Props {
  place: Place;
  person: PersonView | null;
  /** Grows whenever the conversation moves: the journey is read again. */
  tick: number;
  now: number;
  close(): void;
  /** Something about the customer was changed here. */
  changed(): void;
}

export function Profile({ place, person, tick, now, close, changed }: Props) {
  return (
    <section className="profile" aria-label="About the customer">
      <div className="profile-head">
        <h2>About the customer</h2>
        <button type="button" className="icon-button not-wide" onClick={close} aria-label="Close">
          <Close />
        </button>
      </div>
      {person === null ? (
        <p className="muted pad">Loading…</p>
      ) : (
        <div className="profile-body" tabIndex={0} role="region" aria-label="Details">
          <div className="who">
            <Avatar id={person.id} name={person.name} large />
            <div>
              <p className="who-name">
                <Link to={contactPath(person.id)}>
                  <bdi>{person.name}</bdi>
                </Link>
              </p>
              <p className="muted">
                <span className={`status ${person.status}`}>{label(person.status)}</span> · last seen <Ago at={person.last_seen} now={now} />
              </p>
            </div>
          </div>

          <Part title="Segments" empty={person.segments.length === 0 ? "In no segment" : null}>
            <p className="chips">
              {person.segments.map((s) => (
                <span className="chip segment" key={s.key}>
                  <bdi>{s.name}</bdi>
                  {s.since !== null && (
                    <span className="since">
                      <ShortAgo at={s.since} now={now} />
                    </span>
                  )}
                </span>
              ))}
            </p>
          </Part>

          <Part title="Tags" empty={person.tags.length === 0 ? "No tags" : null}>
            <p className="chips">
              {person.tags.map((t) => (
                <span className="chip tag" key={t.label} title={`${exactTime(t.at)} by ${t.by}`}>
                  <bdi>{t.label}</bdi>
                </span>
              ))}
            </p>
          </Part>

          <Part title="Attributes" empty={person.attributes.length + person.system.length + person.computed.length === 0 ? "Nothing known yet" : null}>
            <dl>
              {person.attributes.map((a) => (
                <div key={a.name}>
                  <dt>{label(a.name)}</dt>
                  <dd>
                    <bdi>{shownValue(a.type, a.value)}</bdi>
                  </dd>
                </div>
              ))}
              {facts(Object.fromEntries(person.system.map((a) => [a.name, a.value]))).map((a) => (
                <div key={`system ${a.name}`}>
                  <dt>{label(a.name)}</dt>
                  <dd>
                    <bdi>{plainValue(a.value)}</bdi> {a.source !== null && <span className="computed">{a.source}</span>}
                  </dd>
                </div>
              ))}
              {person.computed.map((a) => (
                <div key={`computed ${a.name}`}>
                  <dt>{label(a.name)}</dt>
                  <dd>
                    <bdi>{shownValue(a.type, a.value)}</bdi> <span className="computed">computed</span>
                  </dd>
                </div>
              ))}
            </dl>
          </Part>

          <Notes
            key={person.id}
            contact={person.id}
            notes={person.notes}
            now={now}
            heading="h3"
            add={async (text) => {
              await api.note(place, text);
              changed();
            }}
          />

          <Part title="Found on" empty={null}>
            <dl>
              {person.addresses.map((a) => (
                <div key={`${a.channel} ${a.id}`}>
                  <dt>{label(a.channel)}</dt>
                  <dd>{a.unreachable === null ? "reachable" : <span className="bad">unreachable: {a.unreachable}</span>}</dd>
                </div>
              ))}
              <div>
                <dt>First seen</dt>
                <dd>
                  <At at={person.first_seen} />
                </dd>
              </div>
              <div>
                <dt>Source</dt>
                <dd>
                  <bdi>{person.source}</bdi>
                </dd>
              </div>
            </dl>
          </Part>

          <Journey place={place} tick={tick} now={now} />
        </div>
      )}
    </section>
  );
}

function Part({ title, empty, children }: { title: string; empty: string | null; children: React.ReactNode }) {
  return (
    <section className="part">
      <h3>{title}</h3>
      {empty === null ? children : <p className="muted">{empty}</p>}
    </section>
  );
}

const FIRST = 30;

function Journey({ place, tick, now }: { place: Place; tick: number; now: number }) {
  const [shown, setShown] = useState(FIRST);
  const [steps, setSteps] = useState(false);
  const { contact, conversation } = place;
  // The transcript says why the server does not answer; here the last known state stays.
  const { answer, again } = useAsked(`${contact} ${conversation}`, () => api.journey({ contact, conversation }, 0, shown), () => undefined);
  useAgainOn(`${tick} ${shown}`, again);
  const { entries, more } = answer ?? { entries: [], more: false };

  const visible = steps ? entries : entries.filter((e) => e.kind !== "block" && e.kind !== "handled");
  let day = "";
  return (
    <section className="part">
      <div className="part-head">
        <h3>Journey</h3>
        <label className="check-line">
          <input type="checkbox" checked={steps} onChange={(e) => setSteps(e.target.checked)} /> every step
        </label>
      </div>
      {visible.length === 0 ? (
        <p className="muted">Nothing happened yet</p>
      ) : (
        <ol className="journey">
          {visible.map((e) => {
            const newDay = dayKey(e.at) !== day;
            day = dayKey(e.at);
            return (
              <li key={e.id} className={`kind-${e.kind}`}>
                {newDay && <p className="journey-day">{dayName(e.at, now)}</p>}
                <p className="journey-what" dir="auto">
                  {e.text}
                </p>
                <p className="journey-meta">
                  <TimeOfDay at={e.at} />
                  {" · "}
                  <bdi>{e.by}</bdi>
                  {e.block !== null && <span className="block-name">{e.block}</span>}
                  {e.elsewhere && " · in another conversation"}
                </p>
              </li>
            );
          })}
        </ol>
      )}
      {more && (
        <button type="button" className="button quiet" onClick={() => setShown((n) => Math.min(n + 100, 500))}>
          Earlier
        </button>
      )}
    </section>
  );
}
