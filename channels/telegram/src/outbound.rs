//! The way out: a piece of a message as calls of the Bot API.
//!
//! A piece is nearly always one call. Where it is several (two files, a text too long for a caption), those that were
//! confirmed are remembered, so that a repetition of the piece goes on where it stopped. After a restart the runtime
//! marks what was under way as unknown anyway.

use crate::{markdown, markup, markup::Keys};
use model::{Attachment, AttachmentKind, Content, Linked, Location, TextFormat};
use teloxide::types::{MessageEntity, ReplyMarkup};

/// The longest text, in UTF-16 code units.
pub const TEXT: usize = 4_096;
/// The longest caption, in UTF-16 code units.
pub const CAPTION: usize = 1_024;
/// The largest file.
pub const FILE: u64 = 50 * 1024 * 1024;
/// The largest file that can be a photo.
const PHOTO: u64 = 10 * 1024 * 1024;

/// A piece as calls, and what is shown otherwise than written.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// The calls, in order; each makes one message.
    pub calls: Vec<Call>,
    /// What is shown otherwise.
    pub notes: Vec<String>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What it shows.
    pub show: Show,
    /// Its keyboard.
    pub markup: Option<ReplyMarkup>,
}

/// What a message shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Show {
    /// Words.
    Text(Words),
    /// A place.
    Place(Location),
    /// A file with a caption.
    File(Attachment, How, Words),
    /// A file that Telegram fetches by its address, with a caption.
    Link(Linked, How, Words),
}

/// A text and what is special in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// What is special.
    pub entities: Vec<MessageEntity>,
}

/// As what a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A picture shown in the chat.
    Photo,
    /// A file to open.
    Document,
    /// Music, with a player.
    Audio,
    /// A voice note.
    Voice,
    /// A film, with a player.
    Video,
    /// A sticker; it has no caption.
    Sticker,
}

impl How {
    /// The method and the field that takes the file.
    pub fn method(self) -> (&'static str, &'static str) {
        match self {
            Self::Photo => ("sendPhoto", "photo"),
            Self::Document => ("sendDocument", "document"),
            Self::Audio => ("sendAudio", "audio"),
            Self::Voice => ("sendVoice", "voice"),
            Self::Video => ("sendVideo", "video"),
            Self::Sticker => ("sendSticker", "sticker"),
        }
    }
}

/// Plans a piece. The keyboard stands under its last message.
pub fn plan(content: &Content) -> Plan {
    let Keys { markup, lines, mut notes } = markup::keys(content);
    let mut words = match content.format {
        TextFormat::Plain => Words { text: content.text.clone(), entities: Vec::new() },
        TextFormat::Markdown => {
            let styled = markdown::read(&content.text);
            Words { text: styled.text, entities: styled.entities }
        }
    };
    for line in lines {
        if !words.text.is_empty() {
            words.text.push('\n');
        }
        words.text.push_str(&line);
    }
    let mut shows = Vec::new();
    let files: Vec<(&Attachment, How)> = content.attachments.iter().map(|file| (file, how(file, &mut notes))).collect();
    let first = files.first().map(|(_, how)| *how).or(content.linked.first().map(|link| as_linked(link).unwrap_or(How::Document)));
    let captioned = first.is_some_and(|how| how != How::Sticker) && words.text.encode_utf16().count() <= CAPTION;
    if !captioned && !words.text.trim().is_empty() {
        shows.push(Show::Text(std::mem::take(&mut words)));
    }
    for (file, how) in files {
        shows.push(Show::File(file.clone(), how, std::mem::take(&mut words)));
    }
    for link in &content.linked {
        shows.push(show_link(link, std::mem::take(&mut words), &mut notes));
    }
    shows.extend(content.location.clone().map(Show::Place));
    let mut calls: Vec<Call> = shows.into_iter().map(|show| Call { show, markup: None }).collect();
    if let Some(last) = calls.last_mut() {
        last.markup = markup;
    }
    Plan { calls, notes }
}

/// A file that is elsewhere: fetched by Telegram where it fetches such files, else a line with its address.
fn show_link(link: &Linked, words: Words, notes: &mut Vec<String>) -> Show {
    match as_linked(link) {
        Some(how) => Show::Link(link.clone(), how, words),
        None => {
            notes.push("a file is shown by its address: Telegram fetches no files of this kind".to_owned());
            Show::Text(beside_address(link, words))
        }
    }
}

/// As what Telegram fetches a file by its address; documents only where they are PDF, ZIP or GIF.
fn as_linked(link: &Linked) -> Option<How> {
    let path = link.url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let ends = |extensions: &[&str]| extensions.iter().any(|extension| path.ends_with(extension));
    match link.kind {
        AttachmentKind::Image => Some(How::Photo),
        AttachmentKind::Audio => ends(&[".mp3", ".m4a"]).then_some(How::Audio),
        AttachmentKind::Voice => ends(&[".ogg", ".oga", ".opus"]).then_some(How::Voice),
        AttachmentKind::Video => ends(&[".mp4"]).then_some(How::Video),
        AttachmentKind::Sticker => ends(&[".webp"]).then_some(How::Sticker),
        AttachmentKind::File => ends(&[".pdf", ".zip", ".gif"]).then_some(How::Document),
    }
}

