// Erasing a person: first what would go and what would stay, then the certificate.

import { useState } from "react";
import { book } from "./api.ts";
import { useAsked } from "./asked.ts";
import { inWords, Stays } from "./Certificate.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failed, Waiting } from "./states.tsx";
import type { Certificate, ErasurePreview } from "./types.ts";

interface Props {
  contact: string;
  name: string;
  over(e: unknown): void;
  done(certificate: Certificate): void;
  close(): void;
}

export function EraseDialog({ contact, name, over, done, close }: Props) {
  const { answer, problem, again } = useAsked<ErasurePreview>(contact, (signal) => book.erasePreview(contact, signal), over);
  const [sure, setSure] = useState(false);
  return (
    <Dialog title="Erase this contact for good?" confirm="Erase for good" grave wide ready={sure && answer !== null} act={async () => done(await book.erase(contact))} close={close}>
      {problem !== null && <Failed problem={problem} again={again} />}
      {answer === null && problem === null && <Waiting what="Counting what is kept…" />}
      {answer !== null && (
        <>
          <div>
            <p>
              What is kept of <bdi>{name}</bdi> goes, the profile first:
            </p>
            <ul className="plain-list">
              {inWords(answer.goes).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {answer.goes.contacts > 1 && <p>With it go the {(answer.goes.contacts - 1).toLocaleString()} contacts that were merged into it.</p>}
            {answer.stops > 0 && <p>{answer.stops.toLocaleString()} things under way stop: flows, timers, messages that wait.</p>}
          </div>
          <div className="muted">
            <p>What stays, and why:</p>
            <Stays stays={answer.stays} />
          </div>
          <label className="check-line">
            <input type="checkbox" checked={sure} onChange={(e) => setSure(e.target.checked)} /> I know that this cannot be taken back
          </label>
        </>
      )}
    </Dialog>
  );
}
