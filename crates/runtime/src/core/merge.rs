//! Merging in the core: two lines stand still, one commit makes one contact of two people or two of one, and what waits in memory goes
//! with it (FL 5.1).
//!
//! A line that is to be joined takes no step; a commit that is under way ends first. What each of the two becomes is decided by
//! [`crm::merge`]. Before two are parted what was said meanwhile goes home ([`home`]). Once it is durable everything that named the one
//! contact names the other: arrivals that are not durable yet, results of messages and calls under way, due times, the lines for slots.
//! Segments are counted anew from the events of both, and one look at the contact tells what it entered and left.
//!
//! **Invariants.** No step happens between the decision and its commit. What arrived on either side is processed once, in the order of its
//! conversation. An id that was merged away leads on, for good.

mod home;

use super::{
    Action, BUSY_FOR, CommitToken, Core, CoreError, Outcome, Refusal, Ticket,
    agenda::Wake,
    draft::Draft,
    line::{Arrival, Line},
    outbox,
};
use crm::merge::{self, Order, Record, Refused, TABLE, Verdict};
use model::{Actor, Contact, ContactId, ConversationId, IdSource, IdentifierKind, InboxItem, Instant, MergeId, Person};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};
use store::{Commit, Error, PersonChange, RecordPut, Seq, Store};

/// How many tombstones lead to one another at the most; more would be a circle.
const CHAIN: usize = merge::MOST + 1;
/// How often a commit is made anew because somebody else changed one of the two.
const CONFLICTS: u8 = 5;

/// What is to become of two contacts.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// They become one.
    Merge {
        /// The identifier by which they were recognised; none: somebody asked for it.
        through: Option<(IdentifierKind, String)>,
    },
    /// They become two again.
    Part(MergeId),
}

/// Two contacts whose lines are to stand still together.
struct Joining {
    keep: ContactId,
    other: ContactId,
    wanted: Wanted,
    by: Actor,
    ticket: Option<Ticket>,
    conflicts: u8,
}

impl Joining {
    fn pair(&self) -> [ContactId; 2] {
        [self.keep, self.other]
    }
}

/// The commit of two people that is under way.
struct Flying {
    joining: Joining,
    /// The merge it is about; none: it only says that there was none, or brings lines home.
    merge: Option<MergeId>,
    /// Whether it brings lines home before the two are parted.
    is_home: bool,
    /// The survivor before it.
    keep: Arc<Person>,
    /// The other one before it.
    other: Arc<Person>,
    /// Inbox rows that go over, by their old numbers.
    rows: BTreeMap<u64, u64>,
    /// Conversations that go over.
    moved: Vec<ConversationId>,
}

impl Flying {
    /// Whether something of the one goes to the other by it.
    fn moves(&self) -> bool {
        self.is_home || self.merge.is_some()
    }
}

/// Merges that wait and that are under way.
#[derive(Default)]
pub(super) struct Merges {
    waiting: VecDeque<Joining>,
    flying: HashMap<CommitToken, Flying>,
    /// Whether those that wait are being looked at.
    going: bool,
    /// Contacts of whom something went over to another one since somebody watches; none: nobody does.
    moved: Option<BTreeSet<ContactId>>,
}

impl Merges {
    pub(super) fn is_quiet(&self) -> bool {
        self.flying.is_empty()
    }

    /// Whoever waits, when everything stops.
    pub(super) fn drain(&mut self) -> Vec<Ticket> {
        let flying = self.flying.drain().map(|(_, flying)| flying.joining);
        self.waiting.drain(..).chain(flying).filter_map(|joining| joining.ticket).collect()
    }
}

/// The contact an id stands for: itself, or the one it was merged into.
///
/// # Errors
/// The store's.
pub(crate) fn resolved(store: &dyn Store, id: ContactId) -> Result<Option<Arc<Person>>, Error> {
    let mut person = store.person(id)?;
    for _ in 0..CHAIN {
        let Some(into) = person.as_ref().and_then(|person| person.contact.merged_into) else { break };
        person = store.person(into)?;
    }
    Ok(person)
}

/// The id under which what an id stands for is kept; one that stands for nobody stays as it is.
///
/// # Errors
/// The store's.
pub(crate) fn stands_for(store: &dyn Store, id: ContactId) -> Result<ContactId, Error> {
    Ok(resolved(store, id)?.map_or(id, |person| person.contact.id))
}

