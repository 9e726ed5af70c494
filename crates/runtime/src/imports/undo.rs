//! An import taken back: contacts who came to be by it and whom nobody touched since go again; of the others whatever is still as
//! the import left it goes back to what it was. Events that it recorded are taken out, and memberships are judged by those that are left.
//!
//! **Invariant.** What a contact gets back is told by their own journey alone: whoever was merged into them had another past.

use super::{
    Import, ImportError, ImportState, LISTS, contact_id, is_made,
    work::{Worker, makes_contacts, of_import},
};
use crate::{
    core::{Outcome, Refusal},
    drive::lock,
};
use crm::import::Kind;
use model::{Actor, Altered, ContactId, InboxItem, Instant, JourneyEntry, JourneyFilter, JourneyKind, Part, Person, TagKey};
use std::collections::{HashSet, VecDeque};
use store::{Commit, RecordPut};
use tokio::sync::oneshot;

/// Contacts on their way back at once.
const WINDOW: usize = 64;
/// Contacts after which it is written down how far it is.
const SAVE: u64 = 1_000;
/// People read at once.
const PEOPLE: usize = 256;
/// Journey lines read at once, and at the most.
const PAGE: usize = 64;
const DEEPEST: usize = 20_000;

/// What becomes of a contact.
enum Back {
    Removed(oneshot::Receiver<Result<Outcome, Refusal>>),
    Restored(oneshot::Receiver<Result<Outcome, Refusal>>),
    /// So many events go; whoever came with them stays, or was there before.
    Withdrawn {
        told: oneshot::Receiver<Result<Outcome, Refusal>>,
        events: u64,
        kept: bool,
    },
    /// Whoever came with them goes, and so many events.
    RemovedWith {
        told: oneshot::Receiver<Result<Outcome, Refusal>>,
        events: u64,
    },
    Kept,
    /// It is not there, or the import did nothing to it.
    Nothing,
}

/// What an import did to a contact, as their journey tells it from its end, and whether anything else happened to them.
#[derive(Default)]
struct Traces {
    /// Whether a row came to them.
    any: bool,
    /// What rows changed, each part once.
    parts: Vec<Trace>,
    /// When it made them.
    made: Option<Instant>,
    others: bool,
    /// What is further back was taken back already.
    over: bool,
}

/// What rows of an import changed of one part.
struct Trace {
    /// When the newest of them did.
    at: Instant,
    /// What it was before the oldest of them that nobody else came after, and what the newest left.
    altered: Altered,
    /// Whether nobody else changed it further back, as far as that was read.
    alone: bool,
}

impl Worker {
    /// Takes an import back; blocks until that is done or the runtime stops.
    pub fn undo(&self, import: Import, by: &Actor) {
        let _turn = lock(&self.imports.turn);
        if self.is_stopping() {
            return;
        }
        let mut import = Import { state: ImportState::Undoing, ..import };
        self.save_whole(import.clone());
        match self.try_undo(&mut import, by) {
            Ok(()) => {
                import.state = ImportState::Undone;
                // What is in it is nobody's any more.
                import.has_file = false;
                self.forget_lists(&import);
            }
            // It goes on at the next start.
            Err(ImportError::Unavailable) => return,
            Err(why) => import.state = ImportState::Failed(why.to_string()),
        }
        import.ended = Some(self.shell.clock.now());
        let (id, is_served) = (import.id.clone(), !import.has_file);
        self.save_last(import);
        if is_served {
            self.imports.files.drop_file(&id);
        }
    }

    fn try_undo(&self, import: &mut Import, by: &Actor) -> Result<(), ImportError> {
        let Some(began) = import.began else { return Ok(()) };
        // Those who stay are counted by whoever goes through to the end.
        import.counts.kept = 0;
        let mut window: VecDeque<Back> = VecDeque::new();
        let mut done = 0;
        import.read = 0;
        let made = if makes_contacts(import.kind, import.options.unknown) { import.row.max(import.redone) } else { 0 };
        for row in 1..=made {
            let id = contact_id(&import.id, began, row);
            self.step(import, by, (began, id, true), &mut window, &mut done)?;
        }
        // Whatever is on its way of those who were made is not to be taken back twice.
        while let Some(back) = window.pop_front() {
            self.landed(import, back)?;
        }
        // Rows of one contact stand all over a file, and all go at once.
        let mut gone = HashSet::new();
        for list in 0..import.lists {
            let stored = self.shell.store.record(LISTS, &format!("{}/{list:08}", import.id)).map_err(|_| ImportError::Unavailable)?;
            let ids: Vec<ContactId> = stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
            for id in ids {
                if !gone.insert(id) {
                    continue;
                }
                self.step(import, by, (began, id, false), &mut window, &mut done)?;
            }
        }
        // Whom rows came to that were not written down stands nowhere else than with everybody.
        let mut after = None;
        while import.may_be_further() {
            let people = self.shell.store.people(after, PEOPLE).map_err(|_| ImportError::Unavailable)?;
            let Some(last) = people.last() else { break };
            after = Some(last.contact.id);
            for id in people.iter().map(|person| person.contact.id) {
                if !gone.contains(&id) && !is_made(&import.id, began, made, id) {
                    self.step(import, by, (began, id, false), &mut window, &mut done)?;
                }
            }
        }
        while let Some(back) = window.pop_front() {
            self.landed(import, back)?;
        }
        Ok(())
    }

