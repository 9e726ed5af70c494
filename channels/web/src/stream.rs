//! The event stream of one visitor: what is said, from a cursor on, for as long as somebody listens.
//!
//! Every line is an event whose id is its place in the transcript, so a browser that lost the connection at any
//! byte goes on with the last event it saw whole. One whose next lines are kept no longer begins anew, so that nothing is missing between
//! two others. Notices (somebody types, who answers) have no id: they are
//! true for a moment only.

use crate::{
    limits::StreamPlace,
    line::{DeliveryLine, Line},
    problem::Problem,
    respond,
    routes::Site,
};
use bytes::Bytes;
use channel::{Body, HttpRequest, HttpResponse, Hub, Notice};
use futures::{StreamExt, stream};
use http::{HeaderValue, header};
use model::{Address, TranscriptEntry};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// How many lines are read at once.
const PAGE: usize = 100;
/// How long nothing may be heard: less than proxies wait before they cut a silent connection.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// `GET stream?cursor=N`.
pub(crate) async fn open(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_read(&request)?;
    let last_event = request.headers().get("last-event-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let cursor = match last_event {
        Some(text) => text.parse().map_err(|_| Problem::bad("Last-Event-ID is the id of an event of this stream"))?,
        None => respond::query_number(&request, "cursor")?.unwrap_or(0),
    };
    let place = site.streams.enter(&visitor.id, &site.options.limits)?;
    // Listening begins before reading: what is said in between is seen by one of the two.
    let notices = site.hub.watch(&visitor);
    let listener = Listener { hub: Arc::clone(&site.hub), visitor, cursor, notices, phase: Phase::Begin, _place: place };
    let pieces = stream::unfold(listener, |mut listener| async move { listener.next().await.map(|piece| (piece, listener)) });
    let mut response = HttpResponse::new(Body::Stream(pieces.boxed()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Proxies that buffer would hold back what is said.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Listener {
    hub: Arc<dyn Hub>,
    visitor: Address,
    cursor: u64,
    notices: Receiver<Notice>,
    phase: Phase,
    _place: StreamPlace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was sent yet.
    Begin,
    /// Lines after the cursor may be waiting; whether the browser was told that it has seen all.
    Reading { ready: bool },
    /// All was sent; something will happen.
    Listening,
}

impl Listener {
    /// The next piece; none when the runtime stops.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.phase {
                Phase::Begin => {
                    self.phase = Phase::Reading { ready: false };
                    if self.is_lost().await {
                        self.cursor = 0;
                        return Some("event: reset\ndata: {}\n\n".into());
                    }
                }
                Phase::Reading { ready } => {
                    let entries = self.hub.transcript(&self.visitor, self.cursor, PAGE).await;
                    if let Some(last) = entries.last() {
                        self.cursor = last.no();
                        return Some(entries.iter().map(event).collect::<String>().into());
                    }
                    self.phase = Phase::Listening;
                    if !ready {
                        return Some(format!("event: ready\ndata: {{\"no\":{}}}\n\n", self.cursor).into());
                    }
                }
                Phase::Listening => match tokio::time::timeout(HEARTBEAT, self.notices.recv()).await {
                    Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
                    Ok(Ok(Notice::Lines { no })) if no <= self.cursor => {}
                    Ok(Ok(Notice::Lines { .. })) | Ok(Err(RecvError::Lagged(_))) => self.phase = Phase::Reading { ready: true },
                    Ok(Ok(notice @ (Notice::Typing { .. } | Notice::Owner { .. }))) => return Some(notice_event(&notice).into()),
                    Ok(Err(RecvError::Closed)) => return None,
                },
            }
        }
    }

    /// Whether the browser is to begin anew. Either it claims to have seen what was never said, because the data was restored from an
    /// older copy; or what comes after what it saw is kept no longer. Numbers have no gaps, so a line that is there tells both.
    async fn is_lost(&self) -> bool {
        let Some(before) = self.cursor.checked_sub(1) else { return false };
        match self.hub.transcript(&self.visitor, before, 1).await.first() {
            Some(line) => line.no() > self.cursor + 1,
            // Of a conversation in which nothing is left, what was seen last is what was said last.
            None => self.hub.settled(&self.visitor, 0).await != self.cursor,
        }
    }
}

fn event(entry: &TranscriptEntry) -> String {
    let (name, data) = match entry {
        TranscriptEntry::Message(m) => ("line", serde_json::to_string(&Line::from(m))),
        TranscriptEntry::Delivery(d) => ("delivery", serde_json::to_string(&DeliveryLine::from(d))),
    };
    // JSON has no raw line breaks, so one data field holds it.
    let data = data.expect("a line is plain data with text keys");
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", entry.no())
}

fn notice_event(notice: &Notice) -> String {
    let name = match notice {
        Notice::Lines { .. } => "lines",
        Notice::Typing { .. } => "typing",
        Notice::Owner { .. } => "owner",
    };
    format!("event: {name}\ndata: {}\n\n", serde_json::to_string(notice).expect("a notice is plain data"))
}
