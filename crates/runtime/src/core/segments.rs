//! Segments in the core: everybody's columns and memberships, kept equal to what is durable and followed through time.
//!
//! A step judges the contact at hand itself (FL 5.8). For everybody else one number is kept, the instant before which time
//! alone changes nothing; when it comes, the contact is looked at in the columns, and only if a membership differs does their
//! line take a step that commits the transition, stamped with the boundary ([`time`]).
//!
//! **Invariants.** INV-5: memberships here are those of durable contacts, and time ahead of them by what is on its way, or was due at the
//! start and is not looked at yet. Whatever else is told of a contact here is durable.

pub(crate) mod sizes;
mod time;

use super::{Core, CoreError, Written, agenda::Wake};
use engine::{Bot, Programs as _, StoredSegment};
use model::{Contact, ContactId, EventRecord, Instant};
use rayon::prelude::*;
use segments::{Book, Era, Flips, Members, Past as _, Ration, Selection, Set, Snapshot};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use store::{Commit, RecordPut, Store};
use time::OnTheWay;

/// The table of segments that are not in the bot's folder: a key, and the segment.
pub(crate) const TABLE: &str = "segments";
/// The table of what is remembered about all of them.
const OWN: &str = "segments_clock";
/// The record of the rules that were in force, newest first.
const ERAS: &str = "eras";
/// The record of the instant up to which time has been followed for everybody.
const CLOCK: &str = "clock";
/// Eras that are remembered: contacts judged by an older one are judged anew, without a word.
const REMEMBERED: usize = 64;
/// How often the clock is written down while something happens: ten seconds. Whoever had a step since then is judged anew
/// at a start after a crash.
const SAVE: i64 = 10_000_000;
/// How many contacts are judged by new rules on the spot, usually: it takes some milliseconds.
pub const AT_ONCE: usize = 20_000;

/// Everybody's facts and memberships.
#[derive(Default)]
pub(super) struct Segments {
    book: Book,
    members: Members,
    eras: Vec<Era>,
    /// Boundaries whose transition is on its way to be durable.
    on_the_way: OnTheWay,
    /// Whether something happened since the clock was written down.
    moved: bool,
    /// What was noted last of each size, and when.
    noted: HashMap<String, (Instant, u64)>,
    /// New rules that are being judged for everybody.
    judging: Option<Judging>,
    /// Judgements so far.
    judgements: u64,
}

/// New rules that are being judged elsewhere.
struct Judging {
    /// Which judgement it is: the same rules may be judged twice, with others in between.
    no: u64,
    /// The segments whose rules they are: what is told of them is not yet by the new ones.
    changed: BTreeSet<String>,
    /// Whose record became durable meanwhile.
    touched: BTreeSet<ContactId>,
    /// Whether somebody is gone since.
    lost: bool,
}

/// How a contact stands to a segment, as memory tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Not in it.
    Out,
    /// In it since an instant; none: their record may say more.
    In(Option<Instant>),
}

/// Everybody, to be judged by new rules: to be carried out where nobody waits, and brought to [`Core::judged`].
pub struct Judgement {
    everybody: Snapshot,
    bot: Arc<Bot>,
    now: Instant,
    no: u64,
}

impl std::fmt::Debug for Judgement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Judgement({} contacts)", self.everybody.len())
    }
}

/// Who is in which segment by new rules.
pub struct Judged {
    no: u64,
    at: Instant,
    members: Members,
}

impl Judgement {
    /// Judges everybody, on every core.
    pub fn carry_out(&self) -> Judged {
        let mut members = Members::default();
        members.rebuild(&self.everybody, self.bot.set(), &*self.bot, self.now);
        Judged { no: self.no, at: self.now, members }
    }
}

impl Segments {
    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn eras(&self) -> &[Era] {
        &self.eras
    }

    /// When time alone changes a membership of the contact.
    pub(super) fn flips(&self, id: ContactId) -> Flips {
        let ahead = self.members.flips(&self.book, id);
        // What is on its way was taken off the wheel.
        match self.on_the_way.of(id) {
            Some(first) if ahead.next().is_none_or(|at| first.next() <= Some(at)) => first,
            Some(_) | None => ahead,
        }
    }

