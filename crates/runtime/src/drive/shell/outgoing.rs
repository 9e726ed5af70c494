//! What goes out: to channels, to other programs, to webhooks.

use super::Shell;
use crate::{
    Tried,
    core::{CallToken, PostToken, SendToken},
};
use channel::{SendError, Sent};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

/// How long a channel may take with one piece before nobody knows what came of it.
const SEND_WITHIN: Duration = Duration::from_secs(120);
/// How long one try of a call may take, whatever its own limits are.
const CALL_WITHIN: Duration = Duration::from_secs(120);
/// How long one try of a delivery to a webhook may take, whatever makes it.
const POST_WITHIN: Duration = Duration::from_secs(30);

impl Shell {
    pub(super) async fn send(self: Arc<Self>, token: SendToken, out: channel::Outbound) {
        let answer = match self.channel(&out.address.channel) {
            None => Err(SendError::Temporary("the channel is not connected".into())),
            Some(channel) => {
                let hub = self.hub(&out.address.channel);
                let sending = AssertUnwindSafe(channel.send(&*hub, &out)).catch_unwind();
                match tokio::time::timeout(SEND_WITHIN, sending).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => Err(SendError::Unknown("the channel panicked".into())),
                    Err(_) => Err(SendError::Unknown("the channel did not answer within 2 minutes".into())),
                }
            }
        };
        log_send(&out, &answer);
        self.tell(|core, now| core.sent(now, token, answer));
    }

    pub(super) async fn call(self: Arc<Self>, token: CallToken, row: Box<model::CallRow>) {
        let tried = match &self.outside {
            None => Tried::failed("this server makes no calls"),
            Some(outside) => {
                let calling = AssertUnwindSafe(outside.call(&row)).catch_unwind();
                match tokio::time::timeout(CALL_WITHIN, calling).await {
                    Ok(Ok(tried)) => tried,
                    Ok(Err(_)) => Tried::failed("what makes the call panicked"),
                    Err(_) => Tried { came: model::Came::TimedOut, again: true, after: None },
                }
            }
        };
        let (call, place) = (row.call.id, &row.call.place);
        match &tried.came {
            model::Came::Failed { .. } | model::Came::TimedOut => tracing::info!(%call, place, again = tried.again, "a call did not work"),
            model::Came::Http { .. } | model::Came::Sent { .. } => tracing::debug!(%call, place, "a call was answered"),
        }
        self.tell(|core, now| core.called(now, token, tried));
    }

    pub(super) async fn post(self: Arc<Self>, token: PostToken, post: Box<crate::outside::Post>) {
        let posted = self.post_once(&post).await;
        tracing::debug!(delivery = post.id, ?posted, "posted to a webhook");
        self.tell(|core, now| core.posted(now, token, &posted));
    }

    /// Makes one try of a delivery.
    pub(crate) async fn post_once(&self, post: &crate::outside::Post) -> crate::outside::Posted {
        let failed = |reason: &str| crate::outside::Posted::Failed { reason: reason.into() };
        let Some(outside) = &self.outside else { return failed("this server makes no calls") };
        match tokio::time::timeout(POST_WITHIN, AssertUnwindSafe(outside.post(post)).catch_unwind()).await {
            Ok(Ok(posted)) => posted,
            Ok(Err(_)) => failed("what posts it panicked"),
            Err(_) => failed("no answer in time"),
        }
    }

    /// Whether deliveries may be posted to an address.
    pub(crate) fn may_post(&self, url: &str) -> Result<(), String> {
        self.outside.as_ref().map_or(Ok(()), |outside| outside.may_post(url))
    }
}

/// A line for the operator where a message did not leave; addresses and texts stay out of the log.
fn log_send(out: &channel::Outbound, answer: &Result<Sent, SendError>) {
    let (channel, message) = (&out.address.channel, out.message);
    match answer {
        Ok(_) | Err(SendError::RetryAfter { .. } | SendError::Unreachable(_)) => {
            tracing::debug!(channel, %message, ok = answer.is_ok(), "sent")
        }
        Err(SendError::Temporary(_)) => tracing::info!(channel, %message, "not sent, tried again later"),
        Err(SendError::Unknown(_)) => tracing::warn!(channel, %message, "it may or may not have arrived"),
        Err(SendError::Permanent(_)) => tracing::warn!(channel, %message, "cannot be sent"),
    }
}
