//! Looking for words among everything that was said, newest first.
//!
//! Blocks are taken by the time of their newest line, some at once on every core. What is found in them waits until no block that is still
//! to come can have anything newer: so the order is exact, and what was said lately is found after the first few blocks.

use super::files::{Block, Segment};
use crm::said::{Place, Places, Words};
use model::{ContactId, ConversationId, Instant};
use rayon::prelude::*;
use std::{collections::BinaryHeap, io, ops::ControlFlow, sync::Arc};

/// Blocks taken at once, at first and at the most.
const FIRST: usize = 4;
const MOST: usize = 128;

/// Everything that was said when it was taken.
pub(crate) struct Look {
    /// Blocks.
    pub(super) segments: Vec<Arc<Segment>>,
    /// Where the draft has the words.
    pub(super) draft: Vec<Place>,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// There is nothing more.
    Whole,
    /// Whoever asked wanted no more.
    Enough,
    /// The time was over; everything later than this was told.
    Late(Instant),
}

/// The place before which everything said at a time or earlier is.
pub(crate) fn just_after(at: Instant) -> Place {
    Place { at: Instant(at.0.saturating_add(1)), conversation: ConversationId(0), no: 0, contact: ContactId(0) }
}

impl Look {
    /// Tells the places of lines that have the words and are before a place, newest first, until nobody wants more or the time is over.
    /// Where `is_wanted` says that nobody waits for it any more, it ends before the next block.
    ///
    /// # Errors
    /// Those of reading; damage is [`io::ErrorKind::InvalidData`].
    pub fn find(
        &self,
        words: &Words,
        before: Option<Place>,
        mut tell: impl FnMut(Place) -> ControlFlow<()>,
        mut is_late: impl FnMut() -> bool,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> io::Result<Looked> {
        let wanted = |place: &Place| before.is_none_or(|before| *place < before);
        let mut blocks: Vec<(&Segment, &Block)> =
            self.segments.iter().flat_map(|segment| segment.blocks.iter().map(move |block| (&**segment, block))).collect();
        blocks.retain(|(_, block)| before.is_none_or(|before| block.head.oldest <= before.at));
        blocks.sort_by_key(|(_, block)| std::cmp::Reverse(block.head.newest));
        let mut found: BinaryHeap<Place> = self.draft.iter().copied().filter(wanted).collect();
        let (mut next, mut count) = (0, FIRST);
        loop {
            let newest_left = blocks.get(next).map(|(_, block)| block.head.newest);
            while let Some(place) = found.peek().copied().filter(|place| newest_left.is_none_or(|left| place.at > left)) {
                found.pop();
                if tell(place).is_break() {
                    return Ok(Looked::Enough);
                }
            }
            let Some(left) = newest_left else { return Ok(Looked::Whole) };
            // The next page begins before this one, however late it is.
            if next > 0 && before.is_none_or(|before| just_after(left) < before) && is_late() {
                return Ok(Looked::Late(left));
            }
            if !is_wanted() {
                return Ok(Looked::Enough);
            }
            let these = blocks.get(next..(next + count).min(blocks.len())).unwrap_or_default();
            let places: io::Result<Vec<Vec<Place>>> =
                these.par_iter().map(|(segment, block)| if is_wanted() { within(segment, block, words) } else { Ok(Vec::new()) }).collect();
            found.extend(places?.into_iter().flatten().filter(wanted));
            next += these.len();
            count = (count * 2).min(MOST);
        }
    }
}

/// The places of one block.
fn within(segment: &Segment, block: &Block, words: &Words) -> io::Result<Vec<Place>> {
    let lists = segment.lists(block)?;
    if !Places::may_have(&block.head, &lists, words) {
        return Ok(Vec::new());
    }
    let texts = segment.texts(block)?;
    Ok(Segment::read_places(block, &lists)?.find(&texts, words))
}
