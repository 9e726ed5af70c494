//! The index of what was said: the files, the draft of the next block, and how it comes to have everything.

use super::{
    Error,
    files::{Clean, Folder, Segment},
    look::Look,
};
use crm::{
    directory::folded,
    said::{Line, Place, Words, seal, uttered},
};
use model::{ContactId, ConversationId, Instant, Kept, Person, TranscriptEntry};
use std::{collections::HashMap, io, path::Path, sync::Arc};
use store::{Seq, Store};

/// The text of a block, in bytes.
const BLOCK: usize = 64 * 1024;
/// Lines of a block.
const LINES: usize = 4_096;
/// What gathers before it is put in order of time and written, while much is added at once: everything older than the process.
const RUN: usize = 32 * 1024 * 1024;
/// What a line takes besides its text.
const BESIDE: usize = 64;
/// People compared at once, and lines read at once.
const PEOPLE: usize = 64;
const READ: usize = 500;
/// People read at once where nobody waits.
const PAGE: usize = 1_000;

/// Up to which line a conversation is here.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Under whom its last line was written down.
    contact: ContactId,
    no: u64,
}

/// What has to be compared with the store.
#[derive(Debug, Default)]
struct Comparison {
    known: HashMap<ConversationId, Known>,
    /// People up to here are compared.
    after: Option<ContactId>,
}

/// The index.
pub(super) struct Index {
    folder: Folder,
    segments: Vec<Arc<Segment>>,
    draft: Vec<Line>,
    draft_bytes: usize,
    /// None when nothing is missing but what is noted as grown.
    comparison: Option<Comparison>,
}

/// The store's conversations, and up to which line each is kept no longer.
#[derive(Default)]
pub(crate) struct Living {
    /// Whose each is.
    conversations: HashMap<ConversationId, ContactId>,
    /// Of those of which lines are kept under somebody else: which, and under whom.
    kept: HashMap<ConversationId, Vec<Kept>>,
    /// What each forgot of lines that were kept under them. It says nothing of lines that went to somebody else.
    forgotten: HashMap<(ConversationId, ContactId), u64>,
}

impl Living {
    /// Reads who there is, page by page: whoever changes hands meanwhile is to be added once more.
    pub fn read(store: &dyn Store) -> Result<Self, store::Error> {
        let (mut living, mut after) = (Self::default(), None);
        loop {
            let people = store.people(after, PAGE)?;
            let Some(last) = people.last() else { return Ok(living) };
            after = Some(last.contact.id);
            people.iter().for_each(|person| living.add(person));
        }
    }

    /// Adds the conversations of somebody.
    pub fn add(&mut self, person: &Person) {
        let id = person.contact.id;
        for conversation in &person.conversations {
            self.conversations.insert(conversation.id, id);
            if conversation.kept.is_empty() {
                self.kept.remove(&conversation.id);
            } else {
                self.kept.insert(conversation.id, conversation.kept.clone());
            }
        }
        self.forgotten.extend(person.forgotten.lines.iter().map(|(conversation, no)| ((*conversation, id), *no)));
    }

    fn has(&self, place: &Place) -> bool {
        let Some(whose) = self.conversations.get(&place.conversation) else { return false };
        let parts = self.kept.get(&place.conversation).map_or(&[][..], Vec::as_slice);
        let under = parts.iter().find(|part| place.no <= part.to).map_or(*whose, |part| part.under);
        // What others forgot of it they may have given to whoever keeps it now.
        place.no > self.forgotten.get(&(place.conversation, under)).copied().unwrap_or_default()
    }
}

/// Blocks of lines, in order of time.
///
/// Where a clock stepped back, a line stands with those before it in its conversation and never before them: whatever a power cut leaves
/// of the blocks, each conversation has no gap in it.
fn blocks(mut lines: Vec<Line>) -> Vec<Vec<u8>> {
    lines.sort_by_key(|line| (line.place.conversation, line.place.no));
    let mut latest: Option<(ConversationId, Instant)> = None;
    let not_before = |line: Line| {
        let Place { at, conversation, .. } = line.place;
        let at = latest.filter(|(same, _)| *same == conversation).map_or(at, |(_, latest)| latest.max(at));
        latest = Some((conversation, at));
        (at, line)
    };
    let mut timed: Vec<(Instant, Line)> = lines.into_iter().map(not_before).collect();
    // The order is kept among lines of one time.
    timed.sort_by_key(|(at, _)| *at);
    let mut lines: Vec<Line> = timed.into_iter().map(|(_, line)| line).collect();
    let (mut blocks, mut rest) = (Vec::new(), lines.as_mut_slice());
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |line: &&mut Line| {
            bytes += line.text.len() + 1;
            bytes <= BLOCK
        };
        let count = rest.iter_mut().take(LINES).take_while(fits).count().max(1);
        let (these, others) = std::mem::take(&mut rest).split_at_mut(count);
        blocks.extend(seal(these));
        rest = others;
    }
    blocks
}

