// What is said while something loads, and when it did not come.

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
