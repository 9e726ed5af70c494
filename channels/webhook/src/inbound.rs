//! What the other side sends, read strictly: an unknown key is a mistake that is told, not skipped.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use channel::{AcceptError, BlobError, Hub};
use model::{Attachment, AttachmentKind, Content, Incoming, IncomingBody, Instant, Location, Record, TranscriptEntry, Value, fold};
use serde::Deserialize;

/// The longest text, in characters.
const TEXT_LIMIT: usize = 8_000;
/// The longest id of a customer, name, label, file name, in characters.
const NAME_LIMIT: usize = 256;
/// The most attachments of one message.
const ATTACHMENTS: usize = 10;
/// How many of the newest transcript lines are searched for a pressed button.
const PRESS_SEARCH: u64 = 500;

/// A body of `POST /`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// The other side's id of its customer.
    pub(crate) from: String,
    text: Option<String>,
    press: Option<String>,
    opened: Option<Opened>,
    #[serde(default)]
    attachments: Vec<File>,
    location: Option<Place>,
    unsupported: Option<String>,
    name: Option<String>,
    language: Option<String>,
    at: Option<String>,
    /// The answer holds all lines with a larger number, not only those this message caused.
    pub(crate) after: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    payload: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    latitude: f64,
    longitude: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    mime: String,
    kind: Option<AttachmentKind>,
    data: String,
}

/// Why a body is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InboundError {
    /// It has not the documented form.
    #[error("{0}")]
    Form(String),
    /// A file could not be stored: it is to be delivered again.
    #[error(transparent)]
    Later(#[from] AcceptError),
}

fn form(what: impl Into<String>) -> InboundError {
    InboundError::Form(what.into())
}

/// Reads JSON into a type; the error says where it is wrong.
pub(crate) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))?;
    serde_json::from_str(text).map_err(|error| format!("the body is not as documented: {error}"))
}

/// Whether a text can be a customer's id.
pub(crate) fn check_from(from: &str) -> Result<(), String> {
    if from.trim().is_empty() || from.chars().count() > NAME_LIMIT || from.chars().any(char::is_control) {
        return Err(format!("\"from\" must be 1 to {NAME_LIMIT} characters without control characters"));
    }
    Ok(())
}

impl Message {
    /// Reads and checks a body; files are not stored yet.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, InboundError> {
        let message: Self = read(body).map_err(form)?;
        check_from(&message.from).map_err(form)?;
        crate::reply::check_cursor(message.after.unwrap_or_default()).map_err(form)?;
        let Self { text, press, opened, attachments, location, unsupported, name, language, .. } = &message;
        let said = text.is_some() || !attachments.is_empty() || location.is_some();
        let ways = [said, press.is_some(), opened.is_some(), unsupported.is_some()];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return Err(form(
                "give exactly one of: a message (\"text\", \"attachments\", \"location\"), \"press\", \"opened\", \"unsupported\"",
            ));
        }
        limited("text", text.as_deref(), TEXT_LIMIT)?;
        limited("press", press.as_deref(), NAME_LIMIT)?;
        limited("unsupported", unsupported.as_deref(), NAME_LIMIT)?;
        limited("name", name.as_deref(), NAME_LIMIT)?;
        limited("opened.payload", opened.as_ref().and_then(|opened| opened.payload.as_deref()), NAME_LIMIT)?;
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) && attachments.is_empty() && location.is_none() {
            return Err(form("\"text\" is empty"));
        }
        if language.as_deref().is_some_and(|tag| !is_language(tag)) {
            return Err(form("\"language\" must be a BCP 47 tag such as \"en\" or \"pt-BR\""));
        }
        if location.as_ref().is_some_and(|p| !(-90.0..=90.0).contains(&p.latitude) || !(-180.0..=180.0).contains(&p.longitude)) {
            return Err(form("\"location\" must have a latitude within ±90 and a longitude within ±180"));
        }
        if attachments.len() > ATTACHMENTS {
            return Err(form(format!("\"attachments\" holds at most {ATTACHMENTS} files")));
        }
        Ok(message)
    }

    /// What the customer did, with files stored. `id` is the delivery's id, which the transcript line carries.
    pub(crate) async fn incoming(self, id: &str, hub: &dyn Hub, address: &model::Address) -> Result<Incoming, InboundError> {
        let now = hub.now();
        let at = match &self.at {
            // A clock that runs ahead is not believed.
            Some(written) => moment(written)?.min(now),
            None => now,
        };
        let mut profile = Record::new();
        if let Some(name) = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            profile.insert("first_name".into(), Value::text(name));
        }
        if let Some(language) = &self.language {
            profile.insert("language".into(), Value::text(language.as_str()));
        }
        let body = if let Some(press) = self.press {
            pressed(press, hub, address).await
        } else if let Some(Opened { payload }) = self.opened {
            IncomingBody::Opened { payload }
        } else {
            let mut attachments = Vec::new();
            for (index, file) in self.attachments.into_iter().enumerate() {
                attachments.push(store(index, file, hub).await?);
            }
            IncomingBody::Message(Content {
                text: self.text.unwrap_or_default(),
                attachments,
                location: self.location.map(|Place { latitude, longitude }| Location { latitude, longitude }),
                unsupported: self.unsupported,
                ..Content::default()
            })
        };
        Ok(Incoming { body, at, profile, client_id: Some(id.to_owned()) })
    }
}

