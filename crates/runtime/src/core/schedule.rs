//! Schedules: the clock starts skills for audiences (FL 4 `schedule`).
//!
//! Each schedule has a durable cursor: up to when its occurrences are dealt with. An occurrence becomes an audience in
//! the commit that moves the cursor, so it happens once, over crashes too. Of those missed while nothing ran, at most
//! the last one is made up for, within the schedule's grace.

use super::{
    Core, Written,
    agenda::Wake,
    audience::{Audience, Whom},
};
use engine::{Programs as _, Schedule};
use model::{Actor, Instant, Occasion};
use sha2::{Digest, Sha256};
use store::{Commit, RecordPut};

/// The table of cursors.
const TABLE: &str = "schedules";

/// What identifies a schedule, whatever its place in a file: another pattern or audience is another schedule.
fn key(schedule: &Schedule) -> String {
    let mut hash = Sha256::new();
    for part in [schedule.skill.as_str(), schedule.pattern.as_str(), schedule.to.as_deref().unwrap_or("")] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Core {
    /// Looks at the schedules of the current bot as soon as time moves.
    pub(super) fn look_at_schedules(&mut self, now: Instant) {
        self.agenda.set(Wake::Schedules, Some(now));
    }

    /// Deals with what came, and sets the next time.
    pub(super) fn schedules_due(&mut self, now: Instant) {
        let bot = self.programs.current().clone();
        let mut next: Option<Instant> = None;
        let mut records = Vec::new();
        let mut begun = Vec::new();
        for schedule in bot.schedules() {
            let key = key(&schedule);
            let cursor = match self.store.record(TABLE, &key) {
                Ok(value) => value.and_then(|v| v.get("until")?.as_i64()).map(Instant),
                Err(error) => return self.fail(&error.to_string()),
            };
            let moved =
                |until: Instant| RecordPut { table: TABLE.into(), key: key.clone(), value: Some(serde_json::json!({ "until": until.0 })) };
            match (cursor, bot.occurrence_until(&schedule, now)) {
                // One that is new begins now: what came before it was never promised.
                (None, _) => records.push(moved(now)),
                (Some(cursor), Some(last)) if last > cursor => {
                    if now.micros_since(last) <= schedule.grace {
                        let audience = occurrence(&schedule, &key, last);
                        records.push(audience.put());
                        begun.push(audience);
                    } else {
                        let line = format!(
                            "the schedule \"{}\" of {} was missed at {last} and is not made up for",
                            schedule.pattern, schedule.skill
                        );
                        self.actions.push(super::Action::Alert(line));
                    }
                    records.push(moved(last));
                }
                (Some(_), Some(_) | None) => {}
            }
            let after = bot.occurrence_after(&schedule, now);
            next = match (next, after) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        if records.is_empty() {
            self.agenda.set(Wake::Schedules, next);
        } else {
            // What comes next is looked at when this is durable.
            self.write_records(Written::Schedules(begun), Commit { person: None, records, ..Commit::default() });
        }
    }

    /// The cursors are durable: what came is carried out.
    pub(super) fn schedules_written(&mut self, now: Instant, begun: Vec<Audience>) {
        for audience in begun {
            self.begin_audience(audience);
        }
        self.look_at_schedules(now);
    }
}

/// An occurrence as an audience; its id is the occurrence's, so that it cannot come twice.
fn occurrence(schedule: &Schedule, key: &str, at: Instant) -> Audience {
    let what = Occasion::Schedule { skill: schedule.skill.clone(), pattern: schedule.pattern.clone(), to: schedule.to.clone(), at };
    let whom = schedule.to.clone().map_or(Whom::Reachable, Whom::Where);
    Audience::new(format!("aud_{key}_{}", at.as_secs()), what, Actor::System, whom, None, at)
}
