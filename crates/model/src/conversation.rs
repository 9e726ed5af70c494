//! A conversation: a contact on one channel address, with the runs that rest in it (FL 5.1).
//!
//! Waiting is data. Everything a run needs to go on after a restart is here and nowhere else; due times are
//! derived from it ([`Conversation::next_due`]).

use crate::{Address, AgentId, ContactId, ConversationId, Instant, LeftDesk, LiveRequest, MessageId, Record, RequestId, RunId, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The hash of a bot folder: the version a run is pinned to (FL 5.9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub Arc<str>);

/// Who answers the customer (INV-3: exactly one).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The bot.
    #[default]
    Bot,
    /// Nobody yet: the request waits at the desk.
    Queue,
    /// A human.
    Agent(AgentId),
}

/// What began a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The customer: a message, a button, a command, and what these `send`.
    Customer,
    /// Anything else: time, the API, a segment, a tag, an agent.
    Other,
}

/// What becomes of what the customer did not begin and what would ask, while another run has the floor (FL 5.3b).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfBusy {
    /// It waits.
    #[default]
    Queue,
    /// It does not happen.
    Skip,
    /// It happens, and asks over the question that is asked.
    Interrupt,
}

/// What a catch says of a floor that is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// What becomes of it.
    #[serde(default)]
    pub then: IfBusy,
    /// How long it waits, in microseconds; none is the bot's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_for: Option<i64>,
}

impl Busy {
    /// Whether it is what holds where nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// One level of a run: the skill, where it stands, its variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The skill.
    pub skill: String,
    /// The block it is at.
    pub block: String,
    /// Run variables of this frame (FL 7.1).
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub vars: Record,
    /// What stands still while a skill runs on top of this frame (`call`, an interrupt); none on the innermost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Box<Paused>>,
}

/// A frame below another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// The question it asked when an interrupt came; none below a `call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// Which of its blocks spoke last ([`Run::said`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// A question that waits for the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The message whose choices wait, if the block showed any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// When the question was (last) asked.
    pub asked_at: Instant,
    /// When its timeout is taken; none while suspended (FL 5.3a).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
    /// Whether another run has the floor, or a human the conversation: its timeout stands still (FL 5.3a, 5.5).
    #[serde(default)]
    pub suspended: bool,
    /// Unusable answers so far.
    #[serde(default)]
    pub tries: u32,
    /// What was said so far, while more may come (`merge_within`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<String>,
    /// When what was heard counts as the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_until: Option<Instant>,
    /// Which of its questions a block with several is at.
    #[serde(default, skip_serializing_if = "is_first")]
    pub stage: u16,
    /// The answers to those before, until all are stored.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub answers: Record,
}

fn is_first(stage: &u16) -> bool {
    *stage == 0
}

impl Ask {
    /// A question that was asked now.
    pub fn new(asked_at: Instant, deadline: Option<Instant>) -> Self {
        Self {
            message: None,
            asked_at,
            deadline,
            suspended: false,
            tries: 0,
            heard: Vec::new(),
            merge_until: None,
            stage: 0,
            answers: Record::new(),
        }
    }
}

/// How a run rests (FL 5.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// It asks and has the floor, or had it and is suspended.
    Asking(Ask),
    /// It waits (`wait_for`, `wait_until`).
    Waiting {
        /// When time moves it on; none leaves that to `limits.run_idle`.
        until: Option<Instant>,
        /// What else it waits for.
        #[serde(default)]
        on: Awaited,
    },
    /// It asked the desk for a human and has no answer yet.
    Requesting {
        /// The request.
        request: RequestId,
    },
    /// It requests something of the outside (`json`, `email`, `sms`) and has no answer yet, or may not go on
    /// with it yet.
    Calling(Calling),
    /// A human or the queue has the conversation.
    HandedOver {
        /// The request.
        request: RequestId,
    },
}

/// A run that requests something of the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calling {
    /// The call.
    pub call: RequestId,
    /// When its time is over.
    pub until: Instant,
    /// Whether it answers something the customer did (FL 7.9).
    #[serde(default)]
    pub direct: bool,
    /// What came while a human had the conversation (FL 5.5): the run goes on with it when the bot has it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Box<crate::Reply>>,
}

/// What a waiting run waits for besides the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// Nothing: the time alone.
    #[default]
    Time,
    /// A moment that is computed from what is known of the contact, and follows it.
    Moment,
    /// An event of this name.
    Event(String),
    /// Membership of a segment.
    Segment {
        /// Which.
        name: String,
        /// Whether it is awaited that the contact enters it, or leaves it.
        entered: bool,
    },
    /// Another value of an attribute.
    Attribute {
        /// Which.
        name: String,
        /// What it was when the wait began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Value>,
    },
    /// It came: the run goes on as soon as it may, with these fields as `event.…`.
    Came(Record),
}

