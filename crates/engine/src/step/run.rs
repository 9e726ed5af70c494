//! Moving a run from block to block until it rests or ends.

use super::api::Trace;
use super::error_event;
use super::moving::Moving;
use super::stepper::{At, Stepper};
use crate::blocks::{Fault, Flow, Otherwise};
use crate::bot::{Bot, Skill, Target};
use expr::Truth;
use model::{Actor, Awaited, Busy, Cause, Change, Content, Frame, JourneyEntry, JourneyKind, Record, Rest, Run, RunId, Value};
use std::{borrow::Cow, sync::Arc};

/// How a new run begins.
pub(crate) struct Begin<'b> {
    pub bot: Arc<Bot>,
    pub skill: Arc<Skill>,
    /// The block, by index.
    pub at: usize,
    pub vars: Record,
    pub event: Record,
    pub cause: Cause,
    /// What began it, in words.
    pub through: &'b str,
    /// Stored before the first block: the choice that began it.
    pub set: Option<(String, Value)>,
    /// What its catch says of a floor that is taken (FL 5.3b).
    pub busy: Busy,
}

impl Stepper<'_> {
    /// Begins a run and moves it until it rests or ends.
    pub(crate) fn begin(&mut self, begin: Begin<'_>) -> Result<(), Fault> {
        self.spend_run()?;
        let limit = self.bot.limits().conversation_runs;
        if self.conversation.runs.len() >= limit as usize {
            return Err(Fault::Broken(format!("more than {limit} runs rest in this conversation")));
        }
        let Begin { bot, skill, at, vars, event, cause, through, set, busy } = begin;
        let now = self.turn.now;
        let run = Run {
            id: self.ids.next(),
            version: bot.version().clone(),
            frames: vec![Frame { skill: skill.name.clone(), block: skill.blocks[at].name.clone(), vars, paused: None }],
            cause,
            event,
            began_at: now,
            moved_at: now,
            said: None,
            rest: Rest::Waiting { until: Some(now), on: Awaited::Time },
            busy,
            held_since: None,
        };
        if skill.name == "/start" {
            self.conversation.greeted = true;
        }
        self.change(&Change::Ran(skill.name.clone()), &Actor::System, Some(run.id), None);
        self.out.trace.push(Trace::RunBegan { skill: skill.name.clone(), through: through.to_owned() });
        let entry = JourneyEntry {
            id: self.ids.next(),
            at: now,
            by: Actor::System,
            conversation: Some(self.conversation.id),
            run: Some(run.id),
            block: None,
            why: None,
            what: JourneyKind::RunBegan { skill: skill.name.clone(), through: through.to_owned() },
        };
        self.out.journey.push(entry);
        let mut moving = Moving { step: self, run, bot, skill, at };
        if let Some((name, value)) = set
            && let Err(Fault::Failed(why)) = moving.store(&name, Some(value))
        {
            moving.journey(JourneyKind::Error(why));
        }
        moving.walk()
    }

    /// Ends runs whose version or block is gone: they can go nowhere, and nobody must wait for them (FL 3.5).
    pub(crate) fn drop_lost_runs(&mut self) {
        let lost: Vec<RunId> = self
            .conversation
            .runs
            .iter()
            // What the designer wrote is as it was while the version is; what came with the product may have changed with it.
            .filter(|run| run.version != *self.bot.version() || run.frame().skill.starts_with('/'))
            .filter(|run| {
                let bot = self.version(&run.version);
                let block = bot.as_ref().and_then(|bot| bot.skill(&run.frame().skill)?.block(&run.frame().block));
                block.is_none()
            })
            .map(|run| run.id)
            .collect();
        for run in lost {
            self.journey(Actor::System, JourneyKind::Error("the version of a run is gone; the run ends".into()));
            self.end_resting(run, "lost");
        }
    }

    /// Takes a resting run up again and lets `with` decide how it goes on.
    ///
    /// A run whose version or block is gone ends as `lost`, journeyed: it can go nowhere.
    pub(crate) fn wake(&mut self, id: RunId, with: impl FnOnce(&mut Moving<'_, '_>) -> Result<Option<Flow>, Fault>) -> Result<(), Fault> {
        let Some(position) = self.conversation.runs.iter().position(|r| r.id == id) else { return Ok(()) };
        let mut run = self.conversation.runs.remove(position);
        run.held_since = None;
        let bot = self.version(&run.version);
        let place = bot.and_then(|bot| {
            let skill = bot.skill(&run.frame().skill)?.clone();
            let (at, _) = skill.block(&run.frame().block)?;
            Some((bot, skill, at))
        });
        let Some((bot, skill, at)) = place else {
            self.conversation.floor.retain(|r| *r != id);
            self.journey(Actor::System, JourneyKind::Error(format!("version {} of a run is gone; the run ends", run.version.0)));
            return Ok(());
        };
        self.moving = Some(At { run: run.id, skill: skill.clone(), block: at });
        let mut moving = Moving { step: self, run, bot, skill, at };
        let decided = match with(&mut moving) {
            Err(Fault::Failed(why)) => Some(Flow::Outcome("error", why)),
            other => other?,
        };
        match decided {
            Some(flow) => moving.follow(flow),
            // It stays where it is; something was done with it, so it is not forgotten.
            None => {
                let Moving { step, mut run, .. } = moving;
                run.moved_at = step.turn.now;
                step.conversation.runs.insert(position.min(step.conversation.runs.len()), run);
                step.moving = None;
                Ok(())
            }
        }
    }
}

