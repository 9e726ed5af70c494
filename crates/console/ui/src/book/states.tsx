// What is said while something loads, when it did not come, and when there is nothing of that name.

import { Link } from "../nav.tsx";

export function Waiting({ what = "Loading…" }: { what?: string }) {
  return (
    <p className="book-note" role="status" aria-busy="true">
      {what}
    </p>
  );
}

export function Failed({ problem, again }: { problem: Error; again(): void }) {
  return (
    <p className="book-note bad" role="alert">
      {problem.message}{" "}
      <button type="button" className="link" onClick={again}>
        Try again
      </button>
    </p>
  );
}

interface MissingProps {
  title?: string;
  says?: string;
  /** The way on. */
  all: { to: string; says: string };
}

/** A page in the place of one that is not there, or no more. */
export function Missing({ title = "There is nothing here", says = "The address is not one of the console’s pages, or what it names is gone.", all }: MissingProps) {
  return (
    <main className="book">
      <div className="book-empty">
        <h1>{title}</h1>
        <p>{says}</p>
        <Link to={all.to} className="button">
          {all.says}
        </Link>
      </div>
    </main>
  );
}
