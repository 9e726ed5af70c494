//! What was meant for many and reached this contact: a trigger's event, the occurrence of a schedule (FL 4).

use super::stepper::Stepper;
use crate::blocks::Fault;
use crate::bot::{CatchEntry, Skill};
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
            Occasion::Event { name, fields } => self.raise_outside(name, fields, None, by.clone()),
            Occasion::Schedule { skill, pattern, to, at } => {
                if self.storm() {
                    return Ok(());
                }
                // A schedule that is gone from the bot starts nothing any more.
                let Some(skill) = self.bot.skill(skill).cloned() else { return Ok(()) };
                let event = Record::from([("at".to_owned(), Value::DateTime(*at))]);
                // One occurrence starts a skill once: through the first of its catches that lets the contact in.
                for catch in scheduled(&skill, pattern, to.as_deref()) {
                    if self.start_catch(&skill, catch, event.clone(), Cause::Other)? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

/// The catches of a skill that an occurrence is of, in file order: those of its pattern for the same people. If whom it is for
/// was edited since the audience was frozen, the first of its pattern stands in.
fn scheduled(skill: &Skill, pattern: &str, to: Option<&str>) -> Vec<usize> {
    let of_pattern = |(_, c): &(usize, &CatchEntry)| c.kind.schedule().is_some_and(|s| s.pattern == pattern);
    let whom = |c: &CatchEntry| c.audience.as_ref().and_then(|whom| whom.to.as_ref()).map(ToString::to_string);
    let all: Vec<(usize, &CatchEntry)> = skill.catches.iter().enumerate().filter(of_pattern).collect();
    let exact: Vec<usize> = all.iter().filter(|(_, c)| whom(c).as_deref() == to).map(|(at, _)| *at).collect();
    if exact.is_empty() { all.first().map(|(at, _)| *at).into_iter().collect() } else { exact }
}
