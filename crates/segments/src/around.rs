//! What is the same for every contact: the bot's zone, declarations, globals and calendars.

use jiff::tz::TimeZone;
use model::{AttributeDef, Instant, Record, Value};

/// What a condition may ask besides the contact. A bot implements it.
pub trait Around: Sync {
    /// The bot's time zone.
    fn zone(&self) -> &TimeZone;
    /// A declared attribute.
    fn declared(&self, name: &str) -> Option<&AttributeDef>;
    /// A global attribute's value.
    fn global(&self, name: &str) -> Option<&Value>;
    /// What `bot.…` stands for, told in a contact's language; none if nothing is known of the bot itself.
    fn about(&self, _language: Option<&str>) -> Option<Record> {
        None
    }
    /// Whether a calendar is open at an instant; none if there is no such calendar.
    fn is_open(&self, calendar: &str, now: Instant) -> Option<bool>;
    /// The next instant at which a calendar may open or close; none if that is not known.
    fn calendar_turns(&self, _calendar: &str, _now: Instant) -> Option<Instant> {
        None
    }
}
