//! Facts about a contact read off the contact as it is: what the product sees in the tests of conditions.

use super::super::segments::{Around, Set, Who};
use super::town::Town;
use expr::{Events, Facts, Fuel, Root, Truth};
use jiff::tz::TimeZone;
use model::{Contact, EventRecord, Instant, Record, TagKey, Value};
use std::borrow::Cow;

pub struct Plain<'w> {
    pub town: &'w Town,
    pub contact: &'w Contact,
    pub events: &'w [EventRecord],
    pub now: Instant,
    pub set: Option<&'w Set>,
    zone: TimeZone,
}

impl<'w> Plain<'w> {
    pub fn new(town: &'w Town, contact: &'w Contact, events: &'w [EventRecord], now: Instant) -> Self {
        let zone = match contact.system.get("timezone") {
            Some(Value::Text(name)) => TimeZone::get(name).unwrap_or_else(|_| town.zone.clone()),
            _ => town.zone.clone(),
        };
        Self { town, contact, events, now, set: None, zone }
    }

    pub fn within(self, set: &'w Set) -> Self {
        Self { set: Some(set), ..self }
    }
}

struct Listed<'w>(Vec<&'w EventRecord>);

impl Events for Listed<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn at(&self, index: usize) -> Instant {
        self.0[index].at
    }
    fn field<'a>(&'a self, index: usize, name: &str) -> Option<Cow<'a, Value>> {
        self.0[index].fields.get(name).map(Cow::Borrowed)
    }
}

impl Facts for Plain<'_> {
    fn now(&self) -> Instant {
        self.now
    }
    fn bot_zone(&self) -> &TimeZone {
        &self.town.zone
    }
    fn contact_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn language(&self) -> Option<String> {
        match self.contact.system.get("language") {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }
    fn variable<'a>(&'a self, _: &str) -> Option<Cow<'a, Value>> {
        None
    }
    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        let Some(declared) = self.town.declared.iter().find(|declared| declared.name == name) else {
            return self.town.globals.get(name).map(Cow::Borrowed);
        };
        self.contact.attributes.get(name).or(declared.default.as_ref()).or_else(|| self.contact.system.get(name)).map(Cow::Borrowed)
    }
    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        let contact = self.contact;
        let value = match name {
            "status" => Value::text(&contact.status),
            "source" => Value::text(&contact.source),
            "contact_id" => Value::text(contact.id.to_string()),
            "first_seen" => Value::DateTime(contact.first_seen),
            "last_seen" => Value::DateTime(contact.last_seen),
            "is_new" => Value::Bool(contact.first_seen == contact.last_seen),
            "subscribed" => Value::Bool(contact.status != "unsubscribed" && contact.status != "blocked"),
            "conversation_count" => Value::Number(contact.addresses.len().into()),
            "channel" | "first_channel" => Value::text(&contact.addresses.first()?.address.channel),
            "full_name" => {
                let text = |name: &str| match contact.system.get(name) {
                    Some(Value::Text(text)) => text.as_str(),
                    _ => "",
                };
                let name = format!("{} {}", text("first_name"), text("last_name"));
                if name.trim().is_empty() {
                    return None;
                }
                Value::text(name.trim())
            }
            "timezone" => Value::text(self.zone.iana_name().unwrap_or("UTC")),
            counter if expr::COUNTERS.contains(&counter) => contact.system.get(name).cloned().unwrap_or(Value::Number(0.into())),
            name => return contact.system.get(name).map(Cow::Borrowed),
        };
        Some(Cow::Owned(value))
    }
    fn root(&self, root: Root) -> Option<Record> {
        (root == Root::Bot).then(|| self.town.about(None)).flatten()
    }
    fn input(&self) -> Option<Value> {
        None
    }
    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.contact.tags.get(key).map(|tag| tag.at)
    }
    fn in_segment(&self, name: &str, fuel: &mut Fuel) -> Truth {
        self.set.map_or(Truth::Unknown, |set| set.is_member(name, self, fuel))
    }
    fn has_channel(&self, name: &str) -> bool {
        self.contact.addresses.iter().any(|reach| reach.address.channel == name)
    }
    fn reachable(&self, channel: Option<&str>) -> bool {
        self.contact.addresses.iter().any(|r| r.unreachable.is_none() && channel.is_none_or(|c| r.address.channel == c))
    }
    fn consent(&self, topic: &str) -> Truth {
        match self.contact.consents.get(topic) {
            _ if self.contact.status == "unsubscribed" => Truth::False,
            Some(consent) => consent.given.into(),
            None => Truth::Unknown,
        }
    }
    fn ran_skill(&self, skill: &str) -> Option<Instant> {
        self.contact.ran.get(skill).copied()
    }
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        let mut events: Vec<&EventRecord> = self.events.iter().filter(|event| event.name == name).collect();
        events.sort_by_key(|event| event.at);
        (!events.is_empty()).then(|| Box::new(Listed(events)) as Box<dyn Events>)
    }
    fn changed_at(&self, attribute: &str) -> Option<Instant> {
        self.contact.changed.get(attribute).copied()
    }
    fn notes(&self) -> Vec<Cow<'_, str>> {
        self.contact.notes.iter().map(|note| Cow::Borrowed(note.text.as_str())).collect()
    }
    fn is_open(&self, calendar: &str) -> Option<bool> {
        self.town.is_open(calendar, self.now)
    }
    fn calendar_turns(&self, calendar: &str) -> Option<Instant> {
        self.town.calendar_turns(calendar, self.now)
    }
}

impl Who for Plain<'_> {
    fn listed(&self, key: &str) -> bool {
        self.contact.lists.contains_key(key)
    }
    fn verified(&self) -> bool {
        self.contact.system.contains_key("verified_id")
    }
}