    /// What is durable of a contact's memberships is told; only what differs, if what is told is what was durable before.
    fn tell(&mut self, contact: &Contact, before: Option<&Contact>, set: &Set) {
        // What is on its way was told already; it is ahead of this commit.
        if self.on_the_way.of(contact.id).is_some() {
            return;
        }
        let is = |key: &String| contact.memberships.contains_key(key);
        match before {
            None => self.members.set_members(&self.book, contact.id, set.order().iter().map(|key| (key.as_str(), is(key)))),
            Some(before) => {
                let left = before.memberships.keys().filter(|key| !is(key)).map(|key| (key.as_str(), false));
                let came = contact.memberships.keys().filter(|key| !before.memberships.contains_key(*key) && set.get(key).is_some());
                self.members.set_members(&self.book, contact.id, left.chain(came.map(|key| (key.as_str(), true))));
            }
        }
    }
}

impl Core {
    /// Reads everybody, and picks up time where it was left. Answers who was proven lately to be named as they are.
    pub(super) fn load_segments(&mut self, now: Instant) -> Result<Vec<ContactId>, CoreError> {
        let store = self.store.clone();
        self.programs.set_segments(stored(&*store)?);
        let record = |key: &str| -> Result<Option<serde_json::Value>, CoreError> { Ok(store.record(OWN, key)?) };
        let wrong = |key: &str, why: serde_json::Error| CoreError::Record { table: OWN, key: key.to_owned(), why: why.to_string() };
        if let Some(value) = record(ERAS)? {
            self.segments.eras = serde_json::from_value(value).map_err(|why| wrong(ERAS, why))?;
        }
        let saved = record(CLOCK)?;
        let clock = match saved.clone() {
            Some(value) => serde_json::from_value(value).map_err(|why| wrong(CLOCK, why))?,
            None => now,
        };
        // A clock that was set back: time is followed from now on.
        let clock = Instant::min(clock, now);
        let bot = self.programs.current().clone();
        let set = bot.set().clone();
        // Whose memberships were judged after the clock was written down.
        let mut ahead: Vec<(ContactId, Instant)> = Vec::new();
        let (segments, directory) = (&mut self.segments, &mut self.directory);
        // Who was proven to be named so lately: the process may have ended before that was compared.
        let mut recognised: Vec<ContactId> = Vec::new();
        // Those whose past is kept under several ids.
        let mut united: Vec<ContactId> = Vec::new();
        store.scan(&mut |person, events| {
            let contact = &person.contact;
            if contact.is_merged_away() {
                return;
            }
            segments.book.put(contact);
            if let Some(row) = segments.book.row_of(contact.id) {
                directory.put(row, contact);
            }
            if contact.absorbed.is_empty() {
                segments.book.add_events(contact.id, &events);
            } else {
                united.push(contact.id);
            }
            if contact.judged > clock {
                ahead.push((contact.id, contact.judged));
            }
            if contact.verified().any(|i| i.verified.as_ref().is_some_and(|verified| verified.at >= clock)) {
                recognised.push(contact.id);
            }
        })?;
        for id in united {
            let mut events = store.events(id, 0, usize::MAX)?;
            events.reverse();
            segments.book.add_events(id, &events);
        }
        let (book, members) = (&segments.book, &mut segments.members);
        members.rebuild(&book.snapshot(), &set, &*bot, clock);
        // Whoever differs was not followed to their end, or is carried by rules that were edited meanwhile.
        let edited = segments.eras.first().is_some_and(|era| era.hash != set.hash());
        let since = if edited { now } else { clock };
        for id in members.differing(book) {
            let at = members.not_before(book, id).map_or(since, |known| known.min(since));
            members.schedule(book, id, Some(at));
            if let Some(who) = book.who(id, now, &*bot, &set) {
                members.set_members(book, id, set.order().iter().map(|key| (key.as_str(), who.noted(key))));
            }
        }
        let judge = |(id, judged): (ContactId, Instant)| {
            let mut ration = Ration::new(bot.limits().fuel);
            let who = book.who(id, judged, &*bot, &set)?;
            let differs = set.order().iter().any(|key| who.noted(key) != set.holds(key, &who, &mut ration));
            let flips = set.next_flip(set.order().iter().map(String::as_str), &who, &mut ration);
            Some((id, if differs { Some(now) } else { flips }))
        };
        // After a crash under load these are some hundred thousand.
        let judged: Vec<_> = ahead.into_par_iter().filter_map(judge).collect();
        for (id, at) in judged {
            members.schedule(book, id, at);
        }
        // Of whom time moved while nothing ran, or since their last look, whoever asks is told so at once.
        members.foretell(&book.snapshot(), &set, &*bot, now);
        self.begin_era(now);
        if saved.is_none() {
            self.segments.moved = true;
            self.save_clock(now);
        } else {
            self.look_at_sizes(now);
        }
        Ok(recognised)
    }

