//! Finding people by what was said in their chats.

use super::Handle;
use crate::said::{Error, Living, Looked, just_after};
use crm::{
    directory::folded,
    said::{Piece, Place, Words, excerpt, uttered},
};
use model::{ContactId, ConversationId, Instant, Message, Person, TranscriptEntry};
use std::{
    collections::HashSet,
    fmt,
    ops::ControlFlow,
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::Store;

/// How long one answer may look: 700 ms. What was found until then is told, and where to go on.
const BUDGET: i64 = 700_000;
/// How long new lines gather in the background, and how long it rests between two rounds: 500 ms, 5 ms.
const GATHER: i64 = 500_000;
const REST: i64 = 5_000;
/// How long to wait when the disk refuses: a minute.
const AGAIN: i64 = 60_000_000;

/// Before which line to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidCursor {
    at: Instant,
    conversation: ConversationId,
    no: u64,
}

impl SaidCursor {
    fn of(place: Place) -> Self {
        Self { at: place.at, conversation: place.conversation, no: place.no }
    }

    /// Nobody stands before nobody: the same line written down twice is one.
    fn place(self) -> Place {
        Place { at: self.at, conversation: self.conversation, no: self.no, contact: ContactId(0) }
    }
}

impl fmt::Display for SaidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.0, self.conversation, self.no)
    }
}

impl FromStr for SaidCursor {
    type Err = ();

    /// Reads what [`fmt::Display`] wrote, and nothing else.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(());
        let cursor = Self {
            at: Instant(part()?.parse().map_err(drop)?),
            conversation: part()?.parse().map_err(drop)?,
            no: part()?.parse().map_err(drop)?,
        };
        if cursor.to_string() == text { Ok(cursor) } else { Err(()) }
    }
}

/// Somebody in whose chat the words were said.
#[derive(Clone, Debug)]
pub struct SaidBy {
    /// Who.
    pub person: Arc<Person>,
    /// In which of their conversations.
    pub conversation: ConversationId,
    /// The newest message with the words.
    pub message: Message,
    /// The part of it with the words.
    pub excerpt: Vec<Piece>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct SaidPage {
    /// Newest first, each person once.
    pub found: Vec<SaidBy>,
    /// Where to go on; none if there is nothing more. With it there may be nothing on this page and something on the next.
    pub next: Option<SaidCursor>,
    /// Whether everything was looked at that is older than the server's start. If not, older messages are still being read.
    pub whole: bool,
}

/// Why what was said was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsearchable {
    /// There is no folder for it here, its disk refuses, or the runtime stopped.
    #[error("messages cannot be searched now")]
    Now,
    /// Too many search at once.
    #[error("too many search messages at once; try again in a moment")]
    Busy,
}

/// Says that whoever asked is not there any more, when it goes.
struct Asks(Arc<AtomicBool>);

impl Drop for Asks {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Handle {
    /// From now on messages can be found by their words; what is needed for it is kept in this folder.
    pub fn said_in(&self, folder: impl Into<PathBuf>) {
        if self.shell.said.keep_in(folder.into()) && !self.shell.at_rest {
            let task = tokio::spawn(self.clone().keep_said());
            // It is set once, with the folder.
            let _ = self.shell.said.task.set(task.abort_handle());
        }
    }

    /// Reads what was said, in the background, until the runtime stops.
    async fn keep_said(self) {
        loop {
            let rest = match self.work_said().await {
                Ok(true) => REST,
                Ok(false) => {
                    self.shell.said.grown.notified().await;
                    GATHER
                }
                Err(Error::Closed) => return,
                Err(error @ (Error::Io(_) | Error::Store(_))) => {
                    tracing::warn!(%error, "messages cannot be made findable; it is tried again");
                    AGAIN
                }
            };
            self.shell.clock.sleep_until(self.now().plus_micros(rest)).await;
        }
    }

    async fn work_said(&self) -> Result<bool, Error> {
        let shell = self.shell.clone();
        let work = tokio::task::spawn_blocking(move || shell.said.work(&*shell.store, shell.began));
        work.await.unwrap_or(Err(Error::Closed))
    }

