//! `event: order_delayed`: raised by SEND, the API or an import; never by typing.

use super::{Catch, CatchKind, Signal};
use crate::bot::reader::{At, Reader, with_better_name};

pub(crate) struct Event;

#[derive(Debug)]
struct Named(String);

impl CatchKind for Event {
    fn summary(&self) -> &'static str {
        "an event of this name is raised for the contact"
    }
    fn key(&self) -> &'static str {
        "event"
    }
    fn has_fields(&self) -> bool {
        true
    }
    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let name = event_name(value, reader)?;
        Some(Box::new(Named(name)))
    }
}

/// The name of an event: an identifier, so that conditions can count it.
pub(crate) fn event_name(value: At<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(value, "an event")?.trim();
    if !crate::bot::reader::is_identifier(name) || name.len() > 64 {
        let diagnostic =
            syntax::Diagnostic::error("E0114", value.span, format!("an event is a name of letters, digits and _, not \"{name}\""));
        reader.out.push(with_better_name(diagnostic, value.span, name, '_').help("conditions count only such names"));
        return None;
    }
    Some(name.to_owned())
}

impl Catch for Named {
    fn catches(&self, signal: &Signal) -> bool {
        matches!(signal, Signal::Event { name } if *name == self.0)
    }
    fn event(&self) -> Option<&str> {
        Some(&self.0)
    }
    fn spoken(&self) -> String {
        format!("event {}", self.0)
    }
}
