//! Made-up people for the rules: small, deterministic, every kind of part filled.

use crate::{Commit, PersonChange, RecordPut, Store, commit_blocking};
use model::{
    Actor, Address, Author, Call, CallKind, CallRow, CallState, Contact, ContactId, Content, Conversation, ConversationId, Delivery,
    DeliveryUpdate, EventId, EventRecord, HttpBody, HttpCall, HttpMethod, InboxItem, InboxRow, Instant, JourneyEntry, JourneyId,
    JourneyKind, Message, MessageId, OutboxRow, OutboxState, Person, Record, RequestId, RunId, Sealed, TranscriptEntry, Value,
};
use std::sync::Arc;

/// The n-th person.
pub fn contact_id(n: u64) -> ContactId {
    ContactId(u128::from(n) << 64)
}

/// The n-th person's k-th conversation.
pub fn conversation_id(n: u64, k: u64) -> ConversationId {
    ConversationId((u128::from(n) << 64) + u128::from(k))
}

/// The n-th second.
pub fn at(n: i64) -> Instant {
    Instant::from_secs(1_750_000_000 + n)
}

/// An address by number.
pub fn address(n: u64) -> Address {
    Address { channel: if n.is_multiple_of(2) { "web" } else { "telegram" }.into(), id: format!("visitor {n}") }
}

/// The first change of the n-th person: a contact on `address(n)` with one conversation.
pub fn newcomer(n: u64) -> PersonChange {
    let (id, place) = (contact_id(n), address(n));
    let mut change = PersonChange::new(id, 0);
    change.contact = Some(Box::new(Contact::new(id, at(0), place.clone(), "organic")));
    change.conversations = vec![Conversation::new(conversation_id(n, 0), id, place)];
    change
}

/// A further change of a person.
pub fn change(person: &Person) -> PersonChange {
    PersonChange::new(person.contact.id, person.version)
}

/// A message as a transcript line.
pub fn line(conversation: ConversationId, no: u64, text: &str) -> TranscriptEntry {
    TranscriptEntry::Message(message(conversation, no, text))
}

/// A message.
pub fn message(conversation: ConversationId, no: u64, text: &str) -> Message {
    Message {
        id: MessageId(conversation.0 + u128::from(no)),
        conversation,
        no,
        at: at(i64::try_from(no).unwrap_or(0)),
        author: Author::Customer,
        content: Content::text(text),
        delivery: Delivery::Received,
        client_id: None,
    }
}

/// What became of a message, as a transcript line.
pub fn delivered(conversation: ConversationId, no: u64, of: u64) -> TranscriptEntry {
    TranscriptEntry::Delivery(DeliveryUpdate {
        conversation,
        no,
        message: MessageId(conversation.0 + u128::from(of)),
        delivery: Delivery::Sent,
        at: at(0),
        degraded: Vec::new(),
    })
}

/// Appends lines with these texts to a person's k-th conversation.
pub fn say(change: &mut PersonChange, person: &Person, k: usize, texts: &[&str]) {
    let mut conversation = person.conversations[k].clone();
    for text in texts {
        let no = conversation.take_no();
        change.transcript.push(line(conversation.id, no, text));
    }
    change.conversations.retain(|c| c.id != conversation.id);
    change.conversations.push(conversation);
}

/// A journey line by number.
pub fn journey(n: u64) -> JourneyEntry {
    JourneyEntry {
        id: JourneyId(u128::from(n)),
        at: at(i64::try_from(n).unwrap_or(0)),
        by: Actor::System,
        conversation: None,
        run: None,
        block: Some(format!("skill.block {n}")),
        why: None,
        what: JourneyKind::Timer("ticked".into()),
    }
}

/// An event by number.
pub fn event(n: u64) -> EventRecord {
    EventRecord {
        id: EventId(u128::from(n)),
        name: "bought".into(),
        fields: Record::from([("n".to_owned(), Value::Number(n.into()))]),
        at: at(i64::try_from(n).unwrap_or(0)),
        by: Actor::Api("shop".into()),
    }
}

/// An inbox row.
pub fn inbox(no: u64) -> InboxRow {
    let item = InboxItem::Event { conversation: None, name: format!("e{no}"), fields: Record::new(), at: None, by: Actor::System };
    InboxRow { no, item, at: at(0), tries: 0 }
}

/// An outbox row for a message of a conversation.
pub fn outbox(conversation: ConversationId, no: u64) -> OutboxRow {
    OutboxRow {
        message: message(conversation, no, "out"),
        address: address(0),
        state: OutboxState::Pending { not_before: at(0) },
        attempts: 0,
        unknown: false,
        parts_done: 0,
        unwanted: false,
    }
}

/// A call of a conversation.
pub fn call(conversation: ConversationId, n: u64) -> CallRow {
    let mut content = Sealed::text(format!("body {n}"));
    content.push_secret("shop", true);
    let what = CallKind::Http(HttpCall {
        method: HttpMethod::Post,
        url: "https://shop.example/".into(),
        query: vec![("n".into(), Sealed::text(n.to_string()))],
        headers: Vec::new(),
        body: Some(HttpBody { content_type: "text/plain".into(), content }),
        timeout: 10_000_000,
        retries: 2,
        wait: 1_000_000,
        max_size: 4_096,
    });
    let id = RequestId(u128::from(n));
    let call = Call { id, contact: ContactId(0), conversation, run: RunId(1), place: "a.b".into(), at: at(0), what };
    CallRow { call, state: CallState::Pending { not_before: at(0) }, attempts: 0, unknown: false }
}

/// Commits a change that must be accepted.
///
/// # Panics
/// If it is refused.
pub fn must(store: &dyn Store, change: PersonChange) -> u64 {
    commit_blocking(store, commit(change)).expect("the commit is accepted")
}

/// A commit of one change.
pub fn commit(change: PersonChange) -> Commit {
    Commit { person: Some(change), records: Vec::new(), ..Commit::default() }
}

/// A person that must be there.
///
/// # Panics
/// If not.
pub fn get(store: &dyn Store, n: u64) -> Arc<Person> {
    store.person(contact_id(n)).expect("people can be read").expect("the person is there")
}

/// A record to write, or to delete where there is no value.
pub fn record(table: &str, key: &str, value: Option<serde_json::Value>) -> RecordPut {
    RecordPut { table: table.into(), key: key.into(), value }
}

/// The numbers of the lines.
pub fn numbers(lines: &[TranscriptEntry]) -> Vec<u64> {
    lines.iter().map(TranscriptEntry::no).collect()
}
