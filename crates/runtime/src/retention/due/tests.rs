//! What is due, held against a person so naive that it is right by inspection.

use super::*;
use model::{
    Address, Ask, Cause, Contact, Content, ConversationId, Delivery, DeliveryUpdate, EventRecord, Frame, IdSource, JourneyEntry,
    JourneyKind, Kept, LiveRequest, Message, MessageId, OutboxRow, OutboxState, Record, RequestId, Run, RunId, Version,
};
use store::{Commit, MemStore, PersonChange, commit_blocking};

const DAY: i64 = 86_400_000_000;

fn day(n: u64) -> Instant {
    Instant::from_secs(1_700_000_000).plus_micros(i64::try_from(n).unwrap() * DAY)
}

fn message(conversation: ConversationId, no: u64, at: Instant, file: Option<&str>) -> Message {
    let mut content = Content::text(format!("line {no}"));
    content.attachments.extend(file.map(|id| model::Attachment {
        kind: model::AttachmentKind::File,
        blob: BlobId(id.into()),
        name: "a.pdf".into(),
        mime: "application/pdf".into(),
        size: 1,
        alt: String::new(),
        made: None,
    }));
    let (id, author) = (MessageId(conversation.0 << 8 | u128::from(no)), Author::Customer);
    Message { id, conversation, no, at, author, content, delivery: Delivery::Received, client_id: None }
}

fn step(n: u64, at: Instant) -> JourneyEntry {
    let what = JourneyKind::Timer(format!("{n}"));
    JourneyEntry {
        id: IdSource::new(at, n).next(),
        at,
        by: model::Actor::System,
        conversation: None,
        run: None,
        block: None,
        why: None,
        what,
    }
}

fn event(n: u64, at: Instant) -> EventRecord {
    EventRecord { id: IdSource::new(at, n).next(), name: "visit".into(), fields: Record::new(), at, by: model::Actor::System }
}

fn asking(at: Instant) -> Run {
    Run {
        id: RunId(1),
        version: Version("v".into()),
        frames: vec![Frame { skill: "s".into(), block: "b".into(), vars: Record::new(), paused: None }],
        cause: Cause::Customer,
        event: Record::new(),
        began_at: day(0),
        moved_at: at,
        said: None,
        rest: Rest::Asking(Ask::new(at, None)),
        busy: Default::default(),
        held_since: None,
    }
}

/// Commits a change.
fn put(store: &MemStore, change: PersonChange) {
    commit_blocking(store, Commit { person: Some(change), ..Commit::default() }).unwrap();
}

/// Removes everything that is due of a person, in as many commits as it takes.
fn sweep(store: &MemStore, id: ContactId, cutoffs: &Cutoffs) -> Due {
    let mut whole = Due::default();
    loop {
        let person = store.person(id).unwrap().unwrap();
        let found = due(store, &person, cutoffs).unwrap();
        for (under, forget) in found.forget {
            let version = store.person(under).unwrap().unwrap().version;
            put(store, PersonChange { forget, ..PersonChange::new(under, version) });
        }
        whole.removed.add(&found.removed);
        whole.files.extend(found.files);
        if !found.more {
            return whole;
        }
    }
}

/// How many of the first rows are older than an instant, up to the first that is not.
fn old(times: &[Instant], before: Instant) -> usize {
    times.iter().take_while(|at| **at < before).count()
}

