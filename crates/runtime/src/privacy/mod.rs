//! Erasures, from the request to the certificate that nothing is left.
//!
//! ```text
//! asked ──▶ erased, in one commit ──▶ rows that name them go ──▶ files only they had go ──▶ the store is compacted ──▶ done
//!           (core::erase)             (sweep, here)              (blobs, here)              (Store::compact)
//! ```
//!
//! Each arrow is durable before the next begins, so that an erasure is picked up where a crash left it. Erasures that come
//! together are compacted together. What others write from memory meanwhile and afterwards brings nobody back ([`veil`]).

mod certificates;
mod everybody;
pub(crate) mod files;
pub(crate) mod gather;
mod others;
mod veil;
mod work;

pub use certificates::Certificates;
pub use crm::erase::{Counts, Erasure, Lingering, Preview, Progress};
pub(crate) use files::{Attached, files_in, is_kept, put_down_at};
pub use files::{UPLOADS_KEPT, UPLOADS_OF_AGENTS};
pub use gather::files_of;
pub(crate) use veil::{Hold, Veils};
pub(crate) use work::{Promises, record};

/// The table of erasures, by id: the certificates.
pub(crate) const TABLE: &str = "erasures";
