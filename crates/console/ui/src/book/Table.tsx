// A table of people as long as it may be: only the rows in sight are drawn. A real table for screen readers; the arrow keys go through its
// rows, each of which is a link.

import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { roves } from "../logic/keys.ts";
import { isPlain, Link, navigate } from "../nav.tsx";
import { useNarrow } from "./narrow.ts";
import type { Pages, Read } from "./pages.ts";

export interface TableColumn<T> {
  id: string;
  title: string;
  width: "short" | "middle" | "long";
  cell(row: T): { text: string; exact?: string };
}

interface Props<T> {
  /** What the table is of, for screen readers. */
  label: string;
  /** The title of the first column, which names the row and leads to it. */
  first: string;
  columns: readonly TableColumn<T>[];
  pages: Pages<T>;
  read: Read<T>;
  idOf(row: T): string;
  name(row: T): string;
  to(row: T): string;
  /** What else the first cell shows beside the name; a link there takes the place in the order of tabs that the row has. */
  mark?(row: T, tabIndex: number): ReactNode;
  /** Whether another list is on its way to take its place. */
  stale?: boolean;
  /** What is said where there are no rows. */
  empty: ReactNode;
}

const ROW = 44;
const NARROW_ROW = 62;
const HEAD = 38;
/** How many rows ahead of what is in sight the next page is asked for. */
const AHEAD = 40;
/** Grey rows that stand for what is on its way. */
const COMING = 3;

export function Table<T>({ label, first, columns, pages, read, idOf, name, to, mark, stale = false, empty }: Props<T>) {
  const narrow = useNarrow();
  const sheet = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(pages.place.row);
  const wanted = useRef(false);
  const height = narrow ? NARROW_ROW : ROW;
  const { rows, whole, busy, problem } = read;
  const count = rows.length + (whole || problem !== null ? 0 : COMING);
  const at = Math.min(active, Math.max(0, rows.length - 1));

  const virtual = useVirtualizer({
    count,
    getScrollElement: () => sheet.current,
    estimateSize: () => height,
    overscan: 12,
    initialOffset: pages.place.top,
    scrollPaddingEnd: narrow ? 0 : HEAD,
    // The row that has the keyboard stays drawn wherever the list is scrolled to.
    rangeExtractor: useCallback((range: Range) => [...new Set([...defaultRangeExtractor(range), ...(at < count ? [at] : [])])].sort((a, b) => a - b), [at, count]),
  });
  useEffect(() => virtual.measure(), [virtual, height]);

  const items = virtual.getVirtualItems();
  const end = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (end + AHEAD >= rows.length && problem === null && !stale) pages.more();
  }, [end, rows.length, busy, problem, pages, stale]);

  useLayoutEffect(() => {
    if (!wanted.current) return;
    const link = sheet.current?.querySelector<HTMLElement>(`tr[data-index="${at}"] a`);
    if (link == null) return;
    wanted.current = false;
    link.focus({ preventScroll: true });
  });

  const go = (row: number): void => {
    wanted.current = true;
    pages.place.row = row;
    setActive(row);
    virtual.scrollToIndex(row);
  };
  const keys = (e: KeyboardEvent): void => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const leap = Math.max(1, Math.floor((sheet.current?.clientHeight ?? 0) / height) - 2);
    const last = rows.length - 1;
    const next = e.key === "PageDown" ? Math.min(last, at + leap) : e.key === "PageUp" ? Math.max(0, at - leap) : roves(e.key, at, rows.length);
    if (next === null || rows.length === 0) return;
    e.preventDefault();
    go(next);
  };

  if (rows.length === 0 && whole) return <div className="book-empty">{empty}</div>;
  const width = narrow ? 1 : columns.length + 1;
  let drawn = 0;
  const gap = (upTo: number, key: string): ReactNode => {
    const size = upTo - drawn;
    return size <= 0 ? null : <Gap key={key} size={size} columns={width} />;
  };
  return (
    <div className="book-sheet" ref={sheet} onScroll={(e) => (pages.place.top = e.currentTarget.scrollTop)}>
      <table className={narrow ? "book-table narrow" : "book-table"} aria-label={label} aria-rowcount={read.total === null ? -1 : read.total + 1} aria-busy={busy || stale}>
        <colgroup>
          <col className="col-name" />
          {!narrow && columns.map((c) => <col key={c.id} className={`col-${c.width}`} />)}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{first}</th>
            {!narrow &&
              columns.map((c) => (
                <th scope="col" key={c.id}>
                  <bdi>{c.title}</bdi>
                </th>
              ))}
          </tr>
        </thead>
        <tbody onKeyDown={keys}>
          {items.flatMap((item) => {
            const before = gap(item.start, `gap ${item.index}`);
            drawn = item.end;
            const row = rows[item.index];
            if (row === undefined) return [before, <Coming key={`coming ${item.index}`} columns={width} />];
            const tabIndex = item.index === at ? 0 : -1;
            const link = (
              <Link to={to(row)} tabIndex={tabIndex} className="book-name" title={name(row)}>
                <bdi>{name(row)}</bdi>
              </Link>
            );
            return [
              before,
              <tr
                key={idOf(row)}
                data-index={item.index}
                aria-rowindex={item.index + 2}
                onFocus={() => {
                  pages.place.row = item.index;
                  setActive(item.index);
                }}
                onClick={(e) => {
                  // The whole row is a way in; its link does by itself, and marked text is being marked.
                  if ((e.target as HTMLElement).closest("a, button") !== null || !isPlain(e) || String(getSelection() ?? "") !== "") return;
                  navigate(to(row));
                }}
              >
                <th scope="row">
                  <span className="book-first">
                    {link}
                    {mark?.(row, tabIndex)}
                  </span>
                  {narrow && <Summary cells={columns.map((c) => c.cell(row).text)} />}
                </th>
                {!narrow &&
                  columns.map((c) => {
                    const { text, exact } = c.cell(row);
                    return (
                      <td key={c.id} title={exact ?? text}>
                        <bdi>{text}</bdi>
                      </td>
                    );
                  })}
              </tr>,
            ];
          })}
          {gap(virtual.getTotalSize(), "gap end")}
        </tbody>
      </table>
      {problem !== null && (
        <p className="book-more problem" role="alert">
          {problem.message}{" "}
          <button type="button" className="link" onClick={pages.more}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

/** On a phone a row has two lines; the second holds what is known, as far as it goes. */
function Summary({ cells }: { cells: string[] }) {
  const shown = cells.filter((c) => c !== "").slice(0, 3);
  return (
    <span className="book-summary">
      {shown.length === 0 ? "Nothing else known" : shown.map((c, n) => <bdi key={n}>{c}</bdi>)}
    </span>
  );
}

/** Rows that are not drawn: only their room is kept. */
function Gap({ size, columns }: { size: number; columns: number }) {
  const cell = useRef<HTMLTableCellElement>(null);
  useLayoutEffect(() => {
    // By the object model: a style in the markup is refused by the page's policy.
    cell.current?.style.setProperty("height", `${size}px`);
  }, [size]);
  return (
    <tr className="book-gap" aria-hidden="true">
      <td ref={cell} colSpan={columns} />
    </tr>
  );
}

function Coming({ columns }: { columns: number }) {
  return (
    <tr className="book-coming" aria-hidden="true">
      {Array.from({ length: columns }, (_, n) => (
        <td key={n}>
          <span />
        </td>
      ))}
    </tr>
  );
}
