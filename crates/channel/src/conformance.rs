//! What every channel must hold, as a kit: a hub to test against, a door to knock at, a test per promise.
//!
//! - [`TestHub`] is a [`Hub`](crate::Hub) in memory that records what it was asked and fails when told to;
//! - [`Door`] calls a channel's routes the way `api` mounts them;
//! - [`Subject`] is what a channel's test implements, and [`conformance!`](crate::conformance!) makes one test per
//!   promise of [`promises`] from it:
//!
//! ```ignore
//! struct Pigeons { … }
//! impl channel::conformance::Subject for Pigeons { … }
//! channel::conformance! { Pigeons }
//! ```

mod door;
mod hub;
pub mod promises;

pub use door::{Answer, Door};
pub use hub::TestHub;

use crate::Channel;
use bytes::Bytes;
use model::Address;
use std::{future::Future, sync::Arc};

/// One delivery, as the provider makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The customer, by a name of the test's. The same name is the same person.
    pub from: String,
    /// The delivery's number; the same number and name is the same delivery made again.
    pub id: u64,
    /// What is delivered.
    pub what: What,
}

/// What a delivery holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A text.
    Text(String),
    /// Something the provider knows and the channel does not: a poll, a dice, ….
    Unknown,
}

/// What the provider was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ack {
    /// Yes: the provider forgets the delivery.
    Acknowledged,
    /// No: the provider keeps it and delivers it again.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Whether `Retry-After` was given.
        retry_after: bool,
    },
    /// This provider has no such kind of delivery.
    NoSuchKind,
}

impl Ack {
    /// What an HTTP answer tells a provider.
    pub fn of(answer: &Answer) -> Self {
        if answer.status.is_success() {
            return Self::Acknowledged;
        }
        Self::Refused { status: answer.status.as_u16(), retry_after: answer.header("retry-after").is_some() }
    }
}

/// How a provider takes a message that is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// It takes it.
    Fair,
    /// It asks to wait two seconds.
    RateLimited,
    /// It answers that it failed (a 5xx): it did not take the message.
    Failing,
    /// It says that this message is wrong.
    Refusing,
    /// It says that the customer is gone for good.
    Gone,
    /// It cannot be connected to.
    Down,
    /// It reads the message and goes away without an answer.
    Dropping,
}

/// A channel under test together with its (faked) provider.
pub trait Subject: Send + Sync + Sized + 'static {
    /// The channel's name in `bot.yaml`; the hub's as well.
    const CHANNEL: &'static str;

    /// A fresh channel on this hub.
    fn start(hub: Arc<TestHub>) -> impl Future<Output = Self> + Send;

    /// The channel.
    fn channel(&self) -> Arc<dyn Channel>;

    /// Makes a delivery as the provider does, properly signed, and tells how it was answered.
    fn deliver(&self, delivery: Delivery) -> impl Future<Output = Ack> + Send;

    /// Delivers these bytes, properly signed where a signature covers any bytes.
    fn deliver_raw(&self, body: Bytes) -> impl Future<Output = Ack> + Send;

    /// Sets how the provider takes the next message and answers to whom it is to be sent; `None` if this cannot
    /// happen with this provider.
    fn weather(&self, weather: Weather) -> impl Future<Output = Option<Address>> + Send;
}

/// Makes one test per promise of [`promises`](crate::conformance::promises) for a
/// [`Subject`](crate::conformance::Subject). The crate that uses it needs tokio with `macros` and `rt`.
#[macro_export]
macro_rules! conformance {
    ($subject:ty) => {
        $crate::conformance! { @each $subject:
            acknowledges_only_what_is_accepted
            keeps_what_is_not_accepted_with_the_provider
            takes_a_delivery_once_however_often_it_comes
            tells_people_and_deliveries_apart
            keeps_the_order
            passes_unknown_kinds_on
            answers_hostile_bodies
            says_honestly_what_came_of_a_message
            sends_files_that_are_elsewhere
            is_consistent
        }
    };
    (@each $subject:ty: $($promise:ident)*) => {
        mod conformance {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test]
                async fn $promise() {
                    $crate::conformance::promises::$promise::<$subject>().await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests;
