//! Days and times of day as people say them: `tomorrow at 5`, `el viernes`, `12/3`, `in drei Tagen` (FL 7.6).
//!
//! What can be meant in several ways is answered with all of them, likeliest first, so that the person can be asked.
//! A language is one table ([`languages`]); the person's own is tried first, then the others.

mod day;
mod languages;
mod show;
mod time;
mod words;

use crate::{Coercion, calendar};
use jiff::civil::{Date, DateTime, Time};
use languages::{LANGUAGES, Language};
pub use show::{show_day, show_moment, show_time};
use words::Word;

/// The longest text that is read, in characters.
const LONGEST: usize = 80;
/// The most readings a person is asked to choose from.
const MOST: usize = 4;

/// Which of the days that could be meant are likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    /// Those to come: an appointment.
    Future,
    /// Those gone by: a birthday, an order.
    Past,
}

/// The days a text can mean; none if it is no day.
pub fn days(text: &str, ctx: &Coercion<'_>, lean: Lean) -> Vec<Date> {
    read(text, ctx, |words, language| day::read(words, language, &day::Now::of(ctx, lean)))
}

/// The times of day a text can mean; none if it is no time.
pub fn times(text: &str, ctx: &Coercion<'_>) -> Vec<Time> {
    read(text, ctx, time::read)
}

/// The points in time, by the clock on the wall, that a text can mean; none if it does not say both a day and a time.
pub fn moments(text: &str, ctx: &Coercion<'_>, lean: Lean) -> Vec<DateTime> {
    read(text, ctx, |words, language| {
        let now = day::Now::of(ctx, lean);
        let mut found = Vec::new();
        // The day may stand before the time or behind it.
        for at in 1..words.len() {
            let (front, back) = words.split_at(at);
            for (of_day, of_time) in [(front, back), (back, front)] {
                let times = time::read(of_time, language);
                if times.is_empty() {
                    continue;
                }
                let days = day::read(of_day, language, &now);
                found.extend(days.iter().flat_map(|day| times.iter().map(|time| day.to_datetime(*time))));
                if !found.is_empty() {
                    return found;
                }
            }
        }
        found
    })
}

fn read<T: PartialEq>(text: &str, ctx: &Coercion<'_>, with: impl Fn(&[Word], &'static Language) -> Vec<T>) -> Vec<T> {
    if text.chars().count() > LONGEST {
        return Vec::new();
    }
    let words = words::divide(text);
    let own = ctx.language.unwrap_or("en").split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let first = LANGUAGES.iter().filter(|l| l.code == own);
    for language in first.chain(LANGUAGES.iter().filter(|l| l.code != own)) {
        let mut found: Vec<T> = Vec::new();
        for reading in with(&words, language) {
            if !found.contains(&reading) {
                found.push(reading);
            }
        }
        if !found.is_empty() {
            found.truncate(MOST);
            return found;
        }
    }
    Vec::new()
}

/// The day it is for the bot.
fn today(ctx: &Coercion<'_>) -> Date {
    calendar::day(ctx.now, ctx.zone)
}

#[cfg(test)]
mod tests;
