// What a program says, with the names it puts between backticks drawn as such.

import { Fragment } from "react";

export function Ticked({ text }: { text: string }) {
  const pieces = text.split("`");
  // A backtick that is not closed stands for itself.
  const even = pieces.length % 2 === 1 ? pieces : [...pieces.slice(0, -2), pieces.slice(-2).join("`")];
  return even.map((piece, n) => (n % 2 === 1 && piece !== "" ? <code key={n} dir="auto">{piece}</code> : <Fragment key={n}>{piece}</Fragment>));
}
