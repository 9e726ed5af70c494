//! Retention in the real binary: what is older than two years goes by itself, over a kill, and no byte of it is left once the store is
//! compacted.

use crate::support::{Program, Server, Setup, Visitor, bot, within};
use model::{
    Actor, Address, Author, Contact, ContactId, Content, Conversation, ConversationId, Delivery, IdSource, Instant, JourneyEntry,
    JourneyKind, Message, TranscriptEntry,
};
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};
use store::{Commit, PersonChange, Store, commit_blocking};
use store_sled::{Options, SledStore};

const FILES: &[(&str, &str)] =
    &[("bot.yaml", "name: Shop\nchannels: { web: {} }\n"), ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n")];

/// Without a part that comes again, so that squeezed pages hold it as it is.
const SAID: &str = "kW8vRz2mLq5xNd7t";
const DAY: i64 = 86_400_000_000;
/// How many people were here long ago.
const PEOPLE: u64 = 120;

#[expect(clippy::disallowed_methods, reason = "the server beside it goes by the machine's clock")]
fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant(i64::try_from(since.as_micros()).unwrap())
}

/// Puts people in the data folder of a stopped server: each was told a secret three years ago, and wrote again last month. The last of them
/// still waits for a human.
fn long_ago(data: &Path) -> Vec<ContactId> {
    let store = SledStore::open(data, Options::default()).unwrap();
    let (then, lately) = (now().plus_micros(-1_100 * DAY), now().plus_micros(-30 * DAY));
    let mut ids = IdSource::new(then, 11);
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let (id, address): (ContactId, _) = (ids.next(), Address { channel: "web".into(), id: format!("v_{n:032x}") });
        let mut conversation = Conversation::new(ids.next::<ConversationId>(), id, address.clone());
        let mut change = PersonChange::new(id, 0);
        change.contact = Some(Box::new(Contact::new(id, then, address, "organic")));
        for (at, text) in [(then, format!("{SAID} {n}")), (lately, format!("again {n}"))] {
            let (author, delivery) = (Author::Customer, Delivery::Received);
            let (id, no, of) = (ids.next(), conversation.take_no(), conversation.id);
            let message = Message { id, conversation: of, no, at, author, content: Content::text(text.clone()), delivery, client_id: None };
            change.transcript.push(TranscriptEntry::Message(message));
            let what = JourneyKind::Noted(text);
            let id = ids.next();
            change.journey.push(JourneyEntry { id, at, by: Actor::System, conversation: None, run: None, block: None, why: None, what });
        }
        if n == PEOPLE - 1 {
            let state = model::RequestState::Missed { since: then, why: "timeout".into() };
            let request =
                model::LiveRequest { id: ids.next(), group: "help".into(), first: false, since: then, run: None, deadline: None, state };
            conversation.request = Some(request);
        }
        change.conversations.push(conversation);
        commit_blocking(&store, Commit { person: Some(change), ..Commit::default() }).unwrap();
        people.push(id);
    }
    store.close().unwrap();
    people
}

/// How many files of a folder hold a text, as it is or as the log writes it.
fn holding(dir: &Path, text: &str) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += holding(&path, text);
            continue;
        }
        // A file that went meanwhile holds nothing.
        let Ok(plain) = fs::read(&path) else { continue };
        let masked: Vec<u8> = plain.iter().map(|byte| byte ^ 0xC1).collect();
        let has = |content: &[u8]| content.windows(text.len()).any(|window| window == text.as_bytes());
        count += usize::from(has(&plain) || has(&masked));
    }
    count
}

async fn retention(server: &Server) -> Value {
    let health: Value = server.http().get(format!("{}/healthz", server.origin())).send().await.unwrap().json().await.unwrap();
    health["retention"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_three_years_ago_goes_over_a_kill_and_leaves_no_byte() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (status, _) = server.stop().await;
    assert!(status.success());
    let people = long_ago(server.data());
    assert!(holding(server.data(), SAID) > 0, "the search finds what is there");
    server.start_again().await;
    within("some of it to be removed", async {
        while retention(&server).await["removed"]["contacts"].as_u64().unwrap() < 20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    server.kill().await;
    server.start_again().await;
    // Nobody who chats notices.
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    within("the rest to be removed", async {
        loop {
            let report = retention(&server).await;
            if report["last"].is_i64() && report["on_disk_until_compacted"] == json!(false) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
    for (n, id) in people.iter().enumerate().filter(|(n, _)| n.is_multiple_of(60)) {
        let all = program.get(&format!("contacts/{id}/data")).await;
        let lines = all["conversations"][0]["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 1, "{all}");
        assert!(all["conversations"][0].to_string().contains(&format!("again {n}")), "{all}");
        assert_eq!(all["conversations"][0]["removed"], 1, "{all}");
        let journey = program.get(&format!("contacts/{id}/journey")).await;
        assert_eq!((journey["entries"].as_array().unwrap().len(), &journey["removed"]), (1, &json!(1)), "{journey}");
    }
    let waiting = people.last().unwrap();
    let kept = program.get(&format!("contacts/{waiting}/data")).await;
    assert!(kept.to_string().contains(SAID), "of whoever waits for a human nothing goes: {kept}");
    let (status, body) = program.post(&format!("contacts/{waiting}/erase"), json!({})).await;
    assert_eq!(status, 200, "{body}");
    let compacted = server.run(&["store", "compact"]).await;
    assert_eq!(compacted.code, Some(0), "{compacted:?}");
    assert_eq!(holding(server.data(), SAID), 0);
    let (status, output) = server.stop().await;
    assert!(status.success());
    assert!(!output.contains(SAID), "{output}");
    assert_eq!(holding(server.data(), SAID), 0, "nor after a stop");
}
