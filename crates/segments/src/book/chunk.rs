//! The columns of up to 1,024 contacts.
//!
//! Each column is shared between the book and its snapshots until one of them writes to it.

use super::{
    column::Column,
    mask::{Mask, ROWS},
    names::{NameId, Names, Shelf},
    stamps::Stamps,
    table::Table,
};
use model::{Contact, ContactId, EventRecord, Instant, Record, Value};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// Where contacts can be found on one channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    pub has: Mask,
    /// Messages get through.
    pub through: Mask,
}

/// What contacts said about one topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answered {
    pub given: Mask,
    pub refused: Mask,
}

/// Contacts as columns.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// Whoever had a row keeps it here, even once removed.
    pub ids: Arc<Vec<ContactId>>,
    /// The rows of contacts that are there.
    pub live: Mask,
    /// Which rules the memberships were judged by.
    pub rules: Arc<Vec<u64>>,
    pub attributes: Shelf<Column>,
    pub system: Shelf<Column>,
    pub status: Arc<Column>,
    pub source: Arc<Column>,
    pub first_seen: Arc<Column>,
    pub last_seen: Arc<Column>,
    pub first_channel: Arc<Column>,
    pub addresses: Arc<Column>,
    pub channels: Shelf<Reached>,
    pub tags: Shelf<Stamps>,
    pub lists: Shelf<Mask>,
    /// The segments they were in when last judged durably, and since when.
    pub members: Shelf<Stamps>,
    pub ran: Shelf<Stamps>,
    pub changed: Shelf<Stamps>,
    pub consents: Shelf<Answered>,
    pub notes: Arc<BTreeMap<u16, Box<[Box<str>]>>>,
    pub events: Shelf<Table>,
}

impl Default for Chunk {
    fn default() -> Self {
        let empty = || Arc::new(Column::default());
        Self {
            ids: Arc::new(Vec::new()),
            live: Mask::default(),
            rules: Arc::default(),
            attributes: Shelf::default(),
            system: Shelf::default(),
            status: empty(),
            source: empty(),
            first_seen: empty(),
            last_seen: empty(),
            first_channel: empty(),
            addresses: empty(),
            channels: Shelf::default(),
            tags: Shelf::default(),
            lists: Shelf::default(),
            members: Shelf::default(),
            ran: Shelf::default(),
            changed: Shelf::default(),
            consents: Shelf::default(),
            notes: Arc::default(),
            events: Shelf::default(),
        }
    }
}

/// Writes to a column only if something changes, so that a shared one is not copied for nothing.
fn write(column: &mut Arc<Column>, row: usize, value: Option<&Value>) {
    if !same(column.get(row).as_deref(), value) {
        Arc::make_mut(column).set(row, value);
    }
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => super::words::identical(a, b),
        _ => false,
    }
}

impl Chunk {
    /// Whether there is no row left.
    pub fn is_full(&self) -> bool {
        self.ids.len() >= ROWS
    }

    /// A row for a new contact.
    pub fn push(&mut self, id: ContactId) -> usize {
        let ids = Arc::make_mut(&mut self.ids);
        let row = ids.len();
        ids.push(id);
        Arc::make_mut(&mut self.rules).push(0);
        self.live.set(row, true);
        row
    }

