//! What was recorded about one contact, as conditions see it.

use expr::Events;
use model::{EventRecord, Instant, Value};
use std::borrow::Cow;

/// One contact's recorded events.
pub trait Past {
    /// The events of a name; none if there never was one.
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>>;
}

/// A contact about whom nothing is recorded.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPast;

impl Past for NoPast {
    fn events<'a>(&'a self, _: &str) -> Option<Box<dyn Events + 'a>> {
        None
    }
}

/// Another past and what was recorded since: a step sees what it raised itself (FL 5.8).
pub struct Recorded<'p> {
    /// Before.
    pub before: &'p dyn Past,
    /// Since, in the order it was recorded.
    pub since: &'p [EventRecord],
}

impl Past for Recorded<'_> {
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        recorded(self.before, self.since, name)
    }
}

/// The events of a name in a past and in what was recorded since.
pub fn recorded<'a>(before: &'a dyn Past, since: &'a [EventRecord], name: &str) -> Option<Box<dyn Events + 'a>> {
    let before = before.events(name);
    if !since.iter().any(|event| event.name == name) {
        return before;
    }
    let stored = before.as_ref().map_or(0, |events| events.len());
    let mut order: Vec<(Instant, Place<'a>)> = Vec::with_capacity(stored + 1);
    if let Some(events) = &before {
        order.extend((0..stored).map(|index| (events.at(index), Place::Before(index))));
    }
    order.extend(since.iter().filter(|event| event.name == name).map(|event| (event.at, Place::Since(event))));
    // Stable: those of one instant stay in the order they were recorded.
    order.sort_by_key(|(at, _)| *at);
    Some(Box::new(Merged { before, order }))
}

enum Place<'a> {
    Before(usize),
    Since(&'a EventRecord),
}

struct Merged<'a> {
    before: Option<Box<dyn Events + 'a>>,
    order: Vec<(Instant, Place<'a>)>,
}

impl Events for Merged<'_> {
    fn len(&self) -> usize {
        self.order.len()
    }
    fn at(&self, index: usize) -> Instant {
        self.order.get(index).map_or(Instant::MIN, |(at, _)| *at)
    }
    fn field<'a>(&'a self, index: usize, name: &str) -> Option<Cow<'a, Value>> {
        match &self.order.get(index)?.1 {
            Place::Before(index) => self.before.as_ref()?.field(*index, name),
            Place::Since(event) => event.fields.get(name).map(Cow::Borrowed),
        }
    }
}
