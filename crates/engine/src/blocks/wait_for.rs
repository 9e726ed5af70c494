//! `wait_for`: waits for a while.

use super::{BlockBody, BlockKind, Fault, Flow, OptionSpec, OutcomeSpec, Waits};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use model::Rest;

#[derive(Debug)]
pub(crate) struct WaitFor;

#[derive(Debug)]
struct Wait(i64);

impl BlockKind for WaitFor {
    fn key(&self) -> &'static str {
        "wait_for"
    }
    fn summary(&self) -> &'static str {
        "Waits for a duration, then goes on; the floor is free meanwhile."
    }
    fn example(&self) -> &'static str {
        "skill: pause\ncatch:\n  - command: pause\nblocks:\n  one:\n    text: One moment.\n  wait:\n    wait_for: 30s\n  two:\n    text: Here I am again.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[OptionSpec { name: "wait_for", field: "duration", doc: "how long" }]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, _options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if matches!(value.value, syntax::Node::Map(_)) {
            reader.error("E0122", value.span, "waiting for an event, segment or attribute is not built yet; wait_for takes a duration");
            return None;
        }
        let micros = reader.duration(value, "wait_for")?;
        Some(Box::new(Wait(micros)))
    }
}

impl BlockBody for Wait {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        if self.0 == 0 {
            return Ok(Flow::Next);
        }
        Ok(Flow::Rest(Rest::Waiting { until: at.step.turn.now.plus_micros(self.0) }))
    }

    fn waits(&self) -> Waits {
        Waits::For(self.0)
    }
}