    /// Takes out of what is kept for searching what the store does not have any more.
    pub(crate) async fn sweep_said(&self) -> Result<(), crate::WriteError> {
        loop {
            let Some(there) = self.in_said(|shell| shell.said.sweep_begins(&*shell.store, shell.began)).await? else { return Ok(()) };
            let again = |living: &mut Living, _: &dyn store::Store, person: &Person| {
                living.add(person);
                Ok(())
            };
            let living = self.of_everybody(Living::read, again).await?;
            if self.in_said(move |shell| shell.said.sweep(shell.began, &there, &living)).await? {
                return Ok(());
            }
        }
    }

    async fn in_said<T: Send + 'static>(
        &self,
        act: impl FnOnce(&crate::drive::Shell) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, crate::WriteError> {
        let shell = self.shell.clone();
        let done = tokio::task::spawn_blocking(move || act(&shell)).await;
        done.unwrap_or(Err(Error::Closed)).map_err(|error| {
            tracing::warn!(%error, "the index of messages was not swept");
            crate::WriteError::Unavailable
        })
    }

    /// People in whose chats all of these words were said in one message, whoever said it, newest first, at most `limit`; each stands
    /// once on a page, with the newest of their messages that is not before the cursor. Words are compared as names are in
    /// [`Handle::find`], and may be parts of words. What is durable is found. It looks for 0.7 seconds at the most.
    ///
    /// One search goes on at a time and a few wait for it; one whose caller leaves ends soon, and keeps the next one waiting until it has.
    ///
    /// # Errors
    /// [`Unsearchable`].
    pub async fn find_said(&self, text: &str, before: Option<SaidCursor>, limit: usize) -> Result<SaidPage, Unsearchable> {
        let Some(words) = Words::read(text) else { return Ok(SaidPage { whole: true, ..SaidPage::default() }) };
        let place = self.finds.said_places.clone().try_acquire_owned().map_err(|_| Unsearchable::Busy)?;
        let turn = self.finds.said.clone().acquire_owned().await.map_err(|_| Unsearchable::Now)?;
        let (shell, clock) = (self.shell.clone(), self.clock());
        let gone = Arc::new(AtomicBool::new(false));
        let _asks = Asks(gone.clone());
        let work = move || -> Result<SaidPage, Error> {
            let _held = (turn, place);
            let is_wanted = || !gone.load(Ordering::Relaxed);
            let store = &*shell.store;
            // Nobody reads in the background at rest.
            while shell.at_rest && is_wanted() && shell.said.work(store, shell.began)? {}
            if !is_wanted() {
                return Ok(SaidPage::default());
            }
            let (look, whole) = shell.said.look(store, shell.began, &words)?;
            let until = clock.now().plus_micros(BUDGET);
            let is_late = || clock.now() > until;
            let mut page = Page { store, words: &words, limit, found: Vec::new(), seen: HashSet::new(), last: None, failed: None };
            // Something is settled in any case, so that the next page begins elsewhere.
            let tell = |place| match !is_wanted() || (page.last.is_some() && is_late()) {
                true => ControlFlow::Break(()),
                false => page.tell(place),
            };
            let looked = look.find(&words, before.map(SaidCursor::place), tell, is_late, &is_wanted).inspect_err(|error| {
                if error.kind() == std::io::ErrorKind::InvalidData {
                    shell.said.made_anew();
                }
            })?;
            if let Some(error) = page.failed {
                return Err(error.into());
            }
            let next = match looked {
                Looked::Whole => None,
                Looked::Enough => page.last.map(SaidCursor::of),
                Looked::Late(at) => Some(SaidCursor::of(just_after(at))),
            };
            Ok(SaidPage { found: page.found, next, whole })
        };
        let outcome = tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Closed));
        outcome.map_err(|error| {
            if !matches!(error, Error::Closed) {
                tracing::warn!(%error, "messages could not be searched");
            }
            Unsearchable::Now
        })
    }
}

