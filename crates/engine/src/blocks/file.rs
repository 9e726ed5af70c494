//! `file`: sends a file to keep: of the bot's folder, from an address, or made from a template.

use super::asks::{self, Shows};
use super::choices::{ChoiceDef, Shown};
use super::source::{self, Source};
use super::{BlockBody, BlockKind, Fault, Key, OptionSpec, OutcomeSpec, Says, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{Attachment, AttachmentKind, BlobId, Content, JourneyKind, Picture};
use sha2::{Digest, Sha256};

/// The longest text of a file that a flow makes, in bytes: it is stored with its message.
const LONGEST: usize = 64 * 1024;
/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

#[derive(Debug)]
pub(crate) struct File;

#[derive(Debug)]
enum What {
    /// One that is there, perhaps under another name.
    Ready(Source, Option<Template>),
    /// One that is written now.
    Made { name: Template, content: Template, mime: Option<String> },
}

#[derive(Debug)]
struct Sent {
    what: What,
    caption: Option<Template>,
}

impl BlockKind for File {
    fn key(&self) -> &'static str {
        "file"
    }
    fn summary(&self) -> &'static str {
        "Sends a file: of the bot's folder `files/`, by its https address, or made from a template. With choices and no `next`, it waits like `text`."
    }
    fn example(&self) -> &'static str {
        "skill: invite\ncatch:\n  - command: invite\nblocks:\n  calendar:\n    file:\n      name: appointment.ics\n      type: text/calendar\n      content: |\n        BEGIN:VCALENDAR\n        VERSION:2.0\n        PRODID:-//shop.example//bot//EN\n        BEGIN:VEVENT\n        UID:visit@shop.example\n        DTSTAMP:20260302T090000Z\n        DTSTART:20260309T090000Z\n        SUMMARY:Visit to the shop\n        END:VEVENT\n        END:VCALENDAR\n      caption: Open it to put the visit into your calendar.\n  terms:\n    file: https://shop.example/terms.pdf\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        const {
            &[
                OptionSpec { name: "file", field: "prose", doc: "`files/NAME` of the bot's folder, or an https address" },
                OptionSpec { name: "from", field: "prose", doc: "the same, where options stand in a map" },
                OptionSpec { name: "name", field: "prose", doc: "what the file is called; needed for one that is made" },
                OptionSpec { name: "content", field: "prose", doc: "the text of a file that is made; at most 64 KB" },
                OptionSpec { name: "type", field: "value", doc: "its media type, such as text/calendar; else what the name says" },
                OptionSpec { name: "caption", field: "prose", doc: "what is said with it" },
                asks::OPTIONS[0],
                asks::OPTIONS[1],
                asks::OPTIONS[2],
                asks::OPTIONS[3],
            ]
        }
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("file", Shape::Prose, ""), Key::may("type", Shape::Text, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let from = match value.value {
            syntax::Node::Map(_) => options.take("from"),
            syntax::Node::Null | syntax::Node::Scalar(_) | syntax::Node::List(_) => Some(value),
        };
        let caption = options.take("caption").and_then(|n| reader.prose(n, "caption"));
        let name = options.take("name").map(|n| reader.prose(n, "name"));
        let content = options.take("content").map(|n| (n, reader.prose(n, "content")));
        let mime_node = options.take("type");
        let mime = mime_node.and_then(|n| media_type(n, reader));
        let what = match (from, content) {
            (Some(_), Some((node, _))) => {
                reader.error("E0109", node.span, "a file is taken from somewhere or made from content, not both");
                return None;
            }
            (None, None) => {
                let diagnostic = syntax::Diagnostic::error("E0102", options.span(), "the file has neither from nor content");
                reader.out.push(diagnostic.help("write from: files/NAME or an https address, or name: and content:"));
                return None;
            }
            (Some(from), None) => {
                if let Some(node) = mime_node {
                    reader.error("E0109", node.span, "type is for files that are made; this one is what its name says");
                }
                let source = source::read(from, AttachmentKind::File, "a file", reader)?;
                What::Ready(source, name.flatten())
            }
            (None, Some((node, content))) => {
                let Some(name) = name else {
                    let diagnostic = syntax::Diagnostic::error("E0211", node.span, "a file that is made needs a name");
                    reader.out.push(diagnostic.help("write name: appointment.ics beside content"));
                    return None;
                };
                What::Made { name: name?, content: content?, mime }
            }
        };
        asks::read(Sent { what, caption }, Vec::new(), value, options, has_next, reader)
    }
}

/// `text/calendar`: two words of plain characters.
fn media_type(node: At<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(node, "type")?.trim().to_ascii_lowercase();
    let word = |w: &str| !w.is_empty() && w.len() <= 80 && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-_".contains(&b));
    let good = text.split_once('/').is_some_and(|(a, b)| word(a) && word(b));
    if !good {
        reader.error("E0104", node.span, format!("type is a media type such as text/calendar, not \"{text}\""));
    }
    good.then_some(text)
}

/// A name without folders, control characters and what writing systems turn round.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turned = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = last.chars().filter(|c| !c.is_control() && !turned(*c)).take(LONGEST_NAME).collect();
    let clean = clean.trim().trim_matches('.').trim().to_owned();
    if clean.is_empty() { "file".to_owned() } else { clean }
}

impl Shows for Sent {
    fn content(&self, _: &[ChoiceDef], _: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault> {
        let caption = asks::render(self.caption.as_ref(), at)?;
        let found = match &self.what {
            What::Ready(source, name) => {
                let mut found = source.find(AttachmentKind::File, String::new(), at)?;
                if let Some(name) = name {
                    let name = plain_name(&at.render(name)?);
                    match &mut found {
                        Some(Picture::Stored(file)) => file.name = name,
                        Some(Picture::Linked(link)) => link.name = name,
                        None => {}
                    }
                }
                found
            }
            What::Made { name, content, mime } => {
                let name = plain_name(&at.render(name)?);
                let text = at.render(content)?;
                let mime = mime.clone().unwrap_or_else(|| source::mime_of(&name).to_owned());
                made(name, text, mime, at).map(Picture::Stored)
            }
        };
        Ok(asks::with_caption(found, caption))
    }

    fn sources(&self) -> Vec<&Source> {
        match &self.what {
            What::Ready(source, _) => vec![source],
            What::Made { .. } => Vec::new(),
        }
    }

    fn says(&self) -> Option<Says<'_>> {
        self.caption.as_ref().map(|text| Says { text, markdown: false })
    }
}

fn made(name: String, text: String, mime: String, at: &mut Moving<'_, '_>) -> Option<Attachment> {
    if text.trim().is_empty() || text.len() > LONGEST {
        let why = if text.len() > LONGEST { "it is longer than 64 KB" } else { "its content rendered empty" };
        at.journey(JourneyKind::Delivery(format!("the file {name} was left out: {why}")));
        return None;
    }
    // Calendars are read by programs that insist on it (RFC 5545, 3.1); so are address cards (RFC 6350, 3.2).
    let text = if matches!(mime.as_str(), "text/calendar" | "text/vcard") {
        text.lines().flat_map(|line| [line.trim_end_matches('\r'), "\r\n"]).collect()
    } else {
        text
    };
    let blob = BlobId(Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect());
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    Some(Attachment { kind: AttachmentKind::File, blob, name, mime, size, alt: String::new(), made: Some(text) })
}
