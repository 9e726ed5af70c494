//! What a commit means for webhooks: told from the change of a person and the person before it.
//!
//! Deliveries name what changed and do not carry it: values of attributes stay here and are read with a key that may see them. Fields of
//! events are carried, if they are not large.

use super::declared::HookEvent;
use model::{Contact, EventRecord, JourneyKind, LeftDesk, Person, Transition};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use store::PersonChange;

/// The largest fields of an event that are carried along, as JSON, in bytes.
const FIELDS: usize = 8 * 1024;
/// What a channel knows of a person that programs care for; counters are not among it.
const SYSTEM: [&str; 9] = ["first_name", "last_name", "username", "email", "phone", "language", "country", "timezone", "city"];

/// Says everything that a change of a person means, in order. `givers`: those whose conversations go to somebody else in the same
/// commit, as they were; nothing happens in a conversation that moves.
pub(super) fn happened(before: Option<&Person>, givers: &[Arc<Person>], change: &PersonChange, mut say: impl FnMut(HookEvent, Value)) {
    let id = change.id;
    if change.erase {
        return say(HookEvent::ContactErased, json!({ "contact": id }));
    }
    let was = before.map(|person| &person.contact);
    if let Some(contact) = change.contact.as_deref() {
        contact_changed(was, contact, &mut say);
    }
    for entry in &change.journey {
        let (event, Transition { segment, cause }) = match &entry.what {
            JourneyKind::SegmentEntered(transition) => (HookEvent::SegmentEntered, transition),
            JourneyKind::SegmentLeft(transition) => (HookEvent::SegmentLeft, transition),
            _ => continue,
        };
        say(event, json!({ "contact": id, "segment": segment, "cause": cause }));
    }
    for conversation in &change.conversations {
        let of_giver = || givers.iter().find_map(|giver| giver.conversation(conversation.id));
        let known = before.and_then(|person| person.conversation(conversation.id)).or_else(of_giver);
        let about = json!({ "contact": id, "conversation": conversation.id, "channel": conversation.address.channel });
        if known.is_none() {
            say(HookEvent::ConversationStarted, about.clone());
        }
        let left_before = known.and_then(|known| known.left_desk.as_ref()).map(|left| left.request);
        if let Some(LeftDesk { request, by: Some(agent), .. }) = &conversation.left_desk
            && left_before != Some(*request)
        {
            let mut data = about.clone();
            data["agent"] = json!(agent);
            say(HookEvent::ConversationResolved, data);
        }
        let request = conversation.request.as_ref();
        let asked_before = known.and_then(|known| known.request.as_ref());
        if let Some(request) = request.filter(|request| asked_before.is_none_or(|before| before.id != request.id)) {
            let mut data = about;
            data["group"] = json!(request.group);
            say(HookEvent::ConversationHandedOff, data);
        }
    }
    for event in &change.events {
        say(HookEvent::EventRecorded, recorded(change, event));
    }
}

fn recorded(change: &PersonChange, event: &EventRecord) -> Value {
    let fields: Value = event.fields.iter().map(|(name, value)| (name.clone(), model::Value::to_json(value))).collect();
    let fits = fields.to_string().len() <= FIELDS;
    let mut told = json!({ "id": event.id, "name": event.name, "at": event.at.to_string() });
    if fits {
        told["fields"] = fields;
    } else {
        told["fields_omitted"] = json!(true);
    }
    json!({ "contact": change.id, "event": told })
}

fn contact_changed(was: Option<&Contact>, contact: &Contact, say: &mut impl FnMut(HookEvent, Value)) {
    let id = contact.id;
    // Whoever was merged away is told of with the one they were merged into.
    if contact.is_merged_away() {
        return;
    }
    match was {
        None => say(HookEvent::ContactCreated, json!({ "contact": id, "source": contact.source })),
        Some(was) => {
            let new: Vec<_> = contact.absorbed.iter().filter(|one| was.absorbed.iter().all(|old| old.id != one.id)).collect();
            for one in new {
                say(HookEvent::ContactMerged, json!({ "contact": id, "merged": one.id }));
            }
            let changed = changed(was, contact);
            if !changed.is_empty() {
                say(HookEvent::ContactUpdated, json!({ "contact": id, "changed": changed }));
            }
        }
    }
    let nobody = BTreeMap::new();
    let tags = was.map_or(&nobody, |was| &was.tags);
    for tag in contact.tags.iter().filter(|(key, _)| !tags.contains_key(*key)).map(|(_, tag)| tag) {
        say(HookEvent::TagAdded, json!({ "contact": id, "tag": tag.label }));
    }
    for tag in tags.iter().filter(|(key, _)| !contact.tags.contains_key(*key)).map(|(_, tag)| tag) {
        say(HookEvent::TagRemoved, json!({ "contact": id, "tag": tag.label }));
    }
}

