//! Rows of a file of people: the same whether they stand close together or far apart, whatever breaks them off, and taken back whole.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use crm::import::{Cell, DateOrder, ErrorLines, Mode, Options as Wanted};
use engine::StoredSegment;
use model::{Actor, Change, Contact, ContactId, IdentifierKind, Instant, Value};
use std::{fmt::Write as _, path::Path, sync::Arc};
use store::{Fault, HeldReads, MemBlobs, MemStore, Store as _};
use switchboard_runtime::{Expect, Handle, Import, ImportError, ImportState, ManualClock, Options, Service, start};
use world::MINUTE;

const FILES: &[(&str, &str)] = &[(
    "bot.yaml",
    "name: World\nchannels: { web: { type: web } }\ngroups: { support: {} }\nattributes: { plan: text, mobile: phone, \
     born: date, joined: date, rank: { type: enum, values: [one, two] } }\n",
)];

struct Stage {
    handle: Handle,
    service: Service,
    clock: Arc<ManualClock>,
}

async fn opened(folder: &Path, store: MemStore) -> Stage {
    let clock = Arc::new(ManualClock::new(Instant::from_secs(1_767_312_000)));
    let options = Options {
        bot: world::bot_files(FILES),
        pinned: Vec::new(),
        store: Arc::new(store),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: clock.clone(),
        seed: 5,
        outside: None,
        at_rest: false,
    };
    let service = start(options).await.unwrap();
    service.handle.imports_in(folder).await.unwrap();
    Stage { handle: service.handle.clone(), service, clock }
}

async fn over(handle: &Handle, id: &str) -> Import {
    loop {
        let import = handle.import(id).await.unwrap();
        if !import.state.is_under_way() {
            return import;
        }
        tokio::task::yield_now().await;
    }
}

async fn uploaded(handle: &Handle, name: &str, text: impl AsRef<[u8]>) -> String {
    let mut upload = handle.upload(name).unwrap();
    upload.write(text.as_ref()).unwrap();
    handle.uploaded(upload, Actor::System).await.unwrap().id
}

async fn run(handle: &Handle, text: impl AsRef<[u8]>) -> Import {
    let id = uploaded(handle, "people.csv", text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    let done = over(handle, &id).await;
    assert_eq!(done.state, ImportState::Done, "{done:?}");
    done
}

async fn undone(handle: &Handle, id: &str) -> Import {
    handle.undo_import(id, Actor::System).await.unwrap();
    let import = over(handle, id).await;
    assert_eq!(import.state, ImportState::Undone, "{import:?}");
    import
}

/// Somebody who is there already.
async fn known(handle: &Handle, n: usize, plan: &str) -> ContactId {
    let id = ContactId((n as u128 + 1) << 80);
    let email = Change::AddIdentifier(IdentifierKind::Email, format!("p{n}@shop.example"));
    let plan = Change::SetAttribute("plan".into(), Value::text(plan));
    handle.create_contact(id, "api", vec![email, plan], Actor::System).await.unwrap();
    id
}

async fn contact(handle: &Handle, id: ContactId) -> Contact {
    handle.person(id).await.unwrap().unwrap().contact.clone()
}

async fn plan(handle: &Handle, id: ContactId) -> Option<String> {
    match contact(handle, id).await.attributes.get("plan") {
        Some(Value::Text(plan)) => Some(plan.clone()),
        _ => None,
    }
}

/// The worker stands where it reads somebody.
async fn stands(held: &HeldReads) {
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
}

fn counts(import: &Import) -> (u64, u64, u64, u64) {
    (import.counts.created, import.counts.updated, import.counts.unchanged, import.counts.failed)
}

#[tokio::test]
async fn what_broke_off_before_it_was_written_down_how_far_it_was_is_taken_back_whole() {
    const ROWS: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let Stage { handle, service, .. } = opened(folder.path(), store.clone()).await;
    let mut text = "email,plan\n".to_owned();
    let mut ids = Vec::new();
    for n in 0..ROWS {
        ids.push(known(&handle, n, "free").await);
        writeln!(text, "p{n}@shop.example,gold").unwrap();
    }
    let held = store.hold_reads(ids[ROWS - 1]);
    let id = uploaded(&handle, "people.csv", &text).await;
    let tagged = Wanted { tags: vec!["fair".into()], ..Wanted::default() };
    handle.run_import(&id, tagged).await.unwrap();
    stands(&held).await;
    while plan(&handle, ids[ROWS - 100]).await.as_deref() != Some("gold") {
        tokio::task::yield_now().await;
    }
    let next = store.crash();
    drop(held);
    service.stop().await;
    let left: Import = serde_json::from_value(next.record("imports", &id).unwrap().unwrap()).unwrap();
    assert_eq!((&left.state, left.row), (&ImportState::Running, 0), "nothing was written down of its rows");

    let Stage { handle, service, .. } = opened(folder.path(), next).await;
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, counts(&done)), (&ImportState::Done, (0, ROWS as u64, 0, 0)), "{done:?}");
    assert_eq!(undone(&handle, &id).await.counts.restored, ROWS as u64);
    for id in ids {
        let contact = contact(&handle, id).await;
        assert_eq!((contact.attributes.get("plan"), contact.tags.len()), (Some(&Value::text("free")), 0), "{id}");
    }
    service.stop().await;
}

