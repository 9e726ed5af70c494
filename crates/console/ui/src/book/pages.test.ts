import { expect, test } from "vitest";
import { Memory, Pages, type Page } from "./pages.ts";

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

function numbers(from: number, to: number, next: string | null): Page<number> {
  return { rows: Array.from({ length: to - from }, (_, n) => from + n), next, total: null };
}

test("reads page after page, each once, until there is none", async () => {
  const asked: (string | null)[] = [];
  const pages = new Pages<number>(async (cursor) => {
    asked.push(cursor);
    return cursor === null ? numbers(0, 3, "3") : numbers(3, 5, null);
  });
  pages.more();
  pages.more();
  await settled();
  expect(pages.now()).toMatchObject({ rows: [0, 1, 2], whole: false, busy: false, total: null });
  pages.more();
  await settled();
  pages.more();
  await settled();
  expect(pages.now()).toMatchObject({ rows: [0, 1, 2, 3, 4], whole: true, total: 5 });
  expect(asked).toEqual([null, "3"]);
});

test("a page that did not come can be asked for again; what was read stays", async () => {
  let fails = false;
  const pages = new Pages<number>(async (cursor) => {
    if (fails) throw new Error("away");
    return cursor === null ? numbers(0, 2, "2") : numbers(2, 3, null);
  });
  pages.more();
  await settled();
  fails = true;
  pages.more();
  await settled();
  expect(pages.now()).toMatchObject({ rows: [0, 1], busy: false, whole: false });
  expect(pages.now().problem?.message).toBe("away");
  fails = false;
  pages.more();
  await settled();
  expect(pages.now()).toMatchObject({ rows: [0, 1, 2], problem: null, whole: true });
});

test("whoever leaves does not get a late page, and may come back", async () => {
  const answers: ((page: Page<number>) => void)[] = [];
  const pages = new Pages<number>(() => new Promise((done) => answers.push(done)));
  pages.more();
  pages.leave();
  answers[0]?.(numbers(0, 2, "2"));
  await settled();
  expect(pages.now()).toMatchObject({ rows: [], busy: false });
  pages.more();
  answers[1]?.(numbers(0, 2, null));
  await settled();
  expect(pages.now().rows).toEqual([0, 1]);
});

test("remembers so many lists, by what they show", () => {
  const memory = new Memory(2);
  const fetch = async (): Promise<Page<number>> => numbers(0, 1, null);
  const a = memory.of("a", fetch);
  memory.of("b", fetch);
  expect(memory.of("a", fetch)).toBe(a);
  memory.of("c", fetch);
  expect(memory.of("a", fetch)).toBe(a);
  memory.forget("a");
  const anew = memory.of("a", fetch, 0);
  expect(anew).not.toBe(a);
  expect(memory.of("a", fetch, 60_000)).toBe(anew);
  expect(memory.of("a", fetch, 600_000), "what is old is read anew").not.toBe(anew);
});

test("a row that changed changes in every list that shows it", async () => {
  const memory = new Memory();
  const list = memory.of<number>("contacts x", async () => numbers(0, 3, null));
  list.more();
  await settled();
  memory.change<number>("contacts", (n) => (n === 1 ? 10 : n));
  memory.change<number>("members", () => 0);
  expect(list.now().rows).toEqual([0, 10, 2]);
});
