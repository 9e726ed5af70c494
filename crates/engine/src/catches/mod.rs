//! Catches: the ways into a skill (FL 4). One file each, and this list.

mod attribute;
mod command;
mod event;
mod keyword;
mod schedule;
mod segment;
mod tag;

use crate::blocks::Shape;
use crate::bot::CatchEntry;
use crate::bot::reader::{At, Fields, Reader, text};
pub(crate) use attribute::attribute_name;
pub(crate) use event::event_name;
use model::IfBusy;
pub(crate) use schedule::{Timetable, Whom};
use std::fmt::Debug;
use syntax::Diagnostic;

/// Every kind of catch.
const CATCHES: &[&dyn CatchKind] =
    &[&command::Command, &keyword::Keyword, &event::Event, &segment::Segment, &tag::Tag, &attribute::Attribute, &schedule::Schedule];

/// The kinds, for messages.
const KINDS: &str = "command, keyword, event, segment, tag, attribute or schedule";

/// Something that may start skills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A folded `/word` without the slash.
    Command { name: String },
    /// An event was raised.
    Event { name: String },
    /// The contact entered or left a segment.
    Segment {
        name: String,
        entered: bool,
        /// When: the boundary, where time did it.
        at: model::Instant,
        /// Whether an edit of the rule did it.
        edited: bool,
    },
    /// A tag was added or removed.
    Tag { name: String, added: bool },
    /// An attribute got another value.
    Attribute { name: String },
}

impl Signal {
    /// Of what it speaks.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Command { name }
            | Self::Event { name }
            | Self::Segment { name, .. }
            | Self::Tag { name, .. }
            | Self::Attribute { name } => name,
        }
    }

    /// What happened, in a word.
    pub(crate) fn spoken(&self) -> &'static str {
        match self {
            Self::Command { .. } => "typed",
            Self::Event { .. } => "raised",
            Self::Segment { entered: true, .. } => "entered",
            Self::Segment { entered: false, .. } => "left",
            Self::Tag { added: true, .. } => "added",
            Self::Tag { added: false, .. } => "removed",
            Self::Attribute { .. } => "changed",
        }
    }
}

/// A kind of catch.
pub(crate) trait CatchKind: Sync {
    /// The key it is recognised by.
    fn key(&self) -> &'static str;
    /// Reads what stands under the key.
    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>>;
    /// What may stand under the key, for editors.
    fn shape(&self) -> Shape {
        Shape::Text
    }
    /// When it begins the skill, in a designer's words.
    fn summary(&self) -> &'static str;
    /// Whether `where:` over the event's fields makes sense.
    fn has_fields(&self) -> bool {
        false
    }
}

/// A kind of catch, for editors and tests.
#[derive(Clone, Copy, Debug)]
pub struct CatchReference {
    /// The key it is recognised by.
    pub key: &'static str,
    /// When it begins the skill.
    pub summary: &'static str,
    /// What may stand under the key.
    pub shape: Shape,
}

/// Every kind of catch of this release.
pub fn catches() -> Vec<CatchReference> {
    CATCHES.iter().map(|k| CatchReference { key: k.key(), summary: k.summary(), shape: k.shape() }).collect()
}

/// A catch as read from a skill.
pub(crate) trait Catch: Debug + Send + Sync {
    /// Whether this signal starts the skill.
    fn catches(&self, signal: &Signal) -> bool;
    /// How well a folded message fits: 0 exact, 1 contained, and the length of what fits; none if not at all.
    fn keyword(&self, _folded: &str) -> Option<(u8, usize)> {
        None
    }
    /// The command customers may type, as written.
    fn command(&self) -> Option<&str> {
        None
    }
    /// The event that starts it.
    fn event(&self) -> Option<&str> {
        None
    }
    /// The times at which it starts by itself.
    fn schedule(&self) -> Option<&Timetable> {
        None
    }
    /// What began a run, in words.
    fn spoken(&self) -> String;
    /// What it is known by in what is stored: the same in every release, and after an edit that leaves it what it is.
    fn known_by(&self) -> String {
        self.spoken()
    }
    /// What begins the skill, for drawings: with the words that customers write.
    fn drawn(&self) -> String {
        self.spoken()
    }
}

/// Reads words as the `keyword` catch does.
pub(crate) fn keywords(node: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
    keyword::Keyword.read(node, reader)
}

/// Reads one entry of `catch:`.
pub(crate) fn read(node: At<'_>, reader: &mut Reader<'_>) -> Option<CatchEntry> {
    if let Some(word) = node.as_text().map(str::trim).filter(|word| !word.is_empty() && !word.contains([':', '=', '\n'])) {
        let written = match word.strip_prefix('/') {
            Some(command) => format!("command: {command}"),
            None => format!("keyword: {word}"),
        };
        reader.out.push(
            Diagnostic::error("E0103", node.span, format!("a catch says what \"{word}\" is: {KINDS}"))
                .help(format!("write {{ {written} }}, or on a line of its own - {written}")),
        );
        return None;
    }
    let mut fields = Fields::of(node, "a catch", reader.out)?;
    let mut found = None;
    for kind in CATCHES {
        if let Some((span, value)) = fields.take_with_key(kind.key()) {
            if found.is_some() {
                reader.out.push(
                    Diagnostic::error("E0108", span, format!("a catch is one of {KINDS}"))
                        .help("give each its own entry in the list under catch"),
                );
            } else {
                found = Some((*kind, value));
            }
        }
    }
    let only_for = fields.take("only_for");
    let filter = fields.take_with_key("where");
    let if_busy = fields.take("if_busy");
    let queue_for = fields.take("queue_for").and_then(|n| reader.duration(n, "queue_for"));
    let once = fields.take("once").and_then(|n| reader.duration(n, "once"));
    let to = fields.take_with_key("to");
    let grace = fields.take_with_key("grace");
    let span = fields.span();
    let known = fields.finish(reader.out);
    let Some((kind, value)) = found else {
        // A slip in the key was told as that.
        if !known {
            return None;
        }
        reader.out.push(Diagnostic::error("E0102", span, "a catch says what it catches").help(format!("write {KINDS}")));
        return None;
    };
    let filter = match filter {
        Some((_, node)) if kind.has_fields() => reader.event_condition(node, "where"),
        Some((key, _)) => {
            reader.error("E0101", key, format!("{} has no fields to look at; where belongs to event and attribute", kind.key()));
            None
        }
        None => None,
    };
    let if_busy = match if_busy.and_then(|n| Some((text(n, "if_busy", reader.out)?, n.span))) {
        None => IfBusy::default(),
        Some(("queue", _)) => IfBusy::Queue,
        Some(("skip", _)) => IfBusy::Skip,
        Some(("interrupt", _)) => IfBusy::Interrupt,
        Some((other, span)) => {
            reader.error("E0104", span, format!("if_busy is queue, skip or interrupt, not \"{other}\""));
            IfBusy::default()
        }
    };
    let only_for = only_for.and_then(|n| reader.condition(n, "only_for"));
    let audience = schedule::read_audience(kind.key() == "schedule", value, to, grace, reader)?;
    Some(CatchEntry { kind: kind.read(value, reader)?, span, only_for, filter, if_busy, queue_for, once, audience })
}