impl Awaited {
    /// Whether a change of the contact may end the wait, or move its end.
    pub fn watches_contact(&self) -> bool {
        match self {
            Self::Moment | Self::Segment { .. } | Self::Attribute { .. } => true,
            Self::Time | Self::Event(_) | Self::Came(_) => false,
        }
    }
}

/// A skill in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The bot version it began with; all its frames and timers use it (FL 5.9).
    pub version: Version,
    /// The stack, innermost last; never empty.
    pub frames: Vec<Frame>,
    /// What began it.
    pub cause: Cause,
    /// The event that began it: name and fields (`event.…`).
    #[serde(default)]
    pub event: Record,
    /// When it began.
    pub began_at: Instant,
    /// When it last moved; `limits.run_idle` counts from here.
    pub moved_at: Instant,
    /// The block of the innermost skill that spoke last: the question, should it have to be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// How it rests.
    pub rest: Rest,
    /// What the catch that began it says of a floor that is taken: it holds as well when the run goes on later.
    #[serde(default, skip_serializing_if = "Busy::is_usual")]
    pub busy: Busy,
    /// Since when it could go on and waits for the floor, because it would ask and the customer did not begin it (FL 5.3b).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Instant>,
}

impl Run {
    /// The innermost frame.
    pub fn frame(&self) -> &Frame {
        self.frames.last().expect("a run has at least one frame")
    }
    /// The innermost frame, to change.
    pub fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("a run has at least one frame")
    }
}

/// A running timer (`timer` block).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// The block that armed it, which is its name for `stop_timer`.
    pub name: String,
    /// The skill of that block.
    pub skill: String,
    /// The version it was armed in.
    pub version: Version,
    /// Where each tick begins.
    pub target: String,
    /// When it ticks next.
    pub next: Instant,
    /// Microseconds between ticks; none ticks once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<i64>,
    /// Ticks left; none is without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// The variables its run had when it was armed.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub vars: Record,
    /// The event of that run.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub event: Record,
}

/// One choice that was shown and may still be pressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentChoice {
    /// What comes back when it is pressed.
    pub token: String,
    /// What it says, as shown.
    pub label: String,
    /// Its index among the block's choices, buttons first.
    pub index: u16,
    /// The number under which it was shown, from 1, choices that only open or dial counted: what a typed `2` means.
    pub ordinal: u16,
    /// Where it leads, so that it still leads there when its version is gone.
    pub to: ChoiceTo,
    /// What `save` stores and typed text may equal, if not the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The card it stands on, as a flow reads it afterwards; none for a button of the message itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Record>,
    /// What else may be typed for it, as shown: its card's title.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Where a choice leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceTo {
    /// A block of the same skill.
    Block(String),
    /// Another skill.
    Skill(String),
    /// The end of the skill.
    End,
    /// An event is raised.
    Event(String),
    /// The cards that were held back are shown (FL 4, `gallery`).
    More,
}

/// The button that was pressed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressed {
    /// Its token.
    pub token: String,
    /// When the channel told of the press that acted.
    pub at: Instant,
}

/// The choices of one sent message, kept for 30 days (FL 5.4 rule 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentChoices {
    /// The message.
    pub message: MessageId,
    /// The run that showed it.
    pub run: RunId,
    /// Its version.
    pub version: Version,
    /// The skill.
    pub skill: String,
    /// The block.
    pub block: String,
    /// When it was sent.
    pub at: Instant,
    /// The variables it was sent with.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub vars: Record,
    /// Where the chosen value or label is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<String>,
    /// The choices.
    pub choices: Vec<SentChoice>,
    /// Which of its questions they answer, of a block with several ([`Ask::stage`]).
    #[serde(default, skip_serializing_if = "is_first")]
    pub stage: u16,
    /// Cards that a channel may have held back, for [`ChoiceTo::More`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<crate::Card>,
}

/// Where a start begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A skill through one of its catches, by index, or at its first block if none.
    Skill {
        /// The skill.
        skill: String,
        /// The catch's index in the skill's list.
        catch: Option<u16>,
        /// What that catch says, so that after an edit of the bot no other is taken for it; none in older records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<String>,
    },
    /// A timer's tick: this block of this skill in this version.
    Tick {
        /// The timer's name.
        timer: String,
        /// The skill.
        skill: String,
        /// The block.
        block: String,
        /// The version.
        version: Version,
        /// Its variables.
        vars: Record,
    },
}

