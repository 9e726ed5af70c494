//! Files of events: tried, recorded once however often they are told, broken off, and taken out again with segments as a recount has them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use crm::import::{Kind, Options as Wanted, Unknown};
use model::{Actor, Change, ContactId, EventRecord, IdentifierKind, Instant, JourneyKind};
use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};
use store::{MemBlobs, MemStore, Store as _};
use switchboard_runtime::{Handle, Import, ImportError, ImportState, ManualClock, Options, Service, Told, start};

const FILES: &[(&str, &str)] = &[
    (
        "segments.yaml",
        "buyers: { name: Buyers, where: 'count(purchase, last 30 days) >= 2' }\nbig: { name: Big, where: 'sum(purchase.total) > 100' }\n",
    ),
    ("skills/bought.yaml", "skill: bought\ncatch: [{ event: purchase }]\nblocks:\n  tag: { add_tag: thanked }\n"),
    (
        "skills/moved.yaml",
        "skill: moved\ncatch: [{ segment: { entered: buyers } }, { segment: { left: buyers } }]\nblocks:\n  tag: { add_tag: moved }\n",
    ),
];

/// Ana bought twice within a month, told once too often; Ben long ago and lately; nobody knows Cid.
const ORDERS: &str = "E-Mail;event;at;total\r\n\
                      ana@shop.example;purchase;2025-12-20 10:00;60,5\r\n\
                      ana@shop.example;purchase;2025-12-30T10:00:00Z;50\r\n\
                      cid@shop.example;purchase;2025-12-30;1\r\n\
                      ana@shop.example;purchase;2025-12-20 10:00;60,5\r\n\
                      ben@shop.example;purchase;2025-06-01;70\r\n\
                      ben@shop.example;purchase;2025-12-31;5\r\n\
                      ben@shop.example;two words;soon;5\r\n";

async fn opened(folder: &Path, store: MemStore) -> Service {
    let options = Options {
        bot: world::bot_files(FILES),
        pinned: Vec::new(),
        store: Arc::new(store),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        // 2026-01-02 00:00 UTC.
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_767_312_000))),
        seed: 5,
        outside: None,
        at_rest: false,
    };
    let service = start(options).await.unwrap();
    service.handle.imports_in(folder).await.unwrap();
    service
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

async fn uploaded(handle: &Handle, text: &str) -> String {
    let mut upload = handle.upload("orders.csv").unwrap().of(Kind::Events);
    upload.write(text.as_bytes()).unwrap();
    handle.uploaded(upload, Actor::System).await.unwrap().id
}

async fn run(handle: &Handle, text: &str, options: &Wanted) -> Import {
    let id = uploaded(handle, text).await;
    handle.run_import(&id, options.clone()).await.unwrap();
    let done = over(handle, &id).await;
    assert_eq!(done.state, ImportState::Done, "{done:?}");
    done
}

async fn undone(handle: &Handle, id: &str) -> Import {
    handle.undo_import(id, Actor::Api("shop".into())).await.unwrap();
    let import = over(handle, id).await;
    assert_eq!(import.state, ImportState::Undone, "{import:?}");
    import
}

async fn known(handle: &Handle, n: u128, email: &str) -> ContactId {
    let id = ContactId(n << 80);
    let email = Change::AddIdentifier(IdentifierKind::Email, email.into());
    handle.create_contact(id, "api", vec![email], Actor::System).await.unwrap();
    id
}

async fn events(handle: &Handle, id: ContactId) -> Vec<EventRecord> {
    handle.events(id, 0, usize::MAX).await.unwrap()
}

/// What is kept of who is in which segment, and what a recount of everybody's records says.
async fn segments(handle: &Handle) -> Vec<(&'static str, Vec<ContactId>)> {
    let mut all = Vec::new();
    for key in ["buyers", "big"] {
        let kept = handle.segment_page(key, None, 100).await.unwrap().ids;
        let mut counted = Vec::new();
        for person in handle.people(None, 100).await.unwrap() {
            if handle.why_in_segment(person.contact.id, key).await.is_some_and(|why| why.verdict.is_true()) {
                counted.push(person.contact.id);
            }
            assert_eq!(person.contact.memberships.contains_key(key), kept.contains(&person.contact.id), "{key} of {}", person.contact.id);
        }
        assert_eq!(kept.iter().collect::<BTreeSet<_>>(), counted.iter().collect::<BTreeSet<_>>(), "{key}");
        all.push((key, kept));
    }
    all
}

