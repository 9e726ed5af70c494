// One contact: who they are, what is known, why they are in their segments, what happened.

import { useContext, useEffect, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { Back } from "../icons.tsx";
import { Link, navigate } from "../nav.tsx";
import type { Row } from "../types.ts";
import { book, type Seen } from "./api.ts";
import { useAgainOn, useAsked } from "./asked.ts";
import { Consents } from "./Consents.tsx";
import { Journey } from "./Journey.tsx";
import { bookPathOf, contactPath, erasurePath, type SaidPlace } from "./route.ts";
import { Said } from "./Said.tsx";
import { SamePerson } from "./Merge.tsx";
import { MemoryContext } from "./pages.ts";
import { PersonNotes } from "./PersonNotes.tsx";
import { Standings } from "./Standings.tsx";
import { Failed, Missing, Waiting } from "./states.tsx";
import { Story } from "./Story.tsx";
import { factIn, known, toldOf } from "./system.ts";
import { Tags } from "./Tags.tsx";
import type { Change, Person } from "./types.ts";
import { Conflict, Values } from "./Values.tsx";
import type { Vocabulary } from "./vocabulary.ts";
import { Found, Who } from "./Who.tsx";

/** How often the contact is looked at anew while the page is open. */
const EVERY = 10_000;
/** How often a change is tried over somebody else's that does not touch it. */
const TRIES = 4;

interface Props {
  bot: string;
  contact: string;
  /** The place in what was said that is shown instead of the journey. */
  said: SaidPlace | null;
  vocabulary: Vocabulary;
  now: number;
  /** Grows whenever something at the desk moved. */
  tick: number;
  /** The chats at this agent's desk. */
  chats: readonly Row[];
  over(e: unknown): void;
}

export function Contact({ bot, contact, said, vocabulary, now, tick, chats, over }: Props) {
  const { answer, problem, again, set } = useAsked<Seen<Person>>(contact, (signal) => book.contact(contact, signal), over);
  const [round, setRound] = useState(0);
  const tag = useRef<string | null>(null);
  const person = answer?.is ?? null;
  const memory = useContext(MemoryContext);
  // Lists that one comes back to show what was changed here.
  useEffect(() => {
    if (person !== null) memory.change<Person>("contacts ", (row) => (row.id === person.id ? person : row));
  }, [memory, person]);

  useEffect(() => {
    document.title = `${person?.name ?? "Contact"} · ${bot}`;
  }, [person?.name, bot]);
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState !== "hidden") again();
    };
    const every = setInterval(look, EVERY);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(every);
      document.removeEventListener("visibilitychange", look);
    };
  }, [again]);
  useAgainOn(tick, again);
  // What changed has left something in the journey.
  useEffect(() => {
    if (answer === null || answer.tag === tag.current) return;
    if (tag.current !== null) setRound((n) => n + 1);
    tag.current = answer.tag;
  }, [answer]);

  // Those of the bot; somebody may still have one that it had.
  const statuses = vocabulary.attributes.find((a) => a.name === "status" && !a.declared)?.values ?? [];
  const save = async (name: string, value: unknown, base: string | null): Promise<void> => {
    if (answer === null) return;
    const isDeclared = vocabulary.attributes.some((a) => a.declared && a.name === name);
    // Of what is known of everybody an empty text takes away.
    const change: Change = isDeclared ? { attributes: { [name]: value } } : { [name]: value ?? "" };
    let held = answer;
    for (let n = 0; ; n += 1) {
      try {
        return set(await book.change(contact, change, held.tag));
      } catch (e) {
        if (!(e instanceof ApiError && e.status === 412) || n === TRIES) throw e;
        held = await book.contact(contact);
        set(held);
        // Whoever refused or was blocked meanwhile has no status to be chosen, not even over what somebody else chose.
        if (!isDeclared && name === "status" && factIn(known(held.is, statuses), name) === undefined) throw new Conflict();
        // Somebody changed something else: that stays, and this is still what was meant.
        const now = isDeclared ? held.is.attributes[name] : factIn(known(held.is, statuses), name);
        if (base !== null && JSON.stringify(now ?? null) !== base) throw new Conflict();
      }
    }
  };

  // An id that was merged away answers as the contact it leads to.
  useEffect(() => {
    if (person !== null && person.id !== contact) navigate(bookPathOf({ at: "contact", contact: person.id, said }), "replace");
  }, [person, contact, said]);

  if (problem instanceof ApiError && problem.status === 404) {
    return <Missing title="There is no such contact" says="They were erased, or the address is not right." all={{ to: "/console/contacts", says: "All contacts" }} />;
  }
  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/contacts" className="icon-button" title="All contacts">
          <Back />
          <span className="sr-only">All contacts</span>
        </Link>
        {person !== null && (
          <Who
            person={person}
            now={now}
            chat={chats.find((row) => row.contact === contact) ?? null}
            block={async (blocked) => set(await book.block(contact, blocked))}
            erased={(certificate) => {
              memory.forget("contacts ");
              // Their page is no more; what is shown in its place has an address of its own.
              navigate(erasurePath(certificate.id), "replace");
            }}
            over={over}
          />
        )}
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {person === null && problem === null && <Waiting />}
      {person !== null && (
        <div className="contact-page">
          <div className="contact-main">
            <div className="contact-parts">
              <div className="contact-column">
                <Values
                  declared={vocabulary.attributes.filter((a) => a.declared)}
                  told={toldOf(person.status, statuses)}
                  values={person.attributes}
                  system={known(person, statuses)}
                  save={save}
                />
                <div className="second">
                  <PersonNotes contact={contact} now={now} round={round} over={over} />
                </div>
                <div className="third">
                  <Story person={person} />
                </div>
              </div>
              <div className="contact-column">
                <div>
                  <Tags tags={person.tags} known={vocabulary.tags} change={async (tags) => set(await book.change(contact, { tags }))} />
                  <Standings contact={contact} memberships={person.segments ?? []} now={now} over={over} />
                </div>
                <div className="third">
                  <Consents person={person} vocabulary={vocabulary} now={now} round={round} over={over} changed={again} />
                  <SamePerson contact={contact} round={round} over={over} changed={again} />
                  <Found person={person} />
                </div>
              </div>
            </div>
          </div>
          <section className="contact-journey" aria-label={said === null ? "Journey" : "Messages"}>
            <nav className="sides" aria-label="What happened, and what was said">
              <Link to={contactPath(contact)} current={said === null}>
                Journey
              </Link>
              <Link to={bookPathOf({ at: "contact", contact, said: { conversation: null, line: null } })} current={said !== null}>
                Messages
              </Link>
            </nav>
            {said === null ? <Journey contact={contact} now={now} round={round} over={over} /> : <Said key={`${said.conversation} ${said.line}`} contact={contact} place={said} now={now} round={round} over={over} />}
          </section>
        </div>
      )}
    </main>
  );
}
