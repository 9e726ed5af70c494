// Addresses of the flows page: /console/flows, /console/flows/SKILL, /console/flows/SKILL/BLOCK.

export interface FlowPlace {
  skill: string | null;
  block: string | null;
}

export function flowPlaceOf(path: string): FlowPlace {
  const [skill, block] = path
    .replace(/^\/console\/flows\/?/u, "")
    .split("/")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return "";
      }
    });
  return { skill: skill === undefined || skill === "" ? null : skill, block: block === undefined || block === "" ? null : block };
}

export function flowPathOf({ skill, block }: FlowPlace): string {
  return ["/console/flows", skill, skill === null ? null : block].filter((p) => p !== null).map((p, at) => (at === 0 ? p : encodeURIComponent(p))).join("/");
}
