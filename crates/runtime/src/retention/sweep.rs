//! The worker: once a day through everybody, at a pace at which nobody notices.

use super::{Cutoffs, Removed, Report, TABLE, due, files};
use crate::{Handle, WriteError, core::Refusal};
use model::{ContactId, Instant, Person};
use std::{ops::ControlFlow, sync::Arc};
use store::{Error, PersonChange, RecordPut, Store};

/// The record of [`Report`].
const STATE: &str = "state";
/// From the beginning of one sweep to the next: a day.
const EVERY: i64 = 86_400_000_000;
/// How long after a start the first one begins, or goes on: ten seconds.
const START: i64 = 10_000_000;
/// People looked at in one go.
const SLICE: usize = 64;
/// The longest pause after that: a second, a few thousandths of a core. A million people take four hours and a half.
const LONGEST_PAUSE: i64 = 1_000_000;
/// The shortest one, when there are so many that they would take longer than half a day: a tenth of a second.
const SHORTEST_PAUSE: i64 = 100_000;
/// The pause after something was removed: 20 ms.
const REST: i64 = 20_000;
/// How long to wait when something could not be done: a minute.
const AGAIN: i64 = 60_000_000;
/// From one compaction for what was removed to the next: a week.
const COMPACT_EVERY: i64 = 7 * EVERY;
/// The record of how many bytes the store had after the last compaction, whoever asked for it.
const LIVED: &str = "lived";
const GIB: u64 = 1 << 30;
/// The record of how many files went.
const FILES_GONE: &str = "files";
/// The record that is there as long as the disk may hold bytes of what was removed: each commit that removes something puts it.
pub(super) const PENDING: &str = "pending";
/// Slices after which it is written down how far a sweep is, although nothing was removed.
const NOTED: u32 = 32;
/// Commits for one person in a row; what is due of them beyond goes with the next sweep.
const PARTS: usize = 500;

/// Whether a store of this many bytes holds more of what was replaced than of what lives: more than twice what the last compaction left,
/// and a gibibyte; four gibibytes where there was none.
fn is_swollen(bytes: u64, lived: Option<u64>) -> bool {
    bytes > lived.unwrap_or(3 * GIB / 2).saturating_mul(2) + GIB
}

impl Handle {
    /// Removes what is kept no longer, until the process ends.
    pub(crate) async fn keep_retention(self) {
        self.pause(START).await;
        loop {
            match self.sweep_once().await {
                Ok(next) => self.shell.clock.sleep_until(next).await,
                Err(error) => {
                    tracing::warn!(%error, "retention could not go on; it is tried again");
                    self.pause(AGAIN).await;
                }
            }
        }
    }

    /// What retention did and does.
    pub async fn retention(&self) -> Report {
        let read = |value| serde_json::from_value(value).map_err(|error| tracing::error!(%error, "what retention did cannot be read")).ok();
        let report: Report = self.record(TABLE, STATE).await.and_then(read).unwrap_or_default();
        let pending = self.record(TABLE, PENDING).await.is_some();
        Report { files: self.removed_files().await, pending, ..report }
    }

    async fn removed_files(&self) -> u64 {
        self.record(TABLE, FILES_GONE).await.and_then(|value| value.as_u64()).unwrap_or(0)
    }

    async fn note_retention(&self, report: &Report) -> Result<(), WriteError> {
        let value = serde_json::to_value(report).expect("a report is plain data");
        self.put_all(vec![RecordPut { table: TABLE.into(), key: STATE.into(), value: Some(value) }]).await
    }

    /// Counts files that went with a compaction.
    pub(super) async fn count_removed_files(&self, files: u64) -> Result<(), WriteError> {
        let count = self.removed_files().await + files;
        self.put_all(vec![RecordPut { table: TABLE.into(), key: FILES_GONE.into(), value: Some(count.into()) }]).await
    }

    async fn pause(&self, micros: i64) {
        self.shell.clock.sleep_until(self.now().plus_micros(micros)).await;
    }

    /// One sweep, if it is time for one, from where the last process left it; answers when the next one is due.
    async fn sweep_once(&self) -> Result<Instant, WriteError> {
        let mut report = self.retention().await;
        if report.began.is_none() {
            // A clock that was set back does not put it off for longer than a day.
            if let Some(last) = report.last.filter(|last| *last <= self.now())
                && self.now().micros_since(last) < EVERY
            {
                return Ok(last.plus_micros(EVERY));
            }
            report = Report { began: Some(self.now()), now: Removed::default(), place: None, ..report };
        }
        // The lower half of an id begins anew: nobody is left out, some are looked at twice.
        let mut after = report.place.map(|place| ContactId(u128::from(place) << 64));
        for slice in 0_u32.. {
            let (cutoffs, kept_for) = self.cutoffs();
            report.events_kept_for = kept_for;
            if cutoffs.keep_all() {
                break;
            }
            let before = cutoffs.clone();
            let (last, concerned) = self.shell.read(move |store| slice_of(store, after, &before)).await.ok_or(WriteError::Unavailable)?;
            let Some(last) = last else { break };
            after = Some(last);
            let removed = self.sweep_people(concerned, &cutoffs).await?;
            report.now.add(&removed);
            report.place = after.map(|id| u64::try_from(id.0 >> 64).unwrap_or(u64::MAX));
            if slice.is_multiple_of(NOTED) || !removed.is_nothing() {
                self.note_retention(&report).await?;
            }
            self.pause(pause_among(self.shell.store.stats().people)).await;
        }
        self.forget_uploads().await?;
        let began = report.began.take().unwrap_or_else(|| self.now());
        (report.last, report.then, report.place) = (Some(began), std::mem::take(&mut report.now), None);
        self.note_retention(&report).await?;
        let Removed { contacts, messages, journey, events } = report.then;
        if !report.then.is_nothing() {
            tracing::info!(contacts, messages, journey, events, "what is kept no longer was removed");
        }
        if !report.events_kept_for.is_empty() {
            let segments = report.events_kept_for.join(", ");
            tracing::warn!(segments, "events are kept longer than the bot says, because these segments look farther back");
        }
        let may = report.compacted.is_none_or(|at| self.now().micros_since(at) >= COMPACT_EVERY);
        if may && self.retention().await.pending {
            self.compact().await?;
            report.compacted = Some(self.now());
            self.note_retention(&report).await?;
        } else if is_swollen(self.shell.store.stats().disk_bytes, self.record(TABLE, LIVED).await.and_then(|value| value.as_u64())) {
            tracing::info!("the store holds more of what was replaced than of what lives: it is compacted");
            // What went wrong was said; the next sweep tries again.
            let _ = self.compact().await;
        }
        Ok(began.plus_micros(EVERY).max(self.now()))
    }

