//! Channels' routes, mounted under `/c/<name>/` and, where a path begins with `//`, at the root.

use crate::{ServeError, body, problem::Problem, state::Shared};
use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts as _, RawPathParams},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use channel::{PathParams, Route};
use futures::StreamExt as _;
use http::{Request, StatusCode};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    time::Duration,
};

/// How long a channel's handler may take to begin its answer.
const WITHIN: Duration = Duration::from_secs(60);
/// First segments of the root that are the server's own.
const OURS: [&str; 5] = ["api", "c", "console", "control", "healthz"];

/// Where a channel's route is mounted.
fn place(channel: &str, path: &str) -> Result<String, ServeError> {
    if let Some(root) = path.strip_prefix("//") {
        let first = root.split('/').next().unwrap_or_default();
        if OURS.contains(&first) {
            return Err(ServeError::Route { channel: channel.to_owned(), path: path.to_owned(), why: "that address is the server's own" });
        }
        return Ok(format!("/{root}"));
    }
    if !path.starts_with('/') {
        return Err(ServeError::Route { channel: channel.to_owned(), path: path.to_owned(), why: "it must begin with /" });
    }
    Ok(format!("/c/{channel}{path}"))
}

/// A path with its parameters unnamed: what the router tells apart.
fn shape(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// All channels' routes. Where two channels ask for the same address at the root, the first in `bot.yaml` has it.
///
/// # Errors
/// A route that cannot be mounted: it would shadow one of the server's own, or names a parameter in two ways.
pub(crate) fn mount(mut router: Router<Shared>, routes: Vec<(String, Vec<Route>)>) -> Result<Router<Shared>, ServeError> {
    let mut spelled: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeSet<(String, String)> = BTreeSet::new();
    let mut methods: BTreeMap<String, MethodRouter<Shared>> = BTreeMap::new();
    for (channel, routes) in routes {
        for route in routes {
            let bad = |why| ServeError::Route { channel: channel.clone(), path: route.path.clone(), why };
            let path = place(&channel, &route.path)?;
            if *spelled.entry(shape(&path)).or_insert_with(|| path.clone()) != path {
                return Err(bad("another route names its parameters otherwise"));
            }
            if !taken.insert((path.clone(), route.method.to_string())) {
                tracing::warn!(channel, path, "another channel has this address already; it keeps it");
                continue;
            }
            let filter = MethodFilter::try_from(route.method.clone()).map_err(|_| bad("its method is not one of HTTP's usual ones"))?;
            let handler = move |axum::extract::State(server): axum::extract::State<Shared>, request: Request<Body>| {
                let (handler, limit) = (std::sync::Arc::clone(&route.handler), route.body_limit);
                async move { run(server, request, handler, limit).await }
            };
            let entry = match methods.remove(&path) {
                Some(known) => known.on(filter, handler),
                None => on(filter, handler),
            };
            methods.insert(path, entry);
        }
    }
    for (path, entry) in methods {
        router = router.route(&path, entry);
    }
    Ok(router)
}

async fn run(server: Shared, request: Request<Body>, handler: channel::RouteHandler, limit: usize) -> Response {
    let (mut parts, content) = request.into_parts();
    let Ok(params) = RawPathParams::from_request_parts(&mut parts, &()).await else { return Problem::not_found().into_response() };
    parts.extensions.insert(PathParams(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()));
    let bytes = match body::read(&parts.headers, content, limit).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let Ok(answer) = tokio::time::timeout(WITHIN, handler(Request::from_parts(parts, bytes))).await else {
        let detail = "the answer took too long; trying again is safe";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_slow", detail).retry_after(5).into_response();
    };
    let (parts, content) = answer.into_parts();
    let content = match content {
        channel::Body::Full(bytes) => Body::from(bytes),
        channel::Body::Stream(pieces) => {
            let mut stop = server.stop.clone();
            // A stream must not hold up the stop of the server.
            let stopped = async move {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            Body::from_stream(pieces.take_until(Box::pin(stopped)).map(Ok::<_, Infallible>))
        }
    };
    Response::from_parts(parts, content)
}
