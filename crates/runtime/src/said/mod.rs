//! Finding what was said: the blocks of [`crm::said`] on disk, kept equal to the transcripts by a reader in the background.
//!
//! A commit never waits for it. What the core does is to note which conversation has new lines ([`Said::grew`]); they are read from the
//! store later, and at the latest when somebody looks for something, so that a message is found as soon as it is durable. Lines gather in
//! a *draft* in memory until they fill a block.
//!
//! ```text
//! commit ──▶ "conversation X has lines after 7" ──▶ read from the store ──▶ draft ──▶ block in DATA/said/*.said
//! ```
//!
//! **Invariants.** The transcripts are the truth, and this can always be made anew from them. For each conversation the lines here are
//! those up to a number, without gaps; after a stop that was no orderly one, each conversation is compared with its transcript and what
//! is missing is added ([`Index::catch_up`]). What is found is held against the store before it is told. After [`Said::sweep`] no byte is
//! left here of what the store does not have any more.

mod files;
mod index;
mod look;
#[cfg(test)]
mod tests;

pub(crate) use files::Segment;
pub(crate) use index::Living;
pub(crate) use look::{Look, Looked, just_after};

use crate::drive::lock;
use crm::said::Words;
use index::Index;
use model::{ContactId, ConversationId};
use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{Seq, Store};
use tokio::sync::Notify;

/// Why what was said cannot be looked through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The disk refuses.
    #[error("the folder of what was said cannot be used: {0}")]
    Io(#[from] io::Error),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no folder for it here, or the runtime stopped.
    #[error("what was said cannot be searched here")]
    Closed,
}

/// What was said, as the runtime has it.
#[derive(Default)]
pub(crate) struct Said {
    /// Where it is kept; not where nobody looks for anything.
    folder: OnceLock<PathBuf>,
    /// Conversations with lines that are not here yet, and after which.
    behind: Mutex<HashMap<(ContactId, ConversationId), u64>>,
    /// Something grew before there was a folder.
    missed: AtomicBool,
    /// Told when something grew.
    pub grown: Notify,
    /// What is written and searched; none before it is first needed, and after the end.
    index: Mutex<Option<Index>>,
    closed: AtomicBool,
    /// What reads in the background.
    pub task: OnceLock<tokio::task::AbortHandle>,
}

impl Said {
    /// A conversation has lines after this number under this contact.
    pub fn grew(&self, contact: ContactId, conversation: ConversationId, after: u64) {
        if self.folder.get().is_none() {
            self.missed.store(true, Ordering::Relaxed);
            return;
        }
        self.note(std::iter::once(((contact, conversation), after)));
    }

    fn note(&self, grown: impl Iterator<Item = ((ContactId, ConversationId), u64)>) {
        let mut behind = lock(&self.behind);
        let was_empty = behind.is_empty();
        for (place, after) in grown {
            behind.entry(place).and_modify(|known| *known = after.min(*known)).or_insert(after);
        }
        drop(behind);
        if was_empty {
            self.grown.notify_one();
        }
    }

    /// From now on it is kept in this folder. Answers whether that is new.
    pub fn keep_in(&self, folder: PathBuf) -> bool {
        self.folder.set(folder).is_ok()
    }

    /// Holds the index, so that nobody gets on.
    #[cfg(test)]
    pub fn hold(&self) -> impl Sized + '_ {
        lock(&self.index)
    }

    /// Does something with the index, which is opened if it is not; `began` is the store's last commit when the runtime began.
    fn with<T>(&self, began: Seq, act: impl FnOnce(&mut Index) -> Result<T, Error>) -> Result<T, Error> {
        let mut index = lock(&self.index);
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        if index.is_none() {
            let folder = self.folder.get().ok_or(Error::Closed)?;
            let seen_all = !self.missed.load(Ordering::Relaxed);
            *index = Some(Index::open(folder, seen_all.then_some(began))?);
        }
        let opened = index.as_mut().ok_or(Error::Closed)?;
        let outcome = act(opened);
        if let Err(Error::Io(error)) = &outcome {
            // Whatever came half way is found at the next opening, which trusts nothing.
            tracing::error!(%error, "the index of messages failed and is opened anew");
            if error.kind() == io::ErrorKind::InvalidData {
                opened.clear()?;
            }
            self.missed.store(true, Ordering::Relaxed);
            *index = None;
        }
        outcome
    }

    /// Reads what conversations have that is not here yet.
    fn drain(&self, store: &dyn Store, index: &mut Index) -> Result<(), Error> {
        let mut behind = std::mem::take(&mut *lock(&self.behind)).into_iter();
        while let Some(((contact, conversation), after)) = behind.next() {
            if let Err(error) = index.bring(store, contact, conversation, after) {
                // It is tried again, and nothing else is forgotten over it.
                self.note(std::iter::once(((contact, conversation), after)).chain(behind));
                return Err(error);
            }
        }
        Ok(())
    }

    /// One round of work; answers whether there is more.
    pub fn work(&self, store: &dyn Store, began: Seq) -> Result<bool, Error> {
        self.with(began, |index| {
            self.drain(store, index)?;
            index.catch_up(store)
        })
    }

    /// What is there to be looked through, everything durable among it, and whether that is all there is.
    pub fn look(&self, store: &dyn Store, began: Seq, words: &Words) -> Result<(Look, bool), Error> {
        self.with(began, |index| {
            self.drain(store, index)?;
            Ok((index.look(words), index.is_whole()))
        })
    }

    /// What is there is damaged: it is made anew.
    pub fn made_anew(&self) {
        let mut index = lock(&self.index);
        if let Some(mut opened) = index.take()
            && let Err(error) = opened.clear()
        {
            tracing::error!(%error, "the damaged index of messages cannot be removed");
        }
        self.missed.store(true, Ordering::Relaxed);
        self.grown.notify_one();
    }

    /// What there is to be swept; none: nothing was ever written. Who lives is to be read after this.
    pub fn sweep_begins(&self, store: &dyn Store, began: Seq) -> Result<Option<Vec<Arc<Segment>>>, Error> {
        match self.folder.get() {
            // Nothing was ever written where there is no folder.
            None => return Ok(None),
            Some(folder) if lock(&self.index).is_none() && !folder.exists() => return Ok(None),
            Some(_) => {}
        }
        let there = self.with(began, |index| {
            self.drain(store, index)?;
            index.sweep_begins()
        })?;
        Ok(Some(there))
    }

    /// Takes out what does not live any more, every byte of it. Answers whether that is done: if the files were opened anew meanwhile, it
    /// begins anew, so that none is left out.
    pub fn sweep(&self, began: Seq, there: &[Arc<Segment>], living: &Living) -> Result<bool, Error> {
        let mut is_swept = true;
        for segment in there {
            // Whoever looks for something has a turn in between.
            is_swept &= self.with(began, |index| index.sweep(segment, living))?;
        }
        Ok(is_swept)
    }

    /// Writes down what is in memory. The next process need not compare anything if the store's last commit is then this one.
    pub fn close(&self, store: &dyn Store) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
        let seq = store.stats().seq;
        let mut index = lock(&self.index);
        self.closed.store(true, Ordering::Release);
        if let Some(mut index) = index.take() {
            let outcome = self.drain(store, &mut index).and_then(|()| index.close(seq));
            if let Err(error) = outcome {
                tracing::warn!(%error, "the index of messages is compared with the store at the next start");
            }
        }
    }
}