#[tokio::test]
async fn several_rows_of_one_contact_go_back_to_what_was_before_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let Stage { handle, service, clock } = opened(folder.path(), store.clone()).await;
    let (ana, ben, cid) = (known(&handle, 0, "free").await, known(&handle, 1, "free").await, known(&handle, 2, "free").await);
    clock.advance(MINUTE);
    let mut text = "email,plan\np0@shop.example,silver\np1@shop.example,silver\nnew@shop.example,silver\n".to_owned();
    (0..200).for_each(|n| writeln!(text, "other{n}@shop.example,free").unwrap());
    text.push_str("p2@shop.example,gold\np0@shop.example,gold\np1@shop.example,gold\nnew@shop.example,gold\n");
    let held = store.hold_reads(cid);
    let id = uploaded(&handle, "people.csv", &text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    stands(&held).await;
    while plan(&handle, ben).await.as_deref() != Some("silver") {
        tokio::task::yield_now().await;
    }
    // Somebody changes one of them between their two rows.
    clock.advance(MINUTE);
    let bronze = Change::SetAttribute("plan".into(), Value::text("bronze"));
    handle.modify(ben, vec![bronze], Actor::Api("shop".into())).await.unwrap();
    drop(held);
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, counts(&done)), (&ImportState::Done, (201, 6, 0, 0)), "{done:?}");
    // Somebody does something with the one whom the import made.
    clock.advance(MINUTE);
    let made = handle.people(None, 300).await.unwrap().into_iter().map(|person| person.contact.clone());
    let made = made.into_iter().find(|contact| contact.system.get("email") == Some(&Value::text("new@shop.example"))).unwrap().id;
    assert_eq!(plan(&handle, made).await.as_deref(), Some("gold"));
    handle.modify(made, vec![Change::AddTag("mine".into())], Actor::Api("shop".into())).await.unwrap();

    clock.advance(MINUTE);
    let back = undone(&handle, &id).await;
    assert_eq!((back.counts.removed, back.counts.restored), (200, 4), "each counts once");
    let plans = [plan(&handle, ana).await, plan(&handle, ben).await, plan(&handle, cid).await, plan(&handle, made).await];
    assert_eq!(plans.map(Option::unwrap_or_default), ["free", "bronze", "free", ""]);
    assert_eq!(contact(&handle, made).await.tags.len(), 1, "what somebody did stays");
    service.stop().await;
}

#[tokio::test]
async fn whoever_was_merged_into_a_contact_has_no_part_in_what_that_contact_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let Stage { handle, service, clock } = opened(folder.path(), store.clone()).await;
    let (ana, ben) = (known(&handle, 0, "free").await, known(&handle, 1, "basic").await);
    clock.advance(MINUTE);
    let mut text = "email,plan\nnew@shop.example,silver\np1@shop.example,free\n".to_owned();
    (0..200).for_each(|n| writeln!(text, "other{n}@shop.example,free").unwrap());
    text.push_str("p0@shop.example,gold\n");
    let held = store.hold_reads(ana);
    let id = uploaded(&handle, "people.csv", &text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    stands(&held).await;
    while plan(&handle, ben).await.as_deref() != Some("free") {
        tokio::task::yield_now().await;
    }
    clock.advance(MINUTE);
    drop(held);
    assert_eq!(counts(&over(&handle, &id).await), (201, 2, 0, 0));
    let made = handle.people(None, 300).await.unwrap().into_iter().map(|person| person.contact.clone());
    let made = made.into_iter().find(|contact| contact.system.get("email") == Some(&Value::text("new@shop.example"))).unwrap().id;
    // One whom the import made, and one whom it left as it found the contact.
    for other in [made, ben] {
        clock.advance(MINUTE);
        handle.merge(ana, other, Actor::Api("shop".into())).await.unwrap();
    }
    clock.advance(MINUTE);
    undone(&handle, &id).await;
    assert_eq!(plan(&handle, ana).await.as_deref(), Some("free"), "as before the first row of their own");
    service.stop().await;
}

