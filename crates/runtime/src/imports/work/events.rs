//! Events of a file on their way: found to be known already, or recorded, those of one contact that stand close together by one step.
//!
//! **Invariants.** An event is known by the last 80 bits of its id, which are made of what the file says of it: however often it is told,
//! by this import or by another one, in one process or after a crash, a contact has it once. One that comes back under the id the file
//! gave it, with something else in it, is a fault of its row: what happened does not change.

use super::{Answered, Found, ImportError, What, Work, asked::Sought, contact_id, source_of};
use crate::core::{Outcome, Refusal};
use crm::import::{Cell, Fault, Kind, Occurrence, Trouble, Unknown};
use model::{Actor, ContactId, EventId, EventRecord, Happened, InboxItem, Instant, Person, Record, Value};
use sha2::{Digest as _, Sha256};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, btree_map::Entry},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    mem::{Discriminant, discriminant},
    rc::Rc,
    sync::Arc,
};
use tokio::sync::oneshot;

type Answer = oneshot::Receiver<Result<Outcome, Refusal>>;

/// The part of an event's id that says which event it is.
const MARK: u128 = (1 << 80) - 1;
/// Events of contacts that are remembered as read; beyond that it is read anew.
const REMEMBERED: usize = 1 << 20;

/// Some events of one contact, recorded together; their rows share it.
#[derive(Default)]
pub(super) struct Batch {
    events: Vec<Happened>,
    told: Option<Answer>,
    /// What came of it, once that is known.
    came: Option<Result<(), String>>,
}

/// What becomes of a row that is an event.
pub(super) enum Event {
    /// It is recorded with others of the contact; the contact is made before, by this.
    New { whose: ContactId, mark: u128, batch: Rc<RefCell<Batch>>, made: Option<Answer> },
    /// It was recorded by this import before a restart, which made the contact as well or did not.
    Recorded { whose: ContactId, made: bool },
    /// It was recorded before.
    Known,
    /// It would be recorded, and the contact made: nothing is carried out.
    Would { makes: bool },
}

/// What an event says, as far as it takes to see that another one says something else.
struct Content {
    fields: Vec<Field>,
    at: Instant,
}

/// A field of an event: its name, of which type its value is, and which.
struct Field(u64, Discriminant<Value>, u64);

/// An event that a contact has.
#[derive(Clone)]
struct Known {
    /// Whether it was recorded by this import before a restart, and not told again since.
    ours: bool,
    /// What it says, if it is known by the id that the file gives it and is the only one of the contact that is.
    content: Option<Rc<Content>>,
}

/// Events that were told already, and those that are on their way.
#[derive(Default)]
pub(super) struct Told {
    /// Those of contacts that were read.
    known: HashMap<ContactId, HashMap<u128, Known>>,
    count: usize,
    /// Those of rows that are not durable yet; in a dry run all that would be recorded, by 64 bits.
    on_the_way: BTreeMap<(ContactId, u128), Option<Rc<Content>>>,
    would: BTreeMap<u64, Option<Rc<Content>>>,
    /// Those that are to be submitted when the rows at hand are looked at.
    open: Vec<(ContactId, Rc<RefCell<Batch>>)>,
}

