//! The checkpoint: the one thread that writes to sled, carrying what is newer in memory there.
//!
//! It works in small slices at the pace at which the log grows, so that memory and log stay bounded and flat without a
//! pause for anybody, and lets changes of the same person gather while there is room: a person changed ten times in a
//! few seconds is written once.

use crate::{
    compact::Compaction,
    history::{self, Gone, Tail},
    log,
    rows::{self, Indexed, Mark, Rows},
    shared::{Ending, Shared, lock, panic_text},
    state::{RecordKey, State},
    waiting::Waiting,
};
use model::{Address, ContactId, Person};
use serde_json::Value;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use store::{Error, Seq};

/// The most rows of one batch: larger ones, one after another, make sled keep garbage.
const BATCH_ROWS: usize = 64;
/// The most people and records of a slice.
const SLICE: usize = 32;
/// How often a little is carried over.
const TICK: Duration = Duration::from_millis(20);
/// The same while there is nothing to carry.
const IDLE: Duration = Duration::from_millis(250);
/// The pause between two turns of a compaction: the disk and a core belong to the others as well.
const BESIDE: Duration = Duration::from_millis(3);
/// How many rounds through what waits while the log grows by `Options::backlog_low`: a little more than one keeps it below.
const ROUNDS: f64 = 2.5;
/// In how many ticks a round goes at the latest: a minute.
const SLOWEST: f64 = 3_000.0;
/// In how many ticks it goes when nothing is committed: 4 seconds.
const QUIET: f64 = 200.0;
/// Bytes written to sled after which it is synced and the log trimmed: few, for the log's own sync waits on the same disk for all of them,
/// and a message with it.
const SYNC_BYTES: usize = 512 * 1024;

/// Starts the thread.
pub(crate) fn start(shared: Arc<Shared>) -> Result<JoinHandle<()>, Error> {
    let run = move || {
        // Nobody waits for it as long as it keeps up, which a quarter of a core does: a message that is answered goes first. The niceness
        // of a thread of Linux is its own; best effort.
        let _ = rustix::process::setpriority_process(None, 10);
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&shared)));
        // A copy that was on its way is of no use to anybody, and its room is.
        shared.db.drop_next();
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => shared.fail(&error.to_string()),
            Err(panic) => shared.fail(&format!("the checkpoint broke: {}", panic_text(&*panic))),
        }
    };
    std::thread::Builder::new().name("store-checkpoint".into()).spawn(run).map_err(|e| crate::io::failed("the checkpoint cannot start", &e))
}

fn run(shared: &Shared) -> Result<(), Error> {
    let (mut written, mut pace) = (0, Pace::default());
    let mut compaction: Option<Compaction> = None;
    loop {
        let (work, ending) = wait_for_work(shared, &mut pace, compaction.is_some());
        if shared.failure().is_some() || ending == Ending::Now {
            return Ok(());
        }
        let mut left = work;
        while left > 0 {
            let (count, bytes) = slice(shared, left.min(SLICE))?;
            written += bytes;
            left = if count == 0 { 0 } else { left.saturating_sub(count) };
            if written >= SYNC_BYTES {
                written = 0;
                sync(shared)?;
            }
            if shared.failure().is_some() || shared.ending() == Ending::Now {
                return Ok(());
            }
        }
        if written > 0 && lock(&shared.state).backlog == 0 {
            written = 0;
            sync(shared)?;
        }
        if ending == Ending::Checkpointed {
            return sync(shared);
        }
        compaction = match compaction.or_else(|| Compaction::begin(shared)) {
            Some(compaction) => compaction.go_on(shared)?,
            None => None,
        };
    }
}

/// How fast to go.
#[derive(Default)]
struct Pace {
    /// `State::appended` at the last look.
    appended: u64,
    /// What is to be written and is less than one.
    due: f64,
}

