//! How names are compared when somebody looks for one: more loosely than labels are ([`model::fold`]).
//!
//! Case, full-width forms and accents do not count, nor do the vowel marks of Arabic and Hebrew, the forms of alef, the two Japanese
//! syllabaries, or which digits are written. Marks that make another letter stay: Thai tones and vowels, the marks of Indic scripts,
//! the voicing marks of Japanese.

use unicode_normalization::UnicodeNormalization as _;

/// The form in which two names are equal for somebody who looks for one. White space of any kind is one space, and nothing in it
/// is a control character.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return spaced(text.chars().map(|c| c.to_ascii_lowercase()));
    }
    let one_form: String = text.nfkc().collect();
    let one_case = caseless::default_case_fold_str(&one_form);
    let mut plain = String::with_capacity(one_case.len());
    one_case.nfd().for_each(|c| push(&mut plain, c));
    spaced(plain.nfc())
}

/// Single spaces between words.
fn spaced(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in chars {
        if c.is_whitespace() || c.is_control() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.push(c);
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        // Accents of Latin, Greek and Cyrillic; points of Hebrew; vowel marks and the lengthening line of Arabic.
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5bd}'
        | '\u{5bf}'
        | '\u{5c1}'
        | '\u{5c2}'
        | '\u{5c4}'
        | '\u{5c5}'
        | '\u{5c7}'
        | '\u{610}'..='\u{61a}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' => {}
        // What is not seen.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' => {}
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {}
        'ı' => out.push('i'),
        'ø' => out.push('o'),
        'ł' => out.push('l'),
        'đ' | 'ð' => out.push('d'),
        'ħ' => out.push('h'),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'þ' => out.push_str("th"),
        '’' | 'ʼ' | '‘' | '`' | '´' => out.push('\''),
        '‐'..='―' => out.push('-'),
        'ى' | 'ی' => out.push('ي'),
        'ة' => out.push('ه'),
        'ک' => out.push('ك'),
        'ٱ' => out.push('ا'),
        // Katakana as hiragana.
        '\u{30a1}'..='\u{30f6}' => out.extend(char::from_u32(u32::from(c) - 0x60)),
        '٠'..='٩' => digit(out, c, '٠'),
        '۰'..='۹' => digit(out, c, '۰'),
        '०'..='९' => digit(out, c, '०'),
        '๐'..='๙' => digit(out, c, '๐'),
        c => out.push(c),
    }
}

fn digit(out: &mut String, c: char, zero: char) {
    out.extend(char::from_digit(u32::from(c) - u32::from(zero), 10));
}

/// The beginning of a text that has at most so many bytes.
pub(crate) fn at_most(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_one_name_is_one() {
        for (one, other) in [
            ("  José \t Núñez", "jose nunez"),
            ("STRAẞE", "strasse"),
            ("Łukasz Øre", "lukasz ore"),
            ("Ｍａｒｉａ", "maria"),
            ("Nguyễn Thị Đào", "nguyen thi dao"),
            ("İstanbul Işık", "istanbul isik"),
            ("Ёлкин", "елкин"),
            ("أَحْمَد", "احمد"),
            ("فاطمة", "فاطمه"),
            ("علی", "علي"),
            ("שָׁלוֹם", "שלום"),
            ("ヤマダ タロウ", "やまだ たろう"),
            ("ﾔﾏﾀﾞ", "やまだ"),
            ("Άννα", "αννα"),
            ("٠٩١٢", "0912"),
            ("๐๘๑", "081"),
            ("O’Brien", "O'Brien"),
            ("a\u{200b}b\u{1}c", "ab c"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        for (one, other) in [("がく", "かく"), ("ป้า", "ปา"), ("की", "का"), ("김", "기"), ("王", "玉")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["Ǿystein Ærlig", "ガガーリン", "김민수", "ก๊อก", "ﷺ", "e\u{301}\u{327}x", "ǆ", "ΐ", "ſt"] {
            assert_eq!(folded(&folded(text)), folded(text), "{text}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((at_most("aé", 2), at_most("aé", 3), at_most("é", 0), at_most("ab", 9)), ("a", "aé", "", "ab"));
    }
}
