//! Files up and down: a visitor sends files, and sees those of its own conversation.

use crate::{
    FILE_LIMIT,
    problem::Problem,
    respond,
    routes::Site,
    sniff::{self, shown_in_place},
};
use bytes::Bytes;
use channel::{Body, HttpRequest, HttpResponse, Hub, PathParams, UPLOADS};
use http::{HeaderValue, StatusCode, header};
use model::{Address, Attachment, AttachmentKind, BlobId, Instant, TranscriptEntry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What is remembered of an upload, under its visitor: the proof that the visitor may refer to it.
#[derive(Serialize, Deserialize)]
struct Upload {
    name: String,
    mime: String,
    size: u64,
    kind: AttachmentKind,
    /// When; absent in those of earlier releases.
    #[serde(default)]
    at: Instant,
}

/// The id of an upload: its bytes and its name, since the same bytes may come under two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadId {
    blob: BlobId,
    name: String,
}

impl UploadId {
    fn of(blob: BlobId, name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        Self { blob, name: digest.iter().take(4).map(|b| format!("{b:02x}")).collect() }
    }

    /// Reads an id as [`upload`] answered it.
    pub fn parse(text: &str) -> Option<Self> {
        let (blob, name) = text.split_once('-')?;
        let well_formed = name.len() == 8 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        Some(Self { blob: BlobId::parse(blob)?, name: name.to_owned() }).filter(|_| well_formed)
    }

    fn text(&self) -> String {
        format!("{}-{}", self.blob.0, self.name)
    }

    fn key(&self, visitor: &Address) -> String {
        format!("{UPLOADS}{}/{}", visitor.id, self.text())
    }
}

/// `POST files?name=…`: the body is the file.
pub(crate) async fn upload(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_upload(&request, &visitor)?;
    let bytes = request.body();
    if bytes.len() > FILE_LIMIT {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the file is larger than 10 MB"));
    }
    if bytes.is_empty() {
        return Err(Problem::bad("the file is empty"));
    }
    let name = sniff::file_name(&respond::query(&request, "name").unwrap_or_default());
    let kind = sniff::sniff(bytes, &name).ok_or_else(|| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "files of this kind are not taken; send a picture, a PDF, an office document, audio, video or plain text",
        )
    })?;
    let upload = Upload { name, mime: kind.mime.to_owned(), size: bytes.len() as u64, kind: kind.kind, at: site.hub.now() };
    let blob = site.hub.put_blob(bytes.clone()).await?;
    let record = serde_json::to_value(&upload).expect("plain data");
    let id = UploadId::of(blob, &upload.name);
    site.hub.put_record(&id.key(&visitor), Some(record)).await?;
    // Whoever removed files before that was durable may have taken it: others had the same one, and nothing said that it is wanted again.
    if !site.hub.keep_blob(&id.blob).await {
        site.hub.put_blob(bytes.clone()).await?;
    }
    let Upload { name, mime, size, kind, at: _ } = upload;
    let answer = serde_json::json!({ "id": id.text(), "name": name, "mime": mime, "size": size, "kind": kind });
    Ok(respond::json(StatusCode::CREATED, &answer))
}

/// The attachment of an upload of this visitor; none if it uploaded no such file.
pub(crate) async fn uploaded(hub: &dyn Hub, visitor: &Address, id: &UploadId) -> Option<Attachment> {
    let record = hub.record(&id.key(visitor)).await?;
    let Upload { name, mime, size, kind, at: _ } = serde_json::from_value(record).ok()?;
    Some(Attachment { kind, blob: id.blob.clone(), name, mime, size, alt: String::new(), made: None })
}

/// `GET files/{id}?line=N`: a file of line N of the visitor's own transcript, or without a line one it uploaded.
pub(crate) async fn download(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    let params = request.extensions().get::<PathParams>();
    let id = params.and_then(|p| p.0.iter().find(|(name, _)| name == "id")).map_or("", |(_, value)| value.as_str());
    let attachment = match (respond::query_number(&request, "line")?, BlobId::parse(id), UploadId::parse(id)) {
        (Some(no), Some(blob), _) => in_line(&*site.hub, &visitor, no, &blob).await,
        (None, _, Some(upload)) => uploaded(&*site.hub, &visitor, &upload).await,
        (Some(_) | None, _, _) => None,
    };
    // The same answer for a file that is somebody else's and for one that never was.
    let attachment = attachment.ok_or_else(Problem::not_found)?;
    Ok(served(&attachment, channel::bytes_of(&*site.hub, &attachment).await?))
}

async fn in_line(hub: &dyn Hub, visitor: &Address, no: u64, blob: &BlobId) -> Option<Attachment> {
    let before = no.checked_sub(1)?;
    match hub.transcript(visitor, before, 1).await.into_iter().next()? {
        TranscriptEntry::Message(m) if m.no == no => files_of(m.content).find(|a| a.blob == *blob),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    }
}

/// Every stored file of a message: its own, and the pictures of its cards.
fn files_of(content: model::Content) -> impl Iterator<Item = Attachment> {
    let on_cards = content.cards.into_iter().filter_map(|card| match card.picture? {
        model::Picture::Stored(file) => Some(file),
        model::Picture::Linked(_) => None,
    });
    content.attachments.into_iter().chain(on_cards)
}

fn served(attachment: &Attachment, bytes: Bytes) -> HttpResponse {
    let in_place = shown_in_place(&attachment.mime);
    // What a provider or an agent's browser called the file is a claim; only harmless claims are passed on.
    let mime = if in_place { attachment.mime.as_str() } else { "application/octet-stream" };
    let name = sniff::file_name(&attachment.name);
    let disposition = format!("{}; filename*=UTF-8''{}", if in_place { "inline" } else { "attachment" }, respond::percent_encode(&name));
    let mut response = HttpResponse::new(Body::Full(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(mime).expect("a media type of our list"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).expect("percent-encoded"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
    response
}
