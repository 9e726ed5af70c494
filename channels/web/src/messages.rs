//! What a visitor does: begins a visit, opens the panel, writes, presses, types; and reads a page of what was said.

use crate::{
    TEXT_LIMIT,
    files::{self, UploadId},
    line::{DeliveryLine, Line},
    problem::Problem,
    respond,
    routes::Site,
    session,
    visit::Visit,
};
use channel::{AcceptError, Accepted, HttpRequest, HttpResponse, Inbound};
use http::{StatusCode, header};
use model::{Address, Author, Content, Incoming, IncomingBody, Record, TranscriptEntry, Value};
use serde::Deserialize;
use std::sync::Arc;

/// The most files of one message.
const FILES_LIMIT: usize = 10;
/// The most lines of one page.
const PAGE_LIMIT: u64 = 200;
/// Pages looked through for a message that is tried again late.
const PAGES_LOOKED_THROUGH: usize = 10;

/// `POST session`: begins a visit. No contact comes to be by it.
pub(crate) async fn begin(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    site.may_begin(&request)?;
    let visit = Visit::begun(&request, site.hub.now())?;
    let (token, _) = session::begin(&*site.hub, &visit, &site.name).await?;
    let mut answer = site.greeting(language_of(&request));
    answer.insert("token".into(), token.into());
    Ok(respond::json(StatusCode::CREATED, &answer))
}

