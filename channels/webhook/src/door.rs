//! The routes: `POST /` takes what customers do, `POST /status` what became of messages, `POST /messages` and `POST /files` are for
//! fetching.
//!
//! All are signed and all are POSTs, because the signature covers the body and nothing else.

use crate::{
    WebhookChannel,
    inbound::{InboundError, Message, check_from, read},
    problem::{json, not_accepted, problem, typed},
    reply, status,
};
use channel::{Accepted, BlobError, HttpRequest, HttpResponse, Hub, Inbound, Route, RouteHandler};
use futures::{FutureExt, future::BoxFuture};
use http::{Method, StatusCode, header};
use model::{Address, BlobId, TranscriptEntry};
use serde::Deserialize;
use serde_json::json as value;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;

/// The largest inbound: attachments come inside, as base64.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// The largest question.
const QUESTION_LIMIT: usize = 4 * 1024;
/// The longest a fetch may wait for something to be said.
const FETCH_WAIT_MAX_MS: u64 = 30_000;
/// How far back a file may be fetched: the newest lines of the conversation.
const FILE_SEARCH: u64 = 5_000;
const FILE_PAGE: usize = 500;

/// A verified request.
pub(crate) struct Signed {
    channel: Arc<WebhookChannel>,
    pub(crate) hub: Arc<dyn Hub>,
    /// The delivery's id.
    id: String,
    pub(crate) request: HttpRequest,
}

impl Signed {
    pub(crate) fn address(&self, from: &str) -> Address {
        Address { channel: self.channel.name.clone(), id: from.to_owned() }
    }
}

pub(crate) fn routes(channel: Arc<WebhookChannel>, hub: Arc<dyn Hub>) -> Vec<Route> {
    vec![
        Route { method: Method::POST, path: "/".into(), body_limit: BODY_LIMIT, handler: signed(&channel, &hub, take) },
        Route { method: Method::POST, path: "/messages".into(), body_limit: QUESTION_LIMIT, handler: signed(&channel, &hub, messages) },
        Route { method: Method::POST, path: "/status".into(), body_limit: QUESTION_LIMIT, handler: signed(&channel, &hub, status::take) },
        Route { method: Method::POST, path: "/files".into(), body_limit: QUESTION_LIMIT, handler: signed(&channel, &hub, file) },
    ]
}

/// A handler that only sees verified requests.
fn signed<F, Fut>(channel: &Arc<WebhookChannel>, hub: &Arc<dyn Hub>, handle: F) -> RouteHandler
where
    F: Fn(Signed) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<HttpResponse, HttpResponse>> + Send + 'static,
{
    let (channel, hub) = (Arc::clone(channel), Arc::clone(hub));
    Arc::new(move |request: HttpRequest| -> BoxFuture<'static, HttpResponse> {
        let (channel, hub) = (Arc::clone(&channel), Arc::clone(&hub));
        async move {
            match channel.secret.verify(request.headers(), request.body(), hub.now()) {
                Ok(id) => handle(Signed { channel, hub, id, request }).await.unwrap_or_else(|refusal| refusal),
                Err(error) => problem(StatusCode::UNAUTHORIZED, &error.to_string()),
            }
        }
        .boxed()
    })
}

pub(crate) fn bad(detail: impl AsRef<str>) -> HttpResponse {
    problem(StatusCode::BAD_REQUEST, detail.as_ref())
}

/// `POST /`: a customer did something.
async fn take(signed: Signed) -> Result<HttpResponse, HttpResponse> {
    let (hub, id) = (signed.hub.as_ref(), signed.id.as_str());
    let refuse = |error: InboundError| match error {
        InboundError::Form(detail) => bad(detail),
        InboundError::Later(error) => not_accepted(&error),
    };
    let message = Message::parse(signed.request.body()).map_err(refuse)?;
    let (address, after) = (signed.address(&message.from), message.after);
    let incoming = message.incoming(id, hub, &address).await.map_err(refuse)?;
    let before = hub.settled(&address, 0).await;
    let inbound = Inbound { address: address.clone(), provider_id: id.to_owned(), incoming };
    let accepted = hub.accept(inbound).await.map_err(|error| not_accepted(&error))?;
    if signed.channel.callback.is_some() {
        return Ok(json(StatusCode::ACCEPTED, &value!({ "duplicate": accepted == Accepted::Duplicate })));
    }
    let newest = hub.settled(&address, signed.channel.reply_wait_ms).await;
    let before = match accepted {
        Accepted::New => Some(before),
        Accepted::Duplicate => None,
    };
    let reply = match after {
        Some(after) => reply::since(hub, &address, after).await,
        None => reply::caused_by(hub, &address, id, before, newest).await,
    };
    Ok(json(StatusCode::OK, &reply.json()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetch {
    from: String,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_ms: u64,
}

/// `POST /messages`: what was said since, at once or as soon as something is.
async fn messages(signed: Signed) -> Result<HttpResponse, HttpResponse> {
    let Fetch { from, after, wait_ms } = read(signed.request.body()).map_err(bad)?;
    check_from(&from).and_then(|()| reply::check_cursor(after)).map_err(bad)?;
    let address = signed.address(&from);
    // Watched before it is read, so that nothing falls between.
    let mut notices = signed.hub.watch(&address);
    let mut reply = reply::since(signed.hub.as_ref(), &address, after).await;
    let after = after.min(reply.cursor);
    let wait = async {
        while reply.messages.is_empty() {
            match notices.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => reply = reply::since(signed.hub.as_ref(), &address, after).await,
                Err(RecvError::Closed) => break,
            }
        }
    };
    // Elapsed or not, what is there is the answer.
    let _ = tokio::time::timeout(Duration::from_millis(wait_ms.min(FETCH_WAIT_MAX_MS)), wait).await;
    Ok(json(StatusCode::OK, &reply.json()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchFile {
    from: String,
    id: String,
}

/// `POST /files`: the bytes of a file that occurs in this customer's conversation, and of no other.
async fn file(signed: Signed) -> Result<HttpResponse, HttpResponse> {
    let FetchFile { from, id } = read(signed.request.body()).map_err(bad)?;
    check_from(&from).map_err(bad)?;
    let missing = || problem(StatusCode::NOT_FOUND, "there is no such file in this customer's conversation");
    let blob = BlobId::parse(&id).ok_or_else(missing)?;
    let address = signed.address(&from);
    if !occurs(signed.hub.as_ref(), &address, &blob).await {
        return Err(missing());
    }
    let bytes = signed.hub.get_blob(&blob).await.map_err(|error| match error {
        BlobError::Missing => missing(),
        BlobError::TooLarge(_) | BlobError::Failed(_) => not_accepted(&channel::AcceptError::Unavailable),
    })?;
    let mut answer = typed(StatusCode::OK, "application/octet-stream", bytes);
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, http::HeaderValue::from_static("attachment"));
    Ok(answer)
}

async fn occurs(hub: &dyn Hub, address: &Address, blob: &BlobId) -> bool {
    let newest = hub.settled(address, 0).await;
    let mut end = newest;
    while end > 0 && newest - end < FILE_SEARCH {
        let start = end.saturating_sub(FILE_PAGE as u64);
        let page = hub.transcript(address, start, FILE_PAGE).await;
        let has = |line: &TranscriptEntry| match line {
            TranscriptEntry::Message(message) => message.content.attachments.iter().any(|file| file.blob == *blob),
            TranscriptEntry::Delivery(_) => false,
        };
        if page.iter().any(has) {
            return true;
        }
        end = start;
    }
    false
}
