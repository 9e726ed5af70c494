//! What somebody types to find a person: words, each of which must be there, in one of several readings.
//!
//! `0912 345 678` is three words; it is also a phone number, whose digits are looked for as one text without the leading zeros, so that
//! it is found however it was written down. `con_01JZ…` is the beginning of an id.

use super::{
    entry::{LAST_MARK, PHONE},
    fold::{at_most, folded},
};
use memchr::memmem::Finder;
use std::ops::RangeInclusive;

/// The longest text that is looked for, in bytes.
const LONGEST: usize = 160;
/// Words of it.
const WORDS: usize = 8;
/// The fewest digits that make a phone number.
const DIGITS: usize = 3;

/// How well somebody fits; the smaller the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// All of what was typed is all of a name, an address, a number or an id.
    Whole,
    /// Every word begins a word.
    Begins,
    /// Every word is in there somewhere.
    Within,
}

/// What is looked for.
#[derive(Debug)]
pub struct Query {
    /// All of what was typed.
    whole: Word,
    readings: Vec<Vec<Word>>,
    ids: Option<RangeInclusive<u128>>,
}

/// One word of a reading.
#[derive(Debug)]
struct Word {
    find: Finder<'static>,
    /// Whether it is the digits of a phone number.
    phone: bool,
}

impl Word {
    fn new(text: &str, phone: bool) -> Self {
        Self { find: Finder::new(text.as_bytes()).into_owned(), phone }
    }

    fn len(&self) -> usize {
        self.find.needle().len()
    }

    /// How it fits to a row's fields; none if it is not there.
    fn fit(&self, fields: &[u8]) -> Option<Fit> {
        let mut best = None;
        let mut from = 0;
        while let Some(found) = fields.get(from..).and_then(|rest| self.find.find(rest)) {
            let (start, end) = (from + found, from + found + self.len());
            from = start + 1;
            let before = start.checked_sub(1).and_then(|at| fields.get(at)).copied().unwrap_or(0);
            let (first, last) = (before <= LAST_MARK, fields.get(end).is_none_or(|after| *after <= LAST_MARK));
            if self.phone && mark_of(fields, start) != Some(PHONE) {
                continue;
            }
            if first && last {
                return Some(Fit::Whole);
            }
            // A number without its country begins in the middle and goes on to the end.
            let begins = if self.phone { first || last } else { before.is_ascii() && !before.is_ascii_alphanumeric() };
            best = if begins { Some(Fit::Begins) } else { best.or(Some(Fit::Within)) };
        }
        best
    }
}

/// The mark of the field that a place belongs to.
fn mark_of(fields: &[u8], place: usize) -> Option<u8> {
    fields.get(..place)?.iter().rev().copied().find(|byte| *byte <= LAST_MARK)
}

impl Query {
    /// Reads what was typed; none if there is nothing in it to look for.
    pub fn read(text: &str) -> Option<Self> {
        let text = folded(at_most(text, LONGEST * 4));
        let text = at_most(&text, LONGEST).trim_end();
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).take(WORDS).collect();
        if words.is_empty() {
            return None;
        }
        let mut readings = vec![words.iter().map(|word| Word::new(word, false)).collect()];
        readings.extend(with_phones(&words));
        Some(Self { whole: Word::new(text, false), readings, ids: ids(text) })
    }

    /// The ids that what was typed is the beginning of.
    pub(super) fn ids(&self) -> Option<&RangeInclusive<u128>> {
        self.ids.as_ref()
    }

    /// In how many ways somebody may fit.
    pub(super) fn readings(&self) -> usize {
        self.readings.len() + usize::from(self.ids.is_some())
    }

    /// For each reading: what is worth looking for first, and the reading's number.
    pub(super) fn needles(&self) -> impl Iterator<Item = (&Finder<'static>, usize)> {
        let longest = |reading: &'_ Vec<Word>| reading.iter().enumerate().max_by_key(|(_, word)| word.len()).map(|(at, _)| at);
        self.readings.iter().enumerate().filter_map(move |(number, reading)| Some((&reading.get(longest(reading)?)?.find, number)))
    }

    /// How a row's fields fit to a reading; none if they do not.
    pub(super) fn fit(&self, reading: usize, fields: &[u8]) -> Option<Fit> {
        let words = self.readings.get(reading)?;
        if let [word] = words.as_slice() {
            return word.fit(fields);
        }
        // Of several words each can be a field of its own; all of them together are one only as they were typed.
        let mut worst = Fit::Begins;
        for word in words {
            worst = worst.max(word.fit(fields)?);
        }
        Some(if self.whole.fit(fields) == Some(Fit::Whole) { Fit::Whole } else { worst })
    }
}

