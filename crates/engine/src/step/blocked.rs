//! Whoever is blocked: what they write is kept and not answered, and nothing happens to them by itself.
//!
//! Their runs and timers stay as they are and go on when they are unblocked: the runtime asks for nothing that is due meanwhile, and a
//! timer ticks at most once afterwards. What a flow says of itself after it blocked somebody is `unsendable` (FL 5.6).
//!
//! **Invariant.** Every conversation of somebody who is blocked [`stands_still`], however they came to be blocked: by a step of this
//! conversation, of another one, or by a merge. The runtime lets one that does not have a step, and that step sees to it.

use super::stepper::Stepper;
use model::{Actor, Conversation, Incoming, IncomingBody, JourneyKind, Owner, Rest};

/// The stage of somebody who is blocked (FL 7.4).
pub const BLOCKED: &str = "blocked";

/// Whether nothing runs out in a conversation while its contact is blocked: the question that is asked has no time of its own, and
/// nobody waits for a human.
pub fn stands_still(conversation: &Conversation) -> bool {
    let runs_out = conversation.floor_run().is_some_and(|run| matches!(&run.rest, Rest::Asking(ask) if !ask.suspended));
    let waits = conversation.owner == Owner::Queue && conversation.request.is_some();
    !runs_out && !waits
}

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

    /// Looks, when a step is over, whether they are blocked, since it or since before it, by whatever means: the question that is asked
    /// stands still and has time again when they are unblocked. If they waited for a human, the request leaves the desk, and what waited
    /// for it ends.
    pub(crate) fn look_at_block(&mut self) {
        if !self.is_blocked() {
            return;
        }
        self.suspend_floor();
        if self.conversation.owner != Owner::Queue {
            return;
        }
        let Some(request) = self.conversation.end_request(self.turn.now, None).map(|request| request.id) else { return };
        for run in self.resting_on(request) {
            self.end_resting(run, "blocked");
        }
        let by = self.who_blocked();
        self.journey(by, JourneyKind::Desk("they wait no more: the contact is blocked".into()));
        self.release();
    }

    /// Who blocked them in this step: an import tells it in a line of its own.
    fn who_blocked(&self) -> Actor {
        let blocks = |what: &JourneyKind| match what {
            JourneyKind::Status { to, .. } => to == BLOCKED,
            JourneyKind::Imported { .. } | JourneyKind::ImportUndone { .. } => true,
            _ => false,
        };
        self.out.journey.iter().rev().find(|line| blocks(&line.what)).map_or(Actor::System, |line| line.by.clone())
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
