//! Who the person is beyond this channel: identifiers that follow from what becomes known of them.
//!
//! An attribute that holds an e-mail address or a phone number names the person, unproven. What the channel vouches for (a website's
//! signature) and what a flow confirmed is proven. Nothing a customer merely says ever is.

use super::stepper::Stepper;
use model::{Actor, Change, IdentifierKind, Record, Value};

/// System attributes that name the person, and the word by which a channel vouches for them.
const SYSTEM: [(&str, IdentifierKind, Option<&str>); 3] = [
    ("verified_id", IdentifierKind::External, None),
    ("email", IdentifierKind::Email, Some("email_verified")),
    ("phone", IdentifierKind::Phone, Some("phone_verified")),
];

impl Stepper<'_> {
    /// As what a change names the person, and the value before it; none if it changes nothing that names anybody.
    pub(crate) fn named_by(&self, change: &Change) -> Option<(IdentifierKind, Option<Value>)> {
        match change {
            Change::SetAttribute(name, _) | Change::UnsetAttribute(name) => {
                let kind = IdentifierKind::of_type(&self.bot.attribute(name)?.ty)?;
                Some((kind, self.contact.attributes.get(name).cloned()))
            }
            Change::SetSystem(name, value) => {
                let (name, kind, _) = SYSTEM.iter().find(|(known, ..)| known == name)?;
                let was = self.contact.system.get(*name);
                (was != Some(value)).then(|| (*kind, was.cloned()))
            }
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
            | Change::Note(_)
            | Change::AddIdentifier(..)
            | Change::VerifyIdentifier { .. }
            | Change::RemoveIdentifier(..) => None,
        }
    }

    /// The value names the person from now on; the one before it no longer does, unless it was proven or stands elsewhere too.
    pub(crate) fn keep_named(&mut self, kind: IdentifierKind, was: Option<Value>, change: &Change, by: &Actor) {
        if let Some(outdated) = self.outdated(kind, was.as_ref()) {
            self.change(&outdated, by, None, None);
        }
        if let Change::SetAttribute(_, Value::Text(text)) | Change::SetSystem(_, Value::Text(text)) = change
            && kind != IdentifierKind::External
        {
            self.change(&Change::AddIdentifier(kind, text.clone()), by, None, None);
        }
    }

    /// The end of the identifier that a value was which holds no longer; none if it was proven or stands elsewhere too.
    pub(crate) fn outdated(&self, kind: IdentifierKind, was: Option<&Value>) -> Option<Change> {
        let Some(Value::Text(was)) = was else { return None };
        let old = kind.normal(was)?;
        let is_unproven = self.contact.identifier(kind, &old).is_some_and(|known| known.verified.is_none());
        (is_unproven && !self.still_says(kind, &old)).then_some(Change::RemoveIdentifier(kind, old))
    }

    /// Whether another attribute holds the value.
    fn still_says(&self, kind: IdentifierKind, value: &str) -> bool {
        let says = |held: Option<&Value>| matches!(held, Some(Value::Text(text)) if kind.normal(text).as_deref() == Some(value));
        let declared = self.bot.attributes().iter().filter(|declared| IdentifierKind::of_type(&declared.ty) == Some(kind));
        declared.into_iter().any(|declared| says(self.contact.attributes.get(&declared.name)))
            || SYSTEM.iter().any(|(name, of, _)| *of == kind && says(self.contact.system.get(*name)))
    }

    /// Takes over what the channel vouches for.
    pub(crate) fn keep_vouched(&mut self, profile: &Record, by: &Actor) {
        for (name, kind, word) in SYSTEM {
            let Some(Value::Text(text)) = profile.get(name) else { continue };
            if word.is_none_or(|word| profile.get(word) == Some(&Value::Bool(true))) {
                let how = match by {
                    Actor::Channel(channel) => format!("signed by {channel}"),
                    _ => "the channel".to_owned(),
                };
                self.confirm(kind, text, &how, by);
            }
        }
    }

    /// The person was proven to be named so. One who is known to be costs a comparison.
    pub(crate) fn confirm(&mut self, kind: IdentifierKind, text: &str, how: &str, by: &Actor) {
        let Some(value) = kind.normal(text) else { return };
        if self.contact.identifier(kind, &value).is_none_or(|known| known.verified.is_none()) {
            self.change(&Change::VerifyIdentifier { kind, value, how: how.to_owned() }, by, None, None);
        }
    }
}
