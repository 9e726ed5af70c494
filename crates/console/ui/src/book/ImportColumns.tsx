// What each column of a file is: a table of the columns with their first cells, and a choice for each. Its roles are said: on a phone its rows are
// laid out otherwise, and a browser would take them for no table then.

import type { ReactNode } from "react";
import type { Import } from "./types.ts";

interface Props {
  columns: Import["columns"];
  /** What each is now. */
  chosen: readonly string[];
  groups: readonly { title: string; fields: readonly { field: string; says: string }[] }[];
  choose(at: number, field: string): void;
  /** What else is said of a column. */
  more?(at: number): ReactNode;
}

export function ImportColumns({ columns, chosen, groups, choose, more }: Props) {
  return (
    <div className="book-scroll mapping" tabIndex={0} role="region" aria-label="Columns of the file">
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              Column
            </th>
            <th scope="col" role="columnheader">
              First cells
            </th>
            <th scope="col" role="columnheader">
              Is
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {columns.map((c, n) => (
            <tr role="row" key={`${n} ${c.name}`}>
              <th scope="row" role="rowheader">
                <bdi>{c.name === "" ? "(no name)" : c.name}</bdi>
              </th>
              <td role="cell" className="sample">
                <bdi>{c.sample.slice(0, 3).join(" · ")}</bdi>
              </td>
              <td role="cell">
                <select aria-label={`What the column ${c.name} is`} value={chosen[n]} onChange={(e) => choose(n, e.target.value)}>
                  <option value="-">Left out</option>
                  {groups.map((g) => (
                    <optgroup key={g.title} label={g.title}>
                      {g.fields.map((f) => (
                        <option key={f.field} value={f.field}>
                          {f.says}
                        </option>
                      ))}
                    </optgroup>
                  ))}
                </select>
                {more?.(n)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
