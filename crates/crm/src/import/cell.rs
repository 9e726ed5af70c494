//! Cells that a spreadsheet would run as a formula: disarmed when they are exported, given back when they are imported.

use std::borrow::Cow;

/// Whether a spreadsheet takes a cell that begins so for a formula.
fn begins_formula(text: &str) -> bool {
    // The wide ones as well: some spreadsheets read them as the others.
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// The cell so that no spreadsheet runs it: an apostrophe before what would be a formula, and before what looks as if it had one.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if begins_formula(text.trim_start_matches('\'')) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// What [`neutralise`] was given; also what a spreadsheet keeps from being a number by writing `="0049"`.
///
/// [`disarm`] is for a cell that was not read yet.
pub fn restore(text: &str) -> Cow<'_, str> {
    if let Some(rest) = text.strip_prefix('\'')
        && begins_formula(rest.trim_start_matches('\''))
    {
        return Cow::Borrowed(rest);
    }
    match text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => Cow::Borrowed(inner),
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// A cell as a file had it so that no spreadsheet runs it, while [`restore`] still gives what it gave before: what was disarmed
/// already, and the constant `="0049"`, stay as they are.
pub(super) fn disarm(text: &str) -> Cow<'_, str> {
    if restore(text) == text { neutralise(text) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_disarmed_and_come_back() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1+1", "'＝1+1"),
            ("＋49", "'＋49"),
            ("－x", "'－x"),
            ("＠SUM(A1)", "'＠SUM(A1)"),
            ("'＝1", "''＝1"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("''+", "'''+"),
            ("'quoted'", "'quoted'"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(neutralise(text), shown);
            assert_eq!(restore(shown), text);
        }
        assert_eq!(restore("=\"0049123\""), "0049123");
        assert_eq!(restore("=HYPERLINK(\"a\",\"b\")"), "=HYPERLINK(\"a\",\"b\")");
    }

    proptest! {
        #[test]
        fn every_text_survives_the_round_trip(text in "['=+@a＝＠\\-\"\t]{0,6}") {
            let shown = neutralise(&text).into_owned();
            prop_assert!(!begins_formula(&shown), "{shown}");
            prop_assert_eq!(restore(&shown), &*text);
            let copied = disarm(&text);
            prop_assert!(!begins_formula(&copied) || (copied.starts_with("=\"") && copied.matches('"').count() == 2), "{copied}");
            prop_assert_eq!(restore(&copied), restore(&text));
        }
    }
}
