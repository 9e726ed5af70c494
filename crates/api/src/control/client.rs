//! The command line's side of `POST /control`: one request to this machine.

use super::{ControlFile, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;

/// How long the server may take.
const WITHIN: Duration = Duration::from_secs(30);
/// The largest answer that is read.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// Why the running server did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there: the server that wrote the file is gone.
    #[error("no server answers at {0}")]
    Gone(std::net::SocketAddr),
    /// It said no, in its words.
    #[error("{0}")]
    Refused(String),
    /// It answered something else, or broke off.
    #[error("the running server did not answer as expected: {0}")]
    Broken(String),
}

/// Asks the running server.
///
/// # Errors
/// [`AskError::Gone`] if there is none; the caller may then use the data folder itself.
pub async fn ask(server: &ControlFile, request: &Request) -> Result<Value, AskError> {
    if !server.address.ip().is_loopback() {
        return Err(AskError::Broken(format!("{} is not on this machine", server.address)));
    }
    match tokio::time::timeout(WITHIN, exchange(server, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(AskError::Broken(format!("it took longer than {} s", WITHIN.as_secs()))),
    }
}

async fn exchange(server: &ControlFile, request: &Request) -> Result<Value, AskError> {
    let broken = |e: &dyn std::fmt::Display| AskError::Broken(e.to_string());
    let stream = tokio::net::TcpStream::connect(server.address).await.map_err(|_| AskError::Gone(server.address))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| broken(&e))?;
    let running = tokio::spawn(connection);
    let body = serde_json::to_vec(request).map_err(|e| broken(&e))?;
    let request = http::Request::post("/control")
        .header(header::HOST, server.address.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {}", server.token))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|e| broken(&e))?;
    let answer = sender.send_request(request).await.map_err(|e| broken(&e))?;
    let status = answer.status();
    let bytes = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await.map_err(|e| broken(&e))?.to_bytes();
    running.abort();
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| broken(&e))?;
    if status == StatusCode::OK {
        return Ok(value);
    }
    let detail = value.get("detail").and_then(Value::as_str).map_or_else(|| format!("status {status}"), str::to_owned);
    Err(AskError::Refused(detail))
}