fn limited(field: &str, text: Option<&str>, limit: usize) -> Result<(), InboundError> {
    match text {
        Some(text) if text.chars().count() > limit => Err(form(format!("\"{field}\" is longer than {limit} characters"))),
        Some("") if field != "text" && field != "name" => Err(form(format!("\"{field}\" is empty"))),
        Some(_) | None => Ok(()),
    }
}

fn is_language(tag: &str) -> bool {
    tag.len() <= 35
        && tag.split('-').enumerate().all(|(index, part)| match index {
            0 => (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()),
            _ => (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()),
        })
}

fn moment(written: &str) -> Result<Instant, InboundError> {
    let time: jiff::Timestamp =
        written.parse().map_err(|_| form("\"at\" must be a date and time with its zone, such as \"2026-03-02T10:00:00Z\""))?;
    Ok(Instant::from(time))
}

/// A press by token or by label: the newest button shown on this address that it fits.
async fn pressed(press: String, hub: &dyn Hub, address: &model::Address) -> IncomingBody {
    let newest = hub.settled(address, 0).await;
    let lines = hub.transcript(address, newest.saturating_sub(PRESS_SEARCH), PRESS_SEARCH as usize).await;
    let folded = fold(&press);
    let mut by_label = None;
    for line in lines.iter().rev() {
        let TranscriptEntry::Message(message) = line else { continue };
        for choice in message.content.buttons.iter().chain(&message.content.quick_replies) {
            let model::ChoiceAction::Reply { token } = &choice.action else { continue };
            if *token == press {
                return IncomingBody::Press { token: press, label: choice.label.clone() };
            }
            if by_label.is_none() && fold(&choice.label) == folded {
                by_label = Some(IncomingBody::Press { token: token.clone(), label: choice.label.clone() });
            }
        }
    }
    // Nothing like it was shown lately: the engine knows older tokens, and has words for stale ones.
    by_label.unwrap_or_else(|| IncomingBody::Press { label: press.clone(), token: press })
}

