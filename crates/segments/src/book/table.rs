//! The events of one name of a chunk's contacts: times in order for each contact, and a column for each field.

use super::{
    cells::Cells,
    names::{NameId, Names},
};
use expr::Events;
use model::{EventRecord, Instant, Record, Value};
use std::{borrow::Cow, ops::Range};

/// So many fields have a column of their own; any more of one name share one.
const FIELDS: usize = 24;

/// Where a contact's events stand.
#[derive(Clone, Copy, Debug)]
struct Slot {
    start: u32,
    len: u32,
    /// So many places are kept for them.
    room: u32,
}

/// Events of one name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// The contacts that have any, in order.
    rows: Vec<u16>,
    slots: Vec<Slot>,
    at: Vec<i64>,
    fields: Vec<(NameId, Cells)>,
    /// Fields beyond those, as records.
    rest: Option<Cells>,
    /// Places that nobody needs any more.
    holes: usize,
}

impl Table {
    fn slot(&self, row: usize) -> Option<usize> {
        let row = u16::try_from(row).ok()?;
        // Mostly everybody has some.
        if self.rows.get(usize::from(row)) == Some(&row) {
            return Some(usize::from(row));
        }
        self.rows.binary_search(&row).ok()
    }

    /// Where a contact's events stand.
    pub fn places(&self, row: usize) -> Option<Range<usize>> {
        let slot = self.slots.get(self.slot(row)?)?;
        Some(slot.start as usize..(slot.start + slot.len) as usize)
    }

