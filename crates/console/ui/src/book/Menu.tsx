// A button that opens a few things beside it, closed by Escape and by going elsewhere.

import { useRef, type ReactNode } from "react";

export function Menu({ title, children }: { title: string; children: ReactNode }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (menu.current !== null) menu.current.open = false;
  };
  return (
    <details
      className="menu"
      ref={menu}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        close();
        menu.current?.querySelector("summary")?.focus();
      }}
      onBlur={(e) => {
        if (e.relatedTarget !== null && !e.currentTarget.contains(e.relatedTarget)) close();
      }}
      onClick={(e) => {
        // What was chosen is done: only fields keep it open. A dialog that opens gives the focus back to the button.
        if ((e.target as HTMLElement).closest(".menu-item") === null) return;
        close();
        menu.current?.querySelector("summary")?.focus();
      }}
    >
      <summary className="button">{title}</summary>
      <div className="menu-body">{children}</div>
    </details>
  );
}