/// Whether the run goes on.
pub(super) enum Go {
    On,
    Stopped,
}

impl Moving<'_, '_> {
    /// Runs blocks from the current one.
    fn walk(mut self) -> Result<(), Fault> {
        loop {
            match self.pass()? {
                Go::On => {}
                Go::Stopped => return Ok(()),
            }
        }
    }

    /// Goes on from a resting block.
    fn follow(mut self, flow: Flow) -> Result<(), Fault> {
        match self.take(flow)? {
            Go::On => self.walk(),
            Go::Stopped => Ok(()),
        }
    }

    /// One block.
    fn pass(&mut self) -> Result<Go, Fault> {
        self.step.spend_block()?;
        let skill = self.skill.clone();
        let block = &skill.blocks[self.at];
        self.step.moving = Some(At { run: self.run.id, skill: skill.clone(), block: self.at });
        for (at, condition) in block.conditions.iter().enumerate() {
            if block.only_for == Some(at) && self.step.turn.ungated {
                continue;
            }
            match self.holds(condition) {
                Ok(true) => {}
                Ok(false) => return self.go(&block.next.clone(), "skipped"),
                Err(Fault::Failed(why)) => return self.take(Flow::Outcome("error", why)),
                Err(Fault::Broken(why)) => return Err(Fault::Broken(why)),
            }
        }
        self.step.out.trace.push(Trace::Enter { skill: skill.told.clone(), block: block.told.clone() });
        if block.kind.speaks()
            && let Some(why) = self.unsendable()
        {
            return self.take(Flow::Outcome("unsendable", why));
        }
        match block.body.enter(self) {
            Ok(flow) => self.take(flow),
            Err(Fault::Failed(why)) => self.take(Flow::Outcome("error", why)),
            Err(Fault::Broken(why)) => Err(Fault::Broken(why)),
        }
    }

    /// Does what a block decided.
    pub(super) fn take(&mut self, flow: Flow) -> Result<Go, Fault> {
        let skill = self.skill.clone();
        let block = &skill.blocks[self.at];
        match flow {
            Flow::Next => self.go(&block.next, "next"),
            Flow::To(exit, target) => self.go(&target, exit),
            Flow::Rest(rest) => {
                self.rest(rest);
                Ok(Go::Stopped)
            }
            Flow::Call(call) => {
                if self.enter_called(*call)? {
                    return Ok(Go::On);
                }
                self.take(Flow::Outcome("not_allowed", String::new()))
            }
            Flow::Outcome(name, why) => {
                if let Some(target) = block.exits.get(name) {
                    if !why.is_empty() {
                        self.run.event.insert("reason".into(), model::Value::text(why));
                    }
                    return self.go(&target.clone(), name);
                }
                let otherwise = block.outcomes.iter().find(|o| o.name == name).map_or(Otherwise::Error, |o| o.otherwise);
                self.without_exit(name, otherwise, &why)
            }
        }
    }

    /// FL 5.6: an outcome nobody wrote an exit for.
    fn without_exit(&mut self, name: &'static str, otherwise: Otherwise, why: &str) -> Result<Go, Fault> {
        let next = self.block().next.clone();
        match otherwise {
            Otherwise::Next => self.go(&next, name),
            Otherwise::SayThenNext(sentence) => {
                if self.unsendable().is_none() {
                    let said = self.sentence(sentence);
                    self.say(Content::text(said))?;
                }
                self.go(&next, name)
            }
            Otherwise::EndQuietly(how) => {
                self.leave(name);
                self.end(how);
                Ok(Go::Stopped)
            }
            Otherwise::Error => {
                let event = error_event(&self.skill.name, &self.block().name, why);
                let was_error = super::occasions::reports_errors(&self.skill);
                self.leave(name);
                self.journey(JourneyKind::Error(why.to_owned()));
                self.end("error");
                if was_error {
                    // An error of what deals with errors starts nothing further (FL 5.7).
                    self.step.note_error(&event);
                } else {
                    let cause = self.run.cause.clone();
                    self.step.start_named("/_error", event, cause)?;
                }
                Ok(Go::Stopped)
            }
            Otherwise::Fallback => {
                self.leave(name);
                self.end("invalid");
                let cause = self.run.cause.clone();
                self.step.start_named("/_default_fallback", Record::new(), cause)?;
                Ok(Go::Stopped)
            }
            // Handled where the message is resolved; a run never gets here through it.
            Otherwise::Repeat => Ok(Go::Stopped),
        }
    }

