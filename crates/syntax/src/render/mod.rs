//! Diagnostics as text: for people, one line each for tools, JSON for programs.

mod human;
mod json;
mod short;

pub use human::render_human;
pub use json::{JSON_VERSION, render_json};
pub use short::render_short;

/// `text` with nothing in it that could steer a terminal or turn a line around: messages quote what strangers wrote.
fn harmless(text: &str) -> String {
    crate::invisible::escaped(text).replace('\r', " ")
}

/// The same on one line.
fn one_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}
