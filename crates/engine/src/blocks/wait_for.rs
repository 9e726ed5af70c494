//! `wait_for`: waits for a while, or until something happens.

use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape, Waits};
use crate::bot::reader::{At, Fields, Reader, took, unknown_segment};
use crate::step::Moving;
use expr::Condition;
use model::{Awaited, Rest};
use syntax::{Diagnostic, Node};

const SEGMENT: Shape = Shape::Either(&[
    Shape::Text,
    Shape::OneKey(&[Key::may("entered", Shape::Text, "the contact is in it"), Key::may("left", Shape::Text, "the contact is not in it")]),
]);

#[derive(Debug)]
pub(crate) struct WaitFor;

#[derive(Debug)]
enum Wait {
    /// So many microseconds.
    While(i64),
    /// Something happens, within a time if one is given.
    Until { what: What, filter: Option<Condition>, timeout: Option<i64> },
}

#[derive(Debug)]
enum What {
    Event(String),
    Segment { name: String, entered: bool },
    Attribute(String),
}

impl BlockKind for WaitFor {
    fn key(&self) -> &'static str {
        "wait_for"
    }
    fn summary(&self) -> &'static str {
        "Waits for a duration, an event, a segment or an attribute; the floor is free meanwhile. What came is read as `event.…` afterwards."
    }
    fn example(&self) -> &'static str {
        "skill: order\ncatch:\n  - command: pay\nblocks:\n  ask:\n    text: Please pay at the counter.\n  paid:\n    wait_for: { event: paid, where: amount > 0, timeout: 2d }\n    on: { timeout: late }\n  thanks:\n    text: Thank you for ${event.amount}!\n    next: end\n  late:\n    text: Shall we cancel your order?\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "wait_for", field: "duration", doc: "how long, if it waits for the time alone" },
            OptionSpec { name: "event", field: "name", doc: "an event of this contact" },
            OptionSpec {
                name: "segment",
                field: "name",
                doc: "a segment the contact is in, or `{ left: NAME }`; if so already, the run goes on at once",
            },
            OptionSpec { name: "attribute", field: "name", doc: "an attribute that gets another value" },
            OptionSpec { name: "where", field: "condition", doc: "over the event's fields, or over the contact with the new value" },
            OptionSpec {
                name: "timeout",
                field: "duration",
                doc: "how long at most; without it the run is forgotten after `limits.run_idle`",
            },
        ]
    }
    fn group(&self) -> Group {
        Group::Time
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("wait_for", Shape::Duration, ""), Key::may("segment", SEGMENT, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec { name: "timeout", otherwise: Otherwise::EndQuietly("expired"), doc: "it did not happen within `timeout`" }]
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, Node::Map(_)) {
            return Some(Box::new(Wait::While(reader.duration(value, "wait_for")?)));
        }
        let (event, segment, attribute) = (options.take("event"), options.take("segment"), options.take("attribute"));
        let filter = options.take_with_key("where");
        let timeout = options.take("timeout").map(|n| reader.duration(n, "timeout"));
        let (what, filter) = match (event, segment, attribute) {
            (Some(node), None, None) => {
                let filter = filter.map(|(_, n)| reader.event_condition(n, "where"));
                (What::Event(crate::catches::event_name(node, reader)?), filter)
            }
            (None, Some(node), None) => {
                if let Some((key, _)) = filter {
                    reader.error("E0101", key, "a segment has no where: its own condition says who is in it");
                    return None;
                }
                (read_segment(node, reader)?, None)
            }
            (None, None, Some(node)) => {
                let filter = filter.map(|(_, n)| {
                    let source = reader.text(n, "where")?;
                    let scope = reader.names.in_segment();
                    took(Condition::parse(source, &scope), n, reader.out)
                });
                (What::Attribute(crate::catches::attribute_name(node, reader)?), filter)
            }
            _ => {
                reader.out.push(
                    Diagnostic::error("E0102", value.span, "wait_for waits for one thing: event, segment or attribute")
                        .help("for the time alone write the duration: wait_for: 2h"),
                );
                return None;
            }
        };
        if timeout.is_none() {
            reader.out.push(
                Diagnostic::warning("W0215", value.span, "if it never happens, this run is forgotten without a word")
                    .help("say how long to wait with timeout: 2d, and what then with on: { timeout: … }"),
            );
        }
        // What could not be read was told.
        let filter = match filter {
            Some(read) => Some(read?),
            None => None,
        };
        let timeout = match timeout {
            Some(read) => Some(read?),
            None => None,
        };
        Some(Box::new(Wait::Until { what, filter, timeout }))
    }
}

fn read_segment(node: At<'_>, reader: &mut Reader<'_>) -> Option<What> {
    let (node, entered) = match &node.value {
        Node::Map(_) => {
            let mut fields = Fields::of(node, "a segment to wait for", reader.out)?;
            let (entered, left) = (fields.take("entered"), fields.take("left"));
            fields.finish(reader.out);
            match (entered, left) {
                (Some(node), None) => (node, true),
                (None, Some(node)) => (node, false),
                _ => {
                    reader.error("E0102", node.span, "a segment to wait for has exactly one of entered and left");
                    return None;
                }
            }
        }
        Node::Null | Node::Scalar(_) | Node::List(_) => (node, true),
    };
    let name = reader.text(node, "a segment")?.trim();
    if !reader.names.segments.contains_key(name) {
        reader.out.push(unknown_segment(node.span, name, reader.names));
        return None;
    }
    Some(What::Segment { name: name.to_owned(), entered })
}

impl BlockBody for Wait {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let now = at.step.turn.now;
        let (what, timeout) = match self {
            Self::While(0) => return Ok(Flow::Next),
            Self::While(micros) => {
                return Ok(Flow::Rest(Rest::Waiting { until: Some(now.plus_micros(*micros)), on: Awaited::Time }));
            }
            Self::Until { what, timeout, .. } => (what, timeout),
        };
        let on = match what {
            What::Event(name) => Awaited::Event(name.clone()),
            What::Segment { name, entered } => {
                let is_in = at.with_facts(|facts, fuel| expr::Facts::in_segment(facts, name, fuel)) == expr::Truth::True;
                if is_in == *entered {
                    return Ok(Flow::Next);
                }
                Awaited::Segment { name: name.clone(), entered: *entered }
            }
            What::Attribute(name) => Awaited::Attribute { name: name.clone(), was: at.step.attribute_now(name) },
        };
        Ok(Flow::Rest(Rest::Waiting { until: timeout.map(|t| now.plus_micros(t)), on }))
    }

    fn waits(&self) -> Waits {
        match self {
            Self::While(micros) => Waits::For(*micros),
            // Who is in the segment already does not wait at all.
            Self::Until { what: What::Segment { .. }, .. } => Waits::For(0),
            Self::Until { what: What::Event(_) | What::Attribute(_), timeout, .. } => Waits::For(timeout.unwrap_or(i64::MAX)),
        }
    }

    fn waits_for_others(&self) -> bool {
        matches!(self, Self::Until { what: What::Event(_) | What::Attribute(_), .. })
    }

    fn timeout(&self) -> Option<i64> {
        match self {
            Self::While(_) => None,
            Self::Until { timeout, .. } => *timeout,
        }
    }

    fn awaited_event(&self) -> Option<&str> {
        match self {
            Self::Until { what: What::Event(name), .. } => Some(name),
            Self::Until { .. } | Self::While(_) => None,
        }
    }

    fn awaited(&self) -> Option<&Condition> {
        match self {
            Self::While(_) => None,
            Self::Until { filter, .. } => filter.as_ref(),
        }
    }
}
