//! What is the same for everybody in one evaluation.

use crate::Around;
use expr::Everybody;
use jiff::tz::TimeZone;
use model::{Instant, Value};

/// The bot at an instant.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub around: &'a dyn Around,
    pub now: Instant,
}

impl Everybody for Ground<'_> {
    fn now(&self) -> Instant {
        self.now
    }
    fn zone(&self) -> &TimeZone {
        self.around.zone()
    }
    fn common(&self, attribute: &str) -> Option<Option<&Value>> {
        match self.around.declared(attribute) {
            Some(_) => None,
            None => Some(self.around.global(attribute)),
        }
    }
    fn is_open(&self, calendar: &str) -> Option<bool> {
        self.around.is_open(calendar, self.now)
    }
}
