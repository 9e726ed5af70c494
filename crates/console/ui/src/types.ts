// What the server's console API answers. Times are milliseconds since 1970 (UTC).

export interface Agent {
  id: string;
  name: string;
  login: string;
  groups: string[];
}

export interface Me {
  agent: Agent;
  bot: string;
  accepting: boolean;
  /** The largest file an agent may send, in bytes. */
  file_limit: number;
}

export type RowState = "waiting" | "active" | "missed";

/** One conversation as the lists show it. */
export interface Row {
  request: string;
  contact: string;
  conversation: string;
  group: string;
  name: string;
  channel: string;
  since: number;
  state: RowState;
  /** Its place in the line of its group, from 1, while it waits. */
  position: number | null;
  agent_name: string | null;
  last_text: string | null;
  last_at: number | null;
  waiting_customer: boolean;
}

export interface DeskView {
  accepting: boolean;
  queue: Row[];
  mine: Row[];
  missed: Row[];
  others: number;
  /** Why the bot's changed folder is not in use. */
  reload_error: { why: string; first: string | null } | null;
}

export type DeliveryState = "received" | "queued" | "sent" | "delivered" | "read" | "unknown" | "failed";

export interface Delivery {
  state: DeliveryState;
  reason?: string;
}

export interface FileRef {
  id: string;
  name: string;
  mime: string;
  size: number;
  kind: "image" | "file" | "audio" | "voice" | "video" | "sticker";
  alt?: string;
}

/** A file that is elsewhere; the browser is not sent there by itself. */
export interface LinkedFile {
  kind: FileRef["kind"];
  url: string;
  name: string;
  alt: string;
}

export interface CardView {
  title: string;
  text: string;
  file: FileRef | null;
  linked: LinkedFile | null;
  buttons: ChoiceView[];
}

export interface ChoiceView {
  label: string;
  token?: string;
  url?: string;
  phone?: string;
}

export interface MessageLine {
  line: "message";
  no: number;
  id: string;
  at: number;
  from: "customer" | "bot" | "agent" | "system";
  /** The agent's name. */
  name?: string;
  /** The bot's block, `skill.block`. */
  block?: string;
  text: string;
  files: FileRef[];
  linked?: LinkedFile[];
  cards?: CardView[];
  location?: { latitude: number; longitude: number };
  buttons: ChoiceView[];
  quick_replies: ChoiceView[];
  /** The token of the button this line is the press of. */
  pressed?: string;
  /** The provider's name for something that cannot be shown. */
  unsupported?: string;
  client_id?: string;
  delivery: Delivery;
}

export interface DeliveryLine {
  line: "delivery";
  no: number;
  at: number;
  message: string;
  delivery: Delivery;
  degraded: string[];
}

export type Line = MessageLine | DeliveryLine;

export interface Page {
  lines: Line[];
  /** The number of the newest line there is. */
  last: number;
}

export interface RequestView {
  id: string;
  group: string;
  since: number;
  state: RowState;
  agent_name: string | null;
}

/** The customer of a conversation and what this agent may do in it now. */
export interface PersonView {
  id: string;
  name: string;
  status: string;
  source: string;
  first_seen: number;
  last_seen: number;
  attributes: { name: string; type: string; personal: boolean; value: unknown }[];
  system: { name: string; value: unknown }[];
  tags: { label: string; at: number; by: string }[];
  /** What attributes that are computed are now; those without a value are left out. */
  computed: { name: string; type: string; value: unknown }[];
  segments: { key: string; name: string; since: number | null }[];
  /** Newest first. */
  notes: { at: number; by: string; text: string }[];
  addresses: { channel: string; id: string; unreachable: string | null }[];
  conversation: {
    id: string;
    channel: string;
    owner: "bot" | "queue" | "agent";
    request: RequestView | null;
    can: { take: boolean; say: boolean; resolve: boolean; dismiss: boolean };
  };
}

export interface JourneyLine {
  id: string;
  at: number;
  kind: string;
  text: string;
  by: string;
  block: string | null;
  /** Whether it happened in another conversation of the same person. */
  elsewhere: boolean;
}

export interface JourneyPage {
  entries: JourneyLine[];
  more: boolean;
}
