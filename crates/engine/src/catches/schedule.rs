//! `schedule: "0 9 * * mon"`: the clock starts the skill, in the bot's zone, for everybody whom `to:` names.
//!
//! Occurrences are computed by the calendar of the zone: a time that the clocks skip runs once after the gap, one that
//! they repeat runs once. Who has run when is the caller's to remember.

use super::{Catch, CatchKind, Signal};
use crate::bot::reader::{At, Reader, took};
use cron::Cron;
use expr::Condition;
use jiff::tz::TimeZone;
use model::Instant;
use syntax::{Diagnostic, Span};

/// The longest that the last missed occurrence is made up for, if `grace` does not say: an hour.
const GRACE: i64 = 3_600_000_000;

pub(crate) struct Schedule;

/// Whom a schedule reaches, and how late it may.
#[derive(Debug)]
pub(crate) struct Whom {
    /// The contacts; none means everybody who can be reached.
    pub to: Option<Condition>,
    /// How long after its time an occurrence that was missed is made up for, in microseconds.
    pub grace: i64,
}

/// When a schedule comes.
#[derive(Debug)]
pub(crate) struct Timetable {
    /// As written.
    pub pattern: String,
    cron: Cron,
}

impl Timetable {
    /// The first occurrence after an instant.
    pub(crate) fn next(&self, after: Instant, zone: &TimeZone) -> Option<Instant> {
        let from = after.to_timestamp().to_zoned(zone.clone());
        Some(self.cron.find_next_occurrence(&from, false).ok()?.timestamp().into())
    }

    /// The last occurrence up to an instant, that one included.
    pub(crate) fn last(&self, until: Instant, zone: &TimeZone) -> Option<Instant> {
        let from = until.to_timestamp().to_zoned(zone.clone());
        Some(self.cron.find_previous_occurrence(&from, true).ok()?.timestamp().into())
    }
}

impl CatchKind for Schedule {
    fn summary(&self) -> &'static str {
        "the clock: minute, hour, day of month, month and weekday, in the zone of the bot"
    }
    fn key(&self) -> &'static str {
        "schedule"
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let written = reader.text(value, "a schedule")?.trim();
        let fields = written.split_whitespace().count();
        if written.starts_with('@') || fields != 5 {
            let message = format!("a schedule has five fields, \"{written}\" has {fields}");
            let message = if written.starts_with('@') { format!("\"{written}\" is not how a schedule is written here") } else { message };
            let diagnostic = Diagnostic::error("E0176", value.span, message);
            reader.out.push(match syntax::five_fields(written) {
                Some(fields) => diagnostic
                    .help(format!("write minute, hour, day of month, month and weekday: \"{fields}\""))
                    .replace(value.span, format!("\"{fields}\""), "write the five fields"),
                None => diagnostic.help(
                    "write minute, hour, day of month, month and weekday: \"0 9 * * mon\" is Monday at 9:00, \"*/30 * * * *\" every half hour",
                ),
            });
            return None;
        }
        let parser = cron::parser::CronParser::builder().seconds(cron::parser::Seconds::Disallowed).year(cron::parser::Year::Disallowed);
        let cron = match parser.build().parse(written) {
            Ok(cron) => cron,
            Err(why) => {
                reader.out.push(
                    Diagnostic::error("E0176", value.span, format!("this schedule cannot be read: {}", plain(&why.to_string())))
                        .help("the fields are minute 0-59, hour 0-23, day 1-31, month 1-12 or jan-dec, weekday 0-7 or sun-sat"),
                );
                return None;
            }
        };
        let timetable = Timetable { pattern: written.to_owned(), cron };
        // Whether a date ever comes does not depend on the zone or the year this is checked in: 2028 has a 29 February.
        if timetable.next(Instant::from_secs(1_798_761_600), &TimeZone::UTC).is_none() {
            reader.out.push(
                Diagnostic::error("E0177", value.span, format!("\"{written}\" never comes: there is no such day"))
                    .help("look at the day of month and the month: 30 February, for one, does not exist"),
            );
            return None;
        }
        Some(Box::new(timetable))
    }
}

fn plain(why: &str) -> String {
    let why = why.trim_end_matches('.').replace("CronPattern", "it").replace("Component error: ", "");
    let mut chars = why.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Reads `to` and `grace`, which only a schedule has.
pub(super) fn read_audience(
    is_schedule: bool,
    value: At<'_>,
    to: Option<(Span, At<'_>)>,
    grace: Option<(Span, At<'_>)>,
    reader: &mut Reader<'_>,
) -> Option<Option<Whom>> {
    if !is_schedule {
        for (key, span) in [("to", to.map(|t| t.0)), ("grace", grace.map(|g| g.0))] {
            if let Some(span) = span {
                reader.error("E0101", span, format!("{key} belongs to a schedule; other catches concern the contact at hand"));
            }
        }
        return Some(None);
    }
    let grace = match grace {
        None => GRACE,
        Some((_, node)) => reader.duration(node, "grace")?,
    };
    let to = match to {
        None => {
            reader.out.push(
                Diagnostic::warning("W0218", value.span, "this schedule reaches everybody who can be reached")
                    .help("say whom it is for with to: CONDITION, such as to: in segment vip"),
            );
            None
        }
        Some((_, node)) => {
            let source = crate::bot::reader::text(node, "to", reader.out)?;
            Some(took(Condition::parse(source, &reader.names.in_segment()), node, reader.out)?)
        }
    };
    Some(Some(Whom { to, grace }))
}

impl Catch for Timetable {
    fn catches(&self, _signal: &Signal) -> bool {
        false
    }
    fn schedule(&self) -> Option<&Timetable> {
        Some(self)
    }
    fn spoken(&self) -> String {
        format!("schedule {}", self.pattern)
    }
}
