//! Starting something for others: what a `trigger` block asks, and how its run goes on (FL 4, 5.2).

use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use model::{Actor, ConversationId, Record, RequestId};

/// An event is to be raised for other contacts.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerRequest {
    /// The request's id.
    pub request: RequestId,
    /// Where the run that asks is.
    pub conversation: ConversationId,
    /// The event.
    pub event: String,
    /// Its fields.
    pub fields: Record,
    /// For whom.
    pub to: TriggerTo,
    /// How many contacts a second; none is the runtime's own pace.
    pub per_second: Option<u32>,
    /// Who asks.
    pub by: Actor,
}

/// For whom a trigger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerTo {
    /// One contact: an id, `channel:address`, an e-mail address or a phone number.
    One(String),
    /// Everybody for whom this condition holds, as canonical text.
    Where(String),
}

/// What came of a [`TriggerRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerAnswer {
    /// It is under way.
    Begun {
        /// Which.
        request: RequestId,
    },
    /// There is no such contact.
    NotFound {
        /// Which.
        request: RequestId,
    },
}

impl TriggerAnswer {
    /// Which request it answers.
    pub fn request(self) -> RequestId {
        match self {
            Self::Begun { request } | Self::NotFound { request } => request,
        }
    }
}

impl Stepper<'_> {
    /// The run goes on with what came of its request.
    pub(crate) fn trigger_answer(&mut self, answer: TriggerAnswer) -> Result<(), Fault> {
        for run in self.resting_on(answer.request()) {
            self.wake(run, |_| {
                Ok(Some(match answer {
                    TriggerAnswer::Begun { .. } => Flow::Next,
                    TriggerAnswer::NotFound { .. } => Flow::Outcome("not_found", String::new()),
                }))
            })?;
        }
        Ok(())
    }
}
