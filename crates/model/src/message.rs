//! Messages: what people, the bot and agents say to one another, and what becomes of it.

use crate::{AgentId, ConversationId, Instant, MessageId, Record};
use serde::{Deserialize, Serialize};

/// The id of a stored attachment: the hex SHA-256 of its bytes. Never a path (fault 36).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobId(pub String);

impl BlobId {
    /// Reads an id: 64 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then(|| Self(text.to_owned()))
    }
}

/// What an attachment is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A still picture.
    Image,
    /// Any file.
    File,
    /// Music or recorded sound.
    Audio,
    /// A voice note.
    Voice,
    /// A moving picture.
    Video,
    /// A sticker.
    Sticker,
}

/// A stored file that belongs to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Where its bytes are.
    pub blob: BlobId,
    /// The file's name as the sender gave it, already without any path.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its size in bytes.
    pub size: u64,
    /// What a picture shows, for people who do not see it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The text itself, of a small file that a flow made: it is stored with the message, and `blob` only names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
}

/// A file somewhere on the web. It is named to channels and never fetched by us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// What it is.
    pub kind: AttachmentKind,
    /// Its https address.
    pub url: String,
    /// What a file is called; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What a picture shows, for people who do not see it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
}

/// The picture of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// A stored file.
    Stored(Attachment),
    /// A file somewhere on the web.
    Linked(Linked),
}

/// One card of a gallery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its heading.
    pub title: String,
    /// What stands under it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// Its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Choice>,
}

/// A place on earth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// As written (FL 3.8).
    #[default]
    Plain,
    /// Markdown.
    Markdown,
}

/// What a button does when it is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceAction {
    /// Comes back to us; the token finds the choice, the flow decides. Tokens are at most 32 ASCII letters and digits.
    Reply {
        /// What the channel carries and gives back.
        token: String,
    },
    /// Opens an http or https address.
    Url(String),
    /// Dials a number.
    Phone(String),
}

/// A button or quick reply as a channel shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// What it does.
    pub action: ChoiceAction,
}

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The text, or the caption of the attachments; may be empty if there is something else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// How the text is to be read.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub format: TextFormat,
    /// Files, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Files that are elsewhere, in order, after those that are here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<Linked>,
    /// Cards of a gallery, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// The button that brings the cards a channel did not show at once, where it shows them one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<Choice>>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Buttons under the message; they stay pressable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Choice>,
    /// Replies shown once beside the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<Choice>,
    /// What the customer sent that we cannot show, by the provider's name for it (FL 7.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
    /// The token of the button whose press this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressed: Option<String>,
}

fn is_plain(format: &TextFormat) -> bool {
    *format == TextFormat::Plain
}

impl Content {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Everything that can be pressed, in the order of its numbers: cards, buttons, quick replies, and what brings more.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        let on_cards = self.cards.iter().flat_map(|card| &card.buttons);
        on_cards.chain(&self.buttons).chain(&self.quick_replies).chain(self.more.as_deref())
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
            && self.attachments.is_empty()
            && self.linked.is_empty()
            && self.cards.is_empty()
            && self.location.is_none()
            && self.unsupported.is_none()
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The bot, at a block.
    Bot {
        /// The skill.
        skill: String,
        /// The block.
        block: String,
    },
    /// A human at the desk.
    Agent {
        /// Their id.
        id: AgentId,
        /// The name the customer sees.
        name: String,
    },
    /// A line about the conversation (an agent joined, …), shown but said by nobody.
    System,
}

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// From the customer; there is nothing to deliver.
    Received,
    /// In the outbox.
    Queued,
    /// The channel took it.
    Sent,
    /// The customer's device has it, as the other side tells.
    Delivered,
    /// The customer saw it, and with it what was said to them before in the conversation.
    Read,
    /// It was on its way when the connection or the process broke: it may or may not have arrived.
    Unknown,
    /// It will not be sent, and why.
    Failed(String),
}

impl Delivery {
    /// How far a message got when one more report of it comes. Reports may be late and out of order: one that tells of less than is
    /// known changes nothing. So what was read stays read, and what arrived has not failed.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        if later.step() < self.step() { self } else { later }
    }

    /// How far a message got when a later one of its conversation was read: if it had left, it was read as well. Of one that may not
    /// have arrived, that tells nothing.
    #[must_use]
    pub fn then_read_on(self) -> Self {
        match self {
            Self::Sent | Self::Delivered | Self::Read => Self::Read,
            Self::Received | Self::Queued | Self::Unknown | Self::Failed(_) => self,
        }
    }

    /// The order in which one tells more than another.
    fn step(&self) -> u8 {
        match self {
            Self::Received | Self::Queued => 0,
            Self::Unknown => 1,
            Self::Sent => 2,
            Self::Failed(_) => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }
}

