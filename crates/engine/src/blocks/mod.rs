//! The blocks of the language: one file each, and this list. Reading, outcomes, checks, the reference and the
//! step of every block are derived from the list; nothing else names blocks.

mod add_tag;
mod asks;
mod call;
pub(crate) mod choices;
mod data;
mod email;
mod expect;
mod file;
pub(crate) mod gallery;
mod image;
mod json;
mod label;
mod lead;
mod listen;
mod live_chat;
mod media;
mod moment;
mod remove_tag;
mod sealed;
mod segment;
mod send;
mod shape;
mod sms;
mod source;
mod split;
mod status;
mod stop_timer;
mod switch;
mod tags;
mod text;
mod timer;
mod trigger;
pub(crate) mod validation;
mod wait_for;
mod wait_until;

use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use choices::ChoiceDef;
use model::{Ask, Instant, Record, Rest};
pub use shape::{Key, Shape};
use std::fmt::Debug;

/// Every block, in the order of the reference (FL 4).
pub(crate) const BLOCKS: &[&dyn BlockKind] = &[
    &text::Text,
    &listen::Listen,
    &lead::Lead,
    &image::Image,
    &media::Media,
    &gallery::Gallery,
    &file::File,
    &send::Send,
    &trigger::Trigger,
    &live_chat::LiveChat,
    &email::Email,
    &sms::Sms,
    &data::Data,
    &json::Json,
    &add_tag::AddTag,
    &remove_tag::RemoveTag,
    &status::Status,
    &segment::Segment,
    &validation::Validation,
    &switch::Switch,
    &split::Split,
    &timer::Timer,
    &stop_timer::StopTimer,
    &wait_for::WaitFor,
    &wait_until::WaitUntil,
    &call::Call,
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
    /// Where it stands among the groups of FL 4: how it is coloured and found.
    fn group(&self) -> Group {
        if self.speaks() { Group::Messages } else { Group::Flow }
    }
    /// The options of which more is known than their kind says, for editors: enumerated words, keys of a map, which one must
    /// be there. The option `NAME` of a map of any names is not among them.
    fn shapes(&self) -> &'static [Key] {
        const { &[] }
    }
    /// Its outcomes beyond `next` and those that waiting choices bring.
    fn outcomes(&self) -> &'static [OutcomeSpec];
    /// Whether a map after the type key holds the options (FL 3.3).
    fn takes_map(&self) -> bool;
    /// Whether what it stores can be read further down in the same block; else all it reads is read first.
    fn stores_in_order(&self) -> bool {
        false
    }
    /// Whether a name it stores may be left without a value although the block went well (FL 7.7).
    fn may_store_nothing(&self) -> bool {
        false
    }
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

/// The groups of blocks, in the order of FL 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What is said and asked.
    Messages,
    /// What is raised, and asking for a human.
    Events,
    /// Attributes, tags, other systems.
    Data,
    /// Membership.
    Segments,
    /// Ways that part.
    Logic,
    /// Timers and waiting.
    Time,
    /// Leading to other skills.
    Flow,
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

