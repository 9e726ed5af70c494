//! A call: something that a run *requests* of the outside (FL 5.2), as plain data.
//!
//! `json`, `email` and `sms` arm a call and rest on it. The call is a row of the person ([`CallRow`]), committed
//! with the step that armed it: it leaves only afterwards, and survives whatever happens to the process. What comes back is
//! a [`CallAnswer`]; what the block made of it is a [`Reply`], which a human's conversation keeps until the bot may go on
//! (FL 5.5).
//!
//! **Invariant:** no secret is ever in here, only its name ([`Piece::Secret`]); what a customer wrote is [`Piece::Text`] and
//! can never name one.

use crate::{ContactId, ConversationId, Instant, Record, RequestId, RunId, Value};
use serde::{Deserialize, Serialize};

/// What a run requests of the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id: what the answer is matched by, and what makes a second delivery recognisable to the other side.
    pub id: RequestId,
    /// Whose run it is.
    pub contact: ContactId,
    /// The conversation of the run.
    pub conversation: ConversationId,
    /// The run that rests on it.
    pub run: RunId,
    /// The block that armed it: `skill.block`.
    pub place: String,
    /// When it was armed.
    pub at: Instant,
    /// What is requested.
    pub what: CallKind,
}

/// The kinds of calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// An HTTP request (`json`).
    Http(HttpCall),
    /// A mail (`email`).
    Mail(MailCall),
    /// A text message (`sms`).
    Sms(SmsCall),
}

impl CallKind {
    /// What it sends to somebody; none if it sends nothing that anybody reads.
    pub fn medium(&self) -> Option<crate::Medium> {
        match self {
            Self::Http(_) => None,
            Self::Mail(_) => Some(crate::Medium::Mail),
            Self::Sms(_) => Some(crate::Medium::Sms),
        }
    }

    /// Whether doing it twice is the same as doing it once, so that it is simply repeated after a crash.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Http(call) => call.method == HttpMethod::Get,
            Self::Mail(_) | Self::Sms(_) => false,
        }
    }

    /// How often it may be tried, the first time included, when the other side cannot be reached or asks to come again.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Http(call) => call.retries.saturating_add(1),
            Self::Mail(_) => 5,
            Self::Sms(_) => 3,
        }
    }

    /// How long to wait before try number `next`, counted from 2, in microseconds.
    pub fn wait_before(&self, next: u32) -> i64 {
        let doubled = |first: i64, longest: i64| {
            first.saturating_mul(1_i64.checked_shl(next.saturating_sub(2).min(30)).unwrap_or(i64::MAX)).min(longest)
        };
        match self {
            Self::Http(call) => doubled(call.wait, 60_000_000),
            Self::Mail(_) => doubled(5_000_000, 300_000_000),
            Self::Sms(_) => doubled(2_000_000, 60_000_000),
        }
    }

    /// How long the run waits for an answer at the most, all tries included, in microseconds.
    pub fn patience(&self) -> i64 {
        let waits: i64 = (2..=self.attempts()).map(|next| self.wait_before(next)).sum();
        let tries = i64::from(self.attempts());
        match self {
            // A second for what lies between two tries.
            Self::Http(call) => (call.timeout + 1_000_000).saturating_mul(tries).saturating_add(waits),
            Self::Mail(_) | Self::Sms(_) => (60_000_000 * tries).saturating_add(waits),
        }
    }
}

/// The methods of an HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Creates, or does something.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl HttpMethod {
    /// As it goes over the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpCall {
    /// The method.
    pub method: HttpMethod,
    /// The address without what [`Self::query`] adds.
    pub url: String,
    /// Added to the address, encoded when it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, Sealed)>,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Sealed)>,
    /// The body, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<HttpBody>,
    /// How long one try may take, in microseconds.
    pub timeout: i64,
    /// How often it is tried again.
    #[serde(default)]
    pub retries: u32,
    /// The wait before the first new try, in microseconds; it doubles.
    #[serde(default)]
    pub wait: i64,
    /// The largest answer that is read, in bytes.
    pub max_size: u32,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpBody {
    /// What it is, if no header says otherwise: `application/json`, ….
    pub content_type: String,
    /// The bytes.
    pub content: Sealed,
}

