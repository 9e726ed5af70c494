import { expect, test, vi } from "vitest";
import { expose } from "../src/api";
import type { Host } from "../src/page";

test("whoever was here before is held back as soon as the page says who is here", () => {
  const hold = vi.fn();
  const host = { known: () => false, hold } as unknown as Host;
  vi.stubGlobal("window", { switchboard: [["track", "viewed"]] });
  expose(host);
  expect(hold).not.toHaveBeenCalled();
  vi.stubGlobal("window", { switchboard: [["track", "viewed"], ["identify", "a token"]] });
  expose(host);
  expect(hold).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});