    /// Writes everything about a contact but the events, or what differs from before.
    pub fn put(&mut self, row: usize, before: Option<&Contact>, contact: &Contact, number: &mut dyn FnMut(&str) -> NameId) {
        /// Whether something is to be written.
        macro_rules! differs {
            ($($field:ident),+) => { before.is_none_or(|before| $(before.$field != contact.$field)||+) };
        }
        if self.rules.get(row) != Some(&contact.rules)
            && let Some(rules) = Arc::make_mut(&mut self.rules).get_mut(row)
        {
            *rules = contact.rules;
        }
        // A value that is written another way may be equal.
        let is_written = |before: &Record, now: &Record| {
            before.len() == now.len()
                && before.iter().zip(now).all(|((key, was), (name, is))| key == name && super::words::identical(was, is))
        };
        if before.is_none_or(|before| !is_written(&before.attributes, &contact.attributes)) {
            record(&mut self.attributes, row, &contact.attributes, number);
        }
        if before.is_none_or(|before| !is_written(&before.system, &contact.system)) {
            record(&mut self.system, row, &contact.system, number);
        }
        if differs!(status, source) {
            write(&mut self.status, row, Some(&Value::text(contact.status.as_str())));
            write(&mut self.source, row, Some(&Value::text(contact.source.as_str())));
        }
        if differs!(first_seen, last_seen) {
            write(&mut self.first_seen, row, Some(&Value::DateTime(contact.first_seen)));
            write(&mut self.last_seen, row, Some(&Value::DateTime(contact.last_seen)));
        }
        if differs!(addresses) {
            let first = contact.addresses.first().map(|reach| Value::text(reach.address.channel.as_str()));
            write(&mut self.first_channel, row, first.as_ref());
            write(&mut self.addresses, row, Some(&Value::Number(contact.addresses.len().into())));
            self.put_channels(row, contact, number);
        }
        if differs!(tags) {
            stamps(&mut self.tags, row, contact.tags.iter().map(|(key, tag)| (key.as_str(), tag.at)), number);
        }
        if differs!(ran) {
            stamps(&mut self.ran, row, contact.ran.iter().map(|(skill, at)| (skill.as_str(), *at)), number);
        }
        if differs!(changed) {
            stamps(&mut self.changed, row, contact.changed.iter().map(|(name, at)| (name.as_str(), *at)), number);
        }
        if differs!(memberships) {
            stamps(&mut self.members, row, contact.memberships.iter().map(|(key, since)| (key.as_str(), *since)), number);
        }
        if differs!(lists) {
            masks(&mut self.lists, row, contact.lists.keys(), number);
        }
        if differs!(consents) {
            self.put_consents(row, contact, number);
        }
        if differs!(notes) {
            self.put_notes(row, contact);
        }
    }

    fn put_channels(&mut self, row: usize, contact: &Contact, number: &mut dyn FnMut(&str) -> NameId) {
        let mut now: Vec<(NameId, bool)> = Vec::with_capacity(contact.addresses.len());
        for reach in &contact.addresses {
            let (id, through) = (number(&reach.address.channel), reach.unreachable.is_none());
            match now.iter_mut().find(|(known, _)| *known == id) {
                Some((_, any)) => *any |= through,
                None => now.push((id, through)),
            }
        }
        for (id, through) in &now {
            if self.channels.get(*id).is_none_or(|of| !of.has.has(row) || of.through.has(row) != *through) {
                let of = self.channels.make(*id, Reached::default);
                of.has.set(row, true);
                of.through.set(row, *through);
            }
        }
        let gone = |id: NameId, of: &Reached| of.has.has(row) && !now.iter().any(|(known, _)| *known == id);
        self.channels.each_where(gone, |_, of| {
            of.has.set(row, false);
            of.through.set(row, false);
        });
    }

    fn put_consents(&mut self, row: usize, contact: &Contact, number: &mut dyn FnMut(&str) -> NameId) {
        let now: Vec<(NameId, bool)> = contact.consents.iter().map(|(topic, consent)| (number(topic), consent.given)).collect();
        for (id, given) in &now {
            let known = self.consents.get(*id);
            if known.is_none_or(|of| of.given.has(row) != *given || of.refused.has(row) == *given) {
                let of = self.consents.make(*id, Answered::default);
                of.given.set(row, *given);
                of.refused.set(row, !*given);
            }
        }
        let gone = |id: NameId, of: &Answered| (of.given.has(row) || of.refused.has(row)) && !now.iter().any(|(known, _)| *known == id);
        self.consents.each_where(gone, |_, of| {
            of.given.set(row, false);
            of.refused.set(row, false);
        });
    }

