//! Whether the contact wants messages (FL 7.9): their stage and what is on record say the same, whoever says it.
//!
//! An answer about [`MESSAGES`] changes the stage, whether it is a word of the customer's, an answer to a form, or what an agent or a
//! program notes, and whether it is for one channel or for all. Who is made active, again or once more, has answered anew what they
//! refused. So everything that asks for the stage alone keeps to what they said.
//!
//! **Invariant.** Who is neither unsubscribed nor blocked refuses messages on single channels at most, and agreed on another one:
//! [`Stepper::opted_out`] holds there.

use super::blocked::BLOCKED;
use super::stepper::Stepper;
use crate::bot::names::STATUSES;
use model::{Change, Contact, MESSAGES};

/// The stage of somebody who wants no messages (FL 7.9).
pub(super) const UNSUBSCRIBED: &str = "unsubscribed";
const ACTIVE: &str = "active";

/// Whether a status would hide that the contact refused messages: one of the bot's own says nothing about that and ends no opt-out.
pub fn hides_refusal(contact: &Contact, status: &str) -> bool {
    contact.status == UNSUBSCRIBED && contact.refused_messages_last() && !STATUSES.contains(&status)
}

impl Stepper<'_> {
    /// Whether only direct answers are sent in this conversation: the contact opted out of all, or of its channel.
    pub(crate) fn opted_out(&self) -> bool {
        self.contact.status == UNSUBSCRIBED || self.contact.refuses_messages_on(&self.conversation.address.channel)
    }

    /// What takes the place of a change of the stage that a refusal stands against: who refused last and is unblocked is unsubscribed.
    pub(super) fn stage_instead(&self, change: &Change) -> Option<Change> {
        let Change::SetStatus(to) = change else { return None };
        let unblocks = self.is_blocked() && !matches!(to.as_str(), UNSUBSCRIBED | BLOCKED) && self.contact.refused_messages_last();
        (unblocks || hides_refusal(&self.contact, to)).then(|| Change::SetStatus(UNSUBSCRIBED.into()))
    }

    /// The refusal that a block would hide: who is unsubscribed without having said so last, by an import or a program, refuses when they
    /// are blocked, so that it holds when they are unblocked.
    pub(super) fn refusal_to_keep(&self, change: &Change) -> Option<Change> {
        let blocks = matches!(change, Change::SetStatus(to) if to == BLOCKED);
        let hides = blocks && self.contact.status == UNSUBSCRIBED && !self.contact.refused_messages_last();
        hides.then(|| answer(None, false, "unsubscribed when blocked"))
    }

    /// What somebody agrees to who is made active: all that they refused, also if they are active on other channels already. Unblocking
    /// them is no word of theirs.
    pub(super) fn agreements_to_keep(&self, change: &Change) -> Vec<Change> {
        if !matches!(change, Change::SetStatus(to) if to == ACTIVE) || self.is_blocked() {
            return Vec::new();
        }
        let refused = self.contact.refusals_of_messages().map(|(key, _)| model::Consent::parts(key).1);
        refused.map(|channel| answer(channel, true, "made active again")).collect()
    }

    /// The stage that follows from an answer.
    pub(super) fn stage_of(&self, change: &Change) -> Option<Change> {
        let Change::Consent { topic, given, .. } = change else { return None };
        let to = match (given, self.contact.status.as_str()) {
            _ if topic != MESSAGES => return None,
            // Behind a block what is on record alone says it.
            (_, BLOCKED) | (false, UNSUBSCRIBED) => return None,
            (false, _) => UNSUBSCRIBED,
            (true, UNSUBSCRIBED) => ACTIVE,
            (true, _) => return None,
        };
        Some(Change::SetStatus(to.into()))
    }
}

fn answer(channel: Option<&str>, given: bool, proof: &str) -> Change {
    Change::Consent { topic: MESSAGES.into(), channel: channel.map(str::to_owned), given, proof: proof.into() }
}