/// The import was carried out up to its last row but one when a crash broke it off, and nothing was written down of its rows: the store
/// as it is then.
async fn broken_off(folder: &Path, text: &str, ids: &[ContactId], (store, stage): (MemStore, Stage)) -> (MemStore, String) {
    let Stage { handle, service, .. } = stage;
    let held = store.hold_reads(*ids.last().unwrap());
    let id = uploaded(&handle, "people.csv", text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    stands(&held).await;
    while plan(&handle, ids[0]).await.as_deref() != Some("gold") {
        tokio::task::yield_now().await;
    }
    let next = store.crash();
    drop(held);
    service.stop().await;
    let left: Import = serde_json::from_value(next.record("imports", &id).unwrap().unwrap()).unwrap();
    assert_eq!((&left.state, left.row), (&ImportState::Running, 0), "nothing was written down of its rows");
    assert!(folder.join(&id).join("file").exists());
    (next, id)
}

#[tokio::test]
async fn what_broke_off_and_cannot_go_on_is_taken_back_whole() {
    const ROWS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let stage = opened(folder.path(), store.clone()).await;
    let mut text = "email,plan\nnew@shop.example,silver\n".to_owned();
    let mut ids = Vec::new();
    for n in 0..ROWS {
        ids.push(known(&stage.handle, n, "free").await);
        writeln!(text, "p{n}@shop.example,gold").unwrap();
    }
    // Somebody of whom it says nothing, and who is somebody else by now.
    let (beside, gone) = (known(&stage.handle, ROWS, "basic").await, known(&stage.handle, ROWS + 1, "basic").await);
    stage.handle.merge(beside, gone, Actor::System).await.unwrap();
    let (next, id) = broken_off(folder.path(), &text, &ids, (store, stage)).await;

    std::fs::remove_file(folder.path().join(&id).join("file")).unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), next.clone()).await;
    let failed = over(&handle, &id).await;
    assert!(matches!(failed.state, ImportState::Failed(_)) && failed.row == 0, "{failed:?}");
    let changed = {
        let mut changed = 0;
        for id in &ids {
            changed += u64::from(plan(&handle, *id).await.as_deref() == Some("gold"));
        }
        changed
    };
    let other = Wanted { tags: vec!["fair".into()], ..Wanted::default() };
    assert!(matches!(handle.run_import(&id, other).await, Err(ImportError::State(_))), "rows of it were carried out otherwise");
    let back = undone(&handle, &id).await;
    assert_eq!((back.counts.removed, back.counts.restored, back.counts.kept), (1, changed, 0));
    for id in &ids {
        assert_eq!(plan(&handle, *id).await.as_deref(), Some("free"), "{id}");
    }
    assert_eq!(handle.people(None, 300).await.unwrap().len(), ROWS + 1, "whom it made is gone");
    assert_eq!(plan(&handle, beside).await.as_deref(), Some("basic"));
    service.stop().await;
}

