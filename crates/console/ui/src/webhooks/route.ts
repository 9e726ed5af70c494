// Addresses of the webhooks' pages: /console/webhooks, /console/webhooks/WEBHOOK.

export type HookPlace = { at: "webhooks" } | { at: "webhook"; id: string } | { at: "nowhere" };

const ID = /^whk_[0-9A-Za-z]{1,64}$/u;

export function hookPlaceOf(path: string): HookPlace {
  const [id, ...rest] = path
    .replace(/^\/console\/webhooks\/?/u, "")
    .replace(/\/$/u, "")
    .split("/");
  if (rest.length > 0) return { at: "nowhere" };
  if (id === undefined || id === "") return { at: "webhooks" };
  return ID.test(id) ? { at: "webhook", id } : { at: "nowhere" };
}

export const hooksPath = "/console/webhooks";
export const hookPath = (id: string): string => `${hooksPath}/${id}`;
