//! The outside of a running bot: calls of flows with the environment of this process, and the route on which the provider of
//! text messages reports.

use bytes::Bytes;
use channel::{Body, HttpResponse, Route};
use futures::FutureExt;
use http::{Method, StatusCode};
use runtime::sms::{REPORTS, ReportError};
use runtime::{Handle, Services, ServicesOptions};
use std::sync::Arc;

/// The largest report, in bytes.
const REPORT_LIMIT: usize = 16 * 1024;

/// An environment variable that is set to something.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The services of a bot; says what is off, a line each.
pub fn open(bot: &engine::Bot, allow: &[String], allow_webhooks: &[String], public_url: Option<&str>) -> anyhow::Result<Arc<Services>> {
    let allow_webhooks = allow_webhooks.to_vec();
    let services = Services::new(ServicesOptions { allow: allow.to_vec(), allow_webhooks, public_url: public_url.map(str::to_owned) })?;
    follow(&services, bot);
    Ok(services)
}

/// Takes over what a bot says of them.
pub fn follow(services: &Services, bot: &engine::Bot) {
    for line in services.set(bot.services(), &environment) {
        println!("{line}");
    }
}

/// Where the provider of text messages reports what became of them.
pub fn routes(services: Arc<Services>, handle: Handle) -> Vec<Route> {
    let handler = move |request: channel::HttpRequest| {
        let (services, handle) = (services.clone(), handle.clone());
        async move {
            let target = request.uri().path_and_query().map_or("", |target| target.as_str());
            let signature = request.headers().get("x-twilio-signature").and_then(|value| value.to_str().ok());
            match services.sms_report(target, signature, request.body()) {
                Ok(None) => answer(StatusCode::NO_CONTENT),
                Ok(Some(report)) => match handle.report(report).await {
                    Ok(()) => answer(StatusCode::NO_CONTENT),
                    // The provider tries again.
                    Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE),
                },
                Err(ReportError::Signature) => answer(StatusCode::FORBIDDEN),
                Err(ReportError::Off | ReportError::Unknown) => answer(StatusCode::NOT_FOUND),
            }
        }
        .boxed()
    };
    vec![Route { method: Method::POST, path: format!("/{REPORTS}"), body_limit: REPORT_LIMIT, handler: Arc::new(handler) }]
}

fn answer(status: StatusCode) -> HttpResponse {
    let mut answer = HttpResponse::new(Body::Full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}
