//! What is known of a person from how they come: language and country with their source, how often they wrote,
//! and what they came with first (FL 7.1, FL 8 `first_message`).

use super::stepper::Stepper;
use crate::bot::Came;
use model::{Actor, Change, Incoming, IncomingBody, Record, Value};

/// The source of a language or country that the customer chose: it stays.
pub(crate) const CUSTOMER: &str = "customer";
/// The source of what a channel says, unless it names another.
pub(crate) const CHANNEL: &str = "channel";
/// The source of a country that follows from a phone number or a language.
const PHONE: &str = "phone";
const LANGUAGE: &str = "language";
/// The system attribute that counts requests for a human that nobody answered.
const UNRESOLVED: &str = "unresolved_requests";
/// How long somebody is silent until what they do next is another visit: half an hour, in microseconds.
const SILENCE: i64 = 30 * 60 * 1_000_000;
/// The longest text of a system attribute that somebody else wrote, in characters.
const LONGEST: usize = 256;

/// The system attribute that says where another one comes from.
pub(crate) fn source_of(name: &str) -> String {
    format!("{name}_source")
}

impl Stepper<'_> {
    /// Takes over what the channel knows of the person. What they chose themselves is not overwritten.
    pub(crate) fn keep_profile(&mut self, profile: &Record, by: &Actor) {
        for (name, value) in profile {
            match name.as_str() {
                "language" | "country" => {
                    let source = profile.get(&source_of(name)).cloned().unwrap_or_else(|| Value::text(CHANNEL));
                    self.keep_sourced(name, value.clone(), source, by);
                }
                // Said together with what it is the source of.
                "language_source" | "country_source" => {}
                _ => self.change(&Change::SetSystem(name.clone(), value.clone()), by, None, None),
            }
        }
        if !profile.contains_key("country") {
            self.country_from_elsewhere(by);
        }
    }

    fn keep_sourced(&mut self, name: &str, value: Value, source: Value, by: &Actor) {
        if self.system_text(&source_of(name)) == Some(CUSTOMER) {
            return;
        }
        self.change(&Change::SetSystem(name.to_owned(), value), by, None, None);
        self.change(&Change::SetSystem(source_of(name), source), by, None, None);
    }

    /// A country nobody stated follows from the phone number's prefix, else from the language's region (`es-MX`).
    fn country_from_elsewhere(&mut self, by: &Actor) {
        if matches!(self.system_text("country_source"), Some(CUSTOMER | CHANNEL)) {
            return;
        }
        let home = self.bot.country().map(str::to_owned);
        let by_phone = self.system_text("phone").and_then(|phone| expr::country_of_phone(phone, home.as_deref()));
        let found = match by_phone {
            Some(country) => Some((country.to_owned(), PHONE)),
            None => {
                let region = self.system_text("language").and_then(|tag| {
                    tag.split(['-', '_']).skip(1).find(|part| part.len() == 2 && expr::is_country(part)).map(str::to_ascii_uppercase)
                });
                region.map(|country| (country, LANGUAGE))
            }
        };
        if let Some((country, source)) = found {
            self.keep_sourced("country", Value::text(country), Value::text(source), by);
        }
    }

    /// Counts what the customer did and remembers what they came with.
    pub(crate) fn keep_count(&mut self, incoming: &Incoming, by: &Actor) {
        match &incoming.body {
            IncomingBody::Message(_) | IncomingBody::Press { .. } => {
                self.count("message_count", by);
                self.count("session_messages", by);
            }
            IncomingBody::Event { name, fields } if name == super::PAGE_VISIT => {
                self.count("page_visits", by);
                if let Some(Value::Text(path)) = fields.get("path").or_else(|| fields.get("url")) {
                    let path: String = path.chars().take(LONGEST).collect();
                    self.change(&Change::SetSystem("last_page".into(), Value::text(path)), by, None, None);
                }
            }
            IncomingBody::Event { .. } | IncomingBody::Opened { .. } | IncomingBody::Unreachable { .. } | IncomingBody::Reachable => {}
        }
    }

    /// Begins another visit if the person was silent for long, or was never here. Asked before they are noted as seen.
    pub(crate) fn keep_visit(&mut self, by: &Actor) {
        let silent = self.turn.now.micros_since(self.contact.last_seen) >= SILENCE;
        if silent || !self.contact.system.contains_key("visit_count") {
            self.count("visit_count", by);
            self.change(&Change::SetSystem("session_messages".into(), Value::Number(0.into())), by, None, None);
        }
    }

    /// Nobody answered a request for a human.
    pub(crate) fn keep_unresolved(&mut self) {
        self.count(UNRESOLVED, &Actor::System);
    }

    /// Somebody attends to the person: what was unanswered no longer is.
    pub(crate) fn keep_resolved(&mut self, by: &Actor) {
        if self.contact.system.contains_key(UNRESOLVED) {
            self.change(&Change::SetSystem(UNRESOLVED.into(), Value::Number(0.into())), by, None, None);
        }
    }

    fn count(&mut self, name: &str, by: &Actor) {
        let before = match self.contact.system.get(name) {
            Some(Value::Number(n)) => *n,
            _ => 0.into(),
        };
        // A counter that cannot grow any more stays.
        let after = before.checked_add(1.into()).unwrap_or(before);
        self.change(&Change::SetSystem(name.to_owned(), Value::Number(after)), by, None, None);
    }

    /// How the contact came (FL 8): the first rule of `first_message` that fits the first text, link or referral
    /// gives a tag and a source, once, before any condition of the step is asked.
    pub(crate) fn keep_first(&mut self, incoming: &Incoming, was_new: bool, by: &Actor) {
        if was_new {
            self.change(&Change::SetSystem("message_count".into(), Value::Number(0.into())), by, None, None);
        }
        let came = match &incoming.body {
            IncomingBody::Message(content) if !content.text.trim().is_empty() => {
                // Somebody who pressed a button first did not come by a text.
                if !matches!(self.contact.system.get("message_count"), Some(Value::Number(n)) if n.is_zero()) {
                    return;
                }
                let text: String = content.text.trim().chars().take(LONGEST).collect();
                self.change(&Change::SetSystem("first_message".into(), Value::text(text)), by, None, None);
                Came { text: Some(content.text.trim()), payload: None, referral: self.referral_of(incoming) }
            }
            IncomingBody::Opened { payload } if was_new => {
                let referral = self.referral_of(incoming);
                Came { text: None, payload: payload.as_deref(), referral }
            }
            IncomingBody::Message(_)
            | IncomingBody::Press { .. }
            | IncomingBody::Opened { .. }
            | IncomingBody::Event { .. }
            | IncomingBody::Unreachable { .. }
            | IncomingBody::Reachable => return,
        };
        if let Some(word) = came.payload {
            let word: String = word.chars().take(LONGEST).collect();
            self.change(&Change::SetSystem("first_payload".into(), Value::text(word)), by, None, None);
        }
        if self.contact.system.contains_key("came_by") {
            return;
        }
        let bot = self.bot.clone();
        let Some((no, rule)) = bot.config.first_message.iter().enumerate().find(|(_, rule)| rule.fits(&came)) else { return };
        let mark = Value::Number((no + 1).into());
        self.change(&Change::SetSystem("came_by".into(), mark), by, None, None);
        if let Some(source) = &rule.source {
            self.change(&Change::SetSource(source.clone()), by, None, None);
        }
        if let Some(tag) = &rule.tag {
            self.change(&Change::SetSystem("first_message_tag".into(), Value::text(tag.clone())), by, None, None);
            self.change(&Change::AddTag(tag.clone()), by, None, None);
        }
    }

    fn referral_of(&self, incoming: &Incoming) -> Option<String> {
        let said = |record: &Record| match record.get("referral") {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        said(&incoming.profile).or_else(|| said(&self.contact.system))
    }

    fn system_text(&self, name: &str) -> Option<&str> {
        match self.contact.system.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}