/// A text in which secrets are named and not shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub Vec<Piece>);

/// A part of a [`Sealed`] text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// As it is.
    #[serde(rename = "t")]
    Text(String),
    /// The secret of this name, filled in by the egress guard alone.
    #[serde(rename = "s")]
    Secret {
        /// Its name under `secrets:`.
        name: String,
        /// Whether it stands inside a JSON text and is escaped so.
        #[serde(default)]
        json: bool,
    },
}

impl Sealed {
    /// A text without secrets.
    pub fn text(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// Adds a text at the end.
    pub fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            Some(Piece::Secret { .. }) | None => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    /// Adds a secret at the end.
    pub fn push_secret(&mut self, name: &str, json: bool) {
        self.0.push(Piece::Secret { name: name.to_owned(), json });
    }

    /// The secrets it names.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Secret { name, .. } => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// With `${secret.NAME}` in place of secrets: what people and traces are shown.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => shown.push_str(text),
                Piece::Secret { name, .. } => shown.push_str(&format!("${{secret.{name}}}")),
            }
        }
        shown
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailCall {
    /// To whom: addresses that were checked.
    pub to: Vec<String>,
    /// The subject: one line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Whether the text is Markdown, sent as HTML beside the text.
    #[serde(default)]
    pub markdown: bool,
    /// Where answers go, if not to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// A text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsCall {
    /// The number, with `+` and the country's code.
    pub to: String,
    /// The text.
    pub text: String,
}

/// How a call stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// To be made, not before this instant.
    Pending {
        /// Not before.
        not_before: Instant,
    },
    /// Given to the outside; found so at start-up nobody knows what became of it.
    UnderWay,
}

/// A call that is to leave or is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    /// The call.
    pub call: Call,
    /// How it stands.
    pub state: CallState,
    /// Tries so far.
    #[serde(default)]
    pub attempts: u32,
    /// Whether it may have arrived already: it was under way when the process ended.
    #[serde(default)]
    pub unknown: bool,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallAnswer {
    /// Which call.
    pub call: RequestId,
    /// What came.
    pub came: Came,
}

/// What came of a call, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// An HTTP answer, whatever its status.
    Http {
        /// The status.
        status: u16,
        /// The body, if it is UTF-8.
        body: Option<String>,
    },
    /// It did not work, and why: a sentence for the designer, without secrets.
    Failed {
        /// Why.
        reason: String,
        /// The status, if an answer came whose body could not be taken.
        status: Option<u16>,
    },
    /// Nothing came in time.
    TimedOut,
    /// The mail server or the provider took it.
    Sent {
        /// The provider's own id of it, if it has one.
        id: Option<String>,
    },
}

/// What a block made of an answer: how its run goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The outcome; none goes on with `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why, for `error`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What `event.…` gets.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub event: Record,
    /// What is stored, in order; a name without a value is unset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub save: Vec<(String, Option<Value>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(retries: u32, wait: i64) -> CallKind {
        CallKind::Http(HttpCall {
            method: HttpMethod::Get,
            url: "https://shop.example/".into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            timeout: 10_000_000,
            retries,
            wait,
            max_size: 1,
        })
    }

    #[test]
    fn patience_covers_every_try_and_every_wait() {
        assert_eq!(http(0, 0).patience(), 11_000_000);
        // Three tries of 11 s, and waits of 2 s and 4 s between them.
        assert_eq!(http(2, 2_000_000).patience(), 33_000_000 + 6_000_000);
        assert_eq!((2..=8).map(|n| http(9, 2_000_000).wait_before(n)).max(), Some(60_000_000), "a wait has an end");
    }

    #[test]
    fn a_text_that_looks_like_a_secret_names_none() {
        let mut sealed = Sealed::text("${secret.shop}");
        assert_eq!(sealed.secrets().count(), 0);
        sealed.push_secret("shop", false);
        assert_eq!((sealed.secrets().collect::<Vec<_>>(), sealed.shown()), (vec!["shop"], "${secret.shop}${secret.shop}".to_owned()));
    }
}
