//! What a bot would lose of the segments that are served now: stored ones that it cannot judge, and lists with people on them.
//!
//! A running bot is not replaced by one that would lose something; a start has no bot to go on with, so there it is said.

use super::{super::Handle, LostList, UnjudgedSegment};
use engine::Bot;
use std::{
    fmt,
    sync::{Arc, PoisonError},
};

/// Segments that are named where there is little room.
const NAMED: usize = 5;

/// Why a bot cannot be taken: what it would lose of the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostSegments {
    /// Those that can be judged now and could not be judged any more.
    pub unjudged: Vec<UnjudgedSegment>,
    /// Lists with people on them that would be none any more.
    pub lists: Vec<LostList>,
}

impl std::error::Error for LostSegments {}

impl LostSegments {
    /// Whether nothing would be lost.
    pub fn is_empty(&self) -> bool {
        self.unjudged.is_empty() && self.lists.is_empty()
    }

    /// What is wrong, in one line.
    pub fn summary(&self) -> String {
        let all: Vec<String> = self.told().map(|(what, _)| what).collect();
        let mut told: Vec<String> = all.iter().take(NAMED).cloned().collect();
        if let more @ 1.. = all.len().saturating_sub(NAMED) {
            told.push(format!("{more} more"));
        }
        told.join("; ")
    }

    /// Each of them, and what to do.
    fn told(&self) -> impl Iterator<Item = (String, &'static str)> {
        let unjudged = self.unjudged.iter().map(|segment| (segment.to_string(), UnjudgedSegment::WAY_OUT));
        unjudged.chain(self.lists.iter().map(|list| (list.to_string(), LostList::WAY_OUT)))
    }
}

impl fmt::Display for LostSegments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (what, way_out)) in self.told().enumerate() {
            let line = if at > 0 { "\n" } else { "" };
            write!(f, "{line}{what}; {way_out}")?;
        }
        Ok(())
    }
}

impl Handle {
    /// Whether a bot can judge every stored segment that can be judged now, and has every list that somebody is on: whether
    /// [`Handle::reload`] would take it now.
    ///
    /// # Errors
    /// [`LostSegments`] if not.
    pub async fn check_segments(&self, bot: &Arc<Bot>) -> Result<(), LostSegments> {
        let (now, next, lists) = (self.bot(), bot.clone(), self.lists_in_use());
        let compared = tokio::task::spawn_blocking(move || {
            let would_be = next.with_segments(now.stored_segments());
            let unjudged = now.set().lost_in(would_be.set()).map(UnjudgedSegment::new).collect();
            LostSegments { unjudged, lists: LostList::among(lists, &would_be) }
        });
        // Only a shutdown ends it before it answers.
        let lost = compared.await.unwrap_or_default();
        if lost.is_empty() { Ok(()) } else { Err(lost) }
    }

    /// New runs use this bot from now on; runs in progress keep theirs (FL 5.9). Channels and their credentials stay as they were at
    /// the start. `first` is done once it is sure that the bot is taken, and before its first run. Answers the lists that somebody was
    /// put on in that moment, and that are none with it: as after a start.
    ///
    /// # Errors
    /// [`LostSegments`] if it would lose something; the bot that is served stays then.
    pub async fn reload(&self, bot: Arc<Bot>, first: impl FnOnce(&Bot)) -> Result<Vec<LostList>, LostSegments> {
        // Nobody makes or changes a segment between that it was looked at and that it is lost.
        let _turn = self.turns.changes.write().await;
        self.shell.landed().await;
        self.check_segments(&bot).await?;
        let before = self.lost_lists();
        first(&bot);
        let shell = self.shell.clone();
        self.shell.tell(move |core, now| {
            core.reload(now, bot);
            // With the globals that hold now; under the core's lock, so that the newest bot is the one everybody reads.
            *shell.bot.write().unwrap_or_else(PoisonError::into_inner) = core.bot();
        });
        self.note_reload(None);
        // Steps and imports that were under way may have filled a list.
        self.shell.landed().await;
        let mut lost = self.lost_lists();
        lost.retain(|list| !before.iter().any(|known| known.key == list.key));
        Ok(lost)
    }
}
