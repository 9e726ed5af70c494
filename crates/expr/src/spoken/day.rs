//! A day.

use super::languages::Language;
use super::words::Word;
use super::{Lean, today};
use crate::Coercion;
use crate::coerce::{Order, order};
use jiff::{Span, civil::Date};

/// From where and in which order a day is told.
pub(super) struct Now {
    today: Date,
    lean: Lean,
    order: Order,
}

impl Now {
    pub fn of(ctx: &Coercion<'_>, lean: Lean) -> Self {
        Self { today: today(ctx), lean, order: order(ctx) }
    }

    fn plus(&self, days: i64) -> Vec<Date> {
        Span::new().try_days(days).ok().and_then(|span| self.today.checked_add(span).ok()).into_iter().collect()
    }

    /// A day of a month without a year: the nearest in the direction that is likely.
    fn without_year(&self, month: i64, day: i64) -> Option<Date> {
        let year = i64::from(self.today.year());
        // The 29th of February is at most eight years away.
        (0..=8).find_map(|away| match self.lean {
            Lean::Future => date(year + away, month, day).filter(|d| *d >= self.today),
            Lean::Past => date(year - away, month, day).filter(|d| *d <= self.today),
        })
    }

    fn with_year(&self, year: &Word, month: i64, day: i64) -> Option<Date> {
        let number = year.number()?;
        let year = match year {
            // Nobody means a year long before calendars.
            Word::Number(digits) if digits.len() == 4 && number >= 1_000 => number,
            // `63` is a year of birth where days gone by are asked for.
            Word::Number(digits) if digits.len() == 2 => {
                let this = 2_000 + number;
                if self.lean == Lean::Past && this > i64::from(self.today.year()) { this - 100 } else { this }
            }
            Word::Number(_) | Word::Text(_) | Word::Mark(_) => return None,
        };
        date(year, month, day)
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The days some words can mean.
pub(super) fn read(words: &[Word], language: &Language, now: &Now) -> Vec<Date> {
    for (phrases, away) in [(language.overmorrow, 2), (language.today, 0), (language.tomorrow, 1), (language.yesterday, -1)] {
        if phrases.iter().any(|phrase| is(&bare(words, language), phrase) || is(words, phrase)) {
            return now.plus(away);
        }
    }
    let found = weekday(words, language, now);
    if !found.is_empty() {
        return found;
    }
    let found = from_now(words, language, now);
    if !found.is_empty() {
        return found;
    }
    by_date(words, language, now)
}

/// The words without those that say nothing.
fn bare(words: &[Word], language: &Language) -> Vec<Word> {
    words.iter().filter(|w| w.text().is_none_or(|t| !language.filler.contains(&t))).cloned().collect()
}

/// Whether words are a phrase.
fn is(words: &[Word], phrase: &str) -> bool {
    words.len() == phrase.split(' ').count() && words.iter().zip(phrase.split(' ')).all(|(word, said)| word.text() == Some(said))
}

/// The words without a phrase that ends them.
pub(super) fn without_end<'w>(words: &'w [Word], phrase: &str) -> Option<&'w [Word]> {
    let (front, end) = words.split_at_checked(words.len().checked_sub(phrase.split(' ').count())?)?;
    is(end, phrase).then_some(front)
}

fn without_front<'w>(words: &'w [Word], phrase: &str) -> Option<&'w [Word]> {
    let (front, rest) = words.split_at_checked(phrase.split(' ').count())?;
    is(front, phrase).then_some(rest)
}

/// The words without one of some phrases at either end.
fn without<'w>(words: &'w [Word], phrases: &[&str]) -> Option<&'w [Word]> {
    phrases.iter().find_map(|phrase| without_front(words, phrase).or_else(|| without_end(words, phrase)))
}

/// `friday`, `next friday`, `last friday`.
fn weekday(words: &[Word], language: &Language, now: &Now) -> Vec<Date> {
    let bare = bare(words, language);
    let (rest, next, last) = match (without(&bare, language.next), without(&bare, language.last)) {
        (Some(rest), _) => (rest, true, false),
        (None, Some(rest)) => (rest, false, true),
        (None, None) => (&*bare, false, false),
    };
    let [Word::Text(name)] = rest else { return Vec::new() };
    let Some(day) = language.weekdays.iter().position(|names| names.contains(&name.as_str())) else { return Vec::new() };
    let weekday = i64::try_from(day).unwrap_or(0);
    let today = i64::from(now.today.weekday().to_monday_zero_offset());
    let ahead = (weekday - today).rem_euclid(7);
    let back = (today - weekday).rem_euclid(7);
    match (next, last, now.lean) {
        (false, true, _) => now.plus(if back == 0 { -7 } else { -back }),
        (false, false, Lean::Past) => now.plus(-back),
        // On a Friday, `friday` can be this one or that of next week.
        (false, false, Lean::Future) if ahead == 0 => [now.plus(0), now.plus(7)].concat(),
        (false, false, Lean::Future) => now.plus(ahead),
        (true, ..) if ahead == 0 => now.plus(7),
        // Before Friday, `next friday` is this week's to some and next week's to others.
        (true, ..) if today + ahead < 7 => [now.plus(ahead), now.plus(ahead + 7)].concat(),
        (true, ..) => now.plus(ahead),
    }
}

