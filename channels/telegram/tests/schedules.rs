//! Random schedules of messages, second deliveries and failures: each update is accepted once, and never confirmed before.

#![allow(clippy::unwrap_used)]

mod common;

use channel::{AcceptError, conformance::TestHub};
use common::{Fake, Running, line};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[derive(Clone, Debug)]
enum Move {
    /// A person writes.
    Say(i64),
    /// An update that came before comes again.
    Again(usize),
    /// Asking fails.
    Ask(Value),
    /// The runtime does not accept.
    Refuse(bool),
    /// The process ends and begins anew.
    Restart,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let faults = vec![
        json!({ "status": 500 }),
        json!({ "status": 409 }),
        json!({ "status": 502, "html": true }),
        json!({ "kind": "drop_before" }),
        json!({ "kind": "drop_after" }),
        json!({ "kind": "truncate" }),
    ];
    let one = prop_oneof![
        6 => (1i64..4).prop_map(Move::Say),
        2 => any::<usize>().prop_map(Move::Again),
        2 => prop::sample::select(faults).prop_map(Move::Ask),
        2 => any::<bool>().prop_map(Move::Refuse),
        1 => Just(Move::Restart),
    ];
    prop::collection::vec(one, 1..30)
}

async fn play(moves: Vec<Move>) {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    let mut bot = Running::of(Arc::clone(&hub), fake.channel());
    let mut said: Vec<(i64, i64)> = Vec::new();
    for one in moves {
        match one {
            Move::Say(chat) => said.push((fake.say(chat, &format!("message {}", said.len())).await, chat)),
            Move::Again(which) if !said.is_empty() => {
                fake.post("redeliver", json!({ "update_id": said[which % said.len()].0 })).await;
            }
            Move::Again(_) => {}
            Move::Ask(mut fault) => {
                fault["method"] = "getUpdates".into();
                fake.fault(fault).await;
            }
            Move::Refuse(too_many) => hub.fail_accept(if too_many { AcceptError::TooMany } else { AcceptError::Unavailable }),
            Move::Restart => {
                bot.stop().await;
                bot = Running::of(Arc::clone(&hub), fake.channel());
            }
        }
        // What is confirmed now was accepted before now.
        let confirmed = fake.confirmed(0).await;
        let accepted: BTreeSet<String> = hub.accepted().into_iter().map(|inbound| inbound.provider_id).collect();
        assert!(confirmed.iter().all(|id| accepted.contains(&format!("123456:{id}"))), "{confirmed:?} before {accepted:?}");
    }
    fake.confirmed(said.len()).await;
    bot.stop().await;

    let mut by_chat: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (n, (id, chat)) in said.iter().enumerate() {
        by_chat.entry(*chat).or_default().push(format!("123456:{id} says \"message {n}\""));
    }
    let mut taken: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for inbound in hub.accepted() {
        let words = format!("{} {}", inbound.provider_id, line(&inbound.incoming.body));
        taken.entry(inbound.address.id.parse().unwrap()).or_default().push(words);
    }
    assert_eq!(taken, by_chat, "each once, in the order of its chat, under its own number");
    assert!(hub.logged().iter().all(|line| !line.contains("TEST-TOKEN")));
}

#[test]
fn whatever_fails_each_update_is_accepted_once_and_confirmed_only_then() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runner
        .run(&moves(), |moves| {
            runtime.block_on(play(moves));
            Ok(())
        })
        .unwrap();
}