/// No flow was told of anything.
async fn nothing_began(handle: &Handle) {
    for person in handle.people(None, 100).await.unwrap() {
        assert!(person.contact.tags.is_empty() && person.conversations.is_empty(), "{person:?}");
    }
}

#[tokio::test]
async fn a_file_is_tried_recorded_once_and_taken_out_to_the_last_membership() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    let (ana, ben) = (known(&handle, 1, "ana@shop.example").await, known(&handle, 2, "ben@shop.example").await);
    // Something that no import brought.
    let visit = Told { name: "visit".into(), fields: Default::default(), at: None, once: None };
    handle.raise_all(ana, vec![visit], &Actor::Api("shop".into())).await.remove(0).unwrap();

    let id = uploaded(&handle, ORDERS).await;
    let columns: Vec<String> = handle.import(&id).await.unwrap().columns.into_iter().filter_map(|column| column.field).collect();
    assert_eq!(columns, ["email", "event", "at", "fields.total:number"]);
    handle.check_import(&id, Wanted::default()).await.unwrap();
    let checked = over(&handle, &id).await;
    let counts = |import: &Import| (import.counts.recorded, import.counts.unchanged, import.counts.failed, import.counts.rows());
    assert_eq!((&checked.state, counts(&checked)), (&ImportState::Checked, (4, 1, 2, 7)));
    assert_eq!((events(&handle, ana).await.len(), segments(&handle).await[0].1.len()), (1, 0), "nothing was changed");
    let wrong = handle.wrong_rows(&id, 0, 10).await.unwrap();
    let faults: Vec<(u64, Option<&str>)> = wrong.iter().flat_map(|row| &row.faults).map(|f| (f.row, f.column.as_deref())).collect();
    assert_eq!(faults, [(4, Some("E-Mail")), (8, Some("event")), (8, Some("at"))]);

    handle.run_import(&id, Wanted::default()).await.unwrap();
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, counts(&done)), (&ImportState::Done, (4, 1, 2, 7)));
    let recorded: Vec<(String, Instant)> = events(&handle, ben).await.into_iter().map(|event| (event.name, event.at)).collect();
    // On the last day of the year and on the first of June.
    let at = Instant::from_secs;
    assert_eq!(recorded, [("purchase".into(), at(1_767_139_200)), ("purchase".into(), at(1_748_736_000))]);
    assert_eq!(segments(&handle).await, [("buyers", vec![ana]), ("big", vec![ana])], "an old one counts as an old one");
    nothing_began(&handle).await;

    let again = run(&handle, ORDERS, &Wanted::default()).await;
    assert_eq!(counts(&again), (0, 5, 2, 7), "the same file changes nothing");
    assert_eq!(undone(&handle, &again.id).await.counts.withdrawn, 0, "what it recorded is nothing");
    assert_eq!(events(&handle, ana).await.len(), 3);

    let back = undone(&handle, &id).await;
    assert_eq!((back.counts.withdrawn, back.counts.kept, back.counts.removed), (4, 0, 0));
    let left: Vec<String> = events(&handle, ana).await.into_iter().map(|event| event.name).collect();
    assert_eq!((left, events(&handle, ben).await.len()), (vec!["visit".to_owned()], 0), "just what it recorded");
    assert_eq!(segments(&handle).await, [("buyers", vec![]), ("big", vec![])]);
    nothing_began(&handle).await;
    let journey = handle.newest_journey(ana, 0, 10).await.unwrap();
    assert!(journey.iter().any(|line| matches!(&line.what, JourneyKind::ImportUndone { import } if *import == id)), "{journey:?}");
    assert!(journey.iter().any(|line| matches!(&line.what, JourneyKind::SegmentLeft(left) if left.segment == "buyers")), "{journey:?}");
    service.stop().await;

    // What is read from the store at a start is the same.
    let service = opened(folder.path(), store.crash()).await;
    let handle = service.handle.clone();
    assert_eq!((events(&handle, ana).await.len(), events(&handle, ben).await.len()), (1, 0));
    assert_eq!(segments(&handle).await, [("buyers", vec![]), ("big", vec![])]);
    let anew = run(&handle, ORDERS, &Wanted::default()).await;
    assert_eq!(counts(&anew), (4, 1, 2, 7), "what was taken back can be told again");
    assert_eq!(segments(&handle).await, [("buyers", vec![ana]), ("big", vec![ana])]);
    service.stop().await;
}

