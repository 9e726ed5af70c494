//! `segment`: checks membership, or puts the contact into a static segment and takes it out.

use super::{BlockBody, BlockKind, Does, Fault, Flow, OptionSpec, Otherwise, OutcomeSpec};
use crate::bot::reader::{At, Fields, Reader, unknown_segment};
use crate::step::Moving;
use expr::{Facts, Truth};
use model::Change;

#[derive(Debug)]
pub(crate) struct Segment;

#[derive(Debug)]
enum Act {
    Check(String),
    Add(String),
    Remove(String),
}

impl BlockKind for Segment {
    fn key(&self) -> &'static str {
        "segment"
    }
    fn summary(&self) -> &'static str {
        "`check` goes on for members and takes `not_member` for others; `add` and `remove` change a static segment."
    }
    fn example(&self) -> &'static str {
        "skill: gate\ncatch:\n  - command: gate\nblocks:\n  gate:\n    segment: { check: vip }\n    on: { not_member: end }\n  inside:\n    text: Welcome in.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "check", field: "name", doc: "the segment to look at" },
            OptionSpec { name: "add", field: "name", doc: "the static segment to put the contact into" },
            OptionSpec { name: "remove", field: "name", doc: "the static segment to take the contact out of" },
        ]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec { name: "not_member", otherwise: Otherwise::Next, doc: "`check`: the contact is not in the segment" }]
    }
    fn group(&self) -> super::Group {
        super::Group::Segments
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, syntax::Node::Map(_)) {
            reader.error("E0103", value.span, "segment is written { check: NAME }, { add: NAME } or { remove: NAME }");
            return None;
        }
        let (check, add, remove) = (options.take("check"), options.take("add"), options.take("remove"));
        let (node, is_static, make): (_, bool, fn(String) -> Act) = match (check, add, remove) {
            (Some(n), None, None) => (n, false, Act::Check),
            (None, Some(n), None) => (n, true, Act::Add),
            (None, None, Some(n)) => (n, true, Act::Remove),
            _ => {
                reader.error("E0102", value.span, "segment does exactly one of check, add and remove");
                return None;
            }
        };
        let name = reader.text(node, "a segment")?.trim();
        match reader.names.segments.get(name) {
            None => {
                reader.out.push(unknown_segment(node.span, name, reader.names));
                return None;
            }
            Some(false) if is_static => {
                let message = format!("\"{name}\" has a rule: people enter and leave it by themselves");
                reader.out.push(
                    syntax::Diagnostic::error("E0121", node.span, message)
                        .help("change what the rule looks at, or make it static: true in segments.yaml"),
                );
                return None;
            }
            Some(_) => {}
        }
        Some(Box::new(make(name.to_owned())))
    }
}

impl BlockBody for Act {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        match self {
            Self::Check(name) => {
                let member = at.with_facts(|facts, fuel| facts.in_segment(name, fuel)) == Truth::True;
                return Ok(if member { Flow::Next } else { Flow::Outcome("not_member", String::new()) });
            }
            Self::Add(name) => at.change(&Change::AddToList(name.clone())),
            Self::Remove(name) => at.change(&Change::RemoveFromList(name.clone())),
        }
        Ok(Flow::Next)
    }

    fn does(&self) -> Vec<Does<'_>> {
        match self {
            Self::Check(_) => Vec::new(),
            Self::Add(segment) => vec![Does::List { segment, added: true }],
            Self::Remove(segment) => vec![Does::List { segment, added: false }],
        }
    }
}
