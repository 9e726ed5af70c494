//! A line of the transcript as the visitor's own browser may see it, and nothing more.

use model::{AttachmentKind, Author, Choice, ChoiceAction, Content, Delivery, DeliveryUpdate, Location, Message};
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
        let Content { text, format: _, attachments, location, buttons, quick_replies, unsupported, pressed } = content;
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
            files: attachments
                .iter()
                .map(|a| FileLine { id: &a.blob.0, name: &a.name, mime: &a.mime, size: a.size, kind: a.kind })
                .collect(),
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
        Delivery::Unknown => "unknown",
        Delivery::Failed(_) => "failed",
    }
}
