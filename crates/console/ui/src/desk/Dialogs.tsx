// Questions before something that cannot be taken back. The browser's own dialog keeps the focus inside and gives it back.

import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { api } from "../api.ts";

interface FrameProps {
  title: string;
  confirm: string;
  busy: boolean;
  problem: string | null;
  children: ReactNode;
  onConfirm(): void;
  onClose(): void;
}

function Frame({ title, confirm, busy, problem, children, onConfirm, onClose }: FrameProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const el = dialog.current;
    if (el !== null && !el.open) el.showModal();
    return () => el?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <p className="problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={busy}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface DialogProps {
  name: string;
  act(skill: string | null): Promise<void>;
  close(): void;
}

function useAct(act: () => Promise<void>, close: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const confirm = (): void => {
    setBusy(true);
    setProblem(null);
    act().then(close, (e: unknown) => {
      setBusy(false);
      setProblem(e instanceof Error ? e.message : "It did not work.");
    });
  };
  return { busy, problem, confirm };
}

/** Ends a chat: the flow goes on, or another skill begins. */
export function ResolveDialog({ name, act, close }: DialogProps) {
  const [skills, setSkills] = useState<string[]>([]);
  const [other, setOther] = useState(false);
  const [skill, setSkill] = useState("");
  const { busy, problem, confirm } = useAct(() => act(other && skill !== "" ? skill : null), close);
  useEffect(() => {
    // Without the list the usual way to resolve still works.
    api.skills().then(setSkills, () => undefined);
  }, []);
  return (
    <Frame title="Resolve this chat?" confirm="Resolve" busy={busy || (other && skill === "")} problem={problem} onConfirm={confirm} onClose={close}>
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
          <input type="radio" name="next" checked={other} disabled={skills.length === 0} onChange={() => setOther(true)} />
          <span>
            Start a skill
            <small>It replaces what the bot was doing.</small>
          </span>
        </label>
        {other && (
          <label className="select-line">
            Skill
            <select value={skill} onChange={(e) => setSkill(e.target.value)} required>
              <option value="">Choose…</option>
              {skills.map((s) => (
                <option key={s} value={s}>
                  {s}
                </option>
              ))}
            </select>
          </label>
        )}
      </fieldset>
    </Frame>
  );
}

/** Takes a missed request off the list without an answer. */
export function DismissDialog({ name, act, close }: DialogProps) {
  const { busy, problem, confirm } = useAct(() => act(null), close);
  return (
    <Frame title="Dismiss without an answer?" confirm="Dismiss" busy={busy} problem={problem} onConfirm={confirm} onClose={close}>
      <p>
        <bdi>{name}</bdi> gets no answer from a person, and the request leaves everybody’s list. The conversation itself stays.
      </p>
    </Frame>
  );
}