    fn step(
        &self,
        import: &mut Import,
        by: &Actor,
        (began, id, is_made): (Instant, ContactId, bool),
        window: &mut VecDeque<Back>,
        done: &mut u64,
    ) -> Result<(), ImportError> {
        if self.is_stopping() {
            return Err(ImportError::Unavailable);
        }
        while window.len() >= WINDOW {
            if let Some(back) = window.pop_front() {
                self.landed(import, back)?;
            }
        }
        let back = match import.kind {
            Kind::Contacts => self.back(import, by, began, id)?,
            Kind::Events => self.events_back(import, by, (began, id, is_made))?,
        };
        window.push_back(back);
        *done += 1;
        // How far it is is told in rows; doing a contact again finds nothing to do.
        import.read = import.bytes * (*done).min(import.row) / import.row.max(1);
        if (*done).is_multiple_of(SAVE) {
            self.save_whole(import.clone());
        }
        Ok(())
    }

    fn back(&self, import: &Import, by: &Actor, began: Instant, id: ContactId) -> Result<Back, ImportError> {
        let store = &self.shell.store;
        let Some(person) = store.person(id).map_err(|_| ImportError::Unavailable)? else { return Ok(Back::Nothing) };
        let traces = self.traces(import, began, id)?;
        if !traces.any {
            return Ok(Back::Nothing);
        }
        // What the import said is part of whoever they are now.
        if person.contact.merged_into.is_some() {
            return Ok(Back::Kept);
        }
        if traces.made.is_some() && !traces.others && is_untouched(&person) {
            return Ok(Back::Removed(self.shell.submit_erasure(id, person.version)));
        }
        let Traces { made, parts, .. } = traces;
        let parts = parts.into_iter().map(|trace| (trace.at, trace.altered)).collect();
        let item = InboxItem::Undo { import: import.id.clone(), made, parts, events: Vec::new(), by: by.clone() };
        Ok(Back::Restored(self.shell.submit(id, item, None)))
    }

    /// Takes back what was recorded of a contact; of one whom a row made, the contact as well if nothing else happened to them.
    fn events_back(&self, import: &Import, by: &Actor, (began, id, is_made): (Instant, ContactId, bool)) -> Result<Back, ImportError> {
        let store = &self.shell.store;
        let Some(person) = store.person(id).map_err(|_| ImportError::Unavailable)? else { return Ok(Back::Nothing) };
        let ours = of_import(&store.oldest_events(id, usize::MAX).map_err(|_| ImportError::Unavailable)?, &import.id);
        let events = ours.len() as u64;
        if person.contact.merged_into.is_some() {
            // What was recorded is part of whoever they are now.
            return Ok(if events > 0 && !is_made { Back::Kept } else { Back::Nothing });
        }
        if is_made {
            let traces = self.traces(import, began, id)?;
            if traces.made.is_some() && !traces.others && is_untouched(&person) {
                return Ok(Back::RemovedWith { told: self.shell.submit_erasure(id, person.version), events });
            }
        }
        if events == 0 {
            return Ok(if is_made { Back::Kept } else { Back::Nothing });
        }
        let item = InboxItem::Undo { import: import.id.clone(), made: None, parts: Vec::new(), events: ours, by: by.clone() };
        Ok(Back::Withdrawn { told: self.shell.submit(id, item, None), events, kept: is_made })
    }

