//! Random people and what happened to them: crowded around the instants where calendars are uneven, and a length of time
//! away from one another, so that boundaries are met and not only passed.

use super::choices::Choices;
use super::naive::{Span, moved_day, start_of};
use super::town::{CHANNELS, PLANS};
pub use super::town::{SKILLS, STATUSES};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use model::{
    Actor, Address, Change, Consent, Contact, ContactId, EventId, EventRecord, Instant, Money, Note, Reach, Record, Tag, TagKey, Value,
};
use std::fmt;

/// Clocks turned, months and years ended, days that not every year has.
const CENTRES: [&str; 22] = [
    "2026-03-02T10:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-03-08T07:00:00Z",
    "2026-11-01T06:00:00Z",
    "2026-04-04T14:00:00Z",
    "2026-09-26T14:00:00Z",
    "2026-04-05T03:00:00Z",
    "2026-09-06T04:00:00Z",
    "2026-04-23T22:00:00Z",
    "2026-10-29T21:00:00Z",
    "2024-02-29T12:00:00Z",
    "2028-02-29T00:00:00Z",
    "2028-02-28T23:00:00Z",
    "2026-02-28T23:00:00Z",
    "2026-03-30T22:00:00Z",
    "2026-03-31T21:59:59Z",
    "2025-12-31T23:00:00Z",
    "2026-01-01T00:00:00Z",
    "2026-06-30T22:00:00Z",
    "2027-02-28T11:00:00Z",
    "2026-05-31T09:00:00Z",
];

/// Zones whose clocks turn at night, at midnight, by half an hour from others, or not at all.
pub const ZONES: [&str; 8] =
    ["UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Santiago", "Africa/Cairo", "America/Havana"];

/// Lengths of time that windows have; whole days first.
pub const DAYS: [&str; 7] = ["1 day", "2 days", "7 days", "30 days", "1 month", "2 months", "1 year"];
pub const LENGTHS: [&str; 13] = [
    "1 day",
    "2 days",
    "7 days",
    "30 days",
    "1 month",
    "2 months",
    "1 year",
    "1 month 3 days",
    "2h",
    "90m",
    "1s",
    "1 month 2h",
    "13 months",
];

/// A contact, what was recorded about them, and when they are looked at.
#[derive(Clone)]
pub struct World {
    pub contact: Contact,
    /// In the order in which it was recorded.
    pub events: Vec<EventRecord>,
    pub now: Instant,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "now {}", self.now)?;
        let c = &self.contact;
        writeln!(f, "attributes {:?}\nsystem {:?}\nchanged {:?}", c.attributes, c.system, c.changed)?;
        let tags: Vec<_> = c.tags.iter().map(|(key, tag)| (key.as_str(), tag.at)).collect();
        writeln!(f, "tags {tags:?} ran {:?} lists {:?} status {} source {}", c.ran, c.lists.keys(), c.status, c.source)?;
        writeln!(f, "seen {} – {} notes {:?} consents {:?}", c.first_seen, c.last_seen, c.notes.len(), c.consents.len())?;
        for event in &self.events {
            writeln!(f, "{} at {} {:?}", event.name, event.at, event.fields)?;
        }
        Ok(())
    }
}

/// Where on the line of time a world is made.
pub struct Ground {
    centre: Instant,
    zones: [TimeZone; 2],
}

pub fn at(text: &str) -> Instant {
    Instant::from(text.parse::<jiff::Timestamp>().expect("an instant"))
}

impl Ground {
    pub fn new(c: &mut Choices<'_>, zone: &TimeZone) -> Self {
        let centre = at(c.pick(&CENTRES));
        let other = TimeZone::get(c.pick(&ZONES)).expect("a zone");
        Self { centre, zones: [zone.clone(), other] }
    }

    pub fn other_zone(&self) -> &TimeZone {
        &self.zones[1]
    }

    fn jitter(c: &mut Choices<'_>) -> i64 {
        let unit = c.pick(&[0, 1, 1, 1_000_000, 60_000_000, 1_800_000_000, 3_600_000_000, 7_200_000_000, 86_400_000_000]);
        unit * c.pick(&[1, -1, 2, -3])
    }

    /// An instant: near the centre, or one or two lengths of time before or after it.
    pub fn instant(&self, c: &mut Choices<'_>) -> Instant {
        let mut at = self.centre;
        let zone = c.pick(&self.zones);
        for _ in 0..c.below(3) {
            let length = Span::read(c.pick(&LENGTHS));
            at = shifted(at, if c.once_in(4) { length } else { length.back() }, &zone);
        }
        if c.once_in(4) {
            at = start_of(zone.to_datetime(at.to_timestamp()).date(), &zone);
        }
        at.plus_micros(Self::jitter(c))
    }

    fn day(&self, c: &mut Choices<'_>) -> Date {
        let day = self.zones[0].to_datetime(self.instant(c).to_timestamp()).date();
        let day = moved_day(day, Span { months: -12 * i64::try_from(c.below(40)).expect("years"), micros: 0 });
        if c.once_in(6) { jiff::civil::date(2004, 2, 29) } else { day }
    }
}

