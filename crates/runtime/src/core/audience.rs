//! Audiences: something that is meant for many contacts, carried out contact by contact (FL 4 `trigger`, `schedule`).
//!
//! The contacts of a trigger are found in slices, by a scan, and written down; those of a change of many are frozen before it
//! begins. Then each gets an item in their inbox, at a pace, so that chats keep moving. Progress is a record; what a crash
//! leaves half done is done again, and the inbox drops what came before under the audience's id. An erasure of many is carried
//! out beside the core ([`crate::privacy`]).
//!
//! **Invariant.** A contact gets an audience's item once. The place in the list moves on only when the items before it
//! are durable.

use super::{Core, CoreError, Refusal, Ticket, agenda::Wake, line::Outcome};
use crate::privacy::{Hold, Veils};
use engine::{Bot, TriggerAnswer, TriggerRequest, TriggerTo};
use engine::{Meant, Programs as _};
use model::{Actor, Address, AttributeType, Contact, ContactId, InboxItem, Instant, Occasion, Value, fold};
use segments::Past;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use store::{Commit, RecordPut, Store};

/// The table of audiences.
pub(crate) const TABLE: &str = "audiences";
/// The table of their contacts, in pages.
pub(crate) const PAGES: &str = "audience_pages";
/// Contacts looked at in one go.
const SLICE: usize = 100;
/// Contacts a second, if nothing is said: what every channel's provider takes.
pub(crate) const PACE: u32 = 20;
/// The fastest pace.
pub(crate) const FASTEST: u32 = 200;
/// The pace of changes: nothing leaves for them.
const CHANGES: u32 = 4_000;
/// Items given under one lock of the core, so that a chat soon has its turn.
const AT_A_TIME: u32 = 100;
/// Batches in a second.
const BATCHES: u32 = 4;
/// How long an audience waits when too much is under way: a second.
const RETRY: i64 = 1_000_000;
/// Finished audiences that are remembered.
const REMEMBERED: usize = 200;

/// For whom something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// One contact.
    One(ContactId),
    /// Everybody for whom this condition holds.
    Where(String),
    /// Whose e-mail address or phone number this is.
    Identified(String),
    /// Everybody who can be reached.
    Reachable,
}

/// How far an audience is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its contacts are being found.
    Finding {
        /// The last contact looked at.
        after: Option<ContactId>,
    },
    /// Its contacts are being reached.
    Reaching,
    /// It is over.
    Done,
    /// It cannot be carried out, and why.
    Failed(String),
}

/// Something that is meant for many, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// `aud_…`.
    pub id: String,
    /// What each gets.
    pub what: Occasion,
    /// Who asked for it.
    pub by: Actor,
    /// For whom.
    pub whom: Whom,
    /// Contacts a second.
    pub per_second: u32,
    /// When it was asked for: who came later does not belong to it.
    pub at: Instant,
    /// How far it is.
    pub stage: Stage,
    /// Pages of contacts written.
    pub pages: u32,
    /// Contacts found.
    pub found: u64,
    /// Contacts who would belong to it and have opted out or are blocked.
    pub opted_out: u64,
    /// The page being carried out.
    pub page: u32,
    /// How many of that page are done.
    pub place: u32,
    /// Contacts reached.
    pub reached: u64,
    /// Contacts who could not be given it: too much waits for them, it broke three times, or they are gone.
    pub failed: u64,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Instant>,
}

impl Audience {
    /// One that begins now.
    pub fn new(id: String, what: Occasion, by: Actor, whom: Whom, per_second: Option<u32>, at: Instant) -> Self {
        let per_second = match what {
            Occasion::Change { .. } | Occasion::Erase => CHANGES,
            Occasion::Event { .. } | Occasion::Schedule { .. } => per_second.unwrap_or(PACE).clamp(1, FASTEST),
        };
        Self {
            id,
            what,
            by,
            whom,
            per_second,
            at,
            stage: Stage::Finding { after: None },
            pages: 0,
            found: 0,
            opted_out: 0,
            page: 0,
            place: 0,
            reached: 0,
            failed: 0,
            done_at: None,
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Failed(_))
    }

    /// Where a page of its contacts is kept.
    pub(crate) fn page_key(&self, page: u32) -> String {
        format!("{}/{page:06}", self.id)
    }

