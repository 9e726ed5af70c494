//! Everything as it was at one moment: a database that nothing writes to, and what was newer in memory then.
//!
//! It is read from a copy of the database. While a store serves, that is made in slices on the checkpoint's thread, as a compaction does it
//! ([`crate::compact`]); at the end, between two slices, what is in memory is taken along. Of a folder at rest it is a copy of the files
//! ([`FrozenStore::open`]), because sled writes to whatever it opens and a look changes nothing. Nobody but the reader has the copy, and it
//! goes with it.

use crate::{
    Options,
    db::Db,
    folder,
    history::{Gone, Past, Tail},
    layout, recover,
    rows::{self, Indexed, Row},
    shared::{Shared, lock, panic_text},
    state::{RecordKey, State},
};
use model::{Address, ContactId, Forgotten, Person};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{Damage, Each, Error, Frozen, Moment, Part, codec};

/// The rows of a stretch.
const STRETCH: usize = 256;

/// A person who was newer in memory.
pub(crate) struct Newer {
    pub person: Arc<Person>,
    pub disk: Indexed,
    /// Entries that are not in pages.
    pub tail: Tail,
    /// What lines in pages are to say no more.
    pub unname: Gone,
}

/// What was newer in memory; nothing there: it was erased or deleted.
#[derive(Default)]
pub(crate) struct Overlay {
    pub people: BTreeMap<ContactId, Option<Newer>>,
    /// Pages of those who were erased and are not out of the database yet.
    pub pages: HashSet<u64>,
    pub addresses: HashMap<Address, Option<ContactId>>,
    pub records: BTreeMap<RecordKey, Option<Value>>,
    /// People there were.
    pub known: u64,
}

