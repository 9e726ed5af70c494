//! What was expected beside what there was, so that the eye finds what differs.

use super::run::Difference;
use similar::{ChangeTag, TextDiff};

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const STRONG: &str = "\u{1b}[7m";
const OFF: &str = "\u{1b}[0m";

/// The lines that show a difference, each indented and ended.
pub fn shown(difference: &Difference, color: bool) -> String {
    let Difference { what, expected, got } = difference;
    let (expected, got) = (clean(expected), clean(got));
    let mut out = String::new();
    match (expected.as_str(), got.as_str()) {
        ("", got) => line(&mut out, &format!("unexpected {what}"), &tint(got, GREEN, color)),
        (expected, "") => line(&mut out, &format!("expected {what}"), &tint(expected, RED, color)),
        (expected, got) if *what == "text with" || *what == "text without" => {
            line(&mut out, &format!("expected a {what}"), &tint(expected, RED, color));
            line(&mut out, "got", &tint(got, GREEN, color));
        }
        (expected, got) if expected.contains('\n') || got.contains('\n') => {
            out.push_str(&format!("      {what}, expected (-) and got (+):\n"));
            for change in TextDiff::from_lines(expected, got).iter_all_changes() {
                let (sign, hue) = match change.tag() {
                    ChangeTag::Delete => ("-", RED),
                    ChangeTag::Insert => ("+", GREEN),
                    ChangeTag::Equal => (" ", ""),
                };
                let text = format!("{sign} {}", change.value().trim_end_matches('\n'));
                out.push_str(&format!("      {}\n", if hue.is_empty() { text } else { tint(&text, hue, color) }));
            }
        }
        (expected, got) => words(&mut out, what, expected, got, color),
    }
    out
}

/// Two single lines, with the words that differ marked: in colour, or by carets below.
fn words(out: &mut String, what: &str, expected: &str, got: &str, color: bool) {
    let diff = TextDiff::from_words(expected, got);
    let (mut left, mut right, mut left_marks, mut right_marks) = (String::new(), String::new(), String::new(), String::new());
    for change in diff.iter_all_changes() {
        let (text, width) = (change.value(), change.value().chars().count());
        let strong = |hue: &str| if color { format!("{hue}{STRONG}{text}{OFF}{hue}") } else { text.to_owned() };
        match change.tag() {
            ChangeTag::Equal => {
                left.push_str(text);
                right.push_str(text);
                left_marks.push_str(&" ".repeat(width));
                right_marks.push_str(&" ".repeat(width));
            }
            ChangeTag::Delete => {
                left.push_str(&strong(RED));
                left_marks.push_str(&"^".repeat(width));
            }
            ChangeTag::Insert => {
                right.push_str(&strong(GREEN));
                right_marks.push_str(&"^".repeat(width));
            }
        }
    }
    // Where nothing is the same, marks say nothing.
    let marked = !color && diff.ratio() > 0.3;
    line(out, &format!("expected {what}"), &tint(&left, RED, color));
    if marked && left_marks.contains('^') {
        line(out, "", left_marks.trim_end());
    }
    line(out, &format!("got {what}"), &tint(&right, GREEN, color));
    if marked && right_marks.contains('^') {
        line(out, "", right_marks.trim_end());
    }
}

fn line(out: &mut String, label: &str, text: &str) {
    // The longest label is that of the usual kind; longer ones push their own line aside.
    let mut lines = text.lines();
    out.push_str(&format!("  {label:>20}  {}\n", lines.next().unwrap_or_default()));
    for more in lines {
        out.push_str(&format!("  {:>20}  {more}\n", ""));
    }
}

fn tint(text: &str, hue: &str, color: bool) -> String {
    if color { format!("{hue}{text}{OFF}") } else { text.to_owned() }
}

/// Text that cannot move the cursor or change the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(what: &'static str, expected: &str, got: &str) -> String {
        shown(&Difference { what, expected: expected.into(), got: got.into() }, false)
    }

    #[test]
    fn the_words_that_differ_are_marked() {
        let told = told("text", "Glad to know that.", "Glad to hear that.");
        let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "         expected text  Glad to know that.");
        assert_eq!(lines[1], "                                ^^^^");
        assert_eq!(lines[2], "              got text  Glad to hear that.");
        assert_eq!(lines[3], "                                ^^^^");
    }

    #[test]
    fn long_texts_are_shown_line_by_line() {
        let told = told("text", "One\nTwo\nThree", "One\n2\nThree");
        assert_eq!(told, "      text, expected (-) and got (+):\n        One\n      - Two\n      + 2\n        Three\n");
    }

    #[test]
    fn a_terminal_is_not_steered_by_what_a_bot_says() {
        assert!(!told("text", "a", "b\u{1b}[2Jc").contains('\u{1b}'));
    }
}