    fn put_notes(&mut self, row: usize, contact: &Contact) {
        let key = u16::try_from(row).unwrap_or(u16::MAX);
        let known = self.notes.get(&key).map_or(&[] as &[Box<str>], |notes| notes);
        if known.len() == contact.notes.len() && known.iter().zip(&contact.notes).all(|(known, note)| **known == *note.text) {
            return;
        }
        let notes = Arc::make_mut(&mut self.notes);
        if contact.notes.is_empty() {
            notes.remove(&key);
        } else {
            notes.insert(key, contact.notes.iter().map(|note| note.text.as_str().into()).collect());
        }
    }

    /// Puts events to their places in time.
    pub fn add_events(&mut self, row: usize, events: &[EventRecord], number: &mut dyn FnMut(&str) -> NameId) {
        let mut rest = events;
        // What comes in one go is mostly of few names: room is made once for each.
        let mut counted: Vec<(&str, usize)> = Vec::new();
        for event in events {
            match counted.iter_mut().find(|(name, _)| *name == event.name) {
                Some((_, count)) => *count += 1,
                None => counted.push((&event.name, 1)),
            }
        }
        for (name, count) in counted {
            self.events.make(number(name), Table::default).reserve(row, count);
        }
        while let Some((event, others)) = rest.split_first() {
            let id = number(&event.name);
            let table = self.events.make(id, Table::default);
            table.add(row, event, number);
            rest = others;
            while let Some((next, others)) = rest.split_first().filter(|(next, _)| next.name == event.name) {
                table.add(row, next, number);
                rest = others;
            }
        }
    }

    /// Forgets a contact; the row is never given to another.
    pub fn remove(&mut self, row: usize) {
        self.live.set(row, false);
        let has = |_: NameId, column: &Column| column.rows().has(row);
        self.attributes.each_where(has, |_, cells| cells.forget(row));
        self.system.each_where(has, |_, cells| cells.forget(row));
        for column in
            [&mut self.status, &mut self.source, &mut self.first_seen, &mut self.last_seen, &mut self.first_channel, &mut self.addresses]
        {
            Arc::make_mut(column).forget(row);
        }
        self.channels.each_where(
            |_, of| of.has.has(row),
            |_, of| {
                of.has.set(row, false);
                of.through.set(row, false);
            },
        );
        for shelf in [&mut self.tags, &mut self.members, &mut self.ran, &mut self.changed] {
            shelf.each_where(|_, of| of.rows().has(row), |_, of| of.set(row, None));
        }
        self.lists.each_where(|_, of| of.has(row), |_, of| _ = of.set(row, false));
        self.consents.each_where(
            |_, of| of.given.has(row) || of.refused.has(row),
            |_, of| {
                of.given.set(row, false);
                of.refused.set(row, false);
            },
        );
        if let Ok(key) = u16::try_from(row)
            && self.notes.contains_key(&key)
        {
            Arc::make_mut(&mut self.notes).remove(&key);
        }
        self.remove_events(row, |_, _| true);
    }

    /// Forgets what happened to a contact, of the names that are wanted by how many of each there are.
    pub fn remove_events(&mut self, row: usize, wanted: impl Fn(NameId, usize) -> bool) {
        let is_wanted = |name, table: &Table| table.places(row).is_some_and(|places| wanted(name, places.len()));
        self.events.each_where(is_wanted, |_, table| table.remove(row));
    }

    /// Whether anything of this name happened to a contact.
    pub fn has_events(&self, row: usize, name: NameId) -> bool {
        self.events.get(name).is_some_and(|table| table.has(row))
    }

    pub fn id(&self, row: usize) -> Option<ContactId> {
        self.ids.get(row).copied()
    }

