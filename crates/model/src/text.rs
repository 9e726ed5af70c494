//! How text is compared: one rule for labels, tags, keywords, commands and conditions (FL 6.10, 7.5).

use unicode_normalization::UnicodeNormalization;

/// The form in which two texts are equal for people: NFKC (so full-width forms are the usual ones), full case
/// folding, surrounding white space removed, inner white space runs made one space.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        // The common case needs no tables.
        let mut out = String::with_capacity(text.len());
        for word in text.split_ascii_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        out.make_ascii_lowercase();
        return out;
    }
    let folded = caseless::default_case_fold_str(&text.nfkc().collect::<String>());
    let again: String = folded.nfkc().collect();
    again.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folds_what_people_take_for_equal() {
        assert_eq!(fold("  ＹＥＳ  please "), "yes please");
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("Cafe\u{301}"), fold("CAFÉ"));
        assert_ne!(fold("resume"), fold("résumé"));
    }
}
