//! Moving what rests from one version of the bot to another (FL 5.9): runs, timers and ticks that wait.
//!
//! [`migrate`] is one function for the plan and for the deed, so that what a dry run promises is what happens. Nothing is
//! said, started or timed anew: only the places change, and the choices that were shown lead where the new version says.
//!
//! **Invariant:** a run moves whole, all its frames or none, and only to blocks of the same type: how it rests stays right.

use super::stepper::Stepper;
use crate::bot::{Bot, Skill, Target};
use model::{Actor, ChoiceTo, Conversation, JourneyKind, MessageId, Rest, RunId, SentChoices, Start, Version};
use std::collections::BTreeMap;

/// The index of a choice that the new version does not have: none of the block's own.
const GONE: u16 = u16::MAX;

/// What rests at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resting {
    /// A run whose innermost skill is there.
    Run,
    /// A run that called another skill from there.
    Call,
    /// A timer armed there, or the block it ticks at.
    Timer,
    /// A tick that waits for its turn.
    Tick,
}

/// A place something rests at, and whether it can move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What rests there.
    pub what: Resting,
    /// `skill.block` in the old version.
    pub place: String,
    /// `skill.block` in the new version.
    pub to: String,
    /// Why it cannot rest there, if it cannot.
    pub unfit: Option<String>,
}

/// What moving came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The conversation afterwards; what does not fit is as it was.
    pub conversation: Conversation,
    /// Every place looked at, in order.
    pub places: Vec<Placed>,
    /// Runs that moved.
    pub runs: Vec<RunId>,
    /// How many timers and waiting ticks moved.
    pub timers: usize,
}

/// `skill.block` in its parts: the last dot parts them, block names have none.
pub fn split_place(place: &str) -> Option<(&str, &str)> {
    place.rsplit_once('.').filter(|(skill, block)| !skill.is_empty() && !block.is_empty())
}

/// Moves everything of a conversation that has version `from` to the bot `to`. A place that `places` does not name keeps
/// its name. Pure; nothing else of the conversation changes.
pub fn migrate(conversation: &Conversation, from: &Bot, to: &Bot, places: &BTreeMap<String, String>) -> Migration {
    let mut moved = Migration { conversation: conversation.clone(), places: Vec::new(), runs: Vec::new(), timers: 0 };
    let mover = Mover { from, to, places };
    for at in 0..moved.conversation.runs.len() {
        if moved.conversation.runs[at].version == *from.version() {
            mover.run(&mut moved, at);
        }
    }
    mover.timers(&mut moved);
    mover.ticks(&mut moved);
    moved
}

struct Mover<'a> {
    from: &'a Bot,
    to: &'a Bot,
    places: &'a BTreeMap<String, String>,
}

/// A place in the new version: the skill and the block's index.
struct Found<'a> {
    skill: &'a Skill,
    block: usize,
}

impl Found<'_> {
    fn name(&self) -> (String, String) {
        (self.skill.name.clone(), self.skill.blocks[self.block].name.clone())
    }
}

impl<'a> Mover<'a> {
    /// Where a place is in the new version.
    fn find(&self, what: Resting, skill: &str, block: &str) -> (Placed, Option<Found<'a>>) {
        let place = format!("{skill}.{block}");
        let named = self.places.get(&place);
        let to = named.unwrap_or(&place).clone();
        let found = split_place(&to).and_then(|(skill, block)| {
            let skill = self.to.skill(&crate::bot::canonical_skill_name(skill))?;
            Some(Found { skill, block: skill.block(block)?.0 })
        });
        let unfit = match &found {
            Some(_) => None,
            None => Some(format!("there is no block {to} in the new version")),
        };
        (Placed { what, place, to, unfit }, found)
    }

