//! Everybody at once: what start-up reads, as fast as the disk and two cores give it.
//!
//! Two threads take stretches of the database in turns. A stretch is read row by row in the order of the keys, which is the
//! order on disk; what it holds is decoded beside the other thread's reading. Of a person's past only events are decoded,
//! everything else is stepped over by its length. Whoever is newer in memory is left out and comes at the end, by the way
//! every other reader goes.

use crate::{
    SledStore, history,
    rows::{self, Row},
    shared::{Shared, lock, panic_text},
};
use model::{ContactId, EventRecord, Person};
use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};
use store::{Error, Store};

/// How many threads decode.
const THREADS: usize = 2;
/// The rows of a stretch, and the people of a turn at the end.
const STRETCH: usize = 128;
/// How many stretches may wait for the reader.
const AHEAD: usize = 8;

/// A person with all of their events, oldest first.
type Found = (Arc<Person>, Vec<EventRecord>);

/// Who is still to be read.
struct Left {
    /// Where the next stretch begins; none: all are read.
    from: Option<Vec<u8>>,
    /// Those who are newer in memory than in the database.
    newer: Vec<ContactId>,
}

/// What a thread does next.
enum Turn {
    Rows(Vec<Row>),
    People(Vec<ContactId>),
}

/// Gives everybody to `each`.
pub(crate) fn run(store: &SledStore, each: &mut dyn FnMut(Arc<Person>, Vec<EventRecord>)) -> Result<(), Error> {
    let (newer, skip) = {
        let state = lock(&store.shared.state);
        let newer = state.all_dirty();
        let skip: HashSet<ContactId> = newer.iter().copied().chain(state.erased()).collect();
        (newer, skip)
    };
    let left = Mutex::new(Left { from: Some(vec![rows::PERSON]), newer });
    std::thread::scope(|scope| {
        let (give, taken) = sync_channel(AHEAD);
        for number in 0..THREADS {
            let (left, skip, give) = (&left, &skip, give.clone());
            let work = move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| decode(store, left, skip, &give)));
                let outcome = outcome.unwrap_or_else(|panic| Err(Error::Failed(format!("reading broke: {}", panic_text(&*panic)))));
                if let Err(error) = outcome {
                    // Nobody asks any more if another thread's error came first.
                    let _ = give.send(Err(error));
                }
            };
            let name = format!("store-scan-{number}");
            std::thread::Builder::new().name(name).spawn_scoped(scope, work).map_err(|e| crate::io::failed("reading cannot start", &e))?;
        }
        drop(give);
        // The receiver goes before the scope waits: a thread that still gives then ends.
        receive(taken, each)
    })
}

fn receive(taken: Receiver<Result<Vec<Found>, Error>>, each: &mut dyn FnMut(Arc<Person>, Vec<EventRecord>)) -> Result<(), Error> {
    for found in taken {
        for (person, events) in found? {
            each(person, events);
        }
    }
    Ok(())
}

/// One thread: turns until there are none.
fn decode(
    store: &SledStore,
    left: &Mutex<Left>,
    skip: &HashSet<ContactId>,
    give: &SyncSender<Result<Vec<Found>, Error>>,
) -> Result<(), Error> {
    while let Some(turn) = next(&store.shared, &mut lock(left))? {
        let mut found = Vec::with_capacity(STRETCH);
        match turn {
            Turn::Rows(rows) => {
                let mut rest = rows.as_slice();
                while let Some((id, of, others)) = rows::split_person(rest) {
                    rest = others;
                    if !skip.contains(&id) {
                        // Rows that were replaced while they were read do not fit together; the usual way then tells.
                        found.extend(match person(&store.shared, id, of) {
                            Ok(whole) => Some(whole),
                            Err(_) => one(store, id)?,
                        });
                    }
                }
            }
            Turn::People(ids) => {
                for id in ids {
                    found.extend(one(store, id)?);
                }
            }
        }
        if give.send(Ok(found)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Takes the next turn.
fn next(shared: &Shared, left: &mut Left) -> Result<Option<Turn>, Error> {
    if let Some(from) = left.from.take() {
        let (rows, after) = rows::stretch(&shared.db, &from, STRETCH)?;
        left.from = after;
        return Ok(Some(Turn::Rows(rows)));
    }
    let count = left.newer.len().min(STRETCH);
    let ids: Vec<_> = left.newer.drain(left.newer.len() - count..).collect();
    Ok((!ids.is_empty()).then_some(Turn::People(ids)))
}

/// A person the way every other reader goes.
fn one(store: &SledStore, id: ContactId) -> Result<Option<Found>, Error> {
    let Some(person) = store.person(id)? else { return Ok(None) };
    let mut events = store.own_events(id, 0, usize::MAX)?;
    events.reverse();
    Ok(Some((person, events)))
}

/// A person out of the rows of their document.
fn person(shared: &Shared, id: ContactId, of: &[Row]) -> Result<Found, Error> {
    let key = rows::person_key(id);
    let content = rows::join(of)?;
    let (disk, rest) = rows::divide(&key, &content)?;
    let (known, open) = rows::divide(&key, rest)?;
    let disk: rows::Indexed = rows::parse(&key, disk)?;
    let events = history::all_events(&shared.db, id, &disk.history, open)?;
    Ok((Arc::new(rows::parse(&key, known)?), events))
}
