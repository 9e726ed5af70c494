// Deleting a segment: not while others look into it, which are named; of a list, with the people who are on it.

import { useState } from "react";
import { ApiError } from "../api.ts";
import { Link } from "../nav.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { people } from "./count.ts";
import { segmentPath } from "./route.ts";
import type { Segment } from "./types.ts";

interface Props {
  segment: Segment;
  gone(): void;
  close(): void;
}

export function DeleteSegment({ segment, gone, close }: Props) {
  const [users, setUsers] = useState(segment.used_by);
  const [sure, setSure] = useState(false);
  const listed = segment.static && segment.size > 0;
  const used = users.length > 0;
  return (
    <Dialog
      title={`Delete “${segment.name}”?`}
      confirm="Delete"
      grave
      ready={!used && (!listed || sure)}
      act={async () => {
        try {
          await book.deleteSegment(segment.key, listed);
        } catch (e) {
          const others = e instanceof ApiError && e.code === "used" ? e.more["segments"] : null;
          if (Array.isArray(others)) setUsers(others.filter((one) => typeof one === "string"));
          throw e;
        }
        gone();
      }}
      close={close}
    >
      {used ? (
        <div>
          <p>It cannot be deleted as long as others look into it:</p>
          <ul className="plain-list">
            {users.map((key) => (
              <li key={key}>
                the segment <Link to={segmentPath(key)}>{key}</Link>
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <p>Its rule and its sizes over time go. Nobody’s profile changes, and the journeys keep when somebody was in it.</p>
      )}
      {listed && !used && (
        <label className="check-line">
          <input type="checkbox" checked={sure} onChange={(e) => setSure(e.target.checked)} /> Take {people(segment.size)} off the list first
        </label>
      )}
    </Dialog>
  );
}