#[tokio::test]
async fn what_was_stopped_before_its_first_row_is_no_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    let text = "first_name\nAna\n";
    let id = uploaded(&handle, "people.csv", text).await;
    // As earlier releases left one that was stopped before its first row.
    let mut left = serde_json::to_value(handle.import(&id).await.unwrap()).unwrap();
    left["state"] = "stopped".into();
    left["began"] = serde_json::to_value(Instant::from_secs(1_767_312_000)).unwrap();
    handle.put_record("imports", &id, Some(left)).await.unwrap();
    let undo = handle.undo_import(&id, Actor::System).await;
    assert!(matches!(&undo, Err(ImportError::State(why)) if why.contains("changed nothing")), "{undo:?}");
    let tagged = Wanted { tags: vec!["fair".into()], mode: Mode::Create, ..Wanted::default() };
    let again = uploaded(&handle, "people.csv", text).await;
    handle.run_import(&again, tagged.clone()).await.unwrap();
    assert_eq!(counts(&over(&handle, &again).await), (1, 0, 0, 0), "nothing of this file was imported before");
    undone(&handle, &again).await;
    handle.run_import(&id, tagged).await.unwrap();
    assert_eq!(counts(&over(&handle, &id).await), (1, 0, 0, 0));
    service.stop().await;
}

#[tokio::test]
async fn a_row_finds_whom_an_earlier_one_made_by_whatever_they_bear() {
    // Together, and so far apart that the first one is durable by then.
    for apart in [0, 200] {
        let folder = tempfile::tempdir().unwrap();
        let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
        let mut text = "phone,mobile,plan\n+491701111111,+491702222222,free\n".to_owned();
        (0..apart).for_each(|n| writeln!(text, "+4917033{n:05},,free").unwrap());
        text.push_str("+491702222222,,gold\n");
        let id = uploaded(&handle, "people.csv", &text).await;
        handle.check_import(&id, Wanted::default()).await.unwrap();
        assert_eq!(counts(&over(&handle, &id).await), (1 + apart, 1, 0, 0), "as a dry run says");
        handle.run_import(&id, Wanted::default()).await.unwrap();
        assert_eq!(counts(&over(&handle, &id).await), (1 + apart, 1, 0, 0), "{apart} apart");
        let people = handle.people(None, 300).await.unwrap();
        let gold: Vec<&Contact> =
            people.iter().map(|person| &person.contact).filter(|one| one.attributes["plan"] == Value::text("gold")).collect();
        assert_eq!((people.len() as u64, gold.len()), (1 + apart, 1));
        assert_eq!(gold[0].system["phone"], Value::text("+491701111111"), "the other number is theirs beside it");
        // The first row says what they were.
        assert_eq!(counts(&run(&handle, text.replace("222222,free", "222222,gold")).await), (0, 0, 2 + apart, 0));

        // The same of a number that an earlier row of the file adds to somebody.
        let text = "phone,mobile,plan\n+491701111111,+491704444444,\n+491704444444,,silver\n";
        assert_eq!(counts(&run(&handle, text).await), (0, 2, 0, 0));
        assert_eq!(handle.people(None, 300).await.unwrap().len() as u64, 1 + apart);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_row_that_takes_back_what_the_one_before_it_says_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let Stage { handle, service, .. } = opened(folder.path(), store.clone()).await;
    let (first, ana, last) = (known(&handle, 0, "free").await, known(&handle, 1, "free").await, known(&handle, 2, "free").await);
    let (held, behind) = (store.hold_reads(first), store.hold_reads(last));
    let text = "email,plan\np0@shop.example,\np1@shop.example,gold\np1@shop.example,free\np1@shop.example,free\np2@shop.example,\n";
    let id = uploaded(&handle, "people.csv", text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    stands(&held).await;
    // The disk is slow: no row is durable when the next one is read.
    store.order(Fault::Hold);
    drop(held);
    stands(&behind).await;
    store.release_all();
    drop(behind);
    assert_eq!(counts(&over(&handle, &id).await), (0, 4, 1, 0));
    assert_eq!(plan(&handle, ana).await.as_deref(), Some("free"));
    service.stop().await;
}

#[tokio::test]
async fn a_corrected_address_takes_the_place_of_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, clock } = opened(folder.path(), MemStore::new()).await;
    run(&handle, "external,email\nK1,old@shop.example\n").await;
    let id = handle.people(None, 9).await.unwrap()[0].contact.id;
    clock.advance(MINUTE);
    let corrected = run(&handle, "external,email\nK1,new@shop.example\n").await;
    let named = async |kind: IdentifierKind| {
        let all = contact(&handle, id).await.identifiers;
        all.into_iter().filter(|one| one.kind == kind).map(|one| one.value).collect::<Vec<_>>()
    };
    assert_eq!(named(IdentifierKind::Email).await, ["new@shop.example"]);
    assert_eq!(named(IdentifierKind::External).await, ["K1"]);
    let lines = crm::export::Lines::new(crm::export::Format::Csv, crm::export::Column::usual(handle.bot().attributes()));
    let export = [lines.head(), lines.line(&contact(&handle, id).await)].concat();
    assert_eq!(counts(&run(&handle, export).await), (0, 0, 1, 0), "what is exported says what is so");
    clock.advance(MINUTE);
    undone(&handle, &corrected.id).await;
    assert_eq!(named(IdentifierKind::Email).await, ["old@shop.example"]);
    service.stop().await;
}

