//! Pushing: each piece is posted, signed, to the callback address, and what came back is said honestly.

use crate::{WebhookChannel, lines};
use bytes::Bytes;
use channel::{Hub, Outbound, SendError, Sent};
use futures::future::BoxFuture;
use url::Url;

/// How long to wait when the other side asks to wait and does not say how long.
const WAIT_MS: u64 = 5_000;
/// The longest wait the other side can ask for: an hour.
const WAIT_MAX_MS: u64 = 3_600_000;

/// What the other side answered to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, if it was given so.
    pub retry_after_secs: Option<u64>,
}

/// Why a post has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Nothing was written: the name did not resolve, the connection was refused.
    #[error("the callback address was not reached: {0}")]
    NotSent(String),
    /// It was written, at least in part, and no answer came.
    #[error("the callback address did not answer: {0}")]
    Unanswered(String),
    /// Requests to this address are not allowed from here.
    #[error("the callback address is not allowed: {0}")]
    Forbidden(String),
}

/// What posts callbacks: the only way out of this crate.
pub trait CallbackSender: Send + Sync {
    /// Posts a body with these headers, once.
    fn post<'a>(
        &'a self,
        url: &'a Url,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'a, Result<CallbackAnswer, CallbackError>>;
}

/// Posts one piece. A piece that is posted again has the same `webhook-id`, so the other side can drop the second.
pub(crate) async fn send(channel: &WebhookChannel, hub: &dyn Hub, piece: &Outbound) -> Result<Sent, SendError> {
    let Some(url) = &channel.callback else {
        return Err(SendError::Permanent("the channel has no callback address; its messages are fetched".into()));
    };
    let body = Bytes::from(lines::pushed(piece).to_string());
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(channel.secret.sign(&piece.idempotency_key, hub.now(), &body));
    match channel.sender.post(url, headers, body).await {
        Ok(answer) => read(&answer),
        Err(error @ CallbackError::NotSent(_)) => Err(SendError::Temporary(error.to_string())),
        Err(error @ CallbackError::Unanswered(_)) => Err(SendError::Unknown(error.to_string())),
        Err(error @ CallbackError::Forbidden(_)) => Err(SendError::Permanent(error.to_string())),
    }
}

fn read(answer: &CallbackAnswer) -> Result<Sent, SendError> {
    let said = || format!("the callback address answered {}", answer.status);
    match (answer.status, answer.retry_after_secs) {
        (200..=299, _) => Ok(Sent::default()),
        (429, wait) => Err(wait_for(wait)),
        (503, Some(wait)) => Err(wait_for(Some(wait))),
        // The piece itself is not wanted; the next one may be.
        (400 | 413 | 422, _) => Err(SendError::Permanent(said())),
        (410, _) => Err(SendError::Unreachable(said())),
        // Everything else is a fault over there that somebody will mend: a wrong address, a deployment, a crash.
        _ => Err(SendError::Temporary(said())),
    }
}

/// There is one peer behind the address, so its wait is for all its customers.
fn wait_for(secs: Option<u64>) -> SendError {
    let after_ms = secs.map_or(WAIT_MS, |secs| secs.saturating_mul(1_000)).min(WAIT_MAX_MS);
    SendError::RetryAfter { after_ms, whole_channel: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_reference_says() {
        let of = |status, retry_after_secs| read(&CallbackAnswer { status, retry_after_secs });
        for status in [200, 201, 202, 204] {
            assert!(of(status, None).is_ok());
        }
        for status in [400, 413, 422] {
            assert!(matches!(of(status, None), Err(SendError::Permanent(_))), "{status}");
        }
        for status in [302, 401, 403, 404, 408, 500, 502, 503] {
            assert!(matches!(of(status, None), Err(SendError::Temporary(_))), "{status}");
        }
        assert!(matches!(of(410, None), Err(SendError::Unreachable(_))));
        for (status, secs, ms) in [(429, None, 5_000), (429, Some(2), 2_000), (503, Some(7), 7_000), (429, Some(u64::MAX), 3_600_000)] {
            assert!(matches!(of(status, secs), Err(SendError::RetryAfter { after_ms, whole_channel: true }) if after_ms == ms));
        }
    }
}
