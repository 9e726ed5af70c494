//! Buttons and quick replies (FL 3.9): how they are written, shown and remembered.

use super::Fault;
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::bot::typed::What;
use crate::bot::{Block, Target};
use crate::step::Moving;
use expr::Template;
use model::{Choice, ChoiceAction, ChoiceTo, MessageId, SentChoice, SentChoices};
use syntax::{Diagnostic, Node, Span};

/// How many choices one block may have.
const MOST: usize = 50;

/// One button or quick reply of a block.
#[derive(Debug)]
pub(crate) struct ChoiceDef {
    pub label: Template,
    pub does: Does,
    /// What `save` stores instead of the label.
    pub value: Option<Template>,
    pub synonyms: Vec<String>,
    /// Shown once beside the input instead of under the message.
    pub quick: bool,
}

/// What a choice does.
#[derive(Debug)]
pub(crate) enum Does {
    /// Goes there; without a target to the block's `next`.
    Go(Option<Target>),
    /// Raises an event.
    Raise(String),
    /// Opens an address.
    Open(Template),
    /// Dials.
    Dial(Template),
}

impl ChoiceDef {
    /// Where choosing it leads from `block`; none for those that lead nowhere.
    pub(crate) fn target(&self, block: &Block) -> Option<Target> {
        match &self.does {
            Does::Go(Some(target)) => Some(target.clone()),
            Does::Go(None) => Some(block.next.clone()),
            Does::Raise(_) | Does::Open(_) | Does::Dial(_) => None,
        }
    }

    /// The event it raises.
    pub(crate) fn raises(&self) -> Option<&str> {
        match &self.does {
            Does::Raise(event) => Some(event),
            Does::Go(_) | Does::Open(_) | Does::Dial(_) => None,
        }
    }

    /// Whether it answers the block's question.
    pub(crate) fn answers(&self) -> bool {
        matches!(self.does, Does::Go(_))
    }
}

