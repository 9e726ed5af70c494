//! What an expression sees: the contact as changed so far in the step (FL 5.8), the run's variables, the time.

use crate::bot::Bot;
use expr::{Events, Facts, Fuel, Root, Truth};
use jiff::tz::TimeZone;
use model::{ChatState, Contact, Conversation, EventRecord, Instant, Record, Run, TagKey, Value};
use segments::{Around, NoPast, Past, Ration, Who};
use std::borrow::Cow;

/// Facts about one contact at one instant, perhaps seen from within a run.
pub(crate) struct ContactFacts<'a> {
    pub now: Instant,
    pub bot: &'a Bot,
    pub contact: &'a Contact,
    /// What was recorded about the contact before the step, and in it so far.
    pub past: &'a dyn Past,
    pub since: &'a [EventRecord],
    /// The channel of the conversation; none outside one.
    pub channel: Option<&'a str>,
    /// The conversation of the step, and how the contact's others stand; none outside of steps.
    pub talk: Option<(&'a Conversation, ChatState)>,
    pub vars: Option<&'a Record>,
    pub event: Option<&'a Record>,
    pub run: Option<&'a Run>,
    pub queue: Option<&'a Record>,
    pub input: Option<&'a str>,
    /// The contact's zone, looked up when it is first asked for.
    pub zone: std::cell::OnceCell<TimeZone>,
}

impl<'a> ContactFacts<'a> {
    /// What a segment's rule sees: the contact alone.
    pub(crate) fn of_contact(now: Instant, bot: &'a Bot, contact: &'a Contact, past: &'a dyn Past) -> Self {
        Self {
            now,
            bot,
            contact,
            past,
            since: &[],
            channel: None,
            talk: None,
            vars: None,
            event: None,
            run: None,
            queue: None,
            input: None,
            zone: std::cell::OnceCell::new(),
        }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match self.contact.system.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

fn owned<'a>(value: Value) -> Option<Cow<'a, Value>> {
    Some(Cow::Owned(value))
}

impl Facts for ContactFacts<'_> {
    fn now(&self) -> Instant {
        self.now
    }

    fn bot_zone(&self) -> &TimeZone {
        self.bot.timezone()
    }

    fn contact_zone(&self) -> &TimeZone {
        self.zone.get_or_init(|| {
            // A name the channel gave that is no zone is as if it had given none.
            let named = self.text("timezone").and_then(|name| TimeZone::get(name).ok());
            named.unwrap_or_else(|| self.bot.timezone().clone())
        })
    }

    fn language(&self) -> Option<String> {
        language_of(self.bot, self.contact)
    }

    fn variable<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        self.vars?.get(name).map(Cow::Borrowed)
    }

    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        let Some(declared) = self.bot.attribute(name) else { return self.bot.global(name).map(Cow::Borrowed) };
        // A declared `first_name` holds what the customer said; until then, what the channel knows.
        self.contact.attributes.get(name).or(declared.default.as_ref()).or_else(|| self.contact.system.get(name)).map(Cow::Borrowed)
    }

    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        match name {
            "full_name" => {
                let parts: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(|n| self.text(n)).collect();
                if parts.is_empty() { None } else { owned(Value::text(parts.join(" "))) }
            }
            "channel" => owned(Value::text(self.channel.or_else(|| {
                // Outside a conversation: where the contact was first met.
                self.contact.addresses.first().map(|r| r.address.channel.as_str())
            })?)),
            "conversation_state" => {
                let (here, elsewhere) = self.talk?;
                owned(Value::text(here.state(self.contact.last_seen, self.now).max(elsewhere).name()))
            }
            "contact_id" => owned(Value::text(self.contact.id.to_string())),
            "first_channel" => owned(Value::text(self.contact.addresses.first()?.address.channel.clone())),
            "conversation_count" => owned(Value::Number(self.contact.addresses.len().into())),
            "subscribed" => owned(Value::Bool(!matches!(self.contact.status.as_str(), "unsubscribed" | "blocked"))),
            name if expr::COUNTERS.contains(&name) => match self.contact.system.get(name) {
                Some(count) => Some(Cow::Borrowed(count)),
                None => owned(Value::Number(0.into())),
            },
            "status" => owned(Value::text(self.contact.status.clone())),
            "source" => owned(Value::text(self.contact.source.clone())),
            "first_seen" => owned(Value::DateTime(self.contact.first_seen)),
            "last_seen" => owned(Value::DateTime(self.contact.last_seen)),
            "is_new" => owned(Value::Bool(self.contact.first_seen == self.contact.last_seen)),
            "last_input" => match self.input {
                Some(text) => owned(Value::text(text)),
                None => self.contact.system.get(name).map(Cow::Borrowed),
            },
            "timezone" => owned(Value::text(self.contact_zone().iana_name().unwrap_or("UTC"))),
            "now" => owned(Value::DateTime(self.now)),
            "today" => owned(Value::Date(self.now.to_timestamp().to_zoned(self.bot.timezone().clone()).date())),
            "hour" => owned(Value::Number(self.now.to_timestamp().to_zoned(self.contact_zone().clone()).hour().into())),
            "weekday" => owned(Value::text(match self.now.to_timestamp().to_zoned(self.contact_zone().clone()).weekday() {
                jiff::civil::Weekday::Monday => "monday",
                jiff::civil::Weekday::Tuesday => "tuesday",
                jiff::civil::Weekday::Wednesday => "wednesday",
                jiff::civil::Weekday::Thursday => "thursday",
                jiff::civil::Weekday::Friday => "friday",
                jiff::civil::Weekday::Saturday => "saturday",
                jiff::civil::Weekday::Sunday => "sunday",
            })),
            _ => self.contact.system.get(name).map(Cow::Borrowed),
        }
    }

    fn root(&self, root: Root) -> Option<Record> {
        match root {
            Root::Event => self.event.cloned(),
            Root::Run => self.run.map(|run| {
                Record::from([
                    ("id".to_owned(), Value::text(run.id.to_string())),
                    ("skill".to_owned(), Value::text(run.frame().skill.clone())),
                    ("block".to_owned(), Value::text(run.frame().block.clone())),
                    ("began_at".to_owned(), Value::DateTime(run.began_at)),
                ])
            }),
            Root::Queue => self.queue.cloned(),
            Root::Bot => self.bot.about(language_of(self.bot, self.contact).as_deref()),
        }
    }

    fn input(&self) -> Option<Value> {
        self.input.map(Value::text)
    }

    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.contact.tags.get(key).map(|t| t.at)
    }

    fn in_segment(&self, name: &str, fuel: &mut Fuel) -> Truth {
        // A segment sees the contact alone, whatever the run calls its variables.
        let contact = ContactFacts { since: self.since, ..ContactFacts::of_contact(self.now, self.bot, self.contact, self.past) };
        self.bot.set().is_member(name, &contact, fuel)
    }

    fn has_channel(&self, name: &str) -> bool {
        self.contact.addresses.iter().any(|r| r.address.channel == name)
    }

    fn reachable(&self, channel: Option<&str>) -> bool {
        self.contact.addresses.iter().any(|r| r.unreachable.is_none() && channel.is_none_or(|c| r.address.channel == c))
    }

    /// Whoever opted out agrees to nothing; who was never asked about it is unknown.
    fn consent(&self, topic: &str) -> Truth {
        if self.contact.status == "unsubscribed" {
            return Truth::False;
        }
        self.contact.consents.get(topic).map_or(Truth::Unknown, |consent| Truth::from(consent.given))
    }

    fn channels(&self, through: bool) -> Vec<Cow<'_, str>> {
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        for reach in self.contact.addresses.iter().filter(|reach| !through || reach.unreachable.is_none()) {
            let name = Cow::Borrowed(reach.address.channel.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn consent_seen(&self, topic: &str) -> Option<Value> {
        if self.contact.status == "unsubscribed" {
            return Some(Value::text(self.contact.status.clone()));
        }
        self.contact.consents.get(topic).map(|consent| Value::DateTime(consent.at))
    }

    fn ran_skill(&self, skill: &str) -> Option<Instant> {
        self.contact.ran.get(skill).copied()
    }

    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        segments::recorded(self.past, self.since, name)
    }

    fn changed_at(&self, attribute: &str) -> Option<Instant> {
        self.contact.changed.get(attribute).copied()
    }

    fn notes(&self) -> Vec<Cow<'_, str>> {
        self.contact.notes.iter().map(|note| Cow::Borrowed(note.text.as_str())).collect()
    }

    fn is_open(&self, calendar: &str) -> Option<bool> {
        Some(self.bot.calendar(calendar)?.is_open(self.now, self.bot.timezone()))
    }

    fn calendar_turns(&self, calendar: &str) -> Option<Instant> {
        self.bot.calendar(calendar)?.turns(self.now, self.bot.timezone())
    }
}

