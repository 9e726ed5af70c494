//! What is known of somebody to whom nothing happens but what the skills of a bot do, and what each step of theirs changes (FL 5.8).
//!
//! Of what no skill touched yet nothing is known: there is somebody for whom the first touch is a change. From then on only a change that
//! is sure counts.

use super::super::Look;
use super::deeds::{Deed, What};
use super::moved;
use crate::blocks::Does;
use crate::bot::SegmentRule;
use crate::catches::Signal;
use expr::{Events, Facts, Fuel, Root, Template, Truth};
use jiff::tz::TimeZone;
use model::{AttributeType, Instant, Record, TagKey, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

/// What one look at a rule or a value may cost.
const FUEL: u64 = 10_000;
/// Values of a number with which it is tried out whether it counts.
const TRIED: [i64; 4] = [0, 1, 7, 1_000_003];

/// Something about a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Tag(TagKey),
    List(String),
    Attribute(String),
    Status,
}

/// How it is.
#[derive(Clone, Debug, PartialEq)]
enum Now {
    Is(Option<Value>),
    /// Another number each time.
    Counted,
    Unsure,
}

/// What is known of a contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    items: BTreeMap<Item, Now>,
    /// Membership as it was last known; none where it was lost sight of.
    members: BTreeMap<String, Option<bool>>,
}

impl Known {
    /// Does what a step does; answers what surely changed with it, each with the deed that did it.
    pub(super) fn follow<'d, 'a>(&mut self, bot: &Look<'a>, deeds: &'d [Deed<'a>], watched: &[&str]) -> Vec<(Signal, &'d Deed<'a>)> {
        let mut touched: Vec<(Item, Option<Now>, &'d Deed<'a>)> = Vec::new();
        for deed in deeds {
            let (item, now) = self.after(bot, deed.what);
            let before = self.items.insert(item.clone(), now);
            match touched.iter_mut().find(|(known, _, _)| *known == item) {
                Some((_, _, last)) => *last = deed,
                None => touched.push((item, before, deed)),
            }
        }
        let mut signals = Vec::new();
        for (item, before, deed) in &touched {
            let Some(now) = self.items.get(item) else { continue };
            if is_change(before.as_ref(), now) {
                signals.extend(signal(item, now).map(|signal| (signal, *deed)));
            }
        }
        let Some((_, _, last)) = touched.last() else { return signals };
        for key in watched {
            let is = self.is_member(bot, key);
            let change = match (self.members.get(*key), is) {
                (None, None) => continue,
                (None, Some(_)) => true,
                (Some(before), Some(_)) => before.is_some() && *before != is,
                (Some(_), None) => false,
            };
            self.members.insert((*key).to_owned(), is);
            if let Some(entered) = is.filter(|_| change) {
                signals.push((moved(key, entered), *last));
            }
        }
        signals
    }

    /// What a deed is about, and how that is afterwards.
    fn after(&self, bot: &Look<'_>, what: What<'_>) -> (Item, Now) {
        let there = |is: bool| Now::Is(is.then_some(Value::Bool(true)));
        match what {
            What::Does(Does::Tag { label, added }) => (Item::Tag(TagKey::of(label.literal().unwrap_or_default().trim())), there(added)),
            What::Does(Does::List { segment, added }) => (Item::List(segment.to_owned()), there(added)),
            What::Does(Does::Status(status)) => (Item::Status, Now::Is(Some(Value::text(status)))),
            What::Does(Does::Stores(name, value)) => (Item::Attribute(name.to_owned()), self.stored(bot, name, value)),
            What::Does(Does::Unsets(name)) => {
                let default = bot.names.attribute(name).and_then(|declared| declared.default.clone());
                (Item::Attribute(name.to_owned()), Now::Is(default))
            }
            What::Fills(name) => (Item::Attribute(name.to_owned()), Now::Unsure),
        }
    }

    /// What an attribute is after a value was stored in it.
    fn stored(&self, bot: &Look<'_>, name: &str, value: &Template) -> Now {
        let Some(declared) = bot.names.attribute(name) else { return Now::Unsure };
        if declared.ty == AttributeType::Number && counts(bot, name, value) {
            return Now::Counted;
        }
        match made(&Seen::of(bot, self), value, &declared.ty) {
            Some(made) => Now::Is(made.or_else(|| declared.default.clone())),
            None => Now::Unsure,
        }
    }

    /// Whether the contact is in a segment, where that follows from what is known.
    fn is_member(&self, bot: &Look<'_>, key: &str) -> Option<bool> {
        let segment = bot.segments.get(key).filter(|segment| !segment.verified)?;
        for other in &segment.exclude {
            if self.is_member(bot, other)? {
                return Some(false);
            }
        }
        match &segment.rule {
            SegmentRule::Static => match self.items.get(&Item::List(key.to_owned()))? {
                Now::Is(there) => Some(there.is_some()),
                Now::Counted | Now::Unsure => None,
            },
            SegmentRule::Where(condition) => {
                let facts = Seen::of(bot, self);
                let verdict = condition.verdict(&facts, &mut Fuel::new(FUEL));
                (!facts.unsure.get()).then_some(verdict == Truth::True)
            }
        }
    }
}

/// Whether a number that is stored is another one whatever it was: `${visits + 1}`.
fn counts(bot: &Look<'_>, name: &str, value: &Template) -> bool {
    TRIED.into_iter().all(|tried| {
        let before = Value::Number(tried.into());
        let known = Known { items: [(Item::Attribute(name.to_owned()), Now::Is(Some(before.clone())))].into(), ..Known::default() };
        let facts = Seen::of(bot, &known);
        let made = made(&facts, value, &AttributeType::Number);
        facts.asked.get() && made.is_some_and(|made| made.is_some_and(|made| made != before))
    })
}

/// What a value comes to as one of a type, missing if it is; none if that is not sure.
fn made(facts: &Seen<'_, '_, '_>, value: &Template, ty: &AttributeType) -> Option<Option<Value>> {
    let made = value.value(facts, &mut Fuel::new(FUEL)).ok()?;
    let context =
        expr::Coercion { language: None, country: facts.bot.names.country.as_deref(), zone: &facts.zone, now: Instant::default() };
    let made = made.map(|made| expr::coerce(&made, ty, &context)).transpose().ok()?;
    (!facts.unsure.get()).then_some(made)
}

/// Whether something is surely another than before.
fn is_change(before: Option<&Now>, now: &Now) -> bool {
    match (before, now) {
        (_, Now::Unsure) | (Some(Now::Unsure), Now::Is(_)) => false,
        (None, Now::Is(_)) | (_, Now::Counted) | (Some(Now::Counted), Now::Is(_)) => true,
        (Some(Now::Is(before)), Now::Is(now)) => before != now,
    }
}

/// What a change is told as; a static segment and the status begin nothing themselves.
fn signal(item: &Item, now: &Now) -> Option<Signal> {
    match item {
        Item::Tag(key) => Some(Signal::Tag { name: key.as_str().to_owned(), added: matches!(now, Now::Is(Some(_))) }),
        Item::Attribute(name) => Some(Signal::Attribute { name: name.clone() }),
        Item::List(_) | Item::Status => None,
    }
}

/// A contact as rules and values see them: whoever asks for what is not known gets no answer, and it is noted.
struct Seen<'k, 'b, 'a> {
    bot: &'b Look<'a>,
    known: &'k Known,
    zone: TimeZone,
    /// Whether anything was asked for that is not known.
    unsure: Cell<bool>,
    /// Whether anything was asked for.
    asked: Cell<bool>,
}

