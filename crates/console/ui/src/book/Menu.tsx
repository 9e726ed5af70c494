// A button that opens a few things beside it; the arrow keys go through them, Escape and going elsewhere close it.

import { useEffect, useRef, useState, type ReactNode } from "react";
import { roves } from "../logic/keys.ts";

export function Menu({ title, children }: { title: string; children: ReactNode }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  const close = (): void => {
    if (menu.current !== null) menu.current.open = false;
  };
  useEffect(() => {
    if (!open) return;
    const elsewhere = (e: PointerEvent): void => {
      if (menu.current !== null && !menu.current.contains(e.target as Node)) menu.current.open = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  return (
    <details
      className="menu"
      ref={menu}
      onToggle={(e) => setOpen(e.currentTarget.open)}
      onKeyDown={(e) => {
        if (e.key === "Escape") {
          close();
          menu.current?.querySelector("summary")?.focus();
          return;
        }
        const items = [...e.currentTarget.querySelectorAll<HTMLElement>(".menu-body :is(button:not(:disabled), a, input)")];
        const to = roves(e.key, items.indexOf(document.activeElement as HTMLElement), items.length);
        if (to === null) return;
        e.preventDefault();
        e.currentTarget.open = true;
        items[to]?.focus();
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
