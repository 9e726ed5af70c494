//! The worker: carries out the rows of an import, some hundreds at once, and writes down how far it is.

mod asked;
mod coming;
mod events;

pub(super) use self::events::{makes_contacts, of_import};
use self::{
    asked::{Answered, Asked},
    coming::{Birth, Coming},
    events::{Event, Told},
};
use super::{
    Import, ImportError, ImportState, Imports, LISTS, Seen, TABLE, contact_id,
    errors::Wrong,
    read::{self, Judged, Piece},
};
use crate::{
    core::{Core, Outcome, Refusal, SeenKey},
    drive::{New, Shell, lock},
    privacy::Hold,
};
use crm::{
    directory::{self, bears},
    import::{Cell, Fault, Key, Kind, Mode, Reading, Said, Trouble},
};
use engine::{Bot, is_their_own};
use model::{Actor, Change, Contact, ContactId, InboxItem, Instant, Person, Value};
use serde::Serialize;
use std::{
    collections::VecDeque,
    fs::File,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, sync_channel},
    },
};
use store::{Commit, RecordPut};
use tokio::sync::oneshot;

/// Rows on their way at once: more than are decided while a group is synced, so that the disk waits for rows and not rows for the
/// disk; and few, for a chat's commit rides in one group with them and behind another.
const WINDOW: usize = 48;
/// Rows that the core is given together: one turn instead of one for each, and short enough that a chat hardly waits.
const TOGETHER: usize = 8;
/// Rows that it is asked about together: a share of the window, so that those on their way keep it at work until it answers.
const ASKED: usize = 16;
/// Rows after which it is written down how far the import is.
const SAVE: u64 = 1_000;
/// Bytes of cells on their way at once.
const HELD: usize = 32 * 1024 * 1024;
/// Pieces that are judged ahead.
const AHEAD: usize = 16;
/// Rows after a restart that may have been carried out already: those of the window and those since it was written down.
const REDONE: u64 = 8 * SAVE;
/// Merges that are followed to who a contact is now.
const MERGES: usize = 16;

/// Carries out one import at a time.
pub(crate) struct Worker {
    pub handle: crate::Handle,
    pub shell: Arc<Shell>,
    pub imports: Arc<Imports>,
    /// What was read of the import when it began is written until it ends.
    pub _hold: Hold,
}

/// A row on its way.
struct Flying {
    row: u64,
    /// How much of the file was read when it was told.
    read: u64,
    cells: Vec<Cell>,
    what: What,
}

/// Whom a row is about.
enum Found {
    Nobody,
    /// Somebody of an earlier row, who may not be durable yet as it leaves them.
    Coming(ContactId),
    One(Arc<Person>),
    Several,
}

enum What {
    Create(ContactId, oneshot::Receiver<Result<Outcome, Refusal>>),
    Update(ContactId, oneshot::Receiver<Result<Outcome, Refusal>>),
    /// It was made before a restart.
    Made,
    /// It was changed before a restart.
    Updated(ContactId),
    /// Nothing differs; the contact may have been changed by this row before a restart.
    Same(Option<ContactId>),
    /// It would do this: nothing is carried out.
    Would {
        creates: bool,
    },
    /// An event, and what is known of it by now.
    Event(Event),
    Bad(Vec<Fault>),
}

/// A wrong row as it is kept.
#[derive(Serialize)]
struct Kept<'a> {
    row: u64,
    faults: &'a [Fault],
    cells: Vec<serde_json::Value>,
}

/// An import at work.
struct Work<'a> {
    worker: &'a Worker,
    import: Import,
    bot: Arc<Bot>,
    began: Instant,
    window: VecDeque<Flying>,
    /// Bytes of the cells on their way.
    held: usize,
    /// Contacts who are given to the core when the rows at hand are looked at.
    open: Vec<New>,
    coming: Coming,
    /// Whether rows find contacts.
    has_key: bool,
    errors: Wrong,
    /// Wrong rows cannot be written any more: they are counted alone.
    is_mute: bool,
    /// Contacts that were changed since it was written down.
    changed: Vec<ContactId>,
    /// Events that were told already, and those that are on their way.
    told: Told,
    since_saved: u64,
    dry: bool,
    /// What contacts took before a restart is known by this.
    seen: SeenKey,
}