/// The words and the address, for a file that is not fetched.
pub fn beside_address(link: &Linked, mut words: Words) -> Words {
    if !words.text.is_empty() {
        words.text.push('\n');
    }
    words.text.push_str(&channel::linked_line(link));
    words
}

/// As what a file is sent: as what it is, where Telegram shows that; else as a file.
fn how(file: &Attachment, notes: &mut Vec<String>) -> How {
    let mime = file.mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (wanted, shown) = match file.kind {
        AttachmentKind::Image => (How::Photo, matches!(mime.as_str(), "image/jpeg" | "image/png" | "image/webp") && file.size <= PHOTO),
        AttachmentKind::Audio => {
            (How::Audio, matches!(mime.as_str(), "audio/mpeg" | "audio/mp3" | "audio/mp4" | "audio/x-m4a" | "audio/m4a"))
        }
        AttachmentKind::Voice => {
            (How::Voice, matches!(mime.as_str(), "audio/ogg" | "audio/opus" | "audio/mpeg" | "audio/mp4" | "audio/x-m4a"))
        }
        AttachmentKind::Video => (How::Video, mime == "video/mp4"),
        AttachmentKind::Sticker => (How::Sticker, matches!(mime.as_str(), "image/webp" | "application/x-tgsticker" | "video/webm")),
        AttachmentKind::File => (How::Document, true),
    };
    if shown {
        return wanted;
    }
    notes.push(format!("{} sent as a file: Telegram shows no {mime} of {} bytes otherwise", file.name, file.size));
    How::Document
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{BlobId, Choice, ChoiceAction};

    fn file(kind: AttachmentKind, mime: &str, size: u64) -> Attachment {
        Attachment { kind, blob: BlobId("0".repeat(64)), name: "a.bin".into(), mime: mime.into(), size, alt: String::new(), made: None }
    }

    fn words(text: &str) -> Words {
        Words { text: text.into(), entities: Vec::new() }
    }

    #[test]
    fn a_caption_stands_under_its_file_if_it_fits() {
        let photo = file(AttachmentKind::Image, "image/png", 10);
        let content = |text: &str| Content { attachments: vec![photo.clone()], ..Content::text(text) };
        let plan_of = |text: &str| plan(&content(text)).calls.into_iter().map(|call| call.show).collect::<Vec<_>>();
        assert_eq!(plan_of("look"), [Show::File(photo.clone(), How::Photo, words("look"))]);
        let long = "x".repeat(CAPTION + 1);
        assert_eq!(plan_of(&long), [Show::Text(words(&long)), Show::File(photo.clone(), How::Photo, words(""))]);
        assert_eq!(plan_of(" "), [Show::File(photo, How::Photo, words(" "))]);
    }

    #[test]
    fn the_keyboard_is_under_the_last_message() {
        let content = Content {
            attachments: vec![file(AttachmentKind::Sticker, "image/webp", 10), file(AttachmentKind::File, "text/plain", 10)],
            location: Some(Location { latitude: 41.4, longitude: 2.17 }),
            buttons: vec![Choice { label: "Go".into(), action: ChoiceAction::Reply { token: "t".into() } }],
            ..Content::text("a sticker has no caption")
        };
        let plan = plan(&content);
        let kinds: Vec<_> = plan.calls.iter().map(|call| (std::mem::discriminant(&call.show), call.markup.is_some())).collect();
        let (text, file) = (std::mem::discriminant(&plan.calls[0].show), std::mem::discriminant(&plan.calls[1].show));
        assert_eq!(kinds, [(text, false), (file, false), (file, false), (std::mem::discriminant(&plan.calls[3].show), true)]);
        assert!(matches!(plan.calls[3].show, Show::Place(_)));
        assert!(plan.notes.is_empty());
    }

    #[test]
    fn what_telegram_does_not_show_is_sent_as_a_file_and_told() {
        for (kind, mime, size) in [
            (AttachmentKind::Image, "image/svg+xml", 10),
            (AttachmentKind::Image, "image/png", PHOTO + 1),
            (AttachmentKind::Voice, "audio/wav", 10),
            (AttachmentKind::Video, "video/webm", 10),
        ] {
            let plan = plan(&Content { attachments: vec![file(kind, mime, size)], ..Content::default() });
            assert!(matches!(&plan.calls[0].show, Show::File(_, How::Document, _)), "{mime}");
            assert_eq!(plan.notes.len(), 1, "{mime}");
        }
    }
}
