//! Diagnostics as text: for people, one line each for tools, JSON for programs.

mod human;
mod json;
mod short;

pub use human::render_human;
pub use json::{JSON_VERSION, render_json};
pub use short::render_short;

/// `text` with nothing in it that could steer a terminal or turn a line around: messages quote what strangers wrote.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if (c.is_control() && c != '\n') || is_direction(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same on one line.
fn one_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