impl Worker {
    /// Reads every row and changes nothing, or carries every row out; blocks until that is done or the runtime stops.
    pub fn work(&self, import: Import, dry: bool) {
        let _turn = lock(&self.imports.turn);
        if self.is_stopping() {
            return;
        }
        // When it began is durable before the first row is, so what has that may have been carried out in part, and further than it says.
        let redone = if dry || import.began.is_none() { 0 } else { import.redone.max(import.row + REDONE) };
        let import = Import { redone, ..import };
        let outcome = self.try_work(import.clone(), dry);
        if let Err(why) = outcome {
            self.save_last(Import { state: ImportState::Failed(why.to_string()), ended: Some(self.shell.clock.now()), ..import });
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.imports.stopping.load(Ordering::Acquire)
            || self.shell.failure().is_some()
            || self.shell.inquire(Core::is_stopping).unwrap_or(true)
    }

    fn try_work(&self, mut import: Import, dry: bool) -> Result<(), ImportError> {
        let bot = self.shell.bot();
        let now = self.shell.clock.now();
        let open = || self.imports.files.open_file(&import.id).map_err(|e| ImportError::File(e.to_string()));
        let plan = read::plan(open()?, &import, &bot, now)?;
        let began = *import.began.get_or_insert(now);
        let after = import.row;
        if after == 0
            && import.redone == 0
            && let Some(fault) = read::asks(open_again(&self.imports, &import.id)?, &import, &plan, &bot, now)
        {
            self.save_last(Import { state: ImportState::Asks(fault), began: None, ..import });
            return Ok(());
        }
        if let Some(name) = plan.key_attribute() {
            self.shell.runtime.block_on(self.handle.key_by(name));
        }
        let file = open_again(&self.imports, &import.id)?;
        let errors = self.imports.wrong_rows_from(&import.id, import.row);
        let errors = errors.map_err(|e| ImportError::File(e.to_string()))?;
        import.errors = errors.flush().map_err(|e| ImportError::File(e.to_string()))?;
        import.state = if dry { ImportState::Checking } else { ImportState::Running };
        self.save_whole(import.clone());
        let judged = import.clone();
        let seen = self.shell.inquire(Core::seen_key).ok_or(ImportError::Unavailable)?;
        let mut work = Work {
            worker: self,
            bot: bot.clone(),
            began,
            window: VecDeque::with_capacity(WINDOW),
            held: 0,
            open: Vec::with_capacity(TOGETHER),
            coming: Coming::new(Birth { began, source: source_of(&import), by: Actor::Import(import.id.clone()) }),
            has_key: plan.has_key(),
            errors,
            is_mute: false,
            changed: Vec::new(),
            told: Told::default(),
            since_saved: 0,
            dry,
            seen,
            import,
        };
        let (give, take) = sync_channel::<Piece>(AHEAD);
        std::thread::scope(|scope| {
            let judging = scope.spawn(move || read::judge(file, &judged, plan, &bot, now, after, |piece| give.send(piece).is_ok()));
            let carried = work.carry_out(&take);
            drop(take);
            let told = judging.join().unwrap_or_else(|_| Err("the reader of the file broke".into()));
            work.end(carried, told)
        })
    }

    /// The import is over and says so. Whoever reads that may begin something else with it at once.
    pub(super) fn save_last(&self, import: Import) {
        lock(&self.imports.busy).remove(&import.id);
        self.save_whole(import);
    }

    /// Stores an import, durably.
    pub(super) fn save_whole(&self, import: Import) {
        let put = RecordPut { table: TABLE.into(), key: import.id.clone(), value: serde_json::to_value(&import).ok() };
        // A store that failed has stopped the runtime; the import goes on from what was stored last.
        let _ = self.shell.commit_blocking(Commit { records: vec![put], ..Commit::default() });
    }
}

/// How contacts whom an import makes came to be.
fn source_of(import: &Import) -> String {
    import.options.source.clone().unwrap_or_else(|| "import".to_owned())
}

fn open_again(imports: &Imports, id: &str) -> Result<File, ImportError> {
    imports.files.open_file(id).map_err(|e| ImportError::File(e.to_string()))
}

/// How the carrying out of rows ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// There are no more rows.
    Through,
    /// The runtime stops: it goes on at the next start.
    Stopping,
    /// Somebody stopped it.
    Stopped,
}

