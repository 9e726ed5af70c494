//! The shape of a file: a table with which mark between its cells, or a JSON object to a line.

use serde::{Deserialize, Serialize};

/// The shape of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A table.
    Csv {
        /// What stands between cells.
        delimiter: char,
        /// Whether the first line is not of the table: `sep=;`.
        told: bool,
    },
    /// A JSON object to a line.
    Jsonl,
}

/// Marks between cells, the likeliest first where nothing else decides.
const MARKS: [char; 4] = [',', ';', '\t', '|'];
/// Lines that are looked at.
const LINES: usize = 200;

impl Shape {
    /// The shape of a text by its beginning.
    pub fn of(head: &str) -> Self {
        if head.trim_start().starts_with('{') {
            return Self::Jsonl;
        }
        if let Some(mark) = head.strip_prefix("sep=").and_then(|rest| rest.chars().next()).filter(char::is_ascii) {
            return Self::Csv { delimiter: mark, told: true };
        }
        let counts = |mark: char| -> Vec<usize> { fields(head, mark) };
        // How many lines have as many cells as the first one; then how many cells that are.
        let score = |mark: &char| {
            let counts = counts(*mark);
            let first = counts.first().copied().unwrap_or(1);
            let same = counts.iter().filter(|n| **n == first).count();
            (first > 1, same * 100 / counts.len().max(1), first)
        };
        // The last of equals is taken, so the likeliest comes last.
        let delimiter = MARKS.into_iter().rev().max_by_key(score).unwrap_or(',');
        Self::Csv { delimiter, told: false }
    }

    /// The shape that a name says: `csv`, `jsonl`; none for others.
    pub fn is_jsonl(self) -> bool {
        matches!(self, Self::Jsonl)
    }
}

/// How many cells each line has; marks and line ends in quotes do not count. The last line may be cut off and is left out, unless
/// it is the only one.
fn fields(head: &str, mark: char) -> Vec<usize> {
    let mut counts = Vec::new();
    let (mut quoted, mut cells, mut empty) = (false, 1, true);
    for c in head.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                empty = false;
            }
            '\n' if !quoted => {
                if !empty {
                    counts.push(cells);
                }
                (cells, empty) = (1, true);
                if counts.len() == LINES {
                    return counts;
                }
            }
            '\r' => {}
            c if c == mark && !quoted => {
                cells += 1;
                empty = false;
            }
            _ => empty = false,
        }
    }
    if counts.is_empty() {
        counts.push(cells);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_between_cells_is_found() {
        let table = [
            ("a,b,c\n1,2,3\n", ','),
            ("a;b;c\n1,5;2,5;3\n4,5;6;7\n", ';'),
            ("name\tcity\nAnn, Bob\tRome\n", '\t'),
            ("a|b\n1|2\n", '|'),
            ("\"x;y\",b\n\"1;2;3\",2\n", ','),
            ("name,notes\nAnn,\"one\ntwo; three; four\"\n", ','),
            ("only\none\n", ','),
            ("sep=;\na;b\n", ';'),
            ("", ','),
        ];
        for (text, mark) in table {
            let Shape::Csv { delimiter, .. } = Shape::of(text) else { panic!("{text}") };
            assert_eq!(delimiter, mark, "{text:?}");
        }
        assert_eq!(Shape::of("  {\"a\": 1}\n"), Shape::Jsonl);
    }
}
