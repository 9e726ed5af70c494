//! A contact: one person, as the contact book knows them.

use crate::{ContactId, Instant, Record, Value, fold};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Where a channel finds a person: the channel's name in `bot.yaml` and the person's id there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The channel's key under `channels:` in `bot.yaml`.
    pub channel: String,
    /// The person's id on that channel, opaque to everybody else.
    pub id: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.channel, self.id)
    }
}

/// Whether messages get through to an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The address.
    pub address: Address,
    /// Since when the provider says that nothing gets through, and why (FL 7.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<(Instant, String)>,
}

/// The identity of a tag: its label folded (FL 7.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagKey(String);

impl TagKey {
    /// The key of a label.
    pub fn of(label: &str) -> Self {
        Self(fold(label))
    }
    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag on a contact, with when and by whom (FL 7.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// As it was first written.
    pub label: String,
    /// Since when.
    pub at: Instant,
    /// Who put it there.
    pub by: crate::Actor,
    /// Why, where `by` does not say it: `first message`, `broadcast sale`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The contact's own id.
    pub id: ContactId,
    /// Declared attributes (FL 7.1, custom).
    #[serde(default)]
    pub attributes: Record,
    /// System attributes that channels fill: `first_name`, `last_name`, `username`, `language`, `country`, ….
    #[serde(default)]
    pub system: Record,
    /// Tags by identity.
    #[serde(default)]
    pub tags: BTreeMap<TagKey, Tag>,
    /// The stage: `active`, `unsubscribed`, `blocked` or one of `bot.yaml: statuses` (FL 7.4).
    pub status: String,
    /// How the contact came to be: `organic`, `api`, `import` or a custom name.
    pub source: String,
    /// When the contact came to be.
    pub first_seen: Instant,
    /// When the person last did something.
    pub last_seen: Instant,
    /// Where they can be found, oldest first.
    #[serde(default)]
    pub addresses: Vec<Reach>,
    /// Static segments they are in, since when.
    #[serde(default)]
    pub lists: BTreeMap<String, Instant>,
    /// Dynamic segments they were in after the last step, since when: what transitions are measured against (FL 5.8).
    #[serde(default)]
    pub memberships: BTreeMap<String, Instant>,
    /// Which rules `memberships` was judged by: the hash of the set of segments; 0: none yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rules: u64,
    /// The instant `memberships` was judged at last together with a change of the contact: time has been followed from there on.
    #[serde(default, skip_serializing_if = "is_epoch")]
    pub judged: Instant,
    /// Since when steps that no human message began are counted, and how many they were: against storms (FL 5.10).
    #[serde(default, skip_serializing_if = "is_calm")]
    pub idle_steps: (Instant, u32),
    /// When each declared attribute last changed: what `changed within` asks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, Instant>,
    /// What agents noted, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// When each skill last ran for them.
    #[serde(default)]
    pub ran: BTreeMap<String, Instant>,
    /// What they agreed to or refused, by topic, or by topic and channel ([`Consent::key`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, Consent>,
    /// What names them beyond one channel, oldest first. A channel's own address is in `addresses`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<crate::Identifier>,
    /// The contacts that were merged into this one, and those that were merged into those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<crate::Absorbed>,
    /// The contact this one was merged into: it stands for nobody any more and its id leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ContactId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(hash: &u64) -> bool {
    *hash == 0
}

fn is_calm(steps: &(Instant, u32)) -> bool {
    *steps == Default::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_epoch(at: &Instant) -> bool {
    *at == Instant::default()
}

/// How many notes of one contact are kept; the oldest go first.
pub const NOTES_LIMIT: usize = 200;

/// What an agent or a program noted about a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: crate::Actor,
    /// What, as written.
    pub text: String,
}

/// A person's answer to whether something may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Whether they agreed.
    pub given: bool,
    /// When.
    pub at: Instant,
    /// Where it was asked.
    pub by: crate::Actor,
    /// The words that were agreed to or refused, and on which channel.
    pub proof: String,
}

/// The topic of an opt-out or opt-in word: messages as such (FL 7.9).
pub const MESSAGES: &str = "messages";

