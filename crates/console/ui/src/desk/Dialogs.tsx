// Questions of the desk before something that cannot be taken back.

import { useEffect, useId, useState } from "react";
import { api } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";

interface DialogProps {
  name: string;
  act(skill: string | null): Promise<void>;
  close(): void;
}

/** Ends a chat: the flow goes on, or another skill begins. */
export function ResolveDialog({ name, act, close }: DialogProps) {
  const [skills, setSkills] = useState<string[] | null>(null);
  const [unknown, setUnknown] = useState(false);
  const [other, setOther] = useState(false);
  const [skill, setSkill] = useState("");
  const id = useId();
  useEffect(() => {
    // Without the list the usual way to resolve still works.
    api.skills().then(setSkills, () => setUnknown(true));
  }, []);
  return (
    <Dialog title="Resolve this chat?" confirm="Resolve" ready={!other || skill !== ""} act={() => act(other && skill !== "" ? skill : null)} close={close}>
      <p>
        The bot takes over again for <bdi>{name}</bdi>.
      </p>
      <fieldset>
        <legend className="sr-only">What the bot does next</legend>
        <label className="choice-line">
          <input type="radio" name="next" checked={!other} onChange={() => setOther(false)} />
          <span>
            Go on with the flow
            <small>The bot continues where it handed over.</small>
          </span>
        </label>
        <label className="choice-line">
          <input type="radio" name="next" checked={other} disabled={skills === null || skills.length === 0} onChange={() => setOther(true)} />
          <span>
            Start a skill
            <small>{unknown ? "Which there are cannot be found out now." : skills?.length === 0 ? "The bot has none that can be started." : "It replaces what the bot was doing."}</small>
          </span>
        </label>
        {other && (
          <div className="select-line">
            <label htmlFor={id}>Skill</label>
            <select id={id} value={skill} onChange={(e) => setSkill(e.target.value)} required>
              <option value="">Choose…</option>
              {(skills ?? []).map((s) => (
                <option key={s} value={s}>
                  {s}
                </option>
              ))}
            </select>
          </div>
        )}
      </fieldset>
    </Dialog>
  );
}

/** Takes a missed request off the list without an answer. */
export function DismissDialog({ name, act, close }: DialogProps) {
  return (
    <Dialog title="Dismiss without an answer?" confirm="Dismiss" act={() => act(null)} close={close}>
      <p>
        <bdi>{name}</bdi> gets no answer from a person, and the request leaves everybody’s list. The conversation itself stays.
      </p>
    </Dialog>
  );
}
