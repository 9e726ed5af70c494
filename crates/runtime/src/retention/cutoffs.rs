//! Before which instants things are kept no longer.

use engine::{Keep, Retention};
use model::Instant;
use segments::{RuleKind, Set};

/// What happened before these instants is kept no longer; none: everything is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// Messages.
    pub messages: Option<Instant>,
    /// Lines of the journey.
    pub journey: Option<Instant>,
    /// Events.
    pub events: Option<Instant>,
}

/// How much longer events are kept than a segment looks back: wherever somebody is, their day is over by then.
const MARGIN: i64 = 2 * 86_400_000_000;

impl Cutoffs {
    /// What the bot says, as of now; and the segments for which events are kept longer. Those of the folder were checked, but the API may
    /// have made others.
    pub fn of(retention: &Retention, segments: &Set, now: Instant) -> (Self, Vec<String>) {
        let mut kept_for = Vec::new();
        let mut events = retention.events.since(now);
        if let Keep::For(kept) = retention.events {
            for rule in segments.iter() {
                let RuleKind::Where(condition) = &rule.kind else { continue };
                let reach = condition.references().reach;
                if !reach.is_within(kept) {
                    kept_for.push(rule.key.clone());
                }
                let needed = reach.micros().map(|micros| now.plus_micros(-micros.saturating_add(MARGIN)));
                events = events.zip(needed).map(|(events, needed)| events.min(needed));
            }
        }
        (Self { messages: retention.messages.since(now), journey: retention.journey.since(now), events }, kept_for)
    }

    /// Whether there is nothing to remove, whoever it is.
    pub fn keep_all(&self) -> bool {
        *self == Self::default()
    }
}
