//! The blocks of the language: one file each, and this list. Reading, outcomes, checks, the reference and the
//! step of every block are derived from the list; nothing else names blocks.

mod add_tag;
pub(crate) mod choices;
mod data;
mod expect;
mod label;
mod listen;
mod live_chat;
mod remove_tag;
mod segment;
mod send;
mod status;
mod stop_timer;
mod switch;
mod text;
mod timer;
mod wait_for;

use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use choices::ChoiceDef;
use model::Rest;
use std::fmt::Debug;

/// Every block, in the order of the reference (FL 4).
pub(crate) const BLOCKS: &[&dyn BlockKind] = &[
    &text::Text,
    &listen::Listen,
    &send::Send,
    &live_chat::LiveChat,
    &data::Data,
    &add_tag::AddTag,
    &remove_tag::RemoveTag,
    &status::Status,
    &segment::Segment,
    &switch::Switch,
    &timer::Timer,
    &stop_timer::StopTimer,
    &wait_for::WaitFor,
];

/// A type of block.
pub(crate) trait BlockKind: Sync + Debug {
    /// The type key that a block is recognised by (FL 3.2).
    fn key(&self) -> &'static str;
    /// What it does, in a designer's words.
    fn summary(&self) -> &'static str;
    /// A skill that uses it and loads without a warning; a test runs it.
    fn example(&self) -> &'static str;
    /// What can be written in it, beyond the common keys.
    fn options(&self) -> &'static [OptionSpec];
    /// Its outcomes beyond `next` and those that waiting choices bring.
    fn outcomes(&self) -> &'static [OutcomeSpec];
    /// Whether a map after the type key holds the options (FL 3.3).
    fn takes_map(&self) -> bool;
    /// Whether it sends messages, and so can be `unsendable`.
    fn speaks(&self) -> bool {
        false
    }
    /// Reads a block. What is wrong is told through the reader; `None` means that an error was told.
    fn read(&self, value: At<'_>, options: &mut Fields<'_>, has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>>;
}

/// One thing that can be written in a block.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Its key; the type key itself for the main value.
    pub name: &'static str,
    /// `prose`, `condition`, `name`, `value`, … (FL 3.7).
    pub field: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// One outcome of a block.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeSpec {
    /// As written under `on:`.
    pub name: &'static str,
    /// What happens without an exit of that name (FL 5.6).
    pub otherwise: Otherwise,
    /// When it happens.
    pub doc: &'static str,
}

/// What happens at an outcome without an exit (FL 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The run ends and `/_error` begins.
    Error,
    /// The run ends, journeyed with this word.
    EndQuietly(&'static str),
    /// The run ends and `/_default_fallback` begins.
    Fallback,
    /// As if nothing had happened: `next`.
    Next,
    /// One sentence, then `next`.
    SayThenNext(&'static str),
    /// The question is repeated; after two repeats `/_default_fallback`, and the run keeps the floor (FL 5.4 rule 9).
    Repeat,
}

/// What a block does to its run, as far as checks need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// It goes on at once.
    No,
    /// It asks and takes the floor.
    Asks,
    /// It hands the conversation over.
    HandsOver,
    /// It waits for this many microseconds.
    For(i64),
}

/// A block as read from a skill.
pub(crate) trait BlockBody: Debug + Send + Sync {
    /// Runs it.
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault>;

    /// Whether and how it rests.
    fn waits(&self) -> Waits {
        Waits::No
    }

    /// Its buttons, then its quick replies.
    fn choices(&self) -> &[ChoiceDef] {
        &[]
    }

    /// Where a pressed choice's value is stored.
    fn save(&self) -> Option<&str> {
        None
    }

    /// The customer's message, if the block listens: what becomes of it.
    fn hear(&self, _at: &mut Moving<'_, '_>, _heard: &Heard<'_>) -> Result<Option<Flow>, Fault> {
        Ok(None)
    }

    /// Shows its question again: after a pause, a hand-over, or an answer that fits nothing.
    fn ask_again(&self, _at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// How long it waits for an answer, in microseconds.
    fn timeout(&self) -> Option<i64> {
        None
    }

    /// Targets beyond `next` and `on`: button, case and tick targets, with what the exit is called.
    fn targets(&self) -> Vec<(String, Target)> {
        Vec::new()
    }

    /// Targets that only time takes: they close no busy loop.
    fn timed_targets(&self) -> Vec<(String, Target)> {
        Vec::new()
    }
}

/// What a listening block is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    /// The message's text, or the caption; empty for a message of another kind.
    pub text: &'a str,
}

/// What a block decided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Flow {
    /// Go on with `next`.
    Next,
    /// Take this outcome; the text says why, for `error`.
    Outcome(&'static str, String),
    /// Go there, through an exit of this name.
    To(String, Target),
    /// Rest.
    Rest(Rest),
}

/// Why a block could not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The step cannot be finished: nothing of it is kept (FL 5.7).
    Broken(String),
    /// The block's `error` outcome, and why.
    Failed(String),
}

impl From<expr::EvalError> for Fault {
    fn from(error: expr::EvalError) -> Self {
        match error {
            expr::EvalError::OutOfFuel => Self::Broken(error.to_string()),
            expr::EvalError::Arithmetic(why) => Self::Failed(why),
        }
    }
}

/// A block as the reference shows it.
#[derive(Clone, Copy, Debug)]
pub struct BlockReference {
    /// The type key.
    pub key: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// A skill that uses it.
    pub example: &'static str,
    /// What can be written in it.
    pub options: &'static [OptionSpec],
    /// Its own outcomes.
    pub outcomes: &'static [OutcomeSpec],
}

/// Every block of this release, for the reference, completion and tests.
pub fn blocks() -> Vec<BlockReference> {
    BLOCKS
        .iter()
        .map(|k| BlockReference { key: k.key(), summary: k.summary(), example: k.example(), options: k.options(), outcomes: k.outcomes() })
        .collect()
}

/// The outcomes that come with waiting choices and with speaking.
pub(crate) fn common_outcomes(body: &dyn BlockBody, kind: &dyn BlockKind) -> Vec<OutcomeSpec> {
    let mut outcomes = Vec::new();
    if !body.choices().is_empty() && body.waits() == Waits::Asks && kind.key() != "listen" {
        outcomes.push(OutcomeSpec {
            name: "other",
            otherwise: Otherwise::Repeat,
            doc: "the customer wrote something that is none of the choices",
        });
        outcomes.push(OutcomeSpec {
            name: "timeout",
            otherwise: Otherwise::EndQuietly("expired"),
            doc: "nothing was chosen within `timeout`",
        });
    }
    if kind.speaks() {
        outcomes.push(OutcomeSpec {
            name: "unsendable",
            otherwise: Otherwise::Error,
            doc: "it is known already that nothing can be sent to this address",
        });
    }
    outcomes.push(OutcomeSpec {
        name: "not_allowed",
        otherwise: Otherwise::Next,
        doc: "the skill that is left for is not for this contact (`only_for`)",
    });
    outcomes
}