impl Work<'_> {
    /// Puts an event on its way.
    pub(super) fn happened(&mut self, said: Occurrence, answered: &Answered) -> Result<What, ImportError> {
        let row = said.row;
        let bad = |why: &str| Ok(What::Bad(vec![Fault::cell(row, &said.column, &said.key.to_string(), Trouble::Key, why)]));
        let id = contact_id(&self.import.id, self.began, row);
        let found = self.find(&said.key, &answered.candidates)?;
        let is_coming = matches!(found, Found::Coming(_));
        let (whose, changes, person) = match found {
            Found::Several => return bad("several contacts have this key; merge them, or choose another key"),
            Found::Coming(id) => (id, None, None),
            Found::One(person) => (person.contact.id, None, Some(person)),
            Found::Nobody => {
                if self.import.options.unknown == Unknown::Skip {
                    return bad("there is no contact with this key; \"unknown\": \"create\" makes them");
                }
                let now = self.worker.shell.clock.now();
                let changes = said.key.changes(&super::read::words(&self.bot, now));
                let Some(changes) = changes else { return bad("there is no such contact, and none can be made of this alone") };
                (id, Some(changes), None)
            }
        };
        let was_made = person.is_some() && whose == id;
        let mark = said.mark.unwrap_or_else(|| self.mark_of(row, &said.name));
        let now = self.worker.shell.clock.now();
        let content = said.has_id.then(|| Rc::new(Content::of(&said.fields, said.at.unwrap_or(now))));
        let differs = |known: &Option<Rc<Content>>| match (known, &content) {
            (Some(known), Some(content)) => known.denies(content, said.at.is_some()),
            _ => false,
        };
        let other = || {
            let why = "an event with this event_id was recorded with something else in a field, or at another time, and what happened does not change: \
                       give the row an id of its own, or leave it out";
            Ok(What::Bad(vec![Fault { trouble: Trouble::Key, ..Fault::row(row, why.to_owned()) }]))
        };
        // Whoever is made by a row that did not land yet has no event but those on their way.
        let may_have = |work: &Self| if is_coming { Ok(false) } else { work.may_have(whose, &said, answered) };
        if changes.is_none()
            && let Some(known) = self.recorded((whose, person), &said, mark, may_have)?
        {
            if differs(&known.content) {
                return other();
            }
            let is_told_again = known.ours && row <= self.import.redone;
            self.told.note(whose, mark, known.content);
            return Ok(What::Event(if is_told_again { Event::Recorded { whose, made: was_made } } else { Event::Known }));
        }
        if let Some(changes) = &changes {
            self.makes(id, changes, Some(&said.key));
        }
        if self.dry {
            return match self.told.would.entry(short(whose, mark)) {
                Entry::Vacant(free) => {
                    free.insert(content);
                    Ok(What::Event(Event::Would { makes: changes.is_some() }))
                }
                Entry::Occupied(known) if differs(known.get()) => other(),
                Entry::Occupied(_) => Ok(What::Event(Event::Known)),
            };
        }
        let item = |changes| InboxItem::Create { source: source_of(&self.import), changes, by: self.by() };
        let made = changes.map(|changes| self.worker.shell.submit_new(id, item(changes)));
        // In front stands when it was recorded, as in every id of an event.
        let millis = u128::from(now.as_millis().max(0).unsigned_abs() & 0xFFFF_FFFF_FFFF);
        let event = Happened { id: Some(EventId((millis << 80) | mark)), name: said.name, fields: said.fields, at: said.at.unwrap_or(now) };
        self.told.on_the_way.insert((whose, mark), content.clone());
        self.told.note(whose, mark, content);
        let batch = self.told.batch_of(whose, self.import.options.start);
        batch.borrow_mut().events.push(event);
        Ok(What::Event(Event::New { whose, mark, batch, made }))
    }

    /// What tells events of a name apart that have neither an id nor a time: their places in this very file.
    fn mark_of(&self, row: u64, name: &str) -> u128 {
        let file = if self.import.options.again { &self.import.id } else { &self.import.digest };
        let digest = Sha256::digest(format!("{file}/{row}/{name}"));
        digest.iter().take(10).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
    }

    /// The event, if a contact has it already. `person` was read before the events are.
    fn recorded(
        &mut self,
        (whose, person): (ContactId, Option<Arc<Person>>),
        said: &Occurrence,
        mark: u128,
        may_have: impl FnOnce(&Self) -> Result<bool, ImportError>,
    ) -> Result<Option<Known>, ImportError> {
        if let Some(content) = self.told.on_the_way.get(&(whose, mark)) {
            return Ok(Some(Known { ours: false, content: content.clone() }));
        }
        // One that was told before a restart may still wait for its turn.
        if said.row > self.import.redone && !may_have(self)? {
            return Ok(None);
        }
        if let Some(known) = self.told.known.get(&whose) {
            return Ok(known.get(&mark).cloned());
        }
        let events = self.worker.shell.store.events(whose, 0, usize::MAX).map_err(|_| ImportError::Unavailable)?;
        let by = self.by();
        let mut known: HashMap<u128, Known> = HashMap::new();
        let mut add = |id: EventId, ours: bool, fields: &Record, at: Instant| {
            let content = said.has_id.then(|| Rc::new(Content::of(fields, at)));
            let new = Known { ours, content };
            // Two contacts who were merged may each have one of this id: nobody can say which one is told again.
            known.entry(id.0 & MARK).and_modify(|known| *known = Known { content: None, ..new.clone() }).or_insert(new);
        };
        for event in events.iter().filter(|event| !event.is_withdrawn()) {
            add(event.id, event.by == by, &event.fields, event.at);
        }
        // What waited when the person was read is recorded by now, or will be.
        for item in person.iter().flat_map(|person| &person.inbox).map(|row| &row.item) {
            if let InboxItem::Import { events, by: teller, .. } = item {
                for event in events {
                    event.id.into_iter().for_each(|id| add(id, *teller == by, &event.fields, event.at));
                }
            }
        }
        let found = known.get(&mark).cloned();
        self.told.remember(whose, known);
        Ok(found)
    }

    /// Whether a contact may have an event already, as durable when the rows at hand were asked about, or now: none of theirs landed since.
    fn may_have(&self, whose: ContactId, said: &Occurrence, answered: &Answered) -> Result<bool, ImportError> {
        if let Some(may) = answered.may_have(whose) {
            return Ok(may);
        }
        let sought = Sought::of(said);
        self.inquire(move |core| core.may_have(whose, &sought.name, sought.at))
    }

    /// Gives the lines what was gathered for them.
    pub(super) fn submit_events(&mut self) {
        for (whose, batch) in std::mem::take(&mut self.told.open) {
            let mut batch = batch.borrow_mut();
            let events = std::mem::take(&mut batch.events);
            let item = InboxItem::Import { events, start: self.import.options.start, by: self.by() };
            batch.told = Some(self.worker.shell.submit(whose, item, None));
        }
    }

    /// Takes note of what came of an event.
    pub(super) fn land_event(&mut self, row: u64, event: Event, cells: Vec<Cell>) -> Result<(), ImportError> {
        match event {
            Event::Known => self.import.counts.unchanged += 1,
            Event::Would { makes } => {
                self.import.counts.recorded += 1;
                self.import.counts.made += u64::from(makes);
            }
            Event::Recorded { whose, made } => {
                self.import.counts.recorded += 1;
                self.import.counts.made += u64::from(made);
                self.changed.push(whose);
            }
            Event::New { whose, mark, batch, made } => {
                if let Some(made) = made {
                    let outcome = self.told(made)?;
                    self.coming.arrived(whose);
                    self.import.counts.made += u64::from(outcome.is_ok());
                }
                // A row may have to wait for another one of those that are looked at together.
                if !batch.borrow().events.is_empty() {
                    self.submit_events();
                }
                let told = batch.borrow_mut().told.take();
                if let Some(told) = told {
                    let came = self.told(told)?;
                    batch.borrow_mut().came = Some(came);
                }
                self.told.on_the_way.remove(&(whose, mark));
                let came = batch.borrow().came.clone();
                match came.ok_or(ImportError::Unavailable)? {
                    Ok(()) => {
                        self.import.counts.recorded += 1;
                        self.changed.push(whose);
                    }
                    Err(why) => {
                        self.told.forget(whose);
                        self.refuse(row, why, cells)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Told {
    /// The events of a contact that are gathered at present; an event that begins flows goes alone, so that each has its own step and
    /// the limits of one.
    fn batch_of(&mut self, whose: ContactId, alone: bool) -> Rc<RefCell<Batch>> {
        if let Some((_, batch)) = self.open.iter().find(|(of, _)| !alone && *of == whose) {
            return batch.clone();
        }
        let batch = Rc::new(RefCell::new(Batch::default()));
        self.open.push((whose, batch.clone()));
        batch
    }

    /// A contact has this event, or is about to.
    fn note(&mut self, whose: ContactId, mark: u128, content: Option<Rc<Content>>) {
        if let Some(known) = self.known.get_mut(&whose)
            && known.insert(mark, Known { ours: false, content }).is_none()
        {
            self.count += 1;
        }
    }

    /// Takes note of what is stored of a contact's events; those that are on their way are about to be.
    fn remember(&mut self, whose: ContactId, mut known: HashMap<u128, Known>) {
        let on_the_way = self.on_the_way.range((whose, 0)..=(whose, MARK));
        known.extend(on_the_way.map(|((_, mark), content)| (*mark, Known { ours: false, content: content.clone() })));
        if self.count + known.len() > REMEMBERED {
            self.known.clear();
            self.count = 0;
        }
        self.count += known.len();
        self.known.insert(whose, known);
    }

    fn forget(&mut self, whose: ContactId) {
        if let Some(known) = self.known.remove(&whose) {
            self.count = self.count.saturating_sub(known.len());
        }
    }
}

impl Content {
    fn of(fields: &Record, at: Instant) -> Self {
        let fields = fields.iter().map(|(name, value)| {
            let said = match value {
                Value::Text(text) => hash(text.trim()),
                other => hash(&other.to_json().to_string()),
            };
            Field(hash(name), discriminant(value), said)
        });
        Self { fields: fields.collect(), at }
    }

    /// Whether another one says something else. Which columns are fields, and of which type, is the file's and not the event's: what
    /// only one of them has, or both in another type, tells nothing.
    fn denies(&self, other: &Self, has_time: bool) -> bool {
        let same = |one: &Field, other: &Field| one.0 == other.0 && one.1 == other.1;
        let denied = |one: &Field| other.fields.iter().any(|other| same(one, other) && one.2 != other.2);
        has_time && self.at != other.at || self.fields.iter().any(denied)
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// 64 bits of whose event and which.
fn short(whose: ContactId, mark: u128) -> u64 {
    let digest = Sha256::digest([whose.0.to_be_bytes(), mark.to_be_bytes()].concat());
    digest.iter().take(8).fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
}

/// Those events that an import recorded and nobody took back.
pub(in crate::imports) fn of_import(events: &[EventRecord], import: &str) -> Vec<EventId> {
    let ours = |event: &&EventRecord| !event.is_withdrawn() && matches!(&event.by, Actor::Import(id) if id == import);
    events.iter().filter(ours).map(|event| event.id).collect()
}

/// Whether rows of an import may have made contacts.
pub(in crate::imports) fn makes_contacts(kind: Kind, unknown: Unknown) -> bool {
    match kind {
        Kind::Contacts => true,
        Kind::Events => unknown == Unknown::Create,
    }
}
