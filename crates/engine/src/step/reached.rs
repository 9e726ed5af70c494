//! What was meant for many and reached this contact: a trigger's event, the occurrence of a schedule (FL 4).

use super::stepper::Stepper;
use crate::blocks::Fault;
use model::{Actor, Cause, JourneyKind, Occasion, Record, Value};

impl Stepper<'_> {
    /// One of an audience: nothing happens to somebody who opted out or is blocked meanwhile (FL 7.9).
    pub(crate) fn reached(&mut self, what: &Occasion, by: &Actor) -> Result<(), Fault> {
        let status = self.contact.status.clone();
        if matches!(status.as_str(), "unsubscribed" | "blocked") {
            let name = match what {
                Occasion::Event { name, .. } => name,
                Occasion::Schedule { pattern, .. } => pattern,
            };
            self.journey(by.clone(), JourneyKind::Delivery(format!("{name} did not reach the contact, who is {status}")));
            return Ok(());
        }
        match what {
            Occasion::Event { name, fields } => self.raise_outside(name, fields, by.clone()),
            Occasion::Schedule { skill, pattern, at } => {
                if self.storm() {
                    return Ok(());
                }
                // A schedule that is gone from the bot starts nothing any more.
                let Some(skill) = self.bot.skill(skill).cloned() else { return Ok(()) };
                let of_pattern = |c: &crate::bot::CatchEntry| c.kind.schedule().is_some_and(|s| s.pattern == *pattern);
                let Some(catch) = skill.catches.iter().position(of_pattern) else { return Ok(()) };
                let event = Record::from([("at".to_owned(), Value::DateTime(*at))]);
                self.start_catch(&skill, catch, event, Cause::Other).map(|_| ())
            }
        }
    }
}
