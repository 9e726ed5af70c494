// Drafts outlive a change of chat and a reload of this tab; they go with the tab or with the sign-out.

const PREFIX = "switchboard draft ";

export const drafts = {
  get(key: string): string {
    try {
      return sessionStorage.getItem(PREFIX + key) ?? "";
    } catch {
      return "";
    }
  },
  set(key: string, text: string): void {
    try {
      if (text === "") sessionStorage.removeItem(PREFIX + key);
      else sessionStorage.setItem(PREFIX + key, text);
    } catch {
      // A browser without storage keeps no drafts.
    }
  },
};

export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
