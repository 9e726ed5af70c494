//! Plain data of the product: ids, time, values, contacts, conversations, messages, journeys.
//!
//! Every other crate speaks in these types.
//!
//! **Invariant:** nothing here does IO, reads a clock or draws randomness; ids are made from a time and a
//! seed that the caller gives.

mod change;
mod contact;
mod conversation;
mod id;
mod journey;
mod message;
mod person;
mod text;
mod time;
mod value;

pub use change::{Actor, Change};
pub use contact::{Address, AttributeDef, AttributeType, Contact, Reach, Tag, TagKey};
pub use conversation::{
    Ask, Cause, ChoiceTo, Conversation, Frame, LiveRequest, Owner, PendingStart, RequestState, Rest, Run, SentChoice, SentChoices, Start,
    Timer, Version,
};
pub use id::{AgentId, ContactId, ConversationId, EventId, IdError, IdSource, JourneyId, MessageId, RequestId, RunId};
pub use journey::{EventRecord, JourneyEntry, JourneyKind};
pub use message::{
    Attachment, AttachmentKind, Author, BlobId, Choice, ChoiceAction, Content, Delivery, DeliveryUpdate, Incoming, IncomingBody, Location,
    Message, TextFormat, TranscriptEntry,
};
pub use person::{InboxItem, InboxRow, OutboxRow, OutboxState, Person, SEEN_FOR, SEEN_LIMIT, SeenKey};
pub use text::fold;
pub use time::{Duration, Instant};
pub use value::{Money, Record, Value};
