//! Files whose message was removed: they go with the next compaction, unless somebody else has them.
//!
//! The commit that removes a message notes its files in [`FILES`]. What a visitor or an agent put down and sent with that message is noted
//! by them as well; that goes with the file.

use super::FILES;
use crate::{Handle, WriteError};
use model::BlobId;
use std::collections::{BTreeSet, HashSet};
use store::RecordPut;

/// Records of one commit.
const RECORDS: usize = 64;

/// The note that a file is to go if nobody has it.
pub(crate) fn note(file: &BlobId) -> RecordPut {
    RecordPut { table: FILES.into(), key: file.0.clone(), value: Some(serde_json::Value::Bool(true)) }
}

/// The notes of files that came with messages that go.
pub(super) fn noted(files: &BTreeSet<BlobId>) -> Vec<RecordPut> {
    files.iter().map(note).collect()
}

impl Handle {
    /// Removes files whose message was removed and that nobody has any more. To be called by whoever has the turn.
    pub(crate) async fn remove_forgotten_files(&self) -> Result<(), WriteError> {
        let before = *self.shell.promises.removals.lock().await;
        let noted: HashSet<BlobId> = self.records(FILES).await.into_iter().map(|(id, _)| BlobId(id)).collect();
        let removed = self.remove_unheld(noted.clone()).await?;
        {
            let removals = self.shell.promises.removals.lock().await;
            // A message that went meanwhile may have noted one again that it still had when it was looked for.
            let is_through = |file: &BlobId| removed.gone.contains(file) || *removals == before && !removed.waiting.contains(file);
            let of_notes = noted.into_iter().filter(is_through).map(|file| RecordPut { table: FILES.into(), key: file.0, value: None });
            let of_notes: Vec<RecordPut> = of_notes.collect();
            for some in of_notes.chunks(RECORDS) {
                self.put_all(some.to_vec()).await?;
            }
        }
        if !removed.gone.is_empty() {
            let files = removed.gone.len() as u64;
            tracing::info!(files, "files of messages that were removed are gone");
            self.count_removed_files(files).await?;
        }
        Ok(())
    }
}
