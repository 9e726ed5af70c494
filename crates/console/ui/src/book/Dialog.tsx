// A question in the browser's own dialog, which keeps the focus inside and gives it back.

import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface Props {
  title: string;
  confirm: string;
  /** Whether what is confirmed takes something away. */
  grave?: boolean;
  ready?: boolean;
  children: ReactNode;
  act(): Promise<void>;
  close(): void;
}

export function Dialog({ title, confirm, grave = false, ready = true, children, act, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
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
        close();
      }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (busy) return;
          setBusy(true);
          setProblem(null);
          act().then(close, (e: unknown) => {
            setBusy(false);
            setProblem(e instanceof Error ? e.message : "It did not work.");
          });
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <p className="problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className={grave ? "button grave" : "button primary"} disabled={busy || !ready}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