/// The same time of day so many months away, then exact time.
pub fn shifted(at: Instant, by: Span, zone: &TimeZone) -> Instant {
    let there = at.to_timestamp().to_zoned(zone.clone()).checked_add(by.months.months()).expect("within the calendar");
    Instant::from(there.timestamp()).plus_micros(by.micros)
}

fn number(n: i64) -> Value {
    Value::Number(n.into())
}

/// What channels, the site and conversations know, two of each.
pub const SYSTEM: [(&str, [&str; 2]); 15] = [
    ("first_name", ["Ana", "Bea"]),
    ("last_name", ["Banks", "Ruiz"]),
    ("username", ["ana7", "BEA"]),
    ("country", ["ES", "US"]),
    ("language", ["pt-BR", "es"]),
    ("language_source", ["browser", "customer"]),
    ("email", ["ana@shop.example", "BEA@SHOP.EXAMPLE"]),
    ("phone", ["+34600000001", "+15550000002"]),
    ("verified_id", ["7", "8"]),
    ("last_page", ["/cat", "/"]),
    ("first_message", ["Do you have a CAT?", "hello"]),
    ("first_message_tag", ["ad", "Sale"]),
    ("referral", ["https://a.example/?ad=1", "/blog"]),
    ("last_input", ["help", "a cat"]),
    ("last_error", ["it broke", "no answer"]),
];

/// What is counted of a contact.
pub const COUNTERS: [&str; 6] =
    ["message_count", "session_messages", "template_messages", "visit_count", "unresolved_requests", "page_visits"];

/// What may be agreed to, everywhere or on one channel.
pub const TOPICS: [&str; 3] = ["news", "offers", "news@web"];

pub fn consent(c: &mut Choices<'_>, at: Instant) -> Consent {
    Consent { given: c.once_in(2), at, by: Actor::Customer, proof: "yes".into() }
}

pub const CITIES: [&str; 6] = ["Madrid", "ＡＢ", "Straße", "ana b", "Cafe\u{301}", ""];

/// Fields of a recorded event; what programs send is not always what was agreed.
fn fields(c: &mut Choices<'_>, name: &str, ground: &Ground) -> Record {
    let mut fields = Record::new();
    let amount = |c: &mut Choices<'_>| match c.below(8) {
        0..=4 => number(i64::try_from(c.below(5)).expect("small") * 5),
        5 => Value::text("12"),
        6 => Value::text("n/a"),
        _ => Value::Number("2.5".parse().expect("a number")),
    };
    let category = |c: &mut Choices<'_>| Value::text(c.pick(&["cat", "Dog", "CAT", "fish"]));
    match name {
        "purchase" => {
            if !c.once_in(5) {
                fields.insert("total".into(), amount(c));
            }
            if !c.once_in(4) {
                fields.insert("category".into(), category(c));
            }
            if c.once_in(3) {
                fields.insert("paid".into(), Value::Bool(c.once_in(2)));
            }
            if c.once_in(3) {
                let at = ground.instant(c);
                let due = match c.below(3) {
                    0 => Value::DateTime(at),
                    1 => Value::text(at.to_string()),
                    _ => Value::Date(ground.day(c)),
                };
                fields.insert("due".into(), due);
            }
            if !c.once_in(2) {
                let mut items = Vec::new();
                for _ in 0..c.below(4) {
                    let mut item = Record::from([("price".into(), amount(c))]);
                    if !c.once_in(4) {
                        item.insert("category".into(), category(c));
                    }
                    if c.once_in(2) {
                        item.insert("quantity".into(), number(i64::try_from(c.below(4)).expect("small")));
                    }
                    items.push(Value::Record(item));
                }
                fields.insert("items".into(), Value::List(items));
            }
        }
        "visit" => {
            fields.insert("page".into(), Value::text(c.pick(&["/", "/pricing", "/Pricing", "/cat"])));
            if c.once_in(4) {
                fields.insert("labels".into(), Value::List(vec![Value::text("a"), Value::text(c.pick(&["a", "b", "A"]))]));
            }
        }
        _ => {
            fields.insert("amount".into(), amount(c));
        }
    }
    fields
}

pub fn event(c: &mut Choices<'_>, ground: &Ground, at: Instant, serial: u128) -> EventRecord {
    let name = c.pick(&["purchase", "visit", "refund", "add_to_cart"]);
    EventRecord { id: EventId(serial), name: name.into(), fields: fields(c, name, ground), at, by: Actor::System }
}

