//! A line that says how far an import is: a bar, rows, the rate and the time that is left.

use runtime::{Clock as _, Import, SystemClock};
use std::io::{self, IsTerminal as _, Write as _};

/// The width of the bar.
const BAR: u64 = 24;

/// Shows how far an import is, on a terminal.
pub struct Progress {
    shows: bool,
    began: model::Instant,
    /// Where it was when it began to be watched.
    read: u64,
    rows: u64,
}

impl Progress {
    /// Of an import that begins.
    pub fn new(import: &Import) -> Self {
        let shows = io::stderr().is_terminal();
        Self { shows, began: SystemClock.now(), read: import.read, rows: import.counts.rows() }
    }

    /// How far it is now.
    pub fn show(&self, import: &Import) {
        if !self.shows {
            return;
        }
        let micros = SystemClock.now().micros_since(self.began).max(1).unsigned_abs();
        let line = line(import, micros, import.read.saturating_sub(self.read), import.counts.rows().saturating_sub(self.rows));
        eprint!("\r\x1b[K{line}");
        // A line that cannot be shown is not missed.
        let _ = io::stderr().flush();
    }

    /// It is over: the line goes.
    pub fn end(&self) {
        if self.shows {
            eprint!("\r\x1b[K");
        }
    }
}

/// The line: `read` bytes and `rows` rows took `micros`.
fn line(import: &Import, micros: u64, read: u64, rows: u64) -> String {
    let whole = import.bytes.max(1);
    let done = import.read.min(whole);
    let filled = usize::try_from(done * BAR / whole).unwrap_or(0);
    let bar: String = "#".repeat(filled) + &".".repeat(usize::try_from(BAR).unwrap_or(0).saturating_sub(filled));
    let rate = rows.saturating_mul(1_000_000) / micros;
    let left = (whole - done).saturating_mul(micros / 1_000).checked_div(read).map(|millis| millis / 1_000);
    let left = left.map_or_else(String::new, |secs| format!(", {} left", time(secs)));
    format!("[{bar}] {} %  row {}, {rate} rows/s{left}", done * 100 / whole, import.row)
}

fn time(secs: u64) -> String {
    match secs {
        0..=89 => format!("{secs} s"),
        90..=5_399 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h {} min", secs / 3_600, secs % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_was_done() {
        let import: Import = serde_json::from_value(serde_json::json!({
            "id": "imp_1", "name": "a.csv", "at": 0, "by": "system", "bytes": 1_000_000, "digest": "", "encoding": "utf-8",
            "shape": "jsonl", "columns": [], "state": "running", "row": 5_000, "read": 250_000,
        }))
        .unwrap();
        let line = line(&import, 10_000_000, 250_000, 5_000);
        assert_eq!(line, "[######..................] 25 %  row 5000, 500 rows/s, 30 s left");
        assert_eq!(time(3_700), "62 min");
    }
}
