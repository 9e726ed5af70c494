// Telling a webhook once more what happened in a span of time.

import { useId, useState } from "react";
import { localOf } from "../book/value.ts";
import { Dialog } from "../parts/Dialog.tsx";

const DAY = 24 * 60 * 60 * 1_000;

interface Props {
  /** Instants are RFC 3339; no end means until now. */
  replay(from: string, to: string | null): Promise<void>;
  close(): void;
}

/** A field's local time as an instant; none if it is no time. */
function instantOf(local: string): string | null {
  const at = new Date(local);
  return local === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

export function ReplayDialog({ replay, close }: Props) {
  const [from, setFrom] = useState(() => localOf(new Date(Date.now() - DAY).toISOString()));
  const [to, setTo] = useState("");
  const id = useId();
  const [begin, end] = [instantOf(from), instantOf(to)];
  return (
    <Dialog title="Deliver a span again" confirm="Deliver again" ready={begin !== null && (to === "" || end !== null)} act={() => replay(begin ?? "", end)} close={close}>
      <p className="muted">Of the last 1,000 deliveries that are over, those of what happened then are told once more, under the ids they had.</p>
      <div className="field">
        <label htmlFor={`${id}-from`}>From</label>
        <input id={`${id}-from`} type="datetime-local" value={from} required onChange={(e) => setFrom(e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-to`}>
          Until <span className="muted">(now, if it is empty)</span>
        </label>
        <input id={`${id}-to`} type="datetime-local" value={to} onChange={(e) => setTo(e.target.value)} />
      </div>
    </Dialog>
  );
}
