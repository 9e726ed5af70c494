//! Whether two contacts are one person: when they are merged by themselves, and when it is suggested.

use model::{Contact, ContactId, Identifier, IdentifierKind, Instant, Value, fold};

/// How long the guard against one identifier that many share looks back: a day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// What is to be done about two contacts with the same verified identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are one person.
    Merge {
        /// Who survives: the one that was proven to be so named first.
        keep: ContactId,
        /// The other one.
        other: ContactId,
        /// Why, in words.
        why: String,
    },
    /// They are not merged, and why.
    Leave(String),
    /// They do not share it, or not proven.
    Different,
}

/// How many contacts one may take in within a day through identifiers of a kind. A person who signs in on many devices is one thing, an
/// address that a whole office shares another.
fn daily(kind: IdentifierKind) -> usize {
    match kind {
        IdentifierKind::External => 20,
        IdentifierKind::Email | IdentifierKind::Phone => 5,
    }
}

/// What follows from a verified identifier that both have. A stronger kind that tells them apart decides against it: two different ids of
/// the same website are two people, whatever mailbox they share.
pub fn automatic(one: &Contact, two: &Contact, kind: IdentifierKind, value: &str, now: Instant) -> Verdict {
    let proven = |contact: &Contact| contact.identifier(kind, value).and_then(|i| i.verified.as_ref()).map(|v| v.at);
    let (Some(since), Some(other_since)) = (proven(one), proven(two)) else { return Verdict::Different };
    if one.id == two.id || one.is_merged_away() || two.is_merged_away() {
        return Verdict::Different;
    }
    for stronger in IdentifierKind::ALL.into_iter().take_while(|other| *other < kind) {
        if let Some((mine, theirs)) = differing(one, two, stronger) {
            return Verdict::Leave(format!("both have the verified {kind} {value}, but one is {mine} and the other {theirs}"));
        }
    }
    let (keep, other) = if (other_since, two.id) < (since, one.id) { (two, one) } else { (one, two) };
    let lately = keep.absorbed.iter().chain(&other.absorbed).filter(|absorbed| now.micros_since(absorbed.at) < DAY).count();
    if lately >= daily(kind) {
        return Verdict::Leave(format!("{lately} contacts were merged through {kind} {value} within a day already; somebody shares it"));
    }
    Verdict::Merge { keep: keep.id, other: other.id, why: format!("{kind} {value} is verified on both") }
}

/// Verified identifiers of a kind that tell two contacts apart: both have some, and none in common.
fn differing<'a>(one: &'a Contact, two: &'a Contact, kind: IdentifierKind) -> Option<(&'a Identifier, &'a Identifier)> {
    let of = |contact: &'a Contact| contact.verified().filter(move |i| i.kind == kind);
    let (mine, theirs) = (of(one).next()?, of(two).next()?);
    let common = of(one).any(|i| of(two).any(|other| other.value == i.value));
    (!common).then_some((mine, theirs))
}

/// Why two contacts may be one person, in words, the strongest reason first; empty if nothing says so.
pub fn likeness(one: &Contact, two: &Contact) -> Vec<String> {
    let mut reasons = Vec::new();
    for kind in IdentifierKind::ALL {
        for mine in one.identifiers.iter().filter(|i| i.kind == kind) {
            let Some(theirs) = two.identifier(kind, &mine.value) else { continue };
            let proven = match (&mine.verified, &theirs.verified) {
                (Some(_), Some(_)) => "verified on both",
                (Some(_), None) | (None, Some(_)) => "verified on one of them",
                (None, None) => "not verified",
            };
            reasons.push(format!("same {kind} {} ({proven})", mine.value));
        }
    }
    if let (Some(name), Some(other)) = (called(one), called(two))
        && fold(&name) == fold(&other)
    {
        let same = one.attributes.iter().find(|(key, value)| !super::unite::is_blank(value) && two.attributes.get(*key) == Some(value));
        let place = || {
            let country = |contact: &Contact| contact.system.get("country").cloned();
            (country(one).is_some() && country(one) == country(two)).then(|| "country".to_owned())
        };
        if let Some(with) = same.map(|(key, _)| key.clone()).or_else(place) {
            reasons.push(format!("same name {name} and same {with}"));
        }
    }
    reasons
}

/// First and last name, if both are known.
pub fn called(contact: &Contact) -> Option<String> {
    let text = |name: &str| match contact.system.get(name).or_else(|| contact.attributes.get(name)) {
        Some(Value::Text(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    };
    Some(format!("{} {}", text("first_name")?, text("last_name")?))
}
