//! Reading: what an update of Telegram says, as the runtime understands it.
//!
//! Updates are read field by field from JSON. A reader of whole types is too strict for what a customer must not lose:
//! teloxide reads a message as one of forty shapes, so one text entity of a kind it does not know turns a text into an
//! empty message. Here an absent field, a null and a field of a strange shape are the same, and a message of an unknown
//! kind is passed on under the name of the field that holds it (FL 7.4).

use model::{AttachmentKind, Content, IncomingBody, Instant, Location, Record, Value};
use serde_json::Value as Json;

/// The kinds of updates we ask for. Edits are not asked for: a message counts as it arrived.
pub use kinds::ALLOWED;

mod kinds {
    use teloxide::types::AllowedUpdate;
    pub const ALLOWED: [AllowedUpdate; 3] = [AllowedUpdate::Message, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember];
}

/// Fields of a message that say nothing about what kind it is.
const ENVELOPE: &[&str] = &[
    "message_id",
    "message_thread_id",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "date",
    "chat",
    "business_connection_id",
    "direct_messages_topic",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "via_bot",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "entities",
    "link_preview_options",
    "suggested_post_info",
    "effect_id",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
];

/// Messages Telegram writes itself about the chat; the customer said nothing.
const SERVICE: &[&str] = &[
    "pinned_message",
    "message_auto_delete_timer_changed",
    "write_access_allowed",
    "connected_website",
    "chat_background_set",
    "boost_added",
    "new_chat_photo",
    "delete_chat_photo",
    "new_chat_title",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "proximity_alert_triggered",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
];

/// One update, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Its number.
    pub id: i64,
    /// The chat it belongs to, which is its lane; none if it belongs to no chat.
    pub chat: Option<i64>,
    /// The callback query that must be answered, so that the button stops turning.
    pub query: Option<String>,
    /// What it says.
    pub what: What,
}

/// What an update says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Somebody did something.
    Said(Box<Said>),
    /// Nothing for us; why, in words.
    Nothing(&'static str),
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// In which private chat.
    pub chat: i64,
    /// What; without its file.
    pub body: IncomingBody,
    /// When, if Telegram says so.
    pub at: Option<Instant>,
    /// What is known of the person.
    pub profile: Record,
    /// The file that belongs to it and is not loaded yet.
    pub file: Option<FileRef>,
}

/// A file at Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// What it is to a person.
    pub kind: AttachmentKind,
    /// Telegram's name for its kind.
    pub noun: &'static str,
    /// Its id.
    pub id: String,
    /// Its name, without any path.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its size in bytes, if it is said.
    pub size: Option<u64>,
}

/// An update's number; none if this is no update.
pub fn number(update: &Json) -> Option<i64> {
    update.get("update_id").and_then(Json::as_i64).filter(|id| *id >= 0)
}

/// Reads an update; `None` if it has no number and so can be neither stored nor confirmed.
pub fn read(update: &Json) -> Option<Update> {
    let id = number(update)?;
    let get = |name: &str| update.get(name).filter(|value| value.is_object());
    let (chat, query, what) = if let Some(message) = get("message") {
        let chat = &message["chat"];
        (integer(chat, "id"), None, private(chat, |chat| read_message(chat, message)))
    } else if let Some(query) = get("callback_query") {
        // The chat is left out of a press on a message sent through another chat; a private chat has its person's number.
        let of_message = &query["message"]["chat"];
        let chat = if of_message.is_object() { of_message } else { &query["from"] };
        let what = if query["inline_message_id"].is_string() {
            What::Nothing("a press outside of a private chat")
        } else {
            private(chat, |chat| read_press(chat, query))
        };
        (integer(chat, "id"), query["id"].as_str().map(str::to_owned), what)
    } else if let Some(member) = get("my_chat_member") {
        (integer(&member["chat"], "id"), None, private(&member["chat"], |chat| read_member(chat, member)))
    } else {
        (None, None, What::Nothing("an update of a kind that was not asked for"))
    };
    Some(Update { id, chat, query, what })
}

fn private(chat: &Json, read: impl FnOnce(i64) -> What) -> What {
    match (chat["type"].as_str(), integer(chat, "id")) {
        (Some("private") | None, Some(id)) if id > 0 => read(id),
        (_, Some(_)) => What::Nothing("a message outside of a private chat"),
        (_, None) => What::Nothing("an update without a chat"),
    }
}