/// A start that waits: the floor is taken (FL 5.3b) or a human has the conversation (FL 5.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingStart {
    /// What begins.
    pub start: Start,
    /// Its event.
    pub event: Record,
    /// Whether it can ask or hand over, and so waits for the floor.
    #[serde(default)]
    pub asks: bool,
    /// When it was due.
    pub since: Instant,
    /// After this it is dropped and journeyed.
    pub until: Instant,
}

/// Up to which line a transcript is kept under a contact whose conversation it once was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The contact.
    pub under: ContactId,
    /// The last line there; it is from the one after the entry before.
    pub to: u64,
}

/// A contact on one channel address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is.
    pub contact: ContactId,
    /// On which address.
    pub address: Address,
    /// Where older lines of its transcript are kept, if not under its contact: a merge moves a conversation, not its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// Who answers.
    #[serde(default)]
    pub owner: Owner,
    /// Runs, oldest first.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Runs that ask, the one with the floor last; those before it are suspended (FL 5.3).
    #[serde(default)]
    pub floor: Vec<RunId>,
    /// Running timers.
    #[serde(default)]
    pub timers: Vec<Timer>,
    /// Choices that can still be pressed, oldest first.
    #[serde(default)]
    pub choices: Vec<SentChoices>,
    /// The button that was pressed last: pressed again within moments, it does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressed: Option<Pressed>,
    /// Starts that wait.
    #[serde(default)]
    pub pending: Vec<PendingStart>,
    /// The latest request for a human, until it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<LiveRequest>,
    /// How the last request that ended did so: its group may look for a while how it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_desk: Option<LeftDesk>,
    /// Whether `/start` ever began here (FL 5.4 rule 10).
    #[serde(default)]
    pub greeted: bool,
    /// How many transcript entries there are; the next one's number is one more.
    #[serde(default)]
    pub last_no: u64,
    /// Up to which entry the customer has seen what was said to them, as far as anybody told; 0 if nobody did. It only grows.
    #[serde(default, skip_serializing_if = "is_nothing_read")]
    pub read_to: u64,
    /// When the customer last did something here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Instant>,
    /// When an agent closed the chat, if the customer has not come back since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// How many requests for a human nobody answered here, since an agent last attended to it.
    #[serde(default, skip_serializing_if = "is_none_missed")]
    pub missed: u32,
    /// Since when a human or the queue has it; timers are held while it is set (FL 5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Instant>,
    /// `once:` memory: when each catch last started, by its skill and what it catches.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub once: Record,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none_missed(missed: &u32) -> bool {
    *missed == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing_read(read_to: &u64) -> bool {
    *read_to == 0
}

impl Conversation {
    /// A conversation in which nothing happened yet.
    pub fn new(id: ConversationId, contact: ContactId, address: Address) -> Self {
        Self {
            id,
            contact,
            address,
            kept: Vec::new(),
            owner: Owner::Bot,
            runs: Vec::new(),
            floor: Vec::new(),
            timers: Vec::new(),
            choices: Vec::new(),
            pressed: None,
            pending: Vec::new(),
            request: None,
            left_desk: None,
            greeted: false,
            last_no: 0,
            read_to: 0,
            heard_at: None,
            closed_at: None,
            missed: 0,
            held_since: None,
            once: Record::new(),
        }
    }

    /// Gives the conversation to another contact. Lines written so far stay where they are.
    pub fn moved_to(mut self, contact: ContactId) -> Self {
        let before = std::mem::replace(&mut self.contact, contact);
        let since = self.kept.last().map_or(0, |kept| kept.to);
        if self.last_no > since {
            self.kept.push(Kept { under: before, to: self.last_no });
        }
        self
    }

    /// Takes the request off the desk and remembers whose it was; `by`: the agent who closed the chat.
    pub fn end_request(&mut self, now: Instant, by: Option<AgentId>) -> Option<LiveRequest> {
        let request = self.request.take()?;
        self.left_desk = Some(LeftDesk { request: request.id, group: request.group.clone(), at: now, by });
        Some(request)
    }

    /// The run with the floor.
    pub fn floor_run(&self) -> Option<&Run> {
        let id = self.floor.last()?;
        self.runs.iter().find(|r| r.id == *id)
    }

    /// A run by id.
    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.iter().find(|r| r.id == id)
    }

    /// A run by id, to change.
    pub fn run_mut(&mut self, id: RunId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|r| r.id == id)
    }

    /// The next number of a transcript entry; takes it.
    pub fn take_no(&mut self) -> u64 {
        self.last_no += 1;
        self.last_no
    }
}
