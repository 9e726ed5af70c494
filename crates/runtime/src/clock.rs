//! Clocks: where the shell takes the time from, and how it waits for a point in it.

use futures::{FutureExt, future::BoxFuture};
use model::Instant;
use std::time::Duration;
use tokio::sync::watch;

/// The time, and waiting for it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;

    /// Resolves at `until` or a little later; a clock that jumps may make it early, so look at the time again.
    fn sleep_until(&self, until: Instant) -> BoxFuture<'static, ()>;
}

/// The time of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest single wait, so that a jump of the machine's clock is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else takes the time from")]
    fn now(&self) -> Instant {
        let now = std::time::SystemTime::now();
        match now.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX).min(Instant::MAX.0)),
            Err(before) => Instant(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)).max(Instant::MIN),
        }
    }

    fn sleep_until(&self, until: Instant) -> BoxFuture<'static, ()> {
        let micros = until.micros_since(self.now()).max(0).unsigned_abs();
        tokio::time::sleep(Duration::from_micros(micros).min(LONGEST_WAIT)).boxed()
    }
}

/// A clock that stands until it is moved; for tests, `chat` and `test`.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: watch::Sender<Instant>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Instant) -> Self {
        Self { now: watch::Sender::new(now) }
    }

    /// Moves the clock, back as well; whoever waits for a point that is reached now goes on.
    pub fn set(&self, now: Instant) {
        self.now.send_replace(now);
    }

    /// Moves the clock by this many microseconds.
    pub fn advance(&self, micros: i64) {
        self.now.send_modify(|now| *now = now.plus_micros(micros));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        *self.now.borrow()
    }

    fn sleep_until(&self, until: Instant) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        async move {
            // A clock that is gone never moves again; nor does whoever waits for it.
            if now.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }
}
