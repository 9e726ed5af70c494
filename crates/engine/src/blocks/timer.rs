//! `timer`: arms a timer and goes on at once; each tick begins a run of its own at `do`.

use super::{BlockBody, BlockKind, Fault, Flow, Key, OptionSpec, OutcomeSpec, Shape};
use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use model::JourneyKind;

/// The shortest time between ticks: a second.
const SHORTEST: i64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Timer;

#[derive(Debug)]
struct Armed {
    after: i64,
    every: Option<i64>,
    times: Option<u32>,
    target: Target,
}

impl BlockKind for Timer {
    fn key(&self) -> &'static str {
        "timer"
    }
    fn summary(&self) -> &'static str {
        "Arms a timer and goes on at once. Each tick begins at `do`, with the variables of now. A timer that runs already starts anew."
    }
    fn example(&self) -> &'static str {
        "skill: remind\ncatch:\n  - command: remind\nblocks:\n  later:\n    timer: { after: 1h, do: nudge }\n  said:\n    text: I will remind you in an hour.\n    next: end\n  nudge:\n    text: An hour has passed.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "after", field: "duration", doc: "when it ticks first; `every` if not given" },
            OptionSpec { name: "every", field: "duration", doc: "how long from tick to tick; without it there is one tick" },
            OptionSpec { name: "times", field: "value", doc: "how many ticks there are" },
            OptionSpec { name: "do", field: "target", doc: "the block of this skill where each tick begins" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("times", Shape::Whole(1, 1_000_000), ""), Key::must("do", Shape::Target, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn group(&self) -> super::Group {
        super::Group::Time
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, syntax::Node::Map(_)) {
            reader.error("E0103", value.span, "timer is written { after: 1h, do: BLOCK }");
            return None;
        }
        let mut span = |key: &'static str, reader: &mut Reader<'_>| {
            options.take(key).map(|n| {
                let read = reader.duration(n, key).unwrap_or(SHORTEST);
                if read < SHORTEST {
                    reader.error("E0104", n.span, format!("{key} is at least 1s"));
                }
                read
            })
        };
        let (after, every) = (span("after", reader), span("every", reader));
        let times = options.take("times").and_then(|n| reader.integer(n, "times", 1, 1_000_000)).and_then(|n| u32::try_from(n).ok());
        let target = options.need("do", reader.out);
        let Some(after) = after.or(every) else {
            reader.error("E0102", value.span, "a timer needs \"after\" or \"every\"");
            return None;
        };
        let target_node = target?;
        match reader.target(target_node)? {
            Target::Block(index) => Some(Box::new(Armed { after, every, times, target: Target::Block(index) })),
            Target::End | Target::Skill(_) => {
                reader.error("E0111", target_node.span, "a tick begins at a block of this skill; from there it can leave for another");
                None
            }
        }
    }
}

impl BlockBody for Armed {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let Target::Block(index) = self.target else { return Ok(Flow::Next) };
        let now = at.step.turn.now;
        let timer = model::Timer {
            name: at.block().name.clone(),
            skill: at.skill.name.clone(),
            version: at.run.version.clone(),
            target: at.skill.blocks[index].name.clone(),
            next: now.plus_micros(self.after),
            every: self.every,
            left: self.times,
            vars: at.frame().vars.clone(),
            event: at.run.event.clone(),
        };
        let limit = at.step.bot.limits().timers as usize;
        let timers = &mut at.step.conversation.timers;
        timers.retain(|t| t.name != timer.name || t.skill != timer.skill);
        if timers.len() >= limit {
            return Err(Fault::Broken(format!("more than {limit} timers run in this conversation")));
        }
        let line = format!("{}.{} ticks at {}", timer.skill, timer.name, timer.next);
        timers.push(timer);
        at.journey(JourneyKind::Timer(line));
        Ok(Flow::Next)
    }

    fn timed_targets(&self) -> Vec<(String, Target)> {
        vec![("do".to_owned(), self.target.clone())]
    }
}
