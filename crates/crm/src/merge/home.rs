//! What was said in a conversation while two were one goes to whoever gets the conversation back.
//!
//! A merge moves no line, and so what is said afterwards is kept under the survivor ([`Kept`]). Were it left there when the merge is
//! undone, part of one person's chat would be kept under another: erasing the one would take it from the other, or leave it behind. So
//! before the two are parted the lines go home: they follow those that are there already. It takes as many commits as it needs; after each
//! of them the two are one still, and everything can be read.

use super::{Record, parting::returning};
use model::{ConversationId, Forgotten, Kept, Person, TranscriptEntry};
use store::PersonChange;

/// A conversation that goes back, with lines that are kept under the survivor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abroad {
    /// Which.
    pub conversation: ConversationId,
    /// They are those after this one.
    pub after: u64,
}

/// The next conversation with lines to be brought home before a merge is undone; none if all are there.
pub fn abroad(record: &Record, keep: &Person) -> Option<Abroad> {
    // Of one that came back and was given again before lines went home, an earlier part is the survivor's as well: nobody can forget what
    // comes after it alone, and the last part stays where it is.
    let is_whole = |kept: &[Kept]| !kept.iter().any(|part| part.under == record.keep);
    returning(record, keep).filter(|conversation| is_whole(&conversation.kept)).find_map(|conversation| {
        let after = conversation.kept.last().map_or(0, |part| part.to);
        (conversation.last_no > after).then_some(Abroad { conversation: conversation.id, after })
    })
}

/// Brings lines home: the survivor's change, and that of the other one. `lines` are the next after [`Abroad::after`], or all there are
/// (`whole`).
pub fn bring_home(
    record: &Record,
    keep: &Person,
    other: &Person,
    abroad: Abroad,
    (lines, whole): (Vec<TranscriptEntry>, bool),
) -> (PersonChange, PersonChange) {
    let mut gives = PersonChange::new(record.keep, keep.version);
    let mut gets = PersonChange::new(record.other, other.version);
    let Some(mut conversation) = keep.conversation(abroad.conversation).cloned() else { return (gives, gets) };
    let last = lines.last().map_or(abroad.after, TranscriptEntry::no);
    let to = if whole { conversation.last_no } else { last };
    match conversation.kept.last_mut().filter(|part| part.under == record.other) {
        Some(part) => part.to = to,
        None => conversation.kept.push(Kept { under: record.other, to }),
    }
    gives.conversations = vec![conversation];
    if last > abroad.after {
        gives.forget = Forgotten { lines: vec![(abroad.conversation, last)], ..Forgotten::default() };
    }
    gets.transcript = lines;
    (gives, gets)
}