    pub fn system<'a>(&'a self, names: &Names, name: &str, row: usize) -> Option<Cow<'a, Value>> {
        self.system.get(names.get(name)?)?.get(row)
    }

    pub fn attribute<'a>(&'a self, names: &Names, name: &str, row: usize) -> Option<Cow<'a, Value>> {
        self.attributes.get(names.get(name)?)?.get(row)
    }

    pub fn instant(column: &Column, row: usize) -> Instant {
        match column.get(row).as_deref() {
            Some(Value::DateTime(at)) => *at,
            _ => Instant::default(),
        }
    }

    pub fn bytes(&self) -> Bytes {
        let cells = |shelf: &Shelf<Column>| shelf.iter().map(|(_, cells)| cells.bytes() + 64).sum::<usize>();
        let stamps = |shelf: &Shelf<Stamps>| shelf.iter().map(|(_, of)| of.bytes() + 16).sum::<usize>();
        let own = [&self.status, &self.source, &self.first_seen, &self.last_seen, &self.first_channel, &self.addresses];
        let bits = self.lists.iter().count() * 160 + (self.channels.iter().count() + self.consents.iter().count()) * 290;
        let notes: usize = self.notes.values().flat_map(|notes| notes.iter()).map(|note| note.len() + 16).sum();
        Bytes {
            attributes: cells(&self.attributes) + cells(&self.system) + own.iter().map(|cells| cells.bytes()).sum::<usize>() + notes,
            tags: stamps(&self.tags) + stamps(&self.members) + stamps(&self.ran) + stamps(&self.changed) + bits,
            events: self.events.iter().map(|(_, table)| table.bytes()).sum(),
            ids: self.ids.capacity() * 16 + self.rules.capacity() * 8,
        }
    }
}

/// How much memory columns take, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Attributes, what channels know, notes.
    pub attributes: usize,
    /// Tags, runs, changes, lists, memberships, channels, consents.
    pub tags: usize,
    /// Recorded events.
    pub events: usize,
    /// Who stands in which row.
    pub ids: usize,
}

impl Bytes {
    /// All of it.
    pub fn all(&self) -> usize {
        self.attributes + self.tags + self.events + self.ids
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.attributes += other.attributes;
        self.tags += other.tags;
        self.events += other.events;
        self.ids += other.ids;
    }
}

fn record(shelf: &mut Shelf<Column>, row: usize, record: &Record, number: &mut dyn FnMut(&str) -> NameId) {
    let now: Vec<(NameId, &Value)> = record.iter().map(|(name, value)| (number(name), value)).collect();
    for (id, value) in &now {
        if !same(shelf.get(*id).and_then(|cells| cells.get(row)).as_deref(), Some(value)) {
            shelf.make(*id, Column::default).set(row, Some(value));
        }
    }
    let gone = |id: NameId, column: &Column| column.rows().has(row) && !now.iter().any(|(known, _)| *known == id);
    shelf.each_where(gone, |_, cells| cells.set(row, None));
}

fn stamps<'c>(shelf: &mut Shelf<Stamps>, row: usize, of: impl Iterator<Item = (&'c str, Instant)>, number: &mut dyn FnMut(&str) -> NameId) {
    let now: Vec<(NameId, Instant)> = of.map(|(name, at)| (number(name), at)).collect();
    for (id, at) in &now {
        if shelf.get(*id).and_then(|stamps| stamps.get(row)) != Some(*at) {
            shelf.make(*id, Stamps::default).set(row, Some(*at));
        }
    }
    let gone = |id: NameId, stamps: &Stamps| stamps.rows().has(row) && !now.iter().any(|(known, _)| *known == id);
    shelf.each_where(gone, |_, stamps| stamps.set(row, None));
    shelf.keep(|stamps| !stamps.rows().is_empty());
}

fn masks<'c>(shelf: &mut Shelf<Mask>, row: usize, of: impl Iterator<Item = &'c String>, number: &mut dyn FnMut(&str) -> NameId) {
    let now: Vec<NameId> = of.map(|name| number(name)).collect();
    for id in &now {
        if shelf.get(*id).is_none_or(|mask| !mask.has(row)) {
            shelf.make(*id, Mask::default).set(row, true);
        }
    }
    shelf.each_where(|id, mask| mask.has(row) && !now.contains(&id), |_, mask| _ = mask.set(row, false));
}