    /// Journeys that the block is left.
    fn leave(&mut self, exit: impl Into<Cow<'static, str>>) {
        let exit = exit.into();
        self.journey(JourneyKind::Block { exit: exit.to_string() });
        let (skill, block) = (self.skill.told.clone(), self.block().told.clone());
        self.step.out.trace.push(Trace::Exit { skill, block, exit });
    }

    /// Leaves the block for a target.
    pub(super) fn go(&mut self, target: &Target, exit: impl Into<Cow<'static, str>>) -> Result<Go, Fault> {
        let exit = exit.into();
        if exit != "skipped" {
            self.leave(exit);
        }
        match target {
            Target::Block(index) => {
                self.at = *index;
                self.run.frame_mut().block = self.skill.blocks[*index].name.clone();
                Ok(Go::On)
            }
            Target::End => self.skill_ends(),
            Target::Skill(name) => self.leave_for(name, target),
        }
    }

    /// `skill NAME`: the variables go along (FL 7.2); a guard that does not let the contact in is `not_allowed`.
    fn leave_for(&mut self, name: &str, target: &Target) -> Result<Go, Fault> {
        let Some(skill) = self.bot.skill(name).cloned() else {
            return Err(Fault::Broken(format!("there is no skill {name} in this version")));
        };
        if !self.lets_in(&skill)? {
            let block = self.block();
            let fallback = match block.exits.get("not_allowed") {
                Some(exit) if exit != target => exit.clone(),
                _ if block.next != *target => block.next.clone(),
                _ => Target::End,
            };
            return match &fallback {
                // A second closed door ends the run rather than the step.
                Target::Skill(_) => {
                    self.end("not_allowed");
                    Ok(Go::Stopped)
                }
                Target::Block(_) | Target::End => self.go(&fallback, "not_allowed"),
            };
        }
        self.skill = skill;
        self.at = 0;
        let first = self.skill.blocks[0].name.clone();
        let frame = self.run.frame_mut();
        frame.skill = name.to_owned();
        frame.block = first;
        self.run.said = None;
        let (id, name) = (self.run.id, name.to_owned());
        self.step.change(&Change::Ran(name), &Actor::System, Some(id), None);
        Ok(Go::On)
    }

    /// Puts the run to rest: it moves no further in this step, so it is given back as it is, not copied.
    pub(super) fn rest(&mut self, rest: Rest) {
        self.run.moved_at = self.step.turn.now;
        self.run.rest = rest;
        self.journey(JourneyKind::Block { exit: String::new() });
        let left = Run {
            id: self.run.id,
            version: self.run.version.clone(),
            frames: Vec::new(),
            cause: Cause::Other,
            event: Record::new(),
            began_at: self.run.began_at,
            moved_at: self.run.moved_at,
            said: None,
            rest: Rest::Waiting { until: None, on: Awaited::Time },
            busy: Busy::default(),
            held_since: None,
        };
        let run = std::mem::replace(&mut self.run, left);
        self.step.settle_run(run);
        self.step.moving = None;
    }

    /// Ends the run.
    pub(super) fn end(&mut self, how: &str) {
        self.step.out.trace.push(Trace::RunEnded { skill: self.skill.name.clone(), block: self.block().name.clone(), how: how.to_owned() });
        self.journey(JourneyKind::RunEnded { skill: self.skill.name.clone(), how: how.to_owned() });
        let id = self.run.id;
        self.step.conversation.floor.retain(|r| *r != id);
        self.step.moving = None;
    }
}

/// Whether a guard lets the contact in; unknown does not.
pub(crate) fn allows(
    guard: Option<&expr::Condition>,
    facts: &super::facts::ContactFacts<'_>,
    fuel: &mut expr::Fuel,
) -> Result<bool, Fault> {
    match guard {
        None => Ok(true),
        Some(condition) => match condition.eval(facts, fuel) {
            Ok(truth) => Ok(truth == Truth::True),
            Err(expr::EvalError::Arithmetic(_)) => Ok(false),
            Err(spent @ expr::EvalError::OutOfFuel) => Err(spent.into()),
        },
    }
}
