//! `text`: says something, perhaps with buttons and quick replies.

use super::choices::{self, ChoiceDef};
use super::{BlockBody, BlockKind, Fault, Flow, Key, OptionSpec, OutcomeSpec, Says, Shape, Waits};
use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{Ask, Content, JourneyKind, MessageId, Rest, TextFormat};

#[derive(Debug)]
pub(crate) struct Text;

#[derive(Debug)]
struct Said {
    text: Template,
    markdown: bool,
    choices: Vec<ChoiceDef>,
    save: Option<String>,
    timeout: Option<i64>,
    waits: bool,
}

impl BlockKind for Text {
    fn key(&self) -> &'static str {
        "text"
    }
    fn summary(&self) -> &'static str {
        "Sends a text. With buttons or quick replies that lead somewhere, and no `next`, it waits for a choice."
    }
    fn example(&self) -> &'static str {
        "skill: greet\ncatch:\n  - command: hello\nblocks:\n  ask:\n    text: Hello! What can I do for you?\n    buttons:\n      - Opening hours: hours\n      - Nothing: end\n    timeout: 1d\n    on: { other: hours }\n  hours:\n    text: We are open from 9 to 5.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "text", field: "prose", doc: "what is said, as written; `${…}` holds an expression" },
            OptionSpec { name: "buttons", field: "choices", doc: "shown under the message; they stay pressable for 30 days" },
            OptionSpec { name: "quick_replies", field: "choices", doc: "shown once, beside the input" },
            OptionSpec { name: "save", field: "name", doc: "stores the value or label of what was chosen" },
            OptionSpec { name: "timeout", field: "duration", doc: "how long to wait for a choice" },
            OptionSpec { name: "format", field: "value", doc: "`plain` (default) or `markdown`" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("format", Shape::OneOf(&["plain", "markdown"]), "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn takes_map(&self) -> bool {
        false
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let choices = choices::read(options, reader);
        let save = options.take("save").and_then(|n| reader.identifier(n, "save").map(str::to_owned));
        let timeout_node = options.take("timeout");
        let timeout = timeout_node.and_then(|n| reader.duration(n, "timeout"));
        let markdown = match options.take("format").and_then(|n| Some((reader.text(n, "format")?, n.span))) {
            None | Some(("plain", _)) => false,
            Some(("markdown", _)) => true,
            Some((other, span)) => {
                reader.error("E0104", span, format!("format is plain or markdown, not \"{other}\""));
                false
            }
        };
        if value.as_text().is_some_and(|t| t.trim().is_empty()) {
            reader.error("E0125", value.span, "the text is empty; write what is said");
            return None;
        }
        let text = reader.prose(value, "text")?;
        let choices = choices?;
        if let Some(name) = &save {
            for choice in choices.iter().filter(|c| c.answers()) {
                super::data::check_literal(name, choice.value.as_ref().unwrap_or(&choice.label), value, reader);
            }
        }
        let waits = !has_next && choices.iter().any(ChoiceDef::answers);
        if let Some(node) = timeout_node.filter(|_| !waits) {
            reader.error(
                "E0109",
                node.span,
                "timeout has no meaning here: the text does not wait (it has no choice to wait for, or it has next)",
            );
        }
        Some(Box::new(Said { text, markdown, choices, save, timeout, waits }))
    }
}

impl Said {
    /// Sends the message; the id is none if it rendered empty.
    fn show(&self, at: &mut Moving<'_, '_>) -> Result<Option<MessageId>, Fault> {
        let text = at.render(&self.text)?;
        let shown = choices::show(&self.choices, at)?;
        let format = if self.markdown { TextFormat::Markdown } else { TextFormat::Plain };
        let content = Content { text, format, buttons: shown.buttons, quick_replies: shown.quick_replies, ..Content::default() };
        let id = at.say(content)?;
        if let Some(id) = id {
            at.run.said = Some(at.block().name.clone());
            choices::remember(id, shown.sent, self.save.as_deref(), at);
        }
        Ok(id)
    }
}

impl BlockBody for Said {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let message = self.show(at)?;
        // Without a message there is nothing to choose from: waiting would hang in silence.
        let Some(message) = message.filter(|_| self.waits) else { return Ok(Flow::Next) };
        let now = at.step.turn.now;
        Ok(Flow::Rest(Rest::Asking(Ask { message: Some(message), ..Ask::new(now, self.timeout.map(|t| now.plus_micros(t))) })))
    }

    fn waits(&self) -> Waits {
        if self.waits { Waits::Asks } else { Waits::No }
    }

    fn choices(&self) -> &[ChoiceDef] {
        &self.choices
    }

    fn says(&self) -> Option<Says<'_>> {
        Some(Says { text: &self.text, markdown: self.markdown })
    }

    fn save(&self) -> Option<&str> {
        self.save.as_deref()
    }

    fn timeout(&self) -> Option<i64> {
        self.timeout
    }

    fn ask_again(&self, at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        let Some(message) = self.show(at)? else { return Ok(true) };
        // Typed answers mean the newest message; the buttons of the earlier ones still find the run. A question of an
        // earlier block that is only repeated takes no answers.
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
