// One segment: its rule, how many were in it over time, who is in it, why somebody is or is not, and what is done about it.

import { useContext, useEffect, useState } from "react";
import { Back } from "../icons.tsx";
import { flowPathOf } from "../flows/route.ts";
import { ApiError } from "../api.ts";
import { Link, navigate } from "../nav.tsx";
import { At } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { BulkStrip } from "./BulkStrip.tsx";
import { labelText } from "./complete.ts";
import { people } from "./count.ts";
import { DeleteSegment } from "./DeleteSegment.tsx";
import { FreezeDialog } from "./FreezeDialog.tsx";
import { Members } from "./Members.tsx";
import { Menu } from "./Menu.tsx";
import { MemoryContext } from "./pages.ts";
import { bookPathOf, segmentPath, wherePath } from "./route.ts";
import { Rule } from "./Segments.tsx";
import { SizeChart } from "./SizeChart.tsx";
import { Failed, Missing, Waiting } from "./states.tsx";
import type { Segment as SegmentView } from "./types.ts";
import type { Underway } from "./underway.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WhyOf } from "./Why.tsx";

/** How often a segment is looked at anew while its new rule is judged for everybody. */
const EVERY = 700;

interface Props {
  bot: string;
  segment: string;
  /** Somebody whose standing is explained. */
  contact: string | null;
  vocabulary: Vocabulary;
  now: number;
  underway: Underway;
  renamed(): void;
  over(e: unknown): void;
}

export function Segment({ bot, segment: key, contact, vocabulary, now, underway, renamed, over }: Props) {
  const { answer: segment, problem, again } = useAsked<SegmentView>(key, (signal) => book.segment(key, signal), over);
  const [asking, setAsking] = useState<"delete" | "freeze" | null>(null);
  const [round, setRound] = useState(0);
  const memory = useContext(MemoryContext);
  useEffect(() => {
    document.title = `${segment?.name ?? key} · ${bot}`;
  }, [segment, key, bot]);
  const computing = segment?.state === "computing";
  useEffect(() => {
    if (!computing) return;
    const every = setInterval(again, EVERY);
    return () => {
      clearInterval(every);
      // Whoever came in or went out by the new rule is shown.
      memory.forget(`members ${key} `);
      setRound((n) => n + 1);
    };
  }, [computing, again, memory, key]);
  useEffect(() => {
    if (underway.over > 0) again();
  }, [underway.over, again]);
  const changed = (): void => {
    memory.forget("contacts ");
    memory.forget(`members ${key} `);
    again();
  };
  const { answer: who } = useAsked(contact, (signal) => book.contact(contact ?? "", signal), over);
  if (problem instanceof ApiError && problem.status === 404) {
    return <Missing title="There is no such segment" says="It was deleted, or the address is not right." all={{ to: "/console/segments", says: "All segments" }} />;
  }

  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/segments" className="icon-button" title="All segments">
          <Back />
          <span className="sr-only">All segments</span>
        </Link>
        <h1>
          <bdi>{segment?.name ?? key}</bdi>
        </h1>
        <p className="book-count" role="status">
          {segment === null ? (problem === null ? "Loading…" : "") : !segment.valid ? "cannot be judged" : computing ? <Computing size={segment.size} /> : people(segment.size)}
        </p>
        {segment !== null && (
          <div className="book-actions">
            {segment.origin === "stored" && (
              <Link to={bookPathOf({ at: "segment form", key, where: "" })} className="button">
                Edit
              </Link>
            )}
            <Menu title="More">
              <Link to={wherePath(`in segment ${labelText(key)}`)} className="menu-item">
                All of them in the contacts table
              </Link>
              {!segment.static && segment.valid && (
                <button type="button" className="menu-item" onClick={() => setAsking("freeze")}>
                  Make a list of who is in it now…
                </button>
              )}
              {segment.origin === "stored" && (
                <button type="button" className="menu-item bad" onClick={() => setAsking("delete")}>
                  Delete…
                </button>
              )}
            </Menu>
          </div>
        )}
      </div>
      <BulkStrip underway={underway} />
      {problem !== null && <Failed problem={problem} again={again} />}
      {segment === null && problem === null && <Waiting />}
      {segment !== null && (
        <div className="segment-page">
          <section className="segment-about" aria-label="Rule">
            <About segment={segment} vocabulary={vocabulary} />
            <SizeChart segment={key} now={now} size={segment.size} over={over} />
          </section>
          {contact !== null && (
            <section className="segment-why" aria-label="Why">
              <div className="part-head">
                <h2>Why, or why not</h2>
                <button type="button" className="link" onClick={() => navigate(segmentPath(key))}>
                  Close
                </button>
              </div>
              {who !== null && <WhyOf key={round} segment={key} contact={contact} now={now} over={over} name={who.is.name} />}
            </section>
          )}
          <Members segment={segment} round={`${round} ${underway.over}`} vocabulary={vocabulary} now={now} underway={underway} changed={changed} put={() => setRound((n) => n + 1)} over={over} />
        </div>
      )}
      {asking === "delete" && segment !== null && (
        <DeleteSegment
          segment={segment}
          gone={() => {
            renamed();
            navigate("/console/segments");
          }}
          close={() => setAsking(null)}
        />
      )}
      {asking === "freeze" && segment !== null && <FreezeDialog segment={segment} renamed={renamed} underway={underway} over={over} close={() => setAsking(null)} />}
    </main>
  );
}

function Computing({ size }: { size: number }) {
  return (
    <>
      {people(size)} <span className="chip position">computing: the rule is new</span>
    </>
  );
}

/** The rule, where it is written, and what depends on it. */
function About({ segment, vocabulary }: { segment: SegmentView; vocabulary: Vocabulary }) {
  const starts = vocabulary.starts.filter((s) => s.segment === segment.key);
  return (
    <>
      <Rule segment={segment} />
      {segment.description !== null && <p dir="auto">{segment.description}</p>}
      <p className="muted">
        <code>{segment.key}</code> ·{" "}
        {segment.origin === "file" ? (
          <>
            written in <code>segments.yaml</code> in the bot’s folder, and changed there
          </>
        ) : (
          "made in the console or through the API"
        )}
        {segment.changed_at != null && (
          <>
            {" · changed "}
            <At at={segment.changed_at} />
          </>
        )}
      </p>
      {(segment.used_by.length > 0 || starts.length > 0) && (
        <p className="muted">
          {segment.used_by.length > 0 && "Looked into by "}
          {segment.used_by.map((other, n) => (
            <span key={other}>
              {n > 0 && ", "}
              <Link to={segmentPath(other)}>{other}</Link>
            </span>
          ))}
          {segment.used_by.length > 0 && starts.length > 0 && " · "}
          {starts.map(({ skill, how }, n) => (
            <span key={`${skill} ${how}`}>
              {n > 0 && ", "}
              {how === "entered" ? "entering" : "leaving"} it begins <Link to={flowPathOf({ skill, block: null })}>{skill}</Link>
            </span>
          ))}
        </p>
      )}
    </>
  );
}
