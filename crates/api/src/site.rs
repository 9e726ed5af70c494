//! The site: every route of the server in one list.

use crate::{
    ServeError, control, conversation, desk, files, flows, guard, health, mount, page, problem::Problem, state::Shared, stream, v1,
};
use axum::{
    Router,
    body::HttpBody as _,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{any, get, post},
};
use channel::Route;
use http::{HeaderName, HeaderValue, StatusCode, Version, header};
use std::{any::Any, sync::atomic::Ordering};
use tower_http::catch_panic::CatchPanicLayer;

/// The address of one conversation; what is done with it stands below.
const CONVERSATION: &str = "/contacts/{contact}/conversations/{conversation}";

/// The bytes of a body that is at hand before its request is answered, whatever the answer is.
const LONG: u64 = 64 * 1024;

/// Builds the site.
///
/// # Errors
/// A channel's route that cannot be mounted.
pub(crate) fn site(server: Shared, routes: Vec<(String, Vec<Route>)>) -> Result<Router, ServeError> {
    let below = |path: &str| format!("{CONVERSATION}{path}");
    let agents = Router::new()
        .route("/sign-in", post(desk::sign_in))
        .route("/sign-out", post(desk::sign_out))
        .route("/me", get(desk::me))
        .route("/desk", get(desk::desk))
        .route("/accepting", post(desk::accepting))
        .route("/skills", get(desk::skills))
        .route("/stream", get(stream::stream))
        .route("/flows", get(flows::picture))
        .route("/flows/resting", get(flows::resting))
        .route(CONVERSATION, get(conversation::person))
        .route(&below("/messages"), get(conversation::lines).post(conversation::say))
        .route(&below("/journey"), get(conversation::journey))
        .route(&below("/take"), post(conversation::take))
        .route(&below("/resolve"), post(conversation::resolve))
        .route(&below("/dismiss"), post(conversation::dismiss))
        .route(&below("/notes"), post(conversation::note))
        .route(&below("/typing"), post(conversation::typing))
        .route(&below("/files"), post(files::post))
        .route(&below("/files/{file}"), get(files::get))
        // Said here, because outside the console's pages take every other address.
        .route("/{*rest}", any(|| async { Problem::not_found() }))
        .layer(middleware::from_fn(as_problem))
        .layer(middleware::from_fn_with_state(server.clone(), guard::same_site))
        .layer(middleware::from_fn(no_store));
    let programs = v1::routes(&server).layer(middleware::from_fn(as_problem)).layer(middleware::from_fn(no_store));
    let router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/console", get(page::to_console))
        .route("/console/", get(page::start))
        .route("/console/{*path}", get(page::file))
        .nest("/console/api", agents)
        .nest("/api/v1", programs)
        .route("/control", post(control::post));
    let router = mount::mount(router, routes)?
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take that method")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(server.clone(), gate))
        .layer(middleware::from_fn(always))
        .layer(middleware::from_fn(end_unread))
        .with_state(server);
    Ok(router)
}

/// Until the runtime is ready everything but `/healthz` is answered 503.
async fn gate(State(server): State<Shared>, request: Request, next: Next) -> Response {
    if !server.ready.load(Ordering::Relaxed) {
        if !server.handle.health().ready {
            if request.uri().path() == "/healthz" {
                return next.run(request).await;
            }
            return Problem::unavailable().into_response();
        }
        server.ready.store(true, Ordering::Relaxed);
    }
    next.run(request).await
}

/// Headers that every answer carries, unless its route said otherwise.
async fn always(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// A refusal of a long body ends its connection, and says so: nobody reads the rest, and whoever sent the next request on it would get no
/// answer.
async fn end_unread(request: Request, next: Next) -> Response {
    let is_long = request.body().size_hint().exact().is_none_or(|bytes| bytes > LONG);
    let says_so = is_long && request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if says_so && (response.status().is_client_error() || response.status().is_server_error()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What agents see is never kept by anything between, nor by the browser, unless a route says otherwise.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refusals that the framework words itself (a query that does not parse) become problems as well.
async fn as_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let problem = HeaderValue::from_static("application/problem+json");
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && response.headers().get(header::CONTENT_TYPE) != Some(&problem) {
        let keep: Vec<(HeaderName, HeaderValue)> =
            response.headers().iter().filter(|(name, _)| *name == header::ALLOW).map(|(n, v)| (n.clone(), v.clone())).collect();
        let (code, detail) = match status {
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address does not take that method"),
            StatusCode::NOT_FOUND => ("not_found", "there is nothing here, or it is not for you to see"),
            _ => ("invalid", "the request cannot be read; check its query and its path"),
        };
        let mut out = Problem::new(status, code, detail).into_response();
        out.headers_mut().extend(keep);
        return out;
    }
    response
}

fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a request handler panicked");
    Problem::internal().into_response()
}