impl Work<'_> {
    fn carry_out(&mut self, pieces: &Receiver<Piece>) -> Result<Ended, ImportError> {
        for piece in pieces {
            if self.worker.is_stopping() {
                return Ok(Ended::Stopping);
            }
            if !lock(&self.worker.imports.busy).contains(&self.import.id) {
                return self.land_all().map(|()| Ended::Stopped);
            }
            self.take_up(&piece.columns);
            let (read, mut rows) = (piece.read, piece.rows.into_iter());
            loop {
                let some: Vec<Judged> = rows.by_ref().take(ASKED).collect();
                if some.is_empty() {
                    break;
                }
                while self.window.len() + some.len() > WINDOW || self.held > HELD {
                    self.land()?;
                }
                self.look_at(some, read)?;
            }
            self.submit_events();
            if self.since_saved >= SAVE {
                self.save(false)?;
            }
        }
        self.land_all().map(|()| Ended::Through)
    }

    /// Takes note of columns that turned up behind the first rows, as those of a file of objects do.
    fn take_up(&mut self, names: &[String]) {
        let known = self.import.columns.len();
        if names.len() > known {
            let fields = self.import.kind.fields(self.import.shape, names, &[], &read::words(&self.bot, self.began));
            let new = names.iter().zip(fields).skip(known);
            self.import.columns.extend(new.map(|(name, field)| Seen { name: name.clone(), field, sample: Vec::new() }));
        }
    }

    /// Puts rows on their way. None lands meanwhile, so that whoever is not found yet is still known to be made.
    fn look_at(&mut self, rows: Vec<Judged>, read: u64) -> Result<(), ImportError> {
        let at = |address: &_| self.worker.shell.store.person_at(address).ok().flatten();
        let of = |judged: &Judged| judged.said.as_ref().map_or(Asked::nothing(), |said| Asked::of(said, at));
        let asked: Vec<Asked> = rows.iter().map(of).collect();
        let answered = match asked.iter().all(Asked::is_nothing) {
            true => asked.iter().map(|_| Answered::default()).collect(),
            false => self.inquire(move |core| asked.iter().map(|asked| asked.answer(core)).collect::<Vec<_>>())?,
        };
        for (judged, answered) in rows.into_iter().zip(answered) {
            let Judged { row, said, cells } = judged;
            let what = match said {
                Err(faults) => What::Bad(faults),
                Ok(Said::Contact(reading)) => self.launch(reading, &answered.candidates)?,
                Ok(Said::Event(occurrence)) => self.happened(*occurrence, &answered)?,
            };
            self.held += read::size(&cells);
            self.window.push_back(Flying { row, read, cells, what });
        }
        self.submit_open();
        Ok(())
    }

    /// Has the core asked by its own thread ([`Shell::inquire`]).
    fn inquire<T: Send + 'static>(&self, question: impl FnOnce(&Core) -> T + Send + 'static) -> Result<T, ImportError> {
        self.worker.shell.inquire(question).ok_or(ImportError::Unavailable)
    }

    /// Gives the core the contacts who are to be made.
    fn submit_open(&mut self) {
        if !self.open.is_empty() {
            self.worker.shell.submit_all_new(std::mem::take(&mut self.open));
        }
    }

    fn land_all(&mut self) -> Result<(), ImportError> {
        while !self.window.is_empty() {
            self.land()?;
        }
        Ok(())
    }

    /// Puts a row on its way.
    fn launch(&mut self, reading: Reading, candidates: &[ContactId]) -> Result<What, ImportError> {
        let key = reading.key.as_ref();
        let bad = |why: &str| Ok(What::Bad(vec![at_key(&reading, why)]));
        let id = contact_id(&self.import.id, self.began, reading.row);
        match key.map_or(Ok(Found::Nobody), |key| self.find(key, candidates))? {
            Found::Several => return bad("several contacts have this key; merge them, or choose another key"),
            Found::Coming(id) => {
                let before = self.coming.contact(id).cloned();
                return Ok(self.change(id, before, reading));
            }
            // Made by this row, before a restart.
            Found::One(person) if person.contact.id == id => return Ok(What::Made),
            Found::One(person) if self.was_done(&person, reading.row) => return Ok(What::Updated(person.contact.id)),
            Found::One(person) => return Ok(self.change(person.contact.id, Some(person.contact.clone()), reading)),
            Found::Nobody if matches!(key, Some(Key::Id(_))) => return bad("there is no such contact"),
            Found::Nobody => {}
        }
        if self.import.options.mode() == Mode::Update {
            return bad("there is no contact with this key, and the mode update makes none");
        }
        let Reading { key, changes, .. } = reading;
        if self.has_key {
            self.makes(id, &changes, key.as_ref());
        }
        if self.dry {
            return Ok(What::Would { creates: true });
        }
        let item = InboxItem::Create { source: source_of(&self.import), changes, by: self.by() };
        let (tell, told) = oneshot::channel();
        self.open.push((id, item, tell));
        if self.open.len() == TOGETHER {
            self.submit_open();
        }
        Ok(What::Create(id, told))
    }

    /// A row makes a contact by these changes, or would; later rows find them.
    fn makes(&mut self, id: ContactId, changes: &[Change], key: Option<&Key>) {
        let declared = self.bot.attributes();
        match self.dry {
            true => self.coming.would_make(id, changes, key, declared),
            false => self.coming.makes(id, changes, key, declared),
        }
    }

    /// Whom a key means, as durable now or on their way: one of those who seem to bear it.
    fn find(&self, key: &Key, candidates: &[ContactId]) -> Result<Found, ImportError> {
        let settled = |person: Option<Arc<Person>>| match person {
            Some(person) if self.coming.has(person.contact.id) => Found::Coming(person.contact.id),
            Some(person) => Found::One(person),
            None => Found::Nobody,
        };
        let by = match key {
            Key::By(by) => by,
            Key::Id(id) => return Ok(settled(self.now(*id)?)),
            Key::At(address) => {
                let id = self.worker.shell.store.person_at(address).map_err(|_| ImportError::Unavailable)?;
                return Ok(settled(id.map(|id| self.now(id)).transpose()?.flatten()));
            }
        };
        let mut bearers: Vec<ContactId> = self.coming.bearing(key).collect();
        let mut durable = None;
        // Whoever is on their way bears what their rows leave them.
        for &id in candidates.iter().filter(|id| !self.coming.has(**id)) {
            let person = self.worker.shell.store.person(id).map_err(|_| ImportError::Unavailable)?;
            let Some(person) = person.filter(|person| bears(&person.contact, by, self.bot.attributes())) else { continue };
            if !bearers.contains(&id) {
                bearers.push(id);
            }
            durable = Some(person);
        }
        Ok(match (bearers.as_slice(), durable) {
            ([], _) => Found::Nobody,
            ([_], Some(person)) => Found::One(person),
            ([id], None) => Found::Coming(*id),
            _ => Found::Several,
        })
    }

    /// A person by id, or whoever they were merged into.
    fn now(&self, id: ContactId) -> Result<Option<Arc<Person>>, ImportError> {
        let mut id = id;
        for _ in 0..MERGES {
            let Some(person) = self.worker.shell.store.person(id).map_err(|_| ImportError::Unavailable)? else { return Ok(None) };
            match person.contact.merged_into {
                Some(into) => id = into,
                None => return Ok(Some(person)),
            }
        }
        Ok(None)
    }

    /// Whether a row changed somebody before a restart.
    fn was_done(&self, person: &Person, row: u64) -> bool {
        row <= self.import.redone && self.seen.has_taken(person, &self.once(row), self.worker.shell.clock.now())
    }

    /// What tells the change of a row from every other one.
    fn once(&self, row: u64) -> String {
        format!("{}/{row}", self.import.id)
    }

    /// Puts a change of somebody on its way; `before` is what they are by then, if that is known.
    fn change(&mut self, id: ContactId, before: Option<Contact>, mut reading: Reading) -> What {
        if self.import.options.mode() == Mode::Create {
            return What::Bad(vec![at_key(&reading, "a contact with this key is there already, and the mode create changes none")]);
        }
        if let Some(mut contact) = before {
            let (was, key) = (self.dry.then(|| contact.clone()), reading.key.as_ref());
            reading.changes.retain(|change| !is_their_own(&contact, change) && !is_beside(&contact, key, change));
            let (by, mut differs) = (self.by(), false);
            for change in &reading.changes {
                differs |= contact.apply(change, self.began, &by);
            }
            if !differs {
                return What::Same((reading.row <= self.import.redone).then_some(id));
            }
            let (key, declared) = (reading.key.as_ref(), self.bot.attributes());
            match &was {
                Some(was) => self.coming.would(was, &contact, key, declared),
                None => self.coming.set_out(contact, key, declared),
            }
        }
        if self.dry {
            return What::Would { creates: false };
        }
        // Of an earlier row, perhaps of those at hand.
        self.submit_open();
        let once = self.once(reading.row);
        let item = InboxItem::Modify { changes: reading.changes, by: self.by() };
        What::Update(id, self.worker.shell.submit(id, item, Some(once)))
    }

    fn by(&self) -> Actor {
        Actor::Import(self.import.id.clone())
    }

    /// Takes note of what came of the first row on its way.
    fn land(&mut self) -> Result<(), ImportError> {
        let Some(Flying { row, read, cells, what }) = self.window.pop_front() else { return Ok(()) };
        self.held = self.held.saturating_sub(read::size(&cells));
        match what {
            What::Create(id, told) => {
                let outcome = self.told(told)?;
                self.coming.arrived(id);
                match outcome {
                    Ok(()) => self.import.counts.created += 1,
                    Err(why) => self.refuse(row, why, cells)?,
                }
            }
            What::Update(id, told) => {
                let outcome = self.told(told)?;
                self.coming.arrived(id);
                match outcome {
                    Ok(()) => {
                        self.import.counts.updated += 1;
                        self.changed.push(id);
                    }
                    Err(why) => self.refuse(row, why, cells)?,
                }
            }
            What::Updated(id) => {
                self.import.counts.updated += 1;
                self.changed.push(id);
            }
            What::Made | What::Would { creates: true } => self.import.counts.created += 1,
            What::Would { creates: false } => self.import.counts.updated += 1,
            What::Same(changed) => {
                self.import.counts.unchanged += 1;
                self.changed.extend(changed);
            }
            What::Event(event) => self.land_event(row, event, cells)?,
            What::Bad(faults) => self.wrong(row, &faults, cells)?,
        }
        (self.import.row, self.import.read) = (row, read);
        self.since_saved += 1;
        Ok(())
    }

    fn told(&self, told: oneshot::Receiver<Result<Outcome, Refusal>>) -> Result<Result<(), String>, ImportError> {
        match told.blocking_recv() {
            Ok(Ok(_)) => Ok(Ok(())),
            Ok(Err(Refusal::Unavailable)) | Err(_) if self.worker.is_stopping() => Err(ImportError::Unavailable),
            Ok(Err(refusal)) => Ok(Err(refusal.to_string())),
            Err(_) => Err(ImportError::Unavailable),
        }
    }

    fn refuse(&mut self, row: u64, why: String, cells: Vec<Cell>) -> Result<(), ImportError> {
        let fault = Fault { row, column: None, cell: String::new(), trouble: Trouble::Refused, why };
        self.wrong(row, &[fault], cells)
    }

    fn wrong(&mut self, row: u64, faults: &[Fault], cells: Vec<Cell>) -> Result<(), ImportError> {
        self.import.counts.failed += 1;
        if self.is_mute {
            return Ok(());
        }
        let plain = |cell| match cell {
            Cell::Blank => serde_json::Value::Null,
            Cell::Text(text) => serde_json::Value::String(text),
            Cell::Json(json) => json,
        };
        let cells = cells.into_iter().map(plain).collect();
        let mut line = serde_json::to_vec(&Kept { row, faults, cells }).unwrap_or_default();
        line.push(b'\n');
        self.errors.write(&line).map_err(|e| ImportError::File(e.to_string()))
    }

    /// Makes the wrong rows durable.
    fn flush(&mut self) -> Result<(), ImportError> {
        if !self.is_mute {
            self.import.errors = self.errors.flush().map_err(|e| ImportError::File(e.to_string()))?;
        }
        Ok(())
    }

    /// What is on its way when the import fails lands all the same: it is recorded, and has to be found when it is taken back.
    fn land_muted(&mut self) -> Result<(), ImportError> {
        self.is_mute = true;
        self.submit_open();
        self.submit_events();
        self.land_all()
    }

    /// Writes down how far it is; waits for it to be durable at the end alone, since the store keeps the order.
    fn save(&mut self, wait: bool) -> Result<(), ImportError> {
        self.flush()?;
        let mut records = Vec::new();
        if !self.changed.is_empty() && !self.dry {
            let mut list = std::mem::take(&mut self.changed);
            if self.import.kind == Kind::Events {
                // Many rows are of one contact.
                list.sort_unstable();
                list.dedup();
            }
            let key = format!("{}/{:08}", self.import.id, self.import.lists);
            records.push(RecordPut { table: LISTS.into(), key, value: serde_json::to_value(list).ok() });
            self.import.lists += 1;
        }
        records.push(RecordPut { table: TABLE.into(), key: self.import.id.clone(), value: serde_json::to_value(&self.import).ok() });
        let commit = Commit { records, ..Commit::default() };
        self.since_saved = 0;
        if wait {
            return self.worker.shell.commit_blocking(commit).map(|_| ()).map_err(|_| ImportError::Unavailable);
        }
        self.worker.shell.commit(commit, Box::new(|_| {}));
        Ok(())
    }

    fn end(&mut self, carried: Result<Ended, ImportError>, told: Result<(), String>) -> Result<(), ImportError> {
        // What cannot be written fails it now, while it can still be said.
        let carried = match carried {
            Ok(ended @ (Ended::Through | Ended::Stopped)) => self.flush().map(|()| ended),
            other => other,
        };
        let carried = match carried {
            Err(why @ (ImportError::File(_) | ImportError::Invalid(_))) => self.land_muted().and(Err(why)),
            other => other,
        };
        let ended = match carried {
            // What is not told to be durable is told again at the next start.
            Err(ImportError::Unavailable) | Ok(Ended::Stopping) => return Ok(()),
            Err(why) => Err(why.to_string()),
            Ok(Ended::Stopped) => Ok(ImportState::Stopped),
            Ok(Ended::Through) if self.dry => told.map(|()| ImportState::Checked),
            Ok(Ended::Through) => told.map(|()| ImportState::Done),
        };
        self.import.state = ended.unwrap_or_else(ImportState::Failed);
        if self.import.row == 0 && self.import.redone == 0 && self.import.state != ImportState::Done {
            // No row was carried out: it has not begun.
            self.import.began = None;
        }
        self.import.ended = Some(self.worker.shell.clock.now());
        if self.import.state == ImportState::Done {
            self.import.read = self.import.bytes;
            // All of it is written down.
            self.import.redone = 0;
            // What is in it is in the contacts now.
            self.import.has_file = false;
        }
        // Whoever reads that it is over may begin something else with it at once.
        lock(&self.worker.imports.busy).remove(&self.import.id);
        self.save(true)?;
        if !self.import.has_file {
            self.worker.imports.files.drop_file(&self.import.id);
        }
        Ok(())
    }
}

/// Whether a change would put what a row found somebody by in the place of another such value of theirs: they bear it beside that.
fn is_beside(contact: &Contact, key: Option<&Key>, change: &Change) -> bool {
    let Some(Key::By(directory::Key::Known(kind, value))) = key else { return false };
    let (name, known) = match change {
        Change::SetAttribute(name, _) => (name, contact.attributes.get(name)),
        Change::SetSystem(name, _) => (name, contact.system.get(name)),
        _ => return false,
    };
    let is_other = |text: &str| kind.normal(text).is_some_and(|known| known != *value);
    name == kind.name() && matches!(known, Some(Value::Text(text)) if is_other(text))
}

/// What is wrong with whom a row is about.
fn at_key(reading: &Reading, why: &str) -> Fault {
    let cell = reading.key.as_ref().map(ToString::to_string).unwrap_or_default();
    Fault { row: reading.row, column: None, cell, trouble: Trouble::Key, why: why.to_owned() }
}
