//! One contact's facts out of the columns: what conditions ask, answered exactly as from the contact itself.

use super::{Chunk, Names, cells::Cells, names::NameId, table::Happened};
use crate::{Around, Past, Set, Who};
use expr::{Events, Facts, Fuel, Root, Truth};
use jiff::tz::TimeZone;
use model::{Instant, Record, TagKey, Value};
use std::{borrow::Cow, cell::OnceCell};

/// What is known about one contact at an instant.
pub struct Row<'a> {
    chunk: &'a Chunk,
    names: &'a Names,
    row: usize,
    now: Instant,
    around: &'a dyn Around,
    set: &'a Set,
    /// The contact's zone, looked up when it is first asked for.
    zone: OnceCell<TimeZone>,
    /// The zones of the chunk's contacts, where many of them are asked for.
    zones: Option<&'a OnceCell<Zones>>,
}

/// The zones that the contacts of a chunk live in, each looked up once.
pub(crate) struct Zones {
    /// The column of their names.
    column: Option<NameId>,
    /// By the place of the name in the column's dictionary; none for a name that is no zone.
    zones: Vec<Option<TimeZone>>,
}

impl Zones {
    fn of(chunk: &Chunk, names: &Names) -> Self {
        let column = names.get("timezone");
        let zone = |word: &Value| match word {
            Value::Text(name) => TimeZone::get(name).ok(),
            _ => None,
        };
        let zones = match column.and_then(|column| chunk.system.get(column)).map(|column| &**column) {
            Some(Cells::Words(words)) => words.words.iter().map(zone).collect(),
            _ => Vec::new(),
        };
        Self { column, zones }
    }

    fn at(&self, chunk: &Chunk, row: usize) -> Option<&TimeZone> {
        let Cells::Words(words) = &**chunk.system.get(self.column?)? else { return None };
        self.zones.get((words.codes.get(row) as usize).checked_sub(1)?)?.as_ref()
    }
}

impl<'a> Row<'a> {
    pub(crate) fn new(chunk: &'a Chunk, names: &'a Names, row: usize, now: Instant, around: &'a dyn Around, set: &'a Set) -> Self {
        Self { chunk, names, row, now, around, set, zone: OnceCell::new(), zones: None }
    }

    /// The same where more of the chunk's contacts are asked, who share zones.
    pub(crate) fn among(self, zones: &'a OnceCell<Zones>) -> Self {
        Self { zones: Some(zones), ..self }
    }

    /// The hash of the set of rules that the contact's memberships were judged by; 0: none yet.
    pub fn judged_by(&self) -> u64 {
        self.chunk.rules.get(self.row).copied().unwrap_or(0)
    }

    /// Whether the contact's record says that they are in a segment: what is durable of it, whatever holds now.
    pub fn noted(&self, key: &str) -> bool {
        self.names.get(key).and_then(|number| self.chunk.members.get(number)).is_some_and(|of| of.rows().has(self.row))
    }

    fn column(&self, name: &str) -> Option<Cow<'a, Value>> {
        self.chunk.system(self.names, name, self.row)
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.column(name)?)
    }

    fn status(&self) -> Option<Cow<'a, str>> {
        text(self.chunk.status.get(self.row)?)
    }

    fn weekday(&self) -> &'static str {
        use jiff::civil::Weekday;
        match self.contact_zone().to_datetime(self.now.to_timestamp()).weekday() {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }
}

