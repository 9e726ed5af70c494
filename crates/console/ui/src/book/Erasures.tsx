// Certificates of erasures: all of them, newest first, or those of one erasure of many; each with what went, what stays and why.

import { useEffect, useState } from "react";
import { ApiError } from "../api.ts";
import { Back } from "../icons.tsx";
import { Link } from "../nav.tsx";
import { At } from "../parts/Time.tsx";
import { book } from "./api.ts";
import { useAgain, useAsked } from "./asked.ts";
import { moves, standing } from "./bulk.ts";
import { byName } from "./by.ts";
import { CertificateBody, goneInShort, StateChip } from "./Certificate.tsx";
import { somethingStays, upTo } from "./erased.ts";
import { bookPathOf } from "./route.ts";
import { Failed, Missing, Waiting } from "./states.tsx";
import type { BulkJob, Certificate, ErasurePage } from "./types.ts";

/** How long after an answer it is asked again whether anything is left, while something is. */
const EVERY = 3_000;

interface Props {
  /** The erasure of many whose certificates are shown; none for all there are. */
  bulk: string | null;
  over(e: unknown): void;
}

export function Erasures({ bulk, over }: Props) {
  // All that is shown is kept current, while something is pending.
  const [wanted, setWanted] = useState(1);
  const page = useAsked(`erasures ${bulk ?? ""}`, (signal) => upTo(wanted, (cursor) => book.erasures(bulk, cursor, signal)), over);
  const { answer: shown, problem, again } = page;
  const occasion = useAsked<BulkJob>(bulk, (signal) => book.bulkJob(bulk ?? "", signal), over);
  const job = occasion.answer;
  const going = job !== null && moves(job);
  const reading = page.busy && shown !== null && shown.pages < wanted;
  // The more there is to look at, the more seldom.
  useAgain(page, shown !== null && (shown.pending > 0 || going), EVERY * wanted + (shown?.total ?? 0) / 10);
  useAgain(occasion, going, EVERY);
  const stage = job?.stage;
  useEffect(() => {
    // The last ones came with its end.
    if (stage === "done") again();
  }, [stage, again]);
  const more = (): void => {
    setWanted((shown?.pages ?? 0) + 1);
    again();
  };
  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/contacts" className="icon-button" title="All contacts">
          <Back />
          <span className="sr-only">All contacts</span>
        </Link>
        <h1>{bulk === null ? "Erased for good" : "Erased together"}</h1>
        <p className="book-count" role="status">
          {shown === null ? (problem === null ? "Loading…" : "") : inNumbers(shown)}
        </p>
        {bulk !== null && (
          <div className="book-actions">
            <Link to={bookPathOf({ at: "erasures", bulk: null })} className="button">
              All certificates
            </Link>
          </div>
        )}
      </div>
      {job !== null && <Occasion job={job} />}
      {problem !== null && <Failed problem={problem} again={again} />}
      {shown === null && problem === null && <Waiting />}
      {shown?.erasures.length === 0 && (
        <div className="book-empty">
          <h2>{going ? "No certificate yet" : "No certificates"}</h2>
          <p>{going ? "They come one by one, as people are erased." : "Whoever is erased leaves a certificate: how much went, what stays, and since when nothing is left on disk. It does not say who they were."}</p>
        </div>
      )}
      <div className="book-scroll">
        <ul className="folds erasures">
          {(shown?.erasures ?? []).map((one) => (
            <li key={one.id}>
              <details>
                <summary>
                  <StateChip certificate={one} />
                  <span className="fold-says">{goneInShort(one)}</span>
                  <At at={one.at} />
                </summary>
                <CertificateBody certificate={one} bulk={bulk === null} />
              </details>
            </li>
          ))}
        </ul>
        {shown !== null && shown.next_cursor !== null && problem === null && (
          <button type="button" className="button quiet" disabled={reading} onClick={more}>
            {reading ? "Loading…" : "More"}
          </button>
        )}
      </div>
    </main>
  );
}

function inNumbers({ total, pending }: ErasurePage): string {
  const all = `${total.toLocaleString()} ${total === 1 ? "certificate" : "certificates"}`;
  return total === 0 ? all : `${all}, ${pending === 0 ? "none" : pending.toLocaleString()} pending`;
}

/** Which erasure of many it was. */
function Occasion({ job }: { job: BulkJob }) {
  return (
    <p className="book-note">
      By <bdi>{byName(job.by)}</bdi>, <At at={job.at} />: everybody for whom this held: <code dir="ltr">{job.where}</code>
      <br />
      {standing(job)}
    </p>
  );
}

/** One certificate on a page of its own: what is shown in the place of somebody who was erased. */
export function ErasureOf({ id, over }: { id: string; over(e: unknown): void }) {
  const asked = useAsked<Certificate>(id, (signal) => book.erasure(id, signal), over);
  const { answer: one, problem, again } = asked;
  useAgain(asked, one?.state === "pending", EVERY);
  if (problem instanceof ApiError && problem.status === 404) {
    return <Missing title="There is no such certificate" says="The address is not right." all={{ to: bookPathOf({ at: "erasures", bulk: null }), says: "All certificates" }} />;
  }
  return (
    <main className="book">
      <div className="book-head">
        <Link to="/console/contacts" className="icon-button" title="All contacts">
          <Back />
          <span className="sr-only">All contacts</span>
        </Link>
        <h1>The contact was erased</h1>
        {one !== null && <StateChip certificate={one} />}
        <div className="book-actions">
          <Link to={bookPathOf({ at: "erasures", bulk: null })} className="button">
            All certificates
          </Link>
        </div>
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {one === null && problem === null && <Waiting />}
      {one !== null && (
        <div className="book-scroll erasure-page">
          <p role="status">{one.state === "pending" ? "Nothing leads to them any more." : somethingStays(one) ? "Nothing is left of them but what is said below to stay." : "Nothing is left of them."}</p>
          <CertificateBody certificate={one} />
        </div>
      )}
    </main>
  );
}