#[tokio::test]
async fn contacts_who_are_not_there_are_made_if_that_is_asked_for_and_go_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let text = "email,event,at\nnew@shop.example,purchase,2025-12-30\nnew@shop.example,purchase,2025-12-31\n\
                other@shop.example,purchase,2025-12-31\n";
    let options = Wanted { unknown: Unknown::Create, source: Some("shop".into()), ..Wanted::default() };
    let id = uploaded(&handle, text).await;
    handle.check_import(&id, options.clone()).await.unwrap();
    let checked = over(&handle, &id).await;
    assert_eq!((checked.counts.recorded, checked.counts.made), (3, 2));
    assert!(handle.people(None, 9).await.unwrap().is_empty());
    handle.run_import(&id, options).await.unwrap();
    let done = over(&handle, &id).await;
    assert_eq!((done.counts.recorded, done.counts.made, done.counts.failed), (3, 2, 0), "{done:?}");
    let people = handle.people(None, 9).await.unwrap();
    assert!(people.iter().all(|person| person.contact.source == "shop"), "{people:?}");
    assert_eq!(segments(&handle).await[0].1, [people[0].contact.id], "both events are of the one who was made by the first");
    nothing_began(&handle).await;

    let touched = people[1].contact.id;
    handle.modify(touched, vec![Change::AddTag("mine".into())], Actor::System).await.unwrap();
    let back = undone(&handle, &id).await;
    assert_eq!((back.counts.withdrawn, back.counts.removed, back.counts.kept), (3, 1, 1), "somebody did something with the other one");
    let left = handle.people(None, 9).await.unwrap();
    assert_eq!(left.iter().map(|person| person.contact.id).collect::<Vec<_>>(), [touched]);
    assert!(events(&handle, touched).await.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn events_without_a_time_are_of_now_once_for_each_file_and_flows_start_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let ana = known(&handle, 1, "ana@shop.example").await;
    let text = "email,note\nana@shop.example,first\nana@shop.example,first\n";
    let id = uploaded(&handle, text).await;
    let named = Wanted { event: Some("purchase".into()), ..Wanted::default() };
    let refused = handle.run_import(&id, named.clone()).await;
    assert!(matches!(&refused, Err(ImportError::Invalid(why)) if why.contains("--now")), "{refused:?}");
    let now = Wanted { now: true, ..named };
    handle.run_import(&id, now.clone()).await.unwrap();
    assert_eq!(over(&handle, &id).await.counts.recorded, 2, "two rows that say the same are two events");
    assert!(events(&handle, ana).await.iter().all(|event| event.at == handle.now()));
    nothing_began(&handle).await;
    let again = run(&handle, text, &now).await;
    assert_eq!((again.counts.recorded, again.counts.unchanged), (0, 2), "the very same file");
    let once_more = run(&handle, text, &Wanted { again: true, ..now.clone() }).await;
    assert_eq!(once_more.counts.recorded, 2);

    let starting = run(&handle, &format!("{text}ana@shop.example,second\n"), &Wanted { start: true, ..now }).await;
    assert_eq!(starting.counts.recorded, 3);
    let person = &handle.people(None, 9).await.unwrap()[0];
    assert!(person.contact.tags.contains_key(&model::TagKey::of("thanked")), "the flow that catches it began: {person:?}");
    service.stop().await;
}