impl Pace {
    /// How many to write in this tick.
    fn tick(&mut self, state: &State, low: u64) -> usize {
        let grown = state.appended - self.appended;
        self.appended = state.appended;
        let waiting = state.waiting();
        if grown == 0 {
            self.due = 0.0;
            return ((waiting as f64 / QUIET) as usize).max(SLICE);
        }
        let share = (ROUNDS * grown as f64 / low.max(1) as f64).max(1.0 / SLOWEST);
        self.due = (self.due + waiting as f64 * share).min(waiting as f64);
        // Whole ones now; casts of a float are cut and held in range.
        let whole = self.due as usize;
        self.due -= whole as f64;
        whole
    }
}

/// Waits for the backlog, a tick or the end; answers how many people and records to write now.
fn wait_for_work(shared: &Shared, pace: &mut Pace, compacting: bool) -> (usize, Ending) {
    let low = shared.options.backlog_low;
    let asked = || lock(&shared.compaction).0.is_some();
    let quiet =
        |state: &mut State| state.backlog <= low && shared.failure().is_none() && shared.ending() == Ending::No && (compacting || !asked());
    let state = lock(&shared.state);
    let tick = match state.waiting() {
        _ if compacting => BESIDE,
        0 => IDLE,
        _ => TICK,
    };
    let (state, waited) = shared.grew.wait_timeout_while(state, tick, quiet).unwrap_or_else(PoisonError::into_inner);
    match shared.ending() {
        Ending::No if waited.timed_out() => (pace.tick(&state, low), Ending::No),
        Ending::No => (SLICE, Ending::No),
        ending @ (Ending::Checkpointed | Ending::Now) => (usize::MAX, ending),
    }
}

/// A person to write.
struct PersonJob {
    id: ContactId,
    person: Arc<Person>,
    tail: Arc<Tail>,
    disk: Indexed,
    chunks: u16,
    addresses: Vec<(Address, Option<ContactId>)>,
    unname: Gone,
}

/// A record to write.
struct RecordJob {
    key: RecordKey,
    value: Option<Value>,
    stamp: u64,
}

/// Somebody to take away.
struct ErasedJob {
    id: ContactId,
    disk: Indexed,
    chunks: u16,
    addresses: Vec<(Address, Option<ContactId>)>,
}

enum Job {
    Person(PersonJob),
    Erased(ErasedJob),
    Record(RecordJob),
}

/// What a job was written as.
enum Done {
    Person {
        id: ContactId,
        version: u64,
        disk: Indexed,
        chunks: u16,
        cost: usize,
        addresses: Vec<(Address, Option<ContactId>)>,
        unnamed: Gone,
    },
    Erased {
        id: ContactId,
        addresses: Vec<(Address, Option<ContactId>)>,
    },
    Record {
        key: RecordKey,
        stamp: u64,
    },
}

/// Writes up to `count` of what waits longest; answers how many there were and how many bytes they took.
pub(crate) fn slice(shared: &Shared, count: usize) -> Result<(usize, usize), Error> {
    let (jobs, at, mut mark) = take(&mut lock(&shared.state), count.min(SLICE));
    let (taken, mut counted) = (jobs.len(), (mark.people, mark.next_page));
    if taken == 0 {
        return Ok((0, 0));
    }
    let (mut rows, mut done, mut bytes) = (Rows::default(), Vec::new(), 0);
    for job in jobs {
        let before = rows.0.len();
        let mut own = Rows::default();
        // What a batch is marked with counts what is in it, not this job.
        let marked = mark;
        let outcome = match job {
            Job::Person(job) => write_person(shared, job, &mut own, &mut mark)?,
            Job::Erased(job) => take_away(shared, job, &mut own, &mut mark)?,
            Job::Record(job) => write_record(shared, job, &mut own)?,
        };
        // One person's rows are never split; the mark takes one row.
        if before > 0 && before + own.0.len() >= BATCH_ROWS {
            bytes += apply(shared, std::mem::take(&mut rows), grown(&mut counted, marked))?;
        }
        rows.0.append(&mut own.0);
        done.push(outcome);
    }
    bytes += apply(shared, rows, grown(&mut counted, mark))?;

    let mut state = lock(&shared.state);
    state.mark = mark;
    for outcome in done {
        match outcome {
            Done::Person { id, version, disk, chunks, cost, addresses, unnamed } => {
                state.written(id, version, at, disk, chunks, (cost, &unnamed));
                addresses.iter().for_each(|(address, owner)| state.address_written(address, *owner));
            }
            Done::Erased { id, addresses } => {
                state.erased_written(id);
                addresses.iter().for_each(|(address, owner)| state.address_written(address, *owner));
            }
            Done::Record { key, stamp } => state.record_written(key, stamp, at),
        }
    }
    state.mark.seq = state.floor();
    let gone = state.evict();
    drop(state);
    shared.shrank.notify_all();
    drop(gone);
    Ok((taken, bytes))
}

