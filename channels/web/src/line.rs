//! A line of the transcript as the visitor's own browser may see it, and nothing more.

use model::{
    Attachment, AttachmentKind, Author, Card, Choice, ChoiceAction, Content, Delivery, DeliveryUpdate, Linked, Location, Message, Picture,
};
use serde::Serialize;

/// What was said.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    no: u64,
    id: String,
    at: String,
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quick_replies: Vec<Button<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    linked: Vec<&'a Linked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cards: Vec<CardLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    delivery: &'static str,
}

#[derive(Serialize)]
struct Button<'a> {
    label: &'a str,
    #[serde(flatten)]
    action: Action<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Action<'a> {
    Token(&'a str),
    Url(&'a str),
    Phone(&'a str),
}

#[derive(Serialize)]
struct FileLine<'a> {
    id: &'a str,
    name: &'a str,
    mime: &'a str,
    size: u64,
    kind: AttachmentKind,
    #[serde(skip_serializing_if = "str::is_empty")]
    alt: &'a str,
}

impl<'a> From<&'a Attachment> for FileLine<'a> {
    fn from(file: &'a Attachment) -> Self {
        Self { id: &file.blob.0, name: &file.name, mime: &file.mime, size: file.size, kind: file.kind, alt: &file.alt }
    }
}

/// A card of a gallery; its picture is a file of this line or an address.
#[derive(Serialize)]
struct CardLine<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linked: Option<&'a Linked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button<'a>>,
}

impl<'a> From<&'a Card> for CardLine<'a> {
    fn from(card: &'a Card) -> Self {
        let (file, linked) = match &card.picture {
            Some(Picture::Stored(file)) => (Some(FileLine::from(file)), None),
            Some(Picture::Linked(link)) => (None, Some(link)),
            None => (None, None),
        };
        Self { title: &card.title, text: &card.text, file, linked, buttons: card.buttons.iter().map(Button::from).collect() }
    }
}

/// How far an earlier line got.
#[derive(Serialize)]
pub(crate) struct DeliveryLine {
    no: u64,
    message: String,
    delivery: &'static str,
}

impl<'a> From<&'a Message> for Line<'a> {
    fn from(message: &'a Message) -> Self {
        let Message { id, conversation: _, no, at, author, content, delivery, client_id } = message;
        // A gallery is one row here: nothing of it is held back.
        let Content { text, format: _, attachments, linked, cards, more: _, location, buttons, quick_replies, unsupported, pressed } =
            content;
        let (from, name) = match author {
            Author::Customer => ("you", None),
            Author::Bot { skill: _, block: _ } => ("bot", None),
            Author::Agent { id: _, name } => ("agent", Some(name.as_str())),
            Author::System => ("system", None),
        };
        Self {
            no: *no,
            id: id.to_string(),
            at: at.to_string(),
            from,
            name,
            text,
            buttons: buttons.iter().map(Button::from).collect(),
            quick_replies: quick_replies.iter().map(Button::from).collect(),
            files: attachments.iter().map(FileLine::from).collect(),
            linked: linked.iter().collect(),
            cards: cards.iter().map(CardLine::from).collect(),
            location: location.as_ref(),
            unsupported: unsupported.as_deref(),
            pressed: pressed.as_deref(),
            // Only the sender's own: an agent's program may have given its message an id as well.
            client_id: client_id.as_deref().filter(|_| *author == Author::Customer),
            delivery: word(delivery),
        }
    }
}

impl<'a> From<&'a Choice> for Button<'a> {
    fn from(choice: &'a Choice) -> Self {
        let action = match &choice.action {
            ChoiceAction::Reply { token } => Action::Token(token),
            ChoiceAction::Url(url) => Action::Url(url),
            ChoiceAction::Phone(number) => Action::Phone(number),
        };
        Self { label: &choice.label, action }
    }
}

impl From<&DeliveryUpdate> for DeliveryLine {
    fn from(update: &DeliveryUpdate) -> Self {
        Self { no: update.no, message: update.message.to_string(), delivery: word(&update.delivery) }
    }
}

/// The reason of a failure is the operator's to know.
fn word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Received => "received",
        Delivery::Queued => "queued",
        Delivery::Sent => "sent",
        Delivery::Delivered => "delivered",
        Delivery::Read => "read",
        Delivery::Unknown => "unknown",
        Delivery::Failed(_) => "failed",
    }
}
