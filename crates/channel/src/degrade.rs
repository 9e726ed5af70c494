//! Degradation: fits a message to what a channel can show, visibly, and says what it did.
//!
//! Nothing is ever dropped: what cannot be shown as written is written out. The rules:
//!
//! 1. Buttons or quick replies that do not fit become a numbered list, all of them, in the order buttons then quick
//!    replies; the number is the choice's ordinal, which the engine accepts as an answer (FL 5.4 rule 3).
//! 2. A button that opens an address or dials, on a channel without such buttons, becomes a line `Label: address`.
//! 3. Markdown the channel does not render, or that has to be split or added to, becomes plain text.
//! 4. Attachments and places the channel does not carry become a line that names them.
//! 5. Text over a limit is split at paragraph, sentence, word, then grapheme (FL 3.8); a caption over its limit
//!    follows the attachments as a text of its own.
//! 6. A file that is elsewhere and that the channel does not show becomes a line with its address.
//! 7. A gallery, on a channel that shows none as one row, becomes a message for each card; after the fifth a button brings
//!    the others, where they have one. Numbers of listed buttons run through all cards.
//! 8. Buttons sit on the last piece. On channels that are sent to ([`Capabilities::pull`] is false) a piece carries at
//!    most one attachment or place, so that each is confirmed by itself.

mod cards;
mod choices;
mod plain;
mod split;

use crate::{Capabilities, attachment_line, linked_line};
use choices::Choices;
use model::{Content, Location, TextFormat};
use split::utf16_len;

/// A piece of a message, fitted to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What to show.
    pub content: Content,
}

/// A message fitted to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Degraded {
    /// The pieces, in order; at least one.
    pub parts: Vec<Part>,
    /// What is shown otherwise than written, one short sentence each, for the journey.
    pub notes: Vec<String>,
}

/// Fits a message to a channel; see the rules of this module.
pub fn degrade(content: &Content, caps: &Capabilities) -> Degraded {
    let mut notes = Vec::new();
    let parts = if content.cards.is_empty() || caps.gallery {
        fit(content, 0, caps, &mut notes)
    } else {
        cards::one_by_one(content, caps, &mut notes)
    };
    Degraded { parts: parts.into_iter().map(|content| Part { content }).collect(), notes }
}

/// Fits a message whose first choice has the number after `above`.
fn fit(content: &Content, above: usize, caps: &Capabilities, notes: &mut Vec<String>) -> Vec<Content> {
    let choices = Choices::fit(&content.buttons, &content.quick_replies, above, caps, notes);

    let (carried, named): (Vec<_>, Vec<_>) =
        content.attachments.iter().cloned().partition(|file| caps.attachments.contains(&file.kind) && file.size <= caps.attachment_limit);
    for file in &named {
        let why = if caps.attachments.contains(&file.kind) { "it is too large for the channel" } else { "the channel does not carry it" };
        notes.push(format!("an attachment is named in the text: {why}"));
    }
    let shown = |link: &model::Linked| caps.linked && caps.attachments.contains(&link.kind);
    let (linked, addresses): (Vec<_>, Vec<_>) = content.linked.iter().cloned().partition(shown);
    if !addresses.is_empty() {
        notes.push("a file that is elsewhere is shown by its address: the channel does not show it".to_owned());
    }
    let (place, place_line) = match &content.location {
        Some(place) if !caps.location => {
            notes.push("a place is shown as text: the channel shows none".to_owned());
            (None, Some(location_line(place)))
        }
        other => (other.clone(), None),
    };

    // What is written under the text, one paragraph each.
    let mut below = Vec::new();
    if !named.is_empty() {
        below.push(named.iter().map(attachment_line).collect::<Vec<_>>().join("\n"));
    }
    if !addresses.is_empty() {
        below.push(addresses.iter().map(linked_line).collect::<Vec<_>>().join("\n"));
    }
    below.extend(place_line);
    if !choices.lines.is_empty() {
        below.push(choices.lines.join("\n"));
    }

    let (text, format) = compose(content, caps, &below, notes);
    let mut parts = arrange(Body { text, format, carried, linked, place }, caps, notes);
    let first = parts.first_mut().expect("a message has at least one part");
    first.unsupported.clone_from(&content.unsupported);
    first.pressed.clone_from(&content.pressed);
    let last = parts.last_mut().expect("a message has at least one part");
    last.buttons = choices.buttons;
    last.quick_replies = choices.quick_replies;
    if caps.gallery {
        last.cards.clone_from(&content.cards);
    }
    parts
}

