//! The console's pages: embedded files, and the start page for every address a person may have open.

use crate::problem::Problem;
use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse as _, Response},
};
use console::Asset;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// What the console's pages may do: only what comes from here, nothing inline, in no frame.
const POLICY: &str = "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

/// `GET /console`
pub(crate) async fn to_console() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/console/")]).into_response()
}

/// `GET /console/`
pub(crate) async fn start(headers: HeaderMap) -> Response {
    match console::index() {
        Some(index) => answer(&index, &headers),
        None => absent(),
    }
}

/// `GET /console/{*path}`: the file of this name; else, for a person's browser, the start page.
pub(crate) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    if let Some(asset) = console::asset(&path) {
        return answer(&asset, &headers);
    }
    let wants_page = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if wants_page && !path.starts_with("assets/") {
        return start(headers).await;
    }
    Problem::not_found().into_response()
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let same = known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match &asset.bytes {
            std::borrow::Cow::Borrowed(bytes) => Body::from(*bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes.clone()),
        };
        Response::new(body)
    };
    let value = |text: &str| HeaderValue::from_str(text).expect("tags and media types are visible ASCII");
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let out = response.headers_mut();
    out.insert(header::ETAG, value(&asset.etag));
    out.insert(header::CACHE_CONTROL, value(cache));
    if !same {
        out.insert(header::CONTENT_TYPE, value(&asset.mime));
    }
    protected(response)
}

fn absent() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Switchboard</title><main><h1>The console is not in this binary</h1>\
                <p>It was built without its pages. Build it with <code>make build</code>, which needs Node 20.19 or newer, and start it again.</p></main></html>";
    let mut response = (StatusCode::NOT_FOUND, page).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    protected(response)
}

fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), microphone=(), geolocation=()"));
    response
}