#[test]
fn a_beginning_goes_and_nothing_else() {
    for seed in 0..200 {
        let mut draw = IdSource::new(day(0), seed);
        let mut pick = |below: u64| draw.draw() % below;
        let (store, id) = (MemStore::new(), ContactId(7));
        let address = |n: u64| Address { channel: "web".into(), id: format!("v{n}") };
        let mut change = PersonChange::new(id, 0);
        let mut contact = Contact::new(id, day(0), address(0), "organic");
        contact.addresses.push(model::Reach { address: address(1), unreachable: None });
        change.contact = Some(Box::new(contact));
        let mut times: Vec<Vec<Instant>> = Vec::new();
        let (mut outbox, mut asked): (Option<Instant>, Option<Instant>) = (None, None);
        for n in 0..2 {
            let mut conversation = Conversation::new(ConversationId(u128::from(n) + 1), id, address(n));
            let (mut at, mut said) = (0, Vec::new());
            for no in 1..=pick(40) {
                // Clocks are set now and then.
                at = (at + pick(12)).saturating_sub(pick(3));
                said.push(day(at));
                conversation.last_no = no;
                let line = message(conversation.id, no, day(at), no.is_multiple_of(7).then_some(if n == 0 { "aa" } else { "bb" }));
                if pick(60) == 0 {
                    let state = OutboxState::Pending { not_before: day(at) };
                    let row = OutboxRow {
                        message: line.clone(),
                        address: address(n),
                        state,
                        attempts: 0,
                        unknown: false,
                        parts_done: 0,
                        unwanted: false,
                    };
                    change.outbox_put.push(row);
                    outbox = Some(outbox.map_or(day(at), |before| before.min(day(at))));
                }
                change.transcript.push(match no % 5 {
                    4 => TranscriptEntry::Delivery(DeliveryUpdate {
                        conversation: conversation.id,
                        no,
                        message: MessageId(0),
                        delivery: Delivery::Sent,
                        at: day(at),
                        degraded: Vec::new(),
                    }),
                    _ => TranscriptEntry::Message(line),
                });
            }
            if pick(3) == 0 {
                let since = day(pick(200));
                conversation.runs.push(asking(since));
                conversation.floor.push(RunId(1));
                asked = Some(asked.map_or(since, |before| before.min(since)));
            }
            times.push(said);
            change.conversations.push(conversation);
        }
        let steps: Vec<Instant> = (0..pick(60)).map(|n| day(n * 4)).collect();
        let happened: Vec<Instant> = (0..pick(60)).map(|n| day((n * 4).saturating_sub(pick(20)))).collect();
        change.journey = (0..).zip(&steps).map(|(n, at)| step(n, *at)).collect();
        change.events = (0..).zip(&happened).map(|(n, at)| event(n, *at)).collect();
        let unsent: Vec<(ConversationId, u64)> = change.outbox_put.iter().map(|row| (row.message.conversation, row.message.no)).collect();
        put(&store, change);

        let mut cutoff = || (pick(4) > 0).then(|| day(pick(240)));
        let cutoffs = Cutoffs { messages: cutoff(), journey: cutoff(), events: cutoff() };
        let held = [outbox, asked].into_iter().flatten().min().unwrap_or(Instant::MAX);
        let before = |cutoff: Option<Instant>| cutoff.map_or(Instant::MIN, |cutoff| cutoff.min(held));
        let found = sweep(&store, id, &cutoffs);
        assert_eq!(sweep(&store, id, &cutoffs), Due::default(), "seed {seed}: once is enough");

        let person = store.person(id).unwrap().unwrap();
        let (mut messages, mut files) = (0, BTreeSet::new());
        for (n, said) in times.iter().enumerate() {
            let of = ConversationId(n as u128 + 1);
            let waits = unsent.iter().filter(|(id, _)| *id == of).map(|(_, no)| *no - 1).min().unwrap_or(u64::MAX);
            let goes = (old(said, before(cutoffs.messages)) as u64).min(waits);
            messages += goes;
            files.extend(
                (1..=goes).filter(|no| no.is_multiple_of(7) && no % 5 != 4).map(|_| BlobId(if n == 0 { "aa" } else { "bb" }.into())),
            );
            let left: Vec<u64> = store.transcript(id, of, 0, 1_000).unwrap().iter().map(TranscriptEntry::no).collect();
            assert_eq!(left, (goes + 1..=said.len() as u64).collect::<Vec<_>>(), "seed {seed}: {cutoffs:?}, held back from {held}");
            assert_eq!(person.conversation(of).unwrap().last_no, said.len() as u64, "numbers go on as before");
        }
        let (journey, events) = (old(&steps, before(cutoffs.journey)), old(&happened, before(cutoffs.events)));
        assert_eq!(store.journey(id, 0, 1_000).unwrap().len(), steps.len() - journey, "seed {seed}");
        assert_eq!(store.events(id, 0, 1_000).unwrap().len(), happened.len() - events, "seed {seed}");
        let Removed { contacts: _, messages: m, journey: j, events: e } = found.removed;
        assert_eq!((m, j, e), (messages, journey as u64, events as u64), "what is told is what went");
        assert_eq!(found.files, files, "seed {seed}");
    }
}