impl Core {
    /// Makes one contact of two: `keep` survives. Answered with [`Action::Done`] when it is durable.
    pub fn merge(&mut self, now: Instant, keep: ContactId, other: ContactId, by: Actor, ticket: Ticket) {
        let (keep, other) = match (self.resolve_or(keep), self.resolve_or(other)) {
            (Ok(keep), Ok(other)) => (keep, other),
            (Err(refusal), _) | (_, Err(refusal)) => return self.done(ticket, Err(refusal)),
        };
        if keep == other {
            return self.done(ticket, Err(Refusal::Merge(Refused::Same.to_string())));
        }
        self.join(now, Joining { keep, other, wanted: Wanted::Merge { through: None }, by, ticket: Some(ticket), conflicts: 0 });
    }

    /// Makes two contacts again of what a merge made one. Answered with [`Action::Done`] when it is durable.
    pub fn undo_merge(&mut self, now: Instant, id: MergeId, by: Actor, ticket: Ticket) {
        match self.merge_record(id) {
            Ok(Some(record)) => {
                let (keep, other) = (record.keep, record.other);
                self.join(now, Joining { keep, other, wanted: Wanted::Part(id), by, ticket: Some(ticket), conflicts: 0 });
            }
            Ok(None) => self.done(ticket, Err(Refusal::NotFound)),
            Err(error) => {
                self.fail(&error.to_string());
                self.done(ticket, Err(Refusal::Unavailable));
            }
        }
    }

