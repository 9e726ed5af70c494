//! The floor: which run the customer's next message answers (FL 5.3).

use super::stepper::Stepper;
use crate::blocks::Fault;
use model::{Actor, JourneyKind, Owner, Rest, Run, RunId};

/// How many runs may be suspended (FL 5.3e).
const SUSPENDED: usize = 8;

impl Stepper<'_> {
    /// Puts a run that came to rest back into the conversation; one that asks takes the floor.
    pub(crate) fn settle_run(&mut self, run: Run) {
        let id = run.id;
        let asks = matches!(run.rest, Rest::Asking(_));
        let requests = matches!(run.rest, Rest::Calling(_));
        match self.conversation.runs.iter_mut().find(|r| r.id == id) {
            Some(slot) => *slot = run,
            None => self.conversation.runs.push(run),
        }
        self.conversation.floor.retain(|r| *r != id);
        if requests && (self.direct || self.interrupting || self.had_floor == Some(id)) {
            // What the customer began or answered comes next: a message waits for it (FL 5.4 rule 7).
            self.suspend_floor();
            self.conversation.floor.push(id);
        }
        if !asks {
            return;
        }
        // What the customer did not cause does not take the floor from a question (FL 5.3b).
        let takes = self.direct || self.interrupting || self.had_floor == Some(id) || self.conversation.floor.is_empty();
        if takes {
            self.suspend_floor();
            self.conversation.floor.push(id);
        } else {
            self.conversation.floor.insert(self.conversation.floor.len() - 1, id);
            self.suspend(id);
        }
        if self.conversation.floor.len() > SUSPENDED + 1 {
            let oldest = self.conversation.floor.remove(0);
            self.end_resting(oldest, "interrupted");
        }
    }

    /// Stops the timeout of the run with the floor (FL 5.3a).
    pub(crate) fn suspend_floor(&mut self) {
        if let Some(top) = self.conversation.floor.last().copied() {
            self.suspend(top);
        }
    }

    fn suspend(&mut self, id: RunId) {
        if let Some(run) = self.conversation.run_mut(id)
            && let Rest::Asking(ask) = &mut run.rest
        {
            ask.suspended = true;
            ask.deadline = None;
        }
    }

    /// Whether a run waits for the desk's answer, which comes next.
    pub(crate) fn is_requesting(&self) -> bool {
        self.conversation.runs.iter().any(|r| matches!(r.rest, Rest::Requesting { .. }))
    }

    /// Ends a run where it rests.
    pub(crate) fn end_resting(&mut self, id: RunId, how: &str) {
        let Some(position) = self.conversation.runs.iter().position(|r| r.id == id) else { return };
        let run = self.conversation.runs.remove(position);
        self.conversation.floor.retain(|r| *r != id);
        let (skill, block) = (run.frame().skill.clone(), run.frame().block.clone());
        self.out.trace.push(super::api::Trace::RunEnded { skill: skill.clone(), block, how: how.to_owned() });
        self.journey(Actor::System, JourneyKind::RunEnded { skill, how: how.to_owned() });
    }

    /// Gives the floor back to the run on top, if it was suspended: its timeout starts anew and an old question
    /// is sent again (FL 5.3c). Answers whether anything was done.
    pub(crate) fn return_floor(&mut self) -> Result<bool, Fault> {
        if self.conversation.owner != Owner::Bot || self.is_requesting() {
            return Ok(false);
        }
        let Some(top) = self.conversation.floor.last().copied() else { return Ok(false) };
        let now = self.turn.now;
        let age = match self.conversation.run(top).map(|r| &r.rest) {
            Some(Rest::Asking(ask)) if ask.suspended => now.micros_since(ask.asked_at),
            _ => return Ok(false),
        };
        let returned = std::mem::take(&mut self.returned);
        self.wake(top, |moving| {
            let body = &moving.block().body;
            let timeout = body.timeout();
            let repeat = returned || body.repeat_after().is_some_and(|after| age >= after);
            if repeat && moving.unsendable().is_none() {
                moving.repeat_question()?;
            }
            if let Rest::Asking(ask) = &mut moving.run.rest {
                ask.suspended = false;
                // What was said already is an answer on its way: nothing can time out.
                ask.deadline = timeout.filter(|_| ask.merge_until.is_none()).map(|t| now.plus_micros(t));
                if repeat {
                    ask.asked_at = now;
                }
            }
            Ok(None)
        })?;
        Ok(true)
    }
}

impl super::moving::Moving<'_, '_> {
    /// Sends the run's question again: the asking block's own, or what the run said last.
    pub(crate) fn repeat_question(&mut self) -> Result<(), Fault> {
        let skill = self.skill.clone();
        if skill.blocks[self.at].body.ask_again(self)? {
            return Ok(());
        }
        let Some((said, block)) = self.run.said.clone().and_then(|name| skill.block(&name)) else { return Ok(()) };
        let here = std::mem::replace(&mut self.at, said);
        let repeated = block.body.ask_again(self);
        self.at = here;
        repeated.map(|_| ())
    }
}
