import { describe, expect, test } from "vitest";
import { Keep, Mark, Memory } from "../src/storage";

/** As a localStorage that has no room for anything more. */
class Full extends Memory {
  override setItem() {
    throw new DOMException("no room", "QuotaExceededError");
  }
}

describe("how far one has come", () => {
  test("is known to the page when it cannot be kept", () => {
    const keep = new Keep("x ", new Full());
    const mark = new Mark(keep, "read");
    expect(mark.at).toBe(0);
    mark.at = 7;
    expect(keep.get("read")).toBeNull();
    expect(mark.at).toBe(7);
    mark.forget();
    expect(mark.at).toBe(0);
  });

  test("is what any page of the browser has come to", () => {
    const keep = new Keep("x ", new Memory());
    const [one, other] = [new Mark(keep, "read"), new Mark(keep, "read")];
    one.at = 3;
    other.at = 9;
    expect(one.at).toBe(9);
    keep.set("read", "nonsense");
    expect(one.at).toBe(3);
  });

  test("of somebody else is theirs, not that of who was here before", () => {
    const keep = new Keep("x ", new Memory());
    const mark = new Mark(keep, "read");
    mark.at = 9;
    // Another page goes on as somebody else, who has read less.
    keep.set("read", "2");
    expect(mark.at).toBe(9);
    mark.anew();
    expect(mark.at).toBe(2);
  });
});
