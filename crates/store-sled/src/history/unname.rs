//! Lines of a journey that name somebody who was erased are made to name nobody, and events that were withdrawn say nothing any more, in
//! closed pages as well.
//!
//! A page holds as many lines as before, so it may be written anew by itself, and once more after a crash.

use super::{EVENT, History, JOURNEY};
use crate::{
    db::Db,
    rows::{self, Rows},
};
use model::{ContactId, EventId, EventRecord, JourneyEntry};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use store::Error;

/// Pages that are changed together.
const TOGETHER: usize = 16;

/// What lines that were written before are to say no more: mostly nothing, and then it takes no room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone(Option<Box<Said>>);

#[derive(Clone, Debug, Default)]
struct Said {
    /// Whom lines of the journey name no more.
    people: Vec<ContactId>,
    /// Events that did not happen after all.
    events: BTreeSet<EventId>,
}

impl Gone {
    /// What one change says of it.
    pub fn new(people: Vec<ContactId>, events: Vec<EventId>) -> Self {
        let is_nothing = people.is_empty() && events.is_empty();
        Self((!is_nothing).then(|| Box::new(Said { people, events: events.into_iter().collect() })))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn people(&self) -> &[ContactId] {
        self.0.as_ref().map_or(&[], |said| &said.people)
    }

    fn has_events(&self) -> bool {
        self.0.as_ref().is_some_and(|said| !said.events.is_empty())
    }

    pub fn extend(&mut self, more: Self) {
        match (&mut self.0, more.0) {
            (_, None) => {}
            (Some(said), Some(more)) => {
                said.people.extend(more.people);
                said.events.extend(more.events);
            }
            (none @ None, more) => *none = more,
        }
    }

    /// Pages say it as it was when this copy of it was taken: what came since is still to be written.
    pub fn written(&mut self, taken: &Self) {
        let (Some(said), Some(taken)) = (&mut self.0, &taken.0) else { return };
        said.people.drain(..taken.people.len());
        said.events.retain(|event| !taken.events.contains(event));
        if said.people.is_empty() && said.events.is_empty() {
            self.0 = None;
        }
    }

    /// Takes names out of a line; answers whether there were any.
    pub fn unname(&self, entry: &mut JourneyEntry) -> bool {
        !self.people().is_empty() && entry.unname(self.people())
    }

    /// Withdraws an event if it is one of these; answers whether it is.
    pub fn withdraw(&self, event: &mut EventRecord) -> bool {
        let goes = self.0.as_ref().is_some_and(|said| said.events.contains(&event.id)) && !event.is_withdrawn();
        if goes {
            event.withdraw();
        }
        goes
    }
}

/// Makes the closed pages say none of this, each batch by `apply`.
pub(crate) fn unname(
    db: &Db,
    id: ContactId,
    history: &History,
    gone: &Gone,
    apply: &mut dyn FnMut(Rows) -> Result<(), Error>,
) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let (key, mut changed, mut count) = (rows::person_key(id), Rows::default(), 0);
    let pages = if gone.people().is_empty() { history.eventful() } else { history.closed() };
    for number in pages {
        let page_key = rows::page_key(number);
        let Some((page, chunks)) = rows::get_chunked(db, &page_key)? else { return Err(super::missing(id, number)) };
        if let Some(anew) = unnamed(&key, &page, gone)? {
            changed.put_chunked(&page_key, &anew, chunks)?;
            count += 1;
        }
        if count == TOGETHER {
            count = 0;
            apply(std::mem::take(&mut changed))?;
        }
    }
    if count > 0 {
        apply(changed)?;
    }
    Ok(())
}

/// A page that says none of this; none if it said nothing of it.
pub(super) fn unnamed(key: &[u8], page: &[u8], gone: &Gone) -> Result<Option<Vec<u8>>, Error> {
    if gone.is_empty() || page.is_empty() {
        return Ok(None);
    }
    let (head, mut behind) = rows::divide(key, page)?;
    let (mut anew, mut changed) = (Vec::with_capacity(page.len()), false);
    rows::push_raw(&mut anew, head)?;
    while let Some((mark, rest)) = behind.split_first() {
        let (written, next) = rows::divide(key, rest)?;
        anew.push(*mark);
        let is_new = match *mark {
            JOURNEY if !gone.people().is_empty() => amended(key, written, &mut anew, |entry| gone.unname(entry))?,
            EVENT if gone.has_events() => amended(key, written, &mut anew, |event| gone.withdraw(event))?,
            _ => false,
        };
        if !is_new {
            rows::push_raw(&mut anew, written)?;
        }
        changed |= is_new;
        behind = next;
    }
    Ok(changed.then_some(anew))
}

/// Adds an entry as it is from now on, if it is another one; answers whether it is.
fn amended<T: Serialize + DeserializeOwned>(
    key: &[u8],
    written: &[u8],
    anew: &mut Vec<u8>,
    amend: impl FnOnce(&mut T) -> bool,
) -> Result<bool, Error> {
    let mut entry: T = rows::parse(key, written)?;
    let is_new = amend(&mut entry);
    if is_new {
        rows::push(anew, &entry)?;
    }
    Ok(is_new)
}