    /// The list of contacts has served: its pages go.
    pub(crate) fn list_served(&self) -> impl Iterator<Item = RecordPut> {
        (0..self.pages).map(|page| RecordPut { table: PAGES.into(), key: self.page_key(page), value: None })
    }

    /// The record that says how far it is.
    pub(crate) fn put(&self) -> RecordPut {
        let value = serde_json::to_value(self).expect("an audience is plain data");
        RecordPut { table: TABLE.into(), key: self.id.clone(), value: Some(value) }
    }
}

/// An audience that is being carried out.
struct Running {
    audience: Audience,
    /// Items given to lines that are not processed yet.
    waiting: BTreeSet<Ticket>,
    /// How many of the batch were given, and how many of them failed.
    given: u32,
    failed: u32,
    /// When the next batch may go.
    next: Instant,
    /// A commit of its own is under way: what holds once it is durable.
    writing: bool,
    /// An item was refused for now: too much is under way, or the runtime stops.
    stopped: bool,
    /// It is written from memory until it is over.
    _hold: Option<Hold>,
}

/// Every audience that is not over, and who waits for which.
#[derive(Default)]
pub(super) struct Audiences {
    running: BTreeMap<String, Running>,
    tickets: HashMap<Ticket, String>,
    given: u64,
    veils: Option<Arc<Veils>>,
}

impl Audiences {
    /// Takes an answer that one of the audiences waits for; answers which one goes on now.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: &Result<Outcome, Refusal>) -> Option<(String, bool)> {
        let id = self.tickets.remove(&ticket)?;
        let mut free = false;
        if let Some(running) = self.running.get_mut(&id) {
            running.waiting.remove(&ticket);
            match answer {
                Ok(_) => {}
                Err(Refusal::Unavailable | Refusal::Changed) => running.stopped = true,
                Err(Refusal::Desk(_) | Refusal::NotFound | Refusal::TooMany | Refusal::Merge(_) | Refusal::Parked) => running.failed += 1,
            }
            free = running.waiting.is_empty();
        }
        Some((id, free))
    }

    /// A ticket that nobody outside the core holds: those count from the other end.
    fn ticket(&mut self, id: &str) -> Ticket {
        self.given += 1;
        let ticket = Ticket(u64::MAX - self.given);
        self.tickets.insert(ticket, id.to_owned());
        ticket
    }
}

/// Whether a contact has this e-mail address or phone number.
fn is_identified(bot: &Bot, contact: &Contact, wanted: &str) -> bool {
    let is_identifier = |ty: &AttributeType| matches!(ty, AttributeType::Email | AttributeType::Phone);
    let declared = bot.attributes().iter().filter(|a| is_identifier(&a.ty)).filter_map(|a| contact.attributes.get(&a.name));
    let known = ["email", "phone"].into_iter().filter_map(|name| contact.system.get(name));
    declared.chain(known).any(|value| matches!(value, Value::Text(text) if fold(text) == *wanted))
}

/// The one contact that is meant: by id or address; who is named otherwise is looked for afterwards.
///
/// # Errors
/// The store's.
pub(crate) fn find_one(store: &dyn Store, who: &str) -> Result<Option<Whom>, store::Error> {
    if let Ok(id) = who.parse::<ContactId>() {
        return Ok(store.person(id)?.map(|_| Whom::One(id)));
    }
    if let Some((channel, id)) = who.split_once(':') {
        let address = Address { channel: channel.to_owned(), id: id.to_owned() };
        return Ok(store.person_at(&address)?.map(Whom::One));
    }
    // An address has an @, a number at least six digits; anything else is nobody's.
    let digits = who.chars().filter(char::is_ascii_digit).count();
    let named = who.contains('@') || digits >= 6;
    Ok(named.then(|| Whom::Identified(who.to_owned())))
}

/// The only contact that is named so; none if nobody or several are.
///
/// # Errors
/// The store's.
pub(crate) fn only_one(store: &dyn Store, whom: &Whom, bot: &Arc<Bot>) -> Result<Option<ContactId>, store::Error> {
    let Whom::Identified(text) = whom else { return Ok(None) };
    let (wanted, mut after, mut found) = (fold(text), None, None);
    loop {
        let people = store.people(after, SLICE)?;
        let Some(last) = people.last() else { return Ok(found) };
        after = Some(last.contact.id);
        for person in people.iter().filter(|person| is_identified(bot, &person.contact, &wanted)) {
            if found.replace(person.contact.id).is_some() {
                return Ok(None);
            }
        }
    }
}