/// The reading in which everything that looks like a phone number is one; none if nothing does.
fn with_phones(words: &[&str]) -> Option<Vec<Word>> {
    let mut reading: Vec<Word> = Vec::new();
    let (mut run, mut found) = (Vec::new(), false);
    for word in words.iter().map(Some).chain([None]) {
        if let Some(word) = word.filter(|word| is_dialled(word)) {
            run.push(*word);
            continue;
        }
        if !run.is_empty() {
            let written = run.join(" ").replace("(0)", "");
            let digits: String = written.chars().filter(char::is_ascii_digit).collect();
            let digits = digits.trim_start_matches('0');
            // A word that says the same as it stands was read already.
            if digits.len() >= DIGITS && run != [digits] {
                reading.push(Word::new(digits, true));
                found = true;
            } else {
                reading.extend(run.iter().map(|word| Word::new(word, false)));
            }
            run.clear();
        }
        reading.extend(word.map(|word| Word::new(word, false)));
    }
    found.then_some(reading)
}

fn is_dialled(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit() || b"+-().,/".contains(&byte)) && !word.contains('@')
}

/// The ids that begin so: `con_` and up to 26 signs of Crockford's base 32.
fn ids(text: &str) -> Option<RangeInclusive<u128>> {
    let signs = text.strip_prefix("con_").filter(|signs| (1..=26).contains(&signs.len()))?;
    let mut first: u128 = 0;
    for (at, sign) in signs.bytes().enumerate() {
        let digit = match sign {
            b'0' | b'o' => 0,
            b'1' | b'i' | b'l' => 1,
            b'2'..=b'9' => sign - b'0',
            b'a'..=b'h' => sign - b'a' + 10,
            b'j' | b'k' => sign - b'j' + 18,
            b'm' | b'n' => sign - b'm' + 20,
            b'p'..=b't' => sign - b'p' + 22,
            b'v'..=b'z' => sign - b'v' + 27,
            _ => return None,
        };
        // 26 signs are 130 bits; the first two are not used.
        if at == 0 && digit > 7 {
            return None;
        }
        first = first << 5 | u128::from(digit);
    }
    let left = 5 * (26 - signs.len());
    let first = first << left;
    Some(first..=first | ((1_u128 << left) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ContactId;

    fn read(text: &str) -> Vec<Vec<(String, bool)>> {
        let query = Query::read(text).expect("there is something to look for");
        let word = |word: &Word| (String::from_utf8(word.find.needle().to_vec()).unwrap(), word.phone);
        query.readings.iter().map(|reading| reading.iter().map(word).collect()).collect()
    }

    #[test]
    fn numbers_are_read_as_words_and_as_numbers() {
        let phone = |text: &str| read(text).get(1).cloned();
        let number = |digits: &str| Some(vec![(digits.to_owned(), true)]);
        assert_eq!(phone("0912 345-678"), number("912345678"));
        assert_eq!(phone("+886 912 345 678"), number("886912345678"));
        assert_eq!(phone("00886912345678"), number("886912345678"));
        assert_eq!(phone("+44 (0)20 7946 0000"), number("442079460000"));
        assert_eq!(phone("(02) 2345"), number("22345"));
        assert_eq!(phone("ann 0912"), Some(vec![("ann".into(), false), ("912".into(), true)]));
        assert_eq!((phone("912"), phone("00"), phone("ann"), phone("12 - 0")), (None, None, None, number("120")));
        assert_eq!(read("Ann  MILLER")[0], [("ann".to_owned(), false), ("miller".to_owned(), false)]);
        assert!(Query::read(" \u{200b}\n").is_none());
    }

    #[test]
    fn the_beginning_of_an_id_is_a_range_of_ids() {
        let id = ContactId(0x0198_7654_3210_fedc_ba98_7654_3210_0f0f);
        let text = id.to_string();
        for length in 5..=text.len() {
            let range = ids(&text.chars().take(length).collect::<String>().to_lowercase()).unwrap();
            assert!(range.contains(&id.0), "{length}");
            assert_eq!(range.start() == range.end(), length == text.len());
        }
        assert!(ids("con_").is_none() && ids("con_u").is_none() && ids("con_8").is_none() && ids("ann").is_none());
        assert_eq!(ids("con_7zzzzzzzzzzzzzzzzzzzzzzzzz").unwrap(), u128::MAX..=u128::MAX);
    }
}
