//! What a contact is called, as fields of folded text, and what they bear, as keys.

use super::{
    Key, Watch,
    fold::{at_most, folded},
};
use model::{AttributeDef, Change, Contact, IdentifierKind, Value};
use std::borrow::Cow;

/// Fields begin with one of these bytes, which no folded text holds.
pub(super) const NAME: u8 = 1;
/// An e-mail address.
pub(super) const MAIL: u8 = 2;
/// The digits of a phone number.
pub(super) const PHONE: u8 = 3;
/// Another system's id, or the id on a channel.
pub(super) const ID: u8 = 4;
/// The highest of them.
pub(super) const LAST_MARK: u8 = ID;

/// The longest field, in bytes.
const FIELD: usize = 160;
/// All fields of one contact, in bytes.
const ALL: usize = 640;
/// The longest id on a channel that somebody may look for; longer ones are made by machines for machines.
const CHANNEL_ID: usize = 24;
/// Keys of one contact.
const KEYS: usize = 48;
/// Attributes that hold names, whatever their type.
const NAMES: [&str; 4] = ["name", "full_name", "nickname", "company"];

/// System attributes by which somebody may be known.
const SYSTEM: [(&str, IdentifierKind); 2] = [("email", IdentifierKind::Email), ("phone", IdentifierKind::Phone)];

/// What is written down about a contact.
pub(super) struct Entry {
    /// The fields, each after its mark.
    pub text: Vec<u8>,
    /// Keys: a space, and the value in it.
    pub keys: Vec<(Cow<'static, str>, String)>,
}

impl Entry {
    pub(super) fn of(contact: &Contact, watches: &[Watch]) -> Self {
        let mut fields = Fields(Vec::with_capacity(96));
        fields.add(NAME, &folded(&contact.display_name()));
        let text = |record: &model::Record, name: &str| match record.get(name) {
            Some(Value::Text(text)) => Some(folded(text)),
            _ => None,
        };
        text(&contact.system, "username").into_iter().for_each(|name| fields.add(NAME, &name));
        NAMES.iter().filter_map(|name| text(&contact.attributes, name)).for_each(|name| fields.add(NAME, &name));
        for (kind, value) in known(contact) {
            fields.named(kind, value);
        }
        for (name, value) in &contact.attributes {
            let Value::Text(value) = value else { continue };
            let watched = watches.iter().find(|watch| watch.attribute == *name).and_then(|watch| watch.known_as);
            if let Some(kind) = watched {
                fields.named(kind, value);
            }
        }
        for reach in &contact.addresses {
            let id = &reach.address.id;
            if id.starts_with('+') {
                fields.named(IdentifierKind::Phone, id);
            } else if id.len() <= CHANNEL_ID {
                fields.add(ID, &folded(id));
            }
        }
        Self { text: fields.0, keys: keys(contact, watches) }
    }
}

struct Fields(Vec<u8>);

impl Fields {
    fn named(&mut self, kind: IdentifierKind, value: &str) {
        match kind {
            IdentifierKind::External => self.add(ID, &folded(value)),
            IdentifierKind::Email => self.add(MAIL, &folded(value)),
            IdentifierKind::Phone => {
                let digits: String = folded(value).chars().filter(char::is_ascii_digit).collect();
                self.add(PHONE, &digits);
            }
        }
    }

