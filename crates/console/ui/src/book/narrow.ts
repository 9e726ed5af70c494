// Whether the window is a phone's.

import { useSyncExternalStore } from "react";

const PHONE = "(max-width: 760px)";

function subscribe(listener: () => void): () => void {
  const query = matchMedia(PHONE);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(PHONE).matches);
}

