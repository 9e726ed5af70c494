//! Before two are parted, what was said while they were one goes home ([`merge::bring_home`]), in commits of their own: as many as it
//! needs, while both lines stand still. Whatever ends it on the way leaves them one, with nothing lost.

use super::{Core, Flying, Joining};
use crm::merge::{self, Record};
use model::{Forgotten, Instant, Person, TranscriptEntry};
use std::{collections::BTreeMap, sync::Arc};
use store::{Commit, Error, PersonChange};

/// Lines of one commit, and how many bytes they may have together.
const LINES: usize = 500;
const BYTES: usize = 256 * 1024;

impl Core {
    /// The commit that brings the next lines home; none if all are there.
    pub(super) fn homeward(&self, record: &Record, keep: &Person, other: &Person) -> Result<Option<Commit>, Error> {
        let Some(abroad) = merge::abroad(record, keep) else { return Ok(None) };
        let mut lines = self.store.transcript(keep.contact.id, abroad.conversation, abroad.after, LINES)?;
        let mut bytes = 0;
        let fits = |line: &&TranscriptEntry| {
            let is_room = bytes < BYTES;
            bytes += serde_json::to_string(line).map_or(0, |text| text.len());
            is_room
        };
        let count = lines.iter().take_while(fits).count();
        let whole = count == lines.len() && count < LINES;
        lines.truncate(count);
        let (gives, gets) = merge::bring_home(record, keep, other, abroad, (lines, whole));
        Ok(Some(Commit { person: Some(gives), also: vec![gets], ..Commit::default() }))
    }

    /// Makes that commit.
    pub(super) fn fly_home(&mut self, now: Instant, joining: Joining, (keep, other): (Arc<Person>, Arc<Person>), commit: Commit) {
        let flying = Flying { joining, merge: None, is_home: true, keep, other, rows: BTreeMap::new(), moved: Vec::new() };
        self.launch(now, flying, commit);
    }

    /// Lines went home, durably: the next ones follow, or the two are parted.
    pub(super) fn went_home(&mut self, now: Instant, joining: Joining) {
        self.merges.waiting.push_front(joining);
        self.go_on_joining(now);
    }

    /// What of conversations that went back is kept no longer: lines that were due while they were under the survivor are missing from the
    /// beginning, and whoever has the rest now says so.
    pub(super) fn forgotten_abroad(&self, keep: &Person, other: &Person, returns: &PersonChange) -> Result<Forgotten, Error> {
        let mut forgotten = Forgotten::default();
        for conversation in returns.conversations.iter().filter(|conversation| conversation.kept.is_empty()) {
            let first = self.store.transcript(keep.contact.id, conversation.id, 0, 1)?;
            let before = first.first().map_or(0, |line| line.no().saturating_sub(1));
            if before > other.forgotten.lines_of(conversation.id) {
                forgotten.lines.push((conversation.id, before));
            }
        }
        Ok(forgotten)
    }
}
