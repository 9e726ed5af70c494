//! `retention:` of bot.yaml: how long what was said, what happened and what was recorded is kept (FL 8).

use super::reader::{At, Fields, text};
use model::{Duration, Instant};
use syntax::{Diagnostic, Diagnostics};

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So long.
    For(Duration),
    /// Until the contact is erased.
    Forever,
}

/// How long what is kept about people is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Messages, and the files that came with them.
    pub messages: Keep,
    /// The journey.
    pub journey: Keep,
    /// Recorded events, which conditions count.
    pub events: Keep,
}

/// Two years.
const TWO_YEARS: Keep = Keep::For(Duration { months: 24, micros: 0 });

impl Default for Retention {
    /// Messages and journey for two years. Events for ever: what counts them must say how far back before they may go.
    fn default() -> Self {
        Self { messages: TWO_YEARS, journey: TWO_YEARS, events: Keep::Forever }
    }
}

impl Retention {
    /// Whether everything is kept for ever.
    pub fn keeps_all(&self) -> bool {
        [self.messages, self.journey, self.events] == [Keep::Forever; 3]
    }
}

impl Keep {
    /// What happened before this instant is kept no longer; none: everything is. Months and years are those of the calendar in UTC.
    pub fn since(self, now: Instant) -> Option<Instant> {
        let Self::For(span) = self else { return None };
        let months = jiff::Span::new().try_months(span.months).ok()?;
        let there = now.to_timestamp().to_zoned(jiff::tz::TimeZone::UTC).checked_sub(months).ok()?;
        Some(Instant::from(there.timestamp()).plus_micros(span.micros.checked_neg()?))
    }
}

impl std::fmt::Display for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::For(span) => write!(f, "{span}"),
            Self::Forever => f.write_str("forever"),
        }
    }
}

/// The least that anything is kept: what agents and customers see must not go while they look at it.
const LEAST: i64 = 86_400_000_000;
/// The most that is written as a length of time: beyond it `forever` is meant.
const MOST: i32 = 12 * 100;

/// Reads `retention: { messages: …, journey: …, events: … }`.
pub(crate) fn read(node: At<'_>, out: &mut Diagnostics) -> Retention {
    let mut retention = Retention::default();
    let Some(mut fields) = Fields::of(node, "retention", out) else { return retention };
    for (key, slot) in [("messages", &mut retention.messages), ("journey", &mut retention.journey), ("events", &mut retention.events)] {
        if let Some(keep) = fields.take(key).and_then(|node| keep(node, key, out)) {
            *slot = keep;
        }
    }
    fields.finish(out);
    retention
}

fn keep(node: At<'_>, key: &str, out: &mut Diagnostics) -> Option<Keep> {
    let written = text(node, key, out)?.trim();
    if written == "forever" {
        return Some(Keep::Forever);
    }
    let Some(span) = expr::read_duration(written) else {
        let message = format!("how long {key} are kept is a length of time or forever, not \"{written}\"");
        let message = if key == "journey" { message.replace("journey are", "the journey is") } else { message };
        out.push(Diagnostic::error("E0370", node.span, message).help("for example 90 days, 18 months or 2 years"));
        return None;
    };
    if span.months == 0 && span.micros < LEAST {
        out.push(
            Diagnostic::error("E0370", node.span, "less than a day is too short: what somebody just wrote would be gone")
                .help("write 1 day or more"),
        );
        return None;
    }
    if span.months > MOST || span.micros > i64::from(MOST) * 31 * LEAST {
        out.push(Diagnostic::error("E0370", node.span, "more than a hundred years is for ever").help("write forever"));
        return None;
    }
    Some(Keep::For(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_says_how_long_ago_it_was() {
        let at = |text: &str| Instant::from(text.parse::<jiff::Timestamp>().expect("a time"));
        let keep = |text: &str| Keep::For(expr::read_duration(text).expect("a duration"));
        for (kept, now, since) in [
            ("2 years", "2028-02-29T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("1 month", "2026-03-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("90 days", "2026-03-31T10:00:00Z", "2025-12-31T10:00:00Z"),
            ("1 month 1 day", "2026-03-31T10:00:00Z", "2026-02-27T10:00:00Z"),
        ] {
            assert_eq!(keep(kept).since(at(now)), Some(at(since)), "{kept} before {now}");
        }
        assert_eq!(Keep::Forever.since(at("2026-03-31T10:00:00Z")), None);
        assert_eq!((Retention::default().messages.to_string(), Keep::Forever.to_string()), ("2 years".into(), "forever".into()));
    }
}
