//! One thing at a time per chat: what keeps the order when deliveries of one chat come at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::OwnedMutexGuard;

/// Locks by chat; only chats with something under way take memory.
#[derive(Default)]
pub struct Lanes {
    chats: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<()>>>>,
}

/// The chat's turn, until it is dropped.
pub struct Turn<'a> {
    lanes: &'a Lanes,
    chat: i64,
    lane: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits for the chat's turn, first come first served.
    pub async fn turn(&self, chat: i64) -> Turn<'_> {
        let lane = Arc::clone(self.chats.lock().expect("nothing panics while it holds the lanes").entry(chat).or_default());
        // The turn exists before the wait, so that a wait that is given up cleans up as well.
        let mut turn = Turn { lanes: self, chat, lane: None };
        turn.lane = Some(lane.lock_owned().await);
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.lane = None;
        let mut chats = self.lanes.chats.lock().expect("nothing panics while it holds the lanes");
        // Others who wait hold a second reference; new ones cannot come while the map is locked.
        if chats.get(&self.chat).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            chats.remove(&self.chat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn turns_are_taken_in_order_and_leave_nothing_behind() {
        let lanes = Lanes::default();
        let first = lanes.turn(1).await;
        let (mut second, mut third) = (Box::pin(lanes.turn(1)), Box::pin(lanes.turn(1)));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert!(lanes.turn(2).now_or_never().is_some(), "another chat does not wait");
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "the second was there before");
        drop(second.await);
        drop(third.await);
        let given_up = lanes.turn(3).await;
        assert!(lanes.turn(3).now_or_never().is_none());
        drop(given_up);
        assert!(lanes.chats.lock().unwrap().is_empty());
    }
}
