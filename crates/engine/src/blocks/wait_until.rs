//! `wait_until`: waits for a date, a time of day, a weekday, or until something opens.

use super::moment::{self, Moment};
use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape, Waits};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use model::{Awaited, Instant, Rest};

/// What counts as waiting in a circle of blocks (FL 5.10): a second.
const WAITS: i64 = 1_000_000;

const TEXT: Shape = Shape::Text;

#[derive(Debug)]
pub(crate) struct WaitUntil;

impl BlockKind for WaitUntil {
    fn key(&self) -> &'static str {
        "wait_until"
    }
    fn summary(&self) -> &'static str {
        "Waits for a moment, in the bot's zone unless said otherwise. One computed from an attribute follows it when it changes; one that is past goes on at once."
    }
    fn example(&self) -> &'static str {
        "skill: follow-up\ncatch:\n  - command: later\nblocks:\n  promise:\n    text: I will write tomorrow morning.\n  morning:\n    wait_until: { date: \"${today() + 1d}\", time: \"09:00\" }\n  back:\n    text: Good morning! Shall we go on?\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec {
                name: "wait_until",
                field: "prose",
                doc: "a date (`2026-12-24`), a date and time (`2026-12-24 09:00`), a time of day (`09:00`), weekdays (`mon-fri 09:00`), or `${appointment - 1 day}`",
            },
            OptionSpec { name: "date", field: "prose", doc: "the day, or the point in time" },
            OptionSpec { name: "time", field: "prose", doc: "the time of day; without a date the next one" },
            OptionSpec { name: "weekdays", field: "value", doc: "`mon`, `mon-fri`, `sat, sun`: the first such day from then on" },
            OptionSpec {
                name: "calendar",
                field: "name",
                doc: "a calendar of bot.yaml: the first moment from then on at which it is open",
            },
            OptionSpec { name: "zone", field: "value", doc: "`bot` (default), `contact`, or an IANA name" },
        ]
    }
    fn group(&self) -> Group {
        Group::Time
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::may("wait_until", Shape::Prose, ""),
                Key::may("weekdays", Shape::OneOrMany(&TEXT), ""),
                Key::may("zone", Shape::Text, ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec {
            name: "error",
            otherwise: Otherwise::Error,
            doc: "there is no such moment: a value is missing or is no date or time",
        }]
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        Some(Box::new(Until(moment::read(value, options, reader)?)))
    }
}

#[derive(Debug)]
struct Until(Moment);

impl BlockBody for Until {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let until = self.0.compute(at)?;
        if until <= at.step.turn.now {
            return Ok(Flow::Next);
        }
        let on = if self.0.follows() { Awaited::Moment } else { Awaited::Time };
        Ok(Flow::Rest(Rest::Waiting { until: Some(until), on }))
    }

    fn waits(&self) -> Waits {
        Waits::For(WAITS)
    }

    fn moment(&self, at: &mut Moving<'_, '_>) -> Result<Option<Instant>, Fault> {
        self.0.compute(at).map(Some)
    }
}
