//! Files of a conversation: an agent reads those that occur in it, and sends those they uploaded for it.
//!
//! A file's id is the hash of its bytes, so it is never enough to name it: the conversation has to hold it.

use crate::{
    body,
    conversation::Access,
    problem::Problem,
    sniff,
    state::{Shared, State as Server},
    view,
};
use axum::{
    body::Body,
    extract::{Query, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{AgentId, Attachment, BlobId, ContactId, ConversationId, Instant, TranscriptEntry};
use runtime::{WriteError, privacy::UPLOADS_OF_AGENTS as UPLOADS};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The largest file an agent may send, in bytes.
pub(crate) const FILE_LIMIT: usize = 10 * 1024 * 1024;
/// The most files of one message.
pub(crate) const FILES_PER_MESSAGE: usize = 10;
/// Transcript lines read at once in search of a file.
const PAGE: usize = 500;
/// Files remembered as belonging to a conversation; then the memory starts anew.
const REMEMBERED: usize = 4_096;

/// Where files occur in a conversation: the line of each, which is looked at before it is believed, since lines are not kept for ever.
#[derive(Default)]
pub(crate) struct KnownFiles {
    known: Mutex<HashMap<(ConversationId, BlobId), u64>>,
}

impl KnownFiles {
    fn get(&self, conversation: ConversationId, blob: &BlobId) -> Option<u64> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&(conversation, blob.clone())).copied()
    }

    fn put(&self, conversation: ConversationId, blob: &BlobId, line: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((conversation, blob.clone()), line);
    }
}

/// A file an agent uploaded for a conversation.
#[derive(Serialize, Deserialize)]
struct Upload {
    agent: AgentId,
    attachment: Attachment,
    /// Whose the conversation is, so that it can be looked whether it was sent; absent in rows of earlier releases.
    #[serde(default)]
    contact: Option<ContactId>,
    /// When; absent in rows of earlier releases.
    #[serde(default)]
    at: Instant,
}

fn upload_key(conversation: ConversationId, blob: &BlobId) -> String {
    format!("{conversation}/{}", blob.0)
}

async fn uploaded(server: &Server, access: &Access, blob: &BlobId) -> Option<Attachment> {
    let stored = server.handle.record(UPLOADS, &upload_key(access.conversation, blob)).await?;
    let upload: Upload = serde_json::from_value(stored).ok()?;
    (upload.agent == access.agent.id).then_some(upload.attachment)
}

async fn stored_as(server: &Server, bytes: Bytes) -> Result<BlobId, Problem> {
    let blobs = server.handle.blobs();
    match tokio::task::spawn_blocking(move || blobs.put(&bytes)).await {
        Ok(Ok(blob)) => Ok(blob),
        Ok(Err(error)) => {
            tracing::error!(%error, "a file could not be stored");
            Err(Problem::internal())
        }
        Err(_) => Err(Problem::internal()),
    }
}

/// Every stored file of a message: its own, and the pictures of its cards.
fn stored(content: &model::Content) -> impl Iterator<Item = &Attachment> {
    let on_cards = content.cards.iter().filter_map(|card| match card.picture.as_ref()? {
        model::Picture::Stored(file) => Some(file),
        model::Picture::Linked(_) => None,
    });
    content.attachments.iter().chain(on_cards)
}

/// The attachment of a line with these bytes.
fn named(entry: &TranscriptEntry, blob: &BlobId) -> Option<Attachment> {
    match entry {
        TranscriptEntry::Message(message) => stored(&message.content).find(|attachment| attachment.blob == *blob).cloned(),
        TranscriptEntry::Delivery(_) => None,
    }
}

