//! `--as`: a copy of a real contact to talk as, from a running server or a stopped one's data. Nothing goes back.

use crate::args::DataArgs;
use crate::{data, versions};
use anyhow::{Context, bail};
use api::control::Request;
use engine::{Bot, StoredSegment};
use model::{Contact, ContactId, Conversation, EventRecord, Owner, Person, Record, Rest, Version};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const UNREADABLE: &str = "the copy of the contact cannot be read; the running server may be of another version";

/// A contact as copied.
pub struct Copy {
    /// What to call them.
    pub name: String,
    /// What is known of them.
    pub contact: Contact,
    /// What happened to them, oldest first.
    pub events: Vec<EventRecord>,
    /// The conversation they used last, with what is under way in it; none for a fresh one.
    pub conversation: Option<Conversation>,
    /// The versions of the bot that it uses.
    pub pinned: Vec<Arc<Bot>>,
    /// Globals that were set where they are a contact.
    pub globals: Record,
    /// Segments there that are not in the bot's folder.
    pub segments: Vec<StoredSegment>,
}

/// Copies a contact, named by id or by a text that finds exactly one.
pub fn copy(who: &str, data: Option<&Path>, fresh: bool) -> anyhow::Result<Copy> {
    let args = DataArgs { data: data.filter(|d| d.is_dir()).map(Path::to_owned) };
    let id = match who.parse::<ContactId>() {
        Ok(id) => id,
        Err(_) => search(&args, who)?,
    };
    let mut answer = data::ask(&args, Request::ContactsCopy { id })?;
    let person: Person = serde_json::from_value(answer["person"].take()).context(UNREADABLE)?;
    let mut events: Vec<EventRecord> = serde_json::from_value(answer["events"].take()).context(UNREADABLE)?;
    let globals: Record = serde_json::from_value(answer["globals"].take()).context(UNREADABLE)?;
    let segments: Vec<StoredSegment> = serde_json::from_value(answer["segments"].take()).context(UNREADABLE)?;
    events.reverse();
    let name = person.contact.display_name();
    let conversation = if fresh { None } else { last_used(&person.conversations).map(without_others) };
    let used: BTreeSet<&Version> = conversation.iter().flat_map(engine::versions).collect();
    let folder = data::find(&args)?;
    let pinned = used.into_iter().map(|version| versions::get(&folder, version)).collect::<anyhow::Result<_>>()?;
    Ok(Copy { name, contact: person.contact, events, conversation, pinned, globals, segments })
}

fn search(args: &DataArgs, who: &str) -> anyhow::Result<ContactId> {
    let answer = data::ask(args, Request::ContactsList { after: None, limit: Some(10), find: Some(who.to_owned()) })?;
    let found: Vec<&Value> = answer["contacts"].as_array().into_iter().flatten().collect();
    match found.as_slice() {
        [one] => Ok(one["id"].as_str().unwrap_or_default().parse()?),
        [] => bail!("nobody is called \"{who}\", by name, address or number; \"switchboard contacts list\" shows who is there"),
        several => {
            let names: Vec<String> = several.iter().map(|c| format!("{} ({})", plain(&c["name"]), plain(&c["id"]))).collect();
            bail!("\"{who}\" could be {}; name one by its id", names.join(", "))
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

fn last_used(conversations: &[Conversation]) -> Option<Conversation> {
    let used = |c: &&Conversation| c.runs.iter().map(|r| r.moved_at).chain(c.choices.iter().map(|s| s.at)).max();
    conversations.iter().max_by_key(used).cloned()
}

/// The conversation without what others would have to answer: humans at the desk, and servers that were asked.
fn without_others(mut conversation: Conversation) -> Conversation {
    conversation.runs.retain(|run| matches!(run.rest, Rest::Asking(_) | Rest::Waiting { .. }));
    let left: BTreeSet<_> = conversation.runs.iter().map(|run| run.id).collect();
    conversation.floor.retain(|run| left.contains(run));
    conversation.owner = Owner::Bot;
    conversation.request = None;
    conversation.held_since = None;
    conversation
}
