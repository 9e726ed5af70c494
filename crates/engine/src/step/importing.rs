//! Contacts who did not write: made by a program or a row of an import, changed by one, and an import that is taken back.
//!
//! What an import does starts no flow: a hundred thousand people who enter a segment by a file are no occasion to write to them.

use super::blocked::BLOCKED;
use super::opt_out::UNSUBSCRIBED;
use super::person::{CHANNEL, CUSTOMER, source_of};
use super::stepper::Stepper;
use model::{Actor, Altered, Change, Contact, Instant, JourneyKind, Part, TagKey, Value};

impl Stepper<'_> {
    /// The contact came to be in this step.
    pub(crate) fn created(&mut self, source: &str, changes: &[Change], by: &Actor) {
        self.contact_changed = true;
        if !matches!(by, Actor::Import(_)) {
            self.journey(by.clone(), JourneyKind::Created { source: source.to_owned() });
            return self.modify(changes, by);
        }
        self.quiet = true;
        let altered = self.take_row(changes, by);
        // Attributes, tags and lists say themselves since when they are so, and from whom.
        let unsaid = |one: &Altered| matches!(one.what, Part::System(_) | Part::Status);
        let altered = altered.into_iter().filter(unsaid).collect();
        self.journey(by.clone(), JourneyKind::Imported { created: true, altered });
    }

    /// Somebody else than the customer changes the contact.
    pub(crate) fn modify(&mut self, changes: &[Change], by: &Actor) {
        if matches!(by, Actor::Import(_)) {
            self.quiet = true;
            let altered = self.take_row(changes, by);
            if !altered.is_empty() {
                self.journey(by.clone(), JourneyKind::Imported { created: false, altered });
            }
            return;
        }
        // A value that says the same by its attribute's new type is no occasion for a flow.
        self.quiet |= *by == Actor::System && changes.iter().all(|change| self.only_retypes(change));
        for change in changes {
            match change {
                Change::SetSystem(name, value) if matches!(name.as_str(), "language" | "country") => self.keep_stated(name, value, by),
                _ => self.change(change, by, None, None),
            }
        }
        self.place_by_phone(changes, by);
    }

    /// Whether a change says the same in another type.
    fn only_retypes(&self, change: &Change) -> bool {
        let plain = |value: &Value| match value.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        match change {
            Change::SetAttribute(name, to) => {
                let from = self.contact.attributes.get(name);
                from.is_some_and(|from| from.type_name() != to.type_name() && plain(from) == plain(to))
            }
            _ => false,
        }
    }

    /// Takes over what a row of an import says; answers what differs.
    fn take_row(&mut self, changes: &[Change], by: &Actor) -> Vec<Altered> {
        let mut altered = Vec::new();
        for change in changes {
            if is_their_own(&self.contact, change) || self.lists_nobody(change) {
                continue;
            }
            if let Some(refusal) = self.refusal_to_keep(change) {
                self.contact_changed |= self.contact.apply(&refusal, self.turn.now, by);
            }
            let part = self.altered(change);
            let named = self.named_by(change);
            if self.contact.apply(change, self.turn.now, by) {
                self.contact_changed = true;
                altered.extend(part);
                if let Some(outdated) = named.and_then(|(kind, was)| self.outdated(kind, was.as_ref())) {
                    self.contact.apply(&outdated, self.turn.now, by);
                }
                if let Change::SetSystem(name, _) = change
                    && matches!(name.as_str(), "language" | "country")
                {
                    // It stands as what a channel said does: until the customer chooses.
                    let source = Change::SetSystem(source_of(name), Value::text(CHANNEL));
                    self.contact.apply(&source, self.turn.now, by);
                }
            }
        }
        self.place_by_phone(changes, by);
        altered
    }

    /// Where somebody lives may follow from their number or their language, also when whoever said it takes that back.
    fn place_by_phone(&mut self, changes: &[Change], by: &Actor) {
        let places =
            |change: &Change| matches!(change, Change::SetSystem(name, _) if matches!(name.as_str(), "phone" | "language" | "country"));
        if changes.iter().any(places) {
            self.country_from_elsewhere(by);
        }
    }

    /// What a change is about, before it is applied.
    fn altered(&self, change: &Change) -> Option<Altered> {
        let part = |what, from, to| Some(Altered { what, from, to });
        let contact = &self.contact;
        match change {
            Change::SetAttribute(name, to) => part(Part::Attribute(name.clone()), contact.attributes.get(name).cloned(), Some(to.clone())),
            Change::UnsetAttribute(name) => part(Part::Attribute(name.clone()), contact.attributes.get(name).cloned(), None),
            Change::SetSystem(name, to) => part(Part::System(name.clone()), contact.system.get(name).cloned(), Some(to.clone())),
            Change::AddTag(label) => part(Part::Tag(label.trim().to_owned()), None, Some(Value::Bool(true))),
            Change::RemoveTag(label) => part(Part::Tag(label.trim().to_owned()), Some(Value::Bool(true)), None),
            Change::AddToList(list) => part(Part::List(list.clone()), None, Some(Value::Bool(true))),
            Change::RemoveFromList(list) => part(Part::List(list.clone()), Some(Value::Bool(true)), None),
            Change::SetStatus(to) => part(Part::Status, Some(Value::text(contact.status.clone())), Some(Value::text(to.clone()))),
            // What is left is nothing that a row of an import says, or nothing that can be taken back.
            _ => None,
        }
    }

    /// Takes back what an import did, where it is still as the import left it. Events that it recorded are no part of the past that this
    /// step sees; the runtime takes them out with its commit.
    pub(crate) fn undo_import(&mut self, import: &str, made: Option<Instant>, parts: &[(Instant, Altered)], by: &Actor) {
        self.quiet = true;
        let back = parts.iter().filter_map(|(at, one)| self.back(one, import, *at));
        let back: Vec<Change> = back.chain(made.into_iter().flat_map(|at| self.brought(import, at))).collect();
        for change in &back {
            self.change_without_agreeing(change, by, None, None);
        }
        if !back.is_empty() || self.recounted {
            self.journey(by.clone(), JourneyKind::ImportUndone { import: import.to_owned() });
        }
    }

    /// The change that takes one alteration back; none if somebody changed it since.
    fn back(&self, one: &Altered, import: &str, at: Instant) -> Option<Change> {
        let contact = &self.contact;
        match &one.what {
            Part::Attribute(name) => {
                let untouched = contact.changed.get(name) == Some(&at) && contact.attributes.get(name) == one.to.as_ref();
                untouched.then(|| match &one.from {
                    Some(from) => Change::SetAttribute(name.clone(), from.clone()),
                    None => Change::UnsetAttribute(name.clone()),
                })
            }
            Part::System(name) => {
                let untouched = contact.system.get(name) == one.to.as_ref();
                // A system attribute that was not there before goes back to saying nothing.
                untouched.then(|| Change::SetSystem(name.clone(), one.from.clone().unwrap_or_else(|| Value::text(""))))
            }
            Part::Tag(label) => match contact.tags.get(&TagKey::of(label)) {
                Some(tag) => (one.to.is_some() && is_of(&tag.by, import)).then(|| Change::RemoveTag(label.clone())),
                None => one.from.is_some().then(|| Change::AddTag(label.clone())),
            },
            Part::List(list) => match contact.lists.get(list) {
                Some(since) => (one.to.is_some() && *since == at).then(|| Change::RemoveFromList(list.clone())),
                None => one.from.is_some().then(|| Change::AddToList(list.clone())),
            },
            Part::Status => match (&one.from, &one.to) {
                (Some(Value::Text(from)), Some(Value::Text(to))) if *to == contact.status => {
                    // What they said last stands: that they refused, and no less that they agreed after an earlier refusal. Who refused behind a
                    // block of the import's is not left blocked for it.
                    let stands = contact.status == UNSUBSCRIBED && contact.refused_messages_last();
                    (!stands || matches!(from.as_str(), UNSUBSCRIBED | BLOCKED)).then(|| Change::SetStatus(from.clone()))
                }
                _ => None,
            },
        }
    }

    /// What the import brought along at `at` with a contact who came to be by it then, and what says so itself.
    fn brought(&self, import: &str, at: Instant) -> Vec<Change> {
        let contact = &self.contact;
        if contact.first_seen != at {
            return Vec::new();
        }
        let attributes = contact.attributes.keys().filter(|name| contact.changed.get(*name) == Some(&at));
        let tags = contact.tags.values().filter(|tag| is_of(&tag.by, import));
        let lists = contact.lists.iter().filter(|(_, since)| **since == at).map(|(list, _)| list);
        let attributes = attributes.map(|name| Change::UnsetAttribute(name.clone()));
        let tags = tags.map(|tag| Change::RemoveTag(tag.label.clone()));
        attributes.chain(tags).chain(lists.map(|list| Change::RemoveFromList(list.clone()))).collect()
    }
}

/// Whether a change that an import asks for would overwrite what the customer said themselves: the language or country that they chose
/// (FL 7.1), or that they want no messages.
pub fn is_their_own(contact: &Contact, change: &Change) -> bool {
    match change {
        Change::SetSystem(name, _) if matches!(name.as_str(), "language" | "country") => {
            matches!(contact.system.get(&source_of(name)), Some(Value::Text(source)) if source == CUSTOMER)
        }
        Change::SetStatus(to) => {
            let holds = |status: &str| matches!(status, UNSUBSCRIBED | BLOCKED);
            holds(&contact.status) && contact.refuses_messages() && !holds(to)
        }
        _ => false,
    }
}

fn is_of(by: &Actor, import: &str) -> bool {
    matches!(by, Actor::Import(id) if id == import)
}
