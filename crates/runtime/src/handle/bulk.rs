//! What is done with everybody for whom a condition holds: they are frozen as a list, then changed or erased contact by contact.
//!
//! The list is what is counted before anybody says yes, and who comes to fit later is not on it. It is durable before the first
//! contact is touched, so whatever ends the process in the middle, the next start goes on behind the last contact who is done.

use super::{Handle, SegmentError};
use crate::{
    Audience, Stage, Whom, WriteError,
    core::{
        Refusal,
        audience::{PAGES, TABLE},
    },
    privacy::Hold,
};
use engine::Bot;
use expr::Condition;
use futures::future::join_all;
use model::{Actor, Change, ContactId, InboxItem, Instant, Occasion};
use segments::Snapshot;
use sha2::{Digest as _, Sha256};
use store::RecordPut;

/// The most changes made at once.
const CHANGES: usize = 64;
/// Contacts of a page of the list, and pages of one commit: it stays well below what a commit may hold.
const PAGE: usize = 1_000;
const PAGES_AT_ONCE: usize = 16;
/// Contacts on their way at once where the core does not pace them.
const AT_ONCE: usize = 32;
/// How long to wait when too much is under way: a second.
const RETRY: i64 = 1_000_000;

/// Everybody for whom a condition held at one moment, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    condition: String,
    contacts: Vec<ContactId>,
    digest: String,
}

impl Frozen {
    /// Who they are.
    pub fn contacts(&self) -> &[ContactId] {
        &self.contacts
    }

    /// Who they are in 64 characters: another one for other people, whatever their number and their order.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many they are.
    pub fn found(&self) -> u64 {
        self.contacts.len() as u64
    }
}

