//! Reading everything that is stored and telling what is wrong with it, in words an operator reads. Nothing is changed.
//!
//! Three kinds of things are looked at: whether a row can be read ([`store::Damage`]), whether what it says holds together by itself
//! (`people`, `records`), and whether what it names is there (`across`). Everything is of one moment ([`store::Frozen`]), so
//! a server that goes on meanwhile makes nothing look wrong.

mod across;
mod people;
mod records;

use across::Across;
use engine::Bot;
use model::{Instant, Version};
use people::Reading;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use store::{Blobs, Damage, Error, Frozen, Part, archive::Totals};

/// The most problems that are told one by one; the others are counted.
const TOLD: usize = 1_000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where: `people`, `history`, `addresses`, `attachments`, or a table of records.
    pub table: String,
    /// Which row; empty if it is about the table.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

/// What a look through everything came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was read.
    pub read: Totals,
    /// How much is wrong.
    pub problems: u64,
    /// The first of it.
    pub told: Vec<Problem>,
}

/// What the store is held against. What is not given is not looked at.
#[derive(Clone, Default)]
pub struct Around {
    /// The bot that was served last: which attributes there are, and of which type.
    pub bot: Option<Arc<Bot>>,
    /// The versions that are kept.
    pub versions: Option<BTreeSet<Version>>,
    /// Attachments.
    pub blobs: Option<Arc<dyn Blobs>>,
    /// The time.
    pub now: Instant,
}

/// Takes problems.
#[derive(Default)]
struct Told(Report);

impl Told {
    fn tell(&mut self, table: &str, key: impl Into<String>, what: impl Into<String>) {
        self.0.problems += 1;
        if self.0.told.len() < TOLD {
            self.0.told.push(Problem { table: table.to_owned(), key: key.into(), what: what.into() });
        }
    }

    fn damage(&mut self, damage: Damage) {
        let Damage { table, key, what } = damage;
        self.tell(&table, key, what);
    }
}

/// Reads everything; `progress` is told how many people were looked at, and answers whether to go on.
///
/// # Errors
/// [`Error::Failed`] if the disk refuses; [`Error::Invalid`] if it was told to stop.
pub fn verify(frozen: &dyn Frozen, around: &Around, progress: &dyn Fn(u64) -> bool) -> Result<Report, Error> {
    let (mut told, mut across) = (Told::default(), Across::default());
    let mut reading: Option<Reading> = None;
    frozen.read(&mut |part| {
        match part {
            Err(damage) => {
                if let Some(reading) = reading.as_mut() {
                    reading.is_damaged();
                }
                told.damage(damage);
            }
            Ok(part) => {
                told.0.read.count(&part);
                match part {
                    Part::Person(person) => {
                        if let Some(before) = reading.take() {
                            before.end(around, &mut across, &mut told);
                        }
                        if !progress(told.0.read.people) {
                            return Err(Error::Invalid("it was stopped".into()));
                        }
                        reading = Some(Reading::of(person));
                    }
                    Part::Line(line) => reading.iter_mut().for_each(|reading| reading.line(&line, &mut across, &mut told)),
                    Part::Journey(_) | Part::Event(_) => {}
                    Part::Record { table, key, value } => {
                        if let Some(before) = reading.take() {
                            before.end(around, &mut across, &mut told);
                        }
                        records::check(&table, &key, value, &mut across, &mut told);
                    }
                }
            }
        }
        Ok(())
    })?;
    if let Some(last) = reading.take() {
        last.end(around, &mut across, &mut told);
    }
    across.end(around, &mut told);
    frozen.audit(&mut |damage| told.damage(damage))?;
    Ok(told.0)
}
