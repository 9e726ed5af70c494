//! `stop_timer`: stops a timer, by the name of the block that armed it.

use super::{BlockBody, BlockKind, Fault, Flow, OptionSpec, OutcomeSpec};
use crate::bot::reader::{At, Fields, Reader, unknown};
use crate::step::Moving;
use model::JourneyKind;

#[derive(Debug)]
pub(crate) struct StopTimer;

#[derive(Debug)]
struct Stop {
    skill: String,
    timer: String,
}

impl BlockKind for StopTimer {
    fn key(&self) -> &'static str {
        "stop_timer"
    }
    fn summary(&self) -> &'static str {
        "Stops a timer of this conversation: `NAME` of this skill, or `SKILL.NAME`. One that does not run is no error."
    }
    fn example(&self) -> &'static str {
        "skill: remind\ncatch:\n  - command: remind\nblocks:\n  later:\n    timer: { after: 1h, do: nudge }\n  done:\n    stop_timer: later\n    next: end\n  nudge:\n    text: An hour has passed.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[OptionSpec { name: "stop_timer", field: "name", doc: "the timer block, as `block` or `skill.block`" }]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn group(&self) -> super::Group {
        super::Group::Time
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, _options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let written = reader.text(value, "a timer")?.trim();
        let (skill, timer) = written.split_once('.').unwrap_or((reader.skill, written));
        let key = (skill.to_owned(), timer.to_owned());
        if reader.names.timers.contains(&key) {
            return Some(Box::new(Stop { skill: key.0, timer: key.1 }));
        }
        let known: Vec<String> =
            reader.names.timers.iter().map(|(s, t)| if s == reader.skill { t.clone() } else { format!("{s}.{t}") }).collect();
        let known = known.iter().map(String::as_str);
        let diagnostic = unknown("E0120", value.span, &format!("there is no timer \"{written}\""), written, known, "the timers are");
        reader.out.push(diagnostic);
        None
    }
}

impl BlockBody for Stop {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let timers = &mut at.step.conversation.timers;
        let before = timers.len();
        timers.retain(|t| t.skill != self.skill || t.name != self.timer);
        // A tick that waits for the floor belongs to the timer as well.
        let pending = &mut at.step.conversation.pending;
        pending.retain(|p| !matches!(&p.start, model::Start::Tick { timer, skill, .. } if *timer == self.timer && *skill == self.skill));
        if at.step.conversation.timers.len() < before {
            at.journey(JourneyKind::Timer(format!("{}.{} stopped", self.skill, self.timer)));
        }
        Ok(Flow::Next)
    }
}
