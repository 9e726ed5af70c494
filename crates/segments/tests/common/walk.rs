//! The instants worth looking at: everything that happened and everything a length of the condition away from it, a
//! microsecond before and after, and where days and hours begin.

use super::choices::Choices;
use super::naive::{Span, start_of};
use super::people::{World, shifted};
use super::town::Town;
use jiff::tz::TimeZone;
use model::{Instant, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How many instants one walk looks at.
const MOST: usize = 28;

fn lengths(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                match value {
                    Json::String(text) if ["within", "duration", "last"].contains(&key.as_str()) => {
                        found.insert(text.clone());
                    }
                    _ => lengths(value, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| lengths(item, found)),
        _ => {}
    }
}

/// Every instant that is written down about the contact.
pub fn moments(world: &World, zone: &TimeZone) -> BTreeSet<Instant> {
    let mut found = BTreeSet::new();
    let contact = &world.contact;
    let of_value = |value: &Value, found: &mut BTreeSet<Instant>| match value {
        Value::DateTime(at) => {
            found.insert(*at);
        }
        Value::Date(day) => {
            found.insert(start_of(*day, zone));
            found.extend(day.tomorrow().map(|day| start_of(day, zone)));
        }
        _ => {}
    };
    contact.attributes.values().for_each(|value| of_value(value, &mut found));
    for event in &world.events {
        found.insert(event.at);
        event.fields.values().for_each(|value| of_value(value, &mut found));
    }
    found.extend([contact.first_seen, contact.last_seen]);
    found.extend(contact.tags.values().map(|tag| tag.at));
    found.extend(contact.ran.values().chain(contact.changed.values()).copied());
    found
}

/// Instants from `world.now` on, in order.
pub fn instants(c: &mut Choices<'_>, town: &Town, world: &World, conditions: &[&Json]) -> Vec<Instant> {
    let other = match world.contact.system.get("timezone") {
        Some(Value::Text(name)) => TimeZone::get(name).unwrap_or_else(|_| town.zone.clone()),
        _ => town.zone.clone(),
    };
    let mut texts = BTreeSet::new();
    conditions.iter().for_each(|json| lengths(json, &mut texts));
    let mut found = moments(world, &town.zone);
    for at in found.clone() {
        for text in &texts {
            let length = Span::read(text);
            for zone in [&town.zone, &other] {
                found.insert(shifted(at, length, zone));
                found.insert(shifted(at, length.back(), zone));
            }
        }
    }
    for zone in [&town.zone, &other] {
        let today = zone.to_datetime(world.now.to_timestamp()).date();
        for days in [1, 2, 7, 30, 366] {
            found.insert(start_of(super::naive::moved_day(today, Span { months: 0, micros: days * 86_400_000_000 }), zone));
        }
    }
    let hour = 3_600_000_000;
    found.insert(Instant((world.now.0 / hour + 1) * hour));
    let latest = world.now.plus_micros(900 * 24 * hour);
    let around: BTreeSet<Instant> = found.iter().flat_map(|at| [at.plus_micros(-1), *at, at.plus_micros(1)]).collect();
    let mut later: Vec<Instant> = around.into_iter().filter(|at| *at > world.now && *at <= latest).collect();
    while later.len() > MOST {
        // What comes soon stays; of the rest some.
        let at = MOST / 2 + c.below(later.len() - MOST / 2);
        later.remove(at);
    }
    later.insert(0, world.now);
    later
}

/// The first instant after `low` and up to `high` at which `differs`, if it stays so from there on.
pub fn first(low: Instant, high: Instant, differs: impl Fn(Instant) -> bool) -> Instant {
    let (mut low, mut high) = (low.0, high.0);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if differs(Instant(middle)) { high = middle } else { low = middle }
    }
    Instant(high)
}
