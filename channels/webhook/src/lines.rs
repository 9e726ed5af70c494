//! What we say, as JSON: transcript lines that are fetched and pieces that are pushed.

use channel::Outbound;
use model::{Attachment, Author, Card, Choice, ChoiceAction, Content, Linked, Message, Picture, TextFormat};
use serde_json::{Map, Value, json};

/// A transcript line as the other side reads it. Skills, blocks and agents' ids stay with us.
pub(crate) fn line(message: &Message) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), json!(message.id.to_string()));
    out.insert("no".into(), json!(message.no));
    out.insert("at".into(), json!(message.at.to_string()));
    let (author, name) = match &message.author {
        Author::Customer => ("customer", None),
        Author::Bot { .. } => ("bot", None),
        Author::Agent { name, .. } => ("agent", Some(name)),
        Author::System => ("system", None),
    };
    out.insert("author".into(), json!(author));
    if let Some(name) = name {
        out.insert("name".into(), json!(name));
    }
    content(&message.content, &mut out);
    Value::Object(out)
}

/// A piece as it is posted to the callback address.
pub(crate) fn pushed(piece: &Outbound) -> Value {
    let mut out = Map::new();
    out.insert("to".into(), json!(piece.address.id));
    out.insert("id".into(), json!(piece.message.to_string()));
    out.insert("part".into(), json!(piece.part));
    content(&piece.content, &mut out);
    Value::Object(out)
}

fn content(content: &Content, out: &mut Map<String, Value>) {
    out.insert("text".into(), json!(content.text));
    match content.format {
        TextFormat::Plain => {}
        TextFormat::Markdown => {
            out.insert("format".into(), json!("markdown"));
        }
    }
    if !content.attachments.is_empty() {
        out.insert("attachments".into(), content.attachments.iter().map(file).collect());
    }
    if !content.linked.is_empty() {
        out.insert("linked".into(), content.linked.iter().map(linked).collect());
    }
    if !content.cards.is_empty() {
        out.insert("cards".into(), content.cards.iter().map(card).collect());
    }
    if let Some(place) = &content.location {
        out.insert("location".into(), json!({ "latitude": place.latitude, "longitude": place.longitude }));
    }
    if !content.buttons.is_empty() {
        out.insert("buttons".into(), content.buttons.iter().map(choice).collect());
    }
    if !content.quick_replies.is_empty() {
        out.insert("quick_replies".into(), content.quick_replies.iter().map(choice).collect());
    }
}

/// A stored file; the text of one that a flow made comes with it.
fn file(file: &Attachment) -> Value {
    let mut out = json!({ "id": file.blob.0, "kind": file.kind, "name": file.name, "mime": file.mime, "size": file.size });
    if !file.alt.is_empty() {
        out["alt"] = json!(file.alt);
    }
    if let Some(text) = &file.made {
        out["content"] = json!(text);
    }
    out
}

fn linked(link: &Linked) -> Value {
    json!({ "kind": link.kind, "url": link.url, "name": link.name, "alt": link.alt })
}

fn card(card: &Card) -> Value {
    let mut out = json!({ "title": card.title, "text": card.text, "buttons": card.buttons.iter().map(choice).collect::<Vec<_>>() });
    match &card.picture {
        Some(Picture::Stored(picture)) => out["attachment"] = file(picture),
        Some(Picture::Linked(picture)) => out["linked"] = linked(picture),
        None => {}
    }
    out
}

fn choice(choice: &Choice) -> Value {
    match &choice.action {
        ChoiceAction::Reply { token } => json!({ "label": choice.label, "token": token }),
        ChoiceAction::Url(url) => json!({ "label": choice.label, "url": url }),
        ChoiceAction::Phone(phone) => json!({ "label": choice.label, "phone": phone }),
    }
}
