//! A gallery where the channel shows none: a message for each card.

use super::{choices::must_list, fit};
use crate::Capabilities;
use model::{Card, Content, Picture};

/// How many cards are sent before the button that brings the others.
const AT_ONCE: usize = 5;

/// The pieces: what is said above, the cards, and what stands under all of them.
pub(super) fn one_by_one(content: &Content, caps: &Capabilities, notes: &mut Vec<String>) -> Vec<Content> {
    let total = content.cards.len();
    // Where buttons are numbers in the text, there is no button that could bring the others.
    let listed = content.cards.iter().any(|card| must_list(&card.buttons, &[], caps).is_some());
    let more = content.more.clone().filter(|_| !listed && caps.buttons > content.buttons.len() && total > AT_ONCE);
    let shown = if more.is_some() { AT_ONCE } else { total };
    notes.push(match &more {
        Some(_) => format!("a gallery shown as a message for each card, {shown} of {total} at first: the channel shows none as one row"),
        None => "a gallery shown as a message for each card: the channel shows none as one row".to_owned(),
    });

    let mut parts = Vec::new();
    let above = Content { cards: Vec::new(), more: None, buttons: Vec::new(), quick_replies: Vec::new(), ..content.clone() };
    if !above.is_empty() {
        parts.extend(fit(&above, 0, caps, notes));
    }
    for (index, card) in content.cards.iter().take(shown).enumerate() {
        parts.extend(fit(&alone(card), before(&content.cards, index), caps, notes));
    }
    if more.is_some() || !content.buttons.is_empty() || !content.quick_replies.is_empty() {
        let text = if more.is_some() { format!("{shown} / {total}") } else { "…".to_owned() };
        let below = Content {
            buttons: more.map(|more| *more).into_iter().chain(content.buttons.iter().cloned()).collect(),
            quick_replies: content.quick_replies.clone(),
            ..Content::text(text)
        };
        parts.extend(fit(&below, before(&content.cards, total), caps, notes));
    }
    parts
}

/// How many buttons the cards before this one have.
fn before(cards: &[Card], index: usize) -> usize {
    cards.iter().take(index).map(|card| card.buttons.len()).sum()
}

fn alone(card: &Card) -> Content {
    let words = [card.title.as_str(), card.text.as_str()];
    let text = words.into_iter().filter(|words| !words.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let mut content = Content { buttons: card.buttons.clone(), ..Content::text(text) };
    match card.picture.clone() {
        Some(Picture::Stored(file)) => content.attachments.push(file),
        Some(Picture::Linked(link)) => content.linked.push(link),
        None => {}
    }
    content
}
