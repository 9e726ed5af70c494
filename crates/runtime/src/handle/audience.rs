//! Reaching many contacts: counting them first, then raising an event for each, and how far that is (FL 4 `trigger`).

use super::Handle;
use crate::{
    WriteError,
    core::audience::{Audience, FASTEST, TABLE, Whom, find_one},
};
use engine::{Bot, Meant, TriggerTo};
use model::{Actor, ContactId, Instant, Occasion, Record};
use segments::{NoPast, Snapshot};
use std::sync::Arc;
use store::Store;

/// Contacts read at once.
const PAGE: usize = 256;
/// Contacts whose names are told with a count.
const NAMES: usize = 5;

/// Whom a trigger would reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Contacts it is for.
    pub found: u64,
    /// Contacts it would be for, who have opted out or are blocked.
    pub opted_out: u64,
    /// All contacts there are.
    pub contacts: u64,
    /// The first of those it is for.
    pub first: Vec<(ContactId, String)>,
}

impl Handle {
    /// Counts whom a trigger would reach; changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] if the condition means nothing, [`WriteError::NotFound`] if there is no such contact.
    pub async fn count_audience(&self, to: &TriggerTo) -> Result<Reached, WriteError> {
        let (whom, bot, now) = (self.whom(to).await?, self.bot(), self.now());
        drop(whom.judge(&bot).map_err(WriteError::Invalid)?);
        let everybody = self.shell.ask(crate::core::Core::snapshot);
        let counted = self.shell.read(move |store| {
            let asked = match &whom {
                Whom::Where(condition) => Some(condition.as_str()),
                Whom::Reachable => Some("reachable"),
                Whom::One(_) | Whom::Identified(_) => None,
            };
            match asked {
                Some(condition) => by_condition(store, &everybody, &bot, condition, now),
                None => one_by_one(store, &whom, &bot, now),
            }
        });
        counted.await.ok_or(WriteError::Unavailable)
    }

    /// Raises an event for others. Answered when it is durable that it will be; [`Self::audiences`] says how far it is.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] says what is wrong, [`WriteError::NotFound`] if there is no such contact.
    pub async fn trigger(
        &self,
        event: &str,
        fields: Record,
        to: &TriggerTo,
        per_second: Option<u32>,
        by: Actor,
    ) -> Result<Audience, WriteError> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if event.is_empty() || event.len() > 64 || !event.chars().all(letters) || event.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(WriteError::Invalid(format!("an event is a name of letters, digits and _, not \"{event}\"")));
        }
        if per_second.is_some_and(|pace| pace == 0 || pace > FASTEST) {
            return Err(WriteError::Invalid(format!("the pace is 1 to {FASTEST} contacts a second")));
        }
        let whom = self.whom(to).await?;
        drop(whom.judge(&self.bot()).map_err(WriteError::Invalid)?);
        let what = Occasion::Event { name: event.to_owned(), fields };
        let hold = self.shell.veils.hold();
        let audience = self.shell.tell(|core, now| core.new_audience(now, what, by, whom, per_second));
        let record = audience.put();
        self.shell.put_record(&record.table, &record.key, record.value).await.map_err(|_| WriteError::Unavailable)?;
        let begun = audience.clone();
        self.shell.tell(move |core, _| core.begin_held(begun, Some(hold)));
        Ok(audience)
    }

    /// Every audience that is remembered, the newest first.
    pub async fn audiences(&self) -> Vec<Audience> {
        let rows = self.records(TABLE).await;
        // What cannot be read would have stopped the start.
        let mut audiences: Vec<Audience> = rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect();
        audiences.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        audiences
    }

    async fn whom(&self, to: &TriggerTo) -> Result<Whom, WriteError> {
        match to {
            TriggerTo::Where(condition) => Ok(Whom::Where(condition.clone())),
            TriggerTo::One(who) => {
                let who = who.clone();
                let found = self.shell.read(move |store| find_one(store, &who)).await;
                found.ok_or(WriteError::Unavailable)?.ok_or(WriteError::NotFound)
            }
        }
    }
}

/// Counts by columns.
fn by_condition(store: &dyn Store, everybody: &Snapshot, bot: &Arc<Bot>, condition: &str, now: Instant) -> Result<Reached, store::Error> {
    let mut reached = Reached { contacts: everybody.len() as u64, ..Reached::default() };
    let ask = |and: &str, sample: usize| {
        let text = format!("({condition}) and {and}");
        // It was read alone before; in brackets it says the same.
        let read = bot.read_condition(&text.into()).ok()?;
        Some(everybody.ask(&read.0, bot.set(), &**bot, now, sample))
    };
    if let (Some(meant), Some(not)) = (ask("subscribed", NAMES), ask("not subscribed", 0)) {
        (reached.found, reached.opted_out) = (meant.matched, not.matched);
        for id in meant.sample {
            reached.first.extend(store.person(id)?.map(|person| (id, person.contact.display_name())));
        }
    }
    Ok(reached)
}

/// Looks at everybody: for who is named.
fn one_by_one(store: &dyn Store, whom: &Whom, bot: &Arc<Bot>, now: Instant) -> Result<Reached, store::Error> {
    let mut reached = Reached::default();
    let Ok(meant) = whom.judge(bot) else { return Ok(reached) };
    let mut after = None;
    loop {
        let people = store.people(after, PAGE)?;
        let Some(last) = people.last() else { return Ok(reached) };
        after = Some(last.contact.id);
        for person in people.iter().filter(|person| !person.contact.is_merged_away()) {
            reached.contacts += 1;
            match meant(&person.contact, &NoPast, now) {
                Meant::Yes => {
                    reached.found += 1;
                    if reached.first.len() < NAMES {
                        reached.first.push((person.contact.id, person.contact.display_name()));
                    }
                }
                Meant::OptedOut => reached.opted_out += 1,
                Meant::No => {}
            }
        }
    }
}