impl Index {
    /// Opens what is there. If nothing was committed since it was closed in order, which is what `began` tells, nothing needs to be
    /// compared.
    pub fn open(path: &Path, began: Option<Seq>) -> io::Result<Self> {
        let folder = Folder::open(path)?;
        let clean = folder.take_clean()?;
        let mut segments = folder.segments()?;
        let there = began.map(|seq| Clean { seq, bytes: bytes(&segments) });
        let is_clean = clean.is_some() && clean == there && !segments.iter().any(|segment| segment.was_cut);
        let mut comparison = None;
        if !is_clean {
            let known = match sound(&mut segments).and_then(|()| known(&segments)) {
                Ok(known) => known,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::warn!(%error, "the index of messages is made anew");
                    folder.clear()?;
                    segments.clear();
                    HashMap::new()
                }
                Err(error) => return Err(error),
            };
            comparison = Some(Comparison { known, after: None });
        }
        let segments = segments.into_iter().map(Arc::new).collect();
        let mut index = Self { folder, segments, draft: Vec::new(), draft_bytes: 0, comparison };
        index.reopen_last()?;
        Ok(index)
    }

    /// Takes a last block that is not full back into the draft, so that many starts do not leave many small ones.
    fn reopen_last(&mut self) -> io::Result<()> {
        if let Some(last) = self.segments.last_mut()
            && let Some(block) = last.blocks.last().filter(|block| block.head.raw() < BLOCK / 2).copied()
        {
            let lines = last.lines(&block)?;
            Arc::make_mut(last).pop()?;
            self.draft_bytes = lines.iter().map(|line| line.text.len() + 1).sum();
            self.draft = lines;
        }
        Ok(())
    }

    /// Throws everything away: it is made anew.
    pub fn clear(&mut self) -> io::Result<()> {
        self.segments.clear();
        self.draft.clear();
        self.draft_bytes = 0;
        self.comparison = Some(Comparison::default());
        self.folder.clear()
    }

    /// Whether nothing older than this process is missing.
    pub fn is_whole(&self) -> bool {
        self.comparison.is_none()
    }

    /// Adds the lines of a conversation after a number. Answers whether what is here went first: it was of a later time than the store.
    pub fn bring(&mut self, store: &dyn Store, contact: ContactId, conversation: ConversationId, after: u64) -> Result<bool, Error> {
        let known = self.comparison.as_ref().map(|comparison| comparison.known.get(&conversation).copied());
        let mut after = match known {
            None => after,
            // A store that was put back says other things under the numbers that are here.
            Some(Some(known)) if known.no > after && last_no(store, contact, conversation)?.is_some_and(|last| known.no > last) => {
                tracing::warn!("the index of messages is newer than the store and is made anew");
                self.clear()?;
                return Ok(true);
            }
            // Lines before these may be missing as well, and none may be left out.
            Some(Some(known)) if known.contact == contact || crate::core::stands_for(store, known.contact)? == contact => {
                known.no.min(after)
            }
            Some(Some(_) | None) => 0,
        };
        loop {
            let entries = store.transcript(contact, conversation, after, READ)?;
            let Some(last) = entries.last() else { return Ok(false) };
            after = last.no();
            let is_end = entries.len() < READ;
            let mut last_at = None;
            for entry in &entries {
                let at = at(entry);
                if let Some(said) = uttered(entry) {
                    self.add(Line { place: Place { at, conversation, no: entry.no(), contact }, text: folded(&said.text) })?;
                    last_at = None;
                } else {
                    last_at = Some(at);
                }
            }
            if let Some(at) = last_at.filter(|_| is_end) {
                // So that a comparison knows that the conversation was read to its end.
                self.add(Line { place: Place { at, conversation, no: after, contact }, text: String::new() })?;
            }
            if let Some(comparison) = &mut self.comparison {
                comparison.known.insert(conversation, Known { contact, no: after });
            }
            if is_end {
                return Ok(false);
            }
        }
    }

    fn add(&mut self, line: Line) -> io::Result<()> {
        let full = match self.comparison {
            None => self.draft_bytes + line.text.len() >= BLOCK || self.draft.len() >= LINES,
            Some(_) => self.draft_bytes + self.draft.len() * BESIDE >= RUN,
        };
        if full {
            self.write_draft()?;
        }
        self.draft_bytes += line.text.len() + 1;
        self.draft.push(line);
        Ok(())
    }

    /// Makes blocks of the draft.
    fn write_draft(&mut self) -> io::Result<()> {
        if self.draft.is_empty() {
            return Ok(());
        }
        let blocks = blocks(std::mem::take(&mut self.draft));
        self.draft_bytes = 0;
        match self.segments.last_mut().filter(|last| !last.is_full()) {
            Some(last) => Arc::make_mut(last).append(&blocks)?,
            None => {
                // What comes before the last file is durable: a power cut can only damage the last one.
                if let Some(last) = self.segments.last() {
                    last.sync()?;
                }
                let mut next = self.folder.begin(self.segments.last().map(Arc::as_ref))?;
                next.append(&blocks)?;
                self.segments.push(Arc::new(next));
            }
        }
        Ok(())
    }

    /// Compares some more people with what is here and adds what is missing; answers whether there are more.
    pub fn catch_up(&mut self, store: &dyn Store) -> Result<bool, Error> {
        let Some(comparison) = &self.comparison else { return Ok(false) };
        let people = store.people(comparison.after, PEOPLE)?;
        let Some(last) = people.last() else {
            self.write_draft()?;
            self.comparison = None;
            return Ok(false);
        };
        let after = last.contact.id;
        for person in &people {
            for conversation in &person.conversations {
                let known = self.comparison.as_ref().and_then(|comparison| comparison.known.get(&conversation.id));
                let is_known = known.is_some_and(|known| known.no == conversation.last_no && known.contact == person.contact.id);
                if conversation.last_no > 0 && !is_known && self.bring(store, person.contact.id, conversation.id, conversation.last_no)? {
                    return Ok(true);
                }
            }
        }
        // Not before: whoever failed on the way is compared again.
        if let Some(comparison) = &mut self.comparison {
            comparison.after = Some(after);
        }
        Ok(true)
    }

    /// What is there now, to be looked through for these words.
    pub fn look(&self, words: &Words) -> Look {
        let fits = |line: &&Line| words.are_in(line.text.as_bytes());
        Look { segments: self.segments.clone(), draft: self.draft.iter().filter(fits).map(|line| line.place).collect() }
    }

    /// Which blocks are to be swept: what comes later is of conversations that nobody asked about.
    pub fn sweep_begins(&mut self) -> Result<Vec<Arc<Segment>>, Error> {
        self.write_draft()?;
        Ok(self.segments.clone())
    }

    /// Writes a file anew without what does not live any more. Answers whether it is still the file it was; nothing is done if not.
    pub fn sweep(&mut self, was: &Segment, living: &Living) -> Result<bool, Error> {
        let (count, place) = (was.blocks.len(), self.segments.iter().position(|segment| segment.is(was)));
        let Some((at, segment)) = place.and_then(|at| Some((at, self.segments.get(at)?.clone()))) else { return Ok(false) };
        let mut gone = false;
        for block in segment.blocks.iter().take(count) {
            gone = gone || segment.places(block)?.all().iter().any(|place| !living.has(place));
        }
        if !gone {
            return Ok(true);
        }
        let mut kept = Vec::with_capacity(segment.blocks.len());
        let mut lines: Vec<Line> = Vec::new();
        let mut bytes = 0;
        for (n, block) in segment.blocks.iter().enumerate() {
            let mut these = segment.lines(block)?;
            these.retain(|line| n >= count || living.has(&line.place));
            bytes += these.iter().map(|line| line.text.len() + BESIDE).sum::<usize>();
            lines.append(&mut these);
            if bytes >= RUN {
                kept.append(&mut blocks(std::mem::take(&mut lines)));
                bytes = 0;
            }
        }
        kept.append(&mut blocks(lines));
        match self.folder.replace(&segment, &kept)? {
            Some(replaced) => {
                if let Some(slot) = self.segments.get_mut(at) {
                    *slot = Arc::new(replaced);
                }
            }
            None => {
                self.segments.remove(at);
            }
        }
        Ok(true)
    }

    /// Writes everything down.
    pub fn close(mut self, seq: Seq) -> Result<(), Error> {
        self.write_draft()?;
        if let Some(last) = self.segments.last() {
            last.sync()?;
        }
        if self.comparison.is_none() {
            self.folder.say_clean(Clean { seq, bytes: bytes(&self.segments) })?;
        }
        Ok(())
    }
}

