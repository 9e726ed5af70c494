//! Sizes and counts as people read them, and a line that says how far something is.

use runtime::{Clock as _, SystemClock};
use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use store::archive::Totals;
pub use store::room::size;

/// The least time between two lines, in microseconds.
const EVERY: i64 = 200_000;

/// What an export holds, in words.
pub fn counts(totals: &Totals) -> String {
    let one = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let files = match totals.files {
        0 => String::new(),
        files => format!(", {} ({})", one(files, "file"), size(totals.file_bytes)),
    };
    format!(
        "{}, {}, {}, {}, {}{files}",
        one(totals.people, "contact"),
        one(totals.lines, "transcript line"),
        one(totals.journey, "journey line"),
        one(totals.events, "event"),
        one(totals.records, "record"),
    )
}

/// A line on a terminal that says how far something is.
pub struct Progress {
    shows: bool,
    began: model::Instant,
    last: Cell<model::Instant>,
}

impl Progress {
    /// Of something that begins.
    pub fn new() -> Self {
        let began = SystemClock.now();
        Self { shows: io::stderr().is_terminal(), began, last: Cell::new(began) }
    }

    /// So many of so many contacts are done; 0 of them: it is not known how many there are.
    pub fn show(&self, done: u64, of: u64) {
        let now = SystemClock.now();
        if !self.shows || now.micros_since(self.last.get()) < EVERY {
            return;
        }
        self.last.set(now);
        eprint!("\r\x1b[K{}", line(done, of, now.micros_since(self.began).unsigned_abs()));
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

fn line(done: u64, of: u64, micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match (done.saturating_mul(100).checked_div(of), micros.saturating_mul(of.saturating_sub(done)).checked_div(done)) {
        (Some(percent), Some(left)) if done > 0 => {
            format!("{} %  {done} of {of} contacts, {} s left", percent.min(100), left / 1_000_000)
        }
        (Some(_), _) => format!("{of} contacts, {seconds} s"),
        (None, _) => format!("getting ready, {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_was_done() {
        assert_eq!(line(0, 0, 2_000_000), "getting ready, 2 s");
        assert_eq!(line(0, 400, 2_000_000), "400 contacts, 2 s");
        assert_eq!(line(100, 400, 2_000_000), "25 %  100 of 400 contacts, 6 s left");
    }

    #[test]
    fn what_is_in_an_export_is_counted_in_words() {
        let totals = Totals { people: 1, lines: 2, records: 1, files: 1, file_bytes: 2_048, ..Totals::default() };
        assert_eq!(counts(&totals), "1 contact, 2 transcript lines, 0 journey lines, 0 events, 1 record, 1 file (2.0 KiB)");
    }
}
