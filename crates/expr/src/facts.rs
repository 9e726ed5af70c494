//! Everything that is known about a contact at one instant, and the budget an evaluation may spend.

use crate::Truth;
use jiff::tz::TimeZone;
use model::{Instant, Record, TagKey, Value};
use std::borrow::Cow;

/// What a dotted path may begin with besides `contact` (FL 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The event at hand.
    Event,
    /// The run at hand.
    Run,
    /// The place in the queue for a human.
    Queue,
    /// The bot.
    Bot,
}

impl Root {
    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Run => "run",
            Self::Queue => "queue",
            Self::Bot => "bot",
        }
    }
}

/// The recorded events of one name, ordered by when they happened; those of one instant in the order they were recorded.
pub trait Events {
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// When the event at a place happened.
    fn at(&self, index: usize) -> Instant;
    /// A field of the event at a place; none if it has no such field.
    fn field<'a>(&'a self, index: usize, name: &str) -> Option<Cow<'a, Value>>;
}

/// Everything known about the contact at this instant.
///
/// `now`, `today`, `hour`, `weekday` and `timezone` are answered from [`Facts::now`] and the zones, `language`
/// from [`Facts::language`]; [`Facts::system`] is asked for every other system attribute.
pub trait Facts {
    /// The instant everything is judged at.
    fn now(&self) -> Instant;
    /// The bot's time zone.
    fn bot_zone(&self) -> &TimeZone;
    /// The contact's time zone, or the bot's.
    fn contact_zone(&self) -> &TimeZone;
    /// The contact's language.
    fn language(&self) -> Option<String>;
    /// A run variable.
    fn variable<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>>;
    /// A declared attribute, its default applied.
    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>>;
    /// A system attribute: see [`crate::SYSTEM`].
    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>>;
    /// The fields of a root.
    fn root(&self, root: Root) -> Option<Record>;
    /// The last thing the customer sent.
    fn input(&self) -> Option<Value>;
    /// Since when the contact has a tag.
    fn tag_added(&self, key: &TagKey) -> Option<Instant>;
    /// Whether the contact is in a segment; unknown if the segment is invalid.
    fn in_segment(&self, name: &str, fuel: &mut Fuel) -> Truth;
    /// Whether the contact has an address on a channel.
    fn has_channel(&self, name: &str) -> bool;
    /// Whether messages get through on a channel, or on any.
    fn reachable(&self, channel: Option<&str>) -> bool;
    /// Whether the contact agreed to a topic.
    fn consent(&self, topic: &str) -> Truth;
    /// When a skill last ran for the contact.
    fn ran_skill(&self, skill: &str) -> Option<Instant>;
    /// The recorded events of a name; none if there never was one. Those later than [`Facts::now`] do not count.
    fn events<'a>(&'a self, _name: &str) -> Option<Box<dyn Events + 'a>> {
        None
    }
    /// The channels on which the contact has an address, for explanations; with `through` those on which messages get through.
    fn channels(&self, _through: bool) -> Vec<Cow<'_, str>> {
        Vec::new()
    }
    /// What decides whether the contact agreed to a topic, for explanations: when they answered, or the stage of whoever opted out of
    /// everything; none if they were never asked.
    fn consent_seen(&self, _topic: &str) -> Option<Value> {
        None
    }
    /// When a declared attribute last changed; none if it never did.
    fn changed_at(&self, _attribute: &str) -> Option<Instant> {
        None
    }
    /// What agents noted about the contact.
    fn notes(&self) -> Vec<Cow<'_, str>> {
        Vec::new()
    }
    /// Whether a calendar of the bot is open now; none if there is no such calendar.
    fn is_open(&self, _calendar: &str) -> Option<bool> {
        None
    }
    /// The next instant at which a calendar of the bot may open or close; none if that is not known.
    fn calendar_turns(&self, _calendar: &str) -> Option<Instant> {
        None
    }
}

/// What an evaluation may still spend; one unit is about one byte produced or one node visited (FL 5.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel(u64);

impl Fuel {
    /// A budget of so many units.
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// What is left.
    pub const fn left(self) -> u64 {
        self.0
    }

    /// Spends units.
    ///
    /// # Errors
    /// [`EvalError::OutOfFuel`] if fewer are left; then none is left.
    pub fn spend(&mut self, units: u64) -> Result<(), EvalError> {
        match self.0.checked_sub(units) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(EvalError::OutOfFuel)
            }
        }
    }
}

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The budget of the step is spent: a limit of the engine, so the step is broken (FL 5.7).
    #[error("the expression needs more work than a step may do; make its texts and lists smaller")]
    OutOfFuel,
    /// Arithmetic that has no answer (a missing value, division by zero, overflow): the `error` outcome (FL 6.5).
    #[error("{0}")]
    Arithmetic(String),
}
