//! Time is kept: what nobody asks for is done at its instant.

use super::Shell;
use crate::core::Core;
use futures::StreamExt as _;
use model::Instant;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tokio::sync::Notify;

impl Shell {
    /// Follows whose memberships time changes. Beside [`Shell::keep_time`], since it is soon done and many may wait for what they are to
    /// be told.
    pub(in crate::drive) async fn keep_memberships(self: Arc<Self>) {
        loop {
            self.sleep(&self.looks, Core::next_look).await;
            self.tell(Core::look);
            tokio::task::yield_now().await;
        }
    }

    /// Does at its instant what nobody asks for.
    pub(in crate::drive) async fn keep_time(self: Arc<Self>) {
        loop {
            self.sleep(&self.turns, Core::next_turn).await;
            self.take_turns().await;
            tokio::task::yield_now().await;
        }
    }

    /// Sleeps until something is due.
    async fn sleep(&self, alarm: &Alarm, next: fn(&Core) -> Option<Instant>) {
        loop {
            let rearm = alarm.rearm.notified();
            let first = self.ask(next);
            alarm.set(first);
            // Something may have moved between the question and the arming.
            match (first, self.ask(next)) {
                (_, Some(at)) if at <= self.clock.now() => return,
                (first, again) if first != again => {}
                (Some(at), _) => {
                    let sleep = self.clock.sleep_until(at);
                    tokio::select! { () = sleep => {}, () = rearm => {} }
                }
                (None, _) => rearm.await,
            }
        }
    }

    /// Some turns of what is due, each when those whom it is about were read.
    async fn take_turns(self: &Arc<Self>) {
        let now = self.clock.now();
        let soon = self.ask(|core| core.soon(now));
        if soon.is_empty() {
            // About nobody.
            return self.tell(Core::take_turn);
        }
        let turns = soon.len();
        let mut read = futures::stream::iter(soon.into_iter().map(|turn| self.warm_ahead(turn))).buffered(turns);
        while read.next().await.is_some() {
            self.tell(Core::take_turn);
            tokio::task::yield_now().await;
        }
    }
}

/// When a keeper of time is up next.
pub(super) struct Alarm {
    /// What it sleeps until; [`i64::MAX`] without an end.
    armed: AtomicI64,
    rearm: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { armed: AtomicI64::new(i64::MAX), rearm: Notify::new() }
    }
}

impl Alarm {
    fn set(&self, at: Option<Instant>) {
        self.armed.store(at.map_or(i64::MAX, |at| at.0), Ordering::Release);
    }

    /// Wakes whoever sleeps for longer than until then.
    pub fn wake_by(&self, at: Option<Instant>) {
        if at.is_some_and(|at| at.0 < self.armed.load(Ordering::Acquire)) {
            self.rearm.notify_one();
        }
    }
}
