//! Plain data of the product: ids, time, values, contacts, conversations, messages, journeys.
//!
//! Every other crate speaks in these types.
//!
//! **Invariant:** nothing here does IO, reads a clock or draws randomness; ids are made from a time and a
//! seed that the caller gives.

mod call;
mod change;
mod contact;
mod conversation;
mod edition;
mod id;
mod identifier;
mod journey;
mod message;
mod person;
mod request;
mod standing;
mod text;
mod time;
mod topic;
mod value;

pub use call::{
    Call, CallAnswer, CallKind, CallRow, CallState, Came, HttpBody, HttpCall, HttpMethod, MailCall, Piece, Reply, Sealed, SmsCall,
};
pub use change::{Actor, Change};
pub use contact::{Address, AttributeDef, AttributeType, Consent, Contact, MESSAGES, NOTES_LIMIT, Note, Reach, Tag, TagKey};
pub use conversation::{
    Ask, Awaited, Busy, Calling, Cause, ChoiceTo, Conversation, Frame, IfBusy, Kept, Owner, Paused, PendingStart, Pressed, Rest, Run,
    SentChoice, SentChoices, Start, Timer, Version,
};
pub use id::{AgentId, ContactId, ConversationId, EventId, IdError, IdSource, JourneyId, MergeId, MessageId, RequestId, RunId};
pub use identifier::{Absorbed, IDENTIFIER_LENGTH, Identifier, IdentifierKind, Verified};
pub use journey::{Altered, EventRecord, JourneyEntry, JourneyKind, Medium, Part, Reached, Transition};
pub use message::{
    Attachment, AttachmentKind, Author, BlobId, Card, Choice, ChoiceAction, Content, Delivery, DeliveryUpdate, Incoming, IncomingBody,
    Linked, Location, Message, Picture, TextFormat, TranscriptEntry,
};
pub use person::{Forgotten, Happened, InboxItem, InboxRow, Occasion, OutboxRow, OutboxState, Person, SEEN_FOR, SEEN_LIMIT, SeenKey};
pub use request::{LeftDesk, LiveRequest, RequestState};
pub use standing::{ChatState, SESSION};
pub use text::fold;
pub use time::{Duration, Instant};
pub use topic::{JourneyFilter, JourneyHead, JourneyTopic, SET_BACK};
pub use value::{Money, Record, Value};