    /// The same for what rests: the block must be of the same type and rest in the same way.
    fn find_rest(&self, what: Resting, skill: &str, block: &str) -> (Placed, Option<Found<'a>>) {
        let (mut placed, found) = self.find(what, skill, block);
        let Some(found) = found else { return (placed, None) };
        let new = &found.skill.blocks[found.block];
        let old = self.from.skill(skill).and_then(|s| s.block(block)).map(|(_, b)| b);
        placed.unfit = match old {
            None => Some("its block is gone from the old version too".into()),
            Some(old) if old.kind.key() != new.kind.key() => {
                Some(format!("{} is a {} and {} a {}", placed.place, old.kind.key(), placed.to, new.kind.key()))
            }
            Some(old) if std::mem::discriminant(&old.body.waits()) != std::mem::discriminant(&new.body.waits()) => {
                Some(format!("{} does not wait as {} does", placed.to, placed.place))
            }
            Some(_) => None,
        };
        let fits = placed.unfit.is_none();
        (placed, fits.then_some(found))
    }

    fn run(&self, moved: &mut Migration, at: usize) {
        let run = &moved.conversation.runs[at];
        let (id, innermost) = (run.id, run.frames.len() - 1);
        let mut frames = Vec::with_capacity(run.frames.len());
        for (depth, frame) in run.frames.iter().enumerate() {
            let what = if depth == innermost { Resting::Run } else { Resting::Call };
            let (placed, found) = self.find_rest(what, &frame.skill, &frame.block);
            moved.places.push(placed);
            frames.extend(found.map(|f| f.name()));
        }
        if frames.len() != run.frames.len() {
            return;
        }
        let said = run.said.as_ref().and_then(|said| self.find(Resting::Run, &run.frame().skill, said).1).map(|f| f.name());
        let run = &mut moved.conversation.runs[at];
        run.version = self.to.version().clone();
        for (frame, (skill, block)) in run.frames.iter_mut().zip(frames) {
            if let Some(paused) = &mut frame.paused {
                let said = paused.said.take().and_then(|said| self.find(Resting::Run, &frame.skill, &said).1).map(|f| f.name());
                paused.said = said.filter(|(of, _)| *of == skill).map(|(_, block)| block);
            }
            (frame.skill, frame.block) = (skill, block);
        }
        // What spoke last is only repeated where it still is beside the block.
        run.said = said.filter(|(skill, _)| *skill == run.frame().skill).map(|(_, block)| block);
        let top = if let Rest::Asking(ask) = &run.rest { ask.message } else { None };
        let covered = run.frames.iter().filter_map(|frame| Some((frame.paused.as_ref()?.ask.as_ref()?.message?, frame)));
        let asked: Vec<(MessageId, String, String)> = covered
            .chain(top.map(|message| (message, run.frame())))
            .map(|(message, frame)| (message, frame.skill.clone(), frame.block.clone()))
            .collect();
        for (message, skill, block) in asked {
            if let Some(sent) = moved.conversation.choices.iter_mut().find(|sent| sent.message == message) {
                self.choices(sent, &skill, &block);
            }
        }
        moved.runs.push(id);
    }

