//! Whoever is blocked: what they write is kept and not answered, and nothing happens to them by itself.
//!
//! Their runs and timers stay as they are and go on when they are unblocked: the runtime asks for nothing that is due meanwhile, and a
//! timer ticks at most once afterwards. What a flow says of itself after it blocked somebody is `unsendable` (FL 5.6).

use super::stepper::Stepper;
use model::{Actor, Incoming, IncomingBody, JourneyKind, Owner};

/// The stage of somebody who is blocked (FL 7.4).
pub const BLOCKED: &str = "blocked";

impl Stepper<'_> {
    /// Whether the contact is blocked.
    pub(crate) fn is_blocked(&self) -> bool {
        self.contact.status == BLOCKED
    }

    /// What somebody who is blocked does has been kept, and that is all; answers whether it was handled so. That they want no messages is
    /// noted, so that it holds when they are unblocked. While an agent has the conversation, it is the agent's.
    pub(crate) fn only_kept(&mut self, incoming: &Incoming) -> bool {
        if !self.is_blocked() {
            return false;
        }
        match &incoming.body {
            IncomingBody::Message(content) => {
                let text = content.text.trim();
                if self.bot.words.opts_out(&super::spoken(text)) {
                    self.consent_to_messages(false, text);
                }
                self.rule("blocked", "kept and not answered: the contact is blocked");
                true
            }
            IncomingBody::Press { .. } | IncomingBody::Opened { .. } => {
                self.rule("blocked", "nothing comes of it: the contact is blocked");
                true
            }
            // What happens on the website is recorded; it starts nothing.
            IncomingBody::Event { .. } | IncomingBody::Unreachable { .. } | IncomingBody::Reachable => false,
        }
    }

    /// They were blocked: the question that is asked has time again when they are unblocked. If they waited for a human, the request
    /// leaves the desk, and what waited for it ends.
    pub(crate) fn now_blocked(&mut self, by: &Actor) {
        self.suspend_floor();
        if self.conversation.owner != Owner::Queue {
            return;
        }
        let Some(request) = self.conversation.request.take().map(|request| request.id) else { return };
        for run in self.resting_on(request) {
            self.end_resting(run, "blocked");
        }
        self.journey(by.clone(), JourneyKind::Desk("they wait no more: the contact is blocked".into()));
        self.release();
    }

    /// A skill would begin for somebody who is blocked: answers whether it does not, which is journeyed.
    pub(crate) fn starts_nothing(&mut self, skill: &str) -> bool {
        let blocked = self.is_blocked();
        // The errors of what ran when they were blocked are noted already.
        if blocked && skill != "/_error" {
            self.journey(
                Actor::System,
                JourneyKind::RunEnded { skill: skill.to_owned(), how: "not started: the contact is blocked".into() },
            );
        }
        blocked
    }
}
