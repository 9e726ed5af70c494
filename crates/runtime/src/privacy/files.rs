//! Who has a file, and taking away those that nobody has any more.
//!
//! A file is somebody's if one of their messages names it, or a record does, by what was durable at one moment ([`super::everybody`]).
//! Whoever is about to name a file holds [`Shell::attach`] until that is durable, so it is read here, or the file was gone before and they
//! were told.
//!
//! What was put down and not sent yet ([`UPLOADS_OF_AGENTS`], and records of channels) is somebody's for a day.

use super::gather::{LINES, files_of};
use crate::{Handle, WriteError, drive::Shell, retention};
use model::{BlobId, Content, Instant, Person, TranscriptEntry};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};
use store::{Blobs, Doom, Error, RecordPut, Store};
use tokio::sync::OwnedRwLockReadGuard;

/// The table of files that agents put down to be sent, by conversation and file.
pub const UPLOADS_OF_AGENTS: &str = "agent_uploads";
/// How long a file that was put down waits to be sent, in microseconds: a day.
pub const UPLOADS_KEPT: i64 = 24 * 3_600_000_000;

/// People read at once.
const PEOPLE: usize = 256;
/// Records of one commit.
const RECORDS: usize = 64;

/// Who has some files.
#[derive(Debug, Default)]
struct Held {
    /// Those that a message names, or a record.
    used: HashSet<BlobId>,
    /// Those that were put down lately, to be sent.
    waiting: HashSet<BlobId>,
    /// Records of what was put down: the file, the table and the key.
    uploads: Vec<(BlobId, String, String)>,
}

/// What became of some files.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// Those that were there and are not any more.
    pub gone: HashSet<BlobId>,
    /// Those that nobody has but who put them down lately, or this very moment: they may be nobody's tomorrow.
    pub waiting: HashSet<BlobId>,
}

/// A record of a file that was put down to be sent, by a visitor or an agent.
pub(crate) fn is_upload(table: &str) -> bool {
    table.starts_with("channel/") || table == UPLOADS_OF_AGENTS
}

/// When a file was put down, as its record says. Records of earlier releases do not say it.
pub(crate) fn put_down_at(record: &serde_json::Value) -> Instant {
    record.get("at").and_then(|at| serde_json::from_value(at.clone()).ok()).unwrap_or_default()
}

/// Whether a file that was put down, as its record says, still waits to be sent.
pub(crate) fn is_kept(record: &serde_json::Value, now: Instant) -> bool {
    now.micros_since(put_down_at(record)) < UPLOADS_KEPT
}

/// Everything in a text that can be the id of a file: 64 hexadecimal digits in a row.
pub(crate) fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    const DIGITS: usize = 64;
    let runs = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= DIGITS);
    runs.flat_map(|run| (0..=run.len() - DIGITS).filter_map(move |at| run.get(at..at + DIGITS)))
}

/// The files that a record of their having been put down names. What somebody called a file may look like one without being one.
pub(crate) fn files_in(key: &str, value: &serde_json::Value) -> BTreeSet<BlobId> {
    let texts = [key.to_owned(), value.to_string()];
    texts.iter().flat_map(|text| ids_in(text)).filter_map(BlobId::parse).collect()
}

/// Adds those of the wanted files that a text names.
fn named_in(wanted: &HashSet<BlobId>, text: &str, used: &mut HashSet<BlobId>) {
    used.extend(ids_in(text).filter_map(|id| wanted.get(&BlobId(id.to_owned())).cloned()));
}

impl Held {
    fn in_records(&mut self, store: &dyn Store, wanted: &HashSet<BlobId>, now: Instant) -> Result<(), Error> {
        store.each_record(&mut |table, key, value| {
            // Lists of what is to go.
            if table == super::TABLE || table == retention::FILES {
                return;
            }
            let mut named = HashSet::new();
            named_in(wanted, key, &mut named);
            named_in(wanted, &value.to_string(), &mut named);
            if !is_upload(table) {
                return self.used.extend(named);
            }
            for file in named {
                self.uploads.push((file.clone(), table.to_owned(), key.to_owned()));
                if is_kept(&value, now) {
                    self.waiting.insert(file);
                }
            }
        })
    }

    /// Those that somebody has in a transcript or waiting.
    fn with(&mut self, store: &dyn Store, person: &Person, wanted: &HashSet<BlobId>) -> Result<(), Error> {
        if !person.inbox.is_empty() || !person.outbox.is_empty() || !person.parked.is_empty() || !person.calls.is_empty() {
            let waits = serde_json::to_string(&(&person.inbox, &person.outbox, &person.parked, &person.calls)).unwrap_or_default();
            named_in(wanted, &waits, &mut self.used);
        }
        for conversation in &person.conversations {
            let mut last_no = 0;
            loop {
                let lines = store.transcript(person.contact.id, conversation.id, last_no, LINES)?;
                for line in &lines {
                    let TranscriptEntry::Message(message) = line else { continue };
                    let files = files_of(&message.content).map(|file| &file.blob);
                    self.used.extend(files.filter(|id| wanted.contains(id)).cloned());
                }
                match lines.last() {
                    Some(last) if lines.len() == LINES => last_no = last.no(),
                    Some(_) | None => break,
                }
            }
        }
        Ok(())
    }

    fn with_all(&mut self, store: &dyn Store, wanted: &HashSet<BlobId>) -> Result<(), Error> {
        let mut after = None;
        loop {
            let people = store.people(after, PEOPLE)?;
            let Some(last) = people.last() else { return Ok(()) };
            after = Some(last.contact.id);
            for person in &people {
                self.with(store, person, wanted)?;
            }
        }
    }
}

/// Files may go until this does: whoever gave up knows no more who has them.
struct Dooming {
    blobs: Arc<dyn Blobs>,
    doom: Doom,
}

