//! The key of a row: by what a row finds its contact.

use super::{
    Cell, Vocabulary,
    value::{Habits, read},
};
use crate::directory;
use model::{Address, Change, Contact, ContactId, IdentifierKind, Value};
use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// By what a row finds its contact.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// The contact's own id.
    Id(ContactId),
    /// Where a channel finds them.
    At(Address),
    /// What the directory finds people by: an identifier in the form in which it is compared, or an attribute's value.
    By(directory::Key),
}

impl Key {
    /// The key that a value of an attribute is; none for a value that names nobody.
    pub(super) fn of_attribute(name: &str, value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) if text.trim().is_empty() => None,
            Value::Text(_) | Value::Number(_) | Value::Date(_) | Value::DateTime(_) => {
                Some(Self::By(directory::Key::Attribute(name.to_owned(), value.clone())))
            }
            Value::Bool(_) | Value::Time(_) | Value::Duration(_) | Value::Money(_) | Value::List(_) | Value::Record(_) => None,
        }
    }

    /// What is known of a contact of whom nothing but the key is; none if such a contact cannot be made.
    pub fn changes(&self, words: &Vocabulary<'_>) -> Option<Vec<Change>> {
        match self {
            Self::Id(_) | Self::At(_) => None,
            Self::By(directory::Key::Known(kind, value)) => {
                Some(known_as(*kind, value, words).into_iter().chain([Change::AddIdentifier(*kind, value.clone())]).collect())
            }
            Self::By(directory::Key::Attribute(name, value)) => Some(vec![Change::SetAttribute(name.clone(), value.clone())]),
        }
    }

    /// 64 bits that tell the keys of one file apart.
    pub fn hash64(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        self.to_string().hash(&mut hash);
        hash.finish()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::At(address) => address.fmt(f),
            Self::By(directory::Key::Known(kind, value)) => write!(f, "{kind} {value}"),
            Self::By(directory::Key::Attribute(name, Value::Text(text))) => write!(f, "{name} {}", text.trim()),
            Self::By(directory::Key::Attribute(name, Value::Number(number))) => write!(f, "{name} {}", number.normalize()),
            Self::By(directory::Key::Attribute(name, value)) => write!(f, "{name} {}", value.to_json()),
        }
    }
}

/// What an identifier is besides: e-mail and phone are an attribute as well.
pub(super) fn known_as(kind: IdentifierKind, value: &str, words: &Vocabulary<'_>) -> Option<Change> {
    match (kind, words.attribute(kind.name())) {
        (IdentifierKind::External, _) => None,
        (_, Some(declared)) => {
            let spoken = || Value::text(value);
            let read = read(&Cell::Text(value.to_owned()), &declared.ty, Habits::default(), words).unwrap_or_else(|_| spoken());
            Some(Change::SetAttribute(declared.name.clone(), read))
        }
        (_, None) => Some(Change::SetSystem(kind.name().to_owned(), Value::text(value))),
    }
}

/// The identifiers of one kind that a contact has: the attribute of the kind's name, which says the one that holds now, then those that
/// were told, the oldest first.
pub(crate) fn identifiers(contact: &Contact, kind: IdentifierKind) -> impl Iterator<Item = String> {
    let told = contact.identifiers.iter().filter(move |known| known.kind == kind).map(|known| known.value.clone());
    let written = match kind {
        IdentifierKind::External => None,
        IdentifierKind::Email | IdentifierKind::Phone => {
            match contact.attributes.get(kind.name()).or_else(|| contact.system.get(kind.name())) {
                Some(Value::Text(text)) => kind.normal(text),
                _ => None,
            }
        }
    };
    written.into_iter().chain(told)
}
