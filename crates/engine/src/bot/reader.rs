//! Reading spanned YAML into typed options: every mismatch is a diagnostic at the exact place, and reading goes
//! on, so that all errors of a bot are told at once.

mod expressions;
mod fields;
mod naming;
mod stored;
mod targets;
mod values;

pub(crate) use expressions::took;
pub(crate) use fields::Fields;
pub(crate) use naming::{is_identifier, is_slug, unknown, unknown_segment, with_better_name};
pub(crate) use values::{boolean, duration, integer, one_or_many, one_with_commas, text};

use super::Names;
use super::typed::What;
use expr::{Condition, Template};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node, Span, Spanned};

/// A YAML node at its place.
pub(crate) type At<'n> = &'n Spanned<Node>;

/// Reads values for one skill.
pub(crate) struct Reader<'a> {
    pub names: &'a Names,
    pub out: &'a mut Diagnostics,
    /// The skill being read.
    pub skill: &'a str,
    /// Its blocks by name.
    pub blocks: &'a BTreeMap<String, usize>,
}

impl Reader<'_> {
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.out.push(Diagnostic::error(code, span, message));
    }

    /// A plain word or text, as written.
    pub(crate) fn text<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        text(node, what, self.out)
    }

    /// Prose: a template, taken as written (FL 3.8).
    pub(crate) fn prose(&mut self, node: At<'_>, what: &str) -> Option<Template> {
        let source = text(node, what, self.out)?;
        let scope = self.names.in_skill(self.skill);
        let template = took(Template::parse(source, &scope), node, self.out)?;
        // Its translations come with it, wherever it stands in the skill (FL 3.12).
        let template = self.names.translations.attach(template, node, &scope, self.out);
        self.names.uses.template(&template, node);
        Some(template)
    }

    /// What a plain text of the skill (a synonym, a choice) is called in the other languages (FL 5.4.3).
    pub(crate) fn in_other_languages(&mut self, node: At<'_>) -> Vec<String> {
        self.names.translations.texts(node)
    }

    /// Customers may type the text at `node`, in any language.
    pub(crate) fn may_be_typed(&mut self, node: At<'_>, what: What) {
        if self.names.skill_is_built_in(self.skill) {
            return;
        }
        // Keywords have no translations: each language's stand in the list.
        let said = if what == What::Answer { self.names.translations.said(node) } else { Vec::new() };
        for node in std::iter::once(node).chain(&said) {
            if let Some(text) = node.as_text() {
                self.names.typed.note(text, node.span, what);
            }
        }
    }

    /// A condition of the flow.
    pub(crate) fn condition(&mut self, node: At<'_>, what: &str) -> Option<Condition> {
        let source = text(node, what, self.out)?;
        if !self.names.affords(source, node.span, self.out) {
            return None;
        }
        let scope = self.names.in_skill(self.skill);
        let condition = took(Condition::parse(source, &scope), node, self.out)?;
        self.names.uses.condition(&condition, node);
        Some(condition)
    }

    /// A condition over an event's fields.
    pub(crate) fn event_condition(&mut self, node: At<'_>, what: &str) -> Option<Condition> {
        let source = text(node, what, self.out)?;
        if !self.names.affords(source, node.span, self.out) {
            return None;
        }
        let scope = self.names.in_event();
        took(Condition::parse(source, &scope), node, self.out)
    }

    /// A duration in microseconds (FL 3.11).
    pub(crate) fn duration(&mut self, node: At<'_>, what: &str) -> Option<i64> {
        duration(node, what, self.out)
    }

    /// A whole number within limits.
    pub(crate) fn integer(&mut self, node: At<'_>, what: &str, min: i64, max: i64) -> Option<i64> {
        integer(node, what, min, max, self.out)
    }

    /// A number as exact decimal.
    pub(crate) fn number(&mut self, node: At<'_>, what: &str) -> Option<rust_decimal::Decimal> {
        let source = text(node, what, self.out)?;
        let number = source.trim().parse().ok();
        if number.is_none() {
            self.out.push(Diagnostic::error("E0104", node.span, format!("{what} is a number, not \"{source}\"")));
        }
        number
    }
}
