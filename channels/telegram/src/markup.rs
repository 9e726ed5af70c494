//! Choices as keys: an inline keyboard under the message, or a reply keyboard beside the input.

use model::{Choice, ChoiceAction, Content};
use teloxide::types::{InlineKeyboardButton, KeyboardButton, KeyboardMarkup, ReplyMarkup};
use unicode_len::width;
use url::Url;

/// Keys with labels up to this long stand two in a row.
const SHORT: usize = 14;

/// The keys of a message and what of its choices is shown otherwise.
#[derive(Debug, Default, PartialEq)]
pub struct Keys {
    /// The keyboard; a message has at most one.
    pub markup: Option<ReplyMarkup>,
    /// Choices no key can hold, as lines of text.
    pub lines: Vec<String>,
    /// What is shown otherwise than written.
    pub notes: Vec<String>,
}

/// Lays out the choices of a message.
///
/// Buttons stand under the message. Quick replies are a reply keyboard, whose keys come back as text equal to their
/// label. A message has one keyboard: where there are buttons as well, or a quick reply does more than reply, quick
/// replies become buttons.
pub fn keys(content: &Content) -> Keys {
    let mut keys = Keys::default();
    let replies = &content.quick_replies;
    let beside = content.buttons.is_empty() && replies.iter().all(|reply| matches!(reply.action, ChoiceAction::Reply { .. }));
    if beside {
        if !replies.is_empty() {
            let rows = rows(replies.iter().map(|reply| KeyboardButton::new(&reply.label)), |key| &key.text);
            keys.markup = Some(KeyboardMarkup::new(rows).one_time_keyboard().resize_keyboard().into());
        }
        return keys;
    }
    if !replies.is_empty() {
        keys.notes.push(format!("{} quick replies shown as buttons: a Telegram message has one keyboard", replies.len()));
    }
    let mut buttons = Vec::new();
    for choice in content.buttons.iter().chain(replies) {
        match button(choice) {
            Ok(button) => buttons.push(button),
            Err(line) => {
                keys.notes.push(format!("button \"{}\" shown as text: Telegram has no such button", choice.label));
                keys.lines.push(line);
            }
        }
    }
    if !buttons.is_empty() {
        keys.markup = Some(ReplyMarkup::inline_kb(rows(buttons, |key| &key.text)));
    }
    keys
}

fn button(choice: &Choice) -> Result<InlineKeyboardButton, String> {
    match &choice.action {
        ChoiceAction::Reply { token } => Ok(InlineKeyboardButton::callback(&choice.label, token)),
        ChoiceAction::Url(address) => match Url::parse(address) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(InlineKeyboardButton::url(&choice.label, url)),
            Ok(_) | Err(_) => Err(format!("{}: {address}", choice.label)),
        },
        ChoiceAction::Phone(number) => Err(format!("{}: {number}", choice.label)),
    }
}

/// Keys in rows: two short ones beside each other, a long one alone; in order.
fn rows<K>(keys: impl IntoIterator<Item = K>, label: impl Fn(&K) -> &String) -> Vec<Vec<K>> {
    let mut rows: Vec<Vec<K>> = Vec::new();
    for key in keys {
        let short = |key: &K| width(label(key)) <= SHORT;
        match rows.last_mut() {
            Some(row) if row.len() == 1 && short(&row[0]) && short(&key) => row.push(key),
            Some(_) | None => rows.push(vec![key]),
        }
    }
    rows
}

mod unicode_len {
    /// How much room a label takes: wide scripts take two places a character.
    pub fn width(label: &str) -> usize {
        label.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn reply(label: &str) -> Choice {
        Choice { label: label.into(), action: ChoiceAction::Reply { token: format!("t{label}") } }
    }

    fn markup(keys: &Keys) -> Value {
        serde_json::to_value(&keys.markup).unwrap()
    }

    #[test]
    fn buttons_stand_under_the_message() {
        let url = Choice { label: "Open".into(), action: ChoiceAction::Url("https://shop.example".into()) };
        let phone = Choice { label: "Call".into(), action: ChoiceAction::Phone("+34600111222".into()) };
        let script = Choice { label: "Bad".into(), action: ChoiceAction::Url("javascript:alert(1)".into()) };
        let buttons = vec![reply("Yes"), reply("No"), reply("A rather long label"), url, phone, script];
        let keys = keys(&Content { buttons, ..Content::text("?") });
        let expected = json!({ "inline_keyboard": [
            [{ "text": "Yes", "callback_data": "tYes" }, { "text": "No", "callback_data": "tNo" }],
            [{ "text": "A rather long label", "callback_data": "tA rather long label" }],
            [{ "text": "Open", "url": "https://shop.example/" }],
        ]});
        assert_eq!(markup(&keys), expected);
        assert_eq!(keys.lines, ["Call: +34600111222", "Bad: javascript:alert(1)"]);
        assert_eq!(keys.notes.len(), 2);
    }

    #[test]
    fn quick_replies_stand_beside_the_input_once() {
        let keys = keys(&Content { quick_replies: vec![reply("Yes"), reply("No")], ..Content::text("?") });
        let expected = json!({ "keyboard": [[{ "text": "Yes" }, { "text": "No" }]], "one_time_keyboard": true, "resize_keyboard": true });
        assert_eq!(markup(&keys), expected);
        assert!(keys.notes.is_empty());
    }

    #[test]
    fn where_a_message_has_both_all_are_buttons_and_it_is_told() {
        let keys = keys(&Content { buttons: vec![reply("A")], quick_replies: vec![reply("B")], ..Content::text("?") });
        assert_eq!(markup(&keys)["inline_keyboard"][0][1]["callback_data"], "tB");
        assert_eq!(keys.notes, ["1 quick replies shown as buttons: a Telegram message has one keyboard"]);
    }
}
