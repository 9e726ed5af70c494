//! Start-up: what is checkpointed, and the log after it.
//!
//! The log is read whole as far as it is there. A commit whose person is already past it is in the database and is
//! left out, so it does not matter how far each person was carried over when the process ended.

use crate::{
    Options,
    db::Db,
    folder, log,
    log::{Log, Segment},
    rows::{self, Mark},
    shared::{Shared, lock},
    stage::Stage,
    state::State,
};
use model::{Address, ContactId};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use store::{Commit, Error, PersonChange, Seq, codec};

/// Reads a folder at rest whose database was copied to `path`, and changes nothing in it.
pub(crate) fn look(dir: &Path, path: &Path, options: Options, held: File) -> Result<Shared, Error> {
    let log_dir = dir.join("log");
    let segments = if log_dir.is_dir() { log::segments(&log_dir)? } else { Vec::new() };
    let db = Db::open_copy(path, &options)?;
    let mark = read_mark(&db)?;
    replayed(log_dir, options, db, mark, segments.into(), held)
}

/// Opens a data folder, ready for the two threads.
pub(crate) fn open(dir: &Path, options: Options) -> Result<(Shared, Log), Error> {
    folder::refuse_foreign(dir)?;
    let held = folder::lock(dir)?;
    let found = folder::check(dir)?;
    let log_dir = dir.join("log");
    match found {
        folder::Found::New | folder::Found::Older => folder::mark(dir)?,
        folder::Found::Current => {}
    }
    fs::create_dir_all(&log_dir)
        .and_then(|()| folder::sync_folder(dir))
        .map_err(|e: io::Error| crate::io::failed(&format!("{} cannot be made", log_dir.display()), &e))?;
    let db = Db::open(dir, &options)?;
    let mark = read_mark(&db)?;
    let mut segments: VecDeque<Segment> = log::segments(&log_dir)?.into();
    if segments.is_empty() && mark.is_none() {
        segments.push_back(log::create(&log_dir, &options, 1)?);
    }
    let shared = replayed(log_dir, options, db, mark, segments, held)?;
    let end = lock(&shared.segments).back().cloned();
    let end = end.ok_or_else(|| missing(&shared.log_dir, 1, 1))?;
    let log = Log::resume(&shared.log_dir, end)?;
    Ok((shared, log))
}

/// How far the database is.
fn read_mark(db: &Db) -> Result<Option<Mark>, Error> {
    rows::get(db, rows::MARK)?.map(|content| rows::parse(rows::MARK, &content)).transpose()
}

/// What the database has, and the log after it. Nothing is written.
fn replayed(
    log_dir: PathBuf,
    options: Options,
    db: Db,
    mark: Option<Mark>,
    mut segments: VecDeque<Segment>,
    held: File,
) -> Result<Shared, Error> {
    // Where there is neither, nothing was ever committed.
    let is_new = mark.is_none() && segments.is_empty();
    let mark = mark.unwrap_or_default();
    if !is_new {
        check_start(&log_dir, &segments, mark)?;
    }
    let people = usize::try_from(options.people_bytes).unwrap_or(usize::MAX);
    let shared = Shared::new(options, db, log_dir, State::new(mark, people), segments.clone(), held);
    let mut replay = Replay { shared: &shared, stage: Stage::default(), mentioned: HashMap::new(), gone: HashMap::new() };
    let mut next = None;
    let count = segments.len();
    for (index, segment) in segments.iter_mut().enumerate() {
        if next.is_some_and(|next| next != segment.first) {
            return Err(missing(&shared.log_dir, next.unwrap_or_default(), segment.first - 1));
        }
        let (after, good) = log::read(segment, index + 1 == count, &mut |seq, line| replay.commit(seq, line))?;
        segment.bytes = good;
        next = Some(after);
    }
    let last = next.unwrap_or(1) - 1;
    if last < mark.seq {
        return Err(missing(&shared.log_dir, last + 1, mark.seq));
    }
    lock(&shared.state).seq = last;
    replay.check_gone()?;
    replay.settle_addresses(last)?;
    *lock(&shared.segments) = segments;
    Ok(shared)
}

