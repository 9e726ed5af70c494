//! One person told in a few words, for cases that have a name.

use super::naive::Naive;
use super::people::{World, at};
use super::plain::Plain;
use super::town::Town;
use super::truth;
use expr::{Fuel, Truth};
use model::{Actor, Address, Consent, Contact, ContactId, EventId, EventRecord, Instant, Record, Tag, TagKey, Value};

pub struct Person {
    pub town: Town,
    pub world: World,
}

impl Person {
    /// Somebody first seen at the beginning of 2026, of whom nothing else is known; the bot lives in this zone.
    pub fn of(zone: &str) -> Self {
        let address = Address { channel: "web".into(), id: "x".into() };
        let since = at("2026-01-01T09:00:00Z");
        let contact = Contact::new(ContactId(1), since, address, "organic");
        Self { town: Town::new(zone), world: World { contact, events: Vec::new(), now: since } }
    }

    /// First seen then.
    pub fn since(mut self, first_seen: &str) -> Self {
        self.world.contact.first_seen = at(first_seen);
        self.world.contact.last_seen = at(first_seen);
        self
    }

    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.world.contact.attributes.insert(name.into(), value);
        self
    }

    /// A point in time as an attribute.
    pub fn when(self, name: &str, instant: &str) -> Self {
        self.with(name, Value::DateTime(at(instant)))
    }

    /// A day as an attribute.
    pub fn day(self, name: &str, day: &str) -> Self {
        self.with(name, Value::Date(day.parse().expect("a day")))
    }

    pub fn number(self, name: &str, n: i64) -> Self {
        self.with(name, Value::Number(n.into()))
    }

    pub fn living_in(mut self, zone: &str) -> Self {
        self.world.contact.system.insert("timezone".into(), Value::text(zone));
        self
    }

    pub fn tagged(mut self, label: &str, since: &str) -> Self {
        self.world.contact.tags.insert(TagKey::of(label), Tag { label: label.into(), at: at(since), by: Actor::System, why: None });
        self
    }

    pub fn said(mut self, topic: &str, given: bool) -> Self {
        let at = self.world.contact.first_seen;
        let consent = Consent { given, at, by: Actor::Customer, proof: "the form".into() };
        self.world.contact.consents.insert(topic.into(), consent);
        self
    }

    /// Something recorded now, whenever it happened.
    pub fn event(mut self, name: &str, instant: &str, fields: &[(&str, Value)]) -> Self {
        let fields: Record = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let id = EventId(self.world.events.len() as u128);
        self.world.events.push(EventRecord { id, name: name.into(), fields, at: at(instant), by: Actor::System });
        self
    }

    pub fn facts(&self, now: Instant) -> Plain<'_> {
        Plain::new(&self.town, &self.world.contact, &self.world.events, now)
    }

    /// The verdict at an instant; the naive evaluator says the same.
    pub fn is(&self, source: &str, now: &str) -> Truth {
        let condition = self.town.condition(source);
        let verdict = condition.eval(&self.facts(at(now)), &mut Fuel::new(1_000_000)).expect("the condition has a verdict");
        let naive = Naive::new(&self.town, &self.world.contact, &self.world.events, at(now));
        assert_eq!(verdict, truth(naive.judge(&condition.to_json())), "the naive evaluator about {source} at {now}");
        verdict
    }

    /// When time alone may next change the verdict.
    pub fn next_flip(&self, source: &str, now: &str) -> Option<Instant> {
        self.town.condition(source).next_flip(&self.facts(at(now)), &mut Fuel::new(1_000_000))
    }

    /// Holds up to before an instant and not from it on, or the other way round; whoever asks shortly before is told that
    /// instant.
    pub fn turns(&self, source: &str, asked: &str, instant: &str) {
        let (before, then) = (at(instant).plus_micros(-1).to_string(), instant);
        assert_ne!(self.is(source, &before), self.is(source, then), "{source} turns at {instant}");
        assert_eq!(self.is(source, asked), self.is(source, &before), "{source} does not turn between {asked} and {instant}");
        assert_eq!(self.next_flip(source, asked), Some(at(instant)), "{source}, asked at {asked}");
    }
}

pub fn text(text: &str) -> Value {
    Value::text(text)
}

pub fn number(n: i64) -> Value {
    Value::Number(n.into())
}
