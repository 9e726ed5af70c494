//! What was put down to be sent: after a day it is forgotten, sent or not.
//!
//! A record says who may name the file in a message ([`channel::UPLOADS`], [`UPLOADS_OF_AGENTS`]). A file that was sent is its message's, and
//! is noted when that goes. One that was not is nobody's any more: it is noted now, and goes with the next compaction unless somebody has
//! it. Whoever names one at this very moment keeps it, or is told that it is gone ([`crate::drive::Shell::attach`]).

use super::{TABLE, note, sweep::PENDING};
use crate::{
    Handle, WriteError,
    privacy::{
        UPLOADS_OF_AGENTS, files_in,
        gather::{LINES, files_of},
        is_kept, put_down_at,
    },
};
use model::{Address, Conversation, ConversationId, Person, TranscriptEntry};
use serde_json::Value;
use std::sync::Arc;
use store::{Error, RecordPut, Store};

/// Records looked at together.
const SOME: usize = 64;

/// Whether a record says that a file was put down.
fn is_upload(table: &str, key: &str) -> bool {
    table == UPLOADS_OF_AGENTS || (table.starts_with("channel/") && key.starts_with(channel::UPLOADS))
}

/// The conversation that a file was put down for, and whose it is; none if there is none, or nobody can tell.
fn meant(store: &dyn Store, table: &str, key: &str, value: &Value) -> Result<Option<(Arc<Person>, ConversationId)>, Error> {
    if let Some(name) = table.strip_prefix("channel/") {
        let Some((id, _)) = key.strip_prefix(channel::UPLOADS).and_then(|rest| rest.rsplit_once('/')) else { return Ok(None) };
        let address = Address { channel: name.to_owned(), id: id.to_owned() };
        let Some(contact) = store.person_at(&address)? else { return Ok(None) };
        let Some(person) = store.person(contact)? else { return Ok(None) };
        let conversation = person.conversation_at(&address).map(|conversation| conversation.id);
        return Ok(conversation.map(|id| (person, id)));
    }
    let contact = value.get("contact").and_then(|id| serde_json::from_value(id.clone()).ok());
    let conversation = key.split_once('/').and_then(|(id, _)| id.parse().ok());
    let (Some(contact), Some(conversation)) = (contact, conversation) else { return Ok(None) };
    Ok(store.person(contact)?.map(|person| (person, conversation)))
}

/// Whether messages of the conversation that a file was put down for have it. Looks back to when that was.
fn is_sent(store: &dyn Store, table: &str, key: &str, value: &Value) -> Result<bool, Error> {
    let Some((person, conversation)) = meant(store, table, key, value)? else { return Ok(false) };
    let Some(Conversation { last_no, .. }) = person.conversation(conversation) else { return Ok(false) };
    let (mut last, mut missing) = (*last_no, files_in(key, value));
    while last > 0 && !missing.is_empty() {
        let after = last.saturating_sub(LINES as u64);
        let lines = store.transcript(person.contact.id, conversation, after, LINES)?;
        let messages = lines.iter().filter_map(|line| match line {
            TranscriptEntry::Message(message) => Some(message),
            TranscriptEntry::Delivery(_) => None,
        });
        let mut is_older = false;
        for message in messages {
            is_older |= message.at < put_down_at(value);
            for file in files_of(&message.content) {
                missing.remove(&file.blob);
            }
        }
        // What was before is older still, or went.
        if is_older || lines.first().is_none_or(|first| first.no() > after + 1) {
            break;
        }
        last = after;
    }
    Ok(missing.is_empty())
}

impl Handle {
    /// Forgets what was put down a day ago or earlier.
    pub(super) async fn forget_uploads(&self) -> Result<(), WriteError> {
        let now = self.now();
        let read = self.shell.read(move |store| {
            let mut old: Vec<(String, String)> = Vec::new();
            store.each_record(&mut |table, key, value| {
                if is_upload(table, key) && !is_kept(&value, now) {
                    old.push((table.to_owned(), key.to_owned()));
                }
            })?;
            Ok(old)
        });
        let old = read.await.ok_or(WriteError::Unavailable)?;
        for some in old.chunks(SOME) {
            let some = some.to_vec();
            let read = self.shell.read(move |store| {
                let mut looked_at = Vec::new();
                for (table, key) in some {
                    let Some(value) = store.record(&table, &key)? else { continue };
                    let is_sent = is_sent(store, &table, &key, &value)?;
                    looked_at.push((table, key, is_sent));
                }
                Ok(looked_at)
            });
            let looked_at = read.await.ok_or(WriteError::Unavailable)?;
            // The same file may have been put down again meanwhile; from here on whoever does so waits.
            let _nobody = self.shell.attaching.write().await;
            let read = self.shell.read(move |store| {
                let (mut records, mut notes) = (Vec::new(), Vec::new());
                for (table, key, is_sent) in looked_at {
                    let Some(value) = store.record(&table, &key)?.filter(|value| !is_kept(value, now)) else { continue };
                    if !is_sent {
                        notes.extend(files_in(&key, &value).iter().map(note));
                    }
                    records.push(RecordPut { table, key, value: None });
                }
                Ok((records, notes))
            });
            let (mut records, notes) = read.await.ok_or(WriteError::Unavailable)?;
            if records.is_empty() {
                continue;
            }
            let mut removals = self.shell.promises.removals.lock().await;
            // A compaction is asked for only where a file may go with it.
            if !notes.is_empty() {
                records.extend(notes);
                records.push(RecordPut { table: TABLE.into(), key: PENDING.into(), value: Some(true.into()) });
                *removals += 1;
            }
            self.put_all(records).await?;
        }
        Ok(())
    }
}