    /// The store was compacted and has this many bytes now.
    pub(crate) async fn note_lived(&self, bytes: u64) -> Result<(), WriteError> {
        self.put_record(TABLE, LIVED, Some(bytes.into())).await
    }

    /// The store was compacted: what was removed before that is not on the disk any more. `removals` is how often something had been removed
    /// when the compaction began ([`crate::privacy::Promises`]); what was removed since may be there still.
    pub(crate) async fn removed_is_gone(&self, removals: u64) -> Result<(), WriteError> {
        let now = self.shell.promises.removals.lock().await;
        if *now == removals && self.record(TABLE, PENDING).await.is_some() {
            self.put_record(TABLE, PENDING, None).await?;
        }
        Ok(())
    }

    fn cutoffs(&self) -> (Cutoffs, Vec<String>) {
        let segments = self.shell.ask(crate::core::Core::segments);
        Cutoffs::of(self.bot().retention(), &segments, self.now())
    }

    /// Removes what is due of some people.
    async fn sweep_people(&self, people: Vec<Arc<Person>>, cutoffs: &Cutoffs) -> Result<Removed, WriteError> {
        let mut removed = Removed::default();
        let mut busy = Vec::new();
        for person in people {
            let id = person.contact.id;
            if self.sweep_person(person, cutoffs, &mut removed).await?.is_break() {
                busy.push(id);
            }
        }
        // Once more for whoever had something under way; otherwise it is tomorrow.
        for id in busy {
            let person = self.shell.read(move |store| store.person(id)).await.ok_or(WriteError::Unavailable)?;
            if let Some(person) = person {
                let _ = self.sweep_person(person, cutoffs, &mut removed).await?;
            }
        }
        Ok(removed)
    }

    /// Removes what is due of one person; breaks off if something else happens to them.
    async fn sweep_person(&self, mut person: Arc<Person>, cutoffs: &Cutoffs, removed: &mut Removed) -> Result<ControlFlow<()>, WriteError> {
        let id = person.contact.id;
        for _ in 0..PARTS {
            let (looked_at, before) = (person.clone(), cutoffs.clone());
            let found = self.shell.read(move |store| due(store, &looked_at, &before)).await.ok_or(WriteError::Unavailable)?;
            if found.forget.is_empty() {
                break;
            }
            let mut records = files::noted(&found.files);
            records.push(RecordPut { table: TABLE.into(), key: PENDING.into(), value: Some(true.into()) });
            for (under, forget) in found.forget {
                let keeper = if under == id { Some(person.clone()) } else { self.keeper(under).await? };
                // Whoever keeps it may have been erased meanwhile.
                let Some(keeper) = keeper else { continue };
                let change = PersonChange { forget, ..PersonChange::new(under, keeper.version) };
                let mut removals = self.shell.promises.removals.lock().await;
                *removals += 1;
                let forgotten = self.shell.forget(change, std::mem::take(&mut records)).await;
                drop(removals);
                match forgotten {
                    Ok(_) => {}
                    Err(Refusal::Unavailable) => return Err(WriteError::Unavailable),
                    Err(_) => return Ok(ControlFlow::Break(())),
                }
            }
            removed.add(&found.removed);
            self.pause(REST).await;
            if !found.more {
                break;
            }
            match self.keeper(id).await? {
                Some(now) => person = now,
                None => break,
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn keeper(&self, id: ContactId) -> Result<Option<Arc<Person>>, WriteError> {
        self.shell.read(move |store| store.person(id)).await.ok_or(WriteError::Unavailable)
    }
}

/// The pause after each slice of so many people, in microseconds: all of them in half a day, if that can be.
fn pause_among(people: u64) -> i64 {
    let slices = i64::try_from(people / SLICE as u64).unwrap_or(i64::MAX).max(1);
    (EVERY / 2 / slices).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

/// The next people: the last of them, none if there are no more, and those of whom something is due.
fn slice_of(store: &dyn Store, after: Option<ContactId>, cutoffs: &Cutoffs) -> Result<(Option<ContactId>, Vec<Arc<Person>>), Error> {
    let people = store.people(after, SLICE)?;
    let last = people.last().map(|person| person.contact.id);
    let mut concerned = Vec::new();
    for person in people {
        if !due(store, &person, cutoffs)?.forget.is_empty() {
            concerned.push(person);
        }
    }
    Ok((last, concerned))
}