    /// The choices a run waits on: what was shown leads where the new version's choice of the same label leads; a label
    /// that is gone leads where it led, if that block is still there.
    fn choices(&self, sent: &mut SentChoices, skill: &str, block: &str) {
        let Some((_, new)) = self.to.skill(skill).and_then(|s| s.block(block)) else { return };
        let source = self.to.skill(skill);
        for choice in sent.choices.iter_mut().filter(|choice| choice.to != ChoiceTo::More) {
            let said = super::spoken(&choice.label);
            let says = |c: &crate::blocks::choices::ChoiceDef| {
                c.label.in_every_language().filter_map(|label| label.literal()).any(|label| super::spoken(label) == said)
            };
            // Cards of a gallery may have buttons that say the same: then its place tells which one it was.
            let choices = new.body.choices();
            let same =
                Some(usize::from(choice.index)).filter(|at| choices.get(*at).is_some_and(says)).or_else(|| choices.iter().position(says));
            match same.and_then(|index| Some((u16::try_from(index).ok()?, new.body.choices()[index].target(new)))) {
                Some((index, target)) => {
                    choice.index = index;
                    match target {
                        Some(Target::Block(at)) => {
                            choice.to = source.map_or(ChoiceTo::End, |s| ChoiceTo::Block(s.blocks[at].name.clone()));
                        }
                        Some(Target::Skill(name)) => choice.to = ChoiceTo::Skill(name),
                        Some(Target::End) => choice.to = ChoiceTo::End,
                        // It raises an event, as before.
                        None => {}
                    }
                }
                None => {
                    choice.index = GONE;
                    if let ChoiceTo::Block(name) = &choice.to
                        && let (_, Some(found)) = self.find(Resting::Run, &sent.skill, name)
                        && found.skill.name == skill
                    {
                        choice.to = ChoiceTo::Block(found.name().1);
                    }
                }
            }
        }
        sent.version = self.to.version().clone();
        (sent.skill, sent.block) = (skill.to_owned(), block.to_owned());
    }

    fn timers(&self, moved: &mut Migration) {
        for at in 0..moved.conversation.timers.len() {
            let timer = &moved.conversation.timers[at];
            if timer.version != *self.from.version() {
                continue;
            }
            let (name, armed) = self.find_rest(Resting::Timer, &timer.skill, &timer.name);
            let (target, ticks) = self.find(Resting::Timer, &timer.skill, &timer.target);
            let same_skill = match (&armed, &ticks) {
                (Some(armed), Some(ticks)) => armed.skill.name == ticks.skill.name,
                _ => true,
            };
            moved.places.push(name);
            moved.places.push(if same_skill {
                target
            } else {
                Placed { unfit: Some("a timer ticks at a block of its own skill".into()), ..target }
            });
            let (Some(armed), Some(ticks), true) = (armed, ticks, same_skill) else { continue };
            let timer = &mut moved.conversation.timers[at];
            (timer.skill, timer.name) = armed.name();
            timer.target = ticks.name().1;
            timer.version = self.to.version().clone();
            moved.timers += 1;
        }
    }

    fn ticks(&self, moved: &mut Migration) {
        for at in 0..moved.conversation.pending.len() {
            let Start::Tick { skill, block, version, .. } = &moved.conversation.pending[at].start else { continue };
            if *version != *self.from.version() {
                continue;
            }
            let (placed, found) = self.find(Resting::Tick, skill, block);
            moved.places.push(placed);
            let Some(found) = found else { continue };
            if let Start::Tick { skill, block, version, .. } = &mut moved.conversation.pending[at].start {
                (*skill, *block) = found.name();
                *version = self.to.version().clone();
                moved.timers += 1;
            }
        }
    }
}

impl Stepper<'_> {
    /// Moves what rests here from one version to another; journeyed. What does not fit any more, because it went on since
    /// the plan was made, stays.
    pub(crate) fn move_runs(&mut self, from: &Version, to: &Version, places: &BTreeMap<String, String>, by: &Actor) {
        let (Some(old), Some(new)) = (self.turn.programs.get(from), self.turn.programs.get(to)) else {
            self.journey(by.clone(), JourneyKind::Error("runs were not moved: a version is not there any more".into()));
            return;
        };
        let moved = migrate(&self.conversation, &old, &new, places);
        let short = |version: &Version| version.0.chars().take(12).collect::<String>();
        for placed in moved.places.iter().filter(|p| p.what == Resting::Run || p.unfit.is_some()) {
            let line = match &placed.unfit {
                None => format!("moved from {} of version {} to {} of version {}", placed.place, short(from), placed.to, short(to)),
                Some(why) => format!("not moved from {} of version {}: {why}", placed.place, short(from)),
            };
            self.journey(by.clone(), JourneyKind::Moved(line));
        }
        self.conversation = moved.conversation;
    }
}
