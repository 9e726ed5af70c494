//! The clock on stage: the real one plus what was skipped, or one that stands still unless something happens.

use crate::play::Play;
use model::Instant;
use runtime::{Clock as _, SystemClock};
use std::time::Duration;

const SECOND: i64 = 1_000_000;
/// The longest wait at once, in microseconds: the clock of a machine that slept is looked at again.
const LONGEST: i64 = 3_600 * SECOND;

/// See the module.
pub struct StageClock {
    /// How far the stage is ahead of the real clock; none while it is recorded.
    ahead: Option<i64>,
    /// When the stage moved last, by the real clock.
    since: Instant,
}

/// A point in time without its fraction of a second: recordings are written in whole seconds.
pub fn whole_second(at: Instant) -> Instant {
    at.plus_micros(-at.micros_since(Instant::default()).rem_euclid(SECOND))
}

impl StageClock {
    /// A clock that begins now.
    pub fn new(recorded: bool, now: Instant) -> Self {
        Self { ahead: (!recorded).then_some(0), since: now }
    }

    /// How long to wait at the most before something may happen by itself; none if nothing will.
    pub fn wait_for(&self, due: Option<Instant>) -> Option<Duration> {
        let due = due?;
        let real = SystemClock.now();
        let wait = match self.ahead {
            Some(ahead) => due.micros_since(real.plus_micros(ahead)),
            // What is due is looked at again: how long it takes counts from when the stage moved last.
            None => SECOND / 4,
        };
        Some(Duration::from_micros(wait.clamp(0, LONGEST).unsigned_abs()))
    }

    /// Lets pass what passed; answers how far a recorded stage moved, jump by jump.
    pub fn advance(&mut self, play: &mut Play) -> Option<i64> {
        let real = SystemClock.now();
        if let Some(ahead) = self.ahead {
            play.advance_to(real.plus_micros(ahead));
            return None;
        }
        let wait = play.next_due()?.micros_since(play.now()).max(0);
        let length = (wait + SECOND - 1) / SECOND * SECOND;
        if real.micros_since(self.since) < length {
            return None;
        }
        self.since = self.since.plus_micros(length);
        play.advance_to(play.now().plus_micros(length));
        Some(length)
    }

    /// Somebody did something: a recorded stage waits from now on.
    pub fn touched(&mut self) {
        self.since = SystemClock.now();
    }

    /// Turns the clock forward.
    pub fn skip(&mut self, play: &mut Play, micros: i64) {
        match &mut self.ahead {
            Some(ahead) => {
                *ahead += micros;
                play.advance_to(SystemClock.now().plus_micros(*ahead));
            }
            None => play.advance_to(play.now().plus_micros(micros)),
        }
    }
}
