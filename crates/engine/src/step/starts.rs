//! Beginning runs: through catches, by name, after waiting for the floor.

use super::facts::ContactFacts;
use super::once;
use super::run::{Begin, allows};
use super::stepper::{Raised, Stepper};
use crate::blocks::Fault;
use crate::bot::{CatchEntry, Skill};
use crate::catches::Signal;
use model::{Actor, Busy, Cause, EventRecord, Happened, IfBusy, Instant, JourneyKind, Owner, PendingStart, Record, Start};
use std::sync::Arc;

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;
/// How many waiting starts begin in one step.
const PENDING_AT_ONCE: u32 = 4;

impl Stepper<'_> {
    /// Records an event on the contact (FL 7.3). None lies in the future.
    pub(crate) fn record_event(&mut self, name: &str, fields: &Record, at: Option<Instant>, by: Actor) {
        let event = EventRecord { id: self.ids.next(), name: name.to_owned(), fields: fields.clone(), at: at.unwrap_or(self.turn.now), by };
        self.keep_event(event);
    }

    fn keep_event(&mut self, event: EventRecord) {
        let event = EventRecord { at: event.at.min(self.turn.now), ..event };
        self.journey(event.by.clone(), JourneyKind::Event(event.name.clone()));
        self.out.events.push(event);
    }

    /// Takes over events that happened elsewhere.
    pub(crate) fn take_over_events(&mut self, events: &[Happened], start: bool, by: &Actor) -> Result<(), Fault> {
        self.quiet = !start;
        for event in events {
            self.keep_told(std::slice::from_ref(event), start, by);
            if start {
                self.heed(&event.name, &event.fields)?;
            }
        }
        Ok(())
    }

    /// Keeps events that happened elsewhere, whatever became of the flows they began.
    pub(crate) fn keep_told(&mut self, events: &[Happened], start: bool, by: &Actor) {
        self.quiet = !start;
        for Happened { id, name, fields, at } in events {
            let id = id.unwrap_or_else(|| self.ids.next());
            self.keep_event(EventRecord { id, name: name.clone(), fields: fields.clone(), at: *at, by: by.clone() });
        }
    }

    /// Starts every catch of an event, in file order (FL 4).
    pub(crate) fn raise(&mut self, name: &str, fields: &Record, cause: &Cause) -> Result<(), Fault> {
        self.reach_waiting(name, fields)?;
        self.out.raised.push(super::RaisedEvent { name: name.to_owned(), fields: fields.clone() });
        for (skill, catch) in self.matching(&Signal::Event { name: name.to_owned() }) {
            self.start_catch(&skill, catch, fields.clone(), cause.clone())?;
        }
        Ok(())
    }

    /// Events raised by `send` run in this step, after what is under way (FL 5.8).
    pub(crate) fn send(&mut self, name: &str, fields: Record, cause: Cause, by: Actor) {
        self.record_event(name, &fields, None, by);
        self.raised.push_back(Raised { name: name.to_owned(), fields, cause });
    }

    /// The catches that a signal starts, in file order.
    pub(crate) fn matching(&self, signal: &Signal) -> Vec<(Arc<Skill>, usize)> {
        let skills = self.bot.in_order.iter();
        skills
            .flat_map(|skill| {
                skill.catches.iter().enumerate().filter(|(_, c)| c.kind.catches(signal)).map(|(index, _)| (skill.clone(), index))
            })
            .collect()
    }

    /// Whether the guards of a skill, and of one of its catches, let the contact in (FL 4: `only_for`, `where`).
    pub(crate) fn admitted(&mut self, skill: &Skill, catch: Option<usize>, event: &Record) -> Result<bool, Fault> {
        let entry = catch.and_then(|i| skill.catches.get(i));
        let mut fuel = self.fuel;
        let facts = ContactFacts {
            channel: Some(&self.conversation.address.channel),
            event: Some(event),
            input: self.input_text.as_deref(),
            ..self.contact_facts()
        };
        // Over the fields of an event, bare names are its fields.
        let fields = ContactFacts { event: Some(event), ..self.contact_facts() };
        let gate = |condition: Option<&'_ expr::Condition>, fuel: &mut expr::Fuel| match self.turn.ungated {
            true => Ok(true),
            false => allows(condition, &facts, fuel),
        };
        let admitted = gate(skill.only_for.as_ref(), &mut fuel)?
            && gate(entry.and_then(|c| c.only_for.as_ref()), &mut fuel)?
            && allows(entry.and_then(|c| c.filter.as_ref()), &fields, &mut fuel)?;
        self.fuel = fuel;
        Ok(admitted)
    }

    /// Starts a skill through a catch, if its guards allow, now or when the floor is free (FL 5.3b).
    pub(crate) fn start_catch(&mut self, skill: &Arc<Skill>, catch: usize, event: Record, cause: Cause) -> Result<bool, Fault> {
        if !self.may_start(skill, catch, &event)? || self.starts_nothing(&skill.name) {
            return Ok(false);
        }
        let entry = &skill.catches[catch];
        if cause == Cause::Other && self.is_busy(skill.blocks[0].leads_to_question) {
            let index = u16::try_from(catch).unwrap_or(u16::MAX);
            match entry.if_busy {
                IfBusy::Skip => {
                    self.journey(Actor::System, JourneyKind::RunEnded { skill: skill.name.clone(), how: "skipped: busy".into() });
                    return Ok(false);
                }
                IfBusy::Interrupt if self.conversation.owner == Owner::Bot => self.interrupting = true,
                IfBusy::Queue | IfBusy::Interrupt => {
                    once::started(&mut self.conversation.once, skill, catch, self.turn.now);
                    let wait = entry.queue_for.unwrap_or(self.bot.limits().queue_for);
                    let asks = skill.blocks[0].leads_to_question;
                    let start = Start::Skill { skill: skill.name.clone(), catch: Some(index), named: Some(entry.name()) };
                    self.queue_start(start, event, asks, wait);
                    return Ok(true);
                }
            }
        }
        let through = entry.kind.spoken();
        once::started(&mut self.conversation.once, skill, catch, self.turn.now);
        let bot = self.bot.clone();
        let busy = entry.busy();
        let begun =
            self.begin(Begin { bot, skill: skill.clone(), at: 0, vars: Record::new(), event, cause, through: &through, set: None, busy });
        self.interrupting = false;
        begun.map(|()| true)
    }

    /// Starts a skill by name; an unknown one or one not for this contact is as if it did not exist.
    pub(crate) fn start_named(&mut self, name: &str, event: Record, cause: Cause) -> Result<(), Fault> {
        self.try_named(name, event, cause).map(|_| ())
    }

    /// Starts what a commit queued: a skill through the catch that it named, or as it is. The bot may have been edited since: a
    /// catch that is gone starts nothing, and no other is taken for it.
    pub(crate) fn start_caused(
        &mut self,
        name: &str,
        catch: Option<(usize, Option<&str>)>,
        event: Record,
        cause: Cause,
    ) -> Result<(), Fault> {
        let Some((place, named)) = catch else { return self.start_named(name, event, cause) };
        let Some(skill) = self.bot.skill(name).cloned() else { return Ok(()) };
        match skill.catch_named(place, named) {
            Some(catch) => self.start_catch(&skill, catch, event, cause).map(|_| ()),
            None => {
                self.journey(
                    Actor::System,
                    JourneyKind::RunEnded { skill: skill.name.clone(), how: "not started: its catch was edited".into() },
                );
                Ok(())
            }
        }
    }

    /// The same, telling whether it began or waits.
    pub(crate) fn try_named(&mut self, name: &str, event: Record, cause: Cause) -> Result<bool, Fault> {
        if name == "/_error" {
            self.report_error(&event);
        }
        let Some(skill) = self.bot.skill(name).cloned() else { return Ok(false) };
        if !self.admitted(&skill, None, &event)? || self.starts_nothing(&skill.name) {
            return Ok(false);
        }
        if cause == Cause::Other && self.is_busy(skill.blocks[0].leads_to_question) {
            let wait = self.bot.limits().queue_for;
            let asks = skill.blocks[0].leads_to_question;
            self.queue_start(Start::Skill { skill: name.to_owned(), catch: None, named: None }, event, asks, wait);
            return Ok(true);
        }
        if cause == Cause::Customer {
            self.begin_anew(&skill.name);
        }
        let bot = self.bot.clone();
        let busy = Busy::default();
        self.begin(Begin { bot, skill, at: 0, vars: Record::new(), event, cause, through: "by name", set: None, busy })?;
        Ok(true)
    }

    /// Whether a start that no customer caused has to wait: a human has the conversation (FL 5.5), or a run has
    /// the floor and the new one would ask (FL 5.3b).
    pub(crate) fn is_busy(&self, would_ask: bool) -> bool {
        self.conversation.owner != Owner::Bot || (would_ask && !self.conversation.floor.is_empty())
    }

    pub(crate) fn queue_start(&mut self, start: Start, event: Record, asks: bool, wait: i64) {
        let now = self.turn.now;
        if self.conversation.pending.len() >= self.bot.limits().timers as usize {
            self.journey(Actor::System, JourneyKind::Error("too many starts wait; the newest was dropped".into()));
            return;
        }
        self.conversation.pending.push(PendingStart { start, event, asks, since: now, until: now.plus_micros(wait) });
    }

    /// Begins the oldest start that waited and may begin now. Answers whether anything was done.
    pub(crate) fn start_pending(&mut self) -> Result<bool, Fault> {
        // Few in one step: the rest is due at once and begins in steps of its own, within their own limits.
        if self.conversation.owner != Owner::Bot || self.is_blocked() || self.is_requesting() || self.begun_pending >= PENDING_AT_ONCE {
            return Ok(false);
        }
        let now = self.turn.now;
        let free = self.conversation.floor.is_empty();
        let position = self.conversation.pending.iter().position(|p| p.until <= now || free || !p.asks);
        let Some(position) = position else { return Ok(false) };
        let pending = self.conversation.pending.remove(position);
        self.begun_pending += 1;
        if pending.until <= now {
            self.journey(Actor::System, JourneyKind::RunEnded { skill: start_name(&pending.start), how: "waited too long".into() });
            return Ok(true);
        }
        match pending.start {
            Start::Skill { skill, catch, named } => {
                let Some(found) = self.bot.skill(&skill).cloned() else { return Ok(true) };
                let catch = match catch.map(|place| found.catch_named(usize::from(place), named.as_deref())) {
                    // The catch it came through is gone, and with it its guards.
                    Some(None) => {
                        let how = "not started: its catch was edited".into();
                        self.journey(Actor::System, JourneyKind::RunEnded { skill: found.name.clone(), how });
                        return Ok(true);
                    }
                    catch => catch.flatten(),
                };
                // Guards are tested at entry (FL 4), and entry is now.
                if self.admitted(&found, catch, &pending.event)? {
                    let bot = self.bot.clone();
                    let busy = catch.and_then(|catch| found.catches.get(catch)).map(CatchEntry::busy).unwrap_or_default();
                    self.begin(Begin {
                        bot,
                        skill: found,
                        at: 0,
                        vars: Record::new(),
                        event: pending.event,
                        cause: Cause::Other,
                        through: "after waiting",
                        set: None,
                        busy,
                    })?;
                }
            }
            Start::Tick { timer, skill, block, version, vars } => self.begin_tick(&timer, &skill, &block, &version, vars, pending.event)?,
        }
        Ok(true)
    }

    /// Whether a catch lets the contact in now: guards, and `once` (FL 4).
    pub(crate) fn may_start(&mut self, skill: &Skill, catch: usize, event: &Record) -> Result<bool, Fault> {
        let spent = skill.catches[catch].once.is_some_and(|within| {
            let memories = std::iter::once(&self.conversation.once).chain(self.once_elsewhere.iter().copied());
            once::last_start(memories, skill, catch).is_some_and(|last| self.turn.now.micros_since(last) < within)
        });
        if spent {
            return Ok(false);
        }
        self.admitted(skill, Some(catch), event)
    }

    /// FL 5.10: whether too much happened in this hour without a human; takes note of one more step.
    pub(crate) fn storm(&mut self) -> bool {
        let now = self.turn.now;
        let limit = self.bot.limits().idle_steps;
        let (since, count) = self.contact.idle_steps;
        let count = if now.micros_since(since) >= HOUR { (now, 1) } else { (since, count.saturating_add(1)) };
        let storm = count.1 > limit;
        // Once over the limit there is nothing more to count in this hour, and nothing to write.
        if count.1 <= limit.saturating_add(1) {
            self.contact.idle_steps = count;
            self.contact_changed = true;
        }
        if storm {
            self.journey(
                Actor::System,
                JourneyKind::Error(format!("more than {limit} steps in an hour without a message from the customer: not started")),
            );
        }
        storm
    }

    /// The customer did something: the guard against storms starts anew.
    pub(crate) fn calm(&mut self) {
        if self.contact.idle_steps != <(Instant, u32)>::default() {
            self.contact.idle_steps = Default::default();
            self.contact_changed = true;
        }
    }
}

fn start_name(start: &Start) -> String {
    match start {
        Start::Skill { skill, .. } | Start::Tick { skill, .. } => skill.clone(),
    }
}
