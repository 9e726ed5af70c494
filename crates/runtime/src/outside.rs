//! The outside: what carries out the calls of flows (`json`, `email`, `sms`) and tells what came of them.
//!
//! The core decides when a call leaves and whether it is tried again; an [`Outside`] makes one try.

use futures::future::BoxFuture;
use model::{CallRow, Came};

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

/// What makes calls. The row says how often it was tried and whether it may have arrived already.
pub trait Outside: Send + Sync {
    /// Makes one try. What takes too long is given up by the caller.
    fn call<'a>(&'a self, row: &'a CallRow) -> BoxFuture<'a, Tried>;
}
