//! People made up from a seed.

use super::shop::PLANS;
use model::{Actor, Address, Contact, ContactId, EventId, EventRecord, Instant, Record, Tag, TagKey, Value};
use rust_decimal::Decimal;

/// 2026-06-15T10:00:00Z.
pub const NOW: Instant = Instant(1_781_517_600_000_000);
const DAY: i64 = 86_400_000_000;

/// Numbers drawn from a seed (splitmix64).
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("small")
    }

    fn micros(&mut self, days: i64) -> i64 {
        (self.next() % (days * DAY).unsigned_abs()).cast_signed()
    }
}

pub fn id(n: usize) -> ContactId {
    let random = Draw::new(n as u64).next();
    ContactId((n as u128) << 80 | u128::from(random))
}

/// A contact with twelve attributes, what a channel knows, and a few tags.
pub fn contact(draw: &mut Draw, n: usize) -> Contact {
    let first_seen = NOW.plus_micros(-draw.micros(730));
    let channel = if draw.below(3) == 0 { "telegram" } else { "web" };
    let mut contact = Contact::new(id(n), first_seen, Address { channel: channel.into(), id: n.to_string() }, "organic");
    contact.last_seen = first_seen.plus_micros(draw.micros(730).min(NOW.micros_since(first_seen)));
    let day = |days: i64| jiff::civil::date(1950, 1, 1).checked_add(jiff::Span::new().days(days)).expect("a day");
    let some = |draw: &mut Draw, days: usize| i64::try_from(draw.below(days)).expect("small");
    let mut set = |name: &str, value: Value| _ = contact.attributes.insert(name.into(), value);
    set("plan", Value::text(PLANS[draw.below(PLANS.len())]));
    set("orders", Value::Number(draw.below(60).into()));
    set("spent", Value::Number(Decimal::new(some(draw, 500_000), 2)));
    set("city", Value::text(format!("City {}", draw.below(1_000))));
    set("company", Value::text(format!("Company {} Ltd", draw.below(500_000))));
    if draw.below(4) > 0 {
        set("vip", Value::Bool(draw.below(10) == 0));
        set("birthday", Value::Date(day(some(draw, 20_000))));
    }
    set("renewal", Value::Date(day(27_500 + some(draw, 730))));
    if draw.below(3) > 0 {
        set("last_order", Value::DateTime(NOW.plus_micros(-draw.micros(365))));
    }
    set("trial_ends", Value::DateTime(NOW.plus_micros(draw.micros(120) - 60 * DAY)));
    set("home", Value::text(["ES", "US", "DE", "JP", "TH", "FR"][draw.below(6)]));
    set("score", Value::Number(Decimal::new(some(draw, 1_000), 1)));
    contact.system.insert("first_name".into(), Value::text(["Ana", "Bea", "Carl", "Dora"][draw.below(4)]));
    contact.system.insert("language".into(), Value::text(["en", "es", "de", "pt-BR"][draw.below(4)]));
    contact.system.insert("message_count".into(), Value::Number(draw.below(300).into()));
    for tag in 0..20 {
        if draw.below(10) == 0 {
            let label = format!("tag {tag}");
            contact.tags.insert(TagKey::of(&label), Tag { label, at: NOW.plus_micros(-draw.micros(400)), by: Actor::System, why: None });
        }
    }
    contact
}

/// So many events of the last year, in order.
pub fn events(draw: &mut Draw, count: usize) -> Vec<EventRecord> {
    let mut events: Vec<EventRecord> = (0..count)
        .map(|_| {
            let (name, fields) = match draw.below(10) {
                0..=5 => (
                    "visit",
                    [("path", Value::text(format!("/page/{}", draw.below(50)))), ("seconds", Value::Number(draw.below(300).into()))],
                ),
                6..=7 => {
                    let total = Decimal::new(i64::try_from(draw.below(20_000)).expect("small"), 2);
                    (
                        "purchase",
                        [("category", Value::text(["cat", "dog", "bird", "fish"][draw.below(4)])), ("total", Value::Number(total))],
                    )
                }
                8 => (
                    "add_to_cart",
                    [("category", Value::text(["cat", "dog"][draw.below(2)])), ("count", Value::Number(draw.below(5).into()))],
                ),
                _ => (
                    "support",
                    [("topic", Value::text(["refund", "delay", "other"][draw.below(3)])), ("rating", Value::Number(draw.below(6).into()))],
                ),
            };
            let fields: Record = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            EventRecord {
                id: EventId(u128::from(draw.next())),
                name: name.into(),
                fields,
                at: NOW.plus_micros(-draw.micros(365)),
                by: Actor::System,
            }
        })
        .collect();
    events.sort_by_key(|event| event.at);
    events
}