impl Whom {
    /// Whether a contact is meant at an instant.
    ///
    /// # Errors
    /// Why the condition has no meaning in this bot.
    pub(crate) fn judge(&self, bot: &Arc<Bot>) -> Result<impl Fn(&Contact, &dyn Past, Instant) -> Meant + use<'_>, String> {
        let condition = match self {
            Self::Where(text) => Some(text.as_str()),
            Self::One(_) | Self::Identified(_) | Self::Reachable => None,
        };
        let audience = bot.audience(condition)?;
        let bot = bot.clone();
        let whom = self;
        Ok(move |contact: &Contact, past: &dyn Past, now: Instant| match whom {
            Self::One(id) if contact.id != *id => Meant::No,
            Self::Identified(text) if !is_identified(&bot, contact, &fold(text)) => Meant::No,
            // Whoever is named is meant, though nothing may get through to them.
            Self::One(_) | Self::Identified(_) => match contact.status.as_str() {
                "unsubscribed" | "blocked" => Meant::OptedOut,
                _ => Meant::Yes,
            },
            Self::Where(_) | Self::Reachable => audience.means(&bot, contact, past, now),
        })
    }
}

impl Core {
    /// Makes an audience of what a flow triggers; it begins when the commit of the step is durable.
    pub(super) fn take_trigger(&mut self, draft: &mut super::draft::Draft, trigger: TriggerRequest) -> Result<TriggerAnswer, String> {
        let TriggerRequest { request, conversation: _, event, fields, to, per_second, by } = trigger;
        let whom = match to {
            TriggerTo::Where(condition) => Whom::Where(condition),
            TriggerTo::One(who) => match find_one(&*self.store, &who).map_err(|error| error.to_string())? {
                Some(whom) => whom,
                None => return Ok(TriggerAnswer::NotFound { request }),
            },
        };
        let id = format!("aud_{:016x}{:016x}", draft.ids.draw(), draft.ids.draw());
        let audience = Audience::new(id, Occasion::Event { name: event, fields }, by, whom, per_second, draft.now);
        draft.records.push(audience.put());
        draft.audiences.push(audience);
        Ok(TriggerAnswer::Begun { request })
    }

    /// An audience that somebody outside asks for; it begins with [`Self::begin_audience`], when its record is durable.
    pub(crate) fn new_audience(&mut self, now: Instant, what: Occasion, by: Actor, whom: Whom, per_second: Option<u32>) -> Audience {
        let mut ids = self.ids(now);
        let id = format!("aud_{:016x}{:016x}", ids.draw(), ids.draw());
        Audience::new(id, what, by, whom, per_second, now)
    }

    /// Picks up the audiences that are not over.
    pub(super) fn load_audiences(&mut self, store: &dyn Store) -> Result<(), CoreError> {
        for (key, value) in store.records(TABLE)? {
            let audience: Audience =
                serde_json::from_value(value).map_err(|why| CoreError::Record { table: TABLE, key, why: why.to_string() })?;
            if !audience.is_over() && audience.what != Occasion::Erase {
                self.begin_audience(audience);
            }
        }
        Ok(())
    }

    /// What is written goes through these.
    pub(crate) fn veiled_by(&mut self, veils: Arc<Veils>) {
        for running in self.audiences.running.values_mut() {
            running._hold = Some(veils.hold());
        }
        self.audiences.veils = Some(veils);
    }

    /// An audience is durable: it is carried out from now on.
    pub(crate) fn begin_audience(&mut self, audience: Audience) {
        let hold = self.audiences.veils.as_ref().map(Veils::hold);
        self.begin_held(audience, hold);
    }

    /// The same with a hold from before the audience was made.
    pub(crate) fn begin_held(&mut self, audience: Audience, _hold: Option<Hold>) {
        let (id, next) = (audience.id.clone(), audience.at);
        let running = Running { audience, waiting: BTreeSet::new(), given: 0, failed: 0, next, writing: false, stopped: false, _hold };
        self.audiences.running.insert(id.clone(), running);
        self.agenda.set(Wake::Audience(id), Some(next));
    }

