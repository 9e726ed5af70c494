//! What was meant for many and reached this contact: a trigger's event, the occurrence of a schedule (FL 4).

use super::blocked::BLOCKED;
use super::opt_out::UNSUBSCRIBED;
use super::stepper::Stepper;
use crate::blocks::Fault;
use crate::bot::{CatchEntry, Skill};
use model::{Actor, CallKind, Cause, JourneyKind, Occasion, Reached, Record, Value, fold};

/// How many digits a phone number has at the least.
const SHORTEST: usize = 6;

impl Stepper<'_> {
    /// One of an audience: nothing happens to somebody who opted out or is blocked meanwhile (FL 7.9).
    pub(crate) fn reached(&mut self, audience: &str, what: &Occasion, by: &Actor) -> Result<(), Fault> {
        if !self.keep_reached(audience, what, by) {
            return Ok(());
        }
        match what {
            Occasion::Event { name, fields } => self.heed(name, fields),
            Occasion::Change { .. } | Occasion::Erase => Ok(()),
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

    /// What holds whatever becomes of the step: what was changed or happened. Answers whether it reached somebody for whom flows may
    /// begin by it.
    pub(crate) fn keep_reached(&mut self, audience: &str, what: &Occasion, by: &Actor) -> bool {
        let name = match what {
            Occasion::Change { changes } => {
                self.why = Some(format!("change of many {audience}"));
                self.modify(changes, by);
                return false;
            }
            // Whoever is erased has no step any more.
            Occasion::Erase => return false,
            Occasion::Event { name, .. } => name,
            Occasion::Schedule { pattern, .. } => pattern,
        };
        let why = match self.contact.status.as_str() {
            status @ (UNSUBSCRIBED | BLOCKED) => Some(format!("is {status}")),
            _ => self.opted_out().then(|| format!("refused messages on {}", self.conversation.address.channel)),
        };
        if let Some(why) = why {
            self.journey(by.clone(), JourneyKind::Delivery(format!("{name} did not reach the contact, who {why}")));
            return false;
        }
        self.journey_reached(audience, what, by);
        if let Occasion::Event { name, fields } = what {
            self.record_event(name, fields, None, by.clone());
        }
        true
    }

    /// The line that tells what reached the contact; what is said for it is noted when the step is over.
    fn journey_reached(&mut self, audience: &str, what: &Occasion, by: &Actor) {
        let (name, schedule) = match what {
            Occasion::Event { name, fields: _ } => (name, false),
            Occasion::Schedule { skill, pattern: _, to: _, at: _ } => (skill, true),
            Occasion::Change { .. } | Occasion::Erase => return,
        };
        self.why = Some(format!("broadcast {name}"));
        self.reached_line = Some((self.out.journey.len(), self.conversation.last_no));
        let reached = Reached { audience: audience.to_owned(), name: name.clone(), schedule, lines: None, calls: Vec::new() };
        self.journey(by.clone(), JourneyKind::Reached(reached));
    }

    /// Notes what was said and sent for what reached the contact.
    pub(super) fn note_said(&mut self) {
        let Some((at, before)) = self.reached_line else { return };
        let last = self.conversation.last_no;
        let calls = self.out.calls.iter().filter(|call| self.is_to_contact(&call.what)).map(|call| call.id).collect();
        if let Some(JourneyKind::Reached(reached)) = self.out.journey.get_mut(at).map(|entry| &mut entry.what) {
            reached.lines = (last > before).then_some((before + 1, last));
            reached.calls = calls;
        }
    }

    /// Whether a call writes to the contact, and not to somebody else about them.
    fn is_to_contact(&self, what: &CallKind) -> bool {
        let own = |name: &str| match self.attribute_now(name) {
            Some(Value::Text(own)) => own,
            Some(_) | None => String::new(),
        };
        match what {
            CallKind::Http(_) => false,
            CallKind::Mail(mail) => {
                let own = fold(own("email").trim());
                mail.to.iter().any(|to| fold(to) == own)
            }
            // An attribute that is no number by its type may be written as people dial it at home.
            CallKind::Sms(sms) => {
                let own = digits(&own("phone"));
                own.len() >= SHORTEST && digits(&sms.to).ends_with(&own)
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

/// The digits of a number, without the zeros that it is dialled with.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).skip_while(|digit| *digit == '0').collect()
}
