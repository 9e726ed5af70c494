import { hue, initials } from "../logic/words.ts";

/** A round mark with the initials of a name; the colour follows the id. */
export function Avatar({ id, name, large = false }: { id: string; name: string; large?: boolean }) {
  return (
    <span className={`avatar hue-${hue(id)}${large ? " large" : ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
