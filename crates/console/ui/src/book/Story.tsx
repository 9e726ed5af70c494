// How a contact came and what reached them: the first message, how often what happened, campaigns with what became of them.

import { At } from "../parts/Time.tsx";
import type { Campaign, Person } from "./types.ts";

export function Story({ person }: { person: Person }) {
  const { first_message: first, counters } = person;
  const campaigns = person.campaigns ?? [];
  const numbers: [string, number][] = [
    ["Messages", counters.messages],
    ["In the latest visit", counters.session_messages],
    ["Sent unasked", counters.template_messages],
    ["Requests nobody answered", counters.unresolved_requests],
  ];
  return (
    <section className="part" aria-label="Contact so far">
      <h2>Contact so far</h2>
      <dl className="values">
        {first !== null && first.text !== null && (
          <div className="value">
            <dt>First message</dt>
            <dd>
              <bdi>{first.text}</bdi>
            </dd>
            <dd>{first.tag !== null && <span className="chip tag">{first.tag}</span>}</dd>
          </div>
        )}
        {numbers.map(([title, n]) => (
          <div className="value" key={title}>
            <dt>{title}</dt>
            <dd>{n.toLocaleString()}</dd>
          </div>
        ))}
        {campaigns.map((c) => (
          <div className="value" key={`${c.audience} ${c.at}`}>
            <dt>
              <bdi>{c.name}</bdi>
            </dt>
            <dd>
              <At at={c.at} />
              {c.read_at !== null && (
                <>
                  {" "}
                  · read <At at={c.read_at} />
                </>
              )}
              {c.answered_at !== null && (
                <>
                  {" "}
                  · answered <At at={c.answered_at} />
                </>
              )}
              {c.failure !== null && (
                <span className="bad">
                  {" "}
                  <bdi>{c.failure}</bdi>
                </span>
              )}
            </dd>
            <dd>{reached(c)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function reached({ delivery, forgotten }: Campaign) {
  switch (delivery) {
    case null:
      return <span className="muted">{forgotten ? "kept no longer" : "nothing was said"}</span>;
    case "read":
      return <span className="chip good">read</span>;
    case "delivered":
      return <span className="chip good">delivered</span>;
    case "sent":
      return <span className="chip good">sent</span>;
    case "failed":
      return <span className="chip bad-chip">not delivered</span>;
    case "unknown":
      return <span className="chip">may have arrived</span>;
    default:
      return <span className="chip">on its way</span>;
  }
}
