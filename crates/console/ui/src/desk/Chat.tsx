// The middle column: one conversation and what can be done in it.

import { useState } from "react";
import { api, type Place } from "../api.ts";
import type { Conversation } from "../conversation.ts";
import { Back, Check, Inbox, Person } from "../icons.tsx";
import type { PersonView, Row } from "../types.ts";
import { Avatar } from "./Avatar.tsx";
import { Composer } from "./Composer.tsx";
import { DismissDialog, ResolveDialog } from "./Dialogs.tsx";
import { Transcript } from "./Transcript.tsx";

interface Props {
  place: Place;
  row: Row | null;
  chat: Conversation;
  now: number;
  fileLimit: number;
  back(): void;
  showPerson(): void;
  changed(): void;
  /** `pending`: resolved a moment ago, which can still be undone; `done`: the server knows, and what it says may be on its way. */
  resolved: "pending" | "done" | null;
  resolve(request: string, skill: string | null): void;
}

/** What the line under the name says. */
function standing(person: PersonView): string {
  const request = person.conversation.request;
  if (request === null) return "with the bot";
  switch (request.state) {
    case "waiting":
      return `waiting for ${request.group}`;
    case "active":
      return person.conversation.can.resolve ? `${request.group} · with you` : `${request.group} · with ${request.agent_name ?? "another agent"}`;
    case "missed":
      return `missed · ${request.group}`;
  }
}

export function Chat({ place, row, chat, now, fileLimit, back, showPerson, changed, resolved, resolve }: Props) {
  const [asking, setAsking] = useState<"resolve" | "dismiss" | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const { person } = chat;
  const name = person?.name ?? row?.name ?? "";
  const can = resolved === null ? person?.conversation.can : undefined;
  const request = person?.conversation.request?.id;

  const take = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.take(place);
    } catch (e) {
      setProblem(e instanceof Error ? e.message : "It did not work.");
    } finally {
      setBusy(false);
      changed();
    }
  };

  if (chat.gone) {
    return (
      <section className="chat nothing" aria-label="Chat">
        <Inbox />
        <h2>This chat is not here</h2>
        <p>It may belong to a group you are not in, or the address is not quite right.</p>
        <button type="button" className="button" onClick={back}>
          Back to the list
        </button>
      </section>
    );
  }

  return (
    <section className="chat" aria-label={`Chat with ${name}`}>
      <div className="chat-head">
        <button type="button" className="icon-button only-narrow" onClick={back} aria-label="Back to the list">
          <Back />
        </button>
        <Avatar id={place.contact} name={name === "" ? "?" : name} />
        <div className="chat-who">
          <h2 title={name}>
            <bdi>{name}</bdi>
          </h2>
          <p>
            {person === null ? "…" : `${person.conversation.channel} · ${resolved === "pending" ? "resolved" : standing(person)}`}
          </p>
        </div>
        {can?.dismiss === true && (
          <button type="button" className="button" onClick={() => setAsking("dismiss")}>
            Dismiss
          </button>
        )}
        {can?.resolve === true && (
          <button type="button" className="button" onClick={() => setAsking("resolve")}>
            <Check /> Resolve
          </button>
        )}
        <button type="button" className="icon-button not-wide" onClick={showPerson} aria-label="About the customer" title="About the customer">
          <Person />
        </button>
      </div>
      <Transcript key={place.conversation} chat={chat} place={place} customer={name} now={now} />
      <div className="chat-foot">
        {(problem ?? chat.problem) !== null && (
          <p className="problem" role="alert">
            {problem ?? chat.problem}
          </p>
        )}
        {can?.say === true ? (
          <Composer
            key={place.conversation}
            place={place}
            fileLimit={fileLimit}
            send={chat.send}
            placeholder={person?.conversation.request?.state === "missed" ? "Your reply takes this chat…" : "Write a message…"}
          />
        ) : can?.take === true ? (
          <div className="take-bar">
            <p>
              <bdi>{name}</bdi> waits for a person. Take the chat to answer.
            </p>
            <button type="button" className="button primary" disabled={busy} onClick={() => void take()}>
              Take this chat
            </button>
          </div>
        ) : person === null ? null : (
          <p className="take-bar quiet">
            {resolved === "pending" ? "Resolved. The bot takes over in a few seconds, unless you undo it." : person.conversation.owner === "agent"
              ? `${person.conversation.request?.agent_name ?? "Another agent"} is answering this chat.`
              : "The bot is answering. You can write again when it hands over."}
          </p>
        )}
      </div>
      {asking === "resolve" && request !== undefined && (
        <ResolveDialog
          name={name}
          close={() => setAsking(null)}
          act={async (skill) => resolve(request, skill)}
        />
      )}
      {asking === "dismiss" && (
        <DismissDialog
          name={name}
          close={() => setAsking(null)}
          act={async () => {
            await api.dismiss(place);
            changed();
          }}
        />
      )}
    </section>
  );
}