/// `in three days`, `two weeks ago`.
fn from_now(words: &[Word], language: &Language, now: &Now) -> Vec<Date> {
    let (rest, sign) = if let Some(rest) = without(words, language.ago) {
        (rest, -1)
    } else if let Some(rest) = language.within.iter().find_map(|phrase| without_front(words, phrase)) {
        (rest, 1)
    } else {
        return Vec::new();
    };
    let [count, Word::Text(unit)] = rest else { return Vec::new() };
    let spelled = |w: &Word| language.numbers.iter().position(|names| w.text().is_some_and(|t| names.contains(&t)));
    let count = count.number().or_else(|| spelled(count).and_then(|at| i64::try_from(at + 1).ok()));
    let Some(count) = count.map(|count| count * sign) else { return Vec::new() };
    let unit = unit.as_str();
    if language.days.contains(&unit) {
        now.plus(count)
    } else if language.weeks.contains(&unit) {
        now.plus(count * 7)
    } else if language.months_word.contains(&unit) {
        Span::new().try_months(count).ok().and_then(|span| now.today.checked_add(span).ok()).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// `12 march 2026`, `march 12th`, `12/3`, `2026-03-12`, `the 12th`.
fn by_date(words: &[Word], language: &Language, now: &Now) -> Vec<Date> {
    let kept = bare(words, language);
    // A weekday before a date says nothing more.
    let named = |w: &Word| w.text().is_some_and(|t| language.weekdays.iter().any(|names| names.contains(&t)));
    let kept = match kept.as_slice() {
        [first, rest @ ..] if named(first) && rest.len() > 1 => rest,
        all => all,
    };
    let month = |w: &Word| {
        let at = language.months.iter().position(|names| w.text().is_some_and(|t| names.contains(&t)))?;
        i64::try_from(at + 1).ok()
    };
    let one = |day: Option<Date>| day.into_iter().collect::<Vec<_>>();
    match kept {
        [d, m] if d.number().is_some() && month(m).is_some() => one(now.without_year(month(m).unwrap_or(0), d.number().unwrap_or(0))),
        [m, d] if month(m).is_some() && d.number().is_some() => one(now.without_year(month(m).unwrap_or(0), d.number().unwrap_or(0))),
        [d, m, y] if d.number().is_some() && month(m).is_some() => one(now.with_year(y, month(m).unwrap_or(0), d.number().unwrap_or(0))),
        [m, d, y] if month(m).is_some() && d.number().is_some() => one(now.with_year(y, month(m).unwrap_or(0), d.number().unwrap_or(0))),
        [y, Word::Mark(a), m, Word::Mark(b), d] if a == b && *a != ':' && matches!(y, Word::Number(n) if n.len() == 4) => {
            one(m.number().zip(d.number()).and_then(|(m, d)| now.with_year(y, m, d)))
        }
        [first, Word::Mark(a), second, Word::Mark(b), year] if a == b && *a != ':' => {
            both_ways(first, second, *a, now).into_iter().filter_map(|(d, m)| now.with_year(year, m, d)).collect()
        }
        [first, Word::Mark(mark), second] if *mark != ':' => {
            both_ways(first, second, *mark, now).into_iter().filter_map(|(d, m)| now.without_year(m, d)).collect()
        }
        // A number alone is a day only where something else says so: an article, an ending.
        [Word::Number(digits)] if words.len() > 1 && digits.len() <= 2 => {
            let Some(day) = digits.parse::<i64>().ok() else { return Vec::new() };
            let first = now.today.first_of_month();
            let step = if now.lean == Lean::Future { 1 } else { -1 };
            let found = (0..=12).find_map(|away| {
                let month = first.checked_add(Span::new().months(away * step)).ok()?;
                let day = date(i64::from(month.year()), i64::from(month.month()), day)?;
                let fits = if now.lean == Lean::Future { day >= now.today } else { day <= now.today };
                fits.then_some(day)
            });
            one(found)
        }
        _ => Vec::new(),
    }
}

/// Two numbers as day and month, in the order or orders that can be meant.
fn both_ways(first: &Word, second: &Word, mark: char, now: &Now) -> Vec<(i64, i64)> {
    let (Some(a), Some(b)) = (first.number(), second.number()) else { return Vec::new() };
    match now.order {
        _ if a == b || mark == '.' || a > 12 => vec![(a, b)],
        _ if b > 12 => vec![(b, a)],
        Order::DayFirst => vec![(a, b)],
        Order::MonthFirst => vec![(b, a)],
        Order::Unsure => vec![(a, b), (b, a)],
    }
}
