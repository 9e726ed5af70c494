//! The listener: connections, their limits, changes that outlive their connection, and a stop that waits for what is under way.

use crate::{
    ApiOptions, ServeError,
    files::KnownFiles,
    limiter::Limiter,
    password::Checker,
    peer,
    site::site,
    state::{Shared, State},
};
use axum::{Router, body::Body, response::Response};
use channel::Route;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use runtime::Handle;
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::AtomicBool},
    task::{Context, Poll, ready},
    thread,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tower::{ServiceExt as _, util::Oneshot};

/// How long a client may take to send the head of a request; a connection kept open may be idle this long as well.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// The largest head of a request, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;
/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 20_000;
/// How long a stop waits for requests under way.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Serves until `stop` is told (or its sender is gone), then lets requests under way end, for at most 8 s.
///
/// # Errors
/// [`ServeError`] before anything is served: a channel's route that cannot be mounted.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    routes: Vec<(String, Vec<Route>)>,
    options: ApiOptions,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let passwords = tokio::task::spawn_blocking(Checker::new).await.map_err(|_| ServeError::Start)?;
    let server: Shared = Arc::new(State {
        handle,
        options,
        limiter: Limiter::default(),
        passwords,
        files: KnownFiles::default(),
        flows: crate::flows::Flows::default(),
        looked: crate::stream::Looked::default(),
        rates: crate::v1::Rates::default(),
        once: crate::v1::Once::default(),
        ready: AtomicBool::new(false),
        stop: stop.clone(),
    });
    let router = site(Arc::clone(&server), routes)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let place = tokio::select! {
            () = told(&mut stop) => break,
            place = Arc::clone(&places).acquire_owned() => place.map_err(|_| ServeError::Start)?,
        };
        let (stream, from) = tokio::select! {
            () = told(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, mostly: what is open goes on, and closing connections gives room.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        // Answers are small and people wait for them.
        let _ = stream.set_nodelay(true);
        let (router, server) = (router.clone(), Arc::clone(&server));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let request = told_from(request, from, &server);
            UnderWay::begin(router.clone(), request)
        });
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD_LIMIT);
        let connection = graceful.watch(protocol.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that goes away in the middle of something is everyday, not an error.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut");
    }
    Ok(())
}

type Work = Oneshot<Router, http::Request<Body>>;

/// A request under way, which is carried out to its end though its client hangs up: what becomes durable must come into force as well. A
/// question ends with whoever asked it.
struct UnderWay {
    work: Option<Pin<Box<Work>>>,
    is_question: bool,
}

impl UnderWay {
    fn begin(router: Router, request: http::Request<Body>) -> Self {
        // A preview is asked with POST because a condition may be long.
        let is_question = request.method().is_safe() || request.uri().path().ends_with("/preview");
        Self { work: Some(Box::pin(router.oneshot(request))), is_question }
    }
}

impl Future for UnderWay {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = self.work.as_mut() else { return Poll::Pending };
        let answer = ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(answer)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // A shutdown has no place left where it could go on, and what panicked is over.
        if let (Some(work), false, false, Ok(runtime)) =
            (self.work.take(), self.is_question, thread::panicking(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(work);
        }
    }
}

/// The request with where it comes from: `SocketAddr` is the connection's, `IpAddr` the client's.
fn told_from(request: http::Request<Incoming>, from: SocketAddr, server: &State) -> http::Request<Body> {
    let mut request = request.map(Body::new);
    let client = peer::client(from.ip(), request.headers(), &server.options.trusted_proxies);
    request.extensions_mut().insert(from);
    request.extensions_mut().insert(client);
    request
}

/// Resolves when the server is told to stop, or when nobody can tell it any more.
async fn told(stop: &mut watch::Receiver<bool>) {
    // The guard that `wait_for` gives is dropped here: it must not live across an await of the caller.
    let _ = stop.wait_for(|stop| *stop).await;
}