    /// Segments that are not in the bot's folder changed: what is durable holds from now on.
    ///
    /// # Errors
    /// [`CoreError`] if they cannot be read; nothing changed then.
    pub fn read_segments(&mut self, now: Instant) -> Result<(), CoreError> {
        self.programs.set_segments(stored(&*self.store)?);
        self.rules_changed(now);
        Ok(())
    }

    /// The bot, its globals or its segments changed: new rules are judged for everybody and take over at once. Whoever they
    /// carry in or out is told so by their line, which starts no flow unless it asks for that (FL 5.8).
    pub(super) fn rules_changed(&mut self, now: Instant) {
        let bot = self.programs.current().clone();
        let set = bot.set().clone();
        if self.segments.eras.first().is_some_and(|era| era.hash == set.hash()) {
            return;
        }
        // Those of an edit that was not finished are still to be judged as well.
        let mut changed = self.segments.judging.take().map(|judging| judging.changed).unwrap_or_default();
        let was = self.segments.eras.first();
        let differs = |key: &&String| was.and_then(|era| era.rules.get(*key)).copied() != set.hash_of(key);
        changed.extend(set.order().iter().filter(differs).cloned());
        changed.retain(|key| set.get(key).is_some());
        // One that is made later under such a key is another one.
        self.segments.noted.retain(|key, _| set.get(key).is_some());
        self.begin_era(now);
        self.segments.judgements += 1;
        let no = self.segments.judgements;
        let few = self.segments.book.len() <= self.at_once;
        self.segments.judging = Some(Judging { no, changed, touched: BTreeSet::new(), lost: false });
        let judgement = Box::new(Judgement { everybody: self.segments.book.snapshot(), bot, now, no });
        if few {
            let judged = judgement.carry_out();
            self.judged(now, judged);
        } else {
            self.actions.push(super::Action::Judge(judgement));
        }
    }

    /// Everybody was judged by new rules: they take over at once. What became durable meanwhile was judged by its own step.
    pub fn judged(&mut self, now: Instant, judged: Judged) {
        let Some(judging) = self.segments.judging.take_if(|judging| judging.no == judged.no) else {
            // The rules changed again meanwhile; those are on their way.
            return;
        };
        let set = self.programs.current().set().clone();
        let segments = &mut self.segments;
        let before = std::mem::replace(&mut segments.members, judged.members);
        if judging.lost {
            segments.members.keep_those_of(&segments.book);
        }
        for id in judging.touched {
            let mut next = before.not_before(&segments.book, id);
            if let Some(who) = segments.book.who(id, now, &**self.programs.current(), &set) {
                segments.members.set_members(&segments.book, id, set.order().iter().map(|key| (key.as_str(), who.noted(key))));
                if who.judged_by() != set.hash() {
                    // What became durable of them was no step: it was by the old rules.
                    next = Some(next.map_or(judged.at, |next| next.min(judged.at)));
                }
            }
            segments.members.schedule(&segments.book, id, next);
        }
        // Whoever was due when the rules changed and was not looked at yet is so still: the new ones say nothing of the time before them.
        for (id, at) in before.due(&segments.book, judged.at) {
            segments.sooner(id, at);
        }
        for id in segments.members.differing(&segments.book) {
            segments.sooner(id, judged.at);
        }
        // What was about to happen at its own time still does.
        let on_the_way: Vec<(ContactId, Instant)> = segments.on_the_way.iter().collect();
        for (id, at) in on_the_way {
            segments.sooner(id, at);
        }
    }

    /// Whether new rules are being judged for everybody; until then the old ones answer for whoever nothing happens to.
    pub fn is_judging(&self) -> bool {
        self.segments.judging.is_some()
    }

    /// Whether a segment's rule is one of them: what is told of its members is not by that rule yet.
    pub fn is_computing(&self, key: &str) -> bool {
        self.segments.judging.as_ref().is_some_and(|judging| judging.changed.contains(key))
    }

