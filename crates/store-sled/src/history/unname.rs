//! Lines of a journey that name somebody who was erased are made to name nobody, in closed pages as well.
//!
//! A page holds the same lines as before, so it may be written anew by itself, and once more after a crash.

use super::{History, JOURNEY};
use crate::{
    db::Db,
    rows::{self, Rows},
};
use model::{ContactId, JourneyEntry};
use store::Error;

/// Pages that are changed together.
const TOGETHER: usize = 16;

/// Makes the closed pages name nobody of these, each batch by `apply`.
pub(crate) fn unname(
    db: &Db,
    id: ContactId,
    history: &History,
    gone: &[ContactId],
    apply: &mut dyn FnMut(Rows) -> Result<(), Error>,
) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let (key, mut changed, mut count) = (rows::person_key(id), Rows::default(), 0);
    for number in history.closed() {
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

/// A page in which nobody of these is named; none if nobody was.
pub(super) fn unnamed(key: &[u8], page: &[u8], gone: &[ContactId]) -> Result<Option<Vec<u8>>, Error> {
    if gone.is_empty() || page.is_empty() {
        return Ok(None);
    }
    let (head, mut behind) = rows::divide(key, page)?;
    let (mut anew, mut changed) = (Vec::with_capacity(page.len()), false);
    rows::push_raw(&mut anew, head)?;
    while let Some((mark, rest)) = behind.split_first() {
        let (written, next) = rows::divide(key, rest)?;
        anew.push(*mark);
        let mut entry: Option<JourneyEntry> = if *mark == JOURNEY { Some(rows::parse(key, written)?) } else { None };
        if entry.as_mut().is_some_and(|entry| entry.unname(gone)) {
            changed = true;
            rows::push(&mut anew, &entry)?;
        } else {
            rows::push_raw(&mut anew, written)?;
        }
        behind = next;
    }
    Ok(changed.then_some(anew))
}