fn at(entry: &TranscriptEntry) -> Instant {
    match entry {
        TranscriptEntry::Message(message) => message.at,
        TranscriptEntry::Delivery(update) => update.at,
    }
}

/// How long files are together.
fn bytes(segments: &[impl std::borrow::Borrow<Segment>]) -> u64 {
    segments.iter().map(|segment| segment.borrow().length).sum()
}

/// The number of a conversation's last line, as the store has it now.
fn last_no(store: &dyn Store, contact: ContactId, conversation: ConversationId) -> Result<Option<u64>, store::Error> {
    Ok(store.person(contact)?.and_then(|person| Some(person.conversation(conversation)?.last_no)))
}

/// Only the last file can end in the middle of something: those before were synced when they were full.
fn sound(segments: &mut [Segment]) -> io::Result<()> {
    let Some((last, full)) = segments.split_last_mut() else { return Ok(()) };
    if full.iter().any(|segment| segment.was_cut) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a full file of messages is damaged"));
    }
    last.keep_sound()
}

/// Up to which line each conversation is here.
fn known(segments: &[Segment]) -> io::Result<HashMap<ConversationId, Known>> {
    let mut known: HashMap<ConversationId, Known> = HashMap::new();
    for segment in segments {
        for block in &segment.blocks {
            for place in segment.places(block)?.all() {
                let last = known.entry(place.conversation).or_insert(Known { contact: place.contact, no: place.no });
                if place.no >= last.no {
                    *last = Known { contact: place.contact, no: place.no };
                }
            }
        }
    }
    Ok(known)
}