#[tokio::test]
async fn rows_without_a_key_are_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    let create = Wanted { mode: Mode::Create, ..Wanted::default() };
    let text = "email,first_name\nana@shop.example,Ana\n,Ben\n";
    let id = uploaded(&handle, "people.csv", text).await;
    handle.run_import(&id, create.clone()).await.unwrap();
    assert_eq!(counts(&over(&handle, &id).await), (2, 0, 0, 0));
    let again = uploaded(&handle, "people.csv", text).await;
    let refused = handle.run_import(&again, create.clone()).await;
    assert!(matches!(&refused, Err(ImportError::State(why)) if why.contains("again")), "{refused:?}");
    assert_eq!(handle.people(None, 9).await.unwrap().len(), 2);
    handle.run_import(&again, Wanted { again: true, ..create }).await.unwrap();
    assert_eq!(counts(&over(&handle, &again).await), (1, 0, 0, 1));
    service.stop().await;
}

#[tokio::test]
async fn keys_that_turn_up_late_are_among_what_is_to_be_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    let mut text = String::new();
    (1..300).for_each(|n| writeln!(text, "{{\"email\":\"p{n}@shop.example\"}}").unwrap());
    text.push_str("{\"email\":\"late@shop.example\",\"rank\":\"three\",\"colour\":\"red\"}\n");
    let id = uploaded(&handle, "people.jsonl", &text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    let done = over(&handle, &id).await;
    assert_eq!(counts(&done), (299, 0, 0, 1));
    let columns: Vec<_> = done.columns.iter().map(|column| (column.name.as_str(), column.field.as_deref())).collect();
    assert_eq!(columns, [("email", Some("email")), ("rank", Some("rank")), ("colour", None)]);
    let wrong = handle.wrong_rows(&id, 0, 10).await.unwrap();
    let lines = ErrorLines::new(done.shape, done.columns.iter().map(|column| column.name.clone()).collect());
    let line = String::from_utf8(lines.line(&wrong[0].cells(), &wrong[0].faults)).unwrap();
    for kept in ["\"rank\":\"three\"", "\"colour\":\"red\"", "late@shop.example", "\"_error\":\"rank: "] {
        assert!(line.contains(kept), "{kept}: {line}");
    }
    assert_eq!(counts(&run(&handle, line.replace("three", "two")).await), (1, 0, 0, 0));
    service.stop().await;
}

#[tokio::test]
async fn a_broken_letter_is_an_error_of_its_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    let mut text = "email,first_name,colour\n".as_bytes().to_vec();
    (0..100).for_each(|n| text.extend(format!("p{n}@shop.example,Jürgen,grün\n").bytes()));
    // Cut within a letter; the last one is in a column that is not imported.
    text.extend(b"cut@shop.example,J\xC3,red\nfine@shop.example,J,gr\xC3\n");
    let done = run(&handle, text).await;
    assert_eq!((counts(&done), done.broken), ((101, 0, 0, 1), 2));
    let wrong = handle.wrong_rows(&done.id, 0, 10).await.unwrap();
    let fault = &wrong[0].faults[0];
    assert_eq!((fault.row, fault.column.as_deref(), fault.cell.as_str()), (102, Some("first_name"), "J\u{FFFD}"));
    assert_eq!(wrong[0].cells()[1], Cell::Text("J\u{FFFD}".into()));
    assert_eq!(contact(&handle, handle.people(None, 1).await.unwrap()[0].contact.id).await.system["first_name"], Value::text("Jürgen"));
    service.stop().await;
}