    fn merge_record(&self, id: MergeId) -> Result<Option<Record>, CoreError> {
        let key = id.to_string();
        let Some(value) = self.store.record(TABLE, &key)? else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|why| CoreError::Record { table: TABLE, key, why: why.to_string() })
    }

    /// The contact an id stands for now.
    fn resolve_or(&mut self, id: ContactId) -> Result<ContactId, Refusal> {
        match resolved(&*self.store, id) {
            Ok(Some(person)) => Ok(person.contact.id),
            Ok(None) => Err(Refusal::NotFound),
            Err(error) => {
                self.fail(&error.to_string());
                Err(Refusal::Unavailable)
            }
        }
    }

    fn join(&mut self, now: Instant, joining: Joining) {
        if self.failed.is_some() || self.stopping {
            return self.refuse_joining(&joining, Refusal::Unavailable);
        }
        self.merges.waiting.push_back(joining);
        self.go_on_joining(now);
    }

    fn refuse_joining(&mut self, joining: &Joining, refusal: Refusal) {
        if let Some(ticket) = joining.ticket {
            self.done(ticket, Err(refusal));
        }
    }

    /// Everything stops; this one waits nowhere any more, so whoever waits for it is answered here.
    fn fail_joining(&mut self, joining: &Joining, why: &str) {
        self.refuse_joining(joining, Refusal::Unavailable);
        self.fail(why);
    }

    /// Joins the lines of the next ones, as far as they are free. Nothing to do is the usual case.
    pub(super) fn go_on_joining(&mut self, now: Instant) {
        if self.merges.waiting.is_empty() {
            return;
        }
        // What is done below may come back here; the outermost one looks at all of them.
        if std::mem::replace(&mut self.merges.going, true) {
            return;
        }
        let mut place = 0;
        while let Some(pair) = self.merges.waiting.get(place).map(Joining::pair) {
            let before = self.merges.waiting.iter().take(place).chain(self.merges.flying.values().map(|flying| &flying.joining));
            if before.flat_map(Joining::pair).any(|id| pair.contains(&id)) {
                place += 1;
                continue;
            }
            if self.failed.is_some() || self.stopping {
                if let Some(joining) = self.merges.waiting.remove(place) {
                    self.unjoin(now, joining, Err(Refusal::Unavailable));
                }
                continue;
            }
            for id in pair {
                self.lines.entry(id).or_default().joined = true;
            }
            let is_free = |id: &ContactId| self.lines.get(id).is_none_or(|line| line.flight.is_none() && line.erasing.is_none());
            if pair.iter().all(is_free) {
                if let Some(joining) = self.merges.waiting.remove(place) {
                    self.fly_joined(now, joining);
                }
                continue;
            }
            // An erasure goes first: its line does not stand still for this.
            for id in pair {
                if let Some(line) = self.lines.get_mut(&id).filter(|line| line.erasing.is_some()) {
                    line.joined = false;
                    self.advance(now, id);
                }
            }
            place += 1;
        }
        self.merges.going = false;
    }

    /// Makes the commit of the two.
    fn fly_joined(&mut self, now: Instant, joining: Joining) {
        let (keep, other) = match (self.store.person(joining.keep), self.store.person(joining.other)) {
            (Ok(Some(keep)), Ok(Some(other))) => (keep, other),
            (Ok(_), Ok(_)) => return self.unjoin(now, joining, Err(Refusal::NotFound)),
            (Err(error), _) | (_, Err(error)) => return self.fail_joining(&joining, &error.to_string()),
        };
        let mut ids = self.ids(now);
        let (commit, merge, rows, moved) = match &joining.wanted {
            Wanted::Merge { through } => {
                // One of them may have become part of somebody else while this waited.
                if keep.contact.is_merged_away() || other.contact.is_merged_away() {
                    return self.join_anew(now, joining);
                }
                let mut order = Order { merge: ids.next(), at: now, by: joining.by.clone(), why: String::new() };
                if let Some((kind, value)) = through {
                    match merge::automatic(&keep.contact, &other.contact, *kind, value, now) {
                        Verdict::Merge { why, .. } => order.why = why,
                        Verdict::Different => return self.unjoin(now, joining, Ok(Outcome::default())),
                        Verdict::Leave(why) => {
                            let (one, two) = merge::not_merged(&keep, &other, &why, now, &mut ids);
                            let commit = Commit { person: Some(one), also: vec![two], ..Commit::default() };
                            return self.launch(
                                now,
                                Flying { joining, merge: None, is_home: false, keep, other, rows: BTreeMap::new(), moved: Vec::new() },
                                commit,
                            );
                        }
                    }
                }
                match merge::merge(&keep, &other, &order, &mut ids) {
                    Err(refused) => return self.unjoin(now, joining, Err(Refusal::Merge(refused.to_string()))),
                    Ok(merged) => {
                        let moved = merged.record.conversations.clone();
                        let survivor = silenced(merged.keep, &keep, &other, ids, now);
                        (commit_of(survivor, merged.other, &merged.record), order.merge, merged.rows, moved)
                    }
                }
            }
            Wanted::Part(id) => {
                let record = match self.merge_record(*id) {
                    Ok(Some(record)) => record,
                    Ok(None) => return self.unjoin(now, joining, Err(Refusal::NotFound)),
                    Err(error) => return self.fail_joining(&joining, &error.to_string()),
                };
                let parted = match merge::part(&record, &keep, &other, now, &joining.by, &mut ids) {
                    Err(refused) => return self.unjoin(now, joining, Err(Refusal::Merge(refused.to_string()))),
                    Ok(parted) => parted,
                };
                match self.homeward(&record, &keep, &other) {
                    Ok(Some(commit)) => return self.fly_home(now, joining, (keep, other), commit),
                    Ok(None) => {}
                    Err(error) => return self.fail_joining(&joining, &error.to_string()),
                }
                let returns = match self.forgotten_abroad(&keep, &other, &parted.other) {
                    Ok(forget) => PersonChange { forget, ..parted.other },
                    Err(error) => return self.fail_joining(&joining, &error.to_string()),
                };
                (commit_of(parted.keep, returns, &parted.record), *id, parted.rows, parted.conversations)
            }
        };
        self.launch(now, Flying { joining, merge: Some(merge), is_home: false, keep, other, rows, moved }, commit);
    }

    /// From now on it is remembered who gives something to another contact.
    pub(crate) fn watch_moves(&mut self) {
        let flying = self.merges.flying.values().filter(|flying| flying.moves());
        self.merges.moved = Some(flying.flat_map(|flying| flying.joining.pair()).collect());
    }

    /// Contacts of whom something went over to another one, durably, since this was asked last; none while something is on its way.
    pub(crate) fn moves(&mut self) -> Option<BTreeSet<ContactId>> {
        let is_under_way = self.merges.flying.values().any(Flying::moves);
        (!is_under_way).then(|| self.merges.moved.as_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Nobody watches any more.
    pub(crate) fn unwatch_moves(&mut self) {
        self.merges.moved = None;
    }

    fn launch(&mut self, now: Instant, flying: Flying, commit: Commit) {
        if let Some(moved) = self.merges.moved.as_mut().filter(|_| flying.moves()) {
            moved.extend(flying.joining.pair());
        }
        self.tokens += 1;
        let token = CommitToken(self.tokens);
        self.merges.flying.insert(token, flying);
        self.hand_over(now, token, commit);
    }

    /// One of the two was merged into somebody else: those whom they are now are to be one.
    fn join_anew(&mut self, now: Instant, joining: Joining) {
        let (keep, other) = (self.resolve_or(joining.keep), self.resolve_or(joining.other));
        self.release_lines(now, &joining);
        match (keep, other) {
            (Ok(keep), Ok(other)) if keep != other => self.join(now, Joining { keep, other, ..joining }),
            (Ok(_), Ok(_)) => {
                if let Some(ticket) = joining.ticket {
                    self.done(ticket, Err(Refusal::Merge(Refused::Same.to_string())));
                }
            }
            (Err(refusal), _) | (_, Err(refusal)) => self.refuse_joining(&joining, refusal),
        }
    }

    /// Lets both lines go on.
    fn release_lines(&mut self, now: Instant, joining: &Joining) {
        for id in joining.pair() {
            if let Some(line) = self.lines.get_mut(&id) {
                line.joined = false;
            }
            self.advance(now, id);
        }
    }

    /// Nothing comes of it, or nothing more: both lines go on, and whoever waits is answered.
    fn unjoin(&mut self, now: Instant, joining: Joining, answer: Result<Outcome, Refusal>) {
        if let Some(ticket) = joining.ticket {
            self.done(ticket, answer);
        }
        self.release_lines(now, &joining);
        self.go_on_joining(now);
    }

    /// The store answered a commit of two people; answers whether it was one.
    pub(super) fn joined_landed(&mut self, now: Instant, token: CommitToken, answer: &Result<Seq, Error>) -> bool {
        let Some(flying) = self.merges.flying.remove(&token) else { return false };
        match answer {
            Ok(_) if flying.is_home => self.went_home(now, flying.joining),
            Ok(_) => self.joined(now, flying),
            Err(Error::Busy) => {
                self.merges.waiting.push_front(flying.joining);
                self.agenda.set(Wake::Joining, Some(now.plus_micros(BUSY_FOR)));
            }
            Err(Error::Conflict { .. }) if flying.joining.conflicts < CONFLICTS => {
                let conflicts = flying.joining.conflicts + 1;
                self.merges.waiting.push_front(Joining { conflicts, ..flying.joining });
                self.go_on_joining(now);
            }
            Err(error @ Error::Conflict { .. }) => {
                self.fail_joining(&flying.joining, &format!("somebody else keeps changing contacts: {error}"));
            }
            Err(Error::Invalid(why)) => {
                let why = format!("the store refused what would become of them: {why}");
                self.unjoin(now, flying.joining, Err(Refusal::Merge(why)));
            }
            Err(error @ (Error::Failed(_) | Error::Corrupt(_) | Error::InUse(_) | Error::NoCopy(_))) => {
                self.fail_joining(&flying.joining, &error.to_string());
            }
        }
        true
    }

    /// It is durable: everything in memory that named the one contact names the other.
    fn joined(&mut self, now: Instant, flying: Flying) {
        let Flying { joining, merge, is_home: _, keep, other, rows, moved } = flying;
        let outcome = Outcome { merge, ..Outcome::default() };
        let (from, to) = match (&joining.wanted, merge) {
            (_, None) => return self.unjoin(now, joining, Ok(outcome)),
            (Wanted::Merge { .. }, Some(_)) => (other, keep),
            (Wanted::Part(_), Some(_)) => (keep, other),
        };
        let (from_id, to_id) = (from.contact.id, to.contact.id);
        let (gave, got) = match (self.store.person(from_id), self.store.person(to_id)) {
            (Ok(Some(gave)), Ok(Some(got))) => (gave, got),
            (Ok(_), Ok(_)) => return self.fail_joining(&joining, &format!("{from_id} or {to_id} is gone after a commit")),
            (Err(error), _) | (_, Err(error)) => return self.fail_joining(&joining, &error.to_string()),
        };
        for person in [&gave, &got] {
            if let Err(violation) = crate::invariants::check_person(person) {
                return self.fail_joining(&joining, &format!("{violation} ({})", person.contact.id));
            }
        }
        let all = gave.contact.is_merged_away();
        let goes = |id: ConversationId| all || moved.contains(&id);
        let addresses: Vec<_> = got.conversations.iter().filter(|c| goes(c.id)).map(|c| c.address.clone()).collect();
        self.move_line(from_id, to_id, &rows, |item| all || belongs(item, &moved, &addresses), goes);
        for sending in self.sends.values_mut().filter(|sending| sending.contact == from_id) {
            // A message that left the outbox meanwhile has nobody to be told of.
            if got.outbox.iter().any(|row| row.message.id == sending.message) {
                sending.contact = to_id;
            }
        }
        for under_way in self.calls.values_mut().filter(|call| call.contact() == from_id) {
            if goes(under_way.conversation()) {
                under_way.belongs_to(to_id);
            }
        }
        for id in &moved {
            self.agenda.set(Wake::Due(from_id, *id), None);
            self.agenda.set(Wake::Lane(from_id, *id), None);
        }
        self.reckon_calls(from_id, Some(&from), Some(&gave));
        self.reckon_calls(to_id, Some(&to), Some(&got));
        // On both sides: who is blocked may be so, or be so no more, because of this.
        for person in [&gave, &got] {
            for conversation in &person.conversations {
                self.reckon_due(now, person.contact.id, Some(person), conversation.id, false);
            }
        }
        self.reckon_lanes(from_id, Some(&gave));
        self.reckon_lanes(to_id, Some(&got));
        for (before, person) in [(&from, &gave), (&to, &got)] {
            self.segments_joined(now, &person.contact);
            if !person.contact.is_merged_away() {
                self.directory_landed(None, &person.contact);
            }
            self.tell(Some(before), person);
        }
        self.actions.push(Action::Desk(crate::DeskEvent::Queue));
        let known = [gave, got].into_iter().find(|person| all && !person.contact.is_merged_away());
        self.unjoin(now, joining, Ok(outcome));
        // What it took over may name a third one.
        if let Some(person) = known {
            self.recognise(now, None, &person.contact);
        }
    }

    /// Gives what waits in one line to the other.
    fn move_line(
        &mut self,
        from: ContactId,
        to: ContactId,
        rows: &BTreeMap<u64, u64>,
        item_goes: impl Fn(&InboxItem) -> bool,
        goes: impl Fn(ConversationId) -> bool,
    ) {
        let gives = self.lines.remove(&from).unwrap_or_default();
        let mut gets = self.lines.remove(&to).unwrap_or_default();
        let mut stays = Line { joined: gives.joined, pausing: gives.pausing, erasing: gives.erasing, ..Line::default() };
        let (moving, staying): (VecDeque<Arrival>, VecDeque<Arrival>) =
            gives.arrivals.into_iter().partition(|arrival| item_goes(&arrival.item));
        stays.arrivals = staying;
        gets.arrivals.extend(moving);
        // Each conversation's stay in their order; together they go by the time they came.
        gets.arrivals.make_contiguous().sort_by_key(|arrival| arrival.at);
        let outgoing: Vec<model::MessageId> =
            self.store.person(to).ok().flatten().map(|p| p.outbox.iter().map(|row| row.message.id).collect()).unwrap_or_default();
        for result in gives.results {
            if outgoing.contains(&result.message) { gets.results.push(result) } else { stays.results.push(result) }
        }
        for answer in gives.answers {
            if goes(answer.conversation) { gets.answers.push_back(answer) } else { stays.answers.push_back(answer) }
        }
        for (conversation, call) in gives.held {
            if goes(conversation) {
                gets.held.insert(conversation, call)
            } else {
                stays.held.insert(conversation, call)
            };
        }
        for (conversation, at) in gives.due {
            if goes(conversation) {
                gets.due.insert(conversation, at)
            } else {
                stays.due.insert(conversation, at)
            };
        }
        for (no, tickets) in gives.tickets {
            match rows.get(&no) {
                Some(no) => gets.tickets.entry(*no).or_default().extend(tickets),
                None => drop(stays.tickets.insert(no, tickets)),
            }
        }
        // Whoever waits until everything is processed waits for both.
        gets.settlers.extend(gives.settlers);
        // What was refused is refused again, under its new number.
        (stays.refused, gets.refused) = (None, None);
        stays.conflicts = 0;
        self.lines.insert(from, stays);
        self.lines.insert(to, gets);
    }

    /// A contact is durable as it is now: another one's verified identifier may say that they are one person. Most contacts have none,
    /// and most commits change none.
    pub(super) fn recognise(&mut self, now: Instant, before: Option<&Contact>, contact: &Contact) {
        if contact.identifiers.is_empty() || before.is_some_and(|before| before.identifiers == contact.identifiers) {
            return;
        }
        let mut found = None;
        for identifier in contact.verified() {
            let known = before.and_then(|before| before.identifier(identifier.kind, &identifier.value));
            if known.is_some_and(|known| known.verified.is_some()) {
                continue;
            }
            let others = match self.bearers(identifier.kind, &identifier.value) {
                Ok(others) => others,
                Err(error) => return self.fail(&error.to_string()),
            };
            for other in others.into_iter().filter(|other| *other != contact.id) {
                let person = match self.store.person(other) {
                    Ok(Some(person)) => person,
                    Ok(None) => continue,
                    Err(error) => return self.fail(&error.to_string()),
                };
                match merge::automatic(contact, &person.contact, identifier.kind, &identifier.value, now) {
                    Verdict::Different => {}
                    Verdict::Leave(_) => {
                        found = found.or(Some((contact.id, other, identifier.kind, identifier.value.clone())));
                    }
                    Verdict::Merge { keep, other, .. } => {
                        let through = Some((identifier.kind, identifier.value.clone()));
                        return self.join(
                            now,
                            Joining { keep, other, wanted: Wanted::Merge { through }, by: Actor::System, ticket: None, conflicts: 0 },
                        );
                    }
                }
            }
        }
        // Said once, on both, so that somebody can look.
        if let Some((keep, other, kind, value)) = found {
            let wanted = Wanted::Merge { through: Some((kind, value)) };
            self.join(now, Joining { keep, other, wanted, by: Actor::System, ticket: None, conflicts: 0 });
        }
    }
}

/// The survivor's change. If one of the two is blocked, what waits to be sent to the one who was not is not sent, as when somebody blocks
/// them.
fn silenced(change: PersonChange, keep: &Arc<Person>, other: &Person, ids: IdSource, now: Instant) -> PersonChange {
    let is_blocked = |contact: &Contact| contact.status == engine::BLOCKED;
    let newly = match (is_blocked(&keep.contact), is_blocked(&other.contact)) {
        (false, true) => keep.conversations.iter(),
        (true, false) => other.conversations.iter(),
        (false, false) | (true, true) => return change,
    };
    let newly: BTreeSet<ConversationId> = newly.map(|conversation| conversation.id).collect();
    let mut draft = Draft::new(keep.contact.id, Some(keep.clone()), ids, now);
    draft.change = change;
    outbox::drop_all_unsent(&mut draft, |conversation| newly.contains(&conversation));
    draft.change
}

fn commit_of(one: PersonChange, two: PersonChange, record: &Record) -> Commit {
    let value = serde_json::to_value(record).expect("a record is plain data with text keys");
    let put = RecordPut { table: TABLE.into(), key: record.id.to_string(), value: Some(value) };
    Commit { person: Some(one), also: vec![two], records: vec![put] }
}

/// Whether something that arrived goes with these conversations.
fn belongs(item: &InboxItem, moved: &[ConversationId], addresses: &[model::Address]) -> bool {
    match item {
        InboxItem::Incoming { address, .. } => addresses.contains(address),
        InboxItem::Caused { conversation, .. }
        | InboxItem::Take { conversation, .. }
        | InboxItem::AgentSays { conversation, .. }
        | InboxItem::Resolve { conversation, .. }
        | InboxItem::Dismiss { conversation, .. }
        | InboxItem::Move { conversation, .. }
        | InboxItem::Reported { conversation, .. }
        | InboxItem::Receipt { conversation, .. }
        | InboxItem::Undelivered { conversation, .. } => moved.contains(conversation),
        InboxItem::Event { conversation, .. } => conversation.is_some_and(|id| moved.contains(&id)),
        InboxItem::Modify { .. }
        | InboxItem::Amend { .. }
        | InboxItem::Create { .. }
        | InboxItem::Undo { .. }
        | InboxItem::Reached { .. }
        | InboxItem::Import { .. } => false,
    }
}
