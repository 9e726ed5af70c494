//! Finding whoever was erased in cells of a file of people.
//!
//! A cell is compared as what it says, not as it is written: without the apostrophe that disarms a formula, a phone number however it is
//! set. A file that was taken for another kind than it is has whole rows in one cell, with their own quotes and escapes: those are read as
//! well.

use super::{Sweep, names::Place};
use crate::import::restore;
use serde_json::Value;

/// What may stand between the cells of a row that stands in one cell.
const BETWEEN: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows within rows that are read.
const DEEPEST: u8 = 4;

impl Sweep {
    /// Whether a line of a file of errors is about anybody: a row that was wrong, with its cells and what is wrong with it.
    pub fn is_about(&self, line: &[u8]) -> bool {
        let Ok(row) = serde_json::from_slice::<Value>(line) else { return self.is_cell(&String::from_utf8_lossy(line)) };
        let faults = row.get("faults").and_then(Value::as_array).into_iter().flatten();
        let mut told = faults.flat_map(|fault| [fault.get("cell"), fault.get("why")]).flatten().filter_map(Value::as_str);
        row.get("cells").is_some_and(|cells| self.is_in_json(cells, DEEPEST)) || told.any(|text| self.is_cell(text))
    }

    /// Whether a cell names anybody.
    pub(super) fn is_cell(&self, text: &str) -> bool {
        self.is_in_cell(text, DEEPEST)
    }

    /// Tells whose name a cell is.
    pub(super) fn names_cell(&self, text: &str, mut tell: impl FnMut(&[usize])) {
        let text = restore(text.trim());
        self.names.any(&Value::from(&*text).to_string().to_lowercase(), Place::Cell, |of| {
            tell(of);
            false
        });
        self.names.phones(&text).for_each(|of| tell(&[of]));
    }

    fn is_in_cell(&self, text: &str, deep: u8) -> bool {
        let mut found = false;
        self.names_cell(text, |_| found = true);
        let Some(deep) = deep.checked_sub(1).filter(|_| !found) else { return found };
        if text.contains('\\') && self.is_in_cell(&unescaped(text), deep) {
            return true;
        }
        if text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(json) = serde_json::from_str::<Value>(text)
        {
            return self.is_in_json(&json, deep);
        }
        let parts = |between: &u8| text.as_bytes().contains(between) || text.contains('"');
        BETWEEN.iter().filter(|between| parts(between)).any(|between| self.is_in_row(text, *between, deep))
    }

    fn is_in_row(&self, text: &str, between: u8, deep: u8) -> bool {
        let rows = csv::ReaderBuilder::new().delimiter(between).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let parts = rows.into_byte_records().map_while(Result::ok);
        parts.into_iter().any(|row| {
            row.iter().any(|part| {
                let part = String::from_utf8_lossy(part);
                part != text && self.is_in_cell(&part, deep)
            })
        })
    }

    fn is_in_json(&self, value: &Value, deep: u8) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.is_in_cell(&number.to_string(), 0),
            Value::String(text) => self.is_in_cell(text, deep),
            Value::Array(items) => items.iter().any(|item| self.is_in_json(item, deep)),
            Value::Object(fields) => fields.values().any(|field| self.is_in_json(field, deep)),
        }
    }
}

/// A text with its JSON escapes read.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = behind.chars();
        let code = behind.strip_prefix('u').and_then(|hex| hex.get(..4)).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match (code.and_then(char::from_u32), chars.next()) {
            (Some(c), _) => {
                out.push(c);
                rest = behind.get(5..).unwrap_or_default();
            }
            (None, Some(c)) => {
                match c {
                    'n' | 'r' | 't' | 'b' | 'f' => out.push(' '),
                    c => out.push(c),
                }
                rest = chars.as_str();
            }
            (None, None) => rest = "",
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erase::Marks;
    use serde_json::json;

    fn sweep() -> Sweep {
        let names = ["Ana@Shop.Example", "+34600111222", "7700", "alice", "say \"hi\" 123", "müller@shop.example"];
        let marks = Marks { names: names.map(str::to_owned).into(), ..Marks::default() };
        Sweep::new([&marks].into_iter()).expect("there is something to look for")
    }

    fn about(cells: Value) -> bool {
        let fault = json!({ "row": 2, "column": "alice", "trouble": "key", "why": "no such thing" });
        sweep().is_about(&serde_json::to_vec(&json!({ "row": 2, "faults": [fault], "cells": cells })).unwrap())
    }

    #[test]
    fn a_row_about_somebody_is_found_however_its_cells_are_written() {
        for cells in [
            json!(["Ana", "ANA@shop.example"]),
            json!([null, "7700"]),
            json!([7700]),
            json!(["Alice"]),
            json!(["'+34600111222"]),
            json!(["+34 600 111-222"]),
            json!(["600 111 222"]),
            json!(["0034600111222"]),
            json!([" =\"7700\" "]),
            json!(["say \"hi\" 123"]),
            // A table whose marks between cells were not found: a row is one cell, quotes and all.
            json!(["Ana;7700;x"]),
            json!(["x\t\"7700\"\ty"]),
            json!(["Ana;\"say \"\"hi\"\" 123\";x"]),
            json!(["\"Ana, \"\"alice\"\"\",\"7700\""]),
            // Lines of JSON that were taken for a table.
            json!(["{\"email\":\"ana\\u0040shop.example\"", "\"plan\":\"x\"}"]),
            json!(["{\"id\": 7700}"]),
            json!(["{\"mail\":\"m\\u00fcller@shop.example\"}"]),
            json!([{ "email": ["ana@shop.example"] }]),
        ] {
            assert!(about(cells.clone()), "{cells}");
        }
    }

    #[test]
    fn rows_about_others_are_left() {
        for cells in [
            json!(["Bob", "bob@shop.example", 77001]),
            json!(["order 7700", "alicent"]),
            json!(["joana@shop.example"]),
            json!(["+34600111223", "111222", "1222"]),
            json!(["say \"hi\"", "123"]),
            json!([]),
        ] {
            assert!(!about(cells.clone()), "{cells}");
        }
        assert!(!about(json!(["x"])), "a column is nobody, whatever it is called");
    }

    #[test]
    fn what_is_told_of_a_fault_is_looked_through_and_so_is_a_line_that_is_no_json() {
        let line = |fault: Value| serde_json::to_vec(&json!({ "row": 2, "faults": [fault], "cells": [] })).unwrap();
        assert!(sweep().is_about(&line(json!({ "cell": "7700", "why": "x" }))));
        assert!(sweep().is_about(&line(json!({ "why": "somebody else has ana@shop.example" }))));
        assert!(sweep().is_about(b"{\"row\":2,\"cells\":[\"ana@shop.example\""));
        assert!(!sweep().is_about(b"{\"row\":2,\"cells\":[\"bob@shop.example\""));
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescaped(r#"a\u0040b\"c\\d\/e\nf\"#), "a@b\"c\\d/e f");
        assert_eq!(unescaped(r"\ud83d x \uZZ ü"), "ud83d x uZZ ü");
    }
}
