//! `text`: says something, perhaps with buttons and quick replies.

use super::asks::{self, Shows};
use super::choices::{ChoiceDef, Shown};
use super::source::Source;
use super::{BlockBody, BlockKind, Fault, Key, OptionSpec, OutcomeSpec, Says, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{Content, TextFormat};

#[derive(Debug)]
pub(crate) struct Text;

#[derive(Debug)]
struct Said {
    text: Template,
    markdown: bool,
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
        const {
            &[
                OptionSpec { name: "text", field: "prose", doc: "what is said, as written; `${…}` holds an expression" },
                asks::OPTIONS[0],
                asks::OPTIONS[1],
                asks::OPTIONS[2],
                asks::OPTIONS[3],
                OptionSpec { name: "format", field: "value", doc: "`plain` (default) or `markdown`" },
            ]
        }
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
        asks::read(Said { text, markdown }, Vec::new(), value, options, has_next, reader)
    }
}

impl Shows for Said {
    fn content(&self, _: &[ChoiceDef], _: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault> {
        let format = if self.markdown { TextFormat::Markdown } else { TextFormat::Plain };
        Ok(Content { text: at.render(&self.text)?, format, ..Content::default() })
    }

    fn sources(&self) -> Vec<&Source> {
        Vec::new()
    }

    fn says(&self) -> Option<Says<'_>> {
        Some(Says { text: &self.text, markdown: self.markdown })
    }
}
