//! The exchange with the Bot API: one request of teloxide's bot, and what came of it.
//!
//! Token, address and connections are those of teloxide's [`Bot`], requests are its payload types. The exchange
//! itself is done here because the runtime's promises hang on what teloxide does not tell: the status (a 400 is for
//! good, a 502 is not), and whether a request had left when the connection broke. teloxide also sleeps ten seconds on
//! every 5xx, which would hold up the lane of a chat.
//!
//! **Invariant:** no error text holds an address, since the address holds the token.

use bytes::{Bytes, BytesMut};
use reqwest::{Response, header, multipart};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use teloxide::{Bot, requests::Payload};
use url::Url;

/// The largest answer that is read: 100 updates are far below it.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Telegram, or something before it, answered that it did not do it.
    #[error("{status} {description}")]
    Refused {
        /// The error code of the answer, else the HTTP status.
        status: u16,
        /// Telegram's words, cut and on one line.
        description: String,
        /// How many seconds to wait.
        retry_after: Option<u32>,
    },
    /// No connection came about: nothing was sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The exchange broke after the request may have left, or the answer makes no sense.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// Whether Telegram does not know the token. It answers 404 to one of the wrong form, and to methods it does not have,
    /// which this crate does not call.
    pub fn is_token_refused(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 404, .. })
    }
}

/// Why a file did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFailure {
    /// It is larger than allowed.
    #[error("too large")]
    TooLarge,
    /// It never will.
    #[error("{0}")]
    Gone(String),
    /// Trying again may help.
    #[error("{0}")]
    Temporary(String),
}

impl From<Failure> for FileFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { ref description, .. } if description.contains("too big") => Self::TooLarge,
            Failure::Refused { status: 400 | 403 | 404, description, .. } => Self::Gone(description),
            Failure::Refused { .. } | Failure::NotSent(_) | Failure::Broken(_) => Self::Temporary(failure.to_string()),
        }
    }
}

/// A file to be uploaded in one field of a form.
pub struct Upload {
    /// The field that takes it: `photo`, `document`, ….
    pub field: &'static str,
    /// Its name as the receiver sees it.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The form of every answer.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u32>,
}

/// A bot at an address.
pub struct Api {
    bot: Bot,
}

impl Api {
    /// The bot of this token, at this address or the official one.
    pub fn new(token: &str, url: Option<Url>) -> Self {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            // A kept connection that the other side has closed meanwhile breaks the next request, and then nobody
            // knows whether it arrived; so none is kept for long.
            .pool_idle_timeout(Duration::from_secs(20))
            .tcp_nodelay(true)
            // A redirect would carry the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("the TLS backend is compiled in");
        let bot = Bot::with_client(token, client);
        Self { bot: if let Some(url) = url { bot.set_api_url(url) } else { bot } }
    }

    fn url<'a>(&self, before: Option<&str>, after: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.bot.api_url();
        url.path_segments_mut()
            .expect("only http and https addresses are taken, and they have paths")
            .pop_if_empty()
            .extend(before)
            .push(&format!("bot{}", self.bot.token()))
            .extend(after);
        url
    }

    /// Asks for one thing.
    pub async fn call<P>(&self, payload: &P, timeout: Duration) -> Result<Value, Failure>
    where
        P: Payload + Serialize + Sync,
    {
        let request = self.bot.client().post(self.url(None, [P::NAME])).timeout(timeout).json(payload);
        read(request.send().await.map_err(unanswered)?).await
    }

    /// Asks for one thing with these fields, none of them a file.
    pub async fn post(&self, method: &'static str, fields: &Value, timeout: Duration) -> Result<Value, Failure> {
        let request = self.bot.client().post(self.url(None, [method])).timeout(timeout).json(fields);
        read(request.send().await.map_err(unanswered)?).await
    }

    /// Asks for one thing that takes a file.
    pub async fn upload(
        &self,
        method: &'static str,
        fields: Vec<(&'static str, String)>,
        file: Upload,
        timeout: Duration,
    ) -> Result<Value, Failure> {
        let part = |bytes: Bytes| {
            let length = bytes.len() as u64;
            multipart::Part::stream_with_length(bytes, length).file_name(file.name.clone())
        };
        let part = part(file.bytes.clone()).mime_str(&file.mime).unwrap_or_else(|_| part(file.bytes.clone()));
        let mut form = multipart::Form::new();
        for (name, value) in fields {
            form = form.text(name, value);
        }
        let request = self.bot.client().post(self.url(None, [method])).timeout(timeout).multipart(form.part(file.field, part));
        read(request.send().await.map_err(unanswered)?).await
    }

    /// Loads a file by the path that `getFile` gave; at most `limit` bytes.
    pub async fn download(&self, path: &str, limit: u64) -> Result<Bytes, FileFailure> {
        let temporary = |error| FileFailure::Temporary(reason(error));
        let url = self.url(Some("file"), path.split('/').filter(|part| !part.is_empty()));
        let mut response = self.bot.client().get(url).send().await.map_err(temporary)?;
        let status = response.status();
        if status.is_client_error() && status != reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(FileFailure::Gone(format!("the file server answered {}", status.as_u16())));
        }
        if status != reqwest::StatusCode::OK {
            return Err(FileFailure::Temporary(format!("the file server answered {}", status.as_u16())));
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(temporary)? {
            if (bytes.len() + piece.len()) as u64 > limit {
                return Err(FileFailure::TooLarge);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }
}

/// What a request that got no answer says about itself.
fn unanswered(error: reqwest::Error) -> Failure {
    let unsent = error.is_connect() || error.is_builder();
    let words = reason(error);
    if unsent { Failure::NotSent(words) } else { Failure::Broken(words) }
}

/// An error in words, down to its cause, without the address.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    one_line(&cause.to_string())
}

async fn read(mut response: Response) -> Result<Value, Failure> {
    let status = response.status();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = BytesMut::new();
    let whole = loop {
        match response.chunk().await {
            Ok(Some(piece)) if body.len() + piece.len() <= ANSWER_LIMIT => body.extend_from_slice(&piece),
            Ok(Some(_)) => break Err("the answer is too large".to_owned()),
            Ok(None) => break Ok(()),
            Err(error) => break Err(reason(error)),
        }
    };
    match (whole, serde_json::from_slice::<Envelope>(&body)) {
        (Ok(()), Ok(Envelope { ok: true, result, .. })) => Ok(result),
        (Ok(()), Ok(envelope)) => Err(Failure::Refused {
            status: envelope.error_code.unwrap_or(status.as_u16()),
            description: one_line(&envelope.description.unwrap_or_default()),
            retry_after: envelope.parameters.and_then(|parameters| parameters.retry_after).or(retry_after),
        }),
        // Something before Telegram answers in its own form. The status still says that it was not done.
        (Ok(()) | Err(_), _) if !status.is_success() => {
            Err(Failure::Refused { status: status.as_u16(), description: "an answer that is not Telegram's".into(), retry_after })
        }
        (Ok(()), Err(_)) => Err(Failure::Broken("the answer is not Telegram's".into())),
        (Err(why), _) => Err(Failure::Broken(why)),
    }
}

/// Text of others for a log: one line, at most 200 characters.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
