//! `image`: shows a picture, perhaps with a caption and buttons.

use super::asks::{self, Shows};
use super::choices::{ChoiceDef, Shown};
use super::source::{self, Source};
use super::{BlockBody, BlockKind, Fault, OptionSpec, OutcomeSpec, Says};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{AttachmentKind, Content};
use syntax::Diagnostic;

#[derive(Debug)]
pub(crate) struct Image;

#[derive(Debug)]
struct Framed {
    source: Source,
    caption: Option<Template>,
    alt: Option<Template>,
}

impl BlockKind for Image {
    fn key(&self) -> &'static str {
        "image"
    }
    fn summary(&self) -> &'static str {
        "Shows a picture, from the bot's folder `files/` or by its https address. With choices and no `next`, it waits like `text`."
    }
    fn example(&self) -> &'static str {
        "skill: poster\ncatch:\n  - command: poster\nblocks:\n  show:\n    image: https://shop.example/spring.png\n    caption: Our spring collection, ${first_name | default(\"friend\")}!\n    alt: A table with green and yellow plates\n    buttons:\n      - Tell me more: more\n      - Not now: end\n    timeout: 1d\n    on: { other: more }\n  more:\n    text: Everything is made by hand.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        const {
            &[
                OptionSpec { name: "image", field: "prose", doc: "`files/NAME` of the bot's folder, or an https address" },
                OptionSpec { name: "caption", field: "prose", doc: "what is said with it" },
                OptionSpec { name: "alt", field: "prose", doc: "what it shows, for people who do not see it" },
                asks::OPTIONS[0],
                asks::OPTIONS[1],
                asks::OPTIONS[2],
                asks::OPTIONS[3],
            ]
        }
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
        let caption = options.take("caption").and_then(|n| reader.prose(n, "caption"));
        let alt = options.take("alt").and_then(|n| reader.prose(n, "alt"));
        if caption.is_none() && alt.is_none() {
            reader.out.push(
                Diagnostic::warning("W0226", value.span, "nothing says what this picture shows")
                    .help("add alt: with a few words, for people who do not see it, or a caption:"),
            );
        }
        let source = source::read(value, AttachmentKind::Image, "a picture", reader);
        let shows = source.map(|source| Framed { source, caption, alt });
        asks::read(shows?, Vec::new(), value, options, has_next, reader)
    }
}

impl Shows for Framed {
    fn content(&self, _: &[ChoiceDef], _: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault> {
        let alt = asks::render(self.alt.as_ref(), at)?;
        let found = self.source.find(AttachmentKind::Image, alt, at)?;
        Ok(asks::with_caption(found, asks::render(self.caption.as_ref(), at)?))
    }

    fn sources(&self) -> Vec<&Source> {
        vec![&self.source]
    }

    fn says(&self) -> Option<Says<'_>> {
        self.caption.as_ref().map(|text| Says { text, markdown: false })
    }
}
