//! How far back recorded events are looked at: what must be kept so that nothing is answered differently because it is gone.

use crate::{ast::When, code::Window, parser::Parser};
use model::Duration;

/// How far back of now recorded events are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    #[default]
    Nothing,
    /// As far as this.
    Back(Duration),
    /// However long ago they happened: there is no window, or it begins at a date.
    Ever,
}

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;
/// The most days of a month.
const LONG_MONTH: i64 = 31;
/// The most days of a year.
const LONG_YEAR: i64 = 366;

impl Reach {
    /// The farther of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, farther) | (farther, Self::Nothing) => farther,
            (Self::Ever, _) | (_, Self::Ever) => Self::Ever,
            (Self::Back(one), Self::Back(two)) => {
                // Neither may be within the other: then both are.
                let farther = |a: Duration, b: Duration| a.months >= b.months && a.micros >= b.micros;
                match (farther(one, two), farther(two, one)) {
                    (true, _) => Self::Back(one),
                    (false, true) => Self::Back(two),
                    (false, false) => Self::Back(Duration { months: one.months.max(two.months), micros: one.micros.max(two.micros) }),
                }
            }
        }
    }

    /// Whether all it looks at is kept if things are kept for so long, whatever the calendar says.
    pub fn is_within(self, kept: Duration) -> bool {
        match self {
            Self::Nothing => true,
            Self::Ever => false,
            Self::Back(reach) if reach.months <= kept.months && reach.micros <= kept.micros => true,
            Self::Back(reach) => longest(reach) <= shortest(kept),
        }
    }

    /// How many microseconds back of now it may look; none: however far.
    pub fn micros(self) -> Option<i64> {
        match self {
            Self::Nothing => Some(0),
            Self::Back(reach) => Some(longest(reach)),
            Self::Ever => None,
        }
    }

    pub(crate) fn of(window: &Window) -> Self {
        let days = |days: i64| Self::Back(Duration { months: 0, micros: days * DAY });
        match window {
            // A date stays where it is and now goes on; what moves with now is not told from it.
            Window::Ever | Window::Since(_) | Window::Between(..) => Self::Ever,
            Window::Last { span, .. } => Self::Back(*span),
            Window::Calendar { when, .. } => match when {
                When::Today => days(1),
                When::Yesterday => days(2),
                When::This(unit) => days(unit.most_days()),
                When::Previous(unit) => days(2 * unit.most_days()),
                When::Tomorrow | When::Next(_) => Self::Nothing,
            },
        }
    }
}

/// The most that a duration can be.
fn longest(of: Duration) -> i64 {
    let (years, months) = (i64::from(of.months) / 12, i64::from(of.months) % 12);
    of.micros.saturating_add((years * LONG_YEAR + months * LONG_MONTH).saturating_mul(DAY))
}

/// The least that it can be.
fn shortest(of: Duration) -> i64 {
    let (years, months) = (i64::from(of.months) / 12, i64::from(of.months) % 12);
    of.micros.saturating_add((years * 365 + months * 28).saturating_mul(DAY))
}

/// Reads a whole text as a duration in the words of conditions: `90 days`, `2 years`, `1h30m`.
pub fn read_duration(text: &str) -> Option<Duration> {
    if text.len() > 200 {
        return None;
    }
    let mut parser = Parser::at(text, 0);
    let read = parser.whole_duration()?;
    parser.problems.is_empty().then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Reach {
        match text {
            "" => Reach::Nothing,
            "ever" => Reach::Ever,
            text => Reach::Back(read_duration(text).unwrap()),
        }
    }

    #[test]
    fn durations_are_read_in_the_words_of_conditions() {
        let read = |text| read_duration(text).map(|d| (d.months, d.micros / DAY));
        for (text, is) in
            [("90 days", (0, 90)), ("2 years", (24, 0)), ("18 months", (18, 0)), ("2w", (0, 14)), ("1 year 6 months 3d", (18, 3))]
        {
            assert_eq!(read(text), Some(is), "{text}");
        }
        for text in ["", "two years", "2", "years", "2 years ago", "-1 day", "1.5 years", "2 years,"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_farther_of_two_covers_both() {
        for (one, two, both) in [
            ("", "30 days", "30 days"),
            ("30 days", "ever", "ever"),
            ("30 days", "90 days", "90 days"),
            ("2 years", "1 year", "2 years"),
            ("1 month", "40 days", "1 month 40d"),
        ] {
            assert_eq!(reach(one).or(reach(two)), reach(both));
            assert_eq!(reach(two).or(reach(one)), reach(both));
        }
    }

    #[test]
    fn what_is_kept_is_held_against_the_longest_month() {
        for (back, kept, is) in [
            ("30 days", "30 days", true),
            ("30 days", "29 days", false),
            ("1 month", "30 days", false),
            ("1 month", "31 days", true),
            ("31 days", "1 month", false),
            ("28 days", "1 month", true),
            ("12 months", "1 year", true),
            ("1 year", "365 days", false),
            ("365 days", "1 year", true),
            ("ever", "100 years", false),
            ("", "1 day", true),
        ] {
            assert_eq!(reach(back).is_within(read_duration(kept).unwrap()), is, "{back} within {kept}");
        }
    }
}