#[tokio::test]
async fn an_import_that_a_crash_broke_off_goes_on_and_records_nothing_twice() {
    const ROWS: usize = 6_000;
    const PEOPLE: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    for n in 0..PEOPLE {
        known(&handle, n as u128 + 1, &format!("p{n}@shop.example")).await;
    }
    let mut text = "email,event,at,n\n".to_owned();
    for n in 0..ROWS {
        writeln!(text, "p{}@shop.example,purchase,2025-12-{:02} 10:00,{n}", n % PEOPLE, n % 28 + 1).unwrap();
    }
    let id = uploaded(&handle, &text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    while handle.import(&id).await.unwrap().row == 0 {
        tokio::task::yield_now().await;
    }
    // What is handed over from now on is lost with the process.
    let next = store.crash();
    service.stop().await;
    let left: Import = serde_json::from_value(next.record("imports", &id).unwrap().unwrap()).unwrap();
    assert!(left.state == ImportState::Running && (1..ROWS as u64).contains(&left.row), "it was under way: {left:?}");

    let service = opened(folder.path(), next.clone()).await;
    let handle = service.handle.clone();
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, done.counts.recorded, done.counts.rows()), (&ImportState::Done, ROWS as u64, ROWS as u64), "{done:?}");
    for person in handle.people(None, PEOPLE).await.unwrap() {
        let all = events(&handle, person.contact.id).await;
        let told: BTreeSet<String> = all.iter().map(|event| event.fields["n"].to_json().to_string()).collect();
        assert_eq!((all.len(), told.len()), (ROWS / PEOPLE, ROWS / PEOPLE), "each once");
    }
    assert_eq!(segments(&handle).await[0].1.len(), PEOPLE);
    assert_eq!(undone(&handle, &id).await.counts.withdrawn, ROWS as u64, "all of them, those before the crash too");
    assert_eq!(segments(&handle).await[0].1.len(), 0);
    nothing_began(&handle).await;
    service.stop().await;
}

#[tokio::test]
async fn what_broke_off_before_it_was_written_down_how_far_it_was_is_taken_out_whole() {
    const ROWS: usize = 500;
    const PEOPLE: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    for n in 0..=PEOPLE {
        known(&handle, n as u128 + 1, &format!("p{n}@shop.example")).await;
    }
    let mut text = "email,event,at,n\n".to_owned();
    for n in 1..ROWS {
        writeln!(text, "p{}@shop.example,purchase,2025-12-{:02} 10:00,{n}", n % PEOPLE, n % 28 + 1).unwrap();
    }
    writeln!(text, "p{PEOPLE}@shop.example,purchase,2025-12-31 10:00,0").unwrap();
    // It stands where the contact of the last row is looked up.
    let held = store.hold_reads(ContactId((PEOPLE as u128 + 1) << 80));
    let id = uploaded(&handle, &text).await;
    handle.run_import(&id, Wanted::default()).await.unwrap();
    while held.waiting() == 0 || events(&handle, ContactId(1 << 80)).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let next = store.crash();
    drop(held);
    service.stop().await;
    let left: Import = serde_json::from_value(next.record("imports", &id).unwrap().unwrap()).unwrap();
    assert_eq!((&left.state, left.row), (&ImportState::Running, 0), "nothing was written down of its rows");

    let service = opened(folder.path(), next).await;
    let handle = service.handle.clone();
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, done.counts.recorded, done.counts.unchanged), (&ImportState::Done, ROWS as u64, 0), "{done:?}");
    assert_eq!(undone(&handle, &id).await.counts.withdrawn, ROWS as u64);
    assert_eq!(segments(&handle).await, [("buyers", vec![]), ("big", vec![])]);
    service.stop().await;
}

#[tokio::test]
async fn what_broke_off_and_cannot_go_on_is_taken_out_whole() {
    const ROWS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    let (ana, last) = (known(&handle, 1, "ana@shop.example").await, known(&handle, 2, "last@shop.example").await);
    let mut text = "email,event,at,n\nnew@shop.example,purchase,2025-12-30,0\n".to_owned();
    (0..ROWS).for_each(|n| writeln!(text, "ana@shop.example,purchase,2025-12-{:02} 10:00,{n}", n % 28 + 1).unwrap());
    text.push_str("last@shop.example,purchase,2025-12-31,0\n");
    let held = store.hold_reads(last);
    let id = uploaded(&handle, &text).await;
    handle.run_import(&id, Wanted { unknown: Unknown::Create, ..Wanted::default() }).await.unwrap();
    while held.waiting() == 0 || events(&handle, ana).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let next = store.crash();
    drop(held);
    service.stop().await;
    std::fs::remove_file(folder.path().join(&id).join("file")).unwrap();

    let service = opened(folder.path(), next).await;
    let handle = service.handle.clone();
    let failed = over(&handle, &id).await;
    assert!(matches!(failed.state, ImportState::Failed(_)) && failed.row == 0, "{failed:?}");
    let recorded = events(&handle, ana).await.len() as u64;
    assert!(recorded > 0 && handle.people(None, 9).await.unwrap().len() == 3, "rows of it were carried out");
    let back = undone(&handle, &id).await;
    assert_eq!((back.counts.removed, back.counts.withdrawn, back.counts.kept), (1, recorded + 1, 0));
    assert_eq!((handle.people(None, 9).await.unwrap().len(), events(&handle, ana).await.len()), (2, 0));
    assert_eq!(segments(&handle).await, [("buyers", vec![]), ("big", vec![])]);
    service.stop().await;
}

