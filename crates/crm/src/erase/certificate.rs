//! The certificate of an erasure: what was erased, when and by whom, without a word about whose it was.

use super::Marks;
use model::{Actor, BlobId, ContactId, Instant};
use serde::{Deserialize, Serialize};

/// How much was kept about a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Contacts: the one that was named, and those merged into it.
    pub contacts: u64,
    /// Conversations.
    pub conversations: u64,
    /// Messages, from and to them.
    pub messages: u64,
    /// Lines of the journey.
    pub journey: u64,
    /// Recorded events.
    pub events: u64,
    /// Attached files; those that others have as well stay theirs.
    pub attachments: u64,
    /// Addresses on channels.
    pub addresses: u64,
    /// Identifiers beyond one channel.
    pub identifiers: u64,
    /// Attributes, what channels tell of them included.
    pub attributes: u64,
    /// Tags.
    pub tags: u64,
    /// Notes.
    pub notes: u64,
    /// Answers to whether something may be done.
    pub consents: u64,
}

impl Counts {
    /// Adds what was kept about somebody else.
    pub fn add(&mut self, other: Self) {
        let Self {
            contacts,
            conversations,
            messages,
            journey,
            events,
            attachments,
            addresses,
            identifiers,
            attributes,
            tags,
            notes,
            consents,
        } = other;
        self.contacts += contacts;
        self.conversations += conversations;
        self.messages += messages;
        self.journey += journey;
        self.events += events;
        self.attachments += attachments;
        self.addresses += addresses;
        self.identifiers += identifiers;
        self.attributes += attributes;
        self.tags += tags;
        self.notes += notes;
        self.consents += consents;
    }
}

/// What an erasure would take away, and what would stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What goes.
    pub goes: Counts,
    /// What is under way and stops: runs, timers, messages that wait, calls, requests for a human.
    pub stops: u64,
    /// How many salted hashes stay, because the person does not want to be written to; 0 if they do.
    pub suppressed: u64,
    /// How many webhooks are told of it: the bare id of the contact stays in their queue until it is delivered, and in their log of what was.
    #[serde(default)]
    pub webhooks: u64,
    /// How many imports have their file: it may name the person, and stays until the import is done, taken back or forgotten.
    #[serde(default)]
    pub imports: u64,
}

/// What stays for a while whoever is erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lingering {
    /// Webhooks that are told of erasures, as [`Preview::webhooks`].
    pub webhooks: u64,
    /// Imports whose file is there, as [`Preview::imports`].
    pub imports: u64,
}

/// How far an erasure is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Progress {
    /// It was asked for and is about to happen.
    Asked {
        /// Whose it is.
        contact: ContactId,
    },
    /// The person is gone; rows that name them are being looked for.
    Sweeping {
        /// What names them.
        marks: Box<Marks>,
        /// Files that they had.
        blobs: Vec<BlobId>,
    },
    /// Nothing leads to them any more; files that only they had are to go, and what the disk still holds of before.
    Compacting {
        /// Files that they had.
        blobs: Vec<BlobId>,
    },
    /// Nothing is left.
    Done {
        /// Since when.
        since: Instant,
    },
}

/// An erasure, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id: `era_…`.
    pub id: String,
    /// When it was asked for.
    pub at: Instant,
    /// Who asked for it.
    pub by: Actor,
    /// The erasure of many that it is one of: `aud_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// A salted hash of the contact's id: whoever knows the id can show that this is their certificate.
    pub hash: String,
    /// What was erased.
    pub counts: Counts,
    /// How many salted hashes stay, because the person did not want to be written to.
    pub suppressed: u64,
    /// Rows that named them and went, or were made to name nobody.
    #[serde(default)]
    pub rows: u64,
    /// Files of theirs that went.
    #[serde(default)]
    pub files: u64,
    /// How many webhooks were told of it, as [`Preview::webhooks`].
    #[serde(default)]
    pub webhooks: u64,
    /// How many imports had their file when the person went, as [`Preview::imports`].
    #[serde(default)]
    pub imports: u64,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
}

impl Erasure {
    /// Whether nothing is left of the person, also on disk.
    pub fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Done { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_reads_back_in_every_state() {
        let states = [
            Progress::Asked { contact: ContactId(7) },
            Progress::Sweeping { marks: Box::default(), blobs: vec![BlobId("a".into())] },
            Progress::Compacting { blobs: Vec::new() },
            Progress::Done { since: Instant(9) },
        ];
        for progress in states {
            let (counts, by) = (Counts { messages: 3, ..Counts::default() }, Actor::Api("shop".into()));
            let erasure = Erasure {
                id: "era_1".into(),
                at: Instant(5),
                by,
                of: Some("aud_1".into()),
                hash: "h".into(),
                counts,
                suppressed: 1,
                rows: 2,
                files: 3,
                webhooks: 4,
                imports: 5,
                progress,
            };
            let mut json = serde_json::to_value(&erasure).expect("plain data");
            assert_eq!(serde_json::from_value::<Erasure>(json.clone()).expect("it reads back"), erasure);
            // As releases wrote it that did not count these.
            json.as_object_mut().expect("an erasure is an object").retain(|key, _| key != "webhooks" && key != "imports");
            let before = serde_json::from_value::<Erasure>(json).expect("it reads back");
            assert_eq!(before, Erasure { webhooks: 0, imports: 0, ..erasure });
        }
    }
}