impl Consent {
    /// Where an answer is kept: the topic, and `@channel` behind it if it is for one channel alone.
    pub fn key(topic: &str, channel: Option<&str>) -> String {
        channel.map_or_else(|| topic.to_owned(), |channel| format!("{topic}@{channel}"))
    }

    /// The topic and the channel of a key.
    pub fn parts(key: &str) -> (&str, Option<&str>) {
        key.rsplit_once('@').map_or((key, None), |(topic, channel)| (topic, Some(channel)))
    }
}

impl Contact {
    /// A new contact, known since `at` through `address`.
    pub fn new(id: ContactId, at: Instant, address: Address, source: &str) -> Self {
        Self { addresses: vec![Reach { address, unreachable: None }], ..Self::without_address(id, at, source) }
    }

    /// A new contact whom nobody can write to yet: a program or an import told of them at `at`.
    pub fn without_address(id: ContactId, at: Instant, source: &str) -> Self {
        Self {
            id,
            attributes: Record::new(),
            system: Record::new(),
            tags: BTreeMap::new(),
            status: "active".into(),
            source: source.into(),
            first_seen: at,
            last_seen: at,
            addresses: Vec::new(),
            lists: BTreeMap::new(),
            memberships: BTreeMap::new(),
            rules: 0,
            judged: Instant::default(),
            idle_steps: Default::default(),
            changed: BTreeMap::new(),
            notes: Vec::new(),
            ran: BTreeMap::new(),
            consents: BTreeMap::new(),
            identifiers: Vec::new(),
            absorbed: Vec::new(),
            merged_into: None,
        }
    }

    /// What to call the person: first and last name, else the user name, else a short form of the id.
    pub fn display_name(&self) -> String {
        let text = |name: &str| match self.system.get(name).or_else(|| self.attributes.get(name)) {
            Some(Value::Text(t)) if !t.trim().is_empty() => Some(t.trim().to_owned()),
            _ => None,
        };
        let full: Vec<String> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
        if !full.is_empty() {
            return full.join(" ");
        }
        if let Some(name) = text("username") {
            return name;
        }
        let id = self.id.to_string();
        format!("Visitor {}", id.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<String>())
    }

    /// The refusals of messages that hold, by their keys. One for a channel is over once the contact agreed to messages on all of them, one
    /// for all of them once they agreed on any.
    pub fn refusals_of_messages(&self) -> impl Iterator<Item = (&str, &Consent)> {
        let about = self.consents.iter().map(|(key, consent)| (Consent::parts(key), key.as_str(), consent));
        let about = about.filter(|((topic, _), ..)| *topic == MESSAGES);
        let agreed = about.clone().filter(|(.., consent)| consent.given);
        let on_any = agreed.clone().map(|(.., consent)| consent.at).max();
        let on_all = agreed.filter(|((_, channel), ..)| channel.is_none()).map(|(.., consent)| consent.at).max();
        let holds = move |channel: Option<&str>, consent: &Consent| {
            let over = if channel.is_some() { on_all } else { on_any };
            !consent.given && over.is_none_or(|at| at <= consent.at)
        };
        about.filter(move |((_, channel), _, consent)| holds(*channel, consent)).map(|(_, key, consent)| (key, consent))
    }

    /// Whether it is on record that the contact wants no messages, on one channel or on all of them.
    pub fn refuses_messages(&self) -> bool {
        self.refusals_of_messages().next().is_some()
    }

    /// Whether a refusal of messages that holds is the last that is on record about them: the contact agreed on no channel since. Who did
    /// wants messages there, whatever they refused elsewhere. Nobody knows which of two of one moment came later, so the refusal counts.
    pub fn refused_messages_last(&self) -> bool {
        let about = self.consents.iter().filter(|(key, consent)| consent.given && Consent::parts(key).0 == MESSAGES);
        let agreed = about.map(|(_, consent)| consent.at).max();
        self.refusals_of_messages().any(|(_, refusal)| agreed.is_none_or(|agreed| refusal.at >= agreed))
    }

    /// Whether it is on record that the contact wants no messages on this channel.
    pub fn refuses_messages_on(&self, channel: &str) -> bool {
        self.refusals_of_messages().any(|(key, _)| Consent::parts(key).1.is_none_or(|refused| refused == channel))
    }

