//! A service to try things on from within: a bot that says hello, everything in memory, a clock that is moved by hand.

use crate::{ManualClock, Options, Service, start};
use engine::{Bot, BotFiles};
use model::Instant;
use std::sync::Arc;
use store::{MemBlobs, MemStore};

/// The service and its clock.
pub(crate) async fn service() -> (Service, ManualClock) {
    service_on(MemStore::new()).await
}

/// The same on a store that is at hand.
pub(crate) async fn service_on(store: MemStore) -> (Service, ManualClock) {
    let bot = "name: Book\nchannels:\n  web: { type: web }\n".to_owned();
    let start_skill = "skill: /start\nblocks:\n  hello:\n    text: Hello!\n".to_owned();
    let files = vec![("bot.yaml".to_owned(), bot), ("skills/start.yaml".to_owned(), start_skill)];
    let (bot, ..) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    let options = Options {
        bot: bot.expect("the bot is sound"),
        pinned: Vec::new(),
        store: Arc::new(store),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(clock.clone()),
        seed: 5,
        outside: None,
        at_rest: false,
    };
    (start(options).await.expect("nothing hinders it"), clock)
}
