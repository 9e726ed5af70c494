// A question in the browser's own dialog, which keeps the focus inside and gives it back.

import { useEffect, useId, useLayoutEffect, useRef, useState, type ReactNode } from "react";

interface Props {
  title: string;
  confirm: string;
  /** Whether there is a way out besides what is confirmed. */
  escapes?: boolean;
  /** Whether what is confirmed takes something away. */
  grave?: boolean;
  ready?: boolean;
  /** Whether it holds more than a question. */
  wide?: boolean;
  children: ReactNode;
  /** Does what was confirmed; `"more"` keeps the dialog open, because it asks something else now. */
  act(): Promise<void | "more">;
  close(): void;
}

export function Dialog({ title, confirm, escapes = true, grave = false, ready = true, wide = false, children, act, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  useLayoutEffect(() => {
    const el = dialog.current;
    if (el !== null && !el.open) el.showModal();
    // It is closed before it is taken away: only then does the browser give the focus back.
    return () => el?.close();
  }, []);
  useEffect(() => {
    if (escapes) return;
    // A browser lets `cancel` be refused only once until something else is done: a second Escape would close.
    const stays = (e: KeyboardEvent): void => {
      if (e.key === "Escape") e.preventDefault();
    };
    document.addEventListener("keydown", stays);
    return () => document.removeEventListener("keydown", stays);
  }, [escapes]);
  const confirmed = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      if ((await act()) === "more") setBusy(false);
      else close();
    } catch (e) {
      setBusy(false);
      setProblem(e instanceof Error ? e.message : "It did not work.");
    }
  };
  return (
    <dialog
      ref={dialog}
      className={wide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        if (escapes) close();
      }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!busy && ready) void confirmed();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <p className="problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          {escapes && (
            <button type="button" className="button" onClick={close}>
              Cancel
            </button>
          )}
          <button type="submit" className={grave ? "button grave" : "button primary"} disabled={busy || !ready}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
