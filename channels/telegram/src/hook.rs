//! Webhook mode: Telegram calls us with one update, and 200 is the acknowledgement.

use crate::{
    inbound,
    intake::Intake,
    trouble::{Trouble, rest, stopped},
};
use bytes::Bytes;
use channel::{AcceptError, Body, HttpRequest, HttpResponse, Route};
use futures::FutureExt;
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use teloxide::payloads::{SetWebhook, SetWebhookSetters};
use tokio::sync::watch;
use url::Url;

/// The largest update; Telegram's are far below it.
const BODY_LIMIT: usize = 1024 * 1024;
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// The route that Telegram calls.
pub fn route(intake: Arc<Intake>, secret: String) -> Route {
    let secret: Arc<str> = secret.into();
    Route {
        method: http::Method::POST,
        path: "/hook".into(),
        body_limit: BODY_LIMIT,
        handler: Arc::new(move |request| {
            let (intake, secret) = (Arc::clone(&intake), Arc::clone(&secret));
            async move { answer(&intake, &secret, request).await }.boxed()
        }),
    }
}

async fn answer(intake: &Intake, secret: &str, request: HttpRequest) -> HttpResponse {
    // First of all: who has no secret learns nothing and costs nothing.
    let given = request.headers().get(SECRET_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    if !bool::from(given.ct_eq(secret.as_bytes())) {
        return say(StatusCode::UNAUTHORIZED, "the secret token is missing or wrong", None);
    }
    if request.body().len() > BODY_LIMIT {
        return say(StatusCode::PAYLOAD_TOO_LARGE, "the update is too large", None);
    }
    let Some(update) = serde_json::from_slice(request.body()).ok().filter(|update| inbound::number(update).is_some()) else {
        return say(StatusCode::BAD_REQUEST, "the body is not an update", None);
    };
    match intake.take(&update).await {
        Ok(()) => say(StatusCode::OK, "", None),
        Err(error @ AcceptError::TooMany) => say(StatusCode::TOO_MANY_REQUESTS, &error.to_string(), Some("5")),
        Err(error @ (AcceptError::Unavailable | AcceptError::Refused(_) | AcceptError::Nobody)) => {
            say(StatusCode::SERVICE_UNAVAILABLE, &error.to_string(), Some("2"))
        }
    }
}

fn say(status: StatusCode, text: &str, retry_after: Option<&'static str>) -> HttpResponse {
    let mut response = http::Response::new(Body::Full(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    response
}

/// Tells Telegram where to call, again and again until it heard.
pub async fn register(intake: &Intake, public_url: &Url, secret: &str, mut stop: watch::Receiver<bool>) {
    let mut url = public_url.clone();
    url.path_segments_mut().expect("only http and https addresses are taken, and they have paths").pop_if_empty().extend([
        "c",
        &intake.channel,
        "hook",
    ]);
    let ask = SetWebhook::new(url).secret_token(secret).allowed_updates(inbound::ALLOWED);
    let mut trouble = Trouble::new("setting the webhook", &intake.pace);
    loop {
        let answer = tokio::select! {
            () = stopped(&mut stop) => return,
            answer = intake.api.call(&ask, intake.pace.call) => answer,
        };
        match answer {
            Ok(_) => return trouble.over(intake.hub.as_ref()),
            Err(failure) => {
                let wait = trouble.after(intake.hub.as_ref(), &failure);
                if !rest(&mut stop, wait).await {
                    return;
                }
            }
        }
    }
}
