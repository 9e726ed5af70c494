//! What `store verify` finds: each kind of damage by itself, in words; and nothing in a store that is sound.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use model::{
    Absorbed, AgentId, Attachment, AttachmentKind, BlobId, Content, Conversation, Instant, MergeId, Owner, Person, TranscriptEntry, Version,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use store::{Blobs as _, Damage, Each, Error, Frozen, MemBlobs, Part, conformance::people::*};
use switchboard_runtime::verify::{Around, Problem, verify};

/// Parts as they are given.
struct Made(Vec<Result<Part, Damage>>);

impl Frozen for Made {
    fn format(&self) -> &str {
        "made up"
    }

    fn people(&self) -> u64 {
        0
    }

    fn read(&self, each: &mut Each<'_>) -> Result<(), Error> {
        self.0.iter().try_for_each(|part| each(part.clone()))
    }
}

fn found(parts: Vec<Part>, around: &Around) -> Vec<(String, String, String)> {
    let report = verify(&Made(parts.into_iter().map(Ok).collect()), around, &|_| true).unwrap();
    assert_eq!(report.problems, report.told.len() as u64);
    report.told.into_iter().map(|Problem { table, key, what }| (table, key, what)).collect()
}

fn somebody(n: u64) -> Person {
    newcomer(n).apply(None).unwrap()
}

fn person(change: impl FnOnce(&mut Person)) -> Part {
    let mut person = somebody(1);
    change(&mut person);
    Part::Person(Arc::new(person))
}

fn record(table: &str, key: &str, value: Value) -> Part {
    Part::Record { table: table.into(), key: key.into(), value }
}

fn said(no: u64) -> Part {
    Part::Line(Box::new(line(conversation_id(1, 0), no, "hi")))
}

fn with_lines(lines: &[u64]) -> Vec<Part> {
    let mut parts = vec![person(|person| person.conversations[0].last_no = 3)];
    parts.extend(lines.iter().map(|no| said(*no)));
    parts
}

#[test]
fn a_sound_store_has_nothing_wrong() {
    let mut parts = with_lines(&[1, 2, 3]);
    parts.push(Part::Journey(Box::new(journey(1))));
    parts.push(Part::Event(Box::new(event(1))));
    parts.push(record("notes_of_somebody", "anything", json!({ "is": "fine" })));
    assert_eq!(found(parts, &Around::default()), []);
}

#[test]
fn each_kind_of_damage_is_told() {
    let absorbed = |id| Absorbed { id: contact_id(id), merge: MergeId(1), at: Instant(0) };
    let cases: Vec<(Vec<Part>, &str, &str)> = vec![
        (with_lines(&[1, 3, 2]), "history", "line 2 of"),
        (with_lines(&[1, 4]), "history", "is newer than its conversation"),
        (vec![person(|p| p.inbox = vec![inbox(1), inbox(1)])], "people", "INV-1 is broken: inbox row 1 exists twice"),
        (vec![person(|p| p.conversations[0].owner = Owner::Queue)], "people", "INV-3"),
        (vec![person(|p| p.conversations[0].contact = contact_id(7))], "people", "says that it belongs to"),
        (vec![person(|p| p.conversations.push(p.conversations[0].clone()))], "people", "is there twice"),
        (vec![person(|p| p.calls = vec![call(conversation_id(1, 0), 5)])], "people", "has no run that waits for it"),
        (vec![person(|p| p.outbox = vec![outbox(conversation_id(1, 0), 5)])], "people", "waits to be sent and was never said"),
        (vec![person(|p| p.outbox = vec![outbox(conversation_id(9, 0), 5)])], "people", "which is not theirs"),
        (vec![person(|p| p.contact.merged_into = Some(contact_id(2)))], "people", "who is not there"),
        (vec![person(|p| p.contact.absorbed = vec![absorbed(2)])], "people", "should be part of them, and is not"),
        (vec![person(|p| p.contact.addresses.push(p.contact.addresses[0].clone()))], "people", "is there twice"),
        (vec![record("agents", "agt_1", json!({ "id": 7 }))], "agents", "it is not what this table holds"),
        (vec![record("suppressed", "not a hash", json!({}))], "suppressed", "its key is no hash"),
        (vec![record("webhook_queue/whk_1", "0000000000000001", json!({}))], "webhook_queue/whk_1", "there is no such webhook"),
        (vec![record("attribute_types", "plan", json!({ "no": "type" }))], "attribute_types", "it is not what this table holds"),
    ];
    for (parts, table, what) in cases {
        let found = found(parts, &Around::default());
        assert!(found.iter().any(|(t, _, w)| t == table && w.contains(what)), "{table}, {what}: {found:?}");
    }
}

