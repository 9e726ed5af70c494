//! W0240: skills that begin one another without end through what they change: tags, static segments, attributes, and segments that follow
//! from these (FL 5.8).
//!
//! Each skill is begun in thought, with somebody of whom nothing is known, and what surely follows is followed: what it changes, which
//! skills that begins, what they change. When everything is as it was before, it never ends. Whatever is not sure — a block with a
//! condition, a case, a guard of a catch, a value from elsewhere, a segment that looks at something else — is taken for the end.

mod deeds;
mod known;

use super::{Lint, Look, Needs};
use crate::bot::Skill;
use crate::catches::Signal;
use deeds::Steps;
use known::Known;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use syntax::{Diagnostic, Diagnostics};

/// How many beginnings are followed from one skill before it is left alone.
const MOST: usize = 200;

pub(super) struct Reactions;

/// A block of a skill.
type Place<'a> = (&'a str, usize);

impl Lint for Reactions {
    fn needs(&self) -> Needs {
        Needs::Sound
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let town = Town::of(bot);
        let mut told: BTreeSet<BTreeSet<Place<'_>>> = BTreeSet::new();
        for skill in town.steps.keys().copied() {
            let Some(circle) = town.circle(skill) else { continue };
            // The same circle is met from each of its skills.
            if told.insert(circle.clone()) {
                tell(bot, &circle, out);
            }
        }
    }
}

fn tell(bot: &Look<'_>, circle: &BTreeSet<Place<'_>>, out: &mut Diagnostics) {
    let blocks = circle.iter().filter_map(|(skill, block)| Some((*skill, bot.skills.get(*skill)?.blocks.get(*block)?)));
    let blocks: Vec<_> = blocks.collect();
    let Some((_, first)) = blocks.first() else { return };
    let names: Vec<String> = blocks.iter().map(|(skill, block)| format!("{skill}.{}", block.name)).collect();
    let message = match names.as_slice() {
        [one] => format!("{one} changes what begins this very skill, without end"),
        several => format!("{} change what begins one another's skills, without end", several.join(", ")),
    };
    out.push(
        Diagnostic::warning("W0240", first.span, message)
            .help("after eight causes in a row nothing more begins and the journey tells of an error; where something is requested in between, after limits.idle_steps steps in an hour")
            .help("ask or wait for something in between, change it only when it is needed, or guard a catch with only_for or once"),
    );
}

/// What surely happens by itself in a bot.
struct Town<'b, 'a> {
    bot: &'b Look<'a>,
    /// What each skill does when it begins, if it does anything.
    steps: BTreeMap<&'a str, Steps<'a>>,
    /// The segments whose members' coming or going begins a skill.
    watched: Vec<&'a str>,
}

impl<'b, 'a> Town<'b, 'a> {
    fn of(bot: &'b Look<'a>) -> Self {
        let steps = bot.own().map(|skill| (skill.name.as_str(), deeds::of(bot, skill)));
        let steps = steps.filter(|(_, steps)| steps.iter().any(|step| !step.is_empty())).collect();
        let moves = |key: &str| [true, false].into_iter().any(|entered| !begun(bot, &moved(key, entered)).is_empty());
        let watched = bot.segments.keys().map(String::as_str).filter(|key| moves(key)).collect();
        Self { bot, steps, watched }
    }

    /// The blocks of a circle that a skill leads into, if it surely does.
    fn circle(&self, root: &'a str) -> Option<BTreeSet<Place<'a>>> {
        let mut known = Known::default();
        let mut queue: VecDeque<Place<'a>> = VecDeque::from([(root, 0)]);
        let mut met: Vec<(Known, VecDeque<Place<'a>>)> = Vec::new();
        let mut causes: Vec<BTreeSet<Place<'a>>> = Vec::new();
        while !queue.is_empty() && met.len() < MOST {
            let moment = (known.clone(), queue.clone());
            if let Some(since) = met.iter().position(|before| *before == moment) {
                return Some(causes.iter().skip(since).flatten().copied().collect());
            }
            met.push(moment);
            let Some((skill, step)) = queue.pop_front() else { break };
            causes.push(self.live(skill, step, &mut known, &mut queue));
        }
        None
    }

    /// One step of a skill that began, and what it begins; answers the blocks that began something.
    fn live(&self, name: &'a str, step: usize, known: &mut Known, queue: &mut VecDeque<Place<'a>>) -> BTreeSet<Place<'a>> {
        let mut causes = BTreeSet::new();
        let Some(steps) = self.steps.get(name) else { return causes };
        let Some(deeds) = steps.get(step) else { return causes };
        for (signal, by) in known.follow(self.bot, deeds, &self.watched) {
            let begins = begun(self.bot, &signal);
            if !begins.is_empty() {
                causes.insert((by.skill.name.as_str(), by.block));
            }
            queue.extend(begins.into_iter().map(|skill| (skill.name.as_str(), 0)));
        }
        if step + 1 < steps.len() {
            queue.push_back((name, step + 1));
        }
        causes
    }
}

/// Somebody enters a segment, or leaves it.
fn moved(key: &str, entered: bool) -> Signal {
    Signal::Segment { name: key.to_owned(), entered, at: model::Instant::default(), edited: false }
}

/// The skills that a signal surely begins, once for each of their catches.
fn begun<'a>(bot: &Look<'a>, signal: &Signal) -> Vec<&'a Skill> {
    let catches = |skill: &Skill| skill.catches.iter().filter(|catch| !catch.is_guarded() && catch.kind.catches(signal)).count();
    bot.own().filter(|skill| skill.only_for.is_none()).flat_map(|skill| std::iter::repeat_n(skill, catches(skill))).collect()
}