/// The names of what differs.
fn changed(was: &Contact, now: &Contact) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let differs = |name: &&String| was.attributes.get(*name) != now.attributes.get(*name);
    let gone = was.attributes.keys().filter(|name| !now.attributes.contains_key(*name));
    names.extend(now.attributes.keys().chain(gone).filter(differs).map(|name| format!("attributes.{name}")));
    let system = SYSTEM.iter().filter(|name| was.system.get(**name) != now.system.get(**name));
    names.extend(system.map(|name| format!("system.{name}")));
    let parts = [
        ("status", was.status != now.status),
        ("source", was.source != now.source),
        ("addresses", was.addresses != now.addresses),
        ("identifiers", was.identifiers != now.identifiers),
        ("consents", was.consents != now.consents),
        ("lists", was.lists.keys().ne(now.lists.keys())),
        ("notes", was.notes.len() != now.notes.len()),
        ("absorbed", was.absorbed.len() > now.absorbed.len()),
    ];
    names.extend(parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, Address, Change, ContactId, Conversation, ConversationId, EventId, Instant, LiveRequest, RequestId, RequestState};

    fn told(before: Option<&Person>, change: &PersonChange) -> Vec<(&'static str, Value)> {
        let mut all = Vec::new();
        happened(before, &[], change, |event, mut data| {
            if let Some(fields) = data.as_object_mut() {
                fields.remove("contact");
            }
            all.push((event.name(), data));
        });
        all
    }

    fn person() -> Person {
        let now = Instant::from_secs(1_790_000_000);
        let address = Address { channel: "web".into(), id: "v".into() };
        let contact = Contact::new(ContactId(7), now, address.clone(), "organic");
        let change = PersonChange {
            contact: Some(Box::new(contact)),
            conversations: vec![Conversation::new(ConversationId(1), ContactId(7), address)],
            ..PersonChange::new(ContactId(7), 0)
        };
        let new = told(None, &change);
        assert_eq!(new.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["contact.created", "conversation.started"]);
        change.apply(None).unwrap()
    }

    #[test]
    fn names_of_what_changed_are_told_and_never_values() {
        let before = person();
        let mut contact = before.contact.clone();
        let (at, by) = (Instant::from_secs(1_790_000_001), Actor::System);
        for change in [
            Change::SetAttribute("plan".into(), model::Value::text("secret plan")),
            Change::AddTag("VIP".into()),
            Change::SetSystem("message_count".into(), model::Value::text("9")),
            Change::SetStatus("lead".into()),
        ] {
            contact.apply(&change, at, &by);
        }
        let change = PersonChange { contact: Some(Box::new(contact)), ..PersonChange::new(ContactId(7), before.version) };
        assert_eq!(
            told(Some(&before), &change),
            [("contact.updated", json!({ "changed": ["attributes.plan", "status"] })), ("tag.added", json!({ "tag": "VIP" }))]
        );
        let after = change.apply(Some(&before)).unwrap();
        let back = PersonChange { contact: Some(Box::new(before.contact.clone())), ..PersonChange::new(ContactId(7), after.version) };
        assert_eq!(
            told(Some(&after), &back),
            [("contact.updated", json!({ "changed": ["attributes.plan", "status"] })), ("tag.removed", json!({ "tag": "VIP" }))]
        );
        // A step that changed nothing that anybody is told of.
        let mut seen = before.contact.clone();
        seen.apply(&Change::Seen, Instant::from_secs(1_790_000_009), &by);
        let change = PersonChange { contact: Some(Box::new(seen)), ..PersonChange::new(ContactId(7), before.version) };
        assert!(told(Some(&before), &change).is_empty());
    }

    #[test]
    fn a_hand_over_and_its_end_are_told_once() {
        let before = person();
        let mut conversation = before.conversations[0].clone();
        let since = Instant::from_secs(1_790_000_001);
        conversation.request = Some(LiveRequest {
            id: RequestId(1),
            group: "sales".into(),
            first: false,
            since,
            run: None,
            deadline: None,
            state: RequestState::Waiting,
        });
        let asked = PersonChange { conversations: vec![conversation.clone()], ..PersonChange::new(ContactId(7), before.version) };
        assert_eq!(told(Some(&before), &asked)[0].0, "conversation.handed_off");
        let before = asked.apply(Some(&before)).unwrap();
        conversation.end_request(since, Some(model::AgentId(3)));
        let closed = PersonChange { conversations: vec![conversation], ..PersonChange::new(ContactId(7), before.version) };
        assert_eq!(told(Some(&before), &closed).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["conversation.resolved"]);
        let after = closed.apply(Some(&before)).unwrap();
        assert!(told(Some(&after), &PersonChange { base: after.version, ..closed }).is_empty());
    }

    #[test]
    fn large_fields_stay_here() {
        let event = |text: String| EventRecord {
            id: EventId(1),
            name: "purchase".into(),
            fields: [("text".to_owned(), model::Value::Text(text))].into(),
            at: Instant::from_secs(1),
            by: Actor::System,
        };
        let change = PersonChange { events: vec![event("x".into()), event("x".repeat(9_000))], ..PersonChange::new(ContactId(7), 1) };
        let told = told(Some(&person()), &change);
        assert_eq!(told[0].1["event"]["fields"], json!({ "text": "x" }));
        assert_eq!((&told[1].1["event"]["fields"], &told[1].1["event"]["fields_omitted"]), (&Value::Null, &json!(true)));
    }
}
