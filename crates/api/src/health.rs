//! `GET /healthz`: whether the server does its work, for people and for whatever watches it.

use crate::state::Shared;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// What was removed because it is kept no longer; times in milliseconds since 1970.
fn retention(report: &runtime::retention::Report) -> serde_json::Value {
    let ms = |at: Option<model::Instant>| at.map(model::Instant::as_millis);
    json!({
        "running_since": ms(report.began),
        "last": ms(report.last),
        "removed": if report.began.is_some() { report.now } else { report.then },
        "files": report.files,
        "events_kept_for": report.events_kept_for,
        "on_disk_until_compacted": report.pending,
    })
}

/// The room on the disk, in bytes.
fn disk(room: store::room::Room) -> serde_json::Value {
    json!({ "free": room.free, "total": room.total, "tight": room.is_tight() })
}

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
        "disk": health.disk.map(disk),
        "runtime": server.handle.stats(),
        "retention": retention(&server.handle.retention().await),
    });
    let mut response = (if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !ok {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}
