//! Requests to the outside: a run arms a call, rests, and goes on with what came of it (FL 5.2, 5.4 rule 7, 5.5).
//!
//! The answer is matched by the call's id: what comes late or twice finds nobody, is journeyed and dropped. While a human has
//! the conversation the reply is kept with the run and due on return.

use super::moving::Moving;
use super::opt_out::UNSUBSCRIBED;
use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use model::{
    Actor, Call, CallAnswer, CallKind, Calling, Came, Cause, Delivery, Instant, JourneyKind, Medium, Owner, Record, Reply, RequestId, Rest,
    RunId, Value,
};

impl Moving<'_, '_> {
    /// Arms a call; answers how the run rests.
    pub(crate) fn request(&mut self, what: CallKind) -> Flow {
        let (id, now) = (self.step.ids.next(), self.step.turn.now);
        let until = now.plus_micros(what.patience());
        let contact = self.step.contact.id;
        let call = Call { id, contact, conversation: self.step.conversation.id, run: self.run.id, place: self.place(), at: now, what };
        self.step.out.calls.push(call);
        Flow::Rest(Rest::Calling(Calling { call: id, until, direct: self.step.direct, reply: None }))
    }

    /// Whether something may be sent to the contact beside the conversation, by what an answer about messages calls its channel.
    ///
    /// # Errors
    /// [`Fault::Failed`] if they opted out and did not just ask for it (FL 7.9), or are blocked.
    pub(crate) fn may_write_to_contact(&self, by: &str) -> Result<(), Fault> {
        if self.step.is_blocked() {
            return Err(Fault::Failed("the contact is blocked".into()));
        }
        let contact = &self.step.contact;
        if (contact.status == UNSUBSCRIBED || contact.refuses_messages_on(by)) && !self.step.direct {
            return Err(Fault::Failed("the contact opted out".into()));
        }
        Ok(())
    }

    /// Lets the block make something of what came.
    fn make_reply(&mut self, came: &Came) -> Result<Reply, Fault> {
        let skill = self.skill.clone();
        match skill.blocks[self.at].body.replied(self, came) {
            Err(Fault::Failed(reason)) => Ok(Reply { outcome: Some("error".into()), reason, ..Reply::default() }),
            made => made,
        }
    }

    /// Goes on with a reply.
    fn take_reply(&mut self, reply: Reply) -> Result<Flow, Fault> {
        let Reply { outcome, reason, event, save } = reply;
        self.run.event.extend(event);
        for (name, value) in save {
            self.store(&name, value)?;
        }
        let Some(outcome) = outcome else { return Ok(Flow::Next) };
        // Outcomes are the block's own words.
        let known = self.block().outcomes.iter().find(|o| o.name == outcome).map(|o| o.name);
        // Where the designer wrote an exit, the reason is for the operator all the same.
        if self.block().exits.contains_key(&*outcome) && !reason.is_empty() {
            self.journey(JourneyKind::Error(reason.clone()));
        }
        Ok(Flow::Outcome(known.unwrap_or("error"), reason))
    }
}

