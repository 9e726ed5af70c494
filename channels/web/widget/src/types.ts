/** What the server says, as docs/channels/web.md has it. */

export interface Button {
  label: string;
  token?: string;
  url?: string;
  phone?: string;
}

export interface FileLine {
  id: string;
  name: string;
  mime: string;
  size: number;
  kind: string;
  alt?: string;
}

/** A file that is elsewhere. */
export interface Linked {
  kind: string;
  url: string;
  name?: string;
  alt?: string;
}

export interface Card {
  title: string;
  text?: string;
  file?: FileLine;
  linked?: Linked;
  buttons?: Button[];
}

export interface Line {
  no: number;
  id: string;
  at: string;
  from: "you" | "bot" | "agent" | "system";
  name?: string;
  text: string;
  buttons?: Button[];
  quick_replies?: Button[];
  files?: FileLine[];
  linked?: Linked[];
  cards?: Card[];
  location?: { latitude: number; longitude: number };
  unsupported?: string;
  pressed?: string;
  client_id?: string;
  delivery: "received" | "queued" | "sent" | "delivered" | "read" | "unknown" | "failed";
}

export interface DeliveryLine {
  no: number;
  message: string;
  delivery: Line["delivery"];
}

export interface Page {
  lines: Line[];
  deliveries: DeliveryLine[];
  after: number;
  cursor: number;
  more: boolean;
}

export interface Greeting {
  title: string;
  subtitle: string | null;
  menu: { label: string; text: string }[];
  limits: { text: number; file: number };
}

export interface Owner {
  owner: "bot" | "queue" | "agent";
  name: string | null;
  position: number | null;
}

/** What the visitor did and the server has not confirmed yet. */
export interface Pending {
  client_id: string;
  path: "messages" | "open";
  body: { text?: string; attachments?: string[]; press?: string; label?: string; payload?: string };
  /** Shown until the line comes back. */
  files?: FileLine[];
  at: number;
  state: "sending" | "waiting" | "sent" | "failed";
  /** Why it failed, in the server's words. */
  reason?: string;
}