/// The mark, if what it counts must be written with what was counted.
fn grown(counted: &mut (u64, u64), mark: Mark) -> Option<Mark> {
    let now = (mark.people, mark.next_page);
    (std::mem::replace(counted, now) != now).then_some(mark)
}

/// Takes jobs out of the line, and the state's place and mark with them.
fn take(state: &mut State, count: usize) -> (Vec<Job>, Seq, Mark) {
    let mut jobs = Vec::with_capacity(count);
    while jobs.len() < count {
        match state.next_waiting() {
            Some(Waiting::Person(id)) if state.is_erased(id) => {
                let erased = state.erased_mut(id).expect("it was just there");
                let (disk, chunks, moved) = (erased.disk.clone(), erased.chunks, std::mem::take(&mut erased.moved));
                let addresses = moved.into_iter().filter_map(|a| state.addresses.get(&a).map(|owner| (a, *owner))).collect();
                jobs.push(Job::Erased(ErasedJob { id, disk, chunks, addresses }));
            }
            Some(Waiting::Person(id)) => {
                let slot = state.slot(id).expect("a dirty person stays in memory");
                let tail = Arc::new(std::mem::take(&mut slot.tail));
                slot.writing = Some(tail.clone());
                let moved = std::mem::take(&mut slot.moved);
                let (person, disk, chunks, unname) = (slot.person.clone(), slot.disk.clone(), slot.chunks, slot.unname.clone());
                // An address may have gone on to somebody else: what is true now is written, whoever writes it.
                let addresses = moved.into_iter().filter_map(|a| state.addresses.get(&a).map(|owner| (a, *owner))).collect();
                jobs.push(Job::Person(PersonJob { id, person, tail, disk, chunks, addresses, unname }));
            }
            Some(Waiting::Record(key)) => {
                let slot = state.records.get(&key).expect("a dirty record stays in memory");
                jobs.push(Job::Record(RecordJob { value: slot.value.clone(), stamp: slot.stamp, key }));
            }
            None => break,
        }
    }
    (jobs, state.seq, state.mark)
}

fn write_person(shared: &Shared, mut job: PersonJob, rows: &mut Rows, mark: &mut Mark) -> Result<Done, Error> {
    let forgotten = &job.person.forgotten;
    // What is forgotten may be much and goes in batches of its own, first.
    let mut trim = |rows| apply(shared, rows, None).map(drop);
    (job.disk.history, job.chunks) = history::trim(&shared.db, job.id, (&job.disk.history, job.chunks), forgotten, &mut trim)?;
    history::unname(&shared.db, job.id, &job.disk.history, &job.unname, &mut trim)?;
    let added = (&*job.tail, forgotten, &job.unname);
    let (history, open) = history::extend(&shared.db, job.id, &job.disk.history, added, rows, &mut mark.next_page)?;
    let disk = Indexed { active: job.person.is_active(), history };
    match (job.disk.active, disk.active) {
        (false, true) => rows.put(rows::active_key(job.id), &[]),
        (true, false) => rows.delete(rows::active_key(job.id)),
        (true, true) | (false, false) => {}
    }
    write_addresses(&job.addresses, rows);
    let document = rows::write_document(&job.person, &disk, &open)?;
    let chunks = rows.put_chunked(&rows::person_key(job.id), &document, job.chunks)?;
    if job.chunks == 0 {
        mark.people += 1;
    }
    let (id, version, cost) = (job.id, job.person.version, document.len());
    Ok(Done::Person { id, version, disk, chunks, cost, addresses: job.addresses, unnamed: job.unname })
}

