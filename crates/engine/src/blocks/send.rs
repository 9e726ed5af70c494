//! `send`: raises an event for this contact and goes on at once.

use super::{BlockBody, BlockKind, Fault, Flow, OptionSpec, Otherwise, OutcomeSpec};
use crate::bot::reader::{At, Fields, Reader, is_identifier};
use crate::step::Moving;
use expr::Template;
use model::Record;
use syntax::Node;

#[derive(Debug)]
pub(crate) struct Send;

#[derive(Debug)]
struct Raise {
    event: String,
    fields: Vec<(String, Template)>,
}

impl BlockKind for Send {
    fn key(&self) -> &'static str {
        "send"
    }
    fn summary(&self) -> &'static str {
        "Raises an event for this contact: it is recorded, and the skills that catch it start in this step. The run goes on at once."
    }
    fn example(&self) -> &'static str {
        "skill: buy\ncatch:\n  - command: buy\nblocks:\n  bought:\n    send: purchase\n    with: { total: 12.50 }\n  thanks:\n    text: Thank you!\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "send", field: "name", doc: "the event" },
            OptionSpec { name: "with", field: "map of prose", doc: "its fields; a lone `${…}` keeps its type, numbers are numbers" },
        ]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec { name: "error", otherwise: Otherwise::Error, doc: "a field cannot be computed" }]
    }
    fn group(&self) -> super::Group {
        super::Group::Events
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let fields = match options.take("with") {
            None => Vec::new(),
            Some(node) => read_fields(node, reader)?,
        };
        let event = crate::catches::event_name(value, reader)?;
        Some(Box::new(Raise { event, fields }))
    }
}

/// A map of names to prose.
pub(crate) fn read_fields(node: At<'_>, reader: &mut Reader<'_>) -> Option<Vec<(String, Template)>> {
    let Node::Map(entries) = &node.value else {
        reader.error("E0103", node.span, format!("fields are written as a map of names, not {}", node.kind_name()));
        return None;
    };
    let mut fields = Vec::new();
    for entry in entries {
        let name = reader.text(&entry.key, "a name")?;
        if !is_identifier(name) {
            reader.error("E0114", entry.key.span, format!("a field is a name of letters, digits and _, not \"{name}\""));
            return None;
        }
        fields.push((name.to_owned(), reader.prose(&entry.value, name)?));
    }
    Some(fields)
}

impl BlockBody for Raise {
    fn raises(&self) -> Vec<String> {
        vec![self.event.clone()]
    }

    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let mut fields = Record::new();
        for (name, template) in &self.fields {
            if let Some(value) = at.value(template)? {
                fields.insert(name.clone(), super::data::plain_number(value, template));
            }
        }
        let (cause, by) = (at.run.cause.clone(), at.actor());
        at.step.send(&self.event, fields, cause, by);
        Ok(Flow::Next)
    }
}