/// A page that fills.
struct Page<'p> {
    store: &'p dyn Store,
    words: &'p Words,
    limit: usize,
    found: Vec<SaidBy>,
    /// Who is on it, under every id they were met by.
    seen: HashSet<ContactId>,
    /// The last line that is settled.
    last: Option<Place>,
    failed: Option<store::Error>,
}

impl Page<'_> {
    fn tell(&mut self, place: Place) -> ControlFlow<()> {
        if !self.seen.contains(&place.contact) {
            match said_at(self.store, self.words, place) {
                // The store does not have it any more, or somebody else has it.
                Ok(None) => {}
                Ok(Some(said)) => {
                    let id = said.person.contact.id;
                    if !self.seen.contains(&id) {
                        if self.found.len() >= self.limit {
                            return ControlFlow::Break(());
                        }
                        self.seen.insert(id);
                        self.found.push(said);
                    }
                    self.seen.insert(place.contact);
                }
                Err(error) => {
                    self.failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        self.last = Some(place);
        ControlFlow::Continue(())
    }
}

/// The line at a place, if it is there and has the words.
fn said_at(store: &dyn Store, words: &Words, place: Place) -> Result<Option<SaidBy>, store::Error> {
    let Some(person) = crate::core::resolved(store, place.contact)? else { return Ok(None) };
    if person.conversation(place.conversation).is_none() || place.no == 0 {
        return Ok(None);
    }
    let lines = store.transcript(person.contact.id, place.conversation, place.no - 1, 1)?;
    let Some(entry) = lines.into_iter().find(|line| line.no() == place.no) else { return Ok(None) };
    let Some(text) = uttered(&entry).map(|said| said.text).filter(|text| words.are_in(folded(text).as_bytes())) else { return Ok(None) };
    let excerpt = excerpt(&text, words);
    Ok(match entry {
        TranscriptEntry::Message(message) => Some(SaidBy { person, conversation: place.conversation, message, excerpt }),
        TranscriptEntry::Delivery(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Service;
    use std::{path::Path, sync::mpsc, thread};

    async fn service(folder: &Path) -> Service {
        let (service, _) = crate::trial::service().await;
        service.handle.said_in(folder);
        service
    }

    /// Waits for others to get on.
    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_and_only_so_many_wait() {
        let dir = tempfile::tempdir().unwrap();
        let service = service(dir.path()).await;
        let (handle, finds) = (&service.handle, &service.handle.finds);
        let (shell, (release, released), (begin, begun)) = (handle.shell.clone(), mpsc::channel::<()>(), mpsc::channel());
        let holder = thread::spawn(move || {
            let _held = shell.said.hold();
            begin.send(()).unwrap();
            // It ends when nobody can send any more.
            let _ = released.recv();
        });
        begun.recv().unwrap();
        let search = || {
            let handle = handle.clone();
            tokio::spawn(async move { handle.find_said("parcel", None, 9).await })
        };
        let free = || (finds.said.available_permits(), finds.said_places.available_permits());
        let all = free();
        let first = search();
        until(|| finds.said.available_permits() == 0).await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(free(), (0, all.1 - 1), "its caller left, and its work goes on");
        let waiting: Vec<_> = (1..all.1).map(|_| search()).collect();
        until(|| finds.said_places.available_permits() == 0).await;
        assert_eq!(handle.find_said("parcel", None, 9).await.unwrap_err(), Unsearchable::Busy);
        let (leaving, staying) = waiting.split_at(waiting.len() / 2);
        leaving.iter().for_each(tokio::task::JoinHandle::abort);
        until(|| finds.said_places.available_permits() == leaving.len()).await;
        assert_eq!(finds.said.available_permits(), 0, "whoever waited and left never had a turn");
        drop(release);
        holder.join().unwrap();
        let staying = staying.len();
        for search in waiting.into_iter().rev().take(staying) {
            search.await.unwrap().unwrap();
        }
        until(|| free() == all).await;
        assert!(handle.find_said("parcel", None, 9).await.unwrap().found.is_empty());
        service.stop().await;
    }
}
