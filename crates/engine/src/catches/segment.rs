//! `segment: { entered: vip }`: membership changed, as of the whole step (FL 5.8).

use super::{Catch, CatchKind, Signal};
use crate::blocks::{Key, Shape};
use crate::bot::reader::{At, Fields, Reader, boolean, unknown_segment};

pub(crate) struct Segment;

#[derive(Debug)]
struct Transition {
    segment: String,
    entered: bool,
    /// Whether those whom an edit of the rule carries in or out count as well.
    also_current: bool,
}

impl CatchKind for Segment {
    fn summary(&self) -> &'static str {
        "the contact enters or leaves a segment"
    }
    fn shape(&self) -> Shape {
        const {
            Shape::Keys(&[
                Key::may("entered", Shape::Text, "the segment that is entered; this or left"),
                Key::may("left", Shape::Text, "the segment that is left; this or entered"),
                Key::may(
                    "also_current",
                    Shape::Truth,
                    "whether it starts as well for those whom an edit of the segment's rule carries in or out",
                ),
            ])
        }
    }
    fn key(&self) -> &'static str {
        "segment"
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let mut fields = Fields::of(value, "a segment catch", reader.out)?;
        let entered = fields.take("entered");
        let left = fields.take("left");
        let also_current = fields.take("also_current").and_then(|n| boolean(n, "also_current", reader.out)).unwrap_or(false);
        fields.finish(reader.out);
        let (node, entered) = match (entered, left) {
            (Some(node), None) => (node, true),
            (None, Some(node)) => (node, false),
            _ => {
                reader.error("E0102", value.span, "a segment catch has exactly one of entered and left");
                return None;
            }
        };
        let segment = reader.text(node, "a segment")?.trim();
        if !reader.names.segments.contains_key(segment) {
            reader.out.push(unknown_segment(node.span, segment, reader.names));
            return None;
        }
        Some(Box::new(Transition { segment: segment.to_owned(), entered, also_current }))
    }
}

impl Catch for Transition {
    fn catches(&self, signal: &Signal) -> bool {
        matches!(signal, Signal::Segment { name, entered, edited, at: _ }
            if *name == self.segment && *entered == self.entered && (self.also_current || !edited))
    }
    fn spoken(&self) -> String {
        format!("segment {} {}", self.segment, if self.entered { "entered" } else { "left" })
    }
}
