//! Checking facts: the names of segments, tags, skills and channels.

use super::Checker;
use crate::{
    Problem,
    ast::{Kind, Label, Node},
    code::Test,
    did_you_mean,
    print::quoted,
};
use model::TagKey;

impl Checker<'_> {
    pub(super) fn fact(&mut self, node: &Node) -> Option<Test> {
        Some(match &node.kind {
            Kind::InSegment(label) => {
                let segments = self.scope.segments();
                self.references.segments.insert(label.text.clone());
                Test::InSegment(self.known("E0314", "segment", label, &segments)?)
            }
            Kind::HasTag { tag, within } => {
                self.tag(tag);
                self.references.time |= within.is_some();
                Test::HasTag { key: TagKey::of(&tag.text), within: *within }
            }
            Kind::HasTags { all, tags } => {
                tags.iter().for_each(|tag| self.tag(tag));
                Test::HasTags { all: *all, keys: tags.iter().map(|tag| TagKey::of(&tag.text)).collect() }
            }
            Kind::RanSkill { skill, within } => {
                let skills = self.scope.skills();
                self.references.skills.insert(skill.text.clone());
                self.references.time |= within.is_some();
                Test::RanSkill { skill: self.known("E0315", "skill", skill, &skills)?, within: *within }
            }
            Kind::HasChannel(label) => Test::HasChannel(self.channel(label)?),
            Kind::Reachable(None) => Test::Reachable(None),
            Kind::Reachable(Some(label)) => Test::Reachable(Some(self.channel(label)?)),
            Kind::HasConsent(topic) => Test::HasConsent(topic.text.as_str().into()),
            Kind::NotesContain(part) => Test::Notes(self.text(part)?),
            Kind::Sequence(of) => self.sequence(node, of)?,
            _ => unreachable!("`cond` sends only facts here"),
        })
    }

    /// A name out of a list; the list's spelling of it.
    fn known(&mut self, code: &'static str, what: &str, label: &Label, names: &[String]) -> Option<Box<str>> {
        if let Some(name) = names.iter().find(|n| **n == label.text) {
            return Some(name.as_str().into());
        }
        let near = did_you_mean(&label.text, names.iter().map(String::as_str)).map(written);
        let mut problem = Problem::error(code, label.span, format!("there is no {what} \"{}\"", label.text));
        problem = match &near {
            Some(near) => problem.help(format!("did you mean {near}?")),
            None if names.is_empty() => problem.help(format!("this bot has no {what} yet")),
            None => problem.help(format!("there are: {}", some_of(names))),
        };
        self.report(problem.suggest_opt(near))
    }

    fn channel(&mut self, label: &Label) -> Option<Box<str>> {
        let channels = self.scope.channels();
        self.references.channels.insert(label.text.clone());
        self.known("E0316", "channel", label, &channels)
    }

    /// Tags are created by use, so an unknown one is only suspicious.
    fn tag(&mut self, label: &Label) {
        self.references.tags.insert(label.text.clone());
        let Some(tags) = self.scope.tags() else { return };
        let key = TagKey::of(&label.text);
        if tags.iter().any(|tag| TagKey::of(tag) == key) {
            return;
        }
        let near = did_you_mean(&label.text, tags.iter().map(String::as_str)).map(written);
        let mut problem = Problem::warning("W0302", label.span, format!("nothing in this bot adds the tag \"{}\"", label.text));
        if let Some(near) = &near {
            problem = problem.help(format!("did you mean {near}?"));
        }
        self.problems.push(problem.suggest_opt(near));
    }
}

/// A label as it is written: quoted if it is no slug.
pub fn written(label: &str) -> String {
    let slug = label.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') && !label.starts_with('-') && !label.is_empty();
    if slug { label.to_owned() } else { in_quotes(label) }
}

/// A text in quotes.
pub fn in_quotes(text: &str) -> String {
    let mut out = String::new();
    quoted(text, &mut out).expect("writing to a text cannot fail");
    out
}

/// A few names for a message.
pub fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