    /// An audience goes on if it can.
    pub(super) fn audience_due(&mut self, now: Instant, id: &str) {
        let Some(mut running) = self.audiences.running.remove(id) else { return };
        if !running.writing && running.waiting.is_empty() {
            self.audience_step(now, &mut running);
        }
        self.audiences.running.insert(id.to_owned(), running);
    }

    fn audience_step(&mut self, now: Instant, running: &mut Running) {
        if std::mem::take(&mut running.stopped) {
            // Too much was under way. The batch is given again; whoever had it does not get it twice.
            (running.given, running.failed) = (0, 0);
            running.next = now.plus_micros(RETRY);
            return self.wake_audience(&running.audience.id, running.next);
        }
        if running.given > 0 {
            return self.batch_is_done(running);
        }
        match running.audience.stage.clone() {
            Stage::Finding { after } => self.find_slice(now, running, after),
            Stage::Reaching if now < running.next => self.wake_audience(&running.audience.id, running.next),
            Stage::Reaching => self.reach_batch(now, running),
            Stage::Done | Stage::Failed(_) => {}
        }
    }

    /// Looks at the next contacts and writes down those whom it is meant for.
    fn find_slice(&mut self, now: Instant, running: &mut Running, after: Option<ContactId>) {
        let audience = &mut running.audience;
        let bot = self.programs.current().clone();
        if let Whom::One(contact) = &audience.whom {
            let page = [*contact];
            audience.stage = Stage::Reaching;
            return self.write_page(running, &page);
        }
        let whom = audience.whom.clone();
        let meant = match whom.judge(&bot) {
            Ok(meant) => meant,
            Err(why) => {
                audience.stage = Stage::Failed(format!("its condition has no meaning any more: {why}"));
                audience.done_at = Some(now);
                return self.write_page(running, &[]);
            }
        };
        let people = match self.store.people(after, SLICE) {
            Ok(people) => people,
            Err(error) => return self.fail(&error.to_string()),
        };
        let mut page = Vec::new();
        for person in people.iter().filter(|p| p.contact.first_seen <= audience.at && !p.contact.is_merged_away()) {
            match meant(&person.contact, &self.segments.book().past(person.contact.id), now) {
                Meant::Yes => page.push(person.contact.id),
                // A change says nothing to anybody.
                Meant::OptedOut if matches!(audience.what, Occasion::Change { .. } | Occasion::Erase) => page.push(person.contact.id),
                Meant::OptedOut => audience.opted_out += 1,
                Meant::No => {}
            }
        }
        audience.stage = match people.last() {
            Some(last) if people.len() == SLICE => Stage::Finding { after: Some(last.contact.id) },
            Some(_) | None => Stage::Reaching,
        };
        self.write_page(running, &page);
    }

    fn write_page(&mut self, running: &mut Running, page: &[ContactId]) {
        let audience = &mut running.audience;
        let mut records = Vec::new();
        if !page.is_empty() {
            let value = serde_json::to_value(page).expect("ids are plain data");
            records.push(RecordPut { table: PAGES.into(), key: audience.page_key(audience.pages), value: Some(value) });
            audience.pages += 1;
            audience.found += page.len() as u64;
        }
        self.write_audience(running, records);
    }

    /// Gives the next contacts their item.
    fn reach_batch(&mut self, now: Instant, running: &mut Running) {
        let audience = &mut running.audience;
        if audience.page >= audience.pages {
            audience.stage = Stage::Done;
            audience.done_at = Some(now);
            return self.write_audience(running, Vec::new());
        }
        let page: Vec<ContactId> = match self.store.record(PAGES, &audience.page_key(audience.page)) {
            Ok(page) => page.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default(),
            Err(error) => return self.fail(&error.to_string()),
        };
        let (batch, place) = (audience.per_second.div_ceil(BATCHES).min(AT_A_TIME), audience.place as usize);
        let contacts: Vec<ContactId> = page.iter().skip(place).take(batch as usize).copied().collect();
        if contacts.is_empty() {
            audience.page += 1;
            audience.place = 0;
            return self.write_audience(running, Vec::new());
        }
        running.given = u32::try_from(contacts.len()).unwrap_or(u32::MAX);
        running.failed = 0;
        // The pace holds over batches that are not full, too.
        let pause = i64::from(running.given) * 1_000_000 / i64::from(running.audience.per_second);
        running.next = now.plus_micros(pause);
        let (id, what, by) = (running.audience.id.clone(), running.audience.what.clone(), running.audience.by.clone());
        for contact in contacts {
            let ticket = self.audiences.ticket(&id);
            running.waiting.insert(ticket);
            // Given once this audience is back in its place: an answer may come at once.
            self.given.push((contact, InboxItem::Reached { audience: id.clone(), what: what.clone(), by: by.clone() }, ticket));
        }
    }