impl Who for ContactFacts<'_> {
    fn listed(&self, key: &str) -> bool {
        self.contact.lists.contains_key(key)
    }
    fn verified(&self) -> bool {
        self.contact.system.contains_key("verified_id")
    }
}

/// The contact's language: what they chose, else what the channel says (FL 7.1).
pub(crate) fn language_of(bot: &Bot, contact: &Contact) -> Option<String> {
    let facts = ContactFacts::of_contact(contact.last_seen, bot, contact, &NoPast);
    match facts.attribute("language").or_else(|| facts.system("language"))?.into_owned() {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether a condition over contacts holds for one; unknown, out of fuel and what cannot be computed do not.
pub(crate) fn holds_for(bot: &Bot, contact: &Contact, past: &dyn Past, condition: &expr::Condition, now: Instant, fuel: &mut Fuel) -> bool {
    condition.verdict(&ContactFacts::of_contact(now, bot, contact, past), fuel).is_true()
}

/// The segments a contact is in now: key and name.
pub fn memberships(bot: &Bot, contact: &Contact, past: &dyn Past, now: Instant) -> Vec<(String, String)> {
    let mut ration = Ration::new(bot.limits().fuel);
    let facts = ContactFacts::of_contact(now, bot, contact, past);
    bot.set()
        .iter()
        .filter(|rule| bot.set().holds(&rule.key, &facts, &mut ration))
        .map(|rule| (rule.key.clone(), rule.name.clone()))
        .collect()
}
