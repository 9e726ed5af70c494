// The console's pages and the way between them: addresses are the state, so a reload, a link and the back button all come to the same place.

import { useEffect, useState, type MouseEvent, type ReactNode } from "react";

export type PageName = "desk" | "contacts" | "segments" | "flows" | "webhooks";

/** Where each page begins. */
export const HOME: Record<PageName, string> = {
  desk: "/console/",
  contacts: "/console/contacts",
  segments: "/console/segments",
  flows: "/console/flows",
  webhooks: "/console/webhooks",
};

/** The page of an address; what is no other page is the desk. Imports and erasures are a part of the contacts. */
export function pageOf(path: string): PageName {
  const first = path.replace(/^\/console\/?/u, "").split("/")[0];
  switch (first) {
    case "contacts":
    case "imports":
    case "erasures":
      return "contacts";
    case "segments":
    case "flows":
    case "webhooks":
      return first;
    default:
      return "desk";
  }
}

/** Goes to an address of the console. Whoever shows an address hears of it as of the back button. */
export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push" && to === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** The address that is shown now. */
export function useAddress(): URL {
  const [href, setHref] = useState(() => location.href);
  useEffect(() => {
    const moved = (): void => setHref(location.href);
    window.addEventListener("popstate", moved);
    // It may have moved between the first drawing and this.
    moved();
    return () => window.removeEventListener("popstate", moved);
  }, []);
  return new URL(href);
}

/** Whether a press of a link is meant for this page: not for a new tab, a download or a menu. */
export function isPlain(e: MouseEvent): boolean {
  return !(e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.button !== 0);
}

interface LinkProps {
  to: string;
  children: ReactNode;
  className?: string;
  current?: boolean;
  tabIndex?: number;
  title?: string;
}

/** A link within the console: a real one, that opens in a new tab as any other. */
export function Link({ to, children, className, current, tabIndex, title }: LinkProps) {
  return (
    <a
      href={to}
      className={className}
      tabIndex={tabIndex}
      title={title}
      aria-current={current === true ? "page" : undefined}
      onClick={(e) => {
        if (!isPlain(e)) return;
        e.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
