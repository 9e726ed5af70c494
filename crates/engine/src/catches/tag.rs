//! `tag: { added: gold }`: a tag came or went, by whoever.

use super::{Catch, CatchKind, Signal};
use crate::blocks::{Key, Shape};
use crate::bot::reader::{At, Fields, Reader};
use model::TagKey;

pub(crate) struct Tag;

#[derive(Debug)]
struct Tagged {
    tag: TagKey,
    label: String,
    added: bool,
}

impl CatchKind for Tag {
    fn summary(&self) -> &'static str {
        "a tag is added or removed, by whoever"
    }
    fn shape(&self) -> Shape {
        const { Shape::OneKey(&[Key::may("added", Shape::Text, "the tag"), Key::may("removed", Shape::Text, "the tag")]) }
    }
    fn key(&self) -> &'static str {
        "tag"
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let mut fields = Fields::of(value, "a tag catch", reader.out)?;
        let added = fields.take("added");
        let removed = fields.take("removed");
        fields.finish(reader.out);
        let (node, added) = match (added, removed) {
            (Some(node), None) => (node, true),
            (None, Some(node)) => (node, false),
            _ => {
                reader.error("E0102", value.span, "a tag catch has exactly one of added and removed");
                return None;
            }
        };
        let label = reader.text(node, "a tag")?.trim().to_owned();
        if label.is_empty() {
            reader.error("E0104", node.span, "a tag is a text of 1 to 64 characters");
            return None;
        }
        Some(Box::new(Tagged { tag: TagKey::of(&label), label, added }))
    }
}

impl Catch for Tagged {
    fn catches(&self, signal: &Signal) -> bool {
        matches!(signal, Signal::Tag { name, added } if TagKey::of(name) == self.tag && *added == self.added)
    }
    fn spoken(&self) -> String {
        format!("tag {} {}", self.label, if self.added { "added" } else { "removed" })
    }
}
