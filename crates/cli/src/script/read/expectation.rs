//! What is expected of the contact and of where their runs are: `then`, at the end or in the middle.

use super::{At, Reader};
use crate::script::written::{Expectation, ExpectedEvent};

const KEYS: [&str; 9] = ["tags", "attributes", "status", "segments", "events", "at", "resting", "ended", "owner"];
const OWNERS: [&str; 3] = ["bot", "queue", "agent"];

impl Reader<'_> {
    pub(super) fn expectation(&mut self, node: At<'_>) -> Expectation {
        let mut then = Expectation::default();
        for (key, value) in self.entries(node, "then", &KEYS) {
            let span = value.span;
            match key {
                "tags" => then.tags = Some((span, self.texts(value, "a tag"))),
                "segments" => {
                    let known = self.bot.segments();
                    for item in self.list(value) {
                        if let Some(key) = item.as_text().filter(|key| !known.iter().any(|s| s.key == *key)) {
                            let known: Vec<&str> = known.iter().map(|s| s.key.as_str()).collect();
                            self.unknown(item.span, format!("there is no segment \"{key}\""), key, &known);
                        }
                    }
                    then.segments = Some((span, self.texts(value, "a segment")));
                }
                "events" => then.events = Some((span, self.expected_events(value))),
                "status" => then.status = self.text(value, key).map(|t| (span, t.to_owned())),
                "ended" => then.ended = self.place(value, key).map(|(skill, block)| (span, format!("{skill}.{block}"))),
                // `resting` is how `at` was called first.
                "at" | "resting" if value.as_text() == Some("nothing") => then.at = Some((span, None)),
                "at" | "resting" => then.at = self.place(value, key).map(|(skill, block)| (span, Some(format!("{skill}.{block}")))),
                "owner" => match self.text(value, key) {
                    Some(owner) if OWNERS.contains(&owner) => then.owner = Some((span, owner.to_owned())),
                    Some(other) => self.unknown(span, format!("nobody called \"{other}\" has conversations"), other, &OWNERS),
                    None => {}
                },
                _ => self.expected_attributes(value, &mut then),
            }
        }
        then
    }

    fn expected_attributes(&mut self, node: At<'_>, then: &mut Expectation) {
        for (name, value) in self.entries(node, "attributes", &[]) {
            let known: Vec<&str> =
                self.bot.attributes().iter().map(|a| a.name.as_str()).chain(expr::SYSTEM.iter().map(|s| s.name)).collect();
            if !known.contains(&name) {
                self.unknown(value.span, format!("there is no attribute \"{name}\" in bot.yaml"), name, &known);
            }
            let wanted = if value.is_null() { None } else { self.text(value, name).map(str::to_owned) };
            then.attributes.push((value.span, name.to_owned(), wanted));
        }
    }

    fn expected_events(&mut self, node: At<'_>) -> Vec<ExpectedEvent> {
        let mut events = Vec::new();
        for item in self.list(node) {
            if let Some(name) = item.as_text() {
                events.push(ExpectedEvent { name: name.to_owned(), fields: Vec::new() });
                continue;
            }
            let Some([entry]) = item.as_map() else {
                self.wrong(item.span, "an event is a name, or a name with fields: purchase: { total: 12 }");
                continue;
            };
            let Some(name) = entry.key.as_text() else { continue };
            let fields = self.entries(&entry.value, "the fields of an event", &[]);
            let fields = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), self.text(value, key)?.to_owned()))).collect();
            events.push(ExpectedEvent { name: name.to_owned(), fields });
        }
        events
    }
}
