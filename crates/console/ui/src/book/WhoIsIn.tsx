// Who would be in a segment that is being written: how many, how many of them are left out, and some of them by name.

import { Link } from "../nav.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { people } from "./count.ts";
import { counted, type Judged } from "./judged.tsx";
import { contactPath } from "./route.ts";

interface Props {
  id: string;
  judged: Judged;
  /** The rule once one pauses. */
  settled: string;
  /** The rule with whom it leaves out; none if it leaves out nobody. */
  whole: string | null;
  verified: boolean;
  over(e: unknown): void;
}

export function WhoIsIn({ id, judged, settled, whole, verified, over }: Props) {
  const fine = judged !== null && "preview" in judged && judged.of === settled ? judged.preview : null;
  const { answer: kept } = useAsked(fine === null || whole === null ? null : `${whole} ${fine.count}`, (signal) => book.preview(whole ?? "", signal), over);
  const sample = fine?.sample ?? [];
  return (
    <section className="who-is-in" aria-label="Who would be in it">
      <p id={id} role="status">
        {settled === "" ? <span className="muted">Write a rule to see for whom it holds.</span> : judged !== null && "problem" in judged ? <span className="bad">{judged.problem}</span> : counted(judged, settled, null)}
        {fine !== null && kept !== null && whole !== null && (
          <>
            {" "}
            · <strong>{people(kept.count)}</strong> in the segment, {(fine.count - kept.count).toLocaleString()} left out
          </>
        )}
        {verified && fine !== null && " · of these only whom the website vouched for"}
      </p>
      {sample.length > 0 && fine !== null && (
        <ul className="sample-names" aria-label="Some of them">
          {sample.map((who) => (
            <li key={who.id}>
              <Link to={contactPath(who.id)}>
                <bdi>{who.name}</bdi>
              </Link>
            </li>
          ))}
          {fine.count > sample.length && <li className="muted">and {(fine.count - sample.length).toLocaleString()} more</li>}
        </ul>
      )}
    </section>
  );
}
