//! Which choices a channel shows itself, and which are written out.

use crate::Capabilities;
use model::{Choice, ChoiceAction};
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation;

/// The choices of a message, fitted to a channel: each is in exactly one of the three lists.
pub(super) struct Choices {
    pub(super) buttons: Vec<Choice>,
    pub(super) quick_replies: Vec<Choice>,
    /// Lines for the text.
    pub(super) lines: Vec<String>,
}

impl Choices {
    pub(super) fn fit(buttons: &[Choice], quick_replies: &[Choice], above: usize, caps: &Capabilities, notes: &mut Vec<String>) -> Self {
        if let Some(why) = must_list(buttons, quick_replies, caps) {
            notes.push(format!("{} shown as a numbered list: {why}", counted(buttons.len(), quick_replies.len())));
            let lines = buttons
                .iter()
                .chain(quick_replies)
                .enumerate()
                .map(|(index, choice)| format!("{}. {}", above + index + 1, written(choice)));
            return Self { buttons: Vec::new(), quick_replies: Vec::new(), lines: lines.collect() };
        }
        let (shown, out): (Vec<_>, Vec<_>) = buttons.iter().partition(|choice| can_show(choice, caps));
        let (replies, more): (Vec<_>, Vec<_>) = quick_replies.iter().partition(|choice| can_show(choice, caps));
        let lines: Vec<String> = out.into_iter().chain(more).map(written).collect();
        if !lines.is_empty() {
            let what = if lines.len() == 1 { "a link button is".to_owned() } else { format!("{} link buttons are", lines.len()) };
            notes.push(format!("{what} written out: the channel shows none of the kind"));
        }
        let shown: Vec<Choice> = shown.into_iter().map(|choice| with_cut_label(choice, caps, notes)).collect();
        Self { buttons: shown, quick_replies: replies.into_iter().cloned().collect(), lines }
    }
}

/// Why the choices have to be listed, if they have to.
pub(super) fn must_list(buttons: &[Choice], quick_replies: &[Choice], caps: &Capabilities) -> Option<String> {
    let over = |choices: &[Choice], limit: usize| choices.iter().filter(|choice| can_show(choice, caps)).count() > limit;
    let shows = |limit: usize| if limit == 0 { "none".to_owned() } else { format!("at most {limit}") };
    if over(buttons, caps.buttons) {
        return Some(format!("the channel shows {}", shows(caps.buttons)));
    }
    if over(quick_replies, caps.quick_replies) {
        return Some(format!("the channel shows {}", shows(caps.quick_replies)));
    }
    // A quick reply may come back as its label: a cut one would no longer be recognised.
    if quick_replies.iter().any(|choice| too_long(&choice.label, caps)) {
        return Some(format!("a quick reply is longer than {} characters", label_limit(caps)));
    }
    let mut seen = BTreeSet::new();
    let native = buttons.iter().filter(|choice| can_show(choice, caps));
    if buttons.iter().any(|choice| too_long(&choice.label, caps))
        && !native.map(|c| cut(&c.label, label_limit(caps))).all(|c| seen.insert(c))
    {
        return Some("two labels would look the same when they are cut".to_owned());
    }
    None
}

fn can_show(choice: &Choice, caps: &Capabilities) -> bool {
    match choice.action {
        ChoiceAction::Reply { .. } => true,
        ChoiceAction::Url(_) => caps.url_buttons,
        ChoiceAction::Phone(_) => caps.phone_buttons,
    }
}

/// A choice in words; the number in front of a listed one is the caller's.
fn written(choice: &Choice) -> String {
    let label = choice.label.split_whitespace().collect::<Vec<_>>().join(" ");
    match &choice.action {
        ChoiceAction::Reply { .. } => label,
        ChoiceAction::Url(target) | ChoiceAction::Phone(target) => format!("{label}: {target}"),
    }
}

fn counted(buttons: usize, quick_replies: usize) -> String {
    let of = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    [of(buttons, "button", "buttons"), of(quick_replies, "quick reply", "quick replies")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

fn label_limit(caps: &Capabilities) -> usize {
    caps.button_label.max(2)
}

fn too_long(label: &str, caps: &Capabilities) -> bool {
    label.chars().count() > label_limit(caps)
}

fn with_cut_label(choice: &Choice, caps: &Capabilities, notes: &mut Vec<String>) -> Choice {
    if !too_long(&choice.label, caps) {
        return choice.clone();
    }
    notes.push(format!("a button's label is cut to {} characters: \"{}\"", label_limit(caps), choice.label));
    Choice { label: cut(&choice.label, label_limit(caps)), action: choice.action.clone() }
}

/// The label within `limit` characters, the last of them `…` if something is missing; never cut inside a grapheme
/// unless a single grapheme is longer than all there is.
fn cut(label: &str, limit: usize) -> String {
    if label.chars().count() <= limit {
        return label.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for grapheme in label.graphemes(true) {
        used += grapheme.chars().count();
        if used > limit - 1 {
            break;
        }
        out.push_str(grapheme);
    }
    if out.trim().is_empty() {
        out = label.chars().take(limit - 1).collect();
    }
    format!("{}…", out.trim_end())
}
