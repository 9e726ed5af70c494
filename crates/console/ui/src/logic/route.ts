// The console's address: /console/ is the desk, /console/chat/CONTACT/CONVERSATION a chat. A reload comes back to it.

import type { Place } from "../api.ts";

const ID = /^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}$/u;

export function placeOf(path: string): Place | null {
  const [contact, conversation, ...rest] = path.replace(/^\/console\/?/u, "").replace(/^chat\//u, "").split("/");
  if (contact === undefined || conversation === undefined || rest.length > 0) return null;
  return ID.test(contact) && ID.test(conversation) ? { contact, conversation } : null;
}

export function pathOf(place: Place | null): string {
  return place === null ? "/console/" : `/console/chat/${place.contact}/${place.conversation}`;
}
