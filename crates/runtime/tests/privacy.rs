//! What is left of somebody who was erased while others write about them, and files: nothing of theirs comes back, nothing of others goes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Hub;
use model::{Actor, Address, AgentId, BlobId, Change, ContactId, Content, IdentifierKind, Instant};
use serde_json::{Value, json};
use std::{sync::Arc, task::Poll};
use store::{Blobs, Commit, Fault, MemBlobs, MemStore, RecordPut, Store};
use switchboard_runtime::{
    Agent, DeskError, Handle, Import, ImportState, ManualClock, Options, Service,
    privacy::{Progress, UPLOADS_KEPT, UPLOADS_OF_AGENTS},
    start,
};
use world::{address, served};

const MAIL: &str = "ana.quvplth@shop.example";

struct Stage {
    service: Service,
    handle: Handle,
    store: MemStore,
    blobs: MemBlobs,
    clock: ManualClock,
    folder: tempfile::TempDir,
}

fn by() -> Actor {
    Actor::Api("shop".into())
}

async fn stage() -> Stage {
    let (store, blobs) = (MemStore::new(), MemBlobs::new());
    let clock = ManualClock::new(Instant::from_secs(1_767_312_000));
    let channels = vec![served::fetched("web")];
    let service = start(Options { blobs: Arc::new(blobs.clone()), ..served::options(world::bot_files(&[]), &store, &clock, channels) });
    let service = service.await.unwrap();
    let (handle, folder) = (service.handle.clone(), tempfile::tempdir().unwrap());
    handle.imports_in(folder.path()).await.unwrap();
    Stage { service, handle, store, blobs, clock, folder }
}

impl Stage {
    fn hub(&self) -> Arc<dyn Hub> {
        self.handle.hub("web")
    }

    async fn say(&self, at: &Address, id: &str, text: &str, file: Option<&BlobId>) -> ContactId {
        self.hub().accept(served::message(at, id, text, file)).await.unwrap();
        self.hub().settled(at, 60_000).await;
        self.store.person_at(at).unwrap().unwrap()
    }

    /// Records in which a text stands, and files of imports.
    fn places(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let each = &mut |table: &str, key: &str, value: Value| {
            if format!("{key} {value}").to_lowercase().contains(text) {
                found.push(format!("{table}/{key}"));
            }
        };
        self.store.each_record(each).unwrap();
        for import in std::fs::read_dir(self.folder.path()).unwrap() {
            for file in std::fs::read_dir(import.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase().contains(text) {
                    found.push(path.strip_prefix(self.folder.path()).unwrap().display().to_string());
                }
            }
        }
        found
    }

