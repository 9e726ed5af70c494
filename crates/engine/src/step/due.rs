//! Time: what of a conversation is due, and what happens then.

use super::floor::gets_floor_back;
use super::run::Begin;
use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use crate::bot::Limits;
use model::{Actor, Awaited, Busy, Cause, Conversation, Instant, JourneyKind, Owner, Record, Rest, Run, RunId, Start, Version};

/// When something of the conversation is due next; what a human holds is not (FL 5.5).
pub fn next_due(conversation: &Conversation, limits: &Limits) -> Option<Instant> {
    match conversation.owner {
        Owner::Agent(_) => None,
        Owner::Queue => conversation.request.as_ref().and_then(|r| r.deadline),
        Owner::Bot => {
            let held = |run: &Run| super::floor::held_until(conversation, run, limits);
            let runs = conversation.runs.iter().filter_map(|run| match &run.rest {
                Rest::Asking(ask) => {
                    // What is written wins: only who waits without a time is forgotten.
                    let ends = match ask.deadline {
                        Some(deadline) => deadline,
                        None if gets_floor_back(conversation, run) => run.moved_at,
                        None => run.moved_at.plus_micros(limits.run_idle),
                    };
                    Some(ask.merge_until.map_or(ends, |until| until.min(ends)))
                }
                Rest::Waiting { until, on } => Some(held(run).unwrap_or_else(|| wait_ends(*until, on, run, limits))),
                Rest::Calling(calling) => Some(held(run).unwrap_or_else(|| super::requests::due_at(calling, run.moved_at))),
                Rest::Requesting { .. } | Rest::HandedOver { .. } => None,
            });
            let timers = conversation.timers.iter().map(|t| t.next);
            // A start that may begin already is due; the others when they have waited too long.
            let free = conversation.floor.is_empty();
            let pending = conversation.pending.iter().map(|p| if free || !p.asks { p.since } else { p.until });
            runs.chain(timers).chain(pending).min()
        }
    }
}

/// When a wait is over: at once if what it is for has come, else at its time, else when it is forgotten.
fn wait_ends(until: Option<Instant>, on: &Awaited, run: &Run, limits: &Limits) -> Instant {
    match on {
        Awaited::Came(_) => run.moved_at,
        Awaited::Time | Awaited::Moment | Awaited::Event(_) | Awaited::Segment { .. } | Awaited::Attribute { .. } => {
            until.unwrap_or_else(|| run.moved_at.plus_micros(limits.run_idle))
        }
    }
}

/// The one thing that a step over time handles; [`next_due`] brings the next one.
enum DueThing {
    Timeout(RunId),
    /// A question that stood still gets its time back: the contact was blocked.
    Floor(RunId),
    /// What was said in several messages is the answer.
    Merged(RunId),
    Idle(RunId),
    Wait(RunId),
    /// A request whose time is over, or whose reply was kept.
    Request(RunId),
    /// A timer, by its place.
    Tick(usize),
}