/// One line of a conversation's transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its place in the conversation's transcript: 1, 2, 3 … without gaps, shared with [`DeliveryUpdate`]s.
    pub no: u64,
    /// When it was said.
    pub at: Instant,
    /// Who said it.
    pub author: Author,
    /// What it says.
    pub content: Content,
    /// How far it got when this line was written; later lines may update it.
    pub delivery: Delivery,
    /// The id the sender's own program gave the message, so that it recognises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A later line that says how far an earlier message got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryUpdate {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its place in the transcript.
    pub no: u64,
    /// The message it is about.
    pub message: MessageId,
    /// How far it got. [`Delivery::Read`] tells of all that was said before that message as well ([`Delivery::then_read_on`]).
    pub delivery: Delivery,
    /// When.
    pub at: Instant,
    /// What the channel could not show as written and shows otherwise (buttons as a numbered list, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

/// A line of the transcript log: append-only, ordered by its number within one conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "nearly every line is a message; a box each would cost more than the few small ones waste")]
pub enum TranscriptEntry {
    /// Something was said.
    #[serde(rename = "m")]
    Message(Message),
    /// Something became of it.
    #[serde(rename = "d")]
    Delivery(DeliveryUpdate),
}

impl TranscriptEntry {
    /// The entry's place in its conversation's transcript.
    pub fn no(&self) -> u64 {
        match self {
            Self::Message(m) => m.no,
            Self::Delivery(d) => d.no,
        }
    }

    /// The conversation it belongs to.
    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Message(m) => m.conversation,
            Self::Delivery(d) => d.conversation,
        }
    }
}

/// What a customer did on a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncomingBody {
    /// A message: text, files, a place, or something we cannot use (`unsupported`).
    Message(Content),
    /// A button was pressed, by its token; the label is what the channel showed, if it says so.
    Press {
        /// The token of [`ChoiceAction::Reply`].
        token: String,
        /// The label the person saw, for a token that is no longer known.
        label: String,
    },
    /// The person opened the conversation without saying anything yet (the widget's panel, Telegram's Start
    /// button), perhaps through a link that carries a payload.
    Opened {
        /// The deep link's payload.
        payload: Option<String>,
    },
    /// Something happened that nobody wrote: a page was opened, an order was placed on the website (FL 7.3). It
    /// makes no contact of a stranger.
    Event {
        /// Its name.
        name: String,
        /// Its fields.
        fields: Record,
    },
    /// The provider says that nothing gets through any more (FL 7.4).
    Unreachable {
        /// In the provider's words.
        reason: String,
    },
    /// The provider says that messages get through again.
    Reachable,
}

/// Something a customer did, with what the channel knows of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// What they did.
    pub body: IncomingBody,
    /// When the provider says it happened (shown; order is by arrival).
    pub at: Instant,
    /// System attributes the channel knows: `first_name`, `language`, ….
    #[serde(default)]
    pub profile: Record,
    /// The sender's own id of the message, for the sender to recognise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Delivery; 7] {
        let failed = Delivery::Failed("no such number".into());
        [Delivery::Received, Delivery::Queued, Delivery::Unknown, Delivery::Sent, failed, Delivery::Delivered, Delivery::Read]
    }

    #[test]
    fn no_report_takes_back_what_an_earlier_one_told() {
        // In whatever order reports come, what tells most is what holds.
        for a in all() {
            for b in all() {
                for c in all() {
                    let [one, other] = [[&a, &b, &c], [&c, &a, &b]].map(|told| told.into_iter().cloned().reduce(Delivery::then).unwrap());
                    assert_eq!(one.step(), other.step(), "{a:?} {b:?} {c:?}");
                    assert_eq!(one.step(), a.step().max(b.step()).max(c.step()));
                }
            }
        }
        assert_eq!(Delivery::Read.then(Delivery::Sent), Delivery::Read);
        assert_eq!(Delivery::Delivered.then(Delivery::Failed("late".into())), Delivery::Delivered);
        assert_eq!(Delivery::Unknown.then(Delivery::Sent), Delivery::Sent, "it was sent once more");
        assert_eq!(Delivery::Sent.then(Delivery::Failed("no such number".into())), Delivery::Failed("no such number".into()));
    }

    #[test]
    fn what_is_read_later_tells_of_what_had_left_before() {
        for delivery in all() {
            let left = matches!(delivery, Delivery::Sent | Delivery::Delivered | Delivery::Read);
            assert_eq!(delivery.clone().then_read_on(), if left { Delivery::Read } else { delivery });
        }
    }

    #[test]
    fn states_of_earlier_releases_still_read() {
        for (written, is) in [
            (r#""sent""#, Delivery::Sent),
            (r#""unknown""#, Delivery::Unknown),
            (r#"{"failed":"gone"}"#, Delivery::Failed("gone".into())),
            (r#""delivered""#, Delivery::Delivered),
            (r#""read""#, Delivery::Read),
        ] {
            assert_eq!(serde_json::from_str::<Delivery>(written).unwrap(), is);
            assert_eq!(serde_json::to_string(&is).unwrap(), written);
        }
    }
}