/// The whole text with what is written below it, in a format the channel shows.
fn compose(content: &Content, caps: &Capabilities, below: &[String], notes: &mut Vec<String>) -> (String, TextFormat) {
    let (text, format) = match content.format {
        TextFormat::Plain => (content.text.clone(), TextFormat::Plain),
        TextFormat::Markdown => {
            // Cutting or adding to marked-up text could open or close its marks elsewhere.
            let whole = below.is_empty() && utf16_len(&content.text) <= text_limit(caps);
            if caps.markdown && whole {
                (content.text.clone(), TextFormat::Markdown)
            } else {
                let why = if !caps.markdown { "the channel does not render it" } else { "it had to be split or added to" };
                notes.push(format!("markdown shown as plain text: {why}"));
                (plain::plain(&content.text), TextFormat::Plain)
            }
        }
    };
    if below.is_empty() {
        return (text, format);
    }
    let mut blocks = Vec::new();
    if !text.trim().is_empty() {
        blocks.push(text.trim_end());
    }
    blocks.extend(below.iter().map(String::as_str));
    (blocks.join("\n\n"), format)
}

struct Body {
    text: String,
    format: TextFormat,
    carried: Vec<model::Attachment>,
    linked: Vec<model::Linked>,
    place: Option<Location>,
}

/// Lays text, attachments and place out in pieces within the limits.
fn arrange(body: Body, caps: &Capabilities, notes: &mut Vec<String>) -> Vec<Content> {
    let Body { text, format, carried, linked, place } = body;
    let has_files = !carried.is_empty() || !linked.is_empty();
    let mut parts: Vec<Content> = if caps.pull {
        if has_files || place.is_some() {
            vec![Content { attachments: carried, linked, location: place, ..Content::default() }]
        } else {
            Vec::new()
        }
    } else {
        let files = carried.into_iter().map(|file| Content { attachments: vec![file], ..Content::default() });
        let links = linked.into_iter().map(|link| Content { linked: vec![link], ..Content::default() });
        files.chain(links).chain(place.map(|place| Content { location: Some(place), ..Content::default() })).collect()
    };
    if text.trim().is_empty() && !parts.is_empty() {
        return parts;
    }
    // The text is the caption of the last file where it fits; a place takes none.
    let captioned = parts.last_mut().filter(|part| caps.pull || part.location.is_none());
    if let Some(part) = captioned {
        let limit = if has_files { caps.caption_limit.min(text_limit(caps)) } else { text_limit(caps) };
        if utf16_len(&text) <= limit {
            part.text = text;
            part.format = format;
            return parts;
        }
        notes.push("a caption follows as a text of its own: it is longer than the channel allows".to_owned());
    }
    let pieces = split::split(&text, text_limit(caps));
    if pieces.len() > 1 {
        notes.push(format!("a long text shown as {} messages", pieces.len()));
    }
    parts.extend(pieces.into_iter().map(|text| Content { text, format, ..Content::default() }));
    if parts.is_empty() {
        parts.push(Content::default());
    }
    parts
}

/// The text limit; no channel's is so small that a character outside the basic plane does not fit.
fn text_limit(caps: &Capabilities) -> usize {
    caps.text_limit.max(2)
}

/// A place in words: about a metre exact, no trailing zeros beyond the second place.
fn location_line(place: &Location) -> String {
    fn degrees(value: f64) -> String {
        let mut text = format!("{value:.5}");
        while text.ends_with('0') && text.rsplit('.').next().is_some_and(|decimals| decimals.len() > 2) {
            text.pop();
        }
        text
    }
    format!("Location: {}, {}", degrees(place.latitude), degrees(place.longitude))
}

#[cfg(test)]
mod tests;
