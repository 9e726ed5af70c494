//! A bot and a person for the tests of the language.

#![allow(dead_code, reason = "each test binary uses a part")]

use jiff::tz::TimeZone;
use model::{Duration, Instant, Money, Record, TagKey, Value};
use std::{borrow::Cow, collections::BTreeMap};
use switchboard_expr::{Condition, EvalError, Events, Expression, Facts, Fuel, Place, Problem, Root, Scope, Template, Truth, Type};

/// What names mean in the test bot.
pub struct Bot {
    pub place: Place,
    pub attributes: BTreeMap<&'static str, Type>,
    pub variables: BTreeMap<&'static str, Type>,
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

impl Bot {
    pub fn new(place: Place) -> Self {
        let attributes = BTreeMap::from([
            ("plan", Type::Enum(texts(&["free", "gold", "gold plus"]))),
            ("orders", Type::Number),
            ("city", Type::Text),
            ("nickname", Type::Text),
            ("email", Type::Text),
            ("mobile", Type::Phone),
            ("office", Type::Phone),
            ("billed_to", Type::Email),
            ("homepage", Type::Url),
            ("birthday", Type::Date),
            ("last_order", Type::DateTime),
            ("appointment", Type::DateTime),
            ("balance", Type::Money),
            ("interests", Type::List),
            ("vip", Type::Bool),
            ("opens", Type::Time),
            ("in", Type::Number),
            ("visits", Type::Number),
            ("anything", Type::Unknown),
        ]);
        let variables = BTreeMap::from([("order_number", Type::Number), ("answer", Type::Unknown)]);
        Self { place, attributes, variables }
    }
}

impl Scope for Bot {
    fn place(&self) -> Place {
        self.place
    }
    fn variable(&self, name: &str) -> Option<Type> {
        self.variables.get(name).cloned()
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        self.attributes.get(name).cloned()
    }
    fn variables(&self) -> Vec<String> {
        self.variables.keys().map(|k| (*k).to_owned()).collect()
    }
    fn attributes(&self) -> Vec<String> {
        self.attributes.keys().map(|k| (*k).to_owned()).collect()
    }
    fn segments(&self) -> Vec<String> {
        texts(&["vip", "gold-members", "broken"])
    }
    fn tags(&self) -> Option<Vec<String>> {
        Some(texts(&["helped", "refunded", "Größe"]))
    }
    fn events(&self) -> Option<Vec<String>> {
        Some(texts(&["purchase", "add_to_cart", "visit"]))
    }
    fn keeps_changes(&self, attribute: &str) -> bool {
        attribute != "opens"
    }
    fn skills(&self) -> Vec<String> {
        texts(&["order-help", "talk"])
    }
    fn channels(&self) -> Vec<String> {
        texts(&["web", "telegram"])
    }
    fn statuses(&self) -> Vec<String> {
        texts(&["active", "unsubscribed", "blocked", "callback"])
    }
    fn country(&self) -> Option<String> {
        Some("ES".to_owned())
    }
}

/// A person, by default on 2026-03-02 at 10:00 UTC with the bot in UTC and the person in New York.
#[derive(Clone)]
pub struct Person {
    pub now: Instant,
    pub bot_zone: TimeZone,
    pub contact_zone: TimeZone,
    pub language: Option<String>,
    pub attributes: Record,
    pub variables: Record,
    pub system: Record,
    pub event: Record,
    pub input: Option<Value>,
    pub tags: BTreeMap<TagKey, Instant>,
    pub segments: BTreeMap<String, Truth>,
    pub ran: BTreeMap<String, Instant>,
    /// Recorded events by name, in order of time.
    pub events: BTreeMap<String, Vec<(Instant, Record)>>,
    pub changed: BTreeMap<String, Instant>,
    pub notes: Vec<String>,
}

/// Recorded events of one name.
struct Recorded<'p>(&'p [(Instant, Record)]);

impl Events for Recorded<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn at(&self, index: usize) -> Instant {
        self.0[index].0
    }
    fn field<'a>(&'a self, index: usize, name: &str) -> Option<Cow<'a, Value>> {
        self.0[index].1.get(name).map(Cow::Borrowed)
    }
}

/// The fields of an event, as JSON.
pub fn fields(json: &str) -> Record {
    match Value::from_json(&serde_json::from_str(json).expect("JSON")) {
        Some(Value::Record(record)) => record,
        other => panic!("{other:?} are no fields"),
    }
}

impl Person {
    /// With an event so many seconds before now.
    pub fn record(&mut self, name: &str, secs_ago: i64, json: &str) {
        let events = self.events.entry(name.into()).or_default();
        events.push((self.now.plus_micros(-secs_ago * 1_000_000), fields(json)));
        events.sort_by_key(|(at, _)| *at);
    }
}

pub fn at(text: &str) -> Instant {
    Instant::from(text.parse::<jiff::Timestamp>().expect("an instant"))
}

pub fn number(text: &str) -> Value {
    Value::Number(text.parse().expect("a number"))
}

