//! What is known of a person from how they come: language and country with their source, how often they wrote,
//! and what they came with first (FL 7.1, FL 8 `first_message`).

use super::stepper::Stepper;
use crate::bot::Came;
use model::{Actor, Change, Incoming, IncomingBody, Record, Value};

/// The source of a language or country that the customer chose: it stays.
pub(crate) const CUSTOMER: &str = "customer";
/// The source of one that a program or an agent said: no channel overwrites it.
const TOLD: &str = "told";
/// The source of what a channel says, unless it names another.
pub(crate) const CHANNEL: &str = "channel";
/// The source of a country that follows from a phone number or a language.
const PHONE: &str = "phone";
const LANGUAGE: &str = "language";
/// Why a tag is there that `first_message` gave.
const FIRST: &str = "first message";
/// The source of somebody who came of themselves.
const ORGANIC: &str = "organic";
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
                // What the channel vouches for is said of what it comes with.
                "email_verified" | "phone_verified" => {}
                _ => self.change(&Change::SetSystem(name.clone(), value.clone()), by, None, None),
            }
        }
        if !profile.contains_key("country") {
            self.country_from_elsewhere(by);
        }
        self.keep_vouched(profile, by);
    }

    /// Takes over a language or country that a program or an agent says: no channel overwrites it, and it does not overwrite what the customer
    /// chose. An empty text leaves it to what is known otherwise.
    pub(super) fn keep_stated(&mut self, name: &str, value: &Value, by: &Actor) {
        if self.system_text(&source_of(name)) == Some(CUSTOMER) {
            return;
        }
        let is_gone = matches!(value, Value::Text(text) if text.is_empty());
        self.set_sourced(name, value.clone(), Value::text(if is_gone { "" } else { TOLD }), by);
    }

    fn keep_sourced(&mut self, name: &str, value: Value, source: Value, by: &Actor) {
        if !matches!(self.system_text(&source_of(name)), Some(CUSTOMER | TOLD)) {
            self.set_sourced(name, value, source, by);
        }
    }

    fn set_sourced(&mut self, name: &str, value: Value, source: Value, by: &Actor) {
        self.change(&Change::SetSystem(name.to_owned(), value), by, None, None);
        self.change(&Change::SetSystem(source_of(name), source), by, None, None);
    }

    /// A country nobody stated follows from the phone number's prefix, else from the language's region (`es-MX`).
    pub(super) fn country_from_elsewhere(&mut self, by: &Actor) {
        if matches!(self.system_text("country_source"), Some(CUSTOMER | CHANNEL | TOLD)) {
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
                self.count("message_count");
                self.count("session_messages");
            }
            IncomingBody::Event { name, fields } if name == super::PAGE_VISIT => {
                self.count("page_visits");
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
            self.count("visit_count");
            self.change(&Change::SetSystem("session_messages".into(), Value::Number(0.into())), by, None, None);
        }
    }

    /// Nobody answered a request for a human.
    pub(crate) fn keep_unresolved(&mut self) {
        self.conversation.missed = self.conversation.missed.saturating_add(1);
        self.count(UNRESOLVED);
    }

    /// A message is said to the contact. One that comes a day after what they last did here is no answer any more: the bot or an agent
    /// begins.
    pub(crate) fn keep_unasked(&mut self) {
        let wrote_never = self.conversation.heard_at.is_none() && !self.contact.system.contains_key("visit_count");
        if wrote_never || !self.conversation.is_in_session(self.contact.last_seen, self.turn.now) {
            self.count("template_messages");
        }
    }

    /// Somebody attends to this conversation: what was unanswered here no longer is. What was asked on other channels still is.
    pub(crate) fn keep_resolved(&mut self, by: &Actor) {
        let here = std::mem::take(&mut self.conversation.missed);
        let Some(Value::Number(all)) = self.contact.system.get(UNRESOLVED) else { return };
        // On the only channel everything is answered, also what conversations did not count yet.
        let left = all.checked_sub(here.into()).filter(|left| left.is_sign_positive() && self.contact.addresses.len() > 1);
        let left = left.unwrap_or_default();
        self.change(&Change::SetSystem(UNRESOLVED.into(), Value::Number(left)), by, None, None);
    }

    fn count(&mut self, name: &str) {
        self.notice(name);
        match self.contact.system.get_mut(name) {
            // A counter that cannot grow any more stays.
            Some(Value::Number(n)) => *n = n.checked_add(1.into()).unwrap_or(*n),
            Some(_) | None => {
                self.contact.system.insert(name.to_owned(), Value::Number(1.into()));
            }
        }
        self.contact_changed = true;
    }

    /// How the contact came (FL 8): the first rule of `first_message` that fits the first text, link or referral
    /// gives a tag and a source, once, before any condition of the step is asked.
    pub(crate) fn keep_first(&mut self, incoming: &Incoming, was_new: bool, by: &Actor) {
        if was_new {
            self.set_system("message_count", Value::Number(0.into()));
        }
        let came = match &incoming.body {
            IncomingBody::Message(content) if !content.text.trim().is_empty() => {
                // Somebody who pressed a button first did not come by a text.
                if !matches!(self.contact.system.get("message_count"), Some(Value::Number(n)) if n.is_zero()) {
                    return;
                }
                self.set_system("first_message", Value::text(super::incoming::beginning(content.text.trim(), LONGEST)));
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
        self.why = Some(FIRST.to_owned());
        self.change(&Change::SetSystem("came_by".into(), mark), by, None, None);
        // Whom an import or a program brought came by that, whatever they say first.
        if let Some(source) = rule.source.as_ref().filter(|_| self.contact.source == ORGANIC) {
            self.change(&Change::SetSource(source.clone()), by, None, None);
        }
        if let Some(tag) = &rule.tag {
            self.change(&Change::SetSystem("first_message_tag".into(), Value::text(tag.clone())), by, None, None);
            self.change(&Change::AddTag(tag.clone()), by, None, None);
        }
        self.why = None;
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
