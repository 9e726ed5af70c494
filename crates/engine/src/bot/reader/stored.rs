//! What flows write: names of attributes and variables, and tags.

use super::{At, Reader, is_identifier, text, with_better_name};
use crate::bot::uses::Act;
use expr::Template;
use syntax::{Diagnostic, Span};

impl Reader<'_> {
    /// The name of an attribute or variable to be written: an identifier.
    pub(crate) fn identifier<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        let name = text(node, what, self.out)?.trim();
        self.check_identifier(name, node.span, what).then_some(name)
    }

    /// The name of an attribute or variable that loses its value.
    pub(crate) fn name_to_unset<'n>(&mut self, node: At<'n>) -> Option<&'n str> {
        let what = "a name to unset";
        let name = text(node, what, self.out)?.trim();
        let good = self.may_change(name, node.span, what);
        if good {
            self.names.uses.note(name, node.span, Act::Unsets);
        }
        good.then_some(name)
    }

    /// Whether a text can be the name of an attribute or variable; then the block stores it.
    pub(crate) fn check_identifier(&mut self, name: &str, span: Span, what: &str) -> bool {
        let good = self.may_change(name, span, what);
        if good {
            self.names.uses.note(name, span, Act::Stores);
        }
        good
    }

    fn may_change(&mut self, name: &str, span: Span, what: &str) -> bool {
        let good = is_identifier(name);
        if !good {
            self.out.push(
                with_better_name(
                    Diagnostic::error("E0114", span, format!("{what} is a name of letters, digits and _, not \"{name}\"")),
                    span,
                    name,
                    '_',
                )
                .help("conditions and ${…} can read only such names"),
            );
        } else if self.names.globals.iter().any(|g| g.name == name) {
            self.out.push(
                Diagnostic::error("E0258", span, format!("\"{name}\" is a global: flows read it, the bot's owners write it"))
                    .help(format!("change it with: switchboard globals set {name} VALUE")),
            );
            return false;
        } else if self.names.computed.contains_key(name) {
            self.out.push(
                Diagnostic::error("E0259", span, format!("\"{name}\" is computed when it is used; nothing can be stored in it"))
                    .help("choose another name, or change what it is computed from"),
            );
            return false;
        } else if crate::bot::names::CHOSEN.contains(&name) {
            return true;
        } else if expr::SYSTEM.iter().any(|s| s.name == name) && self.names.attribute(name).is_none() {
            self.out.push(
                Diagnostic::error(
                    "E0119",
                    span,
                    format!("\"{name}\" is a system attribute: channels and the runtime write it, flows only read it"),
                )
                .help("choose another name, or declare an attribute of that name in bot.yaml"),
            );
            return false;
        }
        good
    }

    /// A tag: any text up to 64 characters (FL 7.5).
    pub(crate) fn tag(&mut self, node: At<'_>) -> Option<Template> {
        if node.is_null() {
            self.out.push(
                Diagnostic::error("E0104", node.span, "the tag is empty")
                    .help("a # begins a comment: put the tag in quotes, \"#vip\", or leave the # out"),
            );
            return None;
        }
        let source = text(node, "a tag", self.out)?;
        if source.trim().is_empty() || source.chars().count() > 64 && !source.contains("${") {
            self.out.push(Diagnostic::error("E0104", node.span, "a tag is a text of 1 to 64 characters"));
            return None;
        }
        self.prose(node, "a tag")
    }
}