    /// The contacts that have events, in order, and where these stand.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.rows.iter().zip(&self.slots).map(|(row, slot)| (usize::from(*row), slot.start as usize..(slot.start + slot.len) as usize))
    }

    /// When the events happened, by place.
    pub fn times(&self) -> &[i64] {
        &self.at
    }

    /// A field's column, by place; none if no event has the field or it has none of its own.
    pub fn field(&self, name: NameId) -> Option<&Cells> {
        self.fields.iter().find(|(of, _)| *of == name).map(|(_, cells)| cells)
    }

    /// The fields that have a column of their own.
    pub fn field_names(&self) -> impl Iterator<Item = NameId> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// Whether some fields stand in no column of their own.
    pub fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

    pub fn value(&self, place: usize, name: &str, names: &Names) -> Option<Cow<'_, Value>> {
        if let Some(cells) = names.get(name).and_then(|id| self.field(id)) {
            return cells.get(place);
        }
        match self.rest.as_ref()?.get(place)? {
            Cow::Borrowed(Value::Record(fields)) => fields.get(name).map(Cow::Borrowed),
            Cow::Owned(Value::Record(mut fields)) => fields.remove(name).map(Cow::Owned),
            _ => None,
        }
    }

    /// Makes room for more events of a contact.
    pub fn reserve(&mut self, row: usize, more: usize) {
        let at = self.slot(row).unwrap_or_else(|| {
            let row = u16::try_from(row).expect("a chunk has fewer rows than that");
            let at = self.rows.partition_point(|other| *other < row);
            self.rows.insert(at, row);
            self.slots.insert(at, Slot { start: small(self.at.len()), len: 0, room: 0 });
            at
        });
        let Some(slot) = self.slots.get(at).copied() else { return };
        let needed = slot.len as usize + more;
        if needed <= slot.room as usize {
            return;
        }
        // One event more will be followed by others; many at once are all there are.
        let room = if more > 1 || slot.len == 0 { needed } else { needed + needed / 2 };
        let (start, end) = (slot.start as usize, slot.start as usize + slot.len as usize);
        if start + slot.room as usize == self.at.len() {
            self.resize(start + room);
            self.slots[at].room = small(room);
            return;
        }
        let to = self.at.len();
        self.resize(to + room);
        self.at.copy_within(start..end, to);
        for (_, cells) in &mut self.fields {
            cells.copy_within(start..end, to);
        }
        if let Some(rest) = &mut self.rest {
            rest.copy_within(start..end, to);
        }
        self.slots[at] = Slot { start: small(to), len: slot.len, room: small(room) };
        self.holes += slot.room as usize;
        if self.holes > 256 && self.holes > self.at.len() / 4 {
            self.compact(Some(at));
        }
    }

    fn resize(&mut self, to: usize) {
        if to > self.at.capacity() {
            self.at.reserve_exact((to - self.at.len()).max(self.at.len() / 8));
        }
        self.at.resize(to, i64::MAX);
        for (_, cells) in &mut self.fields {
            cells.resize(to);
        }
        if let Some(rest) = &mut self.rest {
            rest.resize(to);
        }
    }

    /// Puts everything side by side again; the room of one contact is kept.
    fn compact(&mut self, roomy: Option<usize>) {
        let mut places = Vec::with_capacity(self.slots.len());
        let mut next = 0;
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let room = if roomy == Some(at) { slot.room } else { slot.len };
            places.push(slot.start as usize..(slot.start + room) as usize);
            *slot = Slot { start: next, len: slot.len, room };
            next += room;
        }
        let mut at = Vec::with_capacity(next as usize);
        for place in &places {
            at.extend_from_slice(self.at.get(place.clone()).unwrap_or_default());
        }
        self.at = at;
        for (_, cells) in &mut self.fields {
            *cells = cells.pick(&places);
        }
        self.rest = self.rest.as_ref().map(|rest| rest.pick(&places));
        self.holes = 0;
    }

    /// Puts an event to its place in time, after those of the same instant.
    pub fn add(&mut self, row: usize, event: &EventRecord, number: &mut dyn FnMut(&str) -> NameId) {
        self.reserve(row, 1);
        let Some(slot) = self.slot(row).and_then(|at| self.slots.get_mut(at)) else { return };
        let (start, end) = (slot.start as usize, slot.start as usize + slot.len as usize);
        slot.len += 1;
        let place = start + self.at.get(start..end).unwrap_or_default().partition_point(|at| *at <= event.at.0);
        if place < end {
            self.at.copy_within(place..end, place + 1);
            for (_, cells) in &mut self.fields {
                cells.copy_within(place..end, place + 1);
            }
            if let Some(rest) = &mut self.rest {
                rest.copy_within(place..end, place + 1);
            }
        }
        if let Some(at) = self.at.get_mut(place) {
            *at = event.at.0;
        }
        for (_, cells) in &mut self.fields {
            cells.set(place, None);
        }
        if let Some(rest) = &mut self.rest {
            rest.set(place, None);
        }
        let mut others = Record::new();
        for (name, value) in &event.fields {
            let id = number(name);
            if let Some((_, cells)) = self.fields.iter_mut().find(|(of, _)| *of == id) {
                cells.set(place, Some(value));
            } else if self.fields.len() < FIELDS {
                let mut cells = Cells::Empty(self.at.len());
                cells.set(place, Some(value));
                self.fields.push((id, cells));
            } else {
                others.insert(name.clone(), value.clone());
            }
        }
        if !others.is_empty() {
            let len = self.at.len();
            let rest = self.rest.get_or_insert(Cells::Empty(len));
            rest.set(place, Some(&Value::Record(others)));
        }
    }

    /// Forgets a contact's events.
    pub fn remove(&mut self, row: usize) {
        if let Some(at) = self.slot(row) {
            self.rows.remove(at);
            self.slots.remove(at);
            // What they said is forgotten too, not only where it stood.
            self.compact(None);
        }
    }

    pub fn has(&self, row: usize) -> bool {
        self.slot(row).is_some()
    }

    pub fn bytes(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(_, cells)| cells.bytes()).sum();
        size_of::<Self>()
            + self.rows.capacity() * 2
            + self.slots.capacity() * 12
            + self.at.capacity() * 8
            + fields
            + self.rest.as_ref().map_or(0, Cells::bytes)
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// One contact's events of a name.
pub(crate) struct Happened<'b> {
    pub table: &'b Table,
    pub names: &'b Names,
    pub places: Range<usize>,
}

impl Events for Happened<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }
    fn at(&self, index: usize) -> Instant {
        self.table.times().get(self.places.start + index).map_or(Instant::MIN, |at| Instant(*at))
    }
    fn field<'a>(&'a self, index: usize, name: &str) -> Option<Cow<'a, Value>> {
        self.table.value(self.places.start + index, name, self.names)
    }
}
