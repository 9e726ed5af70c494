//! The door to a channel's routes, as `api` mounts them: path parameters, body limits, 404 and 405.

use crate::{Body, Channel, HttpRequest, HttpResponse, PathParams, Route};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;

/// Calls a channel's routes without a socket.
///
/// Paths are those of [`Route::path`]: below `/c/<name>`, or with `//` in front where a route is mounted at the root.
pub struct Door {
    routes: Vec<Route>,
}

/// An answer whose body was read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; JSON null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Door {
    /// The routes of a channel on a hub.
    pub fn of(channel: Arc<dyn Channel>, hub: Arc<dyn crate::Hub>) -> Self {
        Self { routes: channel.routes(hub) }
    }

    /// Calls a route and answers at its response head; a body stream is not read.
    pub async fn open(&self, mut request: HttpRequest) -> HttpResponse {
        let path = request.uri().path().to_owned();
        let mut known = false;
        for route in &self.routes {
            let Some(params) = matches(&route.path, &path) else { continue };
            known = true;
            if route.method != *request.method() {
                continue;
            }
            if request.body().len() > route.body_limit {
                return plain(StatusCode::PAYLOAD_TOO_LARGE);
            }
            request.extensions_mut().insert(params);
            return (route.handler)(request).await;
        }
        plain(if known { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND })
    }

    /// Calls a route and reads its body to the end.
    pub async fn call(&self, request: HttpRequest) -> Answer {
        let (head, body) = self.open(request).await.into_parts();
        let body = match body {
            Body::Full(bytes) => bytes,
            Body::Stream(pieces) => pieces
                .fold(Vec::new(), async |mut all, piece| {
                    all.extend_from_slice(&piece);
                    all
                })
                .await
                .into(),
        };
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Calls a route with these headers and this body.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(request.body(body.into()).expect("a test's path and headers are well-formed")).await
    }
}

fn plain(status: StatusCode) -> HttpResponse {
    let mut answer = http::Response::new(Body::Full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

fn matches(pattern: &str, path: &str) -> Option<PathParams> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(PathParams(params)),
            (Some(want), Some(have)) => match want.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) if !have.is_empty() => params.push((name.to_owned(), have.to_owned())),
                Some(_) => return None,
                None if want == have => {}
                None => return None,
            },
            (None, Some(_)) | (Some(_), None) => return None,
        }
    }
}
