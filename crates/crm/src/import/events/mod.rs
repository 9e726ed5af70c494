//! A file of events, read: whose each is, what happened, when, and what is known of it.

mod column;
mod plan;
mod reading;
#[cfg(test)]
mod tests;

pub use column::EventField;
pub(super) use column::meant;
pub use plan::EventPlan;
pub use reading::Occurrence;
