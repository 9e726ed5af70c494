//! Time: what of a conversation is due, and what happens then.

use super::run::Begin;
use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use crate::bot::Limits;
use model::{Actor, Cause, Conversation, Instant, JourneyKind, Owner, Record, Rest, RunId, Start, Version};

/// When something of the conversation is due next; what a human holds is not (FL 5.5).
pub fn next_due(conversation: &Conversation, limits: &Limits) -> Option<Instant> {
    match conversation.owner {
        Owner::Agent(_) => None,
        Owner::Queue => conversation.request.as_ref().and_then(|r| r.deadline),
        Owner::Bot => {
            let runs = conversation.runs.iter().filter_map(|run| match &run.rest {
                Rest::Asking(ask) => {
                    let idle = run.moved_at.plus_micros(limits.run_idle);
                    Some(ask.deadline.map_or(idle, |d| d.min(idle)))
                }
                Rest::Waiting { until } => Some(*until),
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

/// The one thing that a step over time handles; [`next_due`] brings the next one.
enum DueThing {
    Timeout(RunId),
    Idle(RunId),
    Wait(RunId),
    /// A timer, by its place.
    Tick(usize),
}

impl Stepper<'_> {
    /// Handles what became due first, and that alone: what breaks takes nothing else with it (FL 5.7), and each has
    /// the limits of a step to itself.
    pub(crate) fn due(&mut self) -> Result<(), Fault> {
        match self.conversation.owner {
            Owner::Agent(_) => return Ok(()),
            Owner::Queue => return self.queue_timeout(),
            Owner::Bot => {}
        }
        match self.first_due() {
            None => Ok(()),
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
            Some(DueThing::Wait(id)) => {
                if self.storm() {
                    self.end_resting(id, "storm");
                    return Ok(());
                }
                self.wake(id, |_| Ok(Some(Flow::Next)))
            }
            Some(DueThing::Tick(position)) => self.tick(position),
        }
    }

    /// What became due first.
    fn first_due(&self) -> Option<DueThing> {
        let now = self.turn.now;
        let mut due: Vec<(Instant, DueThing)> = Vec::new();
        for run in &self.conversation.runs {
            match &run.rest {
                Rest::Asking(ask) => {
                    let idle = run.moved_at.plus_micros(self.bot.limits().run_idle);
                    match ask.deadline {
                        Some(deadline) if deadline <= now && deadline <= idle => due.push((deadline, DueThing::Timeout(run.id))),
                        _ if idle <= now => due.push((idle, DueThing::Idle(run.id))),
                        _ => {}
                    }
                }
                Rest::Waiting { until } if *until <= now => due.push((*until, DueThing::Wait(run.id))),
                Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::HandedOver { .. } => {}
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
        self.begin(Begin { bot, skill, at, vars, event, cause: Cause::Other, through: &through, set: None })
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
            Some(DueThing::Timeout(id) | DueThing::Idle(id) | DueThing::Wait(id)) => self.end_resting(id, "broken"),
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