impl Stepper<'_> {
    /// Handles what became due first, and that alone: what breaks takes nothing else with it (FL 5.7), and each has
    /// the limits of a step to itself.
    pub(crate) fn due(&mut self) -> Result<(), Fault> {
        if self.is_blocked() {
            return Ok(());
        }
        match self.conversation.owner {
            Owner::Agent(_) => return Ok(()),
            Owner::Queue => return self.queue_timeout(),
            Owner::Bot => {}
        }
        match self.first_due() {
            // The floor goes back whenever a step is over.
            None | Some(DueThing::Floor(_)) => Ok(()),
            Some(DueThing::Idle(id)) => {
                self.end_resting(id, "expired");
                Ok(())
            }
            Some(DueThing::Timeout(id)) => {
                if self.storm() {
                    self.end_resting(id, "storm");
                    return Ok(());
                }
                self.conversation.floor.retain(|r| *r != id);
                self.wake(id, |_| Ok(Some(Flow::Outcome("timeout", String::new()))))
            }
            Some(DueThing::Merged(id)) => self.close_merge(id),
            Some(DueThing::Wait(id)) => {
                if self.hold_for_floor(id) {
                    return Ok(());
                }
                if self.storm() {
                    self.end_resting(id, "storm");
                    return Ok(());
                }
                self.wait_is_over(id)
            }
            Some(DueThing::Request(id)) => self.request_is_due(id),
            Some(DueThing::Tick(position)) => self.tick(position),
        }
    }

    /// A wait is over: what it was for has come, or its time has.
    fn wait_is_over(&mut self, id: RunId) -> Result<(), Fault> {
        let Some(Rest::Waiting { until, on }) = self.conversation.run(id).map(|run| &run.rest) else { return Ok(()) };
        match (on, until) {
            (Awaited::Came(_), _) => self.go_on(id),
            (_, None) => {
                self.end_resting(id, "expired");
                Ok(())
            }
            (Awaited::Time | Awaited::Moment, Some(_)) => self.wake(id, |_| Ok(Some(Flow::Next))),
            (Awaited::Event(_) | Awaited::Segment { .. } | Awaited::Attribute { .. }, Some(_)) => {
                self.wake(id, |_| Ok(Some(Flow::Outcome("timeout", String::new()))))
            }
        }
    }

    /// What became due first.
    fn first_due(&self) -> Option<DueThing> {
        let now = self.turn.now;
        let mut due: Vec<(Instant, DueThing)> = Vec::new();
        for run in &self.conversation.runs {
            let held = super::floor::held_until(&self.conversation, run, self.bot.limits());
            match &run.rest {
                Rest::Asking(ask) => {
                    if let Some(until) = ask.merge_until
                        && until <= now
                    {
                        due.push((until, DueThing::Merged(run.id)));
                    }
                    let (ends, what) = match ask.deadline {
                        Some(deadline) => (deadline, DueThing::Timeout(run.id)),
                        None if gets_floor_back(&self.conversation, run) => (run.moved_at, DueThing::Floor(run.id)),
                        None => (run.moved_at.plus_micros(self.bot.limits().run_idle), DueThing::Idle(run.id)),
                    };
                    if ends <= now {
                        due.push((ends, what));
                    }
                }
                Rest::Waiting { until, on } => {
                    let ends = held.unwrap_or_else(|| wait_ends(*until, on, run, self.bot.limits()));
                    let forgotten = until.is_none() && !matches!(on, Awaited::Came(_));
                    if ends <= now {
                        due.push((ends, if forgotten { DueThing::Idle(run.id) } else { DueThing::Wait(run.id) }));
                    }
                }
                Rest::Calling(calling) => {
                    let ends = held.unwrap_or_else(|| super::requests::due_at(calling, run.moved_at));
                    if ends <= now {
                        due.push((ends, DueThing::Request(run.id)));
                    }
                }
                Rest::Requesting { .. } | Rest::HandedOver { .. } => {}
            }
        }
        for (position, timer) in self.conversation.timers.iter().enumerate() {
            if timer.next <= now {
                due.push((timer.next, DueThing::Tick(position)));
            }
        }
        due.into_iter().min_by_key(|(at, _)| *at).map(|(_, what)| what)
    }

    /// Ticks a timer: after a pause there is one tick, and the next keeps the rhythm.
    fn tick(&mut self, position: usize) -> Result<(), Fault> {
        let timer = self.conversation.timers[position].clone();
        self.reschedule(position);
        self.journey(Actor::System, JourneyKind::Timer(format!("{}.{} ticked", timer.skill, timer.name)));
        if self.storm() {
            return Ok(());
        }
        let asks = self
            .turn
            .programs
            .get(&timer.version)
            .and_then(|bot| Some(bot.skill(&timer.skill)?.block(&timer.target)?.1.leads_to_question))
            .unwrap_or(false);
        if self.is_busy(asks) {
            let wait = self.bot.limits().queue_for;
            let start =
                Start::Tick { timer: timer.name, skill: timer.skill, block: timer.target, version: timer.version, vars: timer.vars };
            self.queue_start(start, timer.event, asks, wait);
            return Ok(());
        }
        self.begin_tick(&timer.name, &timer.skill, &timer.target, &timer.version, timer.vars, timer.event)
    }

    /// Sets a timer that ticked to its next tick after now, or takes it away.
    fn reschedule(&mut self, position: usize) {
        let now = self.turn.now;
        let timer = &mut self.conversation.timers[position];
        timer.left = timer.left.map(|n| n.saturating_sub(1));
        match timer.every {
            Some(every) if every > 0 && timer.left != Some(0) => {
                let missed = now.micros_since(timer.next) / every;
                timer.next = timer.next.plus_micros((missed + 1).saturating_mul(every));
            }
            _ => {
                self.conversation.timers.remove(position);
            }
        }
    }

    pub(crate) fn begin_tick(
        &mut self,
        timer: &str,
        skill: &str,
        block: &str,
        version: &Version,
        vars: Record,
        event: Record,
    ) -> Result<(), Fault> {
        let place = self.turn.programs.get(version).and_then(|bot| {
            let skill = bot.skill(skill)?.clone();
            let (at, _) = skill.block(block)?;
            Some((bot, skill, at))
        });
        let Some((bot, skill, at)) = place else {
            self.journey(Actor::System, JourneyKind::Error(format!("the version of timer {skill}.{timer} is gone; it does not tick")));
            return Ok(());
        };
        let through = format!("timer {timer}");
        self.begin(Begin { bot, skill, at, vars, event, cause: Cause::Other, through: &through, set: None, busy: Busy::default() })
    }

    /// A step over what is due broke: that one thing is skipped, so that it does not break for ever.
    pub(crate) fn skip_due(&mut self) {
        let now = self.turn.now;
        if self.conversation.owner == Owner::Queue {
            if let Some(request) = self.conversation.request.as_ref().filter(|r| r.deadline.is_some_and(|d| d <= now)).map(|r| r.id) {
                self.abandon(request);
            }
            return;
        }
        match self.first_due() {
            Some(
                DueThing::Timeout(id)
                | DueThing::Floor(id)
                | DueThing::Merged(id)
                | DueThing::Idle(id)
                | DueThing::Wait(id)
                | DueThing::Request(id),
            ) => self.end_resting(id, "broken"),
            Some(DueThing::Tick(position)) => self.reschedule(position),
            // A start that waited broke when it began.
            None => {
                let free = self.conversation.floor.is_empty();
                if let Some(position) = self.conversation.pending.iter().position(|p| p.until <= now || free || !p.asks) {
                    self.conversation.pending.remove(position);
                }
            }
        }
    }
}
