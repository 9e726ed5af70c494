//! What a merge would come to, shown before it is done: side by side, with the winner of each field.

use super::{Order, sides::called, unite};
use model::{Actor, Contact, ContactId, IdentifierKind, Instant, MergeId, Owner, Person, Record, Value};
use serde::Serialize;
use std::collections::BTreeSet;

/// Whose value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The survivor's.
    Keep,
    /// The other one's.
    Other,
    /// Both say the same.
    Same,
    /// Both count: a sum, the earlier or the later of two times.
    Both,
}

/// One field of both, and what it will be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The survivor's value.
    pub keep: Option<Value>,
    /// The other one's.
    pub other: Option<Value>,
    /// What holds afterwards.
    pub after: Option<Value>,
    /// Whose that is.
    pub winner: Winner,
}

/// What a merge would come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// The survivor.
    pub keep: ContactId,
    /// The other one.
    pub other: ContactId,
    /// What both are called.
    pub names: (String, String),
    /// Every field that one of them has, by name: status and source, then what the channels know, then attributes.
    pub fields: Vec<Field>,
    /// Tags afterwards, by label.
    pub tags: Vec<String>,
    /// Static segments afterwards.
    pub lists: Vec<String>,
    /// Where the person can be found afterwards.
    pub addresses: Vec<String>,
    /// What names them afterwards: kind, value, and whether it is verified.
    pub identifiers: Vec<(IdentifierKind, String, bool)>,
    /// Topics of consent afterwards, and whether they agreed.
    pub consents: Vec<(String, bool)>,
    /// How many conversations go over, with everything that runs in them.
    pub conversations: usize,
    /// How many notes there are afterwards.
    pub notes: usize,
    /// What somebody should look at before.
    pub warnings: Vec<String>,
}

/// What merging `other` into `keep` would come to.
pub fn preview(keep: &Person, other: &Person, now: Instant) -> Preview {
    let order = Order { merge: MergeId(0), at: now, by: Actor::System, why: String::new() };
    let (one, two) = (&keep.contact, &other.contact);
    let (after, _) = unite::unite(one, two, &order);
    let mut fields = vec![
        field("status", Some(Value::text(&*one.status)), Some(Value::text(&*two.status)), Some(Value::text(&*after.status))),
        field("source", Some(Value::text(&*one.source)), Some(Value::text(&*two.source)), Some(Value::text(&*after.source))),
    ];
    let seen = |at: Instant| Some(Value::DateTime(at));
    fields.push(field("first_seen", seen(one.first_seen), seen(two.first_seen), seen(after.first_seen)));
    fields.push(field("last_seen", seen(one.last_seen), seen(two.last_seen), seen(after.last_seen)));
    fields.extend(record(&one.system, &two.system, &after.system));
    fields.extend(record(&one.attributes, &two.attributes, &after.attributes));
    Preview {
        keep: one.id,
        other: two.id,
        names: (one.display_name(), two.display_name()),
        fields,
        tags: after.tags.values().map(|tag| tag.label.clone()).collect(),
        lists: after.lists.keys().cloned().collect(),
        addresses: after.addresses.iter().map(|reach| reach.address.to_string()).collect(),
        identifiers: after.identifiers.iter().map(|i| (i.kind, i.value.clone(), i.verified.is_some())).collect(),
        consents: after.consents.iter().map(|(topic, consent)| (topic.clone(), consent.given)).collect(),
        conversations: other.conversations.len(),
        notes: after.notes.len(),
        warnings: warnings(keep, other),
    }
}

fn record<'a>(one: &'a Record, two: &'a Record, after: &'a Record) -> impl Iterator<Item = Field> + 'a {
    let names: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    names.into_iter().map(move |name| field(name, one.get(name).cloned(), two.get(name).cloned(), after.get(name).cloned()))
}

fn field(name: &str, keep: Option<Value>, other: Option<Value>, after: Option<Value>) -> Field {
    let winner = if keep == other {
        Winner::Same
    } else if after == keep {
        Winner::Keep
    } else if after == other {
        Winner::Other
    } else {
        Winner::Both
    };
    Field { name: name.to_owned(), keep, other, after, winner }
}

fn warnings(keep: &Person, other: &Person) -> Vec<String> {
    let (one, two) = (&keep.contact, &other.contact);
    let mut warnings = Vec::new();
    for kind in IdentifierKind::ALL {
        let of =
            |contact: &Contact| -> BTreeSet<String> { contact.verified().filter(|i| i.kind == kind).map(|i| i.value.clone()).collect() };
        let (mine, theirs) = (of(one), of(two));
        if let (Some(my), Some(their)) = (mine.first(), theirs.first())
            && mine.is_disjoint(&theirs)
        {
            warnings.push(format!("they were proven to have different ids: {kind} {my} and {kind} {their}"));
        }
    }
    if let (Some(mine), Some(theirs)) = (called(one), called(two))
        && model::fold(&mine) != model::fold(&theirs)
    {
        warnings.push(format!("their names differ: {mine} and {theirs}"));
    }
    if other.conversations.iter().any(|c| matches!(c.owner, Owner::Agent(_) | Owner::Queue)) {
        warnings.push("the other one is with an agent or waits for one; that goes on under the survivor".into());
    }
    warnings
}