impl Stepper<'_> {
    /// What came of a call.
    pub(crate) fn answered(&mut self, answer: &CallAnswer) -> Result<(), Fault> {
        match self.calling(answer.call) {
            Some((run, true)) => self.reply(run, &answer.came),
            Some((_, false)) | None => {
                let line = format!("an answer to {} came when nothing waited for it any more; it was dropped", answer.call);
                self.journey(Actor::System, JourneyKind::Error(line));
                Ok(())
            }
        }
    }

    /// A provider reports what became of something that was sent: journeyed, and for a designer who wants to know of failures
    /// `/_undelivered` begins. It never moves a run (FL 5.6).
    pub(crate) fn reported(&mut self, call: RequestId, place: &str, failure: Option<&str>, read: bool) -> Result<(), Fault> {
        let delivery = match failure {
            Some(reason) => Delivery::Failed(reason.to_owned()),
            None if read => Delivery::Read,
            None => Delivery::Delivered,
        };
        self.journey(Actor::System, JourneyKind::Told { call, medium: Medium::Sms, delivery });
        if let Some(entry) = self.out.journey.last_mut() {
            entry.block = Some(place.to_owned());
        }
        let Some(reason) = failure else { return Ok(()) };
        if self.bot.skill("/_undelivered").is_some() {
            let event = Record::from([
                ("message".to_owned(), Value::text(call.to_string())),
                ("block".to_owned(), Value::text(place)),
                ("reason".to_owned(), Value::text(reason)),
            ]);
            self.start_named("/_undelivered", event, Cause::Other)?;
        }
        Ok(())
    }

    /// The run that rests on a call, and whether it has no reply yet.
    fn calling(&self, call: RequestId) -> Option<(RunId, bool)> {
        self.conversation.runs.iter().find_map(|run| match &run.rest {
            Rest::Calling(calling) if calling.call == call => Some((run.id, calling.reply.is_none())),
            Rest::Calling(_) | Rest::Asking(_) | Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::HandedOver { .. } => None,
        })
    }

    /// Makes a reply of what came; the run goes on with it, or keeps it while a human has the conversation (FL 5.5) or another run
    /// the floor (FL 5.3b).
    fn reply(&mut self, id: RunId, came: &Came) -> Result<(), Fault> {
        self.answers_customer(id);
        if self.conversation.owner == Owner::Bot && !self.is_blocked() && !self.hold_for_floor(id) {
            return self.go_on_with(id, |moving| moving.make_reply(came));
        }
        let held_since = self.conversation.run(id).and_then(|run| run.held_since);
        self.wake(id, |moving| {
            let reply = moving.make_reply(came)?;
            if let Rest::Calling(calling) = &mut moving.run.rest {
                calling.reply = Some(Box::new(reply));
            }
            moving.run.held_since = held_since;
            Ok(None)
        })
    }

    /// A request is due: its reply was kept, or its time is over.
    pub(crate) fn request_is_due(&mut self, id: RunId) -> Result<(), Fault> {
        self.answers_customer(id);
        if self.hold_for_floor(id) {
            return Ok(());
        }
        self.go_on_with(id, |moving| match &mut moving.run.rest {
            Rest::Calling(calling) => match calling.reply.take() {
                Some(reply) => Ok(*reply),
                None => moving.make_reply(&Came::TimedOut),
            },
            Rest::Asking(_) | Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::HandedOver { .. } => Ok(Reply::default()),
        })
    }

    /// What the customer asked for is answered, even if they opted out of everything else (FL 7.9).
    fn answers_customer(&mut self, id: RunId) {
        let direct = self.conversation.run(id).is_some_and(|run| matches!(&run.rest, Rest::Calling(calling) if calling.direct));
        self.direct |= direct;
    }

    fn go_on_with(&mut self, id: RunId, reply: impl FnOnce(&mut Moving<'_, '_>) -> Result<Reply, Fault>) -> Result<(), Fault> {
        self.conversation.floor.retain(|r| *r != id);
        self.wake(id, |moving| {
            let reply = reply(moving)?;
            moving.take_reply(reply).map(Some)
        })
    }

    /// The step that took an answer broke: its run ends, so that nobody waits for it.
    pub(crate) fn abandon_call(&mut self, call: RequestId) {
        if let Some((run, _)) = self.calling(call) {
            self.end_resting(run, "broken");
        }
    }

    /// Whether the run with the floor requests (FL 5.4 rule 7).
    pub(crate) fn floor_requests(&self) -> bool {
        self.conversation.floor_run().is_some_and(|run| matches!(run.rest, Rest::Calling(_)))
    }
}

/// When a request is due: at once if its reply was kept, else when its time is over.
pub(super) fn due_at(calling: &Calling, moved_at: Instant) -> Instant {
    if calling.reply.is_some() { moved_at } else { calling.until }
}
