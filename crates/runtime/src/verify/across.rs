//! What one row says of another: gathered while everything is read, held against each other at the end.

use super::{Around, Told};
use crate::Audience;
use model::{AgentId, Attachment, BlobId, ContactId, Occasion, Person, Version};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::BlobError;

/// Merges in a row through which one contact is found.
const MERGES: usize = 64;

/// The hash that a blob's name is.
type Hash = [u8; 32];

/// What was read so far, as far as something else may name it.
#[derive(Default)]
pub(super) struct Across {
    people: HashSet<ContactId>,
    /// Who was merged into whom, as the one that is gone says it.
    merged: HashMap<ContactId, ContactId>,
    /// The same, as the other one says it.
    absorbed: Vec<(ContactId, ContactId)>,
    /// Contacts under whom lines of others' conversations are kept.
    kept: Vec<(ContactId, ContactId)>,
    versions: BTreeMap<Version, ContactId>,
    blobs: HashMap<Hash, ContactId>,
    agents: BTreeSet<AgentId>,
    owners: BTreeMap<AgentId, ContactId>,
    audiences: Vec<(String, u32)>,
    pages: BTreeSet<String>,
    webhooks: BTreeSet<String>,
    queues: BTreeSet<(String, String)>,
    erased: Vec<(String, ContactId)>,
}

fn hash_of(id: &BlobId) -> Option<Hash> {
    let mut hash = [0; 32];
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(id.0.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(hash)
}

fn id_of(hash: &Hash) -> BlobId {
    BlobId(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Across {
    /// A person was read.
    pub fn person(&mut self, person: &Person) {
        let (id, contact) = (person.contact.id, &person.contact);
        self.people.insert(id);
        if let Some(into) = contact.merged_into {
            self.merged.insert(id, into);
        }
        self.absorbed.extend(contact.absorbed.iter().map(|one| (id, one.id)));
        for conversation in &person.conversations {
            self.kept.extend(conversation.kept.iter().map(|part| (id, part.under)));
            for version in engine::versions(conversation) {
                self.versions.entry(version.clone()).or_insert(id);
            }
        }
    }

    /// A message names files.
    pub fn files<'a>(&mut self, of: ContactId, files: impl Iterator<Item = &'a Attachment>) {
        // What a flow made is in the message; it only has a name.
        for hash in files.filter(|file| file.made.is_none()).filter_map(|file| hash_of(&file.blob)) {
            self.blobs.entry(hash).or_insert(of);
        }
    }

    /// An agent has a conversation of this contact.
    pub fn agent(&mut self, agent: AgentId, of: ContactId) {
        self.owners.entry(agent).or_insert(of);
    }

    pub fn has_agent(&mut self, agent: AgentId) {
        self.agents.insert(agent);
    }

    pub fn audience(&mut self, audience: &Audience) {
        if !audience.is_over() && audience.what != Occasion::Erase {
            self.audiences.extend((audience.page..audience.pages).map(|page| (audience.id.clone(), page)));
        }
    }

    pub fn page(&mut self, key: &str) {
        self.pages.insert(key.to_owned());
    }

    pub fn has_webhook(&mut self, id: String) {
        self.webhooks.insert(id);
    }

    /// A webhook is to be told something, or was.
    pub fn told(&mut self, queue: &str, hook: &str) {
        self.queues.insert((queue.to_owned(), hook.to_owned()));
    }

    /// Contacts that an erasure has taken away.
    pub fn erased<'a>(&mut self, key: &str, ids: impl Iterator<Item = &'a String>) {
        self.erased.extend(ids.filter_map(|id| Some((key.to_owned(), id.parse().ok()?))));
    }

    /// Everything was read.
    pub fn end(self, around: &Around, told: &mut Told) {
        for (id, into) in &self.merged {
            if !self.people.contains(into) {
                told.tell("people", id.to_string(), format!("they were merged into {into}, who is not there"));
            }
        }
        for (id, one) in &self.absorbed {
            // Whoever was merged into somebody else first is found through them.
            let mut way = std::iter::successors(self.merged.get(one), |at| self.merged.get(at)).take(MERGES);
            if !way.any(|into| into == id) {
                told.tell("people", id.to_string(), format!("{one} should be part of them, and is not"));
            }
        }
        for (id, under) in self.kept.iter().filter(|(_, under)| !self.people.contains(under)) {
            told.tell("history", id.to_string(), format!("a part of a conversation is kept under {under}, who is not there"));
        }
        for (agent, id) in self.owners.iter().filter(|(agent, _)| !self.agents.contains(agent)) {
            told.tell("people", id.to_string(), format!("{agent} has their chat, and there is no such agent"));
        }
        for (audience, page) in self.audiences {
            let key = format!("{audience}/{page:06}");
            if !self.pages.contains(&key) {
                told.tell("audience_pages", key, format!("{audience} still needs this page, and it is not there"));
            }
        }
        for (queue, hook) in self.queues.iter().filter(|(_, hook)| !self.webhooks.contains(hook)) {
            told.tell(&format!("{queue}/{hook}"), "", "there is no such webhook");
        }
        for (erasure, id) in self.erased.iter().filter(|(_, id)| self.people.contains(id)) {
            told.tell("people", id.to_string(), format!("they were erased ({erasure}), and are there"));
        }
        if let Some(versions) = &around.versions {
            for (version, id) in self.versions.iter().filter(|(version, _)| !versions.contains(version)) {
                let short: String = version.0.chars().take(12).collect();
                told.tell(
                    "versions",
                    short,
                    format!("what is under way for {id}, and maybe for others, needs this version of the bot, and it is not kept"),
                );
            }
        }
        let Some(blobs) = &around.blobs else { return };
        for (hash, of) in &self.blobs {
            let id = id_of(hash);
            match blobs.get(&id) {
                Ok(Some(_)) => {}
                Ok(None) => told.tell("attachments", id.0, format!("a message of {of} has this file, and it is not there")),
                Err(BlobError::Corrupt(_)) => told.tell("attachments", id.0, format!("the file is damaged; a message of {of} has it")),
                Err(error @ (BlobError::Io(..) | BlobError::NotAnId(_))) => told.tell("attachments", id.0, error.to_string()),
            }
        }
    }
}