/// The log must reach back to what is checkpointed.
fn check_start(dir: &Path, segments: &VecDeque<Segment>, mark: Mark) -> Result<(), Error> {
    match segments.front() {
        Some(segment) if segment.first <= mark.seq + 1 => Ok(()),
        Some(segment) => Err(missing(dir, mark.seq + 1, segment.first - 1)),
        None => Err(missing(dir, mark.seq + 1, mark.seq + 1)),
    }
}

fn missing(dir: &Path, from: Seq, to: Seq) -> Error {
    Error::Corrupt(format!(
        "commits {from} to {to} are missing from the log {} or the database beside it is older than it; restore the data folder from a backup",
        dir.display()
    ))
}

struct Replay<'a> {
    shared: &'a Shared,
    stage: Stage,
    /// Addresses the log mentions, and who had or has them: rows of the database may be ahead of this or that person.
    mentioned: HashMap<Address, HashSet<ContactId>>,
    /// Who is not there although the log changes them, and the commit that does: somebody whose erasure is in the database
    /// already and comes further on in the log.
    gone: HashMap<ContactId, Seq>,
}

impl Replay<'_> {
    fn commit(&mut self, seq: Seq, line: &[u8]) -> Result<(), Error> {
        let mut commit: Commit = codec::decode(line)?;
        if let Some(change) = &commit.person
            && self.is_past(seq, change)?
        {
            commit.person = None;
        }
        if !commit.also.is_empty() {
            let mut left = Vec::with_capacity(commit.also.len());
            for change in std::mem::take(&mut commit.also) {
                if !self.is_past(seq, &change)? {
                    left.push(change);
                }
            }
            commit.also = left;
        }
        self.stage.replay(self.shared, commit, seq).map_err(|e| Error::Corrupt(format!("commit {seq} of the log does not follow: {e}")))?;
        self.stage.publish(self.shared, seq, line.len() as u64 + 4);
        Ok(())
    }

    /// Whether the person is in the database as this change made them, or as a later one did. Notes what the change mentions.
    fn is_past(&mut self, seq: Seq, change: &PersonChange) -> Result<bool, Error> {
        let before = self.stage.person(self.shared, change.id)?;
        if let Some(contact) = &change.contact {
            let had = before.iter().flat_map(|p| &p.contact.addresses);
            for reach in had.chain(&contact.addresses) {
                self.mentioned.entry(reach.address.clone()).or_default().insert(change.id);
            }
        }
        if before.is_none() && change.base > 0 {
            if change.erase {
                self.gone.remove(&change.id);
            } else {
                self.gone.entry(change.id).or_insert(seq);
            }
            return Ok(true);
        }
        Ok(before.as_ref().is_some_and(|p| p.version > change.base))
    }

    /// Whoever was not there must have been erased further on.
    fn check_gone(&self) -> Result<(), Error> {
        match self.gone.iter().min_by_key(|(_, seq)| **seq) {
            Some((id, seq)) => Err(Error::Corrupt(format!("commit {seq} of the log does not follow: {id} is not there"))),
            None => Ok(()),
        }
    }

    /// Leads every address the log mentions to the one person who has it now.
    fn settle_addresses(self, last: Seq) -> Result<(), Error> {
        for (address, mut people) in self.mentioned {
            let now = lock(&self.shared.state).addresses.get(&address).copied();
            let now = now.map_or_else(|| rows::address(&self.shared.db, &address), Ok)?;
            people.extend(now);
            let mut owner = None;
            for id in &people {
                if self.shared.with_slot(*id, |slot| slot.person.contact.reach(&address).is_some())?.unwrap_or(false) {
                    owner = Some(*id);
                }
            }
            let checkpointed = rows::address(&self.shared.db, &address)?;
            // The row is written with whoever may write it; one of those who mentioned it is there.
            let writer = owner.or_else(|| people.into_iter().next());
            let mut state = lock(&self.shared.state);
            state.addresses.remove(&address);
            if let Some(writer) = writer.filter(|_| owner != checkpointed) {
                state.addresses.insert(address.clone(), owner);
                if let Some(erased) = state.erased_mut(writer) {
                    erased.moved.push(address);
                } else if let Some(slot) = state.touch(writer, last) {
                    slot.moved.push(address);
                }
            }
        }
        Ok(())
    }
}
