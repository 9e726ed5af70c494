//! Runs that wait for something to happen: what reaches them, and moments that follow what is known of the contact
//! (FL 4 `wait_for`, `wait_until`).
//!
//! While a human has the conversation nothing moves (FL 5.5), nor while the contact is blocked: what came is kept with the run and due
//! afterwards.

use super::facts::ContactFacts;
use super::moving::Moving;
use super::run::allows;
use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use model::{Awaited, Owner, Record, Rest, Run, RunId, Value};

impl Stepper<'_> {
    /// An event was raised: runs that wait for it go on, with its fields.
    pub(crate) fn reach_waiting(&mut self, name: &str, fields: &Record) -> Result<(), Fault> {
        let waiting: Vec<RunId> = self.waiting(|on| matches!(on, Awaited::Event(awaited) if awaited == name));
        for id in waiting {
            if !self.wanted(id, Some(fields))? {
                continue;
            }
            self.came(id, fields.clone());
            if self.conversation.owner == Owner::Bot && !self.is_blocked() && !self.hold_for_floor(id) {
                self.go_on(id)?;
            }
        }
        Ok(())
    }

    /// What is awaited has come: the run goes on, and `event.…` is what came.
    pub(super) fn go_on(&mut self, id: RunId) -> Result<(), Fault> {
        self.wake(id, |moving| {
            if let Rest::Waiting { on: Awaited::Came(fields), .. } = &moving.run.rest {
                moving.run.event = fields.clone();
            }
            Ok(Some(Flow::Next))
        })
    }

    /// Looks, when a step is over, at what runs wait for that has no event of its own: membership, attributes, moments.
    /// What came is due at once.
    pub(crate) fn look_at_waits(&mut self) {
        for id in self.waiting(Awaited::watches_contact) {
            let Some(Rest::Waiting { on, .. }) = self.conversation.run(id).map(|run| &run.rest) else { continue };
            match on.clone() {
                Awaited::Segment { name, entered } => {
                    if self.contact.memberships.contains_key(&name) == entered {
                        let what = if entered { "entered" } else { "left" };
                        let fields = Record::from([("name".to_owned(), Value::text(name)), ("what".to_owned(), Value::text(what))]);
                        self.came(id, fields);
                    }
                }
                Awaited::Attribute { name, was } => self.look_at_attribute(id, &name, was),
                Awaited::Moment => self.look_at_moment(id),
                Awaited::Time | Awaited::Event(_) | Awaited::Came(_) => {}
            }
        }
    }

    fn look_at_attribute(&mut self, id: RunId, name: &str, was: Option<Value>) {
        let is = self.attribute_now(name);
        if is == was {
            return;
        }
        // A guard that cannot be computed is not met; the next change counts again.
        if self.wanted(id, None).unwrap_or(false) {
            let mut fields = Record::from([("name".to_owned(), Value::text(name))]);
            fields.extend(was.map(|value| ("from".to_owned(), value)));
            fields.extend(is.map(|value| ("to".to_owned(), value)));
            self.came(id, fields);
        } else if let Some(Rest::Waiting { on, .. }) = self.conversation.run_mut(id).map(|run| &mut run.rest) {
            *on = Awaited::Attribute { name: name.to_owned(), was: is };
        }
    }

    fn look_at_moment(&mut self, id: RunId) {
        let now = self.turn.now;
        // One that has come stays: it is due, and the next nine o'clock is another one.
        if matches!(self.conversation.run(id).map(|run| &run.rest), Some(Rest::Waiting { until: Some(until), .. }) if *until <= now) {
            return;
        }
        // A moment that cannot be computed any more, an appointment that was called off, is none.
        let moment = self.look(id, |moving| {
            let skill = moving.skill.clone();
            skill.blocks[moving.at].body.moment(moving).ok().flatten()
        });
        let (Some(moment), Some(run)) = (moment, self.conversation.run_mut(id)) else { return };
        if let Rest::Waiting { until, .. } = &mut run.rest
            && *until != moment
        {
            *until = moment;
            // Without a moment the run waits for one, as long as a forgotten run may.
            run.moved_at = now;
        }
    }

    /// The value of an attribute as runs and catches compare it.
    pub(crate) fn attribute_now(&self, name: &str) -> Option<Value> {
        if crate::bot::CHOSEN.contains(&name) && self.bot.attribute(name).is_none() {
            return self.contact.system.get(name).cloned();
        }
        let facts = self.contact_facts();
        expr::Facts::attribute(&facts, name).map(std::borrow::Cow::into_owned)
    }

    fn waiting(&self, which: impl Fn(&Awaited) -> bool) -> Vec<RunId> {
        let waits = |run: &&Run| matches!(&run.rest, Rest::Waiting { on, .. } if which(on));
        self.conversation.runs.iter().filter(waits).map(|run| run.id).collect()
    }

    fn came(&mut self, id: RunId, fields: Record) {
        if let Some(Rest::Waiting { on, .. }) = self.conversation.run_mut(id).map(|run| &mut run.rest) {
            *on = Awaited::Came(fields);
        }
    }

    /// Whether the `where` of the waiting block holds: over an event's fields, or over the contact.
    fn wanted(&mut self, id: RunId, event: Option<&Record>) -> Result<bool, Fault> {
        let Some(run) = self.conversation.run(id) else { return Ok(false) };
        let Some(bot) = self.turn.programs.get(&run.version) else { return Ok(false) };
        let Some((_, block)) = bot.skill(&run.frame().skill).and_then(|skill| skill.block(&run.frame().block)) else { return Ok(false) };
        let mut fuel = self.fuel;
        let facts = ContactFacts { event, ..self.contact_facts() };
        let wanted = allows(block.body.awaited(), &facts, &mut fuel);
        self.fuel = fuel;
        wanted
    }

    /// Looks at a resting run as its block sees it; the run stays as it is.
    fn look<T>(&mut self, id: RunId, with: impl FnOnce(&mut Moving<'_, '_>) -> T) -> Option<T> {
        let run = self.conversation.run(id)?.clone();
        let bot = self.turn.programs.get(&run.version)?;
        let skill = bot.skill(&run.frame().skill)?.clone();
        let (at, _) = skill.block(&run.frame().block)?;
        Some(with(&mut Moving { step: self, run, bot, skill, at }))
    }
}