#[tokio::test]
async fn many_events_of_one_contact_each_begin_their_flow() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let ana = known(&handle, 1, "ana@shop.example").await;
    let mut text = "email,event,at,n\n".to_owned();
    for n in 0..20 {
        writeln!(text, "ana@shop.example,purchase,2025-12-31,{n}").unwrap();
    }
    let done = run(&handle, &text, &Wanted { start: true, ..Wanted::default() }).await;
    assert_eq!((done.counts.recorded, events(&handle, ana).await.len()), (20, 20));
    let journey = handle.newest_journey(ana, 0, 1_000).await.unwrap();
    assert!(!journey.iter().any(|line| matches!(line.what, JourneyKind::Error(_))), "{journey:?}");
    service.stop().await;
}

#[tokio::test]
async fn an_event_told_twice_among_known_ones_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let ana = known(&handle, 1, "ana@shop.example").await;
    let head = "email,event,at\n";
    let (old, new) = ("ana@shop.example,purchase,2025-12-01\n", "ana@shop.example,purchase,2025-12-02\n");
    run(&handle, &format!("{head}{old}"), &Wanted::default()).await;
    // What is known is read while the new one is on its way; the last row comes long after it landed.
    let mut text = format!("{head}{new}{old}");
    for n in 0..300 {
        writeln!(text, "ana@shop.example,visit,2025-12-03 10:{:02}:{:02}", n / 60, n % 60).unwrap();
    }
    text.push_str(new);
    let done = run(&handle, &text, &Wanted::default()).await;
    assert_eq!((done.counts.recorded, done.counts.unchanged), (301, 2));
    let bought = events(&handle, ana).await.into_iter().filter(|event| event.name == "purchase").count();
    assert_eq!(bought, 2);
    service.stop().await;
}

#[tokio::test]
async fn what_happened_does_not_change_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let ana = known(&handle, 1, "ana@shop.example").await;
    let file = |rows: &[&str]| format!("email,event,at,event_id,total\n{}", rows.concat());
    let (paid, more) = ("ana@shop.example,paid,2025-12-01,P1,10\n", "ana@shop.example,paid,2025-12-01,P1,12\n");
    let later = "ana@shop.example,paid,2025-12-02,P1,10\n";
    // In one file, while the first one is still on its way, and in a later one; a number that is taken for a text says the same.
    let done = run(&handle, &file(&[paid, more, paid]), &Wanted::default()).await;
    assert_eq!((done.counts.recorded, done.counts.unchanged, done.counts.failed), (1, 1, 1));
    let wrong = handle.wrong_rows(&done.id, 0, 10).await.unwrap();
    assert!(wrong[0].row == 3 && wrong[0].faults[0].why.contains("what happened does not change"), "{wrong:?}");
    for wrong in [more, later] {
        let done = run(&handle, &file(&[wrong]), &Wanted::default()).await;
        assert_eq!((done.counts.recorded, done.counts.failed), (0, 1), "{wrong}");
    }
    // What the columns are is the file's: a total that is a text there, blanks, a column more or less say nothing else.
    let odd = ["ana@shop.example,paid,2025-12-01,P1,10.0\n", "ana@shop.example,paid,2025-12-03,P2,none\n"];
    let done = run(&handle, &file(&odd), &Wanted::default()).await;
    assert_eq!((done.counts.recorded, done.counts.unchanged, done.counts.failed), (1, 1, 0));
    let less = "email,event,at,event_id,note\nana@shop.example,paid,2025-12-01,P1,x\n";
    assert_eq!(run(&handle, less, &Wanted::default()).await.counts.unchanged, 1);
    assert_eq!(events(&handle, ana).await.len(), 2);
    // Two of the same id, of contacts who are one now.
    let ben = known(&handle, 2, "ben@shop.example").await;
    let bens = more.replace("ana@", "ben@");
    assert_eq!(run(&handle, &file(&[&bens]), &Wanted::default()).await.counts.recorded, 1);
    handle.merge(ana, ben, Actor::System).await.unwrap();
    assert_eq!(run(&handle, &file(&[paid, &bens]), &Wanted::default()).await.counts.unchanged, 2);
    service.stop().await;
}