    /// The reach of one address.
    pub fn reach(&self, address: &Address) -> Option<&Reach> {
        self.addresses.iter().find(|r| &r.address == address)
    }
}

/// The declared type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Any text.
    Text,
    /// An exact decimal.
    Number,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// A point in time.
    Datetime,
    /// One of the named values.
    Enum(Vec<String>),
    /// Several values.
    List,
    /// An amount with its currency.
    Money,
    /// E.164.
    Phone,
    /// An e-mail address.
    Email,
    /// An http or https address.
    Url,
    /// A BCP 47 tag.
    Language,
    /// An ISO 3166 alpha-2 code.
    Country,
}

impl AttributeType {
    /// The name as written in `bot.yaml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Enum(_) => "enum",
            Self::List => "list",
            Self::Money => "money",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Url => "url",
            Self::Language => "language",
            Self::Country => "country",
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Enum(values) => write!(f, " ({})", values.join(", ")),
            _ => Ok(()),
        }
    }
}

/// A declared attribute (FL 7.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeDef {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: AttributeType,
    /// What an unset one reads as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether it is personal data.
    #[serde(default)]
    pub personal: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Change};

    /// Who gave these answers: a moment, a channel or none, and whether they agreed.
    fn after(answers: &[(i64, Option<&str>, bool)]) -> Contact {
        let mut contact = Contact::without_address(ContactId(1), Instant(0), "organic");
        for (at, channel, given) in answers {
            let change =
                Change::Consent { topic: MESSAGES.into(), channel: channel.map(str::to_owned), given: *given, proof: "said".into() };
            contact.apply(&change, Instant(*at), &Actor::Customer);
        }
        contact
    }

    /// Whether they refuse messages, on the web, and on telegram, after these answers.
    fn refuses(answers: &[(i64, Option<&str>, bool)]) -> (bool, bool, bool) {
        let contact = after(answers);
        (contact.refuses_messages(), contact.refuses_messages_on("web"), contact.refuses_messages_on("telegram"))
    }

    #[test]
    fn a_refusal_on_one_channel_is_over_when_they_agree_there_or_on_all() {
        assert_eq!(refuses(&[]), (false, false, false));
        assert_eq!(refuses(&[(1, Some("web"), false)]), (true, true, false));
        assert_eq!(refuses(&[(1, Some("web"), false), (2, Some("telegram"), true)]), (true, true, false));
        assert_eq!(refuses(&[(1, Some("web"), false), (2, Some("web"), true)]), (false, false, false));
        assert_eq!(refuses(&[(1, Some("web"), false), (2, None, true)]), (false, false, false));
        assert_eq!(refuses(&[(1, None, true), (2, Some("web"), false)]), (true, true, false));
        assert_eq!(refuses(&[(1, None, true), (1, Some("web"), false)]), (true, true, false), "nobody knows which came later");
    }

    #[test]
    fn a_refusal_on_all_channels_is_over_when_they_agree_on_any() {
        assert_eq!(refuses(&[(1, None, false)]), (true, true, true));
        assert_eq!(refuses(&[(1, None, false), (2, Some("web"), true)]), (false, false, false));
        assert_eq!(refuses(&[(1, Some("web"), true), (2, None, false)]), (true, true, true));
        assert_eq!(refuses(&[(1, Some("web"), false), (2, None, false), (3, Some("telegram"), true)]), (true, true, false));
    }

    #[test]
    fn what_they_refused_last_counts_until_they_agree_on_any_channel() {
        let refused_last = |answers: &[(i64, Option<&str>, bool)]| after(answers).refused_messages_last();
        let (web, telegram) = (Some("web"), Some("telegram"));
        assert!(!refused_last(&[]) && !refused_last(&[(1, web, true)]));
        assert!(refused_last(&[(1, None, false)]) && refused_last(&[(1, web, false)]));
        assert!(!refused_last(&[(1, web, false), (2, telegram, true)]), "they want them there");
        assert!(refused_last(&[(1, telegram, true), (2, web, false)]) && refused_last(&[(1, telegram, true), (2, None, false)]));
        assert!(refused_last(&[(1, telegram, true), (1, web, false)]), "nobody knows which came later");
        assert!(!refused_last(&[(1, None, false), (2, web, true)]), "that is over");
    }
}
