//! A time of day.

use super::languages::Language;
use super::words::Word;
use jiff::civil::Time;

/// The times some words can mean.
pub(super) fn read(words: &[Word], language: &Language) -> Vec<Time> {
    let (words, half) = half_of_day(words, language);
    let kept: Vec<&Word> = words.iter().filter(|w| w.text().is_none_or(|t| !language.filler.contains(&t))).collect();
    if let [Word::Text(word)] = kept.as_slice() {
        return if language.noon.contains(&word.as_str()) {
            at(12, 0).into_iter().collect()
        } else if language.midnight.contains(&word.as_str()) {
            at(0, 0).into_iter().collect()
        } else {
            Vec::new()
        };
    }
    let hour_word = |w: &Word| w.text().is_some_and(|t| language.hour.contains(&t));
    // Whether minutes, or a leading 0, show that the clock of 24 hours is meant is a matter of what was written.
    let (hour, minute, led) = match kept.as_slice() {
        [h] => (h.number(), Some(0), led(h)),
        [h, word] if hour_word(word) => (h.number(), Some(0), led(h)),
        [h, Word::Mark(':' | '.'), m] => (h.number(), minutes(m), led(h)),
        [h, Word::Mark(':' | '.'), m, word] if hour_word(word) => (h.number(), minutes(m), true),
        [h, word, m] if hour_word(word) => (h.number(), minutes(m), true),
        _ => return Vec::new(),
    };
    let (Some(hour), Some(minute)) = (hour, minute) else { return Vec::new() };
    let times = match (hour, half) {
        (0..=11, Some(Half::Morning)) => vec![at(hour, minute)],
        (12, Some(Half::Morning)) => vec![at(0, minute)],
        (1..=11, Some(Half::Afternoon)) => vec![at(hour + 12, minute)],
        (12..=23, Some(Half::Afternoon)) => vec![at(hour, minute)],
        (1..=11, None) if !led => vec![at(hour, minute), at(hour + 12, minute)],
        (0..=23, None) => vec![at(hour, minute)],
        _ => Vec::new(),
    };
    times.into_iter().flatten().collect()
}

enum Half {
    Morning,
    Afternoon,
}

/// Takes what says which half of the day is meant from the end.
fn half_of_day<'w>(words: &'w [Word], language: &Language) -> (&'w [Word], Option<Half>) {
    for (phrases, half) in [(language.morning, Half::Morning), (language.afternoon, Half::Afternoon)] {
        for phrase in phrases {
            if let Some(rest) = super::day::without_end(words, phrase) {
                return (rest, Some(half));
            }
        }
    }
    (words, None)
}

/// Whether an hour is written with two digits: `05:00` is never five in the afternoon.
fn led(word: &Word) -> bool {
    matches!(word, Word::Number(digits) if digits.starts_with('0'))
}

fn minutes(word: &Word) -> Option<i64> {
    match word {
        Word::Number(digits) if digits.len() == 2 => word.number(),
        Word::Number(_) | Word::Text(_) | Word::Mark(_) => None,
    }
}

fn at(hour: i64, minute: i64) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}