/// A person with one conversation of a hundred old lines.
fn old_person(store: &MemStore, change: impl FnOnce(&mut Conversation)) -> ContactId {
    let (id, address) = (ContactId(3), Address { channel: "web".into(), id: "v".into() });
    let mut conversation = Conversation::new(ConversationId(1), id, address.clone());
    conversation.last_no = 100;
    change(&mut conversation);
    let first = PersonChange {
        contact: Some(Box::new(Contact::new(id, day(0), address, "organic"))),
        transcript: (1..=100).map(|no| TranscriptEntry::Message(message(conversation.id, no, day(no), None))).collect(),
        journey: (1..=100).map(|n| step(n, day(n))).collect(),
        conversations: vec![conversation],
        ..PersonChange::new(id, 0)
    };
    put(store, first);
    id
}

fn all_old() -> Cutoffs {
    Cutoffs { messages: Some(day(500)), journey: Some(day(500)), events: Some(day(500)) }
}

#[test]
fn whoever_waits_for_a_human_keeps_everything() {
    let request =
        |state| LiveRequest { id: RequestId(1), group: "help".into(), first: false, since: day(90), run: None, deadline: None, state };
    let agent = model::AgentId(1);
    for (state, owner, goes) in [
        (Some(model::RequestState::Waiting), Owner::Queue, 0),
        (Some(model::RequestState::Active { agent, name: "A".into(), since: day(91) }), Owner::Agent(agent), 0),
        (Some(model::RequestState::Missed { since: day(91), why: "timeout".into() }), Owner::Bot, 0),
        (None, Owner::Bot, 100),
    ] {
        let store = MemStore::new();
        let id = old_person(&store, |conversation| (conversation.request, conversation.owner) = (state.map(request), owner));
        let removed = sweep(&store, id, &all_old()).removed;
        assert_eq!((removed.messages, removed.journey), (goes, goes));
    }
}

#[test]
fn what_a_merge_left_under_others_goes_from_there() {
    let store = MemStore::new();
    let other = old_person(&store, |_| ());
    let before = store.person(other).unwrap().unwrap();
    let keep = ContactId(9);
    let mut contact = Contact::without_address(keep, day(0), "api");
    contact.addresses.clone_from(&before.contact.addresses);
    contact.absorbed = vec![model::Absorbed { id: other, merge: model::MergeId(1), at: day(150) }];
    let mut moved = before.conversations[0].clone().moved_to(keep);
    assert_eq!(moved.kept, [Kept { under: other, to: 100 }]);
    moved.last_no = 110;
    let mut gone = before.contact.clone();
    gone.addresses.clear();
    gone.merged_into = Some(keep);
    let survivor = PersonChange {
        contact: Some(Box::new(contact)),
        transcript: (101..=110).map(|no| TranscriptEntry::Message(message(moved.id, no, day(100 + no), None))).collect(),
        conversations: vec![moved],
        ..PersonChange::new(keep, 0)
    };
    let tombstone = PersonChange {
        contact: Some(Box::new(gone)),
        conversations_gone: vec![ConversationId(1)],
        ..PersonChange::new(other, before.version)
    };
    commit_blocking(&store, Commit { person: Some(survivor), also: vec![tombstone], ..Commit::default() }).unwrap();

    let upto = |n: u64| Cutoffs { messages: Some(day(n)), journey: Some(day(n)), events: None };
    assert_eq!(sweep(&store, keep, &upto(50)).removed.messages, 49, "kept under the one, told of the other");
    assert_eq!(store.transcript(keep, ConversationId(1), 0, 1).unwrap()[0].no(), 50);
    assert_eq!(sweep(&store, other, &upto(50)).removed, Removed { contacts: 1, messages: 0, journey: 49, events: 0 });
    assert_eq!(sweep(&store, keep, &upto(204)).removed.messages, 51 + 3);
    assert_eq!(store.transcript(keep, ConversationId(1), 0, 1).unwrap()[0].no(), 104);
    assert_eq!(store.person(other).unwrap().unwrap().forgotten.lines_of(ConversationId(1)), 100);
}

#[test]
fn much_goes_in_parts() {
    let store = MemStore::new();
    let id = old_person(&store, |_| ());
    for round in 0..50 {
        let version = store.person(id).unwrap().unwrap().version;
        put(&store, PersonChange { journey: (0..100).map(|n| step(n, day(100 + round))).collect(), ..PersonChange::new(id, version) });
    }
    let person = store.person(id).unwrap().unwrap();
    let first = due(&store, &person, &all_old()).unwrap();
    assert!(first.more && first.removed.journey == AT_ONCE as u64);
    assert_eq!(sweep(&store, id, &all_old()).removed.journey, 5_100);
}
