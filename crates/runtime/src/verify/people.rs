//! One person at a time: whether what is kept about them holds together.

use super::{Around, Told, across::Across};
use crate::{invariants, privacy::gather};
use model::{ContactId, ConversationId, InboxItem, IncomingBody, Owner, Person, Rest, TranscriptEntry};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Transcript lines of one person that are held against each other; of more only the numbers are.
const LINES: usize = 20_000;

/// A person whose past is being read.
pub(super) struct Reading {
    person: Arc<Person>,
    /// The last line of each conversation whose lines are kept under them.
    last: BTreeMap<ConversationId, u64>,
    lines: BTreeMap<ConversationId, Vec<TranscriptEntry>>,
    held: usize,
    /// Nothing of their past could be read wrong.
    whole: bool,
}

impl Reading {
    pub fn of(person: Arc<Person>) -> Self {
        Self { person, last: BTreeMap::new(), lines: BTreeMap::new(), held: 0, whole: true }
    }

    /// Something of the past cannot be read: what is missing is not told again.
    pub fn is_damaged(&mut self) {
        self.whole = false;
    }

    fn id(&self) -> ContactId {
        self.person.contact.id
    }

    /// The next transcript line.
    pub fn line(&mut self, line: &TranscriptEntry, across: &mut Across, told: &mut Told) {
        let (id, conversation) = (self.id(), line.conversation());
        let last = self.last.insert(conversation, line.no()).unwrap_or(0);
        if line.no() <= last {
            told.tell("history", id.to_string(), format!("line {} of {conversation} comes after line {last}", line.no()));
        }
        let most = self.person.conversation(conversation).map(|found| found.last_no);
        if most.is_some_and(|most| line.no() > most) {
            told.tell("history", id.to_string(), format!("line {} of {conversation} is newer than its conversation", line.no()));
        }
        if let TranscriptEntry::Message(message) = line {
            across.files(id, gather::files_of(&message.content));
        }
        self.held += 1;
        if self.held <= LINES {
            self.lines.entry(conversation).or_default().push(line.clone());
        }
    }

    /// All of their past was read.
    pub fn end(self, around: &Around, across: &mut Across, told: &mut Told) {
        let key = self.id().to_string();
        let mut tell = |what: String| told.tell("people", key.clone(), what);
        if let Err(violation) = invariants::check_person(&self.person) {
            tell(violation.to_string());
        }
        if self.whole && self.held <= LINES {
            // What became of a message may stand in another part, if a merge moved the conversation.
            let whole = |id: &ConversationId| self.person.conversation(*id).is_some_and(|found| found.kept.is_empty());
            let lines = self.lines.iter().filter(|(id, _)| whole(id)).map(|(_, lines)| lines);
            for violation in lines.filter_map(|lines| invariants::check_transcript(lines).err()) {
                tell(violation.to_string());
            }
        }
        contact(&self.person, around, &mut tell);
        conversations(&self.person, &mut tell);
        waiting(&self.person, across, &mut tell);
        across.person(&self.person);
    }
}

/// What is known of somebody.
fn contact(person: &Person, around: &Around, tell: &mut dyn FnMut(String)) {
    let contact = &person.contact;
    let mut addresses = BTreeSet::new();
    for reach in contact.addresses.iter().filter(|reach| !addresses.insert(&reach.address)) {
        tell(format!("the address {} is there twice", reach.address));
    }
    if contact.is_merged_away() && !contact.addresses.is_empty() {
        tell("they were merged into another contact, and still have addresses".into());
    }
    for one in contact.identifiers.iter().filter(|one| one.kind.normal(&one.value).as_deref() != Some(one.value.as_str())) {
        tell(format!("an identifier of the kind {:?} is not written as it is looked for", one.kind));
    }
    let Some(bot) = &around.bot else { return };
    for (name, value) in &contact.attributes {
        // What is declared no more is kept as it is.
        let is_declared = bot.attributes().iter().any(|declared| declared.name == *name);
        if is_declared && bot.read_attribute(name, value, around.now).ok().as_ref() != Some(value) {
            tell(format!("the value of the attribute {name} is not of the type that bot.yaml declares"));
        }
    }
}

/// Conversations, and the runs in them.
fn conversations(person: &Person, tell: &mut dyn FnMut(String)) {
    let id = person.contact.id;
    let (mut ids, mut runs) = (BTreeSet::new(), BTreeSet::new());
    for conversation in &person.conversations {
        let this = conversation.id;
        if !ids.insert(this) {
            tell(format!("{this} is there twice"));
        }
        if conversation.contact != id {
            tell(format!("{this} says that it belongs to {}", conversation.contact));
        }
        for run in &conversation.runs {
            if !runs.insert(run.id) {
                tell(format!("{} is there twice", run.id));
            }
            if run.frames.is_empty() {
                tell(format!("{} stands nowhere: it has no skill", run.id));
            }
            match &run.rest {
                Rest::Calling(calling) if calling.reply.is_none() => {
                    let made = person.calls.iter().any(|row| row.call.id == calling.call);
                    if !made {
                        tell(format!("{} waits for {}, and there is no such call", run.id, calling.call));
                    }
                }
                Rest::Requesting { request } | Rest::HandedOver { request } => {
                    if conversation.request.as_ref().is_none_or(|found| found.id != *request) {
                        tell(format!("{} waits for {request}, and the desk does not have it", run.id));
                    }
                }
                Rest::Asking(_) | Rest::Waiting { .. } | Rest::Calling(_) => {}
            }
        }
        let mut timers = BTreeSet::new();
        for timer in conversation.timers.iter().filter(|timer| !timers.insert((&timer.skill, &timer.name))) {
            tell(format!("the timer {}.{} of {this} runs twice", timer.skill, timer.name));
        }
    }
    for row in &person.calls {
        let run = person.conversation(row.call.conversation).and_then(|found| found.run(row.call.run));
        if !run.is_some_and(|run| matches!(&run.rest, Rest::Calling(calling) if calling.call == row.call.id)) {
            tell(format!("the call {} has no run that waits for it", row.call.id));
        }
    }
}

/// What waits for them, and what waits to be sent.
fn waiting(person: &Person, across: &mut Across, tell: &mut dyn FnMut(String)) {
    let id = person.contact.id;
    for row in person.inbox.iter().chain(person.parked.values()) {
        if let InboxItem::Incoming { incoming, .. } = &row.item
            && let IncomingBody::Message(content) = &incoming.body
        {
            across.files(id, gather::files_of(content));
        }
    }
    for (no, row) in person.parked.iter().filter(|(no, row)| **no != row.no) {
        tell(format!("inbox row {} is set aside as {no}", row.no));
    }
    for row in &person.outbox {
        let message = &row.message;
        match person.conversation(message.conversation) {
            None => tell(format!("{} waits to be sent in {}, which is not theirs", message.id, message.conversation)),
            Some(found) if message.no > found.last_no => {
                tell(format!("{} waits to be sent and was never said: it is line {} of {}", message.id, message.no, found.id));
            }
            Some(_) => {}
        }
    }
    for conversation in &person.conversations {
        if let Owner::Agent(agent) = &conversation.owner {
            across.agent(*agent, id);
        }
    }
}