/// A contact with any of what a contact may have; much is missing.
pub fn contact(c: &mut Choices<'_>, ground: &Ground, id: u128) -> Contact {
    let first_seen = ground.instant(c);
    let address = |channel: &str| Address { channel: channel.into(), id: "x".into() };
    let mut contact = Contact::new(ContactId(id), first_seen, address(c.pick(&CHANNELS)), c.pick(&["organic", "api", "import"]));
    contact.last_seen = first_seen.max(ground.instant(c));
    for name in [
        "orders",
        "city",
        "vip",
        "birthday",
        "last_order",
        "appointment",
        "plan",
        "tier",
        "balance",
        "interests",
        "home",
        "tongue",
        "mobile",
        "email",
        "site",
    ] {
        if c.once_in(2) {
            let at = ground.instant(c);
            change(c, ground, &mut contact, name, at);
        }
    }
    for (name, values) in SYSTEM {
        if c.once_in(3) {
            contact.system.insert(name.into(), Value::text(c.pick(&values)));
        }
    }
    if c.once_in(2) {
        let name = ground.other_zone().iana_name().unwrap_or("UTC");
        // What a browser says may be no zone at all.
        contact.system.insert("timezone".into(), Value::text(if c.once_in(8) { "Nowhere/City" } else { name }));
    }
    for name in COUNTERS {
        if c.once_in(3) {
            contact.system.insert(name.into(), number(i64::try_from(c.below(5)).expect("small")));
        }
    }
    for label in ["gold", "Größe", "helped"] {
        if c.once_in(3) {
            contact.tags.insert(TagKey::of(label), Tag { label: label.into(), at: ground.instant(c), by: Actor::System, why: None });
        }
    }
    contact.status = c.pick(&STATUSES).into();
    if c.once_in(3) {
        contact.addresses.push(Reach { address: address(c.pick(&CHANNELS)), unreachable: None });
    }
    if c.once_in(4) {
        contact.addresses[0].unreachable = Some((first_seen, "blocked".into()));
    }
    for skill in SKILLS {
        if c.once_in(3) {
            contact.ran.insert(skill.into(), ground.instant(c));
        }
    }
    for topic in TOPICS {
        if c.once_in(3) {
            contact.consents.insert(topic.into(), consent(c, first_seen));
        }
    }
    if c.once_in(3) {
        let text = c.pick(&["Wants a CAT", "called twice", "Straße 7"]).to_owned();
        contact.notes.push(Note { at: first_seen, by: Actor::System, text });
    }
    if c.once_in(2) {
        contact.lists.insert("listed".into(), first_seen);
    }
    contact
}

/// Changes an attribute, or takes its value away.
pub fn change(c: &mut Choices<'_>, ground: &Ground, contact: &mut Contact, name: &str, at: Instant) {
    let value = match name {
        "orders" => number(i64::try_from(c.below(6)).expect("small") - 1),
        "city" => Value::text(c.pick(&CITIES)),
        "vip" => Value::Bool(c.once_in(2)),
        "birthday" => Value::Date(ground.day(c)),
        "last_order" | "appointment" => Value::DateTime(ground.instant(c)),
        "plan" | "tier" => Value::text(c.pick(&PLANS)),
        "balance" => {
            let amount = c.below(4);
            Value::Money(Money { amount: amount.into(), currency: c.pick(&["EUR", "USD"]).into() })
        }
        "interests" => Value::List(vec![Value::text(c.pick(&["Cats", "Tea"])), number(7)]),
        "home" => Value::text(c.pick(&["ES", "NO", "IN"])),
        "tongue" => Value::text(c.pick(&["pt-BR", "pt", "en"])),
        "mobile" => Value::text("+34600111222"),
        "site" => Value::text(c.pick(&["https://shop.example/a?b=1", "http://B.example/"])),
        _ => Value::text(c.pick(&["ana@home.example", "b@home.example"])),
    };
    if c.once_in(6) {
        contact.attributes.remove(name);
    } else {
        contact.attributes.insert(name.into(), value);
    }
    contact.changed.insert(name.into(), at);
}

/// What somebody changes about a contact: a tag, a note, or an attribute.
pub fn modification(c: &mut Choices<'_>, ground: &Ground, contact: &Contact, now: Instant) -> Change {
    match c.below(5) {
        0 => Change::AddTag(c.pick(&["gold", "helped", "Größe"]).into()),
        1 => Change::RemoveTag(c.pick(&["gold", "helped", "Größe"]).into()),
        2 => Change::Note(c.pick(&["Wants a CAT", "called"]).into()),
        _ => {
            let name = c.pick(&["orders", "city", "vip", "birthday", "last_order", "plan", "tier", "interests", "home", "tongue"]);
            let mut contact = contact.clone();
            change(c, ground, &mut contact, name, now);
            match contact.attributes.get(name) {
                Some(value) => Change::SetAttribute(name.into(), value.clone()),
                None => Change::UnsetAttribute(name.into()),
            }
        }
    }
}

pub fn world(c: &mut Choices<'_>, ground: &Ground, id: u128) -> World {
    let contact = contact(c, ground, id);
    let mut events = Vec::new();
    for serial in 0..c.below(9) {
        // Some at the very instant of another, most out of order.
        let at = match events.last() {
            Some(EventRecord { at, .. }) if c.once_in(4) => *at,
            _ => ground.instant(c),
        };
        events.push(event(c, ground, at, serial as u128));
    }
    let now = ground.instant(c);
    World { contact, events, now }
}