    /// What the contact's journey says about the import.
    fn traces(&self, import: &Import, began: Instant, id: ContactId) -> Result<Traces, ImportError> {
        let (all, mut traces, mut before) = (JourneyFilter::default(), Traces::default(), None);
        for _ in 0..DEEPEST / PAGE {
            let page = self.shell.store.journey_page(id, &all, before, PAGE, PAGE).map_err(|_| ImportError::Unavailable)?;
            for (_, entry) in &page.lines {
                // What is written down late tells of a time before the lines behind it.
                if entry.at < began && entry.id.written_at() < began {
                    return Ok(traces);
                }
                traces.take(entry, &import.id);
                if traces.over {
                    return Ok(traces);
                }
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        Ok(traces)
    }

    fn landed(&self, import: &mut Import, back: Back) -> Result<(), ImportError> {
        let answer = |told: oneshot::Receiver<Result<Outcome, Refusal>>| match told.blocking_recv() {
            Ok(Err(Refusal::Unavailable)) | Err(_) => Err(ImportError::Unavailable),
            Ok(answer) => Ok(answer.is_ok()),
        };
        match back {
            Back::Removed(told) => match answer(told)? {
                true => import.counts.removed += 1,
                // Something happened to them this very moment.
                false => import.counts.kept += 1,
            },
            Back::Restored(told) => {
                answer(told)?;
                import.counts.restored += 1;
            }
            Back::RemovedWith { told, events } => match answer(told)? {
                true => {
                    import.counts.removed += 1;
                    import.counts.withdrawn += events;
                }
                false => import.counts.kept += 1,
            },
            Back::Withdrawn { told, events, kept } => {
                if answer(told)? {
                    import.counts.withdrawn += events;
                }
                import.counts.kept += u64::from(kept);
            }
            Back::Kept => import.counts.kept += 1,
            Back::Nothing => {}
        }
        Ok(())
    }

    fn forget_lists(&self, import: &Import) {
        let gone = |list| RecordPut { table: LISTS.into(), key: format!("{}/{list:08}", import.id), value: None };
        let commit = Commit { records: (0..import.lists).map(gone).collect(), ..Commit::default() };
        // A store that failed has stopped the runtime.
        let _ = self.shell.commit_blocking(commit);
    }
}

impl Traces {
    fn take(&mut self, entry: &JourneyEntry, import: &str) {
        let ours = matches!(&entry.by, Actor::Import(id) if id == import);
        match &entry.what {
            JourneyKind::Imported { created, altered } if ours => {
                self.any = true;
                altered.iter().for_each(|one| self.altered(entry.at, one));
                if *created {
                    self.made = Some(entry.at);
                    // What an attribute was before is what came with them.
                    let attributes = self.parts.iter_mut().filter(|trace| matches!(trace.altered.what, Part::Attribute(_)));
                    attributes.filter(|trace| trace.alone).for_each(|trace| trace.altered.from = None);
                }
            }
            // What follows from the import by itself, and what it recorded.
            JourneyKind::SegmentEntered(_) | JourneyKind::SegmentLeft(_) => {}
            JourneyKind::Event(_) if ours => {}
            JourneyKind::ImportUndone { import: undone } if undone == import => self.over = true,
            what => {
                self.others = true;
                self.parts.iter_mut().filter(|trace| changes(what, &trace.altered.what)).for_each(|trace| trace.alone = false);
            }
        }
    }

    /// A row altered something, before those rows that are known already.
    fn altered(&mut self, at: Instant, one: &Altered) {
        match self.parts.iter_mut().find(|trace| trace.altered.what == one.what) {
            None => self.parts.push(Trace { at, altered: one.clone(), alone: true }),
            Some(newer) if newer.alone && newer.altered.from == one.to => newer.altered.from.clone_from(&one.from),
            Some(newer) => newer.alone = false,
        }
    }
}

/// Whether what somebody did changed a part of the contact.
fn changes(what: &JourneyKind, part: &Part) -> bool {
    match (what, part) {
        (JourneyKind::Attribute { name, .. }, Part::Attribute(of)) => name == of,
        (JourneyKind::TagAdded(label) | JourneyKind::TagRemoved(label), Part::Tag(of)) => TagKey::of(label) == TagKey::of(of),
        (JourneyKind::Status { .. }, Part::Status) => true,
        (JourneyKind::Imported { altered, .. }, part) => altered.iter().any(|one| one.what == *part),
        // What is told of a merge does not say whose a value was.
        (JourneyKind::Merged { .. } | JourneyKind::Unmerged { .. }, _) => true,
        _ => false,
    }
}

/// Whether nobody ever did anything with somebody who came to be by an import.
fn is_untouched(person: &Person) -> bool {
    let contact = &person.contact;
    person.conversations.is_empty()
        && person.inbox.is_empty()
        && contact.addresses.is_empty()
        && contact.notes.is_empty()
        && contact.consents.is_empty()
        && contact.absorbed.is_empty()
        && contact.last_seen == contact.first_seen
}
