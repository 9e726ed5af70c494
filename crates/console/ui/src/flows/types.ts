// The picture of a bot, as the server draws it, and what rests where.

export type Group = "messages" | "events" | "data" | "segments" | "logic" | "time" | "flow";

export type ExitTo = "end" | { block: string } | { skill: string };

export interface Exit {
  name: string;
  to: ExitTo;
  timed: boolean;
}

export interface Block {
  name: string;
  kind: string;
  group: Group;
  summary: string;
  rests: "no" | "asks" | "hands_over" | "waits";
  conditional: boolean;
  exits: Exit[];
  concerns: string[];
}

export interface Skill {
  name: string;
  title: string;
  built_in: boolean;
  guarded: boolean;
  catches: string[];
  blocks: Block[];
}

export interface Link {
  from: string;
  block: string;
  to: string;
  how: "leaves" | "calls" | "raises";
  name: string;
}

export interface Picture {
  bot: string;
  version: string;
  skills: Skill[];
  links: Link[];
}

export interface Resting {
  /** The newest version. */
  version: string;
  places: { version: string; skill: string; block: string; runs: number }[];
}