#[tokio::test]
async fn who_opted_out_and_was_erased_is_not_subscribed_again_by_a_file_from_before() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    let id = known(&handle, 0, "free").await;
    let refusal = Change::Consent { topic: "messages".into(), channel: None, given: false, proof: "stop".into() };
    handle.modify(id, vec![refusal, Change::SetStatus("unsubscribed".into())], Actor::System).await.unwrap();
    handle.erase(id, Actor::System).await.unwrap();
    // Made by the first time, there already at the second.
    for expected in [(2, 0, 0, 0), (0, 0, 2, 0)] {
        assert_eq!(counts(&run(&handle, "email,status\np0@shop.example,active\nelse@shop.example,active\n").await), expected);
        let people = handle.people(None, 9).await.unwrap();
        let status: Vec<&str> = people.iter().map(|person| person.contact.status.as_str()).collect();
        assert_eq!(status, ["unsubscribed", "active"]);
    }
    // Nor by a program.
    handle.erase(handle.people(None, 1).await.unwrap()[0].contact.id, Actor::System).await.unwrap();
    let email = Change::AddIdentifier(IdentifierKind::Email, "p0@shop.example".into());
    let again = ContactId(99 << 80);
    handle.create_contact(again, "api", vec![email, Change::SetStatus("active".into())], Actor::System).await.unwrap();
    assert_eq!(contact(&handle, again).await.status, "unsubscribed");
    service.stop().await;
}

#[tokio::test]
async fn days_are_asked_about_before_the_first_row_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let Stage { handle, service, .. } = opened(folder.path(), MemStore::new()).await;
    // A column that turns up behind the rows that are looked at to begin with.
    let mut objects = String::new();
    for n in 0..300 {
        writeln!(objects, "{{\"email\": \"p{n}@shop.example\", \"born\": \"1990-01-02\"}}").unwrap();
    }
    objects += "{\"email\": \"last@shop.example\", \"joined\": \"03/04/2026\"}\n";
    // Not all of it is written alike, and a row that is wrong stands before the one that is asked about.
    let latin = b"email;plan;born\nana@shop.example;Caf\xE9;1990-01-02\nnobody;x;never\nben@shop.example;y;03/04/1990;z\n".to_vec();
    for (name, text, told) in [("people.jsonl", objects.into_bytes(), (301, "joined")), ("people.csv", latin, (4, "born"))] {
        let id = uploaded(&handle, name, text).await;
        handle.run_import(&id, Wanted::default()).await.unwrap();
        let asks = over(&handle, &id).await;
        let ImportState::Asks(fault) = &asks.state else { panic!("{name}: {asks:?}") };
        assert_eq!((fault.row, fault.column.as_deref()), (told.0, Some(told.1)), "{name}: {fault:?}");
        assert_eq!((asks.began, asks.counts.rows(), handle.people(None, 10).await.unwrap().len()), (None, 0, 0), "{name}");
        handle.run_import(&id, Wanted { dates: Some(DateOrder::Dmy), ..Wanted::default() }).await.unwrap();
        let done = over(&handle, &id).await;
        assert_eq!((&done.state, done.counts.created > 0), (&ImportState::Done, true), "{name}: {done:?}");
        undone(&handle, &id).await;
    }
    service.stop().await;
}

#[tokio::test]
async fn a_row_puts_nobody_on_a_list_that_was_deleted_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let Stage { handle, service, .. } = opened(folder.path(), store.clone()).await;
    let ana = known(&handle, 0, "free").await;
    let beta =
        StoredSegment { key: "beta".into(), name: "Beta".into(), description: None, condition: None, exclude: Vec::new(), verified: false };
    handle.put_segment(beta.clone(), &Expect::Absent, Actor::System).await.unwrap();
    let held = store.hold_reads(ana);
    let id = uploaded(&handle, "people.csv", "email,plan\np0@shop.example,gold\n").await;
    handle.run_import(&id, Wanted { list: Some("beta".into()), ..Wanted::default() }).await.unwrap();
    stands(&held).await;
    handle.delete_segment("beta", &Expect::Present).await.unwrap();
    drop(held);
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, counts(&done)), (&ImportState::Done, (0, 1, 0, 0)), "{done:?}");
    assert_eq!((contact(&handle, ana).await.lists.len(), plan(&handle, ana).await.as_deref()), (0, Some("gold")));
    handle.put_segment(beta, &Expect::Absent, Actor::System).await.unwrap();
    assert_eq!(handle.segment_sizes(&["beta"]), [0]);
    service.stop().await;
}
