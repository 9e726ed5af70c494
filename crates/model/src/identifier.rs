//! An identifier: something that names a person beyond one channel, and whether that was proven.
//!
//! What a visitor merely says of themselves is kept as a hint (duplicates are suggested by it) and never makes two contacts one. Only a
//! *verified* identifier does: the website signed it, a message that was sent there came back, or an operator's program vouches for it.

use crate::{Contact, ContactId, Instant};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What names the person. The order is the strength: of two that conflict the earlier decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// The id of the person in another system: the website's, a shop's, an import's key.
    External,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

/// How an identifier was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When.
    pub at: Instant,
    /// How, in words: `signed by web`, `code`, `api shop`, ….
    pub how: String,
}

/// One identifier of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// Of which kind.
    pub kind: IdentifierKind,
    /// The value in the one form in which it is compared ([`IdentifierKind::normal`]).
    pub value: String,
    /// Since when the contact has it.
    pub since: Instant,
    /// How it was proven; none: the person's word, or an attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// The longest value of an identifier, in characters.
pub const IDENTIFIER_LENGTH: usize = 256;

impl IdentifierKind {
    /// As what values of a type of attribute name a person; none if they name nobody.
    pub fn of_type(ty: &crate::AttributeType) -> Option<Self> {
        use crate::AttributeType;
        match ty {
            AttributeType::Email => Some(Self::Email),
            AttributeType::Phone => Some(Self::Phone),
            AttributeType::Text
            | AttributeType::Number
            | AttributeType::Bool
            | AttributeType::Date
            | AttributeType::Datetime
            | AttributeType::Enum(_)
            | AttributeType::List
            | AttributeType::Money
            | AttributeType::Url
            | AttributeType::Language
            | AttributeType::Country => None,
        }
    }

    /// All kinds, the strongest first.
    pub const ALL: [Self; 3] = [Self::External, Self::Email, Self::Phone];

    /// The name as it is written: `external`, `email`, `phone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How many of this kind one contact keeps. When there is no room a new one takes the place of the oldest unverified one.
    pub fn limit(self) -> usize {
        match self {
            Self::External => 5,
            Self::Email | Self::Phone => 10,
        }
    }

    /// The one form in which values of this kind are compared; none if the text is none of them.
    ///
    /// An e-mail address is lower-cased whole, a phone number is E.164 (`+12065551212`: without a `+` it says no country and is none),
    /// another system's id is taken as it is.
    pub fn normal(self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > IDENTIFIER_LENGTH || text.chars().any(char::is_control) {
            return None;
        }
        match self {
            Self::External => Some(text.to_owned()),
            Self::Email => {
                let (name, host) = text.rsplit_once('@')?;
                let fits = !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace);
                fits.then(|| text.to_lowercase())
            }
            Self::Phone => {
                let digits: String = text.strip_prefix('+')?.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')')).collect();
                let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
                fits.then(|| format!("+{digits}"))
            }
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.value)
    }
}

/// A contact that was merged into another one, as the other one remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    /// The contact. What was written under its id (journey, events, transcripts) stays there and is read through this entry.
    pub id: ContactId,
    /// The merge that brought it here: `mrg_…`.
    pub merge: crate::MergeId,
    /// When.
    pub at: Instant,
}

impl Contact {
    /// The identifier of this kind and (normalised) value.
    pub fn identifier(&self, kind: IdentifierKind, value: &str) -> Option<&Identifier> {
        self.identifiers.iter().find(|i| i.kind == kind && i.value == value)
    }

    /// The verified identifiers, the strongest kind first.
    pub fn verified(&self) -> impl Iterator<Item = &Identifier> {
        IdentifierKind::ALL.into_iter().flat_map(|kind| self.identifiers.iter().filter(move |i| i.kind == kind && i.verified.is_some()))
    }

    /// Whether this contact stands for nobody any more: it was merged into another one, and its id leads there.
    pub fn is_merged_away(&self) -> bool {
        self.merged_into.is_some()
    }

    /// Adds an identifier, or proves one that is there; answers whether anything differs. A text that is none of its kind changes nothing.
    pub(crate) fn add_identifier(&mut self, kind: IdentifierKind, value: &str, since: Instant, verified: Option<Verified>) -> bool {
        let Some(value) = kind.normal(value) else { return false };
        if let Some(known) = self.identifiers.iter_mut().find(|i| i.kind == kind && i.value == value) {
            let proves = known.verified.is_none() && verified.is_some();
            if proves {
                known.verified = verified;
            }
            return proves;
        }
        if self.identifiers.iter().filter(|i| i.kind == kind).count() >= kind.limit() {
            let Some(oldest) = self.identifiers.iter().position(|i| i.kind == kind && i.verified.is_none()) else { return false };
            self.identifiers.remove(oldest);
        }
        self.identifiers.push(Identifier { kind, value, since, verified });
        true
    }

    /// Takes an identifier away; answers whether it was there.
    pub(crate) fn remove_identifier(&mut self, kind: IdentifierKind, value: &str) -> bool {
        let before = self.identifiers.len();
        let value = kind.normal(value).unwrap_or_default();
        self.identifiers.retain(|i| i.kind != kind || i.value != value);
        self.identifiers.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Change};

    #[test]
    fn a_value_has_one_form() {
        for (kind, text, normal) in [
            (IdentifierKind::Email, " Ana@Shop.Example ", Some("ana@shop.example")),
            (IdentifierKind::Email, "ana@localhost", None),
            (IdentifierKind::Email, "@shop.example", None),
            (IdentifierKind::Email, "a na@shop.example", None),
            (IdentifierKind::Phone, "+1 (206) 555-1212", Some("+12065551212")),
            (IdentifierKind::Phone, "206 555 1212", None),
            (IdentifierKind::Phone, "+0123456789", None),
            (IdentifierKind::Phone, "+12", None),
            (IdentifierKind::External, " User-7 ", Some("User-7")),
            (IdentifierKind::External, "a\nb", None),
            (IdentifierKind::External, "", None),
        ] {
            assert_eq!(kind.normal(text).as_deref(), normal, "{kind} {text:?}");
        }
        assert_eq!(IdentifierKind::External.normal(&"x".repeat(257)), None);
    }

    #[test]
    fn room_is_made_by_the_oldest_unverified_one_alone() {
        let now = Instant::from_secs(1);
        let by = crate::Actor::System;
        let mut contact = Contact::new(ContactId(1), now, Address { channel: "web".into(), id: "v".into() }, "organic");
        let proven = Change::VerifyIdentifier { kind: IdentifierKind::External, value: "first".into(), how: "signed by web".into() };
        assert!(contact.apply(&proven, now, &by));
        for no in 0..7 {
            assert!(contact.apply(&Change::AddIdentifier(IdentifierKind::External, format!("u{no}")), now, &by));
        }
        let kept: Vec<&str> = contact.identifiers.iter().map(|i| i.value.as_str()).collect();
        assert_eq!(kept, ["first", "u3", "u4", "u5", "u6"]);
        for no in 3..7 {
            let proven = Change::VerifyIdentifier { kind: IdentifierKind::External, value: format!("u{no}"), how: "api".into() };
            assert!(contact.apply(&proven, now, &by) && !contact.apply(&proven, now, &by), "proven once");
        }
        assert!(!contact.apply(&Change::AddIdentifier(IdentifierKind::External, "u9".into()), now, &by), "no room beside verified ones");
        assert!(contact.apply(&Change::RemoveIdentifier(IdentifierKind::External, "u3".into()), now, &by));
        assert_eq!(contact.verified().count(), 4);
    }
}
