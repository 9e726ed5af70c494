//! Contact changes as data: one function applies them, whoever asked.

use crate::{Address, AgentId, Contact, IdentifierKind, Instant, Tag, TagKey, Value};
use serde::{Deserialize, Serialize};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A skill, at a block.
    Flow {
        /// The skill's name.
        skill: String,
        /// The block's name.
        block: String,
    },
    /// The person themself.
    Customer,
    /// A human at the desk.
    Agent(AgentId),
    /// A program with a key, by the key's name.
    Api(String),
    /// A channel, by its name.
    Channel(String),
    /// An import, by its id.
    Import(String),
    /// The runtime itself (time passing, a rule of the language).
    System,
}

/// One change to a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Sets a declared attribute.
    SetAttribute(String, Value),
    /// Unsets a declared attribute.
    UnsetAttribute(String),
    /// Sets a system attribute (channels only).
    SetSystem(String, Value),
    /// Adds a tag, by label.
    AddTag(String),
    /// Removes a tag, by label.
    RemoveTag(String),
    /// Sets the status.
    SetStatus(String),
    /// Puts the contact in a static segment.
    AddToList(String),
    /// Takes the contact out of a static segment.
    RemoveFromList(String),
    /// Adds an address.
    AddAddress(Address),
    /// An address got unreachable, and why.
    Unreachable(Address, String),
    /// An address is reachable again.
    Reachable(Address),
    /// The person did something now.
    Seen,
    /// The person agreed to something, or refused it.
    Consent {
        /// To what.
        topic: String,
        /// On which channel alone; none: on all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// Whether they agreed.
        given: bool,
        /// The words, and where they were said.
        proof: String,
    },
    /// A skill began.
    Ran(String),
    /// How the contact came to be (FL 8, `first_message`).
    SetSource(String),
    /// Somebody noted something about the contact.
    Note(String),
    /// The person is said to be named so: an unverified identifier.
    AddIdentifier(IdentifierKind, String),
    /// The person was proven to be named so.
    VerifyIdentifier {
        /// The kind.
        kind: IdentifierKind,
        /// The value, in any form.
        value: String,
        /// How it was proven: `signed by web`, `code`, ….
        how: String,
    },
    /// The person is not named so.
    RemoveIdentifier(IdentifierKind, String),
}

impl Contact {
    /// Applies a change; answers whether anything differs afterwards.
    pub fn apply(&mut self, change: &Change, at: Instant, by: &Actor) -> bool {
        match change {
            Change::SetAttribute(name, value) => {
                let differs = self.attributes.insert(name.clone(), value.clone()).as_ref() != Some(value);
                self.attribute_changed(name, at, differs)
            }
            Change::UnsetAttribute(name) => {
                let differs = self.attributes.remove(name).is_some();
                self.attribute_changed(name, at, differs)
            }
            Change::SetSystem(name, value) => match self.system.get_mut(name) {
                Some(known) if known == value => false,
                Some(known) => {
                    known.clone_from(value);
                    true
                }
                None => {
                    self.system.insert(name.clone(), value.clone());
                    true
                }
            },
            Change::AddTag(label) => {
                let key = TagKey::of(label);
                let new = !self.tags.contains_key(&key);
                if new {
                    self.tags.insert(key, Tag { label: label.trim().to_owned(), at, by: by.clone(), why: None });
                }
                new
            }
            Change::RemoveTag(label) => self.tags.remove(&TagKey::of(label)).is_some(),
            Change::SetStatus(status) => std::mem::replace(&mut self.status, status.clone()) != *status,
            Change::AddToList(list) => {
                let new = !self.lists.contains_key(list);
                self.lists.entry(list.clone()).or_insert(at);
                new
            }
            Change::RemoveFromList(list) => self.lists.remove(list).is_some(),
            Change::AddAddress(address) => {
                let new = self.reach(address).is_none();
                if new {
                    self.addresses.push(crate::Reach { address: address.clone(), unreachable: None });
                }
                new
            }
            Change::Unreachable(address, why) => match self.addresses.iter_mut().find(|r| &r.address == address) {
                Some(reach) if reach.unreachable.is_none() => {
                    reach.unreachable = Some((at, why.clone()));
                    true
                }
                _ => false,
            },
            Change::Reachable(address) => {
                self.addresses.iter_mut().find(|r| &r.address == address).is_some_and(|reach| reach.unreachable.take().is_some())
            }
            Change::Seen => {
                let later = at > self.last_seen;
                self.last_seen = self.last_seen.max(at);
                later
            }
            Change::SetSource(source) => std::mem::replace(&mut self.source, source.clone()) != *source,
            Change::Consent { topic, channel, given, proof } => {
                let consent = crate::Consent { given: *given, at, by: by.clone(), proof: proof.clone() };
                self.consents.insert(crate::Consent::key(topic, channel.as_deref()), consent);
                true
            }
            Change::Ran(skill) => match self.ran.get_mut(skill) {
                Some(last) => std::mem::replace(last, at) != at,
                None => {
                    self.ran.insert(skill.clone(), at);
                    true
                }
            },
            Change::Note(text) => {
                self.notes.push(crate::Note { at, by: by.clone(), text: text.clone() });
                let surplus = self.notes.len().saturating_sub(crate::NOTES_LIMIT);
                self.notes.drain(..surplus);
                true
            }
            Change::AddIdentifier(kind, value) => self.add_identifier(*kind, value, at, None),
            Change::VerifyIdentifier { kind, value, how } => {
                self.add_identifier(*kind, value, at, Some(crate::Verified { at, how: how.clone() }))
            }
            Change::RemoveIdentifier(kind, value) => self.remove_identifier(*kind, value),
        }
    }

    fn attribute_changed(&mut self, name: &str, at: Instant, differs: bool) -> bool {
        if differs {
            self.changed.insert(name.to_owned(), at);
        }
        differs
    }
}