#[tokio::test]
async fn one_list_is_told_of_different_events() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    known(&handle, 1, "ana@shop.example").await;
    let list = "email\nana@shop.example\n";
    let named = |name: &str| Wanted { event: Some(name.into()), now: true, ..Wanted::default() };
    // They have one of that name from elsewhere.
    for (name, rows) in [("invited", list), ("reminded", "email,note\nana@shop.example,x\n"), ("reminded", list)] {
        assert_eq!(run(&handle, rows, &named(name)).await.counts.recorded, 1, "{name}");
    }
    assert_eq!(run(&handle, list, &named("invited")).await.counts.unchanged, 1);
    service.stop().await;
}

#[tokio::test]
async fn an_event_is_known_whatever_its_contact_is_found_by() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let (ana, ben) = (known(&handle, 1, "ana@shop.example").await, known(&handle, 2, "ben@shop.example").await);
    // Two who bear the same, so that a row means either or neither.
    let phone = || vec![Change::AddIdentifier(IdentifierKind::Phone, "+351911111111".into())];
    for n in [3, 4] {
        handle.create_contact(ContactId(n << 80), "api", phone(), Actor::System).await.unwrap();
    }
    let file = |key: &str, value: &str| format!("{key},event,at\n{value},paid,2025-12-01\n");
    assert_eq!(run(&handle, &file("email", "ana@shop.example"), &Wanted::default()).await.counts.recorded, 1);
    assert_eq!(run(&handle, &file("id", &ana.to_string()), &Wanted::default()).await.counts.unchanged, 1);
    assert_eq!(run(&handle, &file("contact", "ana@shop.example"), &Wanted::default()).await.counts.unchanged, 1);
    // By the id that somebody had before they became another one.
    handle.merge(ben, ana, Actor::System).await.unwrap();
    for id in [ana, ben] {
        assert_eq!(run(&handle, &file("id", &id.to_string()), &Wanted::default()).await.counts.unchanged, 1, "{id}");
    }
    assert_eq!(run(&handle, &file("phone", "+351911111111"), &Wanted::default()).await.counts.failed, 1);
    // Of somebody whom the file makes: told twice in it, and again.
    let made = "email,event,at\nnew@shop.example,paid,2025-12-01\nnew@shop.example,paid,2025-12-01\nnew@shop.example,paid,2025-12-02\n";
    let create = Wanted { unknown: Unknown::Create, ..Wanted::default() };
    let done = run(&handle, made, &create).await;
    assert_eq!((done.counts.made, done.counts.recorded, done.counts.unchanged), (1, 2, 1));
    assert_eq!(run(&handle, made, &create).await.counts.unchanged, 3);
    service.stop().await;
}

#[tokio::test]
async fn days_of_events_are_asked_about_before_the_first_row_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path(), MemStore::new()).await;
    let handle = service.handle.clone();
    let ana = known(&handle, 1, "ana@shop.example").await;
    let rows = "email,event,at,due\nana@shop.example,paid,1700000000,2025-12-31\nana@shop.example,two words,2025-12-01,\n";
    for (row, column) in [("ana@shop.example,paid,03/04/2025,\n", "at"), ("ana@shop.example,paid,2025-12-02,03/04/2025\n", "due")] {
        let id = uploaded(&handle, &format!("{rows}{row}")).await;
        handle.run_import(&id, Wanted::default()).await.unwrap();
        let asks = over(&handle, &id).await;
        let ImportState::Asks(fault) = &asks.state else { panic!("{asks:?}") };
        assert_eq!((fault.row, fault.column.as_deref()), (4, Some(column)), "{fault:?}");
        assert_eq!(events(&handle, ana).await.len(), 0);
    }
    service.stop().await;
}