/// Reads `buttons` and `quick_replies`.
pub(crate) fn read(options: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Vec<ChoiceDef>> {
    read_keys(&[("buttons", false), ("quick_replies", true)], options, reader)
}

/// Reads the `buttons` of a card.
pub(crate) fn read_buttons(options: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Vec<ChoiceDef>> {
    read_keys(&[("buttons", false)], options, reader)
}

fn read_keys(keys: &[(&'static str, bool)], options: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Vec<ChoiceDef>> {
    let (mut choices, mut places, mut failed) = (Vec::new(), Vec::new(), false);
    for (key, quick) in keys.iter().copied() {
        let Some(node) = options.take(key) else { continue };
        if node.is_null() || node.as_list().is_some_and(<[_]>::is_empty) {
            reader.error("E0125", node.span, format!("{key} is empty"));
            return None;
        }
        for item in one_or_many(node) {
            match read_one(item, quick, reader) {
                Some(choice) => {
                    choices.push(choice);
                    // The label: what stands before the colon, if anything leads anywhere.
                    places.push(item.as_map().and_then(<[_]>::first).map_or(item.span, |entry| entry.key.span));
                }
                None => failed = true,
            }
        }
    }
    check(&choices, &places, options.span(), reader)?;
    // What is wrong with each was told.
    (!failed).then_some(choices)
}

/// What must hold of the choices of one message or card: few enough, and no two the same to a customer who types.
fn check(choices: &[ChoiceDef], places: &[Span], span: Span, reader: &mut Reader<'_>) -> Option<()> {
    let mut known: Vec<(String, Span)> = Vec::new();
    for (choice, place) in choices.iter().zip(places) {
        let Some(label) = choice.label.literal().map(crate::step::spoken) else { continue };
        if let Some((_, first)) = known.iter().find(|(other, _)| *other == label) {
            let message = format!(
                "two choices say \"{}\": a customer who types it could mean either",
                choice.label.literal().unwrap_or_default().trim()
            );
            reader.out.push(
                Diagnostic::error("E0129", *place, message)
                    .also(*first, "the first one")
                    .help("give one of the two another label, or take it out"),
            );
            return None;
        }
        known.push((label, *place));
    }
    if choices.len() > MOST {
        reader.error("E0125", span, format!("a message has at most {MOST} buttons and quick replies"));
        return None;
    }
    Some(())
}

fn read_one(item: At<'_>, quick: bool, reader: &mut Reader<'_>) -> Option<ChoiceDef> {
    let (label_node, what): (At<'_>, Option<At<'_>>) = match &item.value {
        Node::Map(entries) => match entries.as_slice() {
            [entry] => (&entry.key, Some(&entry.value)),
            _ => {
                reader.out.push(
                    Diagnostic::error("E0103", item.span, "a button is written \"- Label: target\", one to a line of the list")
                        .help("put a dash and a space before each label"),
                );
                return None;
            }
        },
        Node::Scalar(_) => (item, None),
        Node::Null | Node::List(_) => {
            reader.error("E0103", item.span, format!("a button is a label, or a label with a target, not {}", item.kind_name()));
            return None;
        }
    };
    let label = reader.prose(label_node, "a label")?;
    if label.literal().is_some() {
        reader.may_be_typed(label_node, What::Answer);
    }
    if label.literal().is_some_and(|l| l.trim().is_empty()) {
        reader.error("E0104", label_node.span, "a button needs a label");
        return None;
    }
    let mut choice = ChoiceDef { label, does: Does::Go(None), value: None, synonyms: Vec::new(), quick };
    let Some(what) = what else { return Some(choice) };
    if !matches!(what.value, Node::Map(_)) || what.get("skill").is_some() {
        // A target that is not there was told; the choice still makes the block one that waits.
        choice.does = Does::Go(reader.target(what));
        return Some(choice);
    }
    let mut fields = Fields::of(what, "a button", reader.out)?;
    let to = fields.take("to").map(|n| reader.target(n));
    let event = fields.take("event").map(|n| crate::catches::event_name(n, reader));
    let url = fields.take("url").map(|n| (reader.prose(n, "url"), n));
    let phone = fields.take("phone").map(|n| reader.prose(n, "phone"));
    choice.value = fields.take("value").and_then(|n| reader.prose(n, "value"));
    if let Some(synonyms) = fields.take("synonyms") {
        for node in one_or_many(synonyms) {
            choice.synonyms.extend(reader.text(node, "a synonym").map(str::to_owned));
            reader.may_be_typed(node, What::Answer);
            choice.synonyms.extend(reader.in_other_languages(node));
        }
    }
    let span = fields.span();
    fields.finish(reader.out);
    choice.does = match (to, event, url, phone) {
        (Some(to), None, None, None) => Does::Go(to),
        (None, Some(event), None, None) => Does::Raise(event?),
        (None, None, Some((url, node)), None) => {
            let url = url?;
            if url.literal().is_some_and(|u| !is_web(u)) {
                reader.error("E0104", node.span, "a button opens an address that begins with https:// or http://");
                return None;
            }
            Does::Open(url)
        }
        (None, None, None, Some(phone)) => Does::Dial(phone?),
        (None, None, None, None) => Does::Go(None),
        _ => {
            reader.error("E0109", span, "a button does one thing: to, event, url or phone");
            return None;
        }
    };
    Some(choice)
}

fn is_web(url: &str) -> bool {
    let lower = url.trim().to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

/// Choices as shown with one message.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub buttons: Vec<Choice>,
    pub quick_replies: Vec<Choice>,
    pub sent: Vec<SentChoice>,
    /// How many were shown on the message so far: the last ordinal that was given.
    pub count: usize,
}

/// Renders choices of a message. One whose label renders empty, or whose address is not a web address, is left out and
/// journeyed. Of these the first is the block's choice number `first`.
pub(crate) fn show_from(choices: &[ChoiceDef], first: usize, shown: &mut Shown, at: &mut Moving<'_, '_>) -> Result<(), Fault> {
    for (index, choice) in choices.iter().enumerate() {
        let label = at.render(&choice.label)?.trim().to_owned();
        if label.is_empty() {
            at.journey(model::JourneyKind::Delivery("a button whose label rendered empty was left out".into()));
            continue;
        }
        let to = match &choice.does {
            Does::Go(_) => {
                let target = choice.target(at.block()).unwrap_or(Target::End);
                Some(at.choice_to(&target))
            }
            Does::Raise(event) => Some(ChoiceTo::Event(event.clone())),
            Does::Open(_) | Does::Dial(_) => None,
        };
        let action = match &choice.does {
            Does::Go(_) | Does::Raise(_) => ChoiceAction::Reply { token: token(at) },
            Does::Open(url) => {
                let url = at.render(url)?;
                if !is_web(&url) {
                    at.journey(model::JourneyKind::Delivery(format!("the button \"{label}\" has no web address and was left out")));
                    continue;
                }
                ChoiceAction::Url(url.trim().to_owned())
            }
            Does::Dial(number) => ChoiceAction::Phone(at.render(number)?.trim().to_owned()),
        };
        shown.count += 1;
        if let (Some(to), ChoiceAction::Reply { token }) = (to, &action) {
            let value = match &choice.value {
                Some(value) => Some(at.render(value)?),
                None => None,
            };
            shown.sent.push(SentChoice {
                token: token.clone(),
                label: label.clone(),
                index: u16::try_from(first + index).unwrap_or(u16::MAX),
                ordinal: u16::try_from(shown.count).unwrap_or(u16::MAX),
                to,
                value,
                card: None,
                also: Vec::new(),
            });
        }
        let list = if choice.quick { &mut shown.quick_replies } else { &mut shown.buttons };
        list.push(Choice { label, action });
    }
    Ok(())
}

/// Remembers the choices of a message that was sent.
pub(crate) fn remember(message: MessageId, sent: Vec<SentChoice>, save: Option<&str>, at: &mut Moving<'_, '_>) {
    remember_cards(message, sent, Vec::new(), save, at);
}

/// The same, with the cards that a channel may hold back.
pub(crate) fn remember_cards(
    message: MessageId,
    sent: Vec<SentChoice>,
    held_back: Vec<model::Card>,
    save: Option<&str>,
    at: &mut Moving<'_, '_>,
) {
    if sent.is_empty() {
        return;
    }
    let entry = SentChoices {
        message,
        run: at.run.id,
        version: at.run.version.clone(),
        skill: at.skill.name.clone(),
        block: at.block().name.clone(),
        at: at.step.turn.now,
        vars: at.frame().vars.clone(),
        save: save.map(str::to_owned),
        choices: sent,
        stage: 0,
        held_back,
    };
    at.step.conversation.choices.push(entry);
}

/// What a channel carries for a choice: 16 letters and digits that say nothing about the flow.
pub(crate) fn token(at: &mut Moving<'_, '_>) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits = (u128::from(at.step.ids.draw()) << 64) | u128::from(at.step.ids.draw());
    (0..16).map(|i| char::from(ALPHABET[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)])).collect()
}
