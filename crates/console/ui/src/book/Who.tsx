// The head of a contact's page: who they are, how they stand, and what is done about the whole person.

import { useState } from "react";
import { Avatar } from "../desk/Avatar.tsx";
import { exactTime, label } from "../logic/words.ts";
import { pathOf } from "../logic/route.ts";
import { Link } from "../nav.tsx";
import type { Row } from "../types.ts";
import { book } from "./api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Ago, At } from "../parts/Time.tsx";
import { EraseDialog } from "./Erase.tsx";
import { Menu } from "./Menu.tsx";
import type { Certificate, Person } from "./types.ts";

const STATES: Record<Person["state"], string> = {
  closed: "no conversation open",
  active: "talking to the bot",
  requesting: "waiting for a person",
  intervened: "talking to an agent",
};

interface WhoProps {
  person: Person;
  now: number;
  /** Their chat, as far as it is at this agent's desk. */
  chat: Row | null;
  block(blocked: boolean): Promise<void>;
  /** They were erased. */
  erased(certificate: Certificate): void;
  over(e: unknown): void;
}

export function Who({ person, now, chat, block, erased, over }: WhoProps) {
  const [asking, setAsking] = useState(false);
  const [erasing, setErasing] = useState(false);
  const blocked = person.status === "blocked";
  return (
    <>
      <div className="contact-who">
        <Avatar id={person.id} name={person.name} large />
        <div>
          <h1 title={person.name}>
            <bdi>{person.name}</bdi>
          </h1>
          <p className="muted">
            <span className={`status ${person.status}`}>{label(person.status)}</span> · {STATES[person.state]} · last seen <Ago at={person.last_seen} now={now} />
          </p>
        </div>
      </div>
      <div className="book-actions">
        {chat !== null && (
          <Link to={pathOf({ contact: chat.contact, conversation: chat.conversation })} className="button primary">
            Open the chat
          </Link>
        )}
        <button type="button" className="button" onClick={() => setAsking(true)}>
          {blocked ? "Unblock" : "Block"}
        </button>
        <Menu title="More">
          <a className="menu-item" href={book.dataUrl(person.id)} download={`${person.id}.json`}>
            Everything kept about them, as a file
          </a>
          <button type="button" className="menu-item bad" onClick={() => setErasing(true)}>
            Erase for good…
          </button>
        </Menu>
      </div>
      {erasing && <EraseDialog contact={person.id} name={person.name} over={over} done={erased} close={() => setErasing(false)} />}
      {asking && (
        <Dialog title={blocked ? "Let them write again?" : "Block this contact?"} confirm={blocked ? "Unblock" : "Block"} grave={!blocked} act={() => block(!blocked)} close={() => setAsking(false)}>
          <p>
            {blocked ? (
              <>
                The bot answers <bdi>{person.name}</bdi> again from their next message on, and what rested meanwhile goes on: questions, timers. They have the status again that they
                had; who wanted no messages is unsubscribed.
              </>
            ) : (
              <>
                What <bdi>{person.name}</bdi> writes is kept and not answered, and nothing is sent to them by itself. It can be taken back.
              </>
            )}
          </p>
        </Dialog>
      )}
    </>
  );
}

const KINDS = { external: "Other system", email: "E-mail", phone: "Phone" } as const;

/** Where they can be reached, what names them, and how they came to be. */
export function Found({ person }: { person: Person }) {
  return (
    <section className="part" aria-label="Found on">
      <h2>Found on</h2>
      <dl className="values">
        {person.addresses.map((a) => (
          <div className="value" key={`${a.channel} ${a.id}`}>
            <dt>{label(a.channel)}</dt>
            <dd>
              <bdi>{a.id}</bdi>
            </dd>
            <dd>{a.reachable ? <span className="chip good">reachable</span> : <span className="chip bad-chip">unreachable</span>}</dd>
          </div>
        ))}
        {person.identifiers.map((i) => (
          <div className="value" key={`${i.kind} ${i.value}`}>
            <dt>{KINDS[i.kind]}</dt>
            <dd>
              <bdi>{i.value}</bdi>
            </dd>
            <dd>{i.verified === null ? <span className="muted">only said</span> : <span className="chip good" title={`proven ${exactTime(Date.parse(i.verified))}`}>verified</span>}</dd>
          </div>
        ))}
        <div className="value">
          <dt>First seen</dt>
          <dd>
            <At at={person.first_seen} />
          </dd>
        </div>
        <div className="value">
          <dt>Source</dt>
          <dd>
            <bdi>{person.source}</bdi>
          </dd>
        </div>
        <div className="value">
          <dt>Id</dt>
          <dd>
            <code className="contact-id">{person.id}</code>
          </dd>
        </div>
      </dl>
    </section>
  );
}
