//! The naive evaluator: what a condition means, read off its JSON form as slowly and plainly as possible.
//!
//! It shares nothing with the product below the syntax tree: its own three-valued logic, its own clocks and calendars, its
//! own reading of durations, its own counting. It looks at the contact and at the list of everything ever recorded.

mod clock;
mod past;
mod values;

use super::town::{Kind, Town};
use clock::Length;
use jiff::tz::TimeZone;
use model::{Contact, EventRecord, Instant, Record, TagKey, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use std::cell::Cell;

pub use clock::{Length as Span, edge, moved_day, start_of};
pub use values::fold;

/// True, false, or unknown.
pub type Three = Option<bool>;

/// Arithmetic that has no answer.
#[derive(Debug)]
pub struct Trouble;

type Found = Result<Option<Value>, Trouble>;

/// One contact at one instant.
pub struct Naive<'w> {
    pub town: &'w Town,
    pub contact: &'w Contact,
    /// Everything ever recorded about the contact, in the order in which it was recorded.
    pub events: &'w [EventRecord],
    pub now: Instant,
    /// Whether arithmetic somewhere had no answer.
    pub troubled: Cell<bool>,
}

/// The records that a name inside `where` is looked up in, the innermost last; none outside of `where`.
type Row<'r> = Option<&'r [&'r Record]>;

fn text(json: &Json) -> &str {
    json.as_str().expect("a text")
}

fn list(json: &Json) -> &[Json] {
    json.as_array().expect("a list")
}

pub fn all(parts: &[Three]) -> Three {
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

pub fn any(parts: &[Three]) -> Three {
    not(all(&parts.iter().map(|part| not(*part)).collect::<Vec<_>>()))
}

pub fn not(of: Three) -> Three {
    of.map(|b| !b)
}

impl<'w> Naive<'w> {
    pub fn new(town: &'w Town, contact: &'w Contact, events: &'w [EventRecord], now: Instant) -> Self {
        Self { town, contact, events, now, troubled: Cell::new(false) }
    }

    fn bot_zone(&self) -> &TimeZone {
        &self.town.zone
    }

    fn contact_zone(&self) -> TimeZone {
        match self.contact.system.get("timezone") {
            Some(Value::Text(name)) => TimeZone::get(name).unwrap_or_else(|_| self.town.zone.clone()),
            _ => self.town.zone.clone(),
        }
    }

    fn zone(&self, json: Option<&Json>) -> TimeZone {
        match json {
            None => self.town.zone.clone(),
            Some(Json::String(word)) if word == "bot" => self.town.zone.clone(),
            Some(Json::String(_)) => self.contact_zone(),
            Some(named) => TimeZone::get(text(&named["name"])).expect("a zone"),
        }
    }

    /// Whether the contact is in a segment.
    pub fn member(&self, key: &str) -> Three {
        let rule = self.town.rules.iter().find(|rule| rule.key == key)?;
        if self.town.is_broken(key) {
            return None;
        }
        if rule.verified && !self.contact.system.contains_key("verified_id") {
            return Some(false);
        }
        if rule.exclude.iter().any(|other| self.member(other) == Some(true)) {
            return Some(false);
        }
        match &rule.json {
            None => Some(self.contact.lists.contains_key(key)),
            Some(json) => self.judge(json),
        }
    }

    /// What a condition comes to.
    pub fn judge(&self, json: &Json) -> Three {
        self.in_row(json, None)
    }

    fn in_row(&self, json: &Json, row: Row<'_>) -> Three {
        let parts = |json: &Json| list(json).iter().map(|part| self.in_row(part, row)).collect::<Vec<_>>();
        if let Some(of) = json.get("all") {
            return all(&parts(of));
        }
        if let Some(of) = json.get("any") {
            return any(&parts(of));
        }
        if let Some(of) = json.get("not") {
            return not(self.in_row(of, row));
        }
        match self.leaf(json, row) {
            Ok(verdict) => verdict,
            Err(Trouble) => {
                self.troubled.set(true);
                None
            }
        }
    }

    fn leaf(&self, json: &Json, row: Row<'_>) -> Result<Three, Trouble> {
        let recently = |at: Instant, within: Option<&Json>| match within {
            None => true,
            Some(length) => at <= self.now && at > edge(self.now, Length::read(text(length)).back(), self.bot_zone()),
        };
        let tag = |label: &Json| self.contact.tags.iter().find(|(key, _)| key.as_str() == fold(text(label))).map(|(_, tag)| tag.at);
        if let Some(key) = json.get("in_segment") {
            return Ok(self.member(text(key)));
        }
        if let Some(label) = json.get("has_tag") {
            return Ok(Some(tag(label).is_some_and(|at| recently(at, json.get("within")))));
        }
        if let Some(labels) = json.get("has_any_tag") {
            return Ok(Some(list(labels).iter().any(|label| tag(label).is_some())));
        }
        if let Some(labels) = json.get("has_all_tags") {
            return Ok(Some(list(labels).iter().all(|label| tag(label).is_some())));
        }
        if let Some(skill) = json.get("ran_skill") {
            return Ok(Some(self.contact.ran.get(text(skill)).is_some_and(|at| recently(*at, json.get("within")))));
        }
        if let Some(channel) = json.get("has_channel") {
            return Ok(Some(self.contact.addresses.iter().any(|reach| reach.address.channel == text(channel))));
        }
        if let Some(topic) = json.get("has_consent") {
            if self.contact.status == "unsubscribed" {
                return Ok(Some(false));
            }
            return Ok(self.contact.consents.get(text(topic)).map(|consent| consent.given));
        }
        if let Some(channel) = json.get("reachable") {
            let mut through = self.contact.addresses.iter().filter(|reach| reach.unreachable.is_none());
            return Ok(Some(through.any(|reach| channel.is_null() || reach.address.channel == text(channel))));
        }
        if let Some(part) = json.get("notes_contain") {
            let Some(Value::Text(part)) = self.value(part, row)? else { return Ok(None) };
            return Ok(Some(self.contact.notes.iter().any(|note| fold(&note.text).contains(&fold(&part)))));
        }
        if json.get("sequence").is_some() {
            return self.sequence(json);
        }
        match json.get("op").map(text) {
            Some(op) if json.get("left").is_some() && !["+", "-", "~", "*", "/", "%"].contains(&op) => self.relation(op, json, row),
            _ => Ok(match self.value(json, row)? {
                Some(Value::Bool(b)) => Some(b),
                Some(Value::Text(word)) if word.eq_ignore_ascii_case("true") => Some(true),
                Some(Value::Text(word)) if word.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            }),
        }
    }

    fn relation(&self, op: &str, json: &Json, row: Row<'_>) -> Result<Three, Trouble> {
        let zone = self.bot_zone();
        let left = &json["left"];
        let value = self.value(left, row)?;
        match op {
            "is set" => return Ok(Some(values::is_set(value.as_ref()))),
            "is not set" => return Ok(Some(!values::is_set(value.as_ref()))),
            _ => {}
        }
        if op == "changed within" {
            let name = text(&left["name"]);
            let name = name.strip_prefix("contact.").unwrap_or(name);
            let length = Length::read(text(&json["duration"]));
            let changed = self.contact.changed.get(name);
            return Ok(Some(changed.is_some_and(|at| *at <= self.now && *at > edge(self.now, length.back(), zone))));
        }
        if let Some(calendar) = json.get("calendar") {
            let zone = self.zone(calendar.get("zone"));
            let window = clock::window(self.now, text(&calendar["when"]), &zone);
            let holds = match moment(value) {
                Some(Value::Date(day)) => window.holds_day(day),
                Some(Value::DateTime(at)) => window.holds(at, &zone),
                _ => return Ok(if op == "is" { None } else { Some(true) }),
            };
            return Ok(Some(holds == (op == "is")));
        }
        if matches!(op, "within" | "within next" | "older than") {
            let length = Length::read(text(&json["duration"]));
            let today = clock::date(self.now, zone);
            return Ok(match (moment(value), op) {
                (Some(Value::DateTime(at)), "within") => Some(at <= self.now && at > edge(self.now, length.back(), zone)),
                (Some(Value::DateTime(at)), "older than") => Some(at <= edge(self.now, length.back(), zone)),
                (Some(Value::DateTime(at)), _) => Some(at >= self.now && at < edge(self.now, length, zone)),
                (Some(Value::Date(day)), "within") => Some(day <= today && day > moved_day(today, length.back())),
                (Some(Value::Date(day)), "older than") => Some(day <= moved_day(today, length.back())),
                (Some(Value::Date(day)), _) => Some(day >= today && day < moved_day(today, length)),
                _ => None,
            });
        }
        let Some(value) = value else {
            return Ok(if matches!(op, "is not" | "is not in") { Some(true) } else { None });
        };
        let language = matches!(self.kind(left), Some(Kind::Language));
        let same = |other: &Value| match (&value, other) {
            (Value::Text(actual), Value::Text(wanted)) if language => values::speaks(actual, wanted),
            _ => values::same(&value, other, zone),
        };
        let right = |json: &Json| match self.word(left, json, row) {
            Some(word) => Ok(Some(word)),
            None => self.value(json, row),
        };
        Ok(match op {
            "=" | "is" => right(&json["right"])?.map(|other| same(&other)),
            "!=" | "is not" => right(&json["right"])?.map(|other| !same(&other)),
            "<" | "<=" | ">" | ">=" => {
                let Some(other) = self.value(&json["right"], row)? else { return Ok(None) };
                values::order(&value, &other, zone).map(|order| match op {
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            "in" | "not in" | "is not in" => {
                let mut found = Vec::new();
                match &json["right"] {
                    Json::Array(items) => {
                        for item in items {
                            found.push(right(item)?.map(|other| same(&other)));
                        }
                    }
                    name => match self.value(name, row)? {
                        Some(Value::List(items)) => found.extend(items.iter().map(|item| Some(values::same(&value, item, zone)))),
                        _ => found.push(None),
                    },
                }
                if op == "in" { any(&found) } else { not(any(&found)) }
            }
            "between" | "not between" => {
                let mut limits = Vec::new();
                for (key, holds) in [("low", std::cmp::Ordering::is_ge as fn(_) -> bool), ("high", std::cmp::Ordering::is_le)] {
                    let limit = self.value(&json[key], row)?;
                    limits.push(limit.and_then(|limit| values::order(&value, &limit, zone)).map(holds));
                }
                if op == "between" { all(&limits) } else { not(all(&limits)) }
            }
            "matches" | "not matches" => {
                let Value::Text(text) = &value else { return Ok(None) };
                let (pattern, ignore_case) = (json["pattern"].as_str().expect("a pattern"), json.get("ignore_case").is_some());
                Some(super::rules::matches(pattern, ignore_case, text) == (op == "matches"))
            }
            _ => {
                let (negated, op) = op.strip_prefix("not ").map_or((false, op), |op| (true, op));
                let Some(part) = self.value(&json["right"], row)? else { return Ok(None) };
                let holds = match (&value, op, &part) {
                    (Value::List(items), "contains", part) => Some(items.iter().any(|item| values::same(item, part, zone))),
                    (Value::Text(of), "contains", Value::Text(part)) => Some(fold(of).contains(&fold(part))),
                    (Value::Text(of), "starts with", Value::Text(part)) => Some(fold(of).starts_with(&fold(part))),
                    (Value::Text(of), "ends with", Value::Text(part)) => Some(fold(of).ends_with(&fold(part))),
                    _ => None,
                };
                if negated { not(holds) } else { holds }
            }
        })
    }

    /// The kind of a declared or system attribute that stands alone.
    fn kind(&self, json: &Json) -> Option<Kind> {
        let name = text(json.get("name")?);
        self.town.kind(name.strip_prefix("contact.").unwrap_or(name))
    }

    /// A bare word that is a value of what stands left of it.
    fn word(&self, left: &Json, right: &Json, row: Row<'_>) -> Option<Value> {
        if row.is_some() {
            return None;
        }
        let word = text(right.get("name")?);
        match self.kind(left)? {
            Kind::Language => Some(Value::text(word)),
            Kind::Country => (word.len() == 2).then(|| Value::text(word.to_ascii_uppercase())),
            Kind::Words(words) => words.iter().find(|w| fold(w) == fold(word)).map(Value::text),
            Kind::Open => None,
        }
    }

    fn value(&self, json: &Json, row: Row<'_>) -> Found {
        let number = |n: Decimal| Ok(Some(Value::Number(n)));
        match json {
            Json::String(text) => return Ok(Some(Value::text(text))),
            Json::Number(n) => return number(n.to_string().parse().expect("a number")),
            Json::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(self.value(item, row)?);
                }
                return Ok(Some(Value::List(list)));
            }
            _ => {}
        }
        if let Some(name) = json.get("name") {
            return Ok(self.name(text(name), row));
        }
        if let Some(day) = json.get("date") {
            return Ok(Some(Value::Date(text(day).parse().expect("a day"))));
        }
        if let Some(n) = json.get("number") {
            return number(text(n).parse().expect("a number"));
        }
        if let Some(function) = json.get("call") {
            let args = json.get("args").map(list).unwrap_or_default();
            let values: Result<Vec<_>, _> = args.iter().map(|arg| self.value(arg, row)).collect();
            return Ok(self.call(text(function), values?));
        }
        if let Some(filter) = json.get("filter") {
            let mut values = vec![self.value(&json["of"], row)?];
            for arg in json.get("args").map(list).unwrap_or_default() {
                values.push(self.value(arg, row)?);
            }
            return Ok(self.call(text(filter), values));
        }
        if json.get("aggregate").is_some() {
            return self.aggregate(json);
        }
        match (json.get("op").map(text), json.get("of")) {
            (Some("-"), Some(of)) => match self.value(of, row)? {
                Some(Value::Number(n)) => number(-n),
                _ => Err(Trouble),
            },
            (Some(op @ ("+" | "-" | "*" | "/" | "%")), None) if json.get("calendar").is_none() => {
                if let Some(length) = json["right"].get("duration") {
                    let Some(from) = self.value(&json["left"], row)? else { return Err(Trouble) };
                    let length = Length::read(text(length));
                    let by = if op == "+" { length } else { length.back() };
                    return match from {
                        Value::DateTime(at) => Ok(Some(Value::DateTime(clock::shifted(at, by, self.bot_zone())))),
                        Value::Date(day) => Ok(Some(Value::Date(moved_day(day, by)))),
                        _ => Err(Trouble),
                    };
                }
                let as_number = |value: Option<Value>| match value {
                    Some(Value::Number(n)) => Ok(n),
                    Some(Value::Text(text)) => values::number(&text).ok_or(Trouble),
                    _ => Err(Trouble),
                };
                let (a, b) = (as_number(self.value(&json["left"], row)?)?, as_number(self.value(&json["right"], row)?)?);
                let result = match op {
                    "+" => a.checked_add(b),
                    "-" => a.checked_sub(b),
                    "*" => a.checked_mul(b),
                    "%" => a.checked_rem(b),
                    _ => a.checked_div(b),
                };
                result.map_or(Err(Trouble), number)
            }
            // A condition where a value is wanted.
            _ => Ok(self.in_row(json, row).map(Value::Bool)),
        }
    }

    fn name(&self, name: &str, row: Row<'_>) -> Option<Value> {
        if name == "true" || name == "false" {
            return Some(Value::Bool(name == "true"));
        }
        if let Some(name) = name.strip_prefix("contact.") {
            return self.attribute(name);
        }
        if let Some(name) = name.strip_prefix("bot.") {
            return match name {
                "name" => Some(Value::text("Madrid")),
                "operator" => Some(Value::text("")),
                _ => None,
            };
        }
        match row {
            Some(records) if name.starts_with("event.") => records.first()?.get(name.strip_prefix("event.")?).cloned(),
            Some(records) => {
                let (head, rest) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
                let found = records.iter().rev().find_map(|record| record.get(head));
                match (found, rest) {
                    (Some(Value::Record(fields)), Some(rest)) => fields.get(rest).cloned(),
                    (found, None) => found.cloned(),
                    (_, Some(_)) => None,
                }
            }
            None => match name.split_once('[') {
                Some((name, index)) => match self.attribute(name) {
                    Some(Value::List(items)) => items.get(index.trim_end_matches(']').parse::<usize>().expect("a place")).cloned(),
                    _ => None,
                },
                None => self.attribute(name),
            },
        }
    }

    fn attribute(&self, name: &str) -> Option<Value> {
        if let Some((_, _, json)) = self.town.computed.iter().find(|(computed, ..)| *computed == name) {
            // What cannot be computed is missing.
            return self.value(json, None).unwrap_or_default();
        }
        if let Some(declared) = self.town.declared.iter().find(|declared| declared.name == name) {
            let own = self.contact.attributes.get(name);
            return own.or(declared.default.as_ref()).or_else(|| self.contact.system.get(name)).cloned();
        }
        if let Some(value) = self.town.globals.get(name) {
            return Some(value.clone());
        }
        let contact = self.contact;
        let wall = || self.now.to_timestamp().to_zoned(self.contact_zone());
        Some(match name {
            "now" => Value::DateTime(self.now),
            "today" => Value::Date(clock::date(self.now, self.bot_zone())),
            "hour" => Value::Number(wall().hour().into()),
            "weekday" => Value::text(match wall().weekday().to_monday_zero_offset() {
                0 => "monday",
                1 => "tuesday",
                2 => "wednesday",
                3 => "thursday",
                4 => "friday",
                5 => "saturday",
                _ => "sunday",
            }),
            "status" => Value::text(&contact.status),
            "source" => Value::text(&contact.source),
            "first_seen" => Value::DateTime(contact.first_seen),
            "last_seen" => Value::DateTime(contact.last_seen),
            "is_new" => Value::Bool(contact.first_seen == contact.last_seen),
            "subscribed" => Value::Bool(!["unsubscribed", "blocked"].contains(&contact.status.as_str())),
            "conversation_count" => Value::Number(contact.addresses.len().into()),
            "channel" | "first_channel" => Value::text(&contact.addresses.first()?.address.channel),
            "full_name" => {
                let names = ["first_name", "last_name"].into_iter().filter_map(|name| match contact.system.get(name) {
                    Some(Value::Text(text)) => Some(text.clone()),
                    _ => None,
                });
                let names: Vec<String> = names.collect();
                return (!names.is_empty()).then(|| Value::text(names.join(" ")));
            }
            "message_count" | "session_messages" | "template_messages" | "visit_count" | "unresolved_requests" | "page_visits" => {
                contact.system.get(name).cloned().unwrap_or(Value::Number(0.into()))
            }
            "contact_id" => Value::text(contact.id.to_string()),
            "timezone" => Value::text(self.contact_zone().iana_name().unwrap_or("UTC")),
            name => return contact.system.get(name).cloned(),
        })
    }

    fn call(&self, name: &str, args: Vec<Option<Value>>) -> Option<Value> {
        let number = |n: i64| Some(Value::Number(n.into()));
        let today = clock::date(self.now, self.bot_zone());
        match name {
            "now" => return Some(Value::DateTime(self.now)),
            "today" => return Some(Value::Date(today)),
            "default" | "coalesce" => {
                let last = if name == "default" { args.last().cloned().flatten() } else { None };
                return args.into_iter().flatten().find(|value| values::is_set(Some(value))).or(last);
            }
            "concat" => {
                let texts = args.into_iter().flatten().map(|value| match value {
                    Value::Text(text) => text,
                    other => panic!("the tests join texts, not {other:?}"),
                });
                return Some(Value::text(texts.collect::<String>()));
            }
            "min" | "max" => {
                let numbers: Option<Vec<Decimal>> = args.into_iter().map(|value| as_number(value?)).collect();
                let numbers = numbers?.into_iter();
                return (if name == "min" { numbers.min() } else { numbers.max() }).map(Value::Number);
            }
            _ => {}
        }
        let value = args.into_iter().next()??;
        let day = match &value {
            Value::Date(day) => Some(*day),
            Value::DateTime(at) => Some(clock::date(*at, self.bot_zone())),
            _ => None,
        };
        // The 29th of February is kept on the 28th where there is none.
        let in_year = |day: jiff::civil::Date, year: i16| {
            jiff::civil::Date::new(year, day.month(), day.day()).or_else(|_| jiff::civil::Date::new(year, day.month(), 28)).expect("a day")
        };
        match name {
            "years_since" => {
                let day = day?;
                let mut years = i64::from(today.year()) - i64::from(day.year());
                if in_year(day, today.year()) > today {
                    years -= 1;
                }
                number(years)
            }
            "days_since" => {
                let day = day?;
                let (mut at, mut days) = (day.min(today), 0);
                while at < day.max(today) {
                    at = at.tomorrow().expect("a day");
                    days += 1;
                }
                number(if day <= today { days } else { -days })
            }
            "anniversary" => {
                // Walk away from today in both directions; to come wins over gone by.
                let day = day?;
                let (mut ahead, mut behind) = (today, today);
                loop {
                    for at in [ahead, behind] {
                        if in_year(day, at.year()) == at {
                            return Some(Value::Date(at));
                        }
                    }
                    ahead = ahead.tomorrow().expect("a day");
                    behind = behind.yesterday().expect("a day");
                }
            }
            "bucket" => match value {
                Value::Text(name) => number(super::town::bucket(&name, self.contact.id)),
                _ => None,
            },
            "open" => match value {
                Value::Text(calendar) => self.town.is_open(&calendar, self.now).map(Value::Bool),
                _ => None,
            },
            "length" | "len" => match value {
                Value::Text(text) => number(i64::try_from(text.chars().count()).expect("a length")),
                Value::List(items) => number(i64::try_from(items.len()).expect("a length")),
                _ => None,
            },
            "lower" | "upper" | "trim" => match value {
                Value::Text(text) if name == "lower" => Some(Value::text(text.to_lowercase())),
                Value::Text(text) if name == "upper" => Some(Value::text(text.to_uppercase())),
                Value::Text(text) => Some(Value::text(text.trim())),
                _ => None,
            },
            "first" => match value {
                Value::List(items) => items.into_iter().next(),
                other => panic!("the tests ask for the first of a list, not of {other:?}"),
            },
            "abs" => as_number(value).map(|n| Value::Number(if n < Decimal::ZERO { -n } else { n })),
            // A half goes away from zero.
            "round" => as_number(value).map(|n| {
                let half = Decimal::new(5, 1);
                Value::Number(if n < Decimal::ZERO { (n - half).ceil() } else { (n + half).floor() })
            }),
            other => panic!("the naive evaluator does not know {other}"),
        }
    }
}

fn as_number(value: Value) -> Option<Decimal> {
    match value {
        Value::Number(n) => Some(n),
        _ => None,
    }
}

/// A day or a point in time; a text may be one.
fn moment(value: Option<Value>) -> Option<Value> {
    match value? {
        Value::Text(text) => values::moment(&text),
        other => Some(other),
    }
}

/// The key of a tag's label.
pub fn tag_key(label: &str) -> TagKey {
    TagKey::of(label)
}
