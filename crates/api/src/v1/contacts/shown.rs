//! A contact as it is told.

use super::story::{CampaignInfo, Counters, First, tag_why};
use crate::v1::openapi::{Any, ContactRef, Time};
use model::{ChatState, ContactId, IdentifierKind, Instant, Person, Record, Value};
use runtime::Handle;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Somebody the bot knows.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Contact {
    /// The contact's own id, the same for ever.
    #[schemars(with = "ContactRef")]
    pub(crate) id: ContactId,
    /// How they are called, as far as that is known.
    name: String,
    /// `active`, `unsubscribed`, `blocked` or a status of the bot's own.
    status: String,
    /// How they came to be: `organic`, `api`, `import` or a name of the bot's own.
    source: String,
    /// Who answers them now.
    state: State,
    /// When they came to be.
    first_seen: Time,
    /// When they last did something.
    last_seen: Time,
    /// How often what happened.
    counters: Counters,
    /// What they came with first; none if they never wrote and no link brought them.
    first_message: Option<First>,
    /// Declared attributes that have a value.
    attributes: BTreeMap<String, Any>,
    /// Computed attributes that have a value now, for those who ask for one contact at a time. They cannot be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) computed: Option<BTreeMap<String, Any>>,
    /// What channels and imports say of them.
    system: BTreeMap<String, Any>,
    /// Their tags.
    tags: Vec<ContactTag>,
    /// What names them beyond one channel.
    identifiers: Vec<ContactIdentifier>,
    /// Where they can be written to, oldest first.
    addresses: Vec<ContactAddress>,
    /// The segments they are in, for those who may see segments and one contact at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) segments: Option<Vec<InSegment>>,
    /// The newest things that were meant for many and reached them, for those who ask for one contact at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaigns: Option<Vec<CampaignInfo>>,
}

/// Who answers a contact.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ContactState")]
enum State {
    /// Nobody.
    Closed,
    /// The bot.
    Active,
    /// A human was asked for.
    Requesting,
    /// An agent.
    Intervened,
}

impl From<ChatState> for State {
    fn from(state: ChatState) -> Self {
        match state {
            ChatState::Closed => Self::Closed,
            ChatState::Active => Self::Active,
            ChatState::Requesting => Self::Requesting,
            ChatState::Intervened => Self::Intervened,
        }
    }
}

/// A tag of a contact.
#[derive(Serialize, JsonSchema)]
struct ContactTag {
    /// As it was first written.
    label: String,
    /// Since when they have it.
    since: Time,
    /// Why: `manual`, `first message`, `broadcast sale`, `flow order.done`, `API shop`, `import imp_…`, …
    why: String,
}

/// Where a contact can be written to.
#[derive(Serialize, JsonSchema)]
struct ContactAddress {
    /// The channel's name in bot.yaml.
    channel: String,
    /// Who they are there.
    id: String,
    /// Whether the channel delivers to them.
    reachable: bool,
}

/// What names a contact beyond one channel.
#[derive(Serialize, JsonSchema)]
struct ContactIdentifier {
    /// Of which kind.
    kind: Kind,
    /// In the form in which it is compared.
    value: String,
    /// Since when they have it.
    since: Time,
    /// When it was proven; null: only said.
    verified: Option<Time>,
}

/// A kind of identifier.
#[derive(Clone, Copy, serde::Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IdentifierKind")]
pub(super) enum Kind {
    /// Their id in another system.
    External,
    /// An e-mail address.
    Email,
    /// A phone number with its country, such as +12065551212.
    Phone,
}

impl From<IdentifierKind> for Kind {
    fn from(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::External => Self::External,
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Phone => Self::Phone,
        }
    }
}

impl From<Kind> for IdentifierKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::External => Self::External,
            Kind::Email => Self::Email,
            Kind::Phone => Self::Phone,
        }
    }
}

/// A segment a contact is in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactSegment")]
pub(crate) struct InSegment {
    /// The segment's key.
    key: String,
    /// Its name.
    name: String,
    /// Since when, as far as that is known.
    since: Option<Time>,
}

pub(super) fn segments_of(handle: &Handle, person: &Person) -> Vec<InSegment> {
    let line = |(key, name, since): (String, String, Option<Instant>)| InSegment { key, name, since: since.map(Time) };
    handle.segments_of(person).into_iter().map(line).collect()
}

impl Contact {
    /// What is told of a person.
    pub(crate) fn of(person: &Person, now: Instant) -> Self {
        let contact = &person.contact;
        let values = |record: &Record| record.iter().map(|(name, value)| (name.clone(), Any(Value::to_json(value)))).collect();
        Self {
            id: contact.id,
            name: contact.display_name(),
            status: contact.status.clone(),
            source: contact.source.clone(),
            state: person.state(now).into(),
            first_seen: contact.first_seen.into(),
            last_seen: contact.last_seen.into(),
            counters: Counters::of(contact),
            first_message: First::of(contact),
            attributes: values(&contact.attributes),
            computed: None,
            system: values(&contact.system),
            tags: contact
                .tags
                .values()
                .map(|tag| ContactTag { label: tag.label.clone(), since: tag.at.into(), why: tag_why(tag) })
                .collect(),
            identifiers: contact
                .identifiers
                .iter()
                .map(|known| ContactIdentifier {
                    kind: known.kind.into(),
                    value: known.value.clone(),
                    since: known.since.into(),
                    verified: known.verified.as_ref().map(|verified| verified.at.into()),
                })
                .collect(),
            addresses: contact
                .addresses
                .iter()
                .map(|reach| ContactAddress {
                    channel: reach.address.channel.clone(),
                    id: reach.address.id.clone(),
                    reachable: reach.unreachable.is_none(),
                })
                .collect(),
            segments: None,
            campaigns: None,
        }
    }
}
