// Making a list of whoever is in a segment now.

import { useId, useRef, useState } from "react";
import { navigate } from "../nav.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { title, wanted } from "./bulk.ts";
import { labelText } from "./complete.ts";
import { people } from "./count.ts";
import { segmentPath } from "./route.ts";
import type { Segment, SegmentChanged } from "./types.ts";
import type { Underway } from "./underway.ts";

/** The longest name of a segment, in characters, as the server has it. */
const LONGEST = 128;

interface Props {
  segment: Segment;
  renamed(): void;
  underway: Underway;
  over(e: unknown): void;
  close(): void;
}

export function FreezeDialog({ segment, renamed, underway, over, close }: Props) {
  const [name, setName] = useState(() => `${segment.name}, ${new Date().toLocaleDateString(undefined, { dateStyle: "medium" })}`.slice(0, LONGEST));
  const once = useRef(crypto.randomUUID());
  const made = useRef<SegmentChanged | null>(null);
  const id = useId();
  return (
    <Dialog
      title="Make a list of who is in it now"
      confirm={`Put ${people(segment.size)} on it`}
      ready={name.trim() !== ""}
      act={async () => {
        try {
          // After a second part that failed the list is there already.
          made.current ??= await book.makeSegment({ name: name.trim(), description: `Who was in ${segment.key}`, static: true }, once.current);
          const { key, name: called } = made.current;
          const action = { does: "add", list: { key, name: called } } as const;
          renamed();
          underway.begin({ job: await book.bulk(`in segment ${labelText(segment.key)}`, wanted(action)), title: title(action) });
          navigate(segmentPath(key));
        } catch (e) {
          over(e);
          throw e;
        }
      }}
      close={close}
    >
      <p className="muted">The list keeps them, whatever they do later; the segment goes on by its rule.</p>
      <div className="field">
        <label htmlFor={`${id}-name`}>Name of the list</label>
        <input
          id={`${id}-name`}
          value={name}
          maxLength={LONGEST}
          required
          autoComplete="off"
          dir="auto"
          onChange={(e) => {
            setName(e.target.value);
            // Another name is another list.
            once.current = crypto.randomUUID();
          }}
        />
      </div>
    </Dialog>
  );
}
