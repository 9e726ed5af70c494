//! Skills that run on top of others: frames pushed and popped on one run, by `call` and by interrupts (FL 5.3d, 7.2).

use super::moving::Moving;
use super::run::Go;
use crate::blocks::{Called, Fault, Flow};
use crate::bot::Skill;
use model::{Actor, Ask, Change, Frame, Paused, Rest};

impl Moving<'_, '_> {
    /// Whether a skill's guard lets the contact in; one that cannot be computed lets nobody in.
    pub(super) fn lets_in(&mut self, skill: &Skill) -> Result<bool, Fault> {
        match &skill.only_for {
            None => Ok(true),
            Some(_) if self.step.turn.ungated => Ok(true),
            Some(guard) => match self.holds(guard) {
                Err(Fault::Failed(_)) => Ok(false),
                held => held,
            },
        }
    }

    /// Begins a skill on top of the block at hand, in the run's own version. Answers whether it lets the contact in.
    pub(super) fn enter_called(&mut self, called: Called) -> Result<bool, Fault> {
        let Called { skill: name, vars, asked } = called;
        let Some(skill) = self.bot.skill(&name).cloned() else {
            return Err(Fault::Broken(format!("there is no skill {name} in this version")));
        };
        if !self.lets_in(&skill)? {
            return Ok(false);
        }
        let limit = self.step.bot.limits().depth as usize;
        if self.run.frames.len() >= limit {
            return Err(Fault::Broken(format!("more than {limit} skills are called from one another")));
        }
        self.journey(model::JourneyKind::Block { exit: format!("calls {name}") });
        let said = self.run.said.take();
        self.run.frame_mut().paused = Some(Box::new(Paused { ask: asked, said }));
        let block = skill.blocks[0].name.clone();
        self.run.frames.push(Frame { skill: name.clone(), block, vars, paused: None });
        self.skill = skill;
        self.at = 0;
        let run = self.run.id;
        self.step.change(&Change::Ran(name), &Actor::System, Some(run), None);
        Ok(true)
    }

    /// The innermost skill is over: the run goes on in the one below, or ends with the outermost (FL 3.4).
    pub(super) fn skill_ends(&mut self) -> Result<Go, Fault> {
        if self.run.frames.len() < 2 {
            self.end("done");
            return Ok(Go::Stopped);
        }
        let over = self.run.frames.pop().expect("a run has at least one frame");
        let frame = self.run.frame_mut();
        let Paused { ask, said } = frame.paused.take().map(|paused| *paused).unwrap_or_default();
        let place = (frame.skill.clone(), frame.block.clone());
        self.run.said = said;
        let below = self.bot.skill(&place.0).cloned().and_then(|skill| {
            let (at, _) = skill.block(&place.1)?;
            Some((skill, at))
        });
        let Some((skill, at)) = below else {
            return Err(Fault::Broken(format!("there is no block {}.{} in this version", place.0, place.1)));
        };
        (self.skill, self.at) = (skill, at);
        if let Some(ask) = ask {
            return self.ask_after_interrupt(ask);
        }
        let block = self.skill.clone();
        match block.blocks[at].body.returned(self, &over.vars) {
            Ok(()) => self.take(Flow::Next),
            Err(Fault::Failed(why)) => self.take(Flow::Outcome("error", why)),
            Err(broken @ Fault::Broken(_)) => Err(broken),
        }
    }

    /// An interrupt is over: the question below it is asked again, and its timeout starts anew.
    fn ask_after_interrupt(&mut self, ask: Ask) -> Result<Go, Fault> {
        let now = self.step.turn.now;
        let deadline = self.block().body.timeout().map(|timeout| now.plus_micros(timeout));
        self.run.rest = Rest::Asking(Ask { asked_at: now, deadline, suspended: false, ..ask });
        if self.unsendable().is_none() {
            self.repeat_question()?;
        }
        let rest = self.run.rest.clone();
        self.rest(rest);
        Ok(Go::Stopped)
    }
}
