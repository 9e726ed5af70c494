//! The floor: which run the customer's next message answers (FL 5.3).

use super::api::Trace;
use super::stepper::Stepper;
use crate::blocks::Fault;
use crate::bot::Limits;
use model::{Actor, Cause, Conversation, IfBusy, Instant, JourneyKind, Owner, Rest, Run, RunId};

/// How many runs may be suspended (FL 5.3e).
const SUSPENDED: usize = 8;

/// When a run that waits for the floor is due: none if it does not wait or the floor is free for it, else when it has waited too
/// long.
pub(super) fn held_until(conversation: &Conversation, run: &Run, limits: &Limits) -> Option<Instant> {
    let since = run.held_since?;
    let taken = conversation.floor.last().is_some_and(|top| *top != run.id);
    taken.then(|| since.plus_micros(run.busy.queue_for.unwrap_or(limits.queue_for)))
}

/// Whether a run gets the floor back as soon as the conversation moves again: it is on top and its time stands still (FL 5.3c).
pub(super) fn gets_floor_back(conversation: &Conversation, run: &Run) -> bool {
    let stands_still = matches!(&run.rest, Rest::Asking(ask) if ask.suspended);
    stands_still && conversation.floor.last() == Some(&run.id) && !requests_human(conversation)
}

/// Whether a run waits for the desk's answer, which comes next.
fn requests_human(conversation: &Conversation) -> bool {
    conversation.runs.iter().any(|run| matches!(run.rest, Rest::Requesting { .. }))
}

impl Stepper<'_> {
    /// Puts a run that came to rest back into the conversation; one that asks takes the floor: the question that was shown last is the
    /// one that the next message answers (FL 5.3a). What the customer did not begin comes to its question while nobody asks
    /// (FL 5.3b; [`Self::hold_for_floor`]).
    pub(crate) fn settle_run(&mut self, run: Run) {
        let id = run.id;
        let asks = matches!(run.rest, Rest::Asking(_));
        // What the customer began or answered comes next: a message waits for it (FL 5.4 rule 7).
        let requests = matches!(run.rest, Rest::Calling(_)) && (self.direct || self.interrupting || self.had_floor == Some(id));
        match self.conversation.runs.iter_mut().find(|r| r.id == id) {
            Some(slot) => *slot = run,
            None => self.conversation.runs.push(run),
        }
        self.conversation.floor.retain(|r| *r != id);
        if asks || requests {
            self.suspend_floor();
            self.conversation.floor.push(id);
        }
        if asks && self.conversation.floor.len() > SUSPENDED + 1 {
            let oldest = self.conversation.floor.remove(0);
            self.end_resting(oldest, "interrupted");
        }
    }

    /// Whether a run that could go on waits for the floor instead (FL 5.3b): another run has it, this one may come to a question or a
    /// hand-over, and the customer neither began it nor does anything now.
    fn waits_for_floor(&self, id: RunId) -> bool {
        let taken = self.conversation.floor.last().is_some_and(|top| *top != id);
        if !taken || self.direct {
            return false;
        }
        let Some(run) = self.conversation.run(id).filter(|run| run.cause == Cause::Other) else { return false };
        let Some(bot) = self.version(&run.version) else { return false };
        let Some((top, below)) = run.frames.split_last() else { return false };
        let moves = bot.skill(&top.skill).and_then(|skill| skill.block(&top.block)).is_some_and(|(_, block)| block.leads_to_question);
        moves || below.iter().any(|frame| frame.paused.as_ref().is_some_and(|paused| paused.ask.is_some()) || bot.asks_after(frame))
    }

    /// Holds a run that could go on and may not yet; one that was held too long ends, as a start that waited too long does. What the
    /// catch that began it says of a floor that is taken holds here too. Answers whether it moves no further now.
    pub(crate) fn hold_for_floor(&mut self, id: RunId) -> bool {
        if !self.waits_for_floor(id) {
            return false;
        }
        let (now, limit) = (self.turn.now, self.bot.limits().queue_for);
        let Some(run) = self.conversation.run_mut(id) else { return false };
        match run.busy.then {
            IfBusy::Interrupt => return false,
            IfBusy::Skip => {
                self.end_resting(id, "skipped: busy");
                return true;
            }
            IfBusy::Queue => {}
        }
        let wait = run.busy.queue_for.unwrap_or(limit);
        match run.held_since {
            Some(since) if now.micros_since(since) >= wait => self.end_resting(id, "waited too long"),
            Some(_) => {}
            None => {
                run.held_since = Some(now);
                let line = format!("{}.{} goes on when nothing else is asked", run.frame().skill, run.frame().block);
                self.out.trace.push(Trace::Note(line.clone()));
                self.journey(Actor::System, JourneyKind::Timer(line));
            }
        }
        true
    }

    /// A skill that the person begins again begins anew: its run that waits for an answer is over. What they left it for, and what it
    /// requests or waits for, goes on.
    pub(crate) fn begin_anew(&mut self, skill: &str) {
        let same = |run: &&Run| run.frames[0].skill == skill && matches!(run.rest, Rest::Asking(_));
        for run in self.conversation.runs.iter().filter(same).map(|run| run.id).collect::<Vec<_>>() {
            self.end_resting(run, "begun anew");
        }
        self.end_interrupts(skill);
    }

    /// Stops the timeout of the run with the floor (FL 5.3a).
    pub(crate) fn suspend_floor(&mut self) {
        if let Some(top) = self.conversation.floor.last().copied()
            && let Some(run) = self.conversation.run_mut(top)
            && let Rest::Asking(ask) = &mut run.rest
        {
            ask.suspended = true;
            ask.deadline = None;
        }
    }

    /// Whether a run waits for the desk's answer, which comes next.
    pub(crate) fn is_requesting(&self) -> bool {
        requests_human(&self.conversation)
    }

    /// Ends a run where it rests.
    pub(crate) fn end_resting(&mut self, id: RunId, how: &str) {
        let Some(position) = self.conversation.runs.iter().position(|r| r.id == id) else { return };
        let run = self.conversation.runs.remove(position);
        self.conversation.floor.retain(|r| *r != id);
        let (skill, block) = (run.frame().skill.clone(), run.frame().block.clone());
        self.out.trace.push(Trace::RunEnded { skill: skill.clone(), block, how: how.to_owned() });
        self.journey(Actor::System, JourneyKind::RunEnded { skill, how: how.to_owned() });
    }

    /// Gives the floor back to the run on top, if it was suspended: its timeout starts anew and an old question
    /// is sent again (FL 5.3c). Answers whether anything was done.
    pub(crate) fn return_floor(&mut self) -> Result<bool, Fault> {
        if self.conversation.owner != Owner::Bot || self.is_blocked() || self.is_requesting() {
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
