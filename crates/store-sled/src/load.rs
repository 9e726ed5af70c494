//! Filling an empty folder with what an export holds, row by row, without the log.
//!
//! **Invariant.** The folder is marked as unfinished before anything else is written, and as one of this format when everything is
//! durable: whenever the process ends on the way, nobody opens what is there.

use crate::{
    Options,
    db::Db,
    folder,
    history::{self, Gone, History, Tail},
    io::failed,
    log,
    rows::{self, Indexed, Mark, Rows},
};
use model::{ContactId, Person};
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Error, Load, Order, Part};

/// The most rows of one batch: larger ones, one after another, make sled keep garbage.
const ROWS: usize = 64;
/// Entries of one person's past that are held in memory.
const HELD: usize = 256;
/// Bytes written to sled after which it is synced.
const SYNC_BYTES: usize = 32 * 1024 * 1024;

/// The person whose past comes now.
struct Open {
    person: Arc<Person>,
    history: History,
    chunks: u16,
    tail: Tail,
    /// Whether something of them was written.
    begun: bool,
}

/// An empty folder on its way to be a data folder.
pub struct Loader {
    dir: PathBuf,
    options: Options,
    db: Db,
    mark: Mark,
    order: Order,
    open: Option<Open>,
    batch: Rows,
    /// Addresses in `batch`, and whose they are.
    claimed: HashMap<Vec<u8>, ContactId>,
    written: usize,
    _lock: File,
}

impl Loader {
    /// Whether this program understands what a store of this format holds.
    pub fn knows(format: &str) -> bool {
        folder::is_known(format)
    }

    /// Takes a folder that is empty or not there.
    ///
    /// # Errors
    /// [`Error::Invalid`] if something is in it; [`Error::InUse`] if another process has it; [`Error::Failed`] if the disk refuses.
    pub fn begin(dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let dir = dir.as_ref();
        let unreadable = |e: io::Error| failed(&format!("the folder {} cannot be read", dir.display()), &e);
        let occupied = match fs::read_dir(dir) {
            // Where a start was refused a lock may be left.
            Ok(mut entries) => entries.find(|entry| entry.as_ref().map_or(true, |entry| entry.file_name() != "lock")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(unreadable(e)),
        };
        if let Some(entry) = occupied {
            entry.map_err(unreadable)?;
            // What an import left says so itself.
            folder::check(dir)?;
            return Err(Error::Invalid(format!("the folder {} is not empty; name one that is not there yet", dir.display())));
        }
        let held = folder::lock(dir)?;
        folder::mark_unfinished(dir)?;
        let db = Db::open(dir, &options).inspect_err(|_| {
            // What was just made; the mark goes last.
            let _ = fs::remove_dir_all(dir.join("db"));
            let _ = fs::remove_file(dir.join("format"));
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
            db,
            mark: Mark::default(),
            order: Order::default(),
            open: None,
            batch: Rows::default(),
            claimed: HashMap::new(),
            written: 0,
            _lock: held,
        })
    }

    /// Applies what is gathered.
    fn apply(&mut self) -> Result<(), Error> {
        let (mut batch, mut bytes) = (sled::Batch::default(), 0);
        for (key, value) in std::mem::take(&mut self.batch).0 {
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.claimed.clear();
        self.db.apply(&self.options, batch)?;
        self.written += bytes;
        if self.written >= SYNC_BYTES {
            self.written = 0;
            self.db.sync(&self.options)?;
        }
        Ok(())
    }

    /// Writes what there is of the person; `whole` says that nothing more comes.
    fn write(&mut self, whole: bool) -> Result<(), Error> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let person = &open.person;
        let id = person.contact.id;
        let mut rows = Rows::default();
        let added = (&open.tail, &person.forgotten, &Gone::default());
        let (history, page) = history::extend(&self.db, id, &open.history, added, &mut rows, &mut self.mark.next_page)?;
        let disk = Indexed { active: person.is_active(), history };
        if !std::mem::replace(&mut open.begun, true) {
            self.mark.people += 1;
            if disk.active {
                rows.put(rows::active_key(id), &[]);
            }
            for reach in &person.contact.addresses {
                let key = rows::address_key(&reach.address);
                let owner = match self.claimed.get(&key) {
                    Some(owner) => Some(*owner),
                    None => rows::address(&self.db, &reach.address)?,
                };
                if owner.is_some_and(|owner| owner != id) {
                    return Err(Error::Invalid(format!("the address {} leads to two contacts, one of them {id}", reach.address)));
                }
                self.claimed.insert(key.clone(), id);
                rows.put(key, &id.to_bytes());
            }
        }
        let document = rows::write_document(person, &disk, &page)?;
        open.chunks = rows.put_chunked(&rows::person_key(id), &document, open.chunks)?;
        open.history = disk.history;
        open.tail = Tail::default();
        self.batch.0.append(&mut rows.0);
        if !whole {
            self.open = Some(open);
        }
        if !whole || self.batch.0.len() >= ROWS {
            self.apply()?;
        }
        Ok(())
    }

    /// The past of the person before.
    fn tail(&mut self) -> Result<&mut Tail, Error> {
        let held = |tail: &Tail| tail.transcript.len() + tail.journey.len() + tail.events.len();
        if self.open.as_ref().is_some_and(|open| held(&open.tail) >= HELD) {
            self.write(false)?;
        }
        self.open.as_mut().map(|open| &mut open.tail).ok_or_else(|| Error::Invalid("a line of nobody's past".into()))
    }
}

impl Load for Loader {
    fn put(&mut self, part: Part) -> Result<(), Error> {
        self.order.next(&part)?;
        match part {
            Part::Person(person) => {
                self.write(true)?;
                let history = History::beginning(&person.forgotten);
                self.open = Some(Open { person, history, chunks: 0, tail: Tail::default(), begun: false });
            }
            Part::Line(line) => self.tail()?.transcript.push(*line),
            Part::Journey(line) => self.tail()?.journey.push(*line),
            Part::Event(event) => self.tail()?.events.push(*event),
            Part::Record { table, key, value } => {
                self.write(true)?;
                if table.is_empty() || table.contains('\0') {
                    return Err(Error::Invalid(format!("\"{}\" is no name of a table", table.escape_debug())));
                }
                self.batch.put_chunked(&rows::record_key(&table, &key), &rows::packed(&value)?, 0)?;
                if self.batch.0.len() >= ROWS {
                    self.apply()?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        self.write(true)?;
        self.batch.put(rows::MARK.to_vec(), &rows::packed(&self.mark)?);
        self.apply()?;
        self.db.sync(&self.options)?;
        let log_dir = self.dir.join("log");
        fs::create_dir_all(&log_dir)
            .and_then(|()| folder::sync_folder(&self.dir))
            .map_err(|e| failed(&format!("{} cannot be made", log_dir.display()), &e))?;
        log::create(&log_dir, &self.options, 1)?;
        folder::sync_folder(&self.dir.join("db")).map_err(|e| failed("the database cannot be synced", &e))?;
        folder::mark(&self.dir)
    }
}
