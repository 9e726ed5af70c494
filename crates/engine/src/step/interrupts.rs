//! Rule 5: a word that leads elsewhere, whatever the run with the floor asks (FL 5.3d, 5.4).

use super::facts::ContactFacts;
use super::run::allows;
use super::stepper::Stepper;
use crate::blocks::{Called, Fault, Flow};
use crate::bot::Mode;
use model::{Actor, Ask, Cause, Frame, JourneyKind, Owner, Paused, Record, Rest, Run, RunId, SentChoices, Value, fold};
use std::cmp::Reverse;

impl Stepper<'_> {
    /// Takes the message if an interrupt fits: exact words before contained ones, longer before shorter, then file order.
    pub(crate) fn interrupt(&mut self, text: &str) -> Result<bool, Fault> {
        let bot = self.bot.clone();
        if bot.interrupts.is_empty() {
            return Ok(false);
        }
        let folded = fold(text);
        let mut found = Vec::new();
        for interrupt in &bot.interrupts {
            let rank = match &interrupt.words {
                // A condition alone comes after every word.
                None => Some((u8::MAX, 0)),
                Some(words) => words.keyword(&folded),
            };
            found.extend(rank.map(|(exactness, length)| ((exactness, Reverse(length)), interrupt)));
        }
        // Stable: file order decides between equals.
        found.sort_by_key(|(rank, _)| *rank);
        for (_, interrupt) in found {
            let mut fuel = self.fuel;
            let facts = ContactFacts {
                channel: Some(&self.conversation.address.channel),
                input: self.input_text.as_deref(),
                ..self.contact_facts()
            };
            let fits = allows(interrupt.when.as_ref(), &facts, &mut fuel);
            self.fuel = fuel;
            if fits? && self.follow_interrupt(interrupt.mode, interrupt.then.as_deref(), text)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn follow_interrupt(&mut self, mode: Mode, then: Option<&str>, text: &str) -> Result<bool, Fault> {
        let event = Record::from([("text".to_owned(), Value::text(text))]);
        if let Some(name) = then {
            let Some(skill) = self.bot.skill(name).cloned() else { return Ok(false) };
            // A skill that is not for this contact is as if it did not exist (FL 4).
            if !self.admitted(&skill, None, &event)? {
                return Ok(false);
            }
            // Whoever is in it already gives an answer, not an interrupt.
            let inside = self.conversation.floor_run().is_some_and(|run| run.frames.iter().any(|frame| frame.skill == name));
            if mode == Mode::Call && inside {
                return Ok(false);
            }
        }
        self.close_merges()?;
        self.rule("5.4.5", format!("an interrupt{}", then.map(|name| format!(": {name}")).unwrap_or_default()));
        match mode {
            Mode::Call => {
                if let Some(name) = then
                    && self.call_over_floor(name)?
                {
                    return Ok(true);
                }
            }
            Mode::Jump => {
                if let Some(top) = self.conversation.floor.last().copied() {
                    self.end_resting(top, "interrupted");
                }
            }
            Mode::End => {
                for run in std::mem::take(&mut self.conversation.floor) {
                    self.end_resting(run, "interrupted");
                }
            }
        }
        if let Some(name) = then {
            self.start_named(name, event, Cause::Customer)?;
        }
        Ok(true)
    }

    /// A button of a question that stands still under an interrupt: what interrupted it is over, and it has the floor again.
    /// Answers the run that asks it.
    pub(crate) fn uncover(&mut self, sent: &SentChoices) -> Option<RunId> {
        let now = self.turn.now;
        let asked = |frame: &Frame| {
            frame.skill == sent.skill && frame.block == sent.block && frame.paused.as_ref().is_some_and(|p| p.ask.is_some())
        };
        let run = self.conversation.runs.iter_mut().find(|run| run.id == sent.run && run.frames.iter().any(asked))?;
        let depth = run.frames.iter().position(asked)?;
        let id = run.id;
        if let Some(ask) = lay_bare(run, depth) {
            ask.asked_at = now;
        }
        // What interrupted it may have waited for something, without the floor.
        self.conversation.floor.retain(|r| *r != id);
        self.suspend_floor();
        self.conversation.floor.push(id);
        Some(id)
    }

    /// A skill that the person begins anew and that interrupted a question is over there: it is not asked twice.
    pub(crate) fn end_interrupts(&mut self, skill: &str) {
        let mut ended = 0;
        for run in self.conversation.runs.iter_mut().filter(|run| matches!(run.rest, Rest::Asking(_))) {
            let interrupts = |below: &Frame, above: &Frame| above.skill == skill && below.paused.as_ref().is_some_and(|p| p.ask.is_some());
            let Some(depth) = run.frames.iter().zip(run.frames.iter().skip(1)).position(|(below, above)| interrupts(below, above)) else {
                continue;
            };
            lay_bare(run, depth);
            ended += 1;
        }
        for _ in 0..ended {
            self.journey(Actor::System, JourneyKind::RunEnded { skill: skill.to_owned(), how: "begun anew".into() });
        }
    }

    /// Runs a skill on top of the run with the floor, in that run's version. Answers whether that can be: without such a
    /// run, while a human is waited for, or too deep, the skill is a run of its own.
    fn call_over_floor(&mut self, name: &str) -> Result<bool, Fault> {
        if self.conversation.owner != Owner::Bot {
            return Ok(false);
        }
        let Some(run) = self.conversation.floor_run() else { return Ok(false) };
        let Rest::Asking(ask) = run.rest.clone() else { return Ok(false) };
        let id: RunId = run.id;
        let depth = self.bot.limits().depth as usize;
        let known = self.turn.programs.get(&run.version).is_some_and(|bot| bot.skill(name).is_some());
        if !known || run.frames.len() >= depth {
            return Ok(false);
        }
        let called = Called { skill: name.to_owned(), vars: Record::new(), asked: Some(ask) };
        self.wake(id, |_| Ok(Some(Flow::Call(Box::new(called)))))?;
        Ok(true)
    }
}

/// Ends what runs on top of a question that an interrupt covered: it stands there again, its time stopped, and gets it back with the
/// floor (FL 5.3c).
fn lay_bare(run: &mut Run, depth: usize) -> Option<&mut Ask> {
    let Paused { ask, said } = run.frames.get_mut(depth)?.paused.take().map(|paused| *paused).unwrap_or_default();
    run.frames.truncate(depth + 1);
    run.said = said;
    run.rest = Rest::Asking(Ask { deadline: None, suspended: true, ..ask? });
    match &mut run.rest {
        Rest::Asking(ask) => Some(ask),
        Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => None,
    }
}
