//! The shape of a file: a table with which mark between its cells, or a JSON object to a line.

use model::{ContactId, IdentifierKind};
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
        /// Whether it has no head: its first row names somebody already, as a list of e-mail addresses does.
        #[serde(default)]
        bare: bool,
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
            let table = head.split_once('\n').map_or("", |(_, rest)| rest);
            return Self::Csv { delimiter: mark, told: true, bare: is_bare(table, mark) };
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
        Self::Csv { delimiter, told: false, bare: is_bare(head, delimiter) }
    }

    /// The shape that a name says: `csv`, `jsonl`; none for others.
    pub fn is_jsonl(self) -> bool {
        matches!(self, Self::Jsonl)
    }
}

/// Whether the first line that says something names somebody instead of columns.
fn is_bare(table: &str, delimiter: char) -> bool {
    let Some(first) = table.lines().find(|line| !line.trim().is_empty()) else { return false };
    let alone = !first.contains(delimiter);
    // Beside others a plain number may be a year that a column is about, and `01/2026` a month.
    let says = |cell: &str| named(cell).is_some_and(|field| alone || matches!(field, "id" | "email") || cell.starts_with('+'));
    first.split(delimiter).any(|cell| says(cell.trim().trim_matches('"')))
}

/// The field that a cell which names somebody is by its looks; none for other texts, such as the name of a column. A plain number
/// may be anything; it is taken for an external id.
pub(super) fn named(cell: &str) -> Option<&'static str> {
    let cell = cell.trim();
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let is_number = digits >= 4 && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '/' | '(' | ')'));
    if cell.parse::<ContactId>().is_ok() {
        Some("id")
    } else if cell.contains('@') && !cell.contains(char::is_whitespace) && IdentifierKind::Email.normal(cell).is_some() {
        Some("email")
    } else if is_number && digits >= 6 && cell.starts_with(['+', '0']) {
        Some("phone")
    } else if is_number {
        Some("external")
    } else {
        None
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

    #[test]
    fn a_list_without_a_head_is_known_by_its_first_row() {
        let id = ContactId(7).to_string();
        for (text, wanted) in [
            ("ann@b.example\nbob@b.example\n", true),
            ("\n\"ann@b.example\"\n", true),
            (format!("{id}\n").as_str(), true),
            ("+34 600 111 222\n", true),
            ("0176 123 45 67\n", true),
            ("4711\n4712\n", true),
            ("sep=;\nann@b.example;Ann\n", true),
            ("Ann,ann@b.example\n", true),
            ("email\nann@b.example\n", false),
            ("E-Mail;2024;2025\n", false),
            ("customer;01/2026;02/2026\n", false),
            ("name,@home\n", false),
            ("external\nK1\n", false),
            ("", false),
        ] {
            let Shape::Csv { bare, .. } = Shape::of(text) else { panic!("{text}") };
            assert_eq!(bare, wanted, "{text:?}");
        }
    }
}