    /// Notes that the rules of now are in force.
    fn begin_era(&mut self, now: Instant) {
        let era = self.programs.current().set().era(now);
        let eras = &mut self.segments.eras;
        if eras.first().is_some_and(|newest| newest.hash == era.hash) {
            return;
        }
        // Rules that come back begin anew: their old era says nothing about now.
        eras.retain(|old| old.hash != era.hash);
        eras.insert(0, era);
        eras.truncate(REMEMBERED);
        let value = serde_json::to_value(&*eras).expect("eras are plain data");
        self.segments.moved = true;
        let put = RecordPut { table: OWN.into(), key: ERAS.into(), value: Some(value) };
        self.write_records(Written::Nothing, Commit { person: None, records: vec![put], ..Commit::default() });
        self.agenda.set(Wake::Clock, Some(now.plus_micros(SAVE)));
    }

    /// A contact is gone.
    pub(super) fn segments_forget(&mut self, id: ContactId) {
        self.directory_forget(id);
        let segments = &mut self.segments;
        segments.on_the_way.remove(id);
        segments.members.remove(&segments.book, id);
        segments.book.remove(id);
        segments.moved = true;
        if let Some(judging) = &mut segments.judging {
            judging.touched.remove(&id);
            judging.lost = true;
        }
    }

    /// Two contacts became one, or two again: what is recorded of one of them is read and counted anew, and one look tells what they
    /// entered and left.
    pub(super) fn segments_joined(&mut self, now: Instant, contact: &Contact) {
        self.segments_forget(contact.id);
        if contact.is_merged_away() {
            return;
        }
        let mut events = match self.store.events(contact.id, 0, usize::MAX) {
            Ok(events) => events,
            Err(error) => return self.fail(&error.to_string()),
        };
        events.reverse();
        let set = self.programs.current().set().clone();
        let segments = &mut self.segments;
        segments.book.put(contact);
        segments.tell(contact, None, &set);
        segments.book.add_events(contact.id, &events);
        if let Some(judging) = &mut segments.judging {
            judging.touched.insert(contact.id);
        }
        segments.sooner(contact.id, now);
    }

    /// The beginning of a contact's events has gone, durably: what is left is counted, and one look tells what they entered and left by it.
    pub(super) fn segments_forgot(&mut self, now: Instant, contact: ContactId) {
        self.segments_recount(contact);
        let segments = &mut self.segments;
        if let Some(judging) = &mut segments.judging {
            judging.touched.insert(contact);
        }
        segments.sooner(contact, now);
    }

