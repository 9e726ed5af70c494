//! `attribute: { changed: plan }`: an attribute has another value after a step than before it.

use super::{Catch, CatchKind, Signal};
use crate::blocks::{Key, Shape};
use crate::bot::reader::{At, Fields, Reader, unknown};

pub(crate) struct Attribute;

#[derive(Debug)]
struct Changed(String);

impl CatchKind for Attribute {
    fn summary(&self) -> &'static str {
        "an attribute has another value than before"
    }
    fn shape(&self) -> Shape {
        const { Shape::Keys(&[Key::must("changed", Shape::Text, "the attribute")]) }
    }
    fn key(&self) -> &'static str {
        "attribute"
    }
    fn has_fields(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let mut fields = Fields::of(value, "an attribute catch", reader.out)?;
        let changed = fields.need("changed", reader.out);
        fields.finish(reader.out);
        Some(Box::new(Changed(attribute_name(changed?, reader)?)))
    }
}

/// The name of an attribute whose changes can be noticed: a declared one, or what a customer chooses for themself.
pub(crate) fn attribute_name(node: At<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(node, "an attribute")?.trim();
    if reader.names.attribute(name).is_some() || crate::bot::CHOSEN.contains(&name) {
        return Some(name.to_owned());
    }
    let known = reader.names.attributes.iter().map(|a| a.name.as_str()).chain(crate::bot::CHOSEN);
    let mut diagnostic = unknown("E0172", node.span, &format!("there is no attribute \"{name}\""), name, known, "the attributes are");
    if reader.names.computed.contains_key(name) || reader.names.globals.iter().any(|g| g.name == name) {
        diagnostic = syntax::Diagnostic::error("E0172", node.span, format!("nobody notices when \"{name}\" changes"))
            .help("name an attribute that is stored with the contact");
    }
    reader.out.push(diagnostic);
    None
}

impl Catch for Changed {
    fn catches(&self, signal: &Signal) -> bool {
        matches!(signal, Signal::Attribute { name } if *name == self.0)
    }
    fn spoken(&self) -> String {
        format!("attribute {} changed", self.0)
    }
}
