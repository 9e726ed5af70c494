// Why somebody is in a segment or is not: the rule part by part, with what was found, what it was held against, and when time alone turns it.

import { exactTime, fullTime } from "../logic/words.ts";
import { Link } from "../nav.tsx";
import { At } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { contactPath, segmentPath } from "./route.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Part, Verdict, Why } from "./types.ts";
import { plainValue } from "./value.ts";

interface Props {
  segment: string;
  contact: string;
  /** What to call them; nothing where the page says it already. */
  name: string | null;
  now: number;
  over(e: unknown): void;
}

/** Asks the server why and shows the answer. */
export function WhyOf({ segment, contact, name, now, over }: Props) {
  const { answer, problem, again } = useAsked(`${segment} ${contact}`, (signal) => book.why(segment, contact, signal), over);
  if (problem !== null) return <Failed problem={problem} again={again} />;
  if (answer === null) return <Waiting what="Looking at the rule…" />;
  return (
    <div className="why">
      <p className="why-line">
        <VerdictMark verdict={answer.is_member ? "true" : "false"} />
        <span>
          {name !== null && (
            <Link to={contactPath(contact)}>
              <bdi>{name}</bdi>
            </Link>
          )}{" "}
          {answer.is_member ? (name === null ? "In it" : "is in it") : name === null ? "Not in it" : "is not in it"}
          {answer.since !== null && (
            <>
              {" since "}
              <At at={answer.since} />
            </>
          )}
        </span>
      </p>
      {answer.explain != null && <Told why={answer.explain} now={now} />}
    </div>
  );
}

function Told({ why, now }: { why: Why; now: number }) {
  return (
    <>
      {why.invalid !== null && <p className="problem">{why.invalid}</p>}
      {why.listed !== null && (
        <p className="why-line">
          <VerdictMark verdict={why.listed ? "true" : "false"} /> {why.listed ? "They are on the list" : "They are not on the list"}
        </p>
      )}
      {why.rule !== null && (
        <ul className="why-tree">
          <Leaf part={why.rule} now={now} />
        </ul>
      )}
      {why.verified !== null && (
        <p className="why-line">
          <VerdictMark verdict={why.verified ? "true" : "false"} /> {why.verified ? "The website vouched for who they are" : "The website did not vouch for who they are"}
        </p>
      )}
      {why.exclude.map((other) => (
        <p className="why-line" key={other.segment}>
          <VerdictMark verdict={other.verdict === "true" ? "false" : "true"} />
          <span>
            {other.verdict === "true" ? "Kept out, being in " : "Not kept out by "}
            <Link to={segmentPath(other.segment)}>{other.segment}</Link>
          </span>
        </p>
      ))}
      {why.flips_at !== null && <p className="why-flips">Time alone may change this <When at={why.flips_at} now={now} /></p>}
      {why.segments.length > 0 && (
        <div className="why-inner">
          {why.segments.map((inner) => (
            <details key={inner.segment}>
              <summary>
                <VerdictMark verdict={inner.verdict} /> <bdi>{inner.name}</bdi>
              </summary>
              <Told why={inner} now={now} />
            </details>
          ))}
        </div>
      )}
    </>
  );
}

const GROUPS: Readonly<Record<string, string>> = { all: "All of these", any: "Any of these", not: "None of this" };

function Leaf({ part, now }: { part: Part; now: number }) {
  const group = part.parts === undefined ? undefined : GROUPS[part.text];
  // Nothing was held against anything: what is asked for is not there.
  const missing = part.verdict === "false" && part.actual === undefined && part.bound == null && part.error == null && part.parts === undefined;
  return (
    <li>
      <p className="why-line">
        <VerdictMark verdict={part.verdict} />
        {group === undefined ? <code dir="ltr">{part.text}</code> : <strong>{group}</strong>}
      </p>
      {(missing || part.actual !== undefined || part.bound != null || part.error != null || part.flips_at != null) && (
        <p className="why-facts">
          {missing && <span>not there</span>}
          {part.actual !== undefined && (
            <span>
              it is <bdi>{plainValue(part.actual)}</bdi>
            </span>
          )}
          {part.bound != null && (
            <span>
              held against <bdi>{part.bound}</bdi>
            </span>
          )}
          {part.error != null && <span className="bad">{part.error}</span>}
          {part.flips_at != null && <span>may change <When at={part.flips_at} now={now} /></span>}
        </p>
      )}
      {part.parts !== undefined && (
        <ul className="why-tree">
          {part.parts.map((inner, n) => (
            <Leaf key={n} part={inner} now={now} />
          ))}
        </ul>
      )}
    </li>
  );
}

const SAID: Record<Verdict, string> = { true: "holds", false: "does not hold", unknown: "unknown: a value is missing" };

/** A verdict by its form as well as by its colour. */
function VerdictMark({ verdict }: { verdict: Verdict }) {
  return (
    <span className={`verdict is-${verdict}`} role="img" aria-label={SAID[verdict]} title={SAID[verdict]}>
      {verdict === "true" ? "✓" : verdict === "false" ? "✕" : "?"}
    </span>
  );
}

function When({ at, now }: { at: string; now: number }) {
  return (
    <time dateTime={at} title={exactTime(Date.parse(at))}>
      {when(at, now)}
    </time>
  );
}

/** An instant to come, in words. */
export function when(at: string, now: number): string {
  const ms = Date.parse(at);
  const left = ms - now;
  const exact = fullTime(ms);
  if (left < 0) return `at ${exact}`;
  const [n, unit] = left < 3_600_000 ? [Math.max(1, Math.round(left / 60_000)), "minute"] : left < 2 * 86_400_000 ? [Math.round(left / 3_600_000), "hour"] : [Math.round(left / 86_400_000), "day"];
  return `in ${n} ${unit}${n === 1 ? "" : "s"}, ${exact}`;
}
