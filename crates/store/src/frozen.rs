//! Everything that is durable at one moment, and how it comes into an empty store: what backups and checks are made of.
//!
//! A store gives itself up [`Frozen`] while it serves on: what is committed later does not show in it. It is read as [`Part`]s in one
//! order, which depends on nothing but what is stored, so that two stores that hold the same give the same parts. [`Load`] takes them
//! in that order.

use crate::Error;
use model::{EventRecord, JourneyEntry, Person, TranscriptEntry};
use serde_json::Value;
use std::sync::Arc;

/// A piece of what is stored. A person comes before their own past, transcript lines before journey lines before events, each oldest
/// first, without what was forgotten ([`model::Forgotten`]); people come by id, and after all of them records by table and key.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A person.
    Person(Arc<Person>),
    /// A transcript line that is kept under the person before.
    Line(Box<TranscriptEntry>),
    /// A journey line of the person before.
    Journey(Box<JourneyEntry>),
    /// An event of the person before.
    Event(Box<EventRecord>),
    /// A record.
    Record {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
        /// What it holds.
        value: Value,
    },
}

/// Something that cannot be read, or does not fit the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The table, as people name it: `people`, `history`, `addresses`, or one of records.
    pub table: String,
    /// Which of its rows.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

/// Takes what a frozen store gives; its error ends the reading.
pub type Each<'a> = dyn FnMut(Result<Part, Damage>) -> Result<(), Error> + 'a;

/// What was durable at one moment.
pub trait Frozen: Send {
    /// The format of the store, as an export names it.
    fn format(&self) -> &str;

    /// People there were.
    fn people(&self) -> u64;

    /// Gives everything, in the order of [`Part`]. What cannot be read is given as damage, and reading goes on behind it: of a person
    /// whose past is damaged some parts may have been given by then.
    ///
    /// # Errors
    /// Those of `each`, and of a disk that refuses.
    fn read(&self, each: &mut Each<'_>) -> Result<(), Error>;

    /// Looks whether what the store keeps to find things by says what the things say.
    ///
    /// # Errors
    /// Those of a disk that refuses.
    fn audit(&self, told: &mut dyn FnMut(Damage)) -> Result<(), Error> {
        let _ = told;
        Ok(())
    }
}

/// Takes parts into an empty store. Nothing of them is there for anybody before [`Load::finish`] answered.
pub trait Load {
    /// Takes the next part.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it does not follow; [`Error::Failed`] if the disk refuses.
    fn put(&mut self, part: Part) -> Result<(), Error>;

    /// Everything was given: it is durable, and the store can be opened, when this answers.
    ///
    /// # Errors
    /// [`Error::Failed`] if the disk refuses.
    fn finish(self: Box<Self>) -> Result<(), Error>;
}

/// Checks that parts come in their order.
#[derive(Debug, Default)]
pub struct Order {
    person: Option<model::ContactId>,
    /// How far in what belongs to the person: 0 transcript, 1 journey, 2 events.
    stage: u8,
    record: Option<(String, String)>,
}

impl Order {
    /// Notes the next part.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it comes too late.
    pub fn next(&mut self, part: &Part) -> Result<(), Error> {
        let wrong = |what: &str| Err(Error::Invalid(format!("{what} comes out of its order")));
        let stage = match part {
            Part::Person(person) => {
                let id = person.contact.id;
                if self.record.is_some() || self.person.is_some_and(|last| last >= id) {
                    return wrong(&id.to_string());
                }
                (self.person, self.stage) = (Some(id), 0);
                return Ok(());
            }
            Part::Record { table, key, .. } => {
                let next = (table.clone(), key.clone());
                if self.record.as_ref().is_some_and(|last| *last >= next) {
                    return wrong(&format!("the record {table}/{key}"));
                }
                self.record = Some(next);
                return Ok(());
            }
            Part::Line(_) => 0,
            Part::Journey(_) => 1,
            Part::Event(_) => 2,
        };
        if self.record.is_some() || self.person.is_none() || stage < self.stage {
            return wrong("a line of somebody's past");
        }
        self.stage = stage;
        Ok(())
    }
}
