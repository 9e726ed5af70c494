// Who did something, in words.

import type { Schema } from "../v1/client.ts";
import { label } from "../logic/words.ts";

export function byName({ kind, name }: Schema<"By">): string {
  switch (kind) {
    case "customer":
      return "the customer";
    case "agent":
      return name ?? "an agent";
    case "flow":
      return name === null ? "a skill" : `the skill ${name}`;
    case "program":
      return name === null ? "a program" : `the program ${name}`;
    case "channel":
      return name === null ? "a channel" : label(name);
    case "import":
      return name === null ? "an import" : `the import ${name}`;
    case "system":
      return "the system";
  }
}