    /// Gives lines what audiences have for them.
    pub(super) fn give_items(&mut self, now: Instant) {
        for (contact, item, ticket) in std::mem::take(&mut self.given) {
            let once = match &item {
                InboxItem::Reached { audience, .. } => Some(audience.clone()),
                _ => None,
            };
            self.item(now, contact, item, once.as_deref(), ticket);
        }
    }

    /// Every contact of the batch has their item, durably: the place moves on.
    fn batch_is_done(&mut self, running: &mut Running) {
        let (given, failed) = (running.given, running.failed);
        (running.given, running.failed) = (0, 0);
        let audience = &mut running.audience;
        audience.place += given;
        audience.reached += u64::from(given.saturating_sub(failed));
        audience.failed += u64::from(failed);
        self.write_audience(running, Vec::new());
    }

    fn write_audience(&mut self, running: &mut Running, mut records: Vec<RecordPut>) {
        let audience = &mut running.audience;
        if audience.is_over() {
            records.extend(audience.list_served());
            records.extend(self.forgotten());
            if let Stage::Failed(why) = &audience.stage {
                self.actions.push(super::Action::Alert(format!("{} was not carried out: {why}", audience.id)));
            }
        }
        records.push(audience.put());
        running.writing = true;
        let id = audience.id.clone();
        self.write_records(super::Written::Audience(id), Commit { person: None, records, ..Commit::default() });
    }

    /// The oldest finished audiences, beyond those that are remembered.
    fn forgotten(&self) -> Vec<RecordPut> {
        let Ok(rows) = self.store.records(TABLE) else { return Vec::new() };
        let over = |(key, value): (String, serde_json::Value)| {
            let audience: Audience = serde_json::from_value(value).ok()?;
            // That many were erased is not forgotten.
            (audience.is_over() && audience.what != Occasion::Erase).then_some((audience.at, key))
        };
        let mut over: Vec<(Instant, String)> = rows.into_iter().filter_map(over).collect();
        over.sort();
        let surplus = (over.len() + 1).saturating_sub(REMEMBERED);
        over.into_iter().take(surplus).map(|(_, key)| RecordPut { table: TABLE.into(), key, value: None }).collect()
    }

    /// What an audience wrote is durable.
    pub(super) fn audience_written(&mut self, now: Instant, id: &str) {
        let Some(running) = self.audiences.running.get_mut(id) else { return };
        running.writing = false;
        if running.audience.is_over() {
            self.audiences.running.remove(id);
        } else {
            self.wake_audience(id, now);
        }
    }

    /// Whether a ticket is an audience's own; what was waited for may let it go on.
    pub(super) fn audience_answered(&mut self, ticket: Ticket, answer: &Result<Outcome, Refusal>) -> bool {
        let Some((id, free)) = self.audiences.answered(ticket, answer) else { return false };
        if free && let Some(at) = self.audiences.running.get(&id).map(|running| running.audience.at) {
            self.wake_audience(&id, at);
        }
        true
    }

    /// A contact is gone: audiences that are carried out name them no more. Their places in lists stand for nobody from then on.
    pub(super) fn audiences_forget(&mut self, contact: ContactId) {
        for running in self.audiences.running.values_mut() {
            if running.audience.whom == Whom::One(contact) {
                running.audience.whom = Whom::One(ContactId(0));
            }
        }
    }

    pub(super) fn wake_audience(&mut self, id: &str, at: Instant) {
        self.agenda.set(Wake::Audience(id.to_owned()), Some(at));
    }
}