fn write_addresses(addresses: &[(Address, Option<ContactId>)], rows: &mut Rows) {
    for (address, owner) in addresses {
        match owner {
            Some(id) => rows.put(rows::address_key(address), &id.to_bytes()),
            None => rows.delete(rows::address_key(address)),
        }
    }
}

/// Takes a person out of the database. Their pages may be many and go in batches of their own, first: what a crash leaves of
/// them is taken away when the log is read again, and nobody reads it by then.
fn take_away(shared: &Shared, job: ErasedJob, rows: &mut Rows, mark: &mut Mark) -> Result<Done, Error> {
    let mut pages = Rows::default();
    for number in job.disk.history.closed() {
        let key = rows::page_key(number);
        pages.delete_chunked(&key, 0, rows::chunks(&shared.db, &key)?);
        if pages.0.len() >= BATCH_ROWS {
            apply(shared, std::mem::take(&mut pages), None)?;
        }
    }
    apply(shared, pages, None)?;
    rows.delete_chunked(&rows::person_key(job.id), 0, job.chunks);
    if job.disk.active {
        rows.delete(rows::active_key(job.id));
    }
    write_addresses(&job.addresses, rows);
    if job.chunks > 0 {
        mark.people = mark.people.saturating_sub(1);
    }
    Ok(Done::Erased { id: job.id, addresses: job.addresses })
}

fn write_record(shared: &Shared, job: RecordJob, rows: &mut Rows) -> Result<Done, Error> {
    let key = rows::record_key(&job.key.0, &job.key.1);
    let before = rows::get_chunked(&shared.db, &key)?.map_or(0, |(_, chunks)| chunks);
    match &job.value {
        Some(value) => {
            rows.put_chunked(&key, &rows::packed(value)?, before)?;
        }
        None => rows.delete_chunked(&key, 0, before),
    }
    Ok(Done::Record { key: job.key, stamp: job.stamp })
}

/// Applies rows as one batch, and the mark with them if one is given; answers their bytes.
fn apply(shared: &Shared, mut rows: Rows, mark: Option<Mark>) -> Result<usize, Error> {
    if let Some(mark) = mark {
        rows.put(rows::MARK.to_vec(), &rows::packed(&mark)?);
    }
    let (mut batch, mut bytes) = (sled::Batch::default(), 0);
    for (key, value) in rows.0 {
        bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    shared.db.apply(&shared.options, batch)?;
    Ok(bytes)
}

/// Makes what is in sled durable, and removes the segments of the log that it makes superfluous.
pub(crate) fn sync(shared: &Shared) -> Result<(), Error> {
    let mark = {
        let mut state = lock(&shared.state);
        state.mark.seq = state.floor();
        state.mark
    };
    apply(shared, Rows::default(), Some(mark))?;
    shared.db.sync(&shared.options)?;
    loop {
        let mut segments = lock(&shared.segments);
        // The one being written stays, so that the log always says where it is.
        let superfluous = segments.get(1).is_some_and(|second| second.first <= mark.seq + 1);
        let Some(segment) = superfluous.then(|| segments.pop_front()).flatten() else { return Ok(()) };
        drop(segments);
        log::remove(&segment, &shared.options)?;
    }
}