fn read_message(chat: i64, message: &Json) -> What {
    let mut content =
        Content { text: text(message, "text").or_else(|| text(message, "caption")).unwrap_or_default(), ..Content::default() };
    let file = read_file(message);
    if let Some(payload) = deep_link(&content.text).filter(|_| file.is_none()) {
        let body = IncomingBody::Opened { payload: Some(payload.to_owned()) };
        return said(chat, body, message, &message["from"], None);
    }
    if file.is_none() && text(message, "text").is_none() {
        match kind_of(message) {
            Some("location" | "venue") => read_place(message, &mut content),
            Some(kind) if SERVICE.contains(&kind) => return What::Nothing("a message of Telegram's own about the chat"),
            Some(kind) => read_unsupported(kind, message, &mut content),
            None => content.unsupported = Some("empty message".into()),
        }
    }
    let mut what = said(chat, IncomingBody::Message(content), message, &message["from"], file);
    if let (What::Said(said), Some(phone)) = (&mut what, own_phone(message)) {
        said.profile.insert("phone".into(), Value::Text(phone));
        said.profile.insert("phone_verified".into(), Value::Bool(true));
    }
    what
}

/// The sender's own phone number, if they shared it: Telegram says whose account a number belongs to. Somebody else's is none of theirs.
fn own_phone(message: &Json) -> Option<String> {
    let contact = &message["contact"];
    let own = integer(contact, "user_id").is_some_and(|id| integer(&message["from"], "id") == Some(id));
    let number = text(contact, "phone_number").filter(|_| own)?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (7..=15).contains(&digits.len()).then(|| format!("+{digits}"))
}

fn said(chat: i64, body: IncomingBody, dated: &Json, from: &Json, file: Option<FileRef>) -> What {
    let at = integer(dated, "date").filter(|at| *at > 0).map(Instant::from_secs);
    What::Said(Box::new(Said { chat, body, at, profile: profile(from), file }))
}

/// The payload of `https://t.me/BOT?start=PAYLOAD`, which arrives as a text. Anything that such a link cannot carry is a text.
fn deep_link(text: &str) -> Option<&str> {
    let payload = text.strip_prefix("/start ")?;
    let fits = (1..=64).contains(&payload.len()) && payload.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    fits.then_some(payload)
}

/// The field that holds what the message is: the first that is not part of every message.
fn kind_of(message: &Json) -> Option<&str> {
    let fields = message.as_object()?;
    // A venue repeats its place, for programs that do not know venues.
    if fields.get("venue").is_some_and(Json::is_object) {
        return Some("venue");
    }
    fields.iter().find(|(name, value)| !value.is_null() && !ENVELOPE.contains(&name.as_str())).map(|(name, _)| name.as_str())
}

fn read_place(message: &Json, content: &mut Content) {
    let venue = &message["venue"];
    let place = if venue.is_object() { &venue["location"] } else { &message["location"] };
    match (place["latitude"].as_f64(), place["longitude"].as_f64()) {
        (Some(latitude), Some(longitude)) if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 => {
            content.location = Some(Location { latitude, longitude });
        }
        _ => content.unsupported = Some("location".into()),
    }
    let lines: Vec<String> = ["title", "address"].iter().filter_map(|field| text(venue, field)).collect();
    content.text = lines.join("\n");
}

/// What a flow cannot use still says to an agent what it was.
fn read_unsupported(kind: &str, message: &Json, content: &mut Content) {
    let words: Vec<String> = match kind {
        "contact" => ["phone_number", "first_name", "last_name"].iter().filter_map(|field| text(&message["contact"], field)).collect(),
        "poll" => text(&message["poll"], "question").into_iter().collect(),
        "dice" => text(&message["dice"], "emoji").into_iter().chain(integer(&message["dice"], "value").map(|n| n.to_string())).collect(),
        _ => Vec::new(),
    };
    if content.text.is_empty() {
        content.text = words.join(" ");
    }
    content.unsupported = Some(kind.chars().filter(|c| !c.is_control()).take(64).collect());
}