impl Default for Person {
    fn default() -> Self {
        let now = at("2026-03-02T10:00:00Z");
        let ago = |secs: i64| now.plus_micros(-secs * 1_000_000);
        let attributes = Record::from([
            ("plan".into(), Value::text("gold")),
            ("orders".into(), number("12")),
            ("city".into(), Value::text("Ｍadrid  Centro")),
            ("birthday".into(), Value::Date("1990-03-02".parse().expect("a day"))),
            ("last_order".into(), Value::DateTime(ago(3 * 86_400))),
            ("balance".into(), Value::Money(Money { amount: "12.50".parse().expect("a number"), currency: "EUR".into() })),
            ("interests".into(), Value::List(vec![Value::text("Cats"), Value::text("Tea"), number("7")])),
            ("vip".into(), Value::Bool(true)),
            ("opens".into(), Value::Time(jiff::civil::time(9, 0, 0, 0))),
            ("in".into(), number("1")),
            ("anything".into(), Value::text("41")),
        ]);
        let system = Record::from([
            ("first_name".into(), Value::text("Ana")),
            ("country".into(), Value::text("NO")),
            ("channel".into(), Value::text("telegram")),
            ("status".into(), Value::text("active")),
            ("last_seen".into(), Value::DateTime(ago(60))),
            ("is_new".into(), Value::Bool(false)),
            ("contact_id".into(), Value::text("01JNXW6Z7V8E3M5T9QK2R4B6CD")),
        ]);
        let items = Value::List(vec![Value::Record(Record::from([("price".into(), number("5"))]))]);
        Self {
            now,
            bot_zone: TimeZone::UTC,
            contact_zone: TimeZone::get("America/New_York").expect("a zone"),
            language: Some("pt-BR".into()),
            attributes,
            variables: Record::from([("order_number".into(), number("41"))]),
            system,
            event: Record::from([("total".into(), number("5")), ("items".into(), items), ("status".into(), Value::text("Delayed"))]),
            input: Some(Value::text("AB123")),
            tags: BTreeMap::from([(TagKey::of("helped"), ago(3_600)), (TagKey::of("größe"), ago(10 * 86_400))]),
            segments: BTreeMap::from([("vip".into(), Truth::True), ("gold-members".into(), Truth::False)]),
            ran: BTreeMap::from([("order-help".into(), ago(2 * 86_400))]),
            events: BTreeMap::new(),
            changed: BTreeMap::from([("plan".into(), ago(86_400))]),
            notes: vec!["Called, very Angry about the ｄｅｌａｙ".into()],
        }
    }
}

impl Facts for Person {
    fn now(&self) -> Instant {
        self.now
    }
    fn bot_zone(&self) -> &TimeZone {
        &self.bot_zone
    }
    fn contact_zone(&self) -> &TimeZone {
        &self.contact_zone
    }
    fn language(&self) -> Option<String> {
        self.language.clone()
    }
    fn variable<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        self.variables.get(name).map(Cow::Borrowed)
    }
    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        self.attributes.get(name).map(Cow::Borrowed)
    }
    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        self.system.get(name).map(Cow::Borrowed)
    }
    fn root(&self, root: Root) -> Option<Record> {
        match root {
            Root::Event => Some(self.event.clone()),
            Root::Bot => Some(Record::from([("name".into(), Value::text("Shop"))])),
            Root::Run | Root::Queue => None,
        }
    }
    fn input(&self) -> Option<Value> {
        self.input.clone()
    }
    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.tags.get(key).copied()
    }
    fn in_segment(&self, name: &str, _: &mut Fuel) -> Truth {
        self.segments.get(name).copied().unwrap_or(Truth::Unknown)
    }
    fn has_channel(&self, name: &str) -> bool {
        name == "telegram"
    }
    fn reachable(&self, channel: Option<&str>) -> bool {
        channel != Some("web")
    }
    fn consent(&self, topic: &str) -> Truth {
        if topic == "news" { Truth::True } else { Truth::Unknown }
    }
    fn channels(&self, _through: bool) -> Vec<Cow<'_, str>> {
        vec!["telegram".into()]
    }
    fn consent_seen(&self, topic: &str) -> Option<Value> {
        (topic == "news").then(|| Value::DateTime(self.now.plus_micros(-86_400_000_000)))
    }
    fn ran_skill(&self, skill: &str) -> Option<Instant> {
        self.ran.get(skill).copied()
    }
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        self.events.get(name).map(|events| Box::new(Recorded(events)) as Box<dyn Events + 'a>)
    }
    fn changed_at(&self, attribute: &str) -> Option<Instant> {
        self.changed.get(attribute).copied()
    }
    fn notes(&self) -> Vec<Cow<'_, str>> {
        self.notes.iter().map(|note| Cow::Borrowed(note.as_str())).collect()
    }
    fn is_open(&self, calendar: &str) -> Option<bool> {
        (calendar == "office").then_some(true)
    }
    fn calendar_turns(&self, calendar: &str) -> Option<Instant> {
        (calendar == "office").then(|| self.now.plus_micros(90_500_000))
    }
}

/// The codes and texts of problems, for messages of tests.
pub fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{} {:?} {} ({:?})", p.code, p.range, p.message, p.help)).collect::<Vec<_>>().join("\n")
}

pub fn condition(src: &str) -> Condition {
    Condition::parse(src, &Bot::new(Place::Flow)).unwrap_or_else(|p| panic!("{src}\n{}", told(&p))).0
}

pub fn holds(src: &str, person: &Person) -> Result<Truth, EvalError> {
    condition(src).eval(person, &mut Fuel::new(1_000_000))
}

pub fn value(src: &str, person: &Person) -> Result<Option<Value>, EvalError> {
    let parsed = Expression::parse(src, &Bot::new(Place::Flow)).unwrap_or_else(|p| panic!("{src}\n{}", told(&p)));
    parsed.0.eval(person, &mut Fuel::new(1_000_000))
}

pub fn template(src: &str) -> Template {
    Template::parse(src, &Bot::new(Place::Flow)).unwrap_or_else(|p| panic!("{src}\n{}", told(&p))).0
}

pub fn rendered(src: &str, person: &Person) -> Result<String, EvalError> {
    template(src).render(person, &mut Fuel::new(1_000_000))
}

/// Days as an exact duration.
pub fn days(count: i64) -> Duration {
    Duration::secs(count * 86_400)
}
