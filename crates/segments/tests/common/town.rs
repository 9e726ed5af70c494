//! The bot of the tests, as far as segments know it: what is declared, its zone, its segments.

use super::super::segments::{Around, Origin, Rule, RuleKind, Set};
use expr::{Condition, Expression, Place, Scope, Type};
use jiff::tz::TimeZone;
use model::{AttributeDef, AttributeType, ContactId, Instant, Record, Value};
use serde_json::Value as Json;

/// What a closed attribute may be.
pub enum Kind {
    Open,
    Words(Vec<String>),
    Country,
    Language,
}

/// A segment as the naive evaluator sees it.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    pub key: String,
    /// The condition as text; none for a list.
    pub source: Option<String>,
    /// The condition's JSON form.
    pub json: Option<Json>,
    pub exclude: Vec<String>,
    pub verified: bool,
    pub broken: bool,
}

#[derive(Clone)]
pub struct Town {
    pub zone: TimeZone,
    pub declared: Vec<AttributeDef>,
    /// Attributes computed on use: name, type, expression, and its JSON form.
    pub computed: Vec<(&'static str, Expression, Json)>,
    pub globals: Record,
    pub rules: Vec<Sketch>,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// Attributes computed on use.
const COMPUTED: [(&str, &str); 5] = [
    ("age", "years_since(birthday)"),
    ("twice", "orders * 2"),
    ("often", "count(visit, last 30 days)"),
    ("greeting", "first_name | default(\"friend\")"),
    ("renewal", "last_order + 30 days"),
];
pub const PLANS: [&str; 3] = ["free", "gold", "gold plus"];
pub const STATUSES: [&str; 4] = ["active", "unsubscribed", "blocked", "callback"];
pub const CHANNELS: [&str; 2] = ["web", "telegram"];
pub const SKILLS: [&str; 2] = ["order-help", "talk"];
pub const SEGMENTS: [&str; 6] = ["one", "two", "listed", "broken", "three", "four"];

impl Town {
    pub fn new(zone: &str) -> Self {
        let def = |name: &str, ty: AttributeType, default: Option<Value>| AttributeDef { name: name.into(), ty, default, personal: false };
        let declared = vec![
            def("plan", AttributeType::Enum(words(&PLANS)), Some(Value::text("free"))),
            def("tier", AttributeType::Enum(words(&PLANS)), None),
            def("orders", AttributeType::Number, None),
            def("city", AttributeType::Text, None),
            def("vip", AttributeType::Bool, None),
            def("birthday", AttributeType::Date, None),
            def("last_order", AttributeType::Datetime, None),
            def("appointment", AttributeType::Datetime, None),
            def("balance", AttributeType::Money, None),
            def("interests", AttributeType::List, None),
            def("mobile", AttributeType::Phone, None),
            def("email", AttributeType::Email, None),
            def("home", AttributeType::Country, None),
            def("tongue", AttributeType::Language, None),
            def("site", AttributeType::Url, None),
        ];
        let globals = Record::from([
            ("threshold".into(), Value::Number(3.into())),
            ("season".into(), Value::text("ANA B")),
            ("launch".into(), Value::Date(jiff::civil::date(2026, 3, 2))),
        ]);
        let mut town = Self { zone: TimeZone::get(zone).expect("a zone"), declared, computed: Vec::new(), globals, rules: Vec::new() };
        for (name, source) in COMPUTED {
            let expression = Expression::parse(source, &town).unwrap_or_else(|p| panic!("{source}: {p:?}")).0;
            let json = town.condition(&format!("{source} is set")).to_json()["left"].clone();
            town.computed.push((name, expression, json));
        }
        town
    }

    /// A condition of the town's bot.
    pub fn condition(&self, source: &str) -> Condition {
        Condition::parse(source, self).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}")).0
    }

    /// Whether a segment cannot be judged: it is broken, or looks into one that is.
    pub fn is_broken(&self, key: &str) -> bool {
        let Some(rule) = self.rules.iter().find(|rule| rule.key == key) else { return true };
        let mut looks_into = rule.exclude.clone();
        rule.json.iter().for_each(|json| segments_in(json, &mut looks_into));
        rule.broken || looks_into.iter().any(|other| self.is_broken(other))
    }

    /// The segments as the product knows them.
    pub fn set(&self) -> Set {
        let rule = |sketch: &Sketch| Rule {
            key: sketch.key.clone(),
            name: sketch.key.clone(),
            description: None,
            kind: match &sketch.source {
                _ if sketch.broken => RuleKind::Invalid("it cannot be read".into()),
                Some(source) => RuleKind::Where(self.condition(source)),
                None => RuleKind::List,
            },
            exclude: sketch.exclude.clone(),
            verified: sketch.verified,
            origin: Origin::File,
            meaning: String::new(),
        };
        Set::new(self.rules.iter().map(rule).collect())
    }

    pub fn kind(&self, name: &str) -> Option<Kind> {
        if let Some(declared) = self.declared.iter().find(|declared| declared.name == name) {
            return Some(match &declared.ty {
                AttributeType::Enum(values) => Kind::Words(values.clone()),
                AttributeType::Country => Kind::Country,
                AttributeType::Language => Kind::Language,
                _ => Kind::Open,
            });
        }
        Some(match name {
            "status" => Kind::Words(words(&STATUSES)),
            "channel" | "first_channel" => Kind::Words(words(&CHANNELS)),
            "country" => Kind::Country,
            "language" => Kind::Language,
            _ => Kind::Open,
        })
    }

    /// Monday to Friday from nine to five.
    pub fn is_open(&self, calendar: &str, now: Instant) -> Option<bool> {
        let wall = self.zone.to_datetime(now.to_timestamp());
        (calendar == "office").then(|| wall.weekday().to_monday_zero_offset() < 5 && (9..17).contains(&wall.hour()))
    }

    /// The next nine or five o'clock: on a Sunday nothing opens then, and nobody is told too late.
    pub fn calendar_turns(&self, calendar: &str, now: Instant) -> Option<Instant> {
        let day = self.zone.to_datetime(now.to_timestamp()).date();
        let hours = [day, day.tomorrow().expect("a day")].into_iter().flat_map(|day| [day.at(9, 0, 0, 0), day.at(17, 0, 0, 0)]);
        let turn = |wall: jiff::civil::DateTime| Instant::from(wall.to_zoned(self.zone.clone()).expect("within the calendar").timestamp());
        hours.map(turn).find(|at| *at > now).filter(|_| calendar == "office")
    }
}

fn segments_in(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Object(map) => {
            found.extend(map.get("in_segment").and_then(Json::as_str).map(str::to_owned));
            map.values().for_each(|value| segments_in(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| segments_in(item, found)),
        _ => {}
    }
}

/// The contact's number in an experiment: the first eight bytes of a digest of its name and the contact's id, modulo 100.
pub fn bucket(name: &str, id: ContactId) -> i64 {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{name}\0{id}"));
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number * 256 + u64::from(*byte));
    i64::try_from(number % 100).expect("small")
}

impl Around for Town {
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn declared(&self, name: &str) -> Option<&AttributeDef> {
        self.declared.iter().find(|declared| declared.name == name)
    }
    fn global(&self, name: &str) -> Option<&Value> {
        self.globals.get(name)
    }
    fn about(&self, _: Option<&str>) -> Option<Record> {
        Some(Record::from([("name".into(), Value::text("Madrid")), ("operator".into(), Value::text(""))]))
    }
    fn is_open(&self, calendar: &str, now: Instant) -> Option<bool> {
        Self::is_open(self, calendar, now)
    }
    fn calendar_turns(&self, calendar: &str, now: Instant) -> Option<Instant> {
        Self::calendar_turns(self, calendar, now)
    }
}

impl Scope for Town {
    fn place(&self) -> Place {
        Place::Segment
    }
    fn variable(&self, _: &str) -> Option<Type> {
        None
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        match name {
            "age" | "twice" | "often" if !self.computed.is_empty() => Some(Type::Number),
            "greeting" if !self.computed.is_empty() => Some(Type::Text),
            "renewal" if !self.computed.is_empty() => Some(Type::DateTime),
            "threshold" => Some(Type::Number),
            "season" => Some(Type::Text),
            "launch" => Some(Type::Date),
            _ => self.declared.iter().find(|declared| declared.name == name).map(|declared| Type::from(&declared.ty)),
        }
    }
    fn computed(&self, name: &str) -> Option<Expression> {
        self.computed.iter().find(|(computed, ..)| *computed == name).map(|(_, expression, _)| expression.clone())
    }
    fn variables(&self) -> Vec<String> {
        Vec::new()
    }
    fn attributes(&self) -> Vec<String> {
        self.declared.iter().map(|declared| declared.name.clone()).collect()
    }
    fn segments(&self) -> Vec<String> {
        words(&SEGMENTS)
    }
    fn tags(&self) -> Option<Vec<String>> {
        None
    }
    fn events(&self) -> Option<Vec<String>> {
        None
    }
    fn skills(&self) -> Vec<String> {
        words(&SKILLS)
    }
    fn channels(&self) -> Vec<String> {
        words(&CHANNELS)
    }
    fn statuses(&self) -> Vec<String> {
        words(&STATUSES)
    }
}