fn read_press(chat: i64, query: &Json) -> What {
    let body = match text(query, "data") {
        Some(token) => IncomingBody::Press { label: label_of(query, &token).unwrap_or_default(), token },
        None => IncomingBody::Message(Content { unsupported: Some("game".into()), ..Content::default() }),
    };
    // The date in a query is the date of the message with the button, not of the press.
    said(chat, body, &Json::Null, &query["from"], None)
}

/// What the pressed button says, if its message is still there.
fn label_of(query: &Json, token: &str) -> Option<String> {
    let rows = query["message"]["reply_markup"]["inline_keyboard"].as_array()?;
    let button = rows.iter().filter_map(Json::as_array).flatten().find(|button| button["callback_data"].as_str() == Some(token))?;
    text(button, "text")
}

fn read_member(chat: i64, member: &Json) -> What {
    let body = match member["new_chat_member"]["status"].as_str() {
        Some("kicked" | "left") => IncomingBody::Unreachable { reason: "the person blocked the bot".into() },
        Some("member") => IncomingBody::Reachable,
        Some(_) | None => return What::Nothing("a change of membership that says nothing"),
    };
    said(chat, body, member, &member["from"], None)
}

fn profile(from: &Json) -> Record {
    [("first_name", "first_name"), ("last_name", "last_name"), ("username", "username"), ("language_code", "language")]
        .into_iter()
        .filter_map(|(theirs, ours)| Some((ours.to_owned(), Value::Text(text(from, theirs)?.chars().take(256).collect()))))
        .collect()
}

/// The file of a message. An animation is listed before the document it repeats itself as.
fn read_file(message: &Json) -> Option<FileRef> {
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    let photo = message["photo"].as_array().and_then(|sizes| sizes.iter().max_by_key(|size| (area(size), integer(size, "file_size"))));
    if let Some(file) = photo.and_then(|largest| file_ref(largest, Image, "photo", "photo.jpg", "image/jpeg")) {
        return Some(file);
    }
    let sticker = match &message["sticker"] {
        s if s["is_animated"] == true => ("sticker.tgs", "application/x-tgsticker"),
        s if s["is_video"] == true => ("sticker.webm", "video/webm"),
        _ => ("sticker.webp", "image/webp"),
    };
    [
        (Video, "animation", "animation.mp4", "video/mp4"),
        (Audio, "audio", "audio.mp3", "audio/mpeg"),
        (Voice, "voice", "voice.ogg", "audio/ogg"),
        (Video, "video", "video.mp4", "video/mp4"),
        (Video, "video_note", "video-note.mp4", "video/mp4"),
        (Sticker, "sticker", sticker.0, sticker.1),
        (File, "document", "file", "application/octet-stream"),
    ]
    .into_iter()
    .find_map(|(kind, noun, name, mime)| file_ref(&message[noun], kind, noun, name, mime))
}

fn area(size: &Json) -> i64 {
    integer(size, "width").unwrap_or(0).saturating_mul(integer(size, "height").unwrap_or(0))
}

fn file_ref(file: &Json, kind: AttachmentKind, noun: &'static str, name: &str, mime: &str) -> Option<FileRef> {
    Some(FileRef {
        kind,
        noun,
        id: text(file, "file_id")?,
        name: text(file, "file_name").and_then(|given| file_name(&given)).unwrap_or_else(|| name.to_owned()),
        mime: text(file, "mime_type").filter(|given| is_mime(given)).unwrap_or_else(|| mime.to_owned()),
        size: integer(file, "file_size").and_then(|size| u64::try_from(size).ok()),
    })
}

/// A sender's file name without a path and without characters that do harm in a list: controls and marks that turn the
/// direction of writing, which make `gpj.exe` look like `exe.jpg`.
fn file_name(given: &str) -> Option<String> {
    let harmful = |c: &char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let last = given.rsplit(['/', '\\']).next().unwrap_or(given);
    let name: String = last.chars().filter(|c| !harmful(c)).take(128).collect();
    (!name.trim_matches([' ', '.']).is_empty()).then(|| name.trim().to_owned())
}

fn is_mime(text: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    text.len() <= 100 && text.split_once('/').is_some_and(|(a, b)| part(a) && part(b))
}

fn text(object: &Json, field: &str) -> Option<String> {
    object[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn integer(object: &Json, field: &str) -> Option<i64> {
    object[field].as_i64()
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
