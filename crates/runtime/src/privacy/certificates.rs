//! Erasures as they are read: those that are on their way, and certificates page by page.
//!
//! There may come to be as many as there were contacts. So none but those that are asked for are held: of the others their moment and
//! their id, of no more than a page.

use super::{Erasure, TABLE};
use crate::{Handle, WriteError};
use model::Instant;
use serde::Deserialize;
use serde_json::Value;
use std::{cmp::Reverse, collections::BinaryHeap};
use store::Store;

/// Certificates of erasures: a page of them, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificates {
    /// The newest first.
    pub page: Vec<Erasure>,
    /// Behind which id the next page begins; none on the last one.
    pub next: Option<String>,
    /// How many there are, all told.
    pub total: u64,
    /// How many of them are not done.
    pub pending: u64,
}

/// What of an erasure says where in the list it is.
#[derive(Deserialize)]
struct Brief {
    at: Instant,
    #[serde(default)]
    of: Option<String>,
    state: String,
}

impl Handle {
    /// Every erasure, the certificates of those that are done among them, by id. For few.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, WriteError> {
        self.erasures_that(|_| true).await
    }

    /// Erasures for which something holds, by id.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub(crate) async fn erasures_that(&self, holds: impl Fn(&Erasure) -> bool + Send + 'static) -> Result<Vec<Erasure>, WriteError> {
        let found = self.shell.read(move |store| {
            let mut found = Vec::new();
            store.each_record_of(TABLE, &mut |id, value| found.extend(read(id, value).filter(&holds)))?;
            Ok(found)
        });
        found.await.ok_or(WriteError::Unavailable)
    }

    /// A page of at most `limit` certificates, those of an erasure of many if there is one; from the newest, or behind the one of an id.
    /// None if there is none of that id among them.
    ///
    /// One is read at a time: whoever asks for more waits.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn certificates(
        &self,
        many: Option<String>,
        behind: Option<String>,
        limit: usize,
    ) -> Result<Option<Certificates>, WriteError> {
        let turn = self.shell.promises.listing.clone().lock_owned().await;
        let read = self.shell.read(move |store| {
            // To the end, also when nobody waits for it any more.
            let _turn = turn;
            page(store, many.as_deref(), behind.as_deref(), limit)
        });
        read.await.ok_or(WriteError::Unavailable)
    }
}

fn page(store: &dyn Store, many: Option<&str>, behind: Option<&str>, limit: usize) -> Result<Option<Certificates>, store::Error> {
    let brief = |value: &Value| Brief::deserialize(value).ok().filter(|brief| many.is_none() || brief.of.as_deref() == many);
    let behind = match behind {
        None => None,
        // Certificates stay, so the last one of a page is still there.
        Some(id) => match store.record(TABLE, id)?.as_ref().and_then(brief) {
            Some(last) => Some((last.at, id.to_owned())),
            None => return Ok(None),
        },
    };
    let (mut total, mut pending, mut newest) = (0, 0, BinaryHeap::new());
    store.each_record_of(TABLE, &mut |id, value| {
        let Some(brief) = brief(&value) else { return };
        total += 1;
        pending += u64::from(brief.state != "done");
        let place = (brief.at, id.to_owned());
        if behind.as_ref().is_none_or(|behind| place < *behind) {
            newest.push(Reverse(place));
            if newest.len() > limit + 1 {
                newest.pop();
            }
        }
    })?;
    let more = newest.len() > limit;
    let mut ids: Vec<String> = newest.into_sorted_vec().into_iter().map(|Reverse((_, id))| id).collect();
    ids.truncate(limit);
    let mut page = Vec::with_capacity(ids.len());
    for id in &ids {
        page.extend(store.record(TABLE, id)?.and_then(|value| read(id, value)));
    }
    Ok(Some(Certificates { page, next: ids.pop().filter(|_| more), total, pending }))
}

fn read(id: &str, value: Value) -> Option<Erasure> {
    match serde_json::from_value(value) {
        Ok(erasure) => Some(erasure),
        Err(error) => {
            tracing::error!(id, %error, "the record of an erasure cannot be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{Progress, record};
    use model::{Actor, ContactId};
    use store::{Commit, MemStore};

    fn erasure(n: usize, at: i64, progress: Progress) -> Erasure {
        Erasure {
            id: format!("era_{n}"),
            at: Instant(at),
            by: Actor::System,
            of: n.is_multiple_of(2).then(|| "aud_1".to_owned()),
            hash: String::new(),
            counts: Default::default(),
            suppressed: 0,
            rows: 0,
            files: 0,
            webhooks: 0,
            imports: 0,
            progress,
        }
    }

    /// The ids of all pages, and what the first says of how many there are.
    fn pages(store: &MemStore, many: Option<&str>, limit: usize) -> (Vec<Vec<String>>, u64, u64) {
        let (mut pages, mut behind): (Vec<Vec<String>>, Option<String>) = (Vec::new(), None);
        loop {
            let Certificates { page, next, total, pending } =
                page(store, many, behind.as_deref(), limit).expect("it is read").expect("the cursor is of the list");
            pages.push(page.into_iter().map(|erasure| erasure.id).collect());
            if next.is_none() {
                return (pages, total, pending);
            }
            behind = next;
        }
    }

    #[test]
    fn pages_are_told_from_the_newest_and_leave_out_nobody() {
        let store = MemStore::new();
        assert_eq!(pages(&store, None, 2), (vec![vec![]], 0, 0));
        // Not in the order of their ids, and two of one moment.
        let all = [(0, 30), (1, 10), (2, 20), (3, 20), (4, 5)].map(|(n, at)| match n {
            1 => erasure(n, at, Progress::Asked { contact: ContactId(7) }),
            2 => erasure(n, at, Progress::Compacting { blobs: Vec::new() }),
            _ => erasure(n, at, Progress::Done { since: Instant(99) }),
        });
        let records = all.iter().map(record).collect();
        store::commit_blocking(&store, Commit { records, ..Commit::default() }).expect("it is stored");
        let ids = |of: &[usize]| of.iter().map(|n| format!("era_{n}")).collect::<Vec<_>>();
        assert_eq!(pages(&store, None, 2), (vec![ids(&[0, 3]), ids(&[2, 1]), ids(&[4])], 5, 2));
        assert_eq!(pages(&store, None, 5), (vec![ids(&[0, 3, 2, 1, 4])], 5, 2));
        assert_eq!(pages(&store, Some("aud_1"), 2), (vec![ids(&[0, 2]), ids(&[4])], 3, 1));
        assert_eq!(pages(&store, Some("aud_2"), 2), (vec![vec![]], 0, 0));
        assert!(page(&store, None, Some("era_9"), 2).expect("it is read").is_none(), "there is no such erasure");
        assert!(page(&store, Some("aud_1"), Some("era_3"), 2).expect("it is read").is_none(), "it is not of that erasure of many");
    }
}
