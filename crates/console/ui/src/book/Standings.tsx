// How a contact stands to every segment, and why: the rule part by part, when one opens it.

import { useState } from "react";
import { Link } from "../nav.tsx";
import { ShortAgo } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { segmentPath } from "./route.ts";
import { Failed } from "./states.tsx";
import type { SegmentLine } from "./types.ts";
import { WhyOf } from "./Why.tsx";

interface Membership {
  key: string;
  name: string;
  since: string | null;
}

interface Props {
  contact: string;
  memberships: readonly Membership[];
  now: number;
  over(e: unknown): void;
}

export function Standings({ contact, memberships, now, over }: Props) {
  const [others, setOthers] = useState(false);
  const { answer, problem, again } = useAsked<SegmentLine[]>(others ? "segments" : null, book.segments, over);
  const inside = new Set(memberships.map((m) => m.key));
  const outside = (answer ?? []).filter((s) => !inside.has(s.key));
  return (
    <section className="part" aria-label="Segments">
      <h2>Segments</h2>
      {memberships.length === 0 && <p className="muted">In no segment</p>}
      {memberships.map((m) => (
        <Standing key={m.key} contact={contact} membership={m} now={now} over={over} />
      ))}
      <details className="outside" onToggle={(e) => setOthers(e.currentTarget.open)}>
        <summary>Segments they are not in</summary>
        {problem !== null && <Failed problem={problem} again={again} />}
        {answer === null && problem === null && <p className="muted">Loading…</p>}
        {answer !== null && outside.length === 0 && <p className="muted">None: they are in all of them.</p>}
        {outside.map((s) => (
          <Standing key={s.key} contact={contact} membership={{ key: s.key, name: s.name, since: null }} now={now} over={over} />
        ))}
      </details>
    </section>
  );
}

function Standing({ contact, membership: { key, name, since }, now, over }: { contact: string; membership: Membership; now: number; over(e: unknown): void }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="standing" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <bdi>{name}</bdi>
        {since !== null && (
          <span className="since">
            <ShortAgo at={since} now={now} />
          </span>
        )}
      </summary>
      {open && (
        <div className="standing-body">
          <WhyOf segment={key} contact={contact} name={null} now={now} over={over} />
          <p>
            <Link to={segmentPath(key)}>The whole segment</Link>
          </p>
        </div>
      )}
    </details>
  );
}
