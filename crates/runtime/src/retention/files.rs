//! Files whose message was removed: they go with the next compaction, unless somebody else has them.
//!
//! The commit that removes a message notes its files in [`FILES`]. What a visitor put down and sent with that message is noted by their
//! channel as well; that goes with the file.

use super::FILES;
use crate::{Handle, WriteError, privacy::gather};
use model::BlobId;
use std::collections::HashSet;
use store::RecordPut;

/// Records of one commit.
const RECORDS: usize = 64;

/// The notes of files that came with messages that go.
pub(super) fn noted(files: &std::collections::BTreeSet<BlobId>) -> Vec<RecordPut> {
    let note = |file: &BlobId| RecordPut { table: FILES.into(), key: file.0.clone(), value: Some(serde_json::Value::Bool(true)) };
    files.iter().map(note).collect()
}

/// A record of a channel that names a file: what a visitor put down.
fn is_upload(table: &str) -> bool {
    table.starts_with("channel/")
}

impl Handle {
    /// Removes files whose message was removed and that nobody has any more. To be called by whoever has the turn.
    pub(crate) async fn remove_forgotten_files(&self) -> Result<(), WriteError> {
        let noted: Vec<BlobId> = self.records(FILES).await.into_iter().map(|(id, _)| BlobId(id)).collect();
        if noted.is_empty() {
            return Ok(());
        }
        // Whoever stores one of them from now on keeps it.
        self.shell.blobs.doom(&noted);
        let of_bots: HashSet<BlobId> = self.programs().iter().flat_map(|bot| bot.assets().iter().map(|file| file.blob.clone())).collect();
        let wanted: HashSet<BlobId> = noted.iter().cloned().collect();
        let read = self.shell.read(move |store| {
            let (mut used, mut uploads) = (HashSet::new(), Vec::new());
            store.each_record(&mut |table, key, value| {
                if table == FILES {
                    return;
                }
                let mut named = HashSet::new();
                gather::named_in(&wanted, key, &mut named);
                gather::named_in(&wanted, &value.to_string(), &mut named);
                match is_upload(table) {
                    true => uploads.extend(named.into_iter().map(|file| (file, table.to_owned(), key.to_owned()))),
                    false => used.extend(named),
                }
            })?;
            gather::with_people(store, &wanted, &mut used)?;
            Ok((used, uploads))
        });
        let (used, uploads) = read.await.ok_or(WriteError::Unavailable)?;
        let kept: HashSet<BlobId> = used.into_iter().chain(of_bots).collect();
        let blobs = self.shell.blobs.clone();
        let removed = tokio::task::spawn_blocking(move || {
            let removed = blobs.remove_doomed(&kept)?;
            let gone = |file: &BlobId| !blobs.exists(file);
            Ok::<_, store::BlobError>((removed, uploads.into_iter().filter(|(file, _, _)| gone(file)).collect::<Vec<_>>()))
        });
        let (removed, uploads) = removed.await.map_err(|_| WriteError::Unavailable)?.map_err(|error| {
            tracing::warn!(%error, "files of messages that were removed are still there; they are tried again");
            WriteError::Unavailable
        })?;
        let of_uploads = uploads.into_iter().map(|(_, table, key)| RecordPut { table, key, value: None });
        let of_notes = noted.into_iter().map(|file| RecordPut { table: FILES.into(), key: file.0, value: None });
        let gone: Vec<RecordPut> = of_uploads.chain(of_notes).collect();
        for some in gone.chunks(RECORDS) {
            self.put_all(some.to_vec()).await?;
        }
        if removed > 0 {
            tracing::info!(files = removed, "files of messages that were removed are gone");
            self.count_removed_files(removed).await?;
        }
        Ok(())
    }
}