    async fn noted(&self, file: &BlobId) {
        self.handle.put_record("retention_files", &file.0, Some(true.into())).await.unwrap();
    }
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

#[tokio::test]
async fn an_import_that_goes_on_writes_nobody_back_who_was_erased_meanwhile() {
    const MANY: usize = 3_000;
    let stage = stage().await;
    let (ana, bob, handle) = (ContactId(7 << 80), ContactId(8 << 80), stage.handle.clone());
    let in_the_middle = format!("bob{}@example.com", MANY / 2);
    for (contact, mail) in [(ana, MAIL), (bob, in_the_middle.as_str())] {
        handle.create_contact(contact, "api", vec![Change::AddIdentifier(IdentifierKind::Email, mail.into())], by()).await.unwrap();
    }
    // It stands still where he is looked up.
    let held = stage.store.hold_reads(bob);
    let people: String = (0..MANY).map(|n| format!("Bob {n};bob{n}@example.com\n")).collect();
    // Rows about her that are wrong, told in several ways; one of the sample among them.
    let hers = format!("Ana;{MAIL};x\n\"A \"\"na\"\"\";\"{}\";x\n\"x;{MAIL}\";;x\n", MAIL.to_uppercase());
    let mut upload = handle.upload("people.csv").unwrap();
    upload.write(format!("first_name;email\n{hers}Eve;eve@example.com;x\n{people}").as_bytes()).unwrap();
    let id = handle.uploaded(upload, Actor::System).await.unwrap().id;
    handle.run_import(&id, crm::import::Options::default()).await.unwrap();
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let erasure = handle.erase(ana, by()).await.unwrap();
    handle.compact().await.unwrap();
    assert!(handle.import(&id).await.unwrap().state.is_under_way(), "it goes on all the time");
    assert!(handle.erasure(&erasure.id).await.unwrap().is_done());
    let of_file = format!("{id}/file");
    assert_eq!(stage.places(MAIL), [of_file], "its file stays until it is done");
    drop(held);
    let done = over(&handle, &id).await;
    while stage.folder.path().join(&id).join("file").exists() {
        tokio::task::yield_now().await;
    }
    let counts = (done.counts.created, done.counts.updated, done.counts.failed);
    assert_eq!((&done.state, counts), (&ImportState::Done, (MANY as u64 - 1, 1, 4)), "nothing of it was undone");
    assert_eq!(stage.places(MAIL), Vec::<String>::new());
    let wrong = handle.wrong_rows(&id, 0, 10).await.unwrap();
    assert_eq!(wrong.iter().map(|row| row.row).collect::<Vec<_>>(), [5], "what was wrong with others is told");
    assert_eq!(stage.places(&ana.to_string()), Vec::<String>::new());
    stage.service.stop().await;
}

#[tokio::test]
async fn an_import_that_was_taken_back_keeps_no_file_and_one_that_was_not_is_counted() {
    let stage = stage().await;
    let (ana, handle) = (ContactId(7 << 80), stage.handle.clone());
    handle.create_contact(ana, "api", vec![Change::AddIdentifier(IdentifierKind::Email, MAIL.into())], by()).await.unwrap();
    let mut upload = handle.upload("people.csv").unwrap();
    // A line that no file of people has: it fails on the way, and its file stays.
    let keys: Vec<String> = (0..=crm::import::COLUMNS).map(|n| format!("\"k{n}\":1")).collect();
    let rows = format!("{{\"first_name\":\"Ana\",\"email\":\"{MAIL}\"}}\n{{{}}}\n", keys.join(","));
    upload.write(rows.as_bytes()).unwrap();
    let id = handle.uploaded(upload, Actor::System).await.unwrap().id;
    handle.run_import(&id, crm::import::Options::default()).await.unwrap();
    let failed = over(&handle, &id).await;
    assert!(matches!(failed.state, ImportState::Failed(_)) && failed.has_file, "{failed:?}");
    assert_eq!(handle.erase_preview(ana).await.unwrap().imports, 1);
    handle.undo_import(&id, by()).await.unwrap();
    let undone = over(&handle, &id).await;
    assert_eq!((&undone.state, undone.has_file), (&ImportState::Undone, false));
    while stage.folder.path().join(&id).join("file").exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(handle.erase_preview(ana).await.unwrap().imports, 0);

    let mut upload = handle.upload("others.csv").unwrap();
    upload.write(b"email\nbob@example.com\n").unwrap();
    handle.uploaded(upload, Actor::System).await.unwrap();
    let erasure = handle.erase(ana, by()).await.unwrap();
    handle.compact().await.unwrap();
    let certificate = handle.erasure(&erasure.id).await.unwrap();
    assert!(certificate.is_done());
    assert_eq!((certificate.imports, certificate.webhooks), (1, 0), "as the preview promised");
    assert_eq!(stage.places(MAIL), Vec::<String>::new());
    stage.service.stop().await;
}

#[tokio::test]
async fn an_import_that_was_about_to_begin_writes_nobody_back_either() {
    let stage = stage().await;
    let (ana, handle) = (ContactId(7 << 80), stage.handle.clone());
    handle.create_contact(ana, "api", vec![Change::AddIdentifier(IdentifierKind::Email, MAIL.into())], by()).await.unwrap();
    let mut upload = handle.upload("people.csv").unwrap();
    upload.write(format!("first_name;email\nEve;eve@example.com\nAna;{MAIL}\n").as_bytes()).unwrap();
    let id = handle.uploaded(upload, Actor::System).await.unwrap().id;
    let record = format!("imports/{id}");
    assert!(stage.places(MAIL).contains(&record), "a sample of its rows is remembered");
    // It was read and is on its way to the store.
    stage.store.order(Fault::Hold);
    let mut asked = Box::pin(handle.run_import(&id, crm::import::Options { mode: crm::import::Mode::Update, ..Default::default() }));
    while stage.store.held() == 0 {
        assert!(futures::poll!(asked.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    stage.store.release_all();
    let erasure = handle.erase(ana, by()).await.unwrap();
    handle.compact().await.unwrap();
    assert!(handle.erasure(&erasure.id).await.unwrap().is_done());
    assert!(!stage.places(MAIL).contains(&record));
    // Whoever answers one request has done so long ago.
    stage.clock.advance(600_000_000);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    asked.await.unwrap();
    over(&handle, &id).await;
    assert!(!stage.places(MAIL).contains(&record), "{:?}", stage.places(MAIL));
    stage.service.stop().await;
}

#[tokio::test]
async fn whoever_gives_up_looking_who_has_a_file_leaves_it_to_nobody_else_to_remove() {
    let stage = stage().await;
    let [his, hers] = [b"his", b"her"].map(|bytes| stage.blobs.put(bytes).unwrap());
    let carol = stage.say(&address("web", "carol"), "1", "hi", Some(&hers)).await;
    let bob = stage.say(&address("web", "bob"), "1", "hi", Some(&his)).await;
    let (one, two) = (ContactId(7 << 80), ContactId(8 << 80));
    for contact in [one, two] {
        stage.handle.create_contact(contact, "api", Vec::new(), by()).await.unwrap();
    }
    stage.noted(&his).await;
    // As long as somebody changes hands nobody can tell who has it.
    stage.store.order(Fault::Hold);
    let handle = stage.handle.clone();
    let merging = tokio::spawn(async move { handle.merge(one, two, by()).await });
    while stage.store.held() == 0 {
        tokio::task::yield_now().await;
    }
    {
        let mut compacting = Box::pin(stage.handle.compact());
        let given_up = loop {
            if let Poll::Ready(answer) = futures::poll!(compacting.as_mut()) {
                break answer;
            }
            stage.clock.advance(20_000);
            tokio::task::yield_now().await;
        };
        assert!(given_up.is_err(), "{given_up:?}");
    }
    stage.store.release_all();
    merging.await.unwrap().unwrap();
    stage.handle.erase(carol, by()).await.unwrap();
    stage.handle.compact().await.unwrap();
    assert!(!stage.blobs.exists(&hers) && stage.blobs.exists(&his), "bob has it");
    assert!(stage.handle.person(bob).await.unwrap().is_some());
    stage.service.stop().await;
}

#[tokio::test]
async fn a_file_that_is_put_down_goes_with_whoever_breaks_off_and_can_be_put_down_again() {
    let stage = stage().await;
    let text = b"first_name,email\nAna,ana@shop.example\n";
    let folders = || std::fs::read_dir(stage.folder.path()).unwrap().count();
    let mut upload = stage.handle.upload("people.csv").unwrap();
    upload.write(text).unwrap();
    let claimed = upload.id().to_owned();
    assert_eq!(folders(), 1);
    drop(upload);
    assert_eq!(folders(), 0, "nothing is left of it");
    // Under the id that was given to it before.
    let put_down = || {
        let mut upload = stage.handle.upload("people.csv").unwrap();
        upload.write(text).unwrap();
        upload
    };
    let again = put_down().named(claimed.clone()).unwrap();
    assert!(put_down().named(claimed.clone()).is_err_and(|error| error.to_string().contains("ask again")));
    // Whoever asked does not wait for the answer: it is taken in to the end.
    {
        let mut asked = Box::pin(stage.handle.uploaded(again, by()));
        assert!(futures::poll!(asked.as_mut()).is_pending());
    }
    while stage.handle.import(&claimed).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(stage.folder.path().join(&claimed).join("file").exists() && folders() == 1);
    let no_people = {
        let mut upload = stage.handle.upload("nothing.csv").unwrap();
        upload.write(b"").unwrap();
        stage.handle.uploaded(upload, by()).await
    };
    assert!(no_people.is_err() && folders() == 1, "what is no file of people is not kept");
    stage.service.stop().await;
}

#[tokio::test]
async fn a_file_of_a_message_that_went_stays_only_for_whoever_put_it_down_lately() {
    let stage = stage().await;
    let [old, young, used] = [b"old", b"yng", b"usd"].map(|bytes| stage.blobs.put(bytes).unwrap());
    let upload = |at: Instant| Some(json!({ "agent": "agt_1", "attachment": {}, "at": at }));
    let (now, key) = (stage.handle.now(), |file: &BlobId| format!("cnv_1/{}", file.0));
    let before = now.plus_micros(-UPLOADS_KEPT);
    stage.handle.put_record(UPLOADS_OF_AGENTS, &key(&old), upload(before)).await.unwrap();
    stage.handle.put_record(UPLOADS_OF_AGENTS, &key(&young), upload(now)).await.unwrap();
    stage.hub().put_record(&format!("upload/bob/{}-0", young.0), Some(json!({ "at": before }))).await.unwrap();
    stage.say(&address("web", "bob"), "1", "hi", Some(&used)).await;
    for file in [&old, &young, &used] {
        stage.noted(file).await;
    }
    stage.handle.compact().await.unwrap();
    assert!(!stage.blobs.exists(&old) && stage.blobs.exists(&young) && stage.blobs.exists(&used));
    assert_eq!(stage.places(&old.0), Vec::<String>::new(), "that it was put down is forgotten as well");
    assert_eq!(stage.store.records("retention_files").unwrap().len(), 1, "the young one is looked at again");
    stage.clock.advance(UPLOADS_KEPT);
    stage.handle.compact().await.unwrap();
    assert!(!stage.blobs.exists(&young) && stage.blobs.exists(&used));
    assert!(stage.store.records("retention_files").unwrap().is_empty());
    stage.service.stop().await;
}

#[tokio::test]
async fn what_somebody_put_down_and_never_sent_goes_with_them() {
    let stage = stage().await;
    let (ana, bob) = (address("web", "v_0a0b0c"), address("web", "v_1a1b1c"));
    let [hers, both] = [b"her", b"two"].map(|bytes| stage.blobs.put(bytes).unwrap());
    let row = |at: &Address, file: &BlobId| format!("upload/{}/{}-0", at.id, file.0);
    for (at, file) in [(&ana, &hers), (&ana, &both), (&bob, &both)] {
        stage.hub().put_record(&row(at, file), Some(json!({ "at": stage.handle.now() }))).await.unwrap();
    }
    let contact = stage.say(&ana, "1", "hi", None).await;
    let erasure = stage.handle.erase(contact, by()).await.unwrap();
    stage.handle.compact().await.unwrap();
    let certificate = stage.handle.erasure(&erasure.id).await.unwrap();
    assert!(matches!(certificate.progress, Progress::Done { .. }));
    assert_eq!((certificate.files, certificate.rows), (1, 2), "{certificate:?}");
    assert!(!stage.blobs.exists(&hers) && stage.blobs.exists(&both), "bob may send his yet");
    assert!(stage.hub().record(&row(&bob, &both)).await.is_some());
    stage.service.stop().await;
}

#[tokio::test]
async fn an_agent_is_told_that_a_file_is_not_there_any_more() {
    let stage = stage().await;
    let (bob, bea) = (address("web", "bob"), AgentId(1));
    let agent = Agent {
        id: bea,
        name: "Bea".into(),
        login: "bea".into(),
        groups: vec!["support".into()],
        password_hash: "hash".into(),
        disabled: false,
    };
    stage.handle.put_agent(agent).await.unwrap();
    let _here = stage.handle.presence(bea);
    stage.say(&bob, "1", "hi", None).await;
    let contact = stage.say(&bob, "2", "human", None).await;
    let conversation = stage.handle.person(contact).await.unwrap().unwrap().conversations[0].id;
    stage.handle.take(bea, conversation).await.unwrap();
    let [there, gone] = [b"there".as_slice(), b"gone"].map(|bytes| stage.blobs.put(bytes).unwrap());
    stage.noted(&gone).await;
    stage.handle.compact().await.unwrap();
    let said =
        |files: &[&BlobId]| Content { attachments: files.iter().map(|file| served::attached(file)).collect(), ..Content::text("Look") };
    let refused = stage.handle.say(bea, conversation, said(&[&there, &gone]), None).await;
    assert_eq!(refused, Err(DeskError::FileGone("a.pdf".into())));
    stage.handle.say(bea, conversation, said(&[&there]), None).await.unwrap();
    // It is in the conversation now, so it stays.
    stage.noted(&there).await;
    stage.handle.compact().await.unwrap();
    assert!(stage.blobs.exists(&there));
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_stays_while_the_conversation_that_has_it_changes_hands() {
    let stage = stage().await;
    let file = stage.blobs.put(b"his").unwrap();
    let first = stage.say(&address("web", "ana"), "1", "hi", None).await;
    for n in 0..600 {
        stage.handle.create_contact(ContactId(first.0 + 1 + n), "api", Vec::new(), by()).await.unwrap();
    }
    stage.clock.advance(1_000_000);
    let last = stage.say(&address("web", "bob"), "1", "hi", Some(&file)).await;
    assert!(first < last);
    let handle = stage.handle.clone();
    let moving = tokio::spawn(async move {
        for _ in 0..150 {
            let merge = handle.merge(first, last, by()).await.unwrap();
            handle.undo_merge(merge, by()).await.unwrap();
        }
    });
    while !moving.is_finished() {
        stage.noted(&file).await;
        // It may give up while there is no end to it, but never takes away what somebody has.
        let mut compacting = Box::pin(stage.handle.compact());
        while futures::poll!(compacting.as_mut()).is_pending() {
            stage.clock.advance(20_000);
            tokio::task::yield_now().await;
        }
        assert!(stage.blobs.exists(&file));
    }
    moving.await.unwrap();
    stage.service.stop().await;
}

/// Undoes a merge as releases did that left what was said meanwhile with the survivor.
fn parted_before(stage: &Stage, record: &crm::merge::Record) {
    let person = |id| stage.store.person(id).unwrap().unwrap();
    let mut ids = model::IdSource::new(stage.handle.now(), 9);
    let parted = crm::merge::part(record, &person(record.keep), &person(record.other), stage.handle.now(), &by(), &mut ids).unwrap();
    let put = RecordPut {
        table: crm::merge::TABLE.into(),
        key: record.id.to_string(),
        value: Some(serde_json::to_value(&parted.record).unwrap()),
    };
    let commit = Commit { person: Some(parted.keep), also: vec![parted.other], records: vec![put] };
    store::commit_blocking(&stage.store, commit).unwrap();
}

#[tokio::test]
async fn what_others_keep_of_a_chat_since_a_merge_was_undone_goes_as_well() {
    let stage = stage().await;
    let (ana, bob) = (address("web", "ana"), address("web", "bob"));
    let (keep, other) = (stage.say(&ana, "1", "of ana", None).await, stage.say(&bob, "1", "of bob", None).await);
    let merge = stage.handle.merge(keep, other, by()).await.unwrap();
    let chats = [&ana, &bob].map(|at| stage.store.person(keep).unwrap().unwrap().conversation_at(at).unwrap().id);
    stage.say(&bob, "2", "meanwhile", None).await;
    parted_before(&stage, &stage.handle.merge_record(merge).await.unwrap().unwrap());
    assert_eq!(stage.store.person_at(&bob).unwrap(), Some(other));
    let lines = |chat| world::words(&stage.store.transcript(keep, chat, 0, 99).unwrap());
    assert!(lines(chats[1]).contains(&"user: meanwhile".to_owned()), "it is kept under her");
    let hers = lines(chats[0]);
    let erasure = stage.handle.erase(other, by()).await.unwrap();
    stage.handle.compact().await.unwrap();
    assert!(stage.handle.erasure(&erasure.id).await.unwrap().is_done());
    assert_eq!((lines(chats[1]), lines(chats[0])), (Vec::new(), hers));
    stage.service.stop().await;
}
