//! Waiting after failures: longer each time, never in step with others, and one log line per episode.

use crate::{api::Failure, options::Pace};
use channel::Hub;
use std::time::Duration;
use tokio::sync::watch;

/// An episode of failures of one activity.
pub struct Trouble {
    /// The activity in words: `asking for updates`.
    what: String,
    first: Duration,
    max: Duration,
    failures: u32,
    said: Option<String>,
}

impl Trouble {
    /// No failure so far.
    pub fn new(what: impl Into<String>, pace: &Pace) -> Self {
        Self { what: what.into(), first: pace.retry_first, max: pace.retry_max, failures: 0, said: None }
    }

    /// It worked: the next failure is a new episode.
    pub fn over(&mut self, hub: &dyn Hub) {
        if self.said.take().is_some() {
            hub.log(&format!("telegram: {} works again", self.what));
        }
        self.failures = 0;
    }

    /// Says why it failed, unless that was said already, and answers how long to wait.
    pub fn after(&mut self, hub: &dyn Hub, failure: &Failure) -> Duration {
        let line = if failure.is_token_refused() {
            "THE TOKEN IS REFUSED: copy it again from @BotFather; until then nothing arrives and nothing is sent".to_owned()
        } else if let Failure::Refused { status: 409, description, .. } = failure {
            format!("another program uses this bot's token, stop one of the two ({description})")
        } else {
            failure.to_string()
        };
        self.say(hub, line);
        let asked = match failure {
            Failure::Refused { retry_after: Some(secs), .. } => Duration::from_secs(u64::from(*secs)),
            Failure::Refused { retry_after: None, .. } | Failure::NotSent(_) | Failure::Broken(_) => Duration::ZERO,
        };
        self.wait(hub).max(asked)
    }

    /// Writes a line of this episode, unless it is the one written last.
    pub fn say(&mut self, hub: &dyn Hub, line: String) {
        if self.said.as_ref() != Some(&line) {
            hub.log(&format!("telegram: {} failed: {line}", self.what));
            self.said = Some(line);
        }
    }

    /// The next wait: doubled each time up to the longest, then shortened by up to half so that many processes that
    /// failed together do not come back together.
    pub fn wait(&mut self, hub: &dyn Hub) -> Duration {
        let whole = self.first.saturating_mul(1 << self.failures.min(16)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        let mut draw = model::IdSource::new(hub.now(), hub.now().0.unsigned_abs() ^ u64::from(self.failures));
        whole.mul_f64(0.5 + (draw.draw() >> 11) as f64 / (1u64 << 54) as f64)
    }
}

/// Waits, or answers `false` because it is time to stop.
pub async fn rest(stop: &mut watch::Receiver<bool>, wait: Duration) -> bool {
    tokio::select! {
        () = stopped(stop) => false,
        () = tokio::time::sleep(wait) => true,
    }
}

/// Resolves when it is time to stop; a vanished sender says so as well.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error is the vanished sender.
    let _ = stop.wait_for(|told| *told).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use channel::conformance::TestHub;

    #[test]
    fn waits_grow_to_the_longest_and_begin_anew() {
        let hub = TestHub::new("telegram");
        let mut trouble = Trouble::new("asking", &Pace::default());
        let waits: Vec<f64> = (0..10).map(|_| trouble.wait(hub.as_ref()).as_secs_f64()).collect();
        for (n, wait) in waits.iter().enumerate() {
            let whole = f64::from(1u32 << n).min(60.0);
            assert!((whole / 2.0..=whole).contains(wait), "{n}: {wait}");
        }
        trouble.over(hub.as_ref());
        assert!(trouble.wait(hub.as_ref()) <= Duration::from_secs(1));
    }

    #[test]
    fn an_episode_is_one_line_and_a_longer_wait_is_kept() {
        let hub = TestHub::new("telegram");
        let mut trouble = Trouble::new("asking", &Pace::default());
        let flood = Failure::Refused { status: 429, description: "Too Many Requests".into(), retry_after: Some(17) };
        for _ in 0..5 {
            assert!(trouble.after(hub.as_ref(), &flood) >= Duration::from_secs(17));
        }
        trouble.over(hub.as_ref());
        trouble.over(hub.as_ref());
        assert_eq!(hub.logged(), ["telegram: asking failed: 429 Too Many Requests", "telegram: asking works again"]);
    }
}
