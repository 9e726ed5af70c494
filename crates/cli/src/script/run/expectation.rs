//! Whether what was expected of the contact and their runs holds: everything that does not, each at its place.

use super::{Difference, Failure, Stage};
use crate::script::written::{Expectation, ExpectedEvent};
use engine::Trace;
use model::{EventRecord, Owner, Person, Value};
use syntax::Span;

/// What stands for a place, a list or a value that is not there.
const NOTHING: &str = "nothing";

impl Stage {
    /// Everything that does not hold now.
    pub(super) fn unmet(&self, then: &Expectation) -> Vec<Failure> {
        let Some(person) = self.play.person() else { return self.nobody(then) };
        let mut failures = Vec::new();
        let mut unmet = |span: Span, what: &'static str, expected: String, got: String| {
            if expected != got {
                let mut failure = self.fail(span, format!("the {what} is another"), "this was expected");
                if what.ends_with('s') && what != "status" {
                    failure.message = format!("the {what} are others");
                }
                failure.differences.push(Difference::new(what, expected, got));
                failures.push(failure);
            }
        };
        let contact = &person.contact;
        if let Some((span, wanted)) = &then.tags {
            // Tags are the same however they are written: shown as the contact has them.
            let has: Vec<String> = contact.tags.values().map(|t| t.label.clone()).collect();
            let wanted = wanted.iter().map(|w| has.iter().find(|h| model::fold(h) == model::fold(w)).unwrap_or(w).clone());
            unmet(*span, "tags", sorted(wanted.collect()), sorted(has));
        }
        for (span, name, wanted) in &then.attributes {
            let (expected, got) = self.attribute(&person, name, wanted.as_deref());
            unmet(*span, "attribute", expected, got);
        }
        if let Some((span, wanted)) = &then.status {
            unmet(*span, "status", wanted.clone(), contact.status.clone());
        }
        if let Some((span, wanted)) = &then.segments {
            unmet(*span, "segments", sorted(wanted.clone()), sorted(contact.memberships.keys().cloned().collect()));
        }
        if let Some((span, wanted)) = &then.events {
            let (expected, got) = self.events(wanted);
            unmet(*span, "events", expected, got);
        }
        if let Some((span, wanted)) = &then.ended {
            let ended = self.trace.iter().rev().find_map(|t| match t {
                Trace::RunEnded { skill, block, .. } => Some(format!("{skill}.{block}")),
                _ => None,
            });
            unmet(*span, "last run's end", wanted.clone(), ended.unwrap_or_else(|| NOTHING.into()));
        }
        if let Some((span, wanted)) = &then.at {
            let resting = places(&person);
            let (expected, got) = match wanted {
                // Any of them will do.
                Some(place) if resting.contains(place) => (String::new(), String::new()),
                Some(place) => (place.clone(), sorted(resting)),
                None => (NOTHING.into(), sorted(resting)),
            };
            unmet(*span, "place where a run rests", expected, got);
        }
        if let Some((span, wanted)) = &then.owner {
            let owner = person.conversations.last().map_or("bot", |c| match c.owner {
                Owner::Bot => "bot",
                Owner::Queue => "queue",
                Owner::Agent(_) => "agent",
            });
            unmet(*span, "owner", wanted.clone(), owner.to_owned());
        }
        failures
    }

    /// Nobody wrote, so there is nobody of whom anything could hold.
    fn nobody(&self, then: &Expectation) -> Vec<Failure> {
        let Expectation { tags, attributes, status, segments, events, at, ended, owner } = then;
        let spans = [
            tags.as_ref().map(|t| t.0),
            attributes.first().map(|a| a.0),
            status.as_ref().map(|s| s.0),
            segments.as_ref().map(|s| s.0),
            events.as_ref().map(|e| e.0),
            at.as_ref().map(|a| a.0),
            ended.as_ref().map(|e| e.0),
            owner.as_ref().map(|o| o.0),
        ];
        let first = spans.into_iter().flatten().next();
        first.map(|span| self.fail(span, "nobody wrote, so nothing is known of them", "this was expected")).into_iter().collect()
    }

    fn attribute(&self, person: &Person, name: &str, wanted: Option<&str>) -> (String, String) {
        let value = person.contact.attributes.get(name).or_else(|| person.contact.system.get(name));
        let found = value.map(|v| expr::render(v, self.play.bot().timezone()));
        let same = match (&found, wanted, value) {
            // 7 and 7.0 are one number.
            (Some(found), Some(wanted), Some(Value::Number(n))) => {
                wanted.trim().parse().is_ok_and(|w: rust_decimal::Decimal| w == *n) || found == wanted
            }
            (found, wanted, _) => found.as_deref() == wanted,
        };
        if same {
            return (String::new(), String::new());
        }
        let spoken = |value: Option<&str>| value.map_or_else(|| format!("{name} is not set"), |v| format!("{name}: {v}"));
        (spoken(wanted), spoken(found.as_deref()))
    }

    /// The events as they are compared: of those that match, only what is expected of them.
    fn events(&self, wanted: &[ExpectedEvent]) -> (String, String) {
        let got = self.play.events();
        let zone = self.play.bot().timezone();
        let field = |event: &EventRecord, name: &str| event.fields.get(name).map(|v| expr::render(v, zone));
        let matches = |expected: &ExpectedEvent, event: &EventRecord| {
            expected.name == event.name && expected.fields.iter().all(|(name, value)| field(event, name).as_deref() == Some(value))
        };
        if wanted.len() == got.len() && wanted.iter().zip(&got).all(|(w, g)| matches(w, g)) {
            return (String::new(), String::new());
        }
        let expected: Vec<String> = wanted.iter().map(|e| spoken(&e.name, e.fields.iter().cloned())).collect();
        let got: Vec<String> = got
            .iter()
            .map(|event| spoken(&event.name, event.fields.keys().map(|name| (name.clone(), field(event, name).unwrap_or_default()))))
            .collect();
        (listed(expected), listed(got))
    }
}

fn places(person: &Person) -> Vec<String> {
    let runs = person.conversations.iter().flat_map(|c| &c.runs);
    runs.map(|r| format!("{}.{}", r.frame().skill, r.frame().block)).collect()
}

/// `purchase { total: 12 }`
fn spoken(name: &str, fields: impl IntoIterator<Item = (String, String)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
    if fields.is_empty() { name.to_owned() } else { format!("{name} {{ {} }}", fields.join(", ")) }
}

fn sorted(mut items: Vec<String>) -> String {
    items.sort();
    items.dedup();
    listed(items)
}

fn listed(items: Vec<String>) -> String {
    if items.is_empty() { NOTHING.into() } else { items.join(", ") }
}