/// A question older than this is sent again when its run gets the floor back, if its block says nothing else: 10 minutes.
pub(crate) const REPEAT_AFTER: i64 = 600_000_000;

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

    /// How many of its choices stand on cards; they come first.
    fn on_cards(&self) -> usize {
        0
    }

    /// Files of the bot's folder that it sends, by path, as far as that is known before it runs.
    fn files(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The topic that it asks consent for.
    fn topic(&self) -> Option<&str> {
        None
    }

    /// Where a pressed choice's value is stored.
    fn save(&self) -> Option<&str> {
        None
    }

    /// The customer's message, if the block listens: what becomes of it.
    fn hear(&self, _at: &mut Moving<'_, '_>, _heard: &Heard<'_>) -> Result<Option<Flow>, Fault> {
        Ok(None)
    }

    /// How old its question must be to be sent again when its run gets the floor back, in microseconds; none never
    /// (FL 5.3c).
    fn repeat_after(&self) -> Option<i64> {
        Some(REPEAT_AFTER)
    }

    /// Whether it hears: the customer's messages and the choices it shows itself are its answers.
    fn hears(&self) -> bool {
        false
    }

    /// Shows its question again: after a pause, a hand-over, or an answer that fits nothing.
    fn ask_again(&self, _at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// How long it waits for an answer, in microseconds.
    fn timeout(&self) -> Option<i64> {
        None
    }

    /// The skill it calls: one that comes back.
    fn calls(&self) -> Option<&str> {
        None
    }

    /// The variables it gives the skill it calls.
    fn passes(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The outcome that is only a matter of time and must not be forgotten, if it has one (FL 5.6).
    fn matters(&self) -> Option<Matters> {
        None
    }

    /// Its cases: the condition and where it leads, in the order in which they are tried.
    fn cases(&self) -> &[(expr::Condition, Target)] {
        &[]
    }

    /// What it says, as far as that is known before it runs; choices are looked at by themselves.
    fn says(&self) -> Option<Says<'_>> {
        None
    }

    /// The called skill is over: takes from its variables what is to be kept.
    ///
    /// # Errors
    /// [`Fault::Failed`] for the `error` outcome.
    fn returned(&self, _at: &mut Moving<'_, '_>, _vars: &Record) -> Result<(), Fault> {
        Ok(())
    }

    /// What came of the call it armed: how its run goes on. Nothing is stored here: a human may have the conversation.
    ///
    /// # Errors
    /// [`Fault::Failed`] for the `error` outcome.
    fn replied(&self, _at: &mut Moving<'_, '_>, _came: &model::Came) -> Result<model::Reply, Fault> {
        Ok(model::Reply::default())
    }

    /// What must hold of an awaited event (over its fields) or attribute (over the contact), if the block waits for one.
    fn awaited(&self) -> Option<&expr::Condition> {
        None
    }

    /// The event it waits for, if it waits for one.
    fn awaited_event(&self) -> Option<&str> {
        None
    }

    /// Whether it waits for something that neither the customer nor the time brings: an event, a change.
    fn waits_for_others(&self) -> bool {
        false
    }

    /// The moment it waits for, as far as that follows what is known of the contact.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it cannot be computed.
    fn moment(&self, _at: &mut Moving<'_, '_>) -> Result<Option<Instant>, Fault> {
        Ok(None)
    }

    /// What it surely does to the contact, in order, as far as that is known before it runs.
    fn does(&self) -> Vec<Does<'_>> {
        Vec::new()
    }

    /// Whether it requests something of the outside: what follows happens in a later step.
    fn requests(&self) -> bool {
        false
    }

    /// The events it raises, as far as they are known before it runs.
    fn raises(&self) -> Vec<String> {
        Vec::new()
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

/// Something that a block does to the contact.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does<'a> {
    /// A tag is put on, or taken off.
    Tag { label: &'a expr::Template, added: bool },
    /// The contact is put into a static segment, or taken out.
    List { segment: &'a str, added: bool },
    /// The status is set.
    Status(&'a str),
    /// A value is stored: an attribute's, if one of that name is declared.
    Stores(&'a str, &'a expr::Template),
    /// A name loses its value.
    Unsets(&'a str),
}

/// An outcome that is only a matter of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matters {
    pub outcome: &'static str,
    /// When it happens: `when the other system does not answer`.
    pub when: &'static str,
}

/// What a block says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says<'a> {
    pub text: &'a expr::Template,
    pub markdown: bool,
}

/// What a listening block is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    /// The message's text, or the caption; empty for a message of another kind.
    pub text: &'a str,
    /// Everything that came: files, a place; none for a pressed choice, and for several messages taken as one.
    pub content: Option<&'a model::Content>,
    /// Whether more may follow that belongs to it (`merge_within`).
    pub open: bool,
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
    /// Run another skill on top of this one, then go on.
    Call(Box<Called>),
    /// Rest.
    Rest(Rest),
}

/// A skill that is to run on top of the block at hand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Called {
    pub skill: String,
    /// The variables it begins with.
    pub vars: Record,
    /// The question that stands still meanwhile: an interrupt came.
    pub asked: Option<Ask>,
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
    /// Its group.
    pub group: Group,
    /// Options of which more is known than their kind.
    pub shapes: &'static [Key],
    /// Whether a map after the type key holds the options (FL 3.3).
    pub takes_map: bool,
    /// Whether it sends messages, and so can be `unsendable`.
    pub speaks: bool,
}

impl BlockReference {
    /// What may stand under an option, and whether it must be there.
    pub fn shape_of(&self, option: &OptionSpec) -> (Shape, bool) {
        match self.shapes.iter().find(|key| key.name == option.name) {
            Some(key) => (key.shape, key.required),
            None => (shape::of_field(option.field), option.name == self.key),
        }
    }
}

/// Every block of this release, for the reference, completion and tests.
pub fn blocks() -> Vec<BlockReference> {
    BLOCKS
        .iter()
        .map(|k| BlockReference {
            key: k.key(),
            summary: k.summary(),
            example: k.example(),
            options: k.options(),
            outcomes: k.outcomes(),
            group: k.group(),
            shapes: k.shapes(),
            takes_map: k.takes_map(),
            speaks: k.speaks(),
        })
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
