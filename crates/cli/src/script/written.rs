//! A scripted conversation as written: what is done, and what is expected.

use crate::play::Setting;
use syntax::Span;

/// A conversation as written.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// Where the name is written: the place of failures that have no line of their own.
    pub span: Span,
    /// How it begins.
    pub setting: Setting,
    /// What happens, in order.
    pub talk: Vec<Line>,
    /// What holds at the end.
    pub then: Expectation,
}

/// One line of the talk.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it is written.
    pub span: Span,
    /// What it says.
    pub what: Written,
}

/// What a line says.
#[derive(Clone, Debug)]
pub enum Written {
    /// The customer writes, or sends something.
    User(Box<model::Content>),
    /// The customer presses the newest button with this label.
    Press(String),
    /// The customer opens the conversation, perhaps through a link.
    Open(Option<String>),
    /// The bot says.
    Bot(Expected),
    /// The request waits in this group at this place.
    Queue {
        /// The group.
        group: Option<String>,
        /// The place.
        position: Option<u32>,
    },
    /// Time passes, in microseconds.
    After(i64),
    /// The agent takes the request.
    AgentTakes,
    /// The agent says something.
    AgentSays(String),
    /// The agent closes the chat.
    AgentCloses(Option<String>),
    /// Somebody raises an event.
    Event(String, model::Record),
    /// Somebody at the desk changes the contact.
    Change(Vec<model::Change>),
    /// Something holds here, in the middle.
    Then(Expectation),
}

/// What a bot message is expected to be.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Exactly this.
    pub exact: Option<String>,
    /// This somewhere in it.
    pub contains: Vec<String>,
    /// This nowhere in it.
    pub lacks: Vec<String>,
    /// These buttons and quick replies, in order.
    pub buttons: Option<Vec<String>>,
    /// Said by this block, `skill.block`.
    pub from: Option<String>,
    /// Pictures, files, a place, cards.
    pub media: super::media::Media,
}

/// An event that is expected to have been recorded.
#[derive(Clone, Debug)]
pub struct ExpectedEvent {
    /// Its name.
    pub name: String,
    /// Fields it has at least, as they read.
    pub fields: Vec<(String, String)>,
}

/// What is known of the contact and where their runs are.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Exactly these tags.
    pub tags: Option<(Span, Vec<String>)>,
    /// These attributes; none is unset.
    pub attributes: Vec<(Span, String, Option<String>)>,
    /// This status.
    pub status: Option<(Span, String)>,
    /// Exactly these segments.
    pub segments: Option<(Span, Vec<String>)>,
    /// Exactly these events since the talk began, in order.
    pub events: Option<(Span, Vec<ExpectedEvent>)>,
    /// A run rests at this block; none: no run rests.
    pub at: Option<(Span, Option<String>)>,
    /// The last run that ended did so at this block.
    pub ended: Option<(Span, String)>,
    /// Who has the conversation: `bot`, `queue` or `agent`.
    pub owner: Option<(Span, String)>,
}
