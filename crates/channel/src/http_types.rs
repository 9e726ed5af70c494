//! Routes in terms of the `http` crate, so that channels need no web framework; `api` mounts them.

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use std::sync::Arc;

/// A request with its body read, bounded by the route's limit.
pub type HttpRequest = http::Request<Bytes>;

/// The body of an answer.
pub enum Body {
    /// All of it.
    Full(Bytes),
    /// A stream of pieces, for event streams; it ends when the client goes away.
    Stream(BoxStream<'static, Bytes>),
}

/// An answer.
pub type HttpResponse = http::Response<Body>;

/// What answers a request. The first argument is the request; path parameters are in its extensions as
/// [`PathParams`].
pub type RouteHandler = Arc<dyn Fn(HttpRequest) -> BoxFuture<'static, HttpResponse> + Send + Sync>;

/// Path parameters in order of their appearance in the route's path; an extension of the request.
#[derive(Clone, Debug, Default)]
pub struct PathParams(pub Vec<(String, String)>);

/// One route of a channel.
pub struct Route {
    /// The method.
    pub method: http::Method,
    /// The path below `/c/<name>`, beginning with `/`; `{name}` is a parameter. A path that begins with `//` is mounted at
    /// the root instead (`//widget.js`).
    pub path: String,
    /// The largest body in bytes; larger ones are answered 413 before the handler sees them.
    pub body_limit: usize,
    /// What answers.
    pub handler: RouteHandler,
}
