// Erasing everybody for whom a condition holds: first how many they are and what would go, then their number as the confirmation.

import { useId, useState } from "react";
import { ApiError } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { EVERYBODY } from "./bulk.ts";
import { people } from "./count.ts";
import { inWords, Stays } from "./Certificate.tsx";
import { Failed, Waiting } from "./states.tsx";
import type { BulkErasePreview } from "./types.ts";
import type { Underway } from "./underway.ts";

interface Props {
  /** Whom; everybody if it is empty. */
  where: string;
  underway: Underway;
  over(e: unknown): void;
  close(): void;
}

export function EraseMany({ where, underway, over, close }: Props) {
  const condition = where === "" ? EVERYBODY : where;
  const { answer, problem, again } = useAsked<BulkErasePreview>(condition, (signal) => book.eraseManyPreview(condition, signal), over);
  const [typed, setTyped] = useState("");
  const id = useId();
  const count = answer?.found ?? 0;
  // With or without what stands between the thousands.
  const sure = count > 0 && typed.replaceAll(/\D/gu, "") === String(count);
  return (
    <Dialog
      title="Erase all of them for good?"
      confirm={count === 0 ? "Erase for good" : `Erase ${people(count)}`}
      grave
      ready={sure}
      wide
      act={async () => {
        try {
          underway.begin({ job: await book.eraseMany(condition, count, answer?.people ?? ""), title: "Erasing for good" });
        } catch (e) {
          over(e);
          // They are not those who were counted: they are counted again.
          if (e instanceof ApiError && e.code === "count") again();
          throw e;
        }
      }}
      close={close}
    >
      <p className="bulk-whom">
        {where === "" ? (
          "Everybody in the book"
        ) : (
          <>
            Everybody for whom this holds: <code dir="ltr">{where}</code>
          </>
        )}
      </p>
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer === null && problem === null && <Waiting what="Counting what is kept…" />}
      {answer !== null && count === 0 && <p>That is nobody now.</p>}
      {answer !== null && count > 0 && (
        <>
          <p>
            <strong>{people(count)}</strong>: <bdi>{answer.sample.map((who) => who.name).join(", ")}</bdi>
            {count > answer.sample.length && ` and ${(count - answer.sample.length).toLocaleString()} more`}
          </p>
          {answer.goes === null ? (
            <p>Everything that is kept of them goes: profiles, conversations, journeys, events and files.</p>
          ) : (
            <div>
              <p>What is kept of them goes, the profiles first:</p>
              <ul className="plain-list">
                {inWords(answer.goes).map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
              {(answer.stops ?? 0) > 0 && <p>{(answer.stops ?? 0).toLocaleString()} things under way stop: flows, timers, messages that wait.</p>}
            </div>
          )}
          <div className="muted">
            <p>What stays, and why:</p>
            <Stays stays={{ suppression_hashes: answer.suppression_hashes ?? 0, webhooks_told: answer.webhooks_told, unfinished_imports: answer.unfinished_imports }} />
            {answer.suppression_hashes === null && <p>Salted hashes of those who did not want to be written to stay as well, so that they are not.</p>}
          </div>
          <div className="field">
            <label htmlFor={`${id}-count`}>
              This cannot be taken back. Type <strong>{count.toLocaleString()}</strong> to go on
            </label>
            <input id={`${id}-count`} value={typed} inputMode="numeric" autoComplete="off" maxLength={20} onChange={(e) => setTyped(e.target.value)} />
          </div>
        </>
      )}
    </Dialog>
  );
}