async fn store(index: usize, file: File, hub: &dyn Hub) -> Result<Attachment, InboundError> {
    let place = |what: &str| form(format!("\"attachments[{index}]\" {what}"));
    let File { name, mime, kind, data } = file;
    if mime.len() > 127 || !mime.bytes().all(|b| b.is_ascii_graphic()) || mime.split('/').filter(|part| !part.is_empty()).count() != 2 {
        return Err(place("must have a \"mime\" such as \"image/png\""));
    }
    let bytes = Bytes::from(STANDARD.decode(data.as_bytes()).map_err(|_| place("must have its bytes as base64 in \"data\""))?);
    if bytes.is_empty() {
        return Err(place("is empty"));
    }
    let size = bytes.len() as u64;
    let blob = hub.put_blob(bytes).await.map_err(|error| match error {
        BlobError::TooLarge(_) => place(&error.to_string()),
        BlobError::Missing | BlobError::Failed(_) => InboundError::Later(AcceptError::Unavailable),
    })?;
    let mime = mime.to_ascii_lowercase();
    Ok(Attachment {
        kind: kind.unwrap_or_else(|| kind_of(&mime)),
        blob,
        name: bare_name(&name),
        mime,
        size,
        alt: String::new(),
        made: None,
    })
}

fn kind_of(mime: &str) -> AttachmentKind {
    match mime.split('/').next() {
        // A drawing with scripts in it is not a picture.
        Some("image") if !mime.starts_with("image/svg") => AttachmentKind::Image,
        Some("audio") => AttachmentKind::Audio,
        Some("video") => AttachmentKind::Video,
        _ => AttachmentKind::File,
    }
}

/// The name without any path or control characters.
fn bare_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect();
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() { "file".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        match Message::parse(body.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(message) => panic!("{body} was taken as {message:?}"),
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert_eq!(
            refused(r#"{"from":"a","txt":"hi"}"#),
            "the body is not as documented: unknown field `txt`, expected one of `from`, `text`, `press`, `opened`, `attachments`, \
             `location`, `unsupported`, `name`, `language`, `at`, `after` at line 1 column 17"
        );
        for (body, says) in [
            (r#"{"text":"hi"}"#, "missing field `from`"),
            (r#"{"from":"a","text":"x","text":"y"}"#, "duplicate field `text`"),
            (r#"{"from":17,"text":"x"}"#, "invalid type"),
            (r#"{"from":"","text":"x"}"#, "\"from\" must be"),
            (r#"{"from":"a\u0000","text":"x"}"#, "\"from\" must be"),
            (r#"{"from":"a"}"#, "exactly one of"),
            (r#"{"from":"a","text":"x","press":"t"}"#, "exactly one of"),
            (r#"{"from":"a","text":"  "}"#, "\"text\" is empty"),
            (r#"{"from":"a","press":""}"#, "\"press\" is empty"),
            (r#"{"from":"a","text":"x","language":"english please"}"#, "BCP 47"),
            (r#"{"from":"a","location":{"latitude":91,"longitude":0}}"#, "latitude within"),
            (r#"{"from":"a","location":{"latitude":1,"longitude":0,"z":1}}"#, "unknown field `z`"),
            (r#"{"from":"a","text":"x","after":-1}"#, "invalid value"),
            (r#"{"from":"a","text":"x","after":10000000000000000000}"#, "\"after\" is the \"cursor\" of an earlier answer"),
            ("[]", "the body is not as documented"),
        ] {
            assert!(refused(body).contains(says), "{body}: {}", refused(body));
        }
        assert!(refused(&format!(r#"{{"from":"a","text":"{}"}}"#, "x".repeat(8_001))).contains("longer than 8000"));
        assert!(refused(&format!(r#"{{"from":"{}","text":"x"}}"#, "x".repeat(257))).contains("\"from\" must be"));
    }

    #[test]
    fn names_lose_their_path() {
        for (name, bare) in [
            ("a.png", "a.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.pdf", "y.pdf"),
            ("..", "file"),
            ("a\u{0}\nb", "ab"),
            ("", "file"),
        ] {
            assert_eq!(bare_name(name), bare);
        }
    }

    #[test]
    fn kinds_follow_the_media_type() {
        assert_eq!(kind_of("image/png"), AttachmentKind::Image);
        assert_eq!(kind_of("image/svg+xml"), AttachmentKind::File);
        assert_eq!(kind_of("audio/ogg"), AttachmentKind::Audio);
        assert_eq!(kind_of("application/pdf"), AttachmentKind::File);
    }
}
