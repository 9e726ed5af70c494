//! How a conversation begins: agents, the contact, and the block it starts at.

use super::{At, Reader};
use crate::play::{Extra, Setting, StartAt};
use model::{Actor, AttributeDef, Contact, ContactId, EventRecord, IdSource, Instant, Record, Tag, TagKey, Value};
use syntax::Diagnostic;

/// The most times one preset event may have happened.
const TIMES: u32 = 10_000;

impl Reader<'_> {
    pub(super) fn agent(&mut self, node: At<'_>) -> Option<Extra> {
        let mut extra = Extra { name: String::new(), groups: Vec::new(), accepting: true };
        for (key, value) in self.entries(node, "an agent", &["name", "groups", "accepting", "capacity"]) {
            match key {
                "name" => extra.name = self.text(value, "name")?.to_owned(),
                "groups" => extra.groups = self.texts(value, "a group"),
                // Agents take chats by hand in this release, so how many they could be given changes nothing.
                "capacity" => {
                    self.text(value, "capacity")?;
                }
                _ => extra.accepting = self.yes(value, "accepting")?,
            }
        }
        for group in &extra.groups {
            if !self.bot.groups().iter().any(|g| g.name == *group) {
                self.out.push(Diagnostic::error("E0120", node.span, format!("there is no group \"{group}\" in bot.yaml")));
            }
        }
        if extra.name.is_empty() {
            self.wrong(node.span, "an agent needs a name");
            return None;
        }
        Some(extra)
    }

    /// `start_at: skill.block`, or with the variables and the event its run has by then.
    pub(super) fn start_at(&mut self, node: At<'_>) -> Option<StartAt> {
        if node.as_map().is_none() {
            let (skill, block) = self.place(node, "start_at")?;
            return Some(StartAt { skill, block, vars: Record::new(), event: Record::new() });
        }
        let (mut place, mut vars, mut event) = (None, Record::new(), Record::new());
        for (key, value) in self.entries(node, "start_at", &["block", "vars", "event"]) {
            match key {
                "block" => place = self.place(value, "start_at"),
                "vars" => vars = self.fields(value, "vars"),
                _ => event = self.fields(value, "event"),
            }
        }
        let Some((skill, block)) = place else {
            self.wrong(node.span, "start_at names the block to begin at: block: order-help.ask");
            return None;
        };
        Some(StartAt { skill, block, vars, event })
    }

    pub(super) fn contact(&mut self, node: At<'_>, setting: &mut Setting) {
        let now = setting.now;
        let address = model::Address { channel: String::new(), id: String::new() };
        let mut contact = Contact::new(ContactId(1), now.plus_micros(-86_400_000_000), address, "organic");
        for (key, value) in self.entries(node, "the contact", &[]) {
            match key {
                "tags" => {
                    for label in self.texts(value, "a tag") {
                        contact.tags.insert(TagKey::of(&label), Tag { label, at: now, by: Actor::System, why: None });
                    }
                }
                "status" => contact.status = self.text(value, "status").unwrap_or("active").to_owned(),
                "source" => contact.source = self.text(value, "source").unwrap_or("organic").to_owned(),
                "greeted" => setting.greeted = self.yes(value, "greeted").unwrap_or_default(),
                "first_seen" => contact.first_seen = self.moment(value, now).unwrap_or(now),
                "last_seen" => contact.last_seen = self.moment(value, now).unwrap_or(now),
                "lists" | "segments" => contact.lists = self.lists(value).into_iter().map(|l| (l, now)).collect(),
                "events" => setting.events = self.events(value, now),
                "attributes" => {
                    for (name, value) in self.entries(value, "attributes", &[]) {
                        self.fact(name, value, &mut contact, now);
                    }
                }
                name => self.fact(name, value, &mut contact, now),
            }
        }
        if contact.last_seen < contact.first_seen {
            contact.first_seen = contact.last_seen;
        }
        setting.contact = Some(contact);
    }

    /// Static segments the contact was put into.
    fn lists(&mut self, node: At<'_>) -> Vec<String> {
        let segments = self.bot.segments();
        let mut lists = Vec::new();
        for item in self.list(node) {
            let Some(key) = self.text(item, "a segment") else { continue };
            match segments.iter().find(|s| s.key == key) {
                Some(segment) if segment.is_static => lists.push(key.to_owned()),
                Some(segment) => {
                    let message = format!("nobody is put into segment \"{key}\": its members are those of whom its condition holds");
                    let help = format!("set what it looks at: {}", segment.condition);
                    self.out.push(Diagnostic::error("E0241", item.span, message).help(help));
                }
                None => {
                    let known: Vec<&str> = segments.iter().map(|s| s.key.as_str()).collect();
                    self.unknown(item.span, format!("there is no segment \"{key}\""), key, &known);
                }
            }
        }
        lists
    }

    /// `- purchase`, `- purchase: { total: 12 }`, with `times` and `at` beside.
    fn events(&mut self, node: At<'_>, now: Instant) -> Vec<EventRecord> {
        let mut ids = IdSource::new(now, 7);
        let mut events = Vec::new();
        for item in self.list(node) {
            let (mut name, mut fields, mut times, mut at) = (None, Record::new(), 1, now.plus_micros(-1));
            if let Some(text) = item.as_text() {
                name = Some(text.to_owned());
            } else {
                for (key, value) in self.entries(item, "an event", &[]) {
                    match key {
                        "times" => match self.text(value, "times").and_then(|t| t.parse().ok()).filter(|n| (1..=TIMES).contains(n)) {
                            Some(count) => times = count,
                            None => self.wrong(value.span, format!("times is a number from 1 to {TIMES}")),
                        },
                        "at" => at = self.moment(value, now).unwrap_or(at),
                        _ if name.is_none() => {
                            name = Some(key.to_owned());
                            fields = if value.is_null() { Record::new() } else { self.fields(value, "the fields of an event") };
                        }
                        other => {
                            self.wrong(value.span, format!("one event at a time: \"{other}\" is a second one; begin a new line with -"))
                        }
                    }
                }
            }
            match name {
                Some(name) => {
                    let record = |_| EventRecord { id: ids.next(), name: name.clone(), fields: fields.clone(), at, by: Actor::System };
                    events.extend((0..times).map(record));
                }
                None => self.wrong(item.span, "an event needs a name, such as purchase: { total: 12 }"),
            }
        }
        events.sort_by_key(|e| e.at);
        events
    }

    fn fact(&mut self, name: &str, node: At<'_>, contact: &mut Contact, now: Instant) {
        let Some(text) = self.text(node, name) else { return };
        if let Some(AttributeDef { ty, .. }) = self.bot.attributes().iter().find(|a| a.name == name) {
            let context = expr::Coercion { language: Some("en"), country: self.bot.country(), zone: self.bot.timezone(), now };
            let relative = matches!(ty, model::AttributeType::Datetime) && text.starts_with('-');
            let value = if relative {
                self.moment(node, now).map(Value::DateTime).ok_or_else(String::new)
            } else {
                expr::coerce(&Value::text(text), ty, &context)
            };
            match value {
                Ok(value) => {
                    contact.attributes.insert(name.to_owned(), value);
                }
                Err(why) => self.wrong(node.span, format!("{name} cannot hold this: {why}")),
            }
        } else if expr::SYSTEM.iter().any(|s| s.name == name) {
            contact.system.insert(name.to_owned(), Value::text(text));
        } else {
            let known: Vec<&str> =
                self.bot.attributes().iter().map(|a| a.name.as_str()).chain(expr::SYSTEM.iter().map(|s| s.name)).collect();
            let help = syntax::did_you_mean(name, known).unwrap_or_else(|| "declare it in bot.yaml under attributes".into());
            self.out.push(Diagnostic::error("E0150", node.span, format!("there is no attribute \"{name}\"")).help(help));
        }
    }
}
