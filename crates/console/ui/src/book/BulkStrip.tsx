// How far the change of many is that one began, and what came of it.

import { Close } from "../icons.tsx";
import { Link } from "../nav.tsx";
import { moves, standing } from "./bulk.ts";
import { bookPathOf } from "./route.ts";
import type { Underway } from "./underway.ts";

export function BulkStrip({ underway }: { underway: Underway }) {
  if (underway.now === null) return null;
  const { job, title } = underway.now;
  const going = moves(job);
  const said = standing(job);
  return (
    <section className={`bulk-strip ${job.stage}`} aria-label="Change of many">
      <div className="bulk-says">
        <p>
          <strong>
            <bdi>{title}</bdi>
          </strong>{" "}
          <span>{said}</span>
          {job.kind === "erase" && job.done > 0 && (
            <>
              {" · "}
              <Link to={bookPathOf({ at: "erasures", bulk: job.id })}>{job.done === 1 ? "The certificate" : "The certificates"}</Link>
            </>
          )}
        </p>
        {going && (
          <progress aria-label={title} {...(job.stage !== "finding" && job.found > 0 ? { max: job.found, value: job.done + job.failed } : {})}>
            {said}
          </progress>
        )}
      </div>
      {!going && (
        <button type="button" className="icon-button small" aria-label="Close" title="Close" onClick={underway.close}>
          <Close />
        </button>
      )}
      {/* Only the end is announced: numbers that run would drown everything else. */}
      <p className="sr-only" role="status">
        {going ? `${title} is under way` : `${title}. ${said}`}
      </p>
    </section>
  );
}
