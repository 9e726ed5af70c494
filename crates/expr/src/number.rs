//! Reading exact numbers from text that a program wrote.

use rust_decimal::Decimal;

/// A number as programs write it: an optional sign, ASCII digits, an optional point. No exponent, no separators.
pub fn plain(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let fine = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.starts_with(|c: char| c.is_ascii_digit());
    if fine && digits.len() <= 30 { Decimal::from_str_exact(text).ok() } else { None }
}

/// Languages that write a comma before the decimals.
const COMMA: &str = "af az be bg bs ca cs da de el es et eu fi fr gl hr hu hy id is it ka kk ky lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv tr uk uz vi";

/// Whether the decimal mark of a language is a comma. Mexico and Central America write Spanish with a point,
/// Switzerland writes German and Italian with one.
fn decimal_comma(language: Option<&str>) -> bool {
    let Some(language) = language else { return false };
    let mut parts = language.split(['-', '_']);
    let first = parts.next().unwrap_or("").to_ascii_lowercase();
    let region = parts.find(|p| p.len() == 2).map(str::to_ascii_uppercase);
    let pointed = matches!(
        (first.as_str(), region.as_deref()),
        ("es", Some("MX" | "US" | "PR" | "GT" | "HN" | "NI" | "SV" | "DO" | "PA")) | ("de" | "it", Some("CH" | "LI"))
    );
    COMMA.split(' ').any(|l| l == first) && !pointed
}

/// A number as a person types it in a language: full-width and other Unicode digits, the language's decimal mark,
/// its grouping mark (`1.234,5` in German) or spaces and apostrophes between groups of three. `None` when it is no
/// number or could be two.
pub fn spoken(text: &str, language: Option<&str>) -> Option<Decimal> {
    use unicode_normalization::UnicodeNormalization;
    if text.len() > 200 {
        return None;
    }
    let text: String = text.trim().nfkc().map(|c| other_digit(c).unwrap_or(c)).collect();
    let (negative, digits) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (decimal, grouping) = if decimal_comma(language) { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = match digits.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let marks = [grouping, ' ', '\'', '’', '\u{a0}', '\u{202f}'];
    let mut groups: Vec<&str> = whole.split(marks).collect();
    let grouped =
        groups.len() > 1 && groups.iter().skip(1).all(|g| g.len() == 3) && groups.first().is_some_and(|g| (1..=3).contains(&g.len()));
    if groups.len() > 1 && !grouped {
        // `3,5` typed by someone whose language has a point: one mark, and not before three digits, is a decimal mark.
        if fraction.is_none() && groups.len() == 2 && whole.contains(grouping) && groups.get(1).is_some_and(|g| (1..=2).contains(&g.len()))
        {
            let decimals = groups.pop()?;
            let whole = groups.pop()?;
            return if all_digits(whole) && all_digits(decimals) { plain(&format!("{}{whole}.{decimals}", sign(negative))) } else { None };
        }
        return None;
    }
    if !groups.iter().all(|g| all_digits(g)) || fraction.is_some_and(|f| !all_digits(f)) {
        return None;
    }
    let whole = groups.concat();
    plain(&match fraction {
        Some(fraction) => format!("{}{whole}.{fraction}", sign(negative)),
        None => format!("{}{whole}", sign(negative)),
    })
}

fn sign(negative: bool) -> &'static str {
    if negative { "-" } else { "" }
}

/// The ASCII digit of an Arabic-Indic, Persian, Devanagari, Bengali or Thai one.
pub fn other_digit(c: char) -> Option<char> {
    const ZEROS: [u32; 5] = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50];
    let value = ZEROS.into_iter().find_map(|zero| (u32::from(c)).checked_sub(zero).filter(|d| *d < 10))?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_of_a_language_write_them() {
        let read = |text: &str, language: &str| spoken(text, Some(language)).map(|n| n.to_string());
        let table = [
            ("41", "en", Some("41")),
            (" ４１ ", "ja", Some("41")),
            ("٤١", "ar", Some("41")),
            ("1,234.5", "en", Some("1234.5")),
            ("1.234,5", "de", Some("1234.5")),
            ("1.234", "de", Some("1234")),
            ("1,5", "de", Some("1.5")),
            ("1.5", "es", Some("1.5")),
            ("1.5", "es-MX", Some("1.5")),
            ("1 234 567", "fr", Some("1234567")),
            ("3,5", "en", Some("3.5")),
            ("-7", "en", Some("-7")),
            ("forty-one", "en", None),
            ("1.2.3", "en", None),
            ("1,23,4", "en", None),
            ("", "en", None),
            ("1e5", "en", None),
            ("--1", "en", None),
        ];
        for (text, language, expected) in table {
            assert_eq!(read(text, language).as_deref(), expected, "{text} in {language}");
        }
        assert_eq!(spoken(&"9".repeat(500), None), None);
    }
}