    /// Events of a contact were withdrawn, durably: the columns are made anew from those that are left. The step that did it judged by
    /// them already.
    pub(super) fn segments_recount(&mut self, contact: ContactId) {
        match self.store.events(contact, 0, usize::MAX) {
            Ok(mut events) => {
                events.reverse();
                self.segments.book.recount(contact, &events);
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Whether a contact may have such an event, as durable now: one of this name, at this instant if one is given.
    pub(crate) fn may_have(&self, contact: ContactId, name: &str, at: Option<Instant>) -> bool {
        let past = self.segments.book.past(contact);
        let Some(events) = past.events(name) else { return false };
        let Some(at) = at else { return !events.is_empty() };
        // They stand in the order of time.
        let (mut low, mut high) = (0, events.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if events.at(middle) < at { low = middle + 1 } else { high = middle }
        }
        low < events.len() && events.at(low) == at
    }

    /// A commit of a contact is durable, who was like that before.
    pub(super) fn segments_landed(
        &mut self,
        now: Instant,
        contact: &Contact,
        before: Option<&Contact>,
        changed: bool,
        events: &[EventRecord],
        flips: Option<Flips>,
    ) {
        let set = self.programs.current().set().clone();
        let segments = &mut self.segments;
        segments.moved |= changed || !events.is_empty();
        if let Some(judging) = &mut segments.judging {
            judging.touched.insert(contact.id);
        }
        // What time told ahead of this commit is told anew from here.
        let was_ahead = flips.is_some() && segments.on_the_way.remove(contact.id);
        let before = before.filter(|_| segments.book.contains(contact.id));
        if changed || was_ahead || before.is_none() {
            match before {
                Some(before) => segments.book.change(before, contact),
                None => segments.book.put(contact),
            }
            // Of whoever is due it may have been told already what is so by now.
            let is_due = segments.members.not_before(&segments.book, contact.id).is_some_and(|at| at <= now);
            segments.tell(contact, before.filter(|_| !was_ahead && !is_due), &set);
        }
        if !events.is_empty() {
            segments.book.add_events(contact.id, events);
        }
        if let Some(flips) = flips {
            segments.members.schedule_flips(&segments.book, contact.id, &flips);
            // The rules changed while it was on its way: it is looked at again.
            if contact.rules != 0 && contact.rules != set.hash() {
                let since = segments.eras.first().map_or(contact.judged, |era| era.at);
                segments.sooner(contact.id, since);
            }
        }
        if was_ahead {
            // Time went on since this was decided: what was told of that meanwhile is not taken back.
            self.follow(contact.id, now);
        }
        let segments = &mut self.segments;
        if contact.rules == 0 {
            // What broke with the contact's first input left them without a look.
            segments.sooner(contact.id, contact.last_seen);
        }
        if segments.moved && !self.agenda.has(&Wake::Clock) {
            self.agenda.set(Wake::Clock, Some(contact.judged.max(contact.last_seen).plus_micros(SAVE)));
        }
    }

    /// Writes down up to when time has been followed, and sizes that changed.
    pub(super) fn save_clock(&mut self, now: Instant) {
        if !std::mem::take(&mut self.segments.moved) {
            return;
        }
        let first = self.segments.on_the_way.first().into_iter().chain(self.segments.members.next_due()).min();
        // What is due and was not looked at yet keeps the clock back.
        let clock = first.map_or(now, |first| first.plus_micros(-1).min(now));
        let value = serde_json::to_value(clock).expect("an instant is plain data");
        let mut records = vec![RecordPut { table: OWN.into(), key: CLOCK.into(), value: Some(value) }];
        records.extend(self.note_sizes(now));
        self.write_records(Written::Nothing, Commit { person: None, records, ..Commit::default() });
    }

    // ---- what others may ask ----

    /// All segments as they are now.
    pub fn segments(&self) -> Arc<Set> {
        self.programs.current().set().clone()
    }

    /// How many are in a segment now.
    pub fn segment_size(&self, key: &str) -> u64 {
        self.segments.members.size(key)
    }

    /// Whether a contact is in a segment now.
    pub fn is_member(&self, contact: ContactId, key: &str) -> bool {
        self.segments.members.is_member(&self.segments.book, contact, key)
    }

    /// How a contact stands to a segment now; none if there is no such contact under this id.
    pub fn membership(&self, contact: ContactId, key: &str) -> Option<Membership> {
        let Segments { book, members, .. } = &self.segments;
        let told = || if members.is_member(book, contact, key) { Membership::In(book.since(contact, key)) } else { Membership::Out };
        book.contains(contact).then(told)
    }

    /// The members of a segment as they are now, to be looked through elsewhere.
    pub fn members_of(&self, key: &str) -> Selection {
        self.segments.members.of(&self.segments.book, key)
    }

    /// How many are on the list of a static segment; some of them may not be in it, for what else it asks.
    pub fn listed(&self, key: &str) -> u64 {
        self.segments.book.listed(key)
    }

    /// The keys of the lists that somebody is on, those that a bot lost included, and how many are.
    pub fn lists_in_use(&self) -> BTreeMap<String, u64> {
        self.segments.book.lists_in_use()
    }

    /// Some of them, at most `limit`.
    pub fn listed_ids(&self, key: &str, limit: usize) -> Vec<ContactId> {
        self.segments.book.listed_ids(key, limit)
    }

    /// Whether a contact is on the list of a static segment.
    pub fn is_listed(&self, contact: ContactId, key: &str) -> bool {
        self.segments.book.is_listed(contact, key)
    }

    /// Everybody's facts as they are now, to be asked elsewhere.
    pub fn snapshot(&self) -> Snapshot {
        self.segments.book.snapshot()
    }

    /// Contacts whose memberships here are not those that are durable, besides those on their way: INV-5.
    pub fn stray_memberships(&self) -> Vec<ContactId> {
        let Segments { book, members, on_the_way, .. } = &self.segments;
        members.differing(book).into_iter().filter(|id| on_the_way.of(*id).is_none()).collect()
    }
}

impl Segments {
    /// A contact is to be looked at, then or sooner.
    fn sooner(&mut self, id: ContactId, at: Instant) {
        let at = self.members.not_before(&self.book, id).map_or(at, |known| known.min(at));
        self.members.schedule(&self.book, id, Some(at));
    }
}

fn stored(store: &dyn Store) -> Result<Vec<StoredSegment>, CoreError> {
    let read = |(key, value)| {
        serde_json::from_value(value).map_err(|why: serde_json::Error| CoreError::Record { table: TABLE, key, why: why.to_string() })
    };
    store.records(TABLE)?.into_iter().map(read).collect()
}