#[test]
fn a_chain_of_merges_is_sound() {
    let merged = |n: u64, into: u64| {
        let mut person = somebody(n);
        person.contact.addresses.clear();
        person.conversations.clear();
        person.contact.merged_into = Some(contact_id(into));
        Part::Person(Arc::new(person))
    };
    let mut last = somebody(3);
    last.contact.absorbed = [1, 2].map(|id| Absorbed { id: contact_id(id), merge: MergeId(u128::from(id)), at: Instant(0) }).into();
    assert_eq!(found(vec![merged(1, 2), merged(2, 3), Part::Person(Arc::new(last))], &Around::default()), []);
}

#[test]
fn files_agents_and_versions_that_are_named_must_be_there() {
    let blobs = MemBlobs::new();
    let there = blobs.put(b"here").unwrap();
    let message = |blob: &BlobId, made: Option<String>| {
        let mut entry = line(conversation_id(1, 0), 1, "look");
        if let TranscriptEntry::Message(message) = &mut entry {
            let (name, mime) = ("a.txt".to_owned(), "text/plain".to_owned());
            let file = Attachment { kind: AttachmentKind::File, blob: blob.clone(), name, mime, size: 4, alt: String::new(), made };
            message.content = Content { attachments: vec![file], ..Content::text("look") };
        }
        vec![person(|p| p.conversations[0].last_no = 1), Part::Line(Box::new(entry))]
    };
    let around = Around { blobs: Some(Arc::new(blobs)), versions: Some(BTreeSet::new()), ..Around::default() };
    let gone = BlobId("0".repeat(64));
    assert_eq!(found(message(&there, None), &around), []);
    assert_eq!(found(message(&gone, Some("text".into())), &around), [], "what a flow made is in the message");
    let told = found(message(&gone, None), &around);
    assert!(told[0].0 == "attachments" && told[0].1 == gone.0 && told[0].2.contains("it is not there"), "{told:?}");
    let owned = person(|p| {
        let agent = AgentId(5);
        p.conversations[0].owner = Owner::Agent(agent);
    });
    assert!(found(vec![owned], &around).iter().any(|(_, _, what)| what.contains("there is no such agent")));
    let runs = person(|p| {
        let mut conversation = Conversation::new(conversation_id(1, 0), contact_id(1), address(1));
        conversation.timers = vec![
            serde_json::from_value(json!({
                "name": "a", "skill": "s", "version": Version("f".repeat(64).into()), "target": "b", "next": 5
            }))
            .unwrap(),
        ];
        p.conversations = vec![conversation];
    });
    let told = found(vec![runs], &around);
    assert_eq!((&*told[0].0, &*told[0].1), ("versions", "ffffffffffff"), "{told:?}");
}

#[test]
fn what_cannot_be_read_is_told_with_the_rest() {
    let damage = Damage { table: "history".into(), key: "con_1".into(), what: "a page is missing".into() };
    let parts = vec![Ok(person(|_| ())), Err(damage), Ok(record("agents", "x", json!(1)))];
    let report = verify(&Made(parts), &Around::default(), &|_| true).unwrap();
    assert_eq!((report.problems, report.read.people, report.read.records), (2, 1, 1));
    assert!(verify(&Made(vec![Ok(person(|_| ()))]), &Around::default(), &|_| false).is_err(), "it stops when it is told to");
}
