//! Asking anything of everybody: how many a condition holds for, how many it cannot be said of, and some of them.

use super::{super::Handle, SegmentError};
use crate::{WriteError, core::Core};
use engine::Bot;
use expr::Condition;
use model::{ContactId, Instant};
use segments::{Page, Snapshot};
use std::{sync::Arc, time::Duration};

/// How long a preview waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// The largest sample.
const SAMPLE: usize = 100;

/// What a condition comes to over everybody, exact at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Contacts for whom it holds.
    pub count: u64,
    /// Contacts of whom it cannot be said, because something is missing (FL 6.5).
    pub unknown: u64,
    /// All contacts.
    pub contacts: u64,
    /// The leaves that ask for something some contacts have no value of, and how many.
    pub no_value: Vec<(String, u64)>,
    /// Some of those for whom it holds, with their names.
    pub sample: Vec<(ContactId, String)>,
    /// How long the counting took, in microseconds.
    pub took: i64,
}

impl Handle {
    /// Judges a condition for everybody now, and names some of those for whom it holds.
    ///
    /// # Errors
    /// [`SegmentError::Busy`] if too many are asked at once; [`WriteError::Unavailable`] if the server stops.
    pub async fn preview(&self, condition: &Condition, sample: usize) -> Result<Preview, SegmentError> {
        let (clock, condition) = (self.clock(), condition.clone());
        let judge = move |everybody: &Snapshot, bot: &Bot, now: Instant| {
            let answer = everybody.ask(&condition, bot.set(), bot, now, sample.min(SAMPLE));
            (answer, clock.now().micros_since(now))
        };
        let (answer, took) = self.over_everybody(judge).await?;
        let sample = self.people_of(answer.sample).await?;
        Ok(Preview {
            count: answer.matched,
            unknown: answer.unknown,
            contacts: answer.contacts,
            no_value: answer.no_value,
            sample: sample.iter().map(|person| (person.contact.id, person.contact.display_name())).collect(),
            took,
        })
    }

    /// The first contacts after an id for whom a condition holds now, at most `limit`, in the order of their ids; and how many
    /// there are in all.
    ///
    /// # Errors
    /// As [`Self::preview`].
    pub async fn select(&self, condition: &Condition, after: Option<ContactId>, limit: usize) -> Result<(Page, u64), SegmentError> {
        let condition = condition.clone();
        let judge = move |everybody: &Snapshot, bot: &Bot, now: Instant| {
            let selected = everybody.select(&condition, bot.set(), bot, now);
            (selected.page(after, limit), selected.len() as u64)
        };
        self.over_everybody(judge).await
    }

    /// Does something with everybody's facts on a blocking thread, a few at a time.
    pub(in crate::handle) async fn over_everybody<T: Send + 'static>(
        &self,
        judge: impl FnOnce(&Snapshot, &Bot, Instant) -> T + Send + 'static,
    ) -> Result<T, SegmentError> {
        let Ok(turn) = tokio::time::timeout(TURN_WITHIN, self.turns.previews.clone().acquire_owned()).await else {
            return Err(SegmentError::Busy);
        };
        let turn = turn.map_err(|_| WriteError::Unavailable)?;
        let (everybody, bot, now): (_, Arc<Bot>, _) = (self.shell.ask(Core::snapshot), self.bot(), self.now());
        let judged = tokio::task::spawn_blocking(move || {
            // It is the work's, which goes on if whoever asked leaves.
            let _turn = turn;
            judge(&everybody, &bot, now)
        });
        Ok(judged.await.map_err(|_| WriteError::Unavailable)?)
    }
}
