//! What blocks that show something have in common: choices under it, waiting for one, showing it again.

use super::choices::{self, ChoiceDef, Shown};
use super::source::Source;
use super::{BlockBody, Fault, Flow, OptionSpec, Says, Waits};
use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use model::{Ask, Card, Content, JourneyKind, MessageId, Rest};
use std::fmt::Debug;

/// What a block shows.
pub(crate) trait Shows: Debug + Send + Sync {
    /// The message without the block's own choices; those on cards are put into `shown`.
    fn content(&self, choices: &[ChoiceDef], shown: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault>;
    /// What it says, as far as that is known before it runs.
    fn says(&self) -> Option<Says<'_>>;
    /// Where what it shows comes from.
    fn sources(&self) -> Vec<&Source>;
    /// The outcome if there is nothing to show; none goes on.
    fn nothing(&self) -> Option<&'static str> {
        None
    }
}

/// The options of choices, for a block's list.
pub(crate) const OPTIONS: [OptionSpec; 4] = [
    OptionSpec { name: "buttons", field: "choices", doc: "shown under it; they stay pressable for 30 days" },
    OptionSpec { name: "quick_replies", field: "choices", doc: "shown once, beside the input" },
    OptionSpec { name: "save", field: "name", doc: "stores the value or label of what was chosen" },
    OptionSpec { name: "timeout", field: "duration", doc: "how long to wait for a choice" },
];

/// A block that shows something, with choices.
#[derive(Debug)]
pub(crate) struct Showing<S> {
    shows: S,
    /// The choices on cards, then the block's own.
    choices: Vec<ChoiceDef>,
    /// How many are on cards.
    on_cards: usize,
    save: Option<String>,
    timeout: Option<i64>,
    waits: bool,
}

/// Reads the choices that stand with a block, and puts it together.
pub(crate) fn read<S: Shows + 'static>(
    shows: S,
    mut choices: Vec<ChoiceDef>,
    value: At<'_>,
    options: &mut Fields<'_>,
    has_next: bool,
    reader: &mut Reader<'_>,
) -> Option<Box<dyn BlockBody>> {
    let on_cards = choices.len();
    let written = choices::read(options, reader);
    let save = options.take("save").and_then(|n| reader.identifier(n, "save").map(str::to_owned));
    let timeout_node = options.take("timeout");
    let timeout = timeout_node.and_then(|n| reader.duration(n, "timeout"));
    // The options beside choices that are wrong are known all the same.
    choices.extend(written?);
    if let Some(name) = &save {
        for choice in choices.iter().filter(|c| c.answers()) {
            super::data::check_literal(name, choice.value.as_ref().unwrap_or(&choice.label), value, reader);
        }
    }
    let waits = !has_next && choices.iter().any(ChoiceDef::answers);
    if let Some(node) = timeout_node.filter(|_| !waits) {
        let why = "timeout has no meaning here: the block does not wait (it has no choice to wait for, or it has next)";
        reader.error("E0109", node.span, why);
    }
    Some(Box::new(Showing { shows, choices, on_cards, save, timeout, waits }))
}

/// How many cards a channel shows at once where each is a message of its own.
pub(crate) const AT_ONCE: usize = 5;

impl<S: Shows> Showing<S> {
    fn show(&self, at: &mut Moving<'_, '_>) -> Result<Option<MessageId>, Fault> {
        let mut shown = Shown::default();
        let mut content = self.shows.content(&self.choices, &mut shown, at)?;
        if content.is_empty() {
            return at.say(content);
        }
        choices::show_from(self.choices.get(self.on_cards..).unwrap_or_default(), self.on_cards, &mut shown, at)?;
        let held_back: Vec<Card> = content.cards.iter().skip(AT_ONCE).cloned().collect();
        if !held_back.is_empty() {
            let label = at.sentence("More");
            let token = choices::token(at);
            let action = model::ChoiceAction::Reply { token: token.clone() };
            content.more = Some(Box::new(model::Choice { label: label.clone(), action }));
            let (index, ordinal) = (u16::MAX, u16::MAX);
            let to = model::ChoiceTo::More;
            shown.sent.push(model::SentChoice { token, label, index, ordinal, to, value: None, card: None, also: Vec::new() });
        }
        content.buttons = shown.buttons;
        content.quick_replies = shown.quick_replies;
        let id = at.say(content)?;
        if let Some(id) = id {
            at.run.said = Some(at.block().name.clone());
            choices::remember_cards(id, shown.sent, held_back, self.save.as_deref(), at);
        }
        Ok(id)
    }
}

impl<S: Shows> BlockBody for Showing<S> {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let Some(message) = self.show(at)? else {
            return Ok(self.shows.nothing().map_or(Flow::Next, |outcome| Flow::Outcome(outcome, String::new())));
        };
        // A list may have made no choices: waiting for none would hang in silence.
        let answerable = at.step.conversation.choices.last().is_some_and(|sent| sent.message == message);
        if !self.waits || !answerable {
            return Ok(Flow::Next);
        }
        let now = at.step.turn.now;
        Ok(Flow::Rest(Rest::Asking(Ask { message: Some(message), ..Ask::new(now, self.timeout.map(|t| now.plus_micros(t))) })))
    }

    fn waits(&self) -> Waits {
        if self.waits { Waits::Asks } else { Waits::No }
    }

    fn choices(&self) -> &[ChoiceDef] {
        &self.choices
    }

    fn on_cards(&self) -> usize {
        self.on_cards
    }

    fn files(&self) -> Vec<&str> {
        self.shows.sources().into_iter().filter_map(Source::file).collect()
    }

    fn save(&self) -> Option<&str> {
        self.save.as_deref()
    }

    fn says(&self) -> Option<Says<'_>> {
        self.shows.says()
    }

    fn timeout(&self) -> Option<i64> {
        self.timeout
    }

    fn ask_again(&self, at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        let Some(message) = self.show(at)? else { return Ok(true) };
        // Typed answers mean the newest message. A question of an earlier block that is only repeated takes none.
        let here = at.run.frame().block == at.block().name;
        if self.waits
            && here
            && let Rest::Asking(ask) = &mut at.run.rest
        {
            ask.message = Some(message);
            at.journey(JourneyKind::Delivery("the question was sent again".into()));
        }
        Ok(true)
    }

    fn targets(&self) -> Vec<(String, Target)> {
        self.choices
            .iter()
            .filter_map(|c| match &c.does {
                choices::Does::Go(Some(target)) => Some((c.label.literal().unwrap_or("button").to_owned(), target.clone())),
                choices::Does::Go(None) | choices::Does::Raise(_) | choices::Does::Open(_) | choices::Does::Dial(_) => None,
            })
            .collect()
    }
}

/// The content of something with a caption.
pub(crate) fn with_caption(found: Option<model::Picture>, text: String) -> Content {
    let mut content = Content::text(text);
    match found {
        Some(model::Picture::Stored(file)) => content.attachments.push(file),
        Some(model::Picture::Linked(link)) => content.linked.push(link),
        None => {}
    }
    content
}

/// A template, or nothing.
pub(crate) fn render(template: Option<&expr::Template>, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
    template.map_or_else(|| Ok(String::new()), |template| at.render(template))
}
