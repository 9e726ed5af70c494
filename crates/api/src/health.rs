//! `GET /healthz`: whether the server does its work, for people and for whatever watches it.

use crate::state::Shared;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// 200 while messages are accepted, 503 before that and after a failure.
pub(crate) async fn healthz(State(server): State<Shared>) -> Response {
    let health = server.handle.health();
    let ok = health.ready && health.failed.is_none();
    let body = json!({
        "ok": ok,
        "bot": health.bot,
        "version": health.version,
        "failed": health.failed,
        "reload_error": health.reload_error.map(|e| e.to_string()),
        "restart": health.restart,
        "older_versions": health.older_versions,
        "alert": health.alert,
        "channels": health.channels,
        "store": health.store,
        "runtime": server.handle.stats(),
    });
    let mut response = (if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !ok {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}