impl<'k, 'b, 'a> Seen<'k, 'b, 'a> {
    fn of(bot: &'b Look<'a>, known: &'k Known) -> Self {
        Self { bot, known, zone: TimeZone::UTC, unsure: Cell::new(false), asked: Cell::new(false) }
    }

    /// What is not known.
    fn lost<T: Default>(&self) -> T {
        self.unsure.set(true);
        T::default()
    }

    /// How something is, if that is known.
    fn item(&self, item: &Item) -> Option<&Value> {
        self.asked.set(true);
        match self.known.items.get(item) {
            Some(Now::Is(value)) => value.as_ref(),
            Some(Now::Counted | Now::Unsure) | None => self.lost(),
        }
    }
}

impl Facts for Seen<'_, '_, '_> {
    fn now(&self) -> Instant {
        self.lost()
    }
    fn bot_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn contact_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn language(&self) -> Option<String> {
        self.lost()
    }
    fn variable<'f>(&'f self, _name: &str) -> Option<Cow<'f, Value>> {
        self.lost()
    }
    fn attribute<'f>(&'f self, name: &str) -> Option<Cow<'f, Value>> {
        if self.bot.names.attribute(name).is_none() {
            return self.lost();
        }
        self.item(&Item::Attribute(name.to_owned())).map(Cow::Borrowed)
    }
    fn system<'f>(&'f self, name: &str) -> Option<Cow<'f, Value>> {
        if name == "status" { self.item(&Item::Status).map(Cow::Borrowed) } else { self.lost() }
    }
    fn root(&self, _root: Root) -> Option<Record> {
        self.lost()
    }
    fn input(&self) -> Option<Value> {
        self.lost()
    }
    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.item(&Item::Tag(key.clone())).map(|_| Instant::default())
    }
    fn in_segment(&self, name: &str, _fuel: &mut Fuel) -> Truth {
        match self.known.is_member(self.bot, name) {
            Some(true) => Truth::True,
            Some(false) => Truth::False,
            None => {
                self.unsure.set(true);
                Truth::Unknown
            }
        }
    }
    fn has_channel(&self, _name: &str) -> bool {
        self.lost()
    }
    fn reachable(&self, _channel: Option<&str>) -> bool {
        self.lost()
    }
    fn consent(&self, _topic: &str) -> Truth {
        self.unsure.set(true);
        Truth::Unknown
    }
    fn ran_skill(&self, _skill: &str) -> Option<Instant> {
        self.lost()
    }
    fn events<'f>(&'f self, _name: &str) -> Option<Box<dyn Events + 'f>> {
        self.unsure.set(true);
        None
    }
    fn changed_at(&self, _attribute: &str) -> Option<Instant> {
        self.lost()
    }
    fn notes(&self) -> Vec<Cow<'_, str>> {
        self.lost()
    }
    fn is_open(&self, _calendar: &str) -> Option<bool> {
        self.lost()
    }
}
