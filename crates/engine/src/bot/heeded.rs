//! Events that a bot heeds: those that begin a skill, those that a run may wait for, and those that a segment's rule or a computed attribute
//! counts.

use super::Bot;
use crate::step::PAGE_VISIT;
use std::collections::BTreeSet;

impl Bot {
    /// What somebody should know who raises an event that this bot does not heed, with what may have been meant. None if it does.
    pub fn unheeded(&self, event: &str) -> Option<String> {
        let skills = || self.in_order.iter();
        let caught = skills().flat_map(|skill| skill.catches.iter().filter_map(|catch| catch.kind.event()));
        let awaited = skills().flat_map(|skill| skill.blocks.iter().filter_map(|block| block.body.awaited_event()));
        let visits = self.skills.contains_key("/_page_visit").then_some(PAGE_VISIT);
        let rules = self.set.iter().filter_map(|rule| match &rule.kind {
            ::segments::RuleKind::Where(condition) => Some(condition.references()),
            ::segments::RuleKind::List | ::segments::RuleKind::Invalid(_) => None,
        });
        let computed = self.computed().into_iter().map(|(_, expression)| expression.references());
        let counted: Vec<String> = rules.chain(computed).flat_map(|references| references.events).collect();
        let counted = counted.iter().map(String::as_str);
        let heeded: BTreeSet<&str> = caught.chain(awaited).chain(visits).chain(counted).collect();
        if heeded.contains(event) {
            return None;
        }
        let meant = syntax::did_you_mean(event, heeded).map(|meant| format!("; {meant}")).unwrap_or_default();
        Some(format!("no skill catches the event {event} or waits for it: it is recorded, and nothing begins{meant}"))
    }
}