/// Lets the next one be made when this one goes.
pub(crate) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Takes the turn, unless somebody has it.
    pub fn take(of: &Arc<AtomicBool>) -> Option<Self> {
        (!of.swap(true, Ordering::AcqRel)).then(|| Self(of.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Everything as it was at one moment.
pub struct FrozenStore {
    db: Db,
    pub(crate) overlay: Overlay,
    /// What is to go when the database is closed.
    _copy: Copied,
    /// Holds the folder, if it is one at rest.
    _lock: Option<File>,
}

/// A copy of a database, removed in the end.
struct Copied {
    path: PathBuf,
    /// The turn of a store that serves.
    _turn: Option<Turn>,
}

impl Drop for Copied {
    fn drop(&mut self) {
        // It goes at the next start otherwise.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A database that was copied, and nothing newer yet.
pub(crate) fn of_copy(db: Db, path: PathBuf, turn: Turn) -> FrozenStore {
    FrozenStore { db, overlay: Overlay::default(), _copy: Copied { path, _turn: Some(turn) }, _lock: None }
}

/// What is newer in memory. Nothing may be on its way to the database.
pub(crate) fn overlay(state: &State) -> Overlay {
    let (people, pages) = state.newer();
    Overlay {
        people,
        pages,
        addresses: state.addresses.clone(),
        records: state.records.iter().map(|(key, slot)| (key.clone(), slot.value.clone())).collect(),
        known: state.people,
    }
}

impl FrozenStore {
    /// What is in a folder that no process has; nobody gets it until this is dropped. Nothing in the folder is changed, whatever a crash
    /// left there and whichever version wrote it; as long as this lives there is a copy of the database beside it.
    ///
    /// # Errors
    /// Those of opening a store; [`Error::NoCopy`] if there is no room for the copy.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let dir = dir.as_ref();
        if !dir.join("format").exists() {
            return Err(Error::Invalid(format!("{} is no data folder: it has no file \"format\"", dir.display())));
        }
        let held = folder::lock(dir)?;
        folder::check(dir)?;
        let copy = Copied { path: layout::copy_to_read(dir, &options)?, _turn: None };
        let Shared { db, state, _lock: held, .. } = recover::look(dir, &copy.path, options, held)?;
        let state = state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(Self { overlay: overlay(&state), db, _copy: copy, _lock: Some(held) })
    }
}

/// Whose document it is, and the rows it is made of.
type Document<'a> = Result<(ContactId, &'a [Row]), Error>;

/// What a part of a person cannot be read for. Only a disk that refuses ends the reading.
fn damage(table: &str, key: &str, error: Error) -> Result<Damage, Error> {
    match error {
        Error::Corrupt(what) | Error::Invalid(what) => Ok(Damage { table: table.into(), key: key.into(), what }),
        error @ (Error::Conflict { .. } | Error::Failed(_) | Error::InUse(_) | Error::Busy | Error::NoCopy(_)) => Err(error),
    }
}

/// Gives a person's past, damage told by whose it is.
fn past(past: &Past<'_>, tail: Option<&Tail>, each: &mut Each<'_>) -> Result<(), Error> {
    let key = past.id.to_string();
    let mut give = |part: Result<Part, Error>| match part {
        Ok(part) => each(Ok(part)),
        Err(error) => each(Err(damage("history", &key, error)?)),
    };
    let Forgotten { journey, events, .. } = *past.forgotten;
    let over = |written: u64, gone: u64| usize::try_from(gone.saturating_sub(written)).unwrap_or(usize::MAX);
    past.lines(&mut give)?;
    for line in tail.iter().flat_map(|tail| &tail.transcript) {
        give(Ok(Part::Line(Box::new(line.clone()))))?;
    }
    past.journey(&mut give)?;
    for line in tail.iter().flat_map(|tail| &tail.journey).skip(over(past.history.total.journey, journey)) {
        give(Ok(Part::Journey(Box::new(line.clone()))))?;
    }
    past.events(&mut give)?;
    for event in tail.iter().flat_map(|tail| &tail.events).skip(over(past.history.total.events, events)) {
        give(Ok(Part::Event(Box::new(event.clone()))))?;
    }
    Ok(())
}

/// Leaves out lines of a conversation that are forgotten, and what lines are to say no more.
fn kept<'a>(
    forgotten: &'a Forgotten,
    gone: &'a Gone,
    each: &'a mut Each<'_>,
) -> impl FnMut(Result<Part, Damage>) -> Result<(), Error> + 'a {
    move |mut part| match &mut part {
        Ok(Part::Line(line)) if line.no() <= forgotten.lines_of(line.conversation()) => Ok(()),
        Ok(Part::Journey(line)) => {
            gone.unname(line);
            each(part)
        }
        Ok(Part::Event(event)) => {
            gone.withdraw(event);
            each(part)
        }
        _ => each(part),
    }
}

impl FrozenStore {
    /// Somebody out of the rows of their document.
    fn on_disk(&self, id: ContactId, of: &[Row], each: &mut Each<'_>) -> Result<(), Error> {
        let key = rows::person_key(id);
        let read = || -> Result<(Arc<Person>, Indexed, Vec<u8>), Error> {
            let content = rows::join(of)?;
            let (disk, rest) = rows::divide(&key, &content)?;
            let (person, open) = rows::divide(&key, rest)?;
            let person: Person = rows::parse(&key, person)?;
            if person.contact.id != id {
                return Err(Error::Corrupt(format!("it holds {}", person.contact.id)));
            }
            Ok((Arc::new(person), rows::parse(&key, disk)?, open.to_vec()))
        };
        let (person, disk, open) = match read() {
            Ok(read) => read,
            Err(error) => return each(Err(damage("people", &id.to_string(), error)?)),
        };
        each(Ok(Part::Person(person.clone())))?;
        let forgotten = &person.forgotten;
        let of = Past { db: &self.db, id, history: &disk.history, open: disk.history.open.then_some(&*open), forgotten };
        past(&of, None, &mut kept(forgotten, &Gone::default(), each))
    }

    /// Somebody who was newer.
    fn newer(&self, id: ContactId, newer: &Newer, each: &mut Each<'_>) -> Result<(), Error> {
        each(Ok(Part::Person(newer.person.clone())))?;
        let forgotten = &newer.person.forgotten;
        let of = Past { db: &self.db, id, history: &newer.disk.history, open: None, forgotten };
        past(&of, Some(&newer.tail), &mut kept(forgotten, &newer.unname, each))
    }

    /// Every document in the database, with the rows it is made of.
    fn documents(&self, each: &mut dyn FnMut(Document<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let mut from = Some(vec![rows::PERSON]);
        while let Some(at) = from {
            let (rows, after) = match rows::stretch(&self.db, &at, STRETCH) {
                Ok(found) => found,
                // sled cannot say where it is whole again.
                Err(error) => return each(Err(error)),
            };
            let mut rest = rows.as_slice();
            while let Some((id, of, others)) = rows::split_person(rest) {
                each(Ok((id, of)))?;
                rest = others;
            }
            if !rest.is_empty() {
                each(Err(Error::Corrupt(format!("{} rows have no contact's key", rest.len()))))?;
            }
            from = after;
        }
        Ok(())
    }

    fn records(&self, each: &mut Each<'_>) -> Result<(), Error> {
        let mut keys: BTreeSet<RecordKey> = self.overlay.records.keys().cloned().collect();
        let listed = self.db.keys(&[rows::RECORD], &[rows::RECORD], &mut |key| {
            keys.extend(rows::record_of(key));
            true
        });
        if let Err(error) = listed {
            each(Err(damage("records", "", error)?))?;
        }
        for key in keys {
            let read = || -> Result<Option<Value>, Error> {
                if let Some(newer) = self.overlay.records.get(&key) {
                    return Ok(newer.clone());
                }
                let row = rows::record_key(&key.0, &key.1);
                let found = rows::get_chunked(&self.db, &row)?;
                found.map(|(content, _)| rows::parse(&row, &content)).transpose()
            };
            match read() {
                Ok(Some(value)) => each(Ok(Part::Record { table: key.0, key: key.1, value }))?,
                Ok(None) => {}
                Err(error) => each(Err(damage(&key.0, &key.1, error)?))?,
            }
        }
        Ok(())
    }
}

impl Frozen for FrozenStore {
    fn format(&self) -> &str {
        crate::folder::FORMAT
    }

    fn people(&self) -> u64 {
        self.overlay.known
    }

    fn read(&self, each: &mut Each<'_>) -> Result<(), Error> {
        let mut newer = self.overlay.people.iter().peekable();
        self.documents(&mut |document| {
            let (id, of) = match document {
                Ok(document) => document,
                Err(error) => return each(Err(damage("people", "", error)?)),
            };
            while let Some((before, one)) = newer.next_if(|(other, _)| **other < id) {
                one.iter().try_for_each(|one| self.newer(*before, one, each))?;
            }
            match newer.next_if(|(other, _)| **other == id) {
                Some((_, one)) => one.iter().try_for_each(|one| self.newer(id, one, each)),
                None => self.on_disk(id, of, each),
            }
        })?;
        for (id, one) in newer {
            one.iter().try_for_each(|one| self.newer(*id, one, each))?;
        }
        self.records(each)
    }

    fn audit(&self, told: &mut dyn FnMut(Damage)) -> Result<(), Error> {
        crate::audit::run(&self.db, &self.overlay, told)
    }
}

/// A document as far as its indexes are concerned.
pub(crate) fn indexed(id: ContactId, of: &[Row]) -> Result<(Person, Indexed), Error> {
    let key = rows::person_key(id);
    let content = rows::join(of)?;
    let (disk, rest) = rows::divide(&key, &content)?;
    let (person, _) = rows::divide(&key, rest)?;
    Ok((codec::unpack(person)?, rows::parse(&key, disk)?))
}

/// Takes the state of a store that serves, at a moment at which nothing is on its way to its database; `moment` is called at it.
pub(crate) fn take(shared: &Shared, moment: Moment) -> Result<Overlay, Error> {
    // Nothing becomes durable for anybody while this is held.
    let state = lock(&shared.state);
    catch_unwind(AssertUnwindSafe(moment))
        .map_err(|panic| Error::NoCopy(format!("what belongs to the moment broke: {}", panic_text(&*panic))))?;
    Ok(overlay(&state))
}