/// `GET session`: what a returning visitor's panel shows; 401 if the token is not known (any more).
pub(crate) async fn greet(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    site.visitor(&request).await?;
    Ok(respond::json(StatusCode::OK, &site.greeting(language_of(&request))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    client_id: String,
    payload: Option<String>,
}

/// `POST open`: the panel was opened.
pub(crate) async fn open(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (visitor, visit) = site.known(&request).await?;
    site.may_write(&request, &visitor)?;
    let Open { client_id, payload } = respond::body(&request)?;
    if payload.as_ref().is_some_and(|p| p.len() > 256) {
        return Err(Problem::bad("payload is longer than 256 bytes"));
    }
    accept(&site, &request, (visitor, visit), &client_id, IncomingBody::Opened { payload }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    client_id: String,
    text: Option<String>,
    #[serde(default)]
    attachments: Vec<String>,
    press: Option<String>,
    label: Option<String>,
}

/// `POST messages`: the visitor writes, sends files, or presses a button.
pub(crate) async fn say(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (visitor, visit) = site.known(&request).await?;
    site.may_write(&request, &visitor)?;
    let say: Say = respond::body(&request)?;
    let client_id = say.client_id.clone();
    let body = match say {
        Say { press: Some(token), text: None, label, attachments, .. } if attachments.is_empty() => {
            pressed(token, label.unwrap_or_default())?
        }
        Say { press: Some(_), .. } => return Err(Problem::bad("a press stands alone, without text or attachments")),
        Say { label: Some(_), .. } => return Err(Problem::bad("label belongs to a press")),
        Say { text, attachments, .. } => match written(&site, &visitor, text.unwrap_or_default(), &attachments).await {
            Ok(body) => body,
            // That its files were put down is forgotten a day later: one that was delivered and is tried again then was delivered.
            Err(_) if !attachments.is_empty() && was_said(&site, &visitor, &client_id).await => return Ok(taken(Accepted::Duplicate)),
            Err(problem) => return Err(problem),
        },
    };
    accept(&site, &request, (visitor, visit), &client_id, body).await
}

fn pressed(token: String, label: String) -> Result<IncomingBody, Problem> {
    if token.is_empty() || token.len() > 64 || !token.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Problem::bad("press is the token of a button: ASCII letters and digits, at most 64"));
    }
    if label.chars().count() > 200 {
        return Err(Problem::bad("label is longer than 200 characters"));
    }
    Ok(IncomingBody::Press { token, label })
}

async fn written(site: &Site, visitor: &Address, text: String, attachments: &[String]) -> Result<IncomingBody, Problem> {
    if text.encode_utf16().count() > TEXT_LIMIT {
        return Err(Problem::bad("the text is longer than 8000 characters; send it in parts"));
    }
    if attachments.len() > FILES_LIMIT {
        return Err(Problem::bad("a message has at most 10 files; send them in parts"));
    }
    let mut content = Content::text(text);
    for id in attachments {
        let upload = UploadId::parse(id).ok_or_else(|| Problem::bad("attachments are the ids that POST files answered"))?;
        // A file of another visitor is, here, a file that does not exist.
        let attachment = files::uploaded(&*site.hub, visitor, &upload).await;
        let attachment = attachment.ok_or_else(|| Problem::bad("attachments must be uploaded with POST files first"))?;
        if !site.hub.keep_blob(&attachment.blob).await {
            return Err(Problem::bad("a file is not there any more: it was removed; upload it again"));
        }
        content.attachments.push(attachment);
    }
    if content.is_empty() {
        return Err(Problem::bad("the message is empty"));
    }
    Ok(IncomingBody::Message(content))
}

/// Whether a message of the visitor with this id is among the newest lines of their transcript.
async fn was_said(site: &Site, visitor: &Address, client_id: &str) -> bool {
    let is_it = |line: &TranscriptEntry| match line {
        TranscriptEntry::Message(m) => m.author == Author::Customer && m.client_id.as_deref() == Some(client_id),
        TranscriptEntry::Delivery(_) => false,
    };
    let mut last = site.hub.settled(visitor, 0).await;
    for _ in 0..PAGES_LOOKED_THROUGH {
        let after = last.saturating_sub(PAGE_LIMIT);
        let limit = usize::try_from(last - after).unwrap_or(usize::MAX);
        if limit == 0 {
            break;
        }
        if site.hub.transcript(visitor, after, limit).await.iter().any(is_it) {
            return true;
        }
        last = after;
    }
    false
}

fn taken(accepted: Accepted) -> HttpResponse {
    respond::json(StatusCode::ACCEPTED, &serde_json::json!({ "duplicate": accepted == Accepted::Duplicate }))
}

pub(crate) async fn accept(
    site: &Site,
    request: &HttpRequest,
    (address, visit): (Address, Visit),
    client_id: &str,
    body: IncomingBody,
) -> Result<HttpResponse, Problem> {
    let well_formed = client_id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if client_id.is_empty() || client_id.len() > 64 || !well_formed {
        return Err(Problem::bad("client_id is 1 to 64 letters, digits, - or _, a new one for each message"));
    }
    Ok(taken(deliver(site, request, address, &visit, client_id, body).await?))
}

/// Hands over what a visitor did, with what is known of them.
pub(crate) async fn deliver(
    site: &Site,
    request: &HttpRequest,
    address: Address,
    visit: &Visit,
    client_id: &str,
    body: IncomingBody,
) -> Result<Accepted, AcceptError> {
    let mut profile = visit.profile();
    profile.extend(browser(request));
    let incoming = Incoming { body, at: site.hub.now(), profile, client_id: Some(client_id.to_owned()) };
    // Two visitors may choose the same id; a provider's id is unique within the channel.
    let provider_id = format!("{}:{client_id}", address.id);
    site.hub.accept(Inbound { address, provider_id, incoming }).await
}

/// What the browser itself tells: its language. A name, a mail address or a number is never taken from here.
fn browser(request: &HttpRequest) -> Record {
    let told =
        |tag: &str| Record::from([("language".to_owned(), Value::text(tag)), ("language_source".to_owned(), Value::text("browser"))]);
    language_of(request).map(told).unwrap_or_default()
}

/// The language the browser asks for.
pub(crate) fn language_of(request: &HttpRequest) -> Option<&str> {
    language(request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The best-liked language of an `Accept-Language` header, the first among equals.
fn language(header: &str) -> Option<&str> {
    let mut best: Option<(&str, f32)> = None;
    for item in header.split(',').take(20) {
        let mut parts = item.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let quality = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        let quality = quality.filter(|q| *q > 0.0 && *q <= 1.0);
        let mut subtags = tag.split('-');
        let primary = subtags.next().is_some_and(|s| (2..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphabetic()));
        let rest = subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()));
        if let Some(quality) = quality
            && primary
            && rest
            && tag.len() <= 35
            && best.is_none_or(|(_, q)| quality > q)
        {
            best = Some((tag, quality));
        }
    }
    best.map(|(tag, _)| tag)
}

/// `POST typing`: the visitor types; shown to an agent, never stored.
pub(crate) async fn typing(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_read(&request)?;
    site.hub.typing(&visitor);
    let mut response = HttpResponse::new(channel::Body::Full(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// `GET messages?after=N&limit=M` or `GET messages?last=M`: a page of the transcript.
pub(crate) async fn page(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_read(&request)?;
    let after = respond::query_number(&request, "after")?;
    let limit = respond::query_number(&request, "limit")?.unwrap_or(100).clamp(1, PAGE_LIMIT);
    let (after, limit) = match (respond::query_number(&request, "last")?, after) {
        (Some(_), Some(_)) => return Err(Problem::bad("give either after or last")),
        (Some(last), None) => {
            let last = last.clamp(1, PAGE_LIMIT);
            (site.hub.settled(&visitor, 0).await.saturating_sub(last), last)
        }
        (None, after) => (after.unwrap_or(0), limit),
    };
    // One more than asked for, to know whether there is more.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut entries = site.hub.transcript(&visitor, after, limit + 1).await;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let cursor = entries.last().map_or(after, TranscriptEntry::no);
    let (mut lines, mut deliveries) = (Vec::new(), Vec::new());
    for entry in &entries {
        match entry {
            TranscriptEntry::Message(m) => lines.push(Line::from(m)),
            TranscriptEntry::Delivery(d) => deliveries.push(DeliveryLine::from(d)),
        }
    }
    let answer = serde_json::json!({ "lines": lines, "deliveries": deliveries, "after": after, "cursor": cursor, "more": more });
    Ok(respond::json(StatusCode::OK, &answer))
}

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn the_best_liked_language_is_taken() {
        for (header, tag) in [
            ("es-ES,es;q=0.9,en;q=0.8", Some("es-ES")),
            ("en;q=0.1, sw;q=0.8", Some("sw")),
            ("*", None),
            ("", None),
            ("en;q=0", None),
            ("en;q=nan, fr;q=0.2", Some("fr")),
            ("<script>, de", Some("de")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
        ] {
            assert_eq!(language(header), tag, "{header}");
        }
    }
}
