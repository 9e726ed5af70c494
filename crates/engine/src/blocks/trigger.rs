//! `trigger`: raises an event for other contacts: one, or all for whom a condition holds.

use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader, took};
use crate::step::{Moving, TriggerRequest, TriggerTo};
use expr::{Condition, Template};
use model::{Record, Rest};
use syntax::{Diagnostic, Node};

/// The fastest pace a flow may ask for, in contacts a second.
const FASTEST: i64 = 200;

#[derive(Debug)]
pub(crate) struct Trigger;

#[derive(Debug)]
struct Raise {
    event: String,
    to: Whom,
    fields: Vec<(String, Template)>,
    per_second: Option<u32>,
}

#[derive(Debug)]
enum Whom {
    One(Template),
    Where(String),
}

impl BlockKind for Trigger {
    fn key(&self) -> &'static str {
        "trigger"
    }
    fn summary(&self) -> &'static str {
        "Raises an event for other contacts: it is recorded with each of them, and the skills that catch it start in their conversations. The run goes on at once. Who opted out is left out."
    }
    fn example(&self) -> &'static str {
        "skill: ready\ncatch:\n  - command: ready\nblocks:\n  courier:\n    trigger: order_ready\n    contact: \"telegram:4711\"\n    with: { order: 41 }\n    on: { not_found: nobody }\n  fans:\n    trigger: news\n    to: ran skill ready within 7 days\n    per_second: 10\n    when: first_name is set\n    next: end\n  nobody:\n    text: The courier is not known.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "trigger", field: "name", doc: "the event" },
            OptionSpec { name: "event", field: "name", doc: "the same, where the options stand in a map" },
            OptionSpec {
                name: "contact",
                field: "prose",
                doc: "one contact: an id, `channel:address`, an e-mail address or a phone number",
            },
            OptionSpec {
                name: "to",
                field: "condition",
                doc: "all contacts for whom it holds when the block runs; what is known of the sender plays no part",
            },
            OptionSpec {
                name: "with",
                field: "map of prose",
                doc: "the event's fields; a lone `${…}` keeps its type, numbers are numbers",
            },
            OptionSpec { name: "per_second", field: "value", doc: "how many contacts a second at the most (20)" },
        ]
    }
    fn group(&self) -> Group {
        Group::Events
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::may("trigger", Shape::Text, ""),
                Key::may("event", Shape::Text, ""),
                Key::may("per_second", Shape::Whole(1, FASTEST), ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec { name: "not_found", otherwise: Otherwise::Next, doc: "there is no such contact" },
            OutcomeSpec { name: "error", otherwise: Otherwise::Error, doc: "a field or the contact cannot be computed" },
        ]
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let event = match &value.value {
            Node::Map(_) => options.need("event", reader.out),
            Node::Null | Node::Scalar(_) | Node::List(_) => Some(value),
        };
        let (contact, to) = (options.take("contact"), options.take("to"));
        let fields = options.take("with").map(|n| super::send::read_fields(n, reader));
        let per_second = options.take("per_second").map(|n| reader.integer(n, "per_second", 1, FASTEST));
        let whom = match (contact, to) {
            (Some(node), None) => Whom::One(reader.prose(node, "contact")?),
            (None, Some(node)) => {
                let source = reader.text(node, "to")?;
                let scope = reader.names.in_segment();
                Whom::Where(took(Condition::parse(source, &scope), node, reader.out)?.to_string())
            }
            _ => {
                reader.out.push(
                    Diagnostic::error("E0181", value.span, "a trigger is for somebody: contact for one, to for all that a condition names")
                        .help("for the contact at hand write send: EVENT"),
                );
                return None;
            }
        };
        let event = crate::catches::event_name(event?, reader)?;
        let fields = match fields {
            Some(fields) => fields?,
            None => Vec::new(),
        };
        let per_second = match per_second {
            Some(pace) => u32::try_from(pace?).ok(),
            None => None,
        };
        Some(Box::new(Raise { event, to: whom, fields, per_second }))
    }
}

impl BlockBody for Raise {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let mut fields = Record::new();
        for (name, template) in &self.fields {
            if let Some(value) = at.value(template)? {
                fields.insert(name.clone(), super::data::plain_number(value, template));
            }
        }
        let to = match &self.to {
            Whom::Where(condition) => TriggerTo::Where(condition.clone()),
            Whom::One(template) => {
                let who = at.render(template)?.trim().to_owned();
                if who.is_empty() {
                    return Ok(Flow::Outcome("not_found", "no contact is named".into()));
                }
                TriggerTo::One(who)
            }
        };
        let request = at.step.ids.next();
        let (conversation, by) = (at.step.conversation.id, at.actor());
        let asked = TriggerRequest { request, conversation, event: self.event.clone(), fields, to, per_second: self.per_second, by };
        at.step.out.triggers.push(asked);
        Ok(Flow::Rest(Rest::Requesting { request }))
    }

    fn raises(&self) -> Vec<String> {
        vec![self.event.clone()]
    }
}
