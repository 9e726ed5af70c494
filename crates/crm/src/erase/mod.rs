//! Erasing a person: what names them, what goes, what must stay, and the certificate that it was done.
//!
//! What must stay is one thing: that they do not want to be written to. It is kept without them, as salted hashes of what they
//! were reached by ([`Suppression`]), so that an import or a message later meets it. Everything else goes: their document and
//! past by one commit, rows that name them by a sweep ([`Sweep`]), bytes on disk by a compaction.

mod certificate;
mod marks;
mod suppression;
mod sweep;

pub use certificate::{Counts, Erasure, Lingering, Preview, Progress};
pub use marks::Marks;
pub use suppression::{Salt, Suppression, UNSUBSCRIBED, hashes_of};
pub use sweep::{Sweep, Swept};