impl Drop for Dooming {
    fn drop(&mut self) {
        self.blobs.spare(self.doom);
    }
}

/// A message that names files is on its way: none of them is removed until this goes.
pub(crate) type Attached = OwnedRwLockReadGuard<()>;

impl Shell {
    /// A message is about to name files: those that are there stay. To be held until it is durable, with the ticket of whoever waits for
    /// that. Answers the name of one that is not there as well.
    pub(crate) async fn attach(&self, content: &Content) -> (Option<Attached>, Option<String>) {
        let files = files_of(content).filter(|file| file.made.is_none());
        let files: Vec<(BlobId, String)> = files.map(|file| (file.blob.clone(), file.name.clone())).collect();
        if files.is_empty() {
            return (None, None);
        }
        let attached = self.attaching.clone().read_owned().await;
        let blobs = self.blobs.clone();
        let keep = move |gone: Option<String>, (id, name): (BlobId, String)| if blobs.keep(&id) { gone } else { Some(name) };
        let look = move || files.into_iter().fold(None, keep);
        let gone = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        (Some(attached), gone)
    }

    /// Stores durably that a file was put down to be sent: whoever forgets an older record of it does so before, or sees this one.
    pub(crate) async fn put_upload(self: &Arc<Self>, table: &str, key: &str, value: Option<serde_json::Value>) -> Result<(), Error> {
        let _attached = self.attaching.read().await;
        self.put_record(table, key, value).await
    }
}

impl Handle {
    /// Stores durably that an agent put down a file to be sent in a conversation; the key is the conversation and the file.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store refuses.
    pub async fn put_upload(&self, key: &str, value: serde_json::Value) -> Result<(), WriteError> {
        self.shell.put_upload(UPLOADS_OF_AGENTS, key, Some(value)).await.map_err(|_| WriteError::Unavailable)
    }

    /// Removes those of some files that nobody has, with the records of their having been put down. To be called by whoever has the turn.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`]; some may be gone by then.
    pub(crate) async fn remove_unheld(&self, wanted: HashSet<BlobId>) -> Result<Removed, WriteError> {
        if wanted.is_empty() {
            return Ok(Removed::default());
        }
        let list: Vec<BlobId> = wanted.iter().cloned().collect();
        let dooming = {
            // Whoever was about to name one of them has done so, and whoever stores or names one from now on keeps it.
            let _nobody = self.shell.attaching.write().await;
            Dooming { doom: self.shell.blobs.doom(&list), blobs: self.shell.blobs.clone() }
        };
        let of_bots: HashSet<BlobId> = self.programs().iter().flat_map(|bot| bot.assets().iter().map(|file| file.blob.clone())).collect();
        let Held { used, waiting, uploads } = self.held(Arc::new(wanted)).await?;
        let mut waiting: HashSet<BlobId> = waiting.into_iter().filter(|file| !used.contains(file) && !of_bots.contains(file)).collect();
        let kept: HashSet<BlobId> = used.into_iter().chain(of_bots).chain(waiting.iter().cloned()).collect();
        let removed = tokio::task::spawn_blocking(move || {
            let blobs = &dooming.blobs;
            let there: Vec<BlobId> = list.into_iter().filter(|file| blobs.exists(file)).collect();
            blobs.remove_doomed(dooming.doom, &kept)?;
            let (left, gone): (HashSet<BlobId>, HashSet<BlobId>) = there.into_iter().partition(|file| blobs.exists(file));
            let of_gone: Vec<_> = uploads.into_iter().filter(|(file, _, _)| !blobs.exists(file)).collect();
            let again: Vec<BlobId> = left.into_iter().filter(|file| !kept.contains(file)).collect();
            Ok::<_, store::BlobError>((gone, of_gone, again))
        });
        let removed = removed.await.map_err(|_| WriteError::Unavailable)?;
        let (gone, uploads, again) = removed.map_err(|error| {
            tracing::warn!(%error, "files that nobody has any more are still there; they are tried again");
            WriteError::Unavailable
        })?;
        // Somebody stored them meanwhile and may never name them.
        waiting.extend(again);
        let rows: Vec<RecordPut> = uploads.into_iter().map(|(_, table, key)| RecordPut { table, key, value: None }).collect();
        for some in rows.chunks(RECORDS) {
            self.put_all(some.to_vec()).await?;
        }
        Ok(Removed { gone, waiting })
    }

    /// Who has some files.
    async fn held(&self, wanted: Arc<HashSet<BlobId>>) -> Result<Held, WriteError> {
        let (of, now) = (wanted.clone(), self.now());
        let read = move |store: &dyn Store| {
            let mut held = Held::default();
            held.in_records(store, &of, now)?;
            held.with_all(store, &of)?;
            Ok(held)
        };
        self.of_everybody(read, move |held: &mut Held, store, person| held.with(store, person, &wanted)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_files_are_found_wherever_they_stand() {
        let (one, two) = ("a".repeat(64), "0123456789abcdef".repeat(4));
        let text = format!("{{\"blob\":\"{one}\",\"at\":\"x/{two}.png\",\"short\":\"abc\"}}");
        assert_eq!(ids_in(&text).collect::<Vec<_>>(), [one.as_str(), two.as_str()]);
        assert!(ids_in(&format!("7{one}")).any(|id| id == one));
        let row = serde_json::json!({ "name": two.to_uppercase(), "blob": two });
        let both = BTreeSet::from([&one, &two].map(|id| BlobId(id.clone())));
        assert_eq!(files_in(&format!("upload/v_1/{one}-{}", "F".repeat(64)), &row), both);
        assert_eq!(ids_in("").count() + ids_in(&"f".repeat(63)).count(), 0);
    }
}
