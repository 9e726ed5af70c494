//! Reading through merges: rows stay under the contact they were written for, and whoever asks for the survivor gets them all.
//!
//! A store reads one contact's own rows; these functions say whose are asked for and put them in order. A contact that nobody was merged
//! into never comes here.

use crate::Error;
use model::{Absorbed, ContactId, EventRecord, JourneyEntry, Kept, TranscriptEntry};

/// Transcript lines with `no > after`, oldest first, at most `limit`, of a conversation that was moved: each part from the contact
/// under which it is kept, the rest from `own`. `read` gives one contact's own lines after a number.
///
/// # Errors
/// Those of `read`.
pub fn transcript(
    own: ContactId,
    kept: &[Kept],
    mut after: u64,
    limit: usize,
    mut read: impl FnMut(ContactId, u64, usize) -> Result<Vec<TranscriptEntry>, Error>,
) -> Result<Vec<TranscriptEntry>, Error> {
    let mut lines = Vec::new();
    for part in kept.iter().filter(|part| part.to > 0) {
        if lines.len() >= limit {
            return Ok(lines);
        }
        if after < part.to {
            let found = read(part.under, after, limit - lines.len())?;
            lines.extend(found.into_iter().filter(|line| line.no() <= part.to));
            after = part.to;
        }
    }
    lines.extend(read(own, after, limit - lines.len())?);
    Ok(lines)
}

/// A row of a past that is read newest first.
pub trait Dated {
    /// When it was recorded, in milliseconds: its id says so.
    fn recorded(&self) -> u128;
}

impl Dated for JourneyEntry {
    fn recorded(&self) -> u128 {
        self.id.0 >> 80
    }
}

impl Dated for EventRecord {
    fn recorded(&self) -> u128 {
        self.id.0 >> 80
    }
}

/// The newest rows of a contact and of those merged into it, newest first, without the newest `skip`, at most `limit`. `read` gives
/// one contact's own newest rows, that many.
///
/// # Errors
/// Those of `read`.
pub fn newest<T: Dated>(
    own: ContactId,
    absorbed: &[Absorbed],
    skip: usize,
    limit: usize,
    mut read: impl FnMut(ContactId, usize) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    let wanted = skip.saturating_add(limit);
    let mut sources = Vec::with_capacity(1 + absorbed.len());
    for id in std::iter::once(own).chain(absorbed.iter().map(|one| one.id)) {
        sources.push(read(id, wanted)?.into_iter().peekable());
    }
    let mut rows = Vec::new();
    for place in 0..wanted {
        // Of rows of one instant the survivor's is the newer one; each contact's own order stays whatever their clocks said.
        let newest = |source: &mut std::iter::Peekable<std::vec::IntoIter<T>>| source.peek().map(Dated::recorded);
        let heads = sources.iter_mut().enumerate().filter_map(|(at, source)| newest(source).map(|head| (head, at)));
        let Some((_, at)) = heads.max_by_key(|(head, at)| (*head, std::cmp::Reverse(*at))) else { break };
        let row = sources.get_mut(at).and_then(Iterator::next);
        rows.extend(row.filter(|_| place >= skip));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, EventId, Instant, MergeId, Record};

    fn event(millis: u128, name: &str) -> EventRecord {
        EventRecord { id: EventId(millis << 80 | 7), name: name.into(), fields: Record::new(), at: Instant(0), by: Actor::System }
    }

    #[test]
    fn rows_of_several_come_newest_first_and_page() {
        let of = |id: ContactId| match id.0 {
            1 => vec![event(9, "a9"), event(5, "a5"), event(5, "a5 before")],
            2 => vec![event(8, "b8"), event(5, "b5"), event(1, "b1")],
            _ => Vec::new(),
        };
        let absorbed: Vec<Absorbed> = [2, 3].map(|id| Absorbed { id: ContactId(id), merge: MergeId(0), at: Instant(0) }).into();
        let page = |skip, limit| -> Vec<String> {
            let rows = newest(ContactId(1), &absorbed, skip, limit, |id, count| Ok(of(id).into_iter().take(count).collect())).unwrap();
            rows.into_iter().map(|event| event.name).collect()
        };
        let all = ["a9", "b8", "a5", "a5 before", "b5", "b1"];
        assert_eq!(page(0, 99), all);
        for skip in 0..7 {
            assert_eq!(page(skip, 2), all.iter().skip(skip).take(2).copied().collect::<Vec<_>>());
        }
    }
}