    fn add(&mut self, mark: u8, text: &str) {
        let text = at_most(text, FIELD).trim_end();
        if text.is_empty() || self.0.len() + 1 + text.len() > ALL {
            return;
        }
        // What is called the same twice is found once.
        if self.0.split(|byte| *byte <= LAST_MARK).any(|known| known == text.as_bytes()) {
            return;
        }
        self.0.push(mark);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// What a contact is known by beside declared attributes, as it is written down.
fn known(contact: &Contact) -> impl Iterator<Item = (IdentifierKind, &str)> {
    let told = SYSTEM.into_iter().filter_map(|(name, kind)| match contact.system.get(name) {
        Some(Value::Text(text)) => Some((kind, text.as_str())),
        _ => None,
    });
    contact.identifiers.iter().map(|one| (one.kind, one.value.as_str())).chain(told)
}

/// Whether nothing differs between two states of a contact that the directory writes down, but for when they were active last.
pub fn is_called_the_same(before: &Contact, now: &Contact, watches: &[Watch]) -> bool {
    const TOLD: [&str; 5] = ["first_name", "last_name", "username", "email", "phone"];
    // What a name is read from if no channel tells one.
    const ATTRIBUTES: [&str; 3] = ["first_name", "last_name", "username"];
    let attributes = ATTRIBUTES.iter().chain(&NAMES).copied().chain(watches.iter().map(|watch| watch.attribute.as_str()));
    TOLD.iter().all(|name| before.system.get(*name) == now.system.get(*name))
        && attributes.into_iter().all(|name| before.attributes.get(name) == now.attributes.get(name))
        && before.identifiers == now.identifiers
        && before.addresses.len() == now.addresses.len()
        && before.addresses.iter().zip(&now.addresses).all(|(before, now)| before.address == now.address)
        && before.merged_into == now.merged_into
}

/// What a contact bears by which somebody may know them, each once, in the one form in which it is compared: their identifiers, the
/// system attributes `email` and `phone`, and attributes that are declared as such.
pub fn keys_of(contact: &Contact, declared: &[AttributeDef]) -> Vec<(IdentifierKind, String)> {
    let attributes = declared.iter().filter_map(|declared| match contact.attributes.get(&declared.name) {
        Some(Value::Text(text)) => Some((IdentifierKind::of_type(&declared.ty)?, text.as_str())),
        _ => None,
    });
    let mut keys: Vec<(IdentifierKind, String)> = Vec::new();
    for (kind, value) in known(contact).chain(attributes) {
        if let Some(value) = kind.normal(value)
            && !keys.contains(&(kind, value.clone()))
        {
            keys.push((kind, value));
        }
    }
    keys
}

/// The kind of what a change gives or takes away of [`keys_of`]; none if these are the same after it. One of a kind leaves those of the
/// others as they are.
pub fn kind_borne(change: &Change, declared: &[AttributeDef]) -> Option<IdentifierKind> {
    match change {
        Change::SetAttribute(name, _) | Change::UnsetAttribute(name) => {
            declared.iter().find(|declared| declared.name == *name).and_then(|declared| IdentifierKind::of_type(&declared.ty))
        }
        Change::SetSystem(name, _) => SYSTEM.iter().find(|(system, _)| system == name).map(|(_, kind)| *kind),
        Change::AddIdentifier(kind, _) | Change::VerifyIdentifier { kind, .. } | Change::RemoveIdentifier(kind, _) => Some(*kind),
        Change::AddTag(_)
        | Change::RemoveTag(_)
        | Change::SetStatus(_)
        | Change::AddToList(_)
        | Change::RemoveFromList(_)
        | Change::AddAddress(_)
        | Change::Unreachable(..)
        | Change::Reachable(_)
        | Change::Seen
        | Change::Consent { .. }
        | Change::Ran(_)
        | Change::SetSource(_)
        | Change::Note(_) => None,
    }
}

fn keys(contact: &Contact, watches: &[Watch]) -> Vec<(Cow<'static, str>, String)> {
    let known = known(contact).filter_map(|(kind, value)| Some((Cow::Borrowed(kind.name()), kind.normal(value)?)));
    let watched = watches.iter().filter_map(|watch| key_of(watch, contact.attributes.get(&watch.attribute)?));
    known.chain(watched).take(KEYS).collect()
}

/// The space and the value of a key.
pub(super) fn space_of(key: &Key) -> Option<(Cow<'static, str>, String)> {
    match key {
        Key::Known(kind, value) => Some((Cow::Borrowed(kind.name()), kind.normal(value)?)),
        Key::Attribute(name, value) => Some((own_space(name), plain(value))),
    }
}

/// The key that a watched attribute's value is.
pub(super) fn key_of(watch: &Watch, value: &Value) -> Option<(Cow<'static, str>, String)> {
    match (watch.known_as, value) {
        (Some(kind), Value::Text(text)) => Some((Cow::Borrowed(kind.name()), kind.normal(text)?)),
        (Some(_), _) => None,
        (None, value) => Some((own_space(&watch.attribute), plain(value))),
    }
}

fn own_space(name: &str) -> Cow<'static, str> {
    // No kind of identifier has such a name.
    Cow::Owned(format!("={name}"))
}

/// A value as a key: texts as they are, numbers without needless decimals, everything else as JSON has it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Number(number) => number.normalize().to_string(),
        other => other.to_json().to_string(),
    }
}