/// The attachment of this conversation's transcript with these bytes.
async fn in_transcript(server: &Server, access: &Access, blob: &BlobId) -> Result<Option<Attachment>, WriteError> {
    if let Some(line) = server.files.get(access.conversation, blob) {
        let known = server.handle.transcript(access.contact(), access.conversation, line.saturating_sub(1), 1).await?;
        let found = known.iter().find(|entry| entry.no() == line).and_then(|entry| named(entry, blob));
        if found.is_some() {
            return Ok(found);
        }
    }
    let mut after = 0;
    loop {
        let page = server.handle.transcript(access.contact(), access.conversation, after, PAGE).await?;
        let Some(newest) = page.last().map(TranscriptEntry::no) else { return Ok(None) };
        let mut found = None;
        for entry in &page {
            if let TranscriptEntry::Message(message) = entry {
                for attachment in stored(&message.content) {
                    server.files.put(access.conversation, &attachment.blob, message.no);
                }
                found = named(entry, blob).or(found);
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        if newest <= after {
            return Ok(None);
        }
        after = newest;
    }
}

/// What an agent attaches, by ids.
///
/// # Errors
/// 422 for an id that this agent neither uploaded for this conversation nor sees in it.
pub(crate) async fn attached(server: &Server, access: &Access, ids: &[String]) -> Result<Vec<Attachment>, Problem> {
    if ids.len() > FILES_PER_MESSAGE {
        return Err(Problem::invalid(format!("a message carries at most {FILES_PER_MESSAGE} files")));
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        let unknown = || Problem::invalid("one of the files is not in this conversation, or not any more; upload it");
        let blob = BlobId::parse(id).ok_or_else(unknown)?;
        let found = match uploaded(server, access, &blob).await {
            Some(attachment) => Some(attachment),
            None => in_transcript(server, access, &blob).await?,
        };
        out.push(found.ok_or_else(unknown)?);
    }
    Ok(out)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadQuery {
    name: String,
}

/// `POST …/files?name=`: stores the bytes of the body.
pub(crate) async fn post(
    access: Access,
    State(server): State<Shared>,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    if !view::Can::of(&access.agent, access.conversation()).say {
        return Err(Problem::new(StatusCode::CONFLICT, "not_yours", "take the chat first; it is not yours"));
    }
    let claimed = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = body::bytes(request, FILE_LIMIT).await?;
    if bytes.is_empty() {
        return Err(Problem::invalid("the file is empty"));
    }
    let (kind, mime) = sniff::upload(&bytes, &claimed);
    let size = bytes.len() as u64;
    let blob = stored_as(&server, bytes.clone()).await?;
    let attachment = Attachment { kind, blob, name: sniff::name(&query.name), mime, size, alt: String::new(), made: None };
    let key = upload_key(access.conversation, &attachment.blob);
    let upload = Upload { agent: access.agent.id, attachment, contact: Some(access.contact()), at: server.handle.now() };
    server.handle.put_upload(&key, serde_json::json!(upload)).await?;
    // Whoever removed files before that was durable may have taken it: others had the same one, and nothing said that it is wanted again.
    let (blobs, blob) = (server.handle.blobs(), upload.attachment.blob.clone());
    if !tokio::task::spawn_blocking(move || blobs.keep(&blob)).await.unwrap_or(true) {
        stored_as(&server, bytes).await?;
    }
    Ok(axum::Json(view::file(&upload.attachment)))
}

/// `GET …/files/{blob}`: the bytes, as something to download unless it is a picture.
pub(crate) async fn get(access: Access, State(server): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let if_none_match = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let blob = access.rest.as_deref().and_then(BlobId::parse).ok_or_else(Problem::not_found)?;
    let attachment = match in_transcript(&server, &access, &blob).await? {
        Some(attachment) => attachment,
        None => uploaded(&server, &access, &blob).await.ok_or_else(Problem::not_found)?,
    };
    let etag = format!("\"{}\"", blob.0);
    if if_none_match.as_deref() == Some(etag.as_str()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let blobs = server.handle.blobs();
    let made = attachment.made.clone();
    // What a flow made is stored with its message.
    let read = tokio::task::spawn_blocking(move || made.map_or_else(|| blobs.get(&blob), |text| Ok(Some(text.into_bytes())))).await;
    let bytes = match read {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return Err(Problem::not_found()),
        Ok(Err(error)) => {
            tracing::error!(%error, "a file could not be read");
            return Err(Problem::internal());
        }
        Err(_) => return Err(Problem::internal()),
    };
    let (mime, inline) = sniff::served(&bytes, &attachment.mime);
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&mime).unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, disposition(inline, &attachment.name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // Kept by the browser, shown again only after the server was asked: a sign-out takes the right to it away.
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits in quotes are visible ASCII"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// RFC 6266 with the name percent-encoded, so that no name can end the header.
fn disposition(inline: bool, name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let mut text = format!("{}; filename*=UTF-8''", if inline { "inline" } else { "attachment" });
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&text).expect("percent-encoded text is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn no_name_can_end_the_header() {
        assert_eq!(disposition(true, "a b.png"), "inline; filename*=UTF-8''a%20b.png");
        assert_eq!(disposition(false, "x\"\r\nSet-Cookie: é;"), "attachment; filename*=UTF-8''x%22%0D%0ASet-Cookie%3A%20%C3%A9%3B");
    }
}
