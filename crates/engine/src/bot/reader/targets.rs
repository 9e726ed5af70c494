//! Jumps: where an exit leads (FL 3.4).

use super::{At, Reader, is_slug, text, unknown};
use crate::bot::Target;
use syntax::{Diagnostic, Node, Span};

impl Reader<'_> {
    /// A jump: a block of this skill, `end`, or `skill NAME` (FL 3.4).
    pub(crate) fn target(&mut self, node: At<'_>) -> Option<Target> {
        if let Node::Map(entries) = &node.value
            && let [entry] = entries.as_slice()
            && entry.key.as_text() == Some("skill")
        {
            let diagnostic = Diagnostic::error("E0103", node.span, "a target is one text, not a map");
            self.out.push(match entry.value.as_text().map(str::trim).filter(|name| is_slug(name.trim_start_matches('/'))) {
                Some(name) => diagnostic.help(format!("write it without the colon: skill {name}")).replace(
                    node.span,
                    format!("skill {name}"),
                    "write it as one text",
                ),
                None => diagnostic.help("write it without the colon: skill NAME"),
            });
            return None;
        }
        if matches!(node.value, Node::Map(_) | Node::List(_)) {
            self.out.push(
                Diagnostic::error("E0103", node.span, format!("a target is the name of a block, not {}", node.kind_name()))
                    .help("write what comes next as a block of its own, and its name here; or end, or skill NAME"),
            );
            return None;
        }
        let text = text(node, "a target", self.out)?.trim();
        if text == "end" {
            return Some(Target::End);
        }
        if let Some(name) = text.strip_prefix("skill ").map(str::trim) {
            let bare = name.trim_matches(['"', '\'']);
            if bare != name && self.names.skills.contains(&crate::bot::load::canonical_skill_name(bare)) {
                let diagnostic = Diagnostic::error("E0112", node.span, format!("there is no skill {name}: its name stands without quotes"));
                self.out.push(diagnostic.help(format!("write skill {bare}")).guess(
                    node.span,
                    format!("skill {bare}"),
                    "leave the quotes out",
                ));
                return None;
            }
            return self.skill_name(name, node.span).map(Target::Skill);
        }
        if let Some(index) = self.blocks.get(text) {
            return Some(Target::Block(*index));
        }
        let mut diagnostic = unknown(
            "E0111",
            node.span,
            &format!("there is no block \"{text}\" in skill \"{}\"", self.skill),
            text,
            self.blocks.keys().map(String::as_str),
            "the blocks are",
        );
        if self.names.skills.contains(text) {
            // A block of that name may be what is missing: which of the two is meant only its writer knows.
            diagnostic = Diagnostic::error("E0111", node.span, format!("there is no block \"{text}\" in skill \"{}\"", self.skill))
                .help(format!("\"{text}\" is a skill: write skill {text}"))
                .guess(node.span, format!("skill {text}"), "leave for that skill");
        } else if text == "skill" || text == "call" {
            diagnostic = Diagnostic::error("E0111", node.span, format!("\"{text}\" is not a target")).help(if text == "call" {
                "call is a block of its own"
            } else {
                "write skill and the skill's name"
            });
        }
        self.out.push(diagnostic);
        None
    }

    /// The name of a skill that exists.
    pub(crate) fn skill_name(&mut self, name: &str, span: Span) -> Option<String> {
        let canonical = crate::bot::load::canonical_skill_name(name);
        if self.names.skills.contains(&canonical) {
            return Some(canonical);
        }
        // System skills are spelt with and without the slash; the designer's own are what is meant first.
        let own = self.names.skills.iter().map(String::as_str).filter(|n| !n.starts_with('/'));
        let system = self.names.skills.iter().map(String::as_str).filter(|n| n.starts_with('/'));
        let known: Vec<&str> = own.chain(system).collect();
        self.out.push(unknown("E0112", span, &format!("there is no skill \"{name}\""), name, known.iter().copied(), "the skills are"));
        None
    }
}