fn digest(contacts: &[ContactId]) -> String {
    let mut ids: Vec<u128> = contacts.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    ids.iter().for_each(|id| hash.update(id.to_be_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What came of one contact.
pub(crate) enum Came {
    /// It is done, or was done before a restart.
    Done,
    /// It cannot be done with them.
    Left,
    /// Not now.
    Later,
}

impl Handle {
    /// Everybody for whom a condition holds now, those who opted out as well.
    ///
    /// # Errors
    /// Those of [`Self::select`].
    pub async fn frozen(&self, condition: &Condition) -> Result<Frozen, SegmentError> {
        let condition = condition.clone();
        let judge = move |everybody: &Snapshot, bot: &Bot, now: Instant| {
            let contacts: Vec<ContactId> = everybody.select(&condition, bot.set(), bot, now).iter().collect();
            let digest = digest(&contacts);
            Frozen { condition: condition.to_string(), contacts, digest }
        };
        self.over_everybody(judge).await
    }

    /// Changes everybody on a list. Answered when it is durable that it will be; [`Self::audiences`] says how far it is. Each
    /// change is a step of its contact like every other, with its journey. Where time stands still it is answered when it is done.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] if there are too many changes.
    pub async fn change_all(&self, whom: Frozen, changes: Vec<Change>, by: Actor) -> Result<Audience, WriteError> {
        if changes.is_empty() || changes.len() > CHANGES {
            return Err(WriteError::Invalid(format!("make 1 to {CHANGES} changes at once")));
        }
        let hold = self.shell.veils.hold();
        let audience = self.list(whom, Occasion::Change { changes }, by).await?;
        if self.is_at_rest() {
            return self.through(audience, hold).await;
        }
        let begun = audience.clone();
        self.shell.tell(move |core, _| core.begin_held(begun, Some(hold)));
        Ok(audience)
    }

    /// Erases everybody on a list, as [`Self::erase`] does with one: each has a certificate, and what is left on disk goes with a
    /// compaction when all are gone. Answered when it is durable that it will be. Where time stands still it is answered when
    /// nothing is left.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if it cannot be done now.
    pub async fn erase_all(&self, whom: Frozen, by: Actor) -> Result<Audience, WriteError> {
        let hold = self.shell.veils.hold();
        let audience = self.list(whom, Occasion::Erase, by).await?;
        if self.is_at_rest() {
            let audience = self.through(audience, hold).await?;
            // Nobody else does it.
            self.compact().await?;
            return Ok(audience);
        }
        self.shell.runtime.spawn(self.clone().go_on(audience.clone(), hold));
        Ok(audience)
    }

    /// Goes on with erasures of many that a stop or a crash broke off.
    pub(crate) async fn go_on_erasing(self) {
        let hold = self.shell.veils.hold();
        for audience in self.audiences().await.into_iter().rev() {
            if audience.what == Occasion::Erase && !audience.is_over() {
                self.clone().go_on(audience, hold.clone()).await;
            }
        }
    }

    async fn go_on(self, audience: Audience, hold: Hold) {
        let _busy = self.shell.promises.busy();
        let id = audience.id.clone();
        if let Err(error) = self.through(audience, hold).await {
            tracing::info!(audience = id, %error, "an erasure of many goes on at the next start");
        }
    }

    /// Writes the list down. The record that makes it count comes last: without it pages mean nothing and go at the next start.
    async fn list(&self, whom: Frozen, what: Occasion, by: Actor) -> Result<Audience, WriteError> {
        let Frozen { condition, contacts, digest: _ } = whom;
        let mut audience = self.shell.tell(|core, now| core.new_audience(now, what, by, Whom::Where(condition), None));
        audience.stage = Stage::Reaching;
        audience.found = contacts.len() as u64;
        for some in contacts.chunks(PAGE * PAGES_AT_ONCE) {
            let mut records = Vec::with_capacity(PAGES_AT_ONCE);
            for page in some.chunks(PAGE) {
                let value = serde_json::to_value(page).expect("ids are plain data");
                records.push(RecordPut { table: PAGES.into(), key: audience.page_key(audience.pages), value: Some(value) });
                audience.pages += 1;
            }
            self.put_all(records).await?;
        }
        self.put_all(vec![audience.put()]).await?;
        Ok(audience)
    }

    /// Does with everybody on a list what is to be done, from where it was; answers it as it ended. The hold is from before the list's
    /// record was read or made.
    async fn through(&self, mut audience: Audience, _hold: Hold) -> Result<Audience, WriteError> {
        while audience.page < audience.pages {
            let key = audience.page_key(audience.page);
            let page = self.shell.read(move |store| store.record(PAGES, &key)).await.ok_or(WriteError::Unavailable)?;
            let page: Vec<ContactId> = page.and_then(|page| serde_json::from_value(page).ok()).unwrap_or_default();
            let some: Vec<ContactId> = page.into_iter().skip(audience.place as usize).take(AT_ONCE).collect();
            if some.is_empty() {
                (audience.page, audience.place) = (audience.page + 1, 0);
                continue;
            }
            let came = join_all(some.iter().map(|contact| self.reach(&audience, *contact))).await;
            if came.iter().any(|came| matches!(came, Came::Later)) {
                if self.is_at_rest() || self.is_stopping() {
                    return Err(WriteError::Unavailable);
                }
                // They are given again; whoever had it does not get it twice.
                self.shell.clock.sleep_until(self.now().plus_micros(RETRY)).await;
                continue;
            }
            let left = came.iter().filter(|came| matches!(came, Came::Left)).count() as u64;
            audience.place += u32::try_from(some.len()).unwrap_or(u32::MAX);
            audience.reached += some.len() as u64 - left;
            audience.failed += left;
            self.put_all(vec![audience.put()]).await?;
        }
        audience.stage = Stage::Done;
        audience.done_at = Some(self.now());
        let records: Vec<RecordPut> = audience.list_served().chain([audience.put()]).collect();
        self.put_all(records).await?;
        Ok(audience)
    }

    async fn reach(&self, audience: &Audience, contact: ContactId) -> Came {
        match &audience.what {
            Occasion::Erase => self.erase_one_of(audience, contact).await,
            what @ (Occasion::Change { .. } | Occasion::Event { .. } | Occasion::Schedule { .. }) => {
                let item = InboxItem::Reached { audience: audience.id.clone(), what: what.clone(), by: audience.by.clone() };
                match self.shell.item(contact, item, Some(audience.id.clone())).await {
                    Ok(_) => Came::Done,
                    Err(Refusal::Unavailable | Refusal::Changed) => Came::Later,
                    Err(Refusal::Desk(_) | Refusal::NotFound | Refusal::TooMany | Refusal::Merge(_) | Refusal::Parked) => Came::Left,
                }
            }
        }
    }

    /// Whether nothing new may be begun.
    pub(crate) fn is_stopping(&self) -> bool {
        self.shell.failure().is_some() || self.shell.ask(crate::core::Core::is_stopping)
    }
}

/// Drops pages of lists whose record was never written: the process ended while they were put down.
pub(crate) fn drop_unfinished(store: &dyn store::Store) -> Result<(), store::Error> {
    let known: std::collections::BTreeSet<String> = store.records(TABLE)?.into_iter().map(|(key, _)| key).collect();
    let unfinished = |(key, _): (String, serde_json::Value)| {
        let of = key.split_once('/').map_or(key.as_str(), |(of, _)| of);
        (!known.contains(of)).then(|| RecordPut { table: PAGES.into(), key: key.clone(), value: None })
    };
    let gone: Vec<RecordPut> = store.records(PAGES)?.into_iter().filter_map(unfinished).collect();
    for some in gone.chunks(PAGE) {
        store::commit_blocking(store, store::Commit { records: some.to_vec(), ..store::Commit::default() })?;
    }
    Ok(())
}