fn text(value: Cow<'_, Value>) -> Option<Cow<'_, str>> {
    match value {
        Cow::Borrowed(Value::Text(text)) => Some(Cow::Borrowed(text)),
        Cow::Owned(Value::Text(text)) => Some(Cow::Owned(text)),
        _ => None,
    }
}

/// Whether a status lets messages through that nobody asked for.
pub(crate) fn subscribed(status: &str) -> bool {
    !matches!(status, "unsubscribed" | "blocked")
}

fn owned<'a>(value: Value) -> Option<Cow<'a, Value>> {
    Some(Cow::Owned(value))
}

impl Facts for Row<'_> {
    fn now(&self) -> Instant {
        self.now
    }

    fn bot_zone(&self) -> &TimeZone {
        self.around.zone()
    }

    fn contact_zone(&self) -> &TimeZone {
        if let Some(zones) = self.zones {
            let zones = zones.get_or_init(|| Zones::of(self.chunk, self.names));
            return zones.at(self.chunk, self.row).unwrap_or_else(|| self.around.zone());
        }
        self.zone.get_or_init(|| {
            // A name the channel gave that is no zone is as if it had given none.
            let named = self.text("timezone").and_then(|name| TimeZone::get(&name).ok());
            named.unwrap_or_else(|| self.around.zone().clone())
        })
    }

    fn language(&self) -> Option<String> {
        let value = self.attribute("language").or_else(|| self.column("language"))?;
        text(value).map(Cow::into_owned)
    }

    fn variable<'a>(&'a self, _: &str) -> Option<Cow<'a, Value>> {
        None
    }

    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        let Some(declared) = self.around.declared(name) else { return self.around.global(name).map(Cow::Borrowed) };
        self.chunk
            .attribute(self.names, name, self.row)
            .or_else(|| declared.default.as_ref().map(Cow::Borrowed))
            .or_else(|| self.column(name))
    }

    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        match name {
            "full_name" => {
                let parts: Vec<Cow<'_, str>> = ["first_name", "last_name"].into_iter().filter_map(|n| self.text(n)).collect();
                if parts.is_empty() { None } else { owned(Value::text(parts.join(" "))) }
            }
            "contact_id" => owned(Value::text(self.chunk.id(self.row)?.to_string())),
            "channel" | "first_channel" => self.chunk.first_channel.get(self.row),
            "conversation_count" => self.chunk.addresses.get(self.row),
            "subscribed" => owned(Value::Bool(subscribed(&self.status().unwrap_or_default()))),
            counter if expr::COUNTERS.contains(&counter) => self.column(name).or_else(|| owned(Value::Number(0.into()))),
            "status" => self.chunk.status.get(self.row),
            "source" => self.chunk.source.get(self.row),
            "first_seen" => self.chunk.first_seen.get(self.row),
            "last_seen" => self.chunk.last_seen.get(self.row),
            "is_new" => {
                let same = Chunk::instant(&self.chunk.first_seen, self.row) == Chunk::instant(&self.chunk.last_seen, self.row);
                owned(Value::Bool(same))
            }
            "timezone" => owned(Value::text(self.contact_zone().iana_name().unwrap_or("UTC"))),
            "now" => owned(Value::DateTime(self.now)),
            "today" => owned(Value::Date(self.around.zone().to_datetime(self.now.to_timestamp()).date())),
            "hour" => owned(Value::Number(self.contact_zone().to_datetime(self.now.to_timestamp()).hour().into())),
            "weekday" => owned(Value::text(self.weekday())),
            _ => self.column(name),
        }
    }

    /// Segments see the bot alone: there is no event, run or queue.
    fn root(&self, root: Root) -> Option<Record> {
        match root {
            Root::Bot => self.around.about(self.language().as_deref()),
            Root::Event | Root::Run | Root::Queue => None,
        }
    }

    fn input(&self) -> Option<Value> {
        None
    }

    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.chunk.tags.get(self.names.get(key.as_str())?)?.get(self.row)
    }

    fn in_segment(&self, name: &str, fuel: &mut Fuel) -> Truth {
        self.set.is_member(name, self, fuel)
    }

    fn has_channel(&self, name: &str) -> bool {
        self.names.get(name).and_then(|id| self.chunk.channels.get(id)).is_some_and(|of| of.has.has(self.row))
    }

    fn reachable(&self, channel: Option<&str>) -> bool {
        match channel {
            Some(name) => self.names.get(name).and_then(|id| self.chunk.channels.get(id)).is_some_and(|of| of.through.has(self.row)),
            None => self.chunk.channels.iter().any(|(_, of)| of.through.has(self.row)),
        }
    }

    fn consent(&self, topic: &str) -> Truth {
        if self.status().as_deref() == Some("unsubscribed") {
            return Truth::False;
        }
        match self.names.get(topic).and_then(|id| self.chunk.consents.get(id)) {
            Some(of) if of.given.has(self.row) => Truth::True,
            Some(of) if of.refused.has(self.row) => Truth::False,
            Some(_) | None => Truth::Unknown,
        }
    }

    fn ran_skill(&self, skill: &str) -> Option<Instant> {
        self.chunk.ran.get(self.names.get(skill)?)?.get(self.row)
    }

    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        events(self.chunk, self.names, self.row, name)
    }

    fn changed_at(&self, attribute: &str) -> Option<Instant> {
        self.chunk.changed.get(self.names.get(attribute)?)?.get(self.row)
    }

    fn notes(&self) -> Vec<Cow<'_, str>> {
        let key = u16::try_from(self.row).unwrap_or(u16::MAX);
        self.chunk.notes.get(&key).map_or_else(Vec::new, |notes| notes.iter().map(|note| Cow::Borrowed(&**note)).collect())
    }

    fn is_open(&self, calendar: &str) -> Option<bool> {
        self.around.is_open(calendar, self.now)
    }

    fn calendar_turns(&self, calendar: &str) -> Option<Instant> {
        self.around.calendar_turns(calendar, self.now)
    }
}

impl Who for Row<'_> {
    fn listed(&self, key: &str) -> bool {
        self.names.get(key).and_then(|id| self.chunk.lists.get(id)).is_some_and(|list| list.has(self.row))
    }
    fn verified(&self) -> bool {
        self.column("verified_id").is_some()
    }
}

fn events<'a>(chunk: &'a Chunk, names: &'a Names, row: usize, name: &str) -> Option<Box<dyn Events + 'a>> {
    let table = chunk.events.get(names.get(name)?)?;
    let places = table.places(row)?;
    Some(Box::new(Happened { table, names, places }))
}

/// One contact's recorded events, out of the columns.
#[derive(Clone, Copy)]
pub struct RowPast<'a> {
    at: Option<(&'a Chunk, usize)>,
    names: &'a Names,
}

impl<'a> RowPast<'a> {
    pub(crate) fn new(at: Option<(&'a Chunk, usize)>, names: &'a Names) -> Self {
        Self { at, names }
    }
}

impl Past for RowPast<'_> {
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        let (chunk, row) = self.at?;
        events(chunk, self.names, row, name)
    }
}
