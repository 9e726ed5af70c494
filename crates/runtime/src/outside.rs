//! The outside: what carries out the calls of flows (`json`, `email`, `sms`) and tells what came of them.
//!
//! The core decides when a call leaves and whether it is tried again; an [`Outside`] makes one try.

use futures::{FutureExt as _, future::BoxFuture};
use model::{CallRow, Came, Instant};

/// What came of one try.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What came.
    pub came: Came,
    /// Whether another try may go better: the other side was out of reach, busy or broken.
    pub again: bool,
    /// How long the other side asks to be left alone first, in microseconds.
    pub after: Option<i64>,
}

impl Tried {
    /// An answer that another try would not change.
    pub fn done(came: Came) -> Self {
        Self { came, again: false, after: None }
    }

    /// A failure that another try would not change.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::done(Came::Failed { reason: reason.into(), status: None })
    }
}

/// A delivery to a webhook: one try of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// Where.
    pub url: String,
    /// The delivery's id, the same in every try.
    pub id: String,
    /// When: what the signature says.
    pub at: Instant,
    /// What it says, as JSON.
    pub body: String,
    /// What signs it, `whsec_…` each: two while a secret is being changed.
    pub secrets: Vec<String>,
}

/// Secrets are not shown.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Post({} to {})", self.id, self.url)
    }
}

/// What came of one try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The other side answered.
    Answered {
        /// With this status.
        status: u16,
        /// How long it asks to be left alone, in microseconds.
        after: Option<i64>,
    },
    /// It did not.
    Failed {
        /// Why.
        reason: String,
    },
}

/// What makes calls. The row says how often it was tried and whether it may have arrived already.
pub trait Outside: Send + Sync {
    /// Makes one try. What takes too long is given up by the caller.
    fn call<'a>(&'a self, row: &'a CallRow) -> BoxFuture<'a, Tried>;

    /// Makes one try of a delivery to a webhook.
    fn post<'a>(&'a self, _post: &'a Post) -> BoxFuture<'a, Posted> {
        async { Posted::Failed { reason: "this server posts nothing".into() } }.boxed()
    }

    /// Whether deliveries may be posted to an address.
    ///
    /// # Errors
    /// Why not.
    fn may_post(&self, _url: &str) -> Result<(), String> {
        Ok(())
    }
}
