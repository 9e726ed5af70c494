//! What every request handler shares.

use crate::{ApiOptions, files::KnownFiles, limiter::Limiter, password::Checker};
use runtime::Handle;
use std::sync::{Arc, atomic::AtomicBool};
use tokio::sync::watch;

/// Shared by all handlers, cheap to clone.
pub(crate) type Shared = Arc<State>;

/// What every request handler shares.
pub(crate) struct State {
    pub(crate) handle: Handle,
    pub(crate) options: ApiOptions,
    pub(crate) limiter: Limiter,
    pub(crate) passwords: Checker,
    pub(crate) files: KnownFiles,
    pub(crate) flows: crate::flows::Flows,
    pub(crate) looked: crate::stream::Looked,
    /// How often each key asked in this minute.
    pub(crate) rates: crate::v1::Rates,
    /// Which request each idempotency key stood for lately.
    pub(crate) once: crate::v1::Once,
    /// Set once the runtime was seen ready; from then on each route tells for itself.
    pub(crate) ready: AtomicBool,
    /// Told when the server stops: streams end.
    pub(crate) stop: watch::Receiver<bool>,
}
