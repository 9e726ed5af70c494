//! What follows a commit's answer and a channel's answer: tickets, notices, due times, lanes, pieces to send.

use super::{
    Action, Core, Refusal, SendToken, Sending,
    agenda::Wake,
    line::{Chosen, Flight, Line, Wants},
    outbox::{self, Came, SendResult},
};
use crate::{DeskEvent, invariants};
use channel::{Notice, Outbound, SendError, Sent};
use engine::Programs as _;
use model::{AgentId, ContactId, Conversation, ConversationId, Instant, MessageId, OutboxState, Owner, Person, RequestState};
use store::{Error, Seq};

/// How long a line waits when the store is busy.
const BUSY_FOR: i64 = 50_000;
/// Conflicts in a row after which something is wrong with the lines themselves.
const CONFLICTS: u8 = 5;
/// Due steps in a row that leave the conversation due, after which it is left alone.
const DUE_ROUNDS: u8 = 16;
/// People in line who are told their new place at once.
const PLACES: usize = 100;

impl Core {
    pub(super) fn landed(&mut self, now: Instant, contact: ContactId, answer: Result<Seq, Error>) {
        let Some(flight) = self.lines.get_mut(&contact).and_then(|line| line.flight.take()) else { return };
        if flight.erases {
            return self.erasure_landed(now, contact, flight, answer);
        }
        if let Some(forgetting) = flight.forgetting {
            return self.forgetting_landed(now, contact, (flight, forgetting), answer);
        }
        if answer.is_err() && self.usage.release(&flight.version) {
            self.retire_unused([flight.version.clone()]);
        }
        if answer.is_err() {
            for (_, place) in &flight.calls {
                self.call_place_free(now, place);
            }
        }
        let Some(line) = self.lines.get_mut(&contact) else { return };
        match answer {
            Ok(_) => {
                line.conflicts = 0;
                self.succeeded(now, contact, flight);
            }
            Err(Error::Busy) => {
                line.pausing = true;
                self.agenda.set(Wake::Line(contact), Some(now.plus_micros(BUSY_FOR)));
                self.give_back(now, flight.slots);
            }
            Err(Error::Conflict { .. }) => {
                line.conflicts += 1;
                if line.conflicts > CONFLICTS {
                    return self.fail(&format!("somebody else keeps changing {contact}: two processes on one data folder?"));
                }
                self.give_back(now, flight.slots);
                self.advance(now, contact);
            }
            Err(Error::Invalid(why)) => match flight.chosen {
                Some(_) if line.conflicts >= CONFLICTS => self.fail(&format!("the store keeps refusing {contact}: {why}")),
                Some(chosen) => {
                    line.conflicts += 1;
                    line.refused = Some((chosen, format!("the store refused what came of it: {why}")));
                    self.give_back(now, flight.slots);
                    self.advance(now, contact);
                }
                None => self.fail(&format!("the store refused bookkeeping of {contact}: {why}")),
            },
            Err(error @ (Error::Failed(_) | Error::Corrupt(_) | Error::InUse(_) | Error::NoCopy(_))) => self.fail(&error.to_string()),
        }
    }

    fn succeeded(&mut self, now: Instant, contact: ContactId, flight: Flight) {
        let person = match self.store.person(contact) {
            Ok(Some(person)) => person,
            Ok(None) => return self.fail(&format!("{contact} is gone after a commit")),
            Err(error) => return self.fail(&error.to_string()),
        };
        let mut left = self.usage.update(flight.before.as_deref(), &person);
        if self.usage.release(&flight.version) {
            left.push(flight.version.clone());
        }
        self.retire_unused(left);
        let Some(mut line) = self.lines.remove(&contact) else { return };
        self.tell_arrivals(&mut line, &flight);
        if let (Some(Chosen::Row(no)), Some(outcome)) = (flight.chosen, &flight.outcome) {
            for ticket in line.tickets.remove(&no).unwrap_or_default() {
                self.done(ticket, outcome.clone());
            }
        }
        let unused = |result: SendResult| result.kept.filter(|_| !flight.marked.contains(&result.message));
        let unused: Vec<String> = line.results.drain(..flight.results).filter_map(unused).collect();
        match flight.chosen {
            Some(Chosen::Due(conversation)) => {
                line.due.remove(&conversation);
            }
            Some(Chosen::Answer(_)) => {
                line.answers.pop_front();
            }
            Some(Chosen::Arrival | Chosen::Row(_) | Chosen::Membership) | None => {}
        }
        // Every step follows time first.
        line.membership &= flight.flips.is_none();
        self.lines.insert(contact, line);
        self.give_back(now, unused);
        let before = flight.before.as_deref().map(|person| &person.contact);
        self.segments_landed(now, &person.contact, before, flight.contact, &flight.events, flight.flips);
        if flight.withdraws {
            self.segments_recount(contact);
        }
        if flight.contact {
            self.directory_landed(before, &person.contact);
            self.recognise(now, before, &person.contact);
        }
        self.actions.extend(flight.alerts.into_iter().map(Action::Alert));
        if !flight.trace.is_empty() {
            self.actions.push(Action::Trace(contact, flight.trace));
        }
        if let Err(violation) = invariants::check_person(&person) {
            let text = format!("{violation} ({contact})");
            if cfg!(debug_assertions) {
                return self.fail(&text);
            }
            self.actions.push(Action::Alert(text));
        }
        if flight.before.is_none() {
            self.creating.retain(|_, id| *id != contact);
        }
        let due_in = match flight.chosen {
            Some(Chosen::Due(conversation)) => Some(conversation),
            Some(Chosen::Arrival | Chosen::Row(_) | Chosen::Answer(_) | Chosen::Membership) | None => None,
        };
        for conversation in &person.conversations {
            let before = flight.before.as_deref().and_then(|p| p.conversation(conversation.id));
            if before != Some(conversation) && due_in != Some(conversation.id) {
                self.stuck.remove(&conversation.id);
            }
            self.reckon_due(now, contact, Some(&person), conversation.id, due_in == Some(conversation.id));
        }
        for audience in flight.audiences {
            self.begin_audience(audience);
        }
        self.tell(flight.before.as_deref(), &person);
        self.send_marked(now, &person, &flight.marked);
        self.make_calls(now, &person, flight.calls);
        self.reckon_calls(contact, flight.before.as_deref(), Some(&person));
        self.reckon_lanes(contact, Some(&person));
        self.advance(now, contact);
    }

    /// Answers whoever waits for what is durable now.
    fn tell_arrivals(&mut self, line: &mut Line, flight: &Flight) {
        for (at, arrival) in line.arrivals.drain(..flight.arrivals).enumerate() {
            let row = flight.rows.get(&at);
            for (ticket, wants) in arrival.tickets {
                match (wants.accepted(), row, &flight.outcome) {
                    (Some(accepted), _, _) => self.actions.push(Action::Accepted(ticket, Ok(accepted))),
                    (None, Some(no), _) => {
                        self.actions.push(Action::Kept(ticket));
                        line.tickets.entry(*no).or_default().push(ticket);
                    }
                    (None, None, Some(outcome)) => self.done(ticket, outcome.clone()),
                    (None, None, None) => self.done(ticket, Err(Refusal::Parked)),
                }
                debug_assert!(wants != Wants::Done || row.is_some() || flight.outcome.is_some());
            }
        }
        self.arrivals = self.arrivals.saturating_sub(flight.arrivals);
    }

    /// Puts the conversation's next due time on the agenda. After a step for what was due, one that leaves the conversation
    /// due is counted, so that it does not spin.
    pub(super) fn reckon_due(&mut self, now: Instant, contact: ContactId, person: Option<&Person>, id: ConversationId, was_due: bool) {
        // Nothing is due for somebody who is blocked but that everything stands still, in every conversation and however they came to be
        // blocked; when they no longer are, what came due meanwhile is.
        let blocked = person.is_some_and(|p| p.contact.status == engine::BLOCKED);
        let mut at = person.and_then(|p| p.conversation(id)).and_then(|c| match blocked {
            true => (!engine::stands_still(c)).then_some(now),
            false => self.decide.next_due(c, self.programs.current().limits()),
        });
        if was_due {
            if at.is_some_and(|at| at <= now) {
                let rounds = self.stuck.entry(id).or_default();
                *rounds = rounds.saturating_add(1);
                if *rounds == DUE_ROUNDS {
                    self.actions
                        .push(Action::Alert(format!("{id} stays due after {DUE_ROUNDS} steps and is left alone until something changes")));
                }
            } else {
                self.stuck.remove(&id);
            }
        }
        if self.stuck.get(&id).is_some_and(|rounds| *rounds >= DUE_ROUNDS) {
            at = None;
        }
        let waits = self.lines.get(&contact).is_some_and(|line| line.due.contains_key(&id));
        self.agenda.set(Wake::Due(contact, id), at.filter(|_| !waits));
    }

    /// Puts the heads of the person's lanes on the agenda, or in line for a slot of their channel.
    pub(super) fn reckon_lanes(&mut self, contact: ContactId, person: Option<&Person>) {
        let Some(person) = person else { return };
        for head in outbox::heads(person.outbox.iter()) {
            let OutboxState::Pending { not_before } = head.state else { continue };
            let expires = outbox::expires(head);
            let at = match self.outlets.get_mut(&head.address.channel) {
                None => expires,
                Some(outlet) => {
                    let at = outlet.closed_until.map_or(not_before, |until| until.max(not_before));
                    if outlet.taken >= outbox::SLOTS && outlet.queued.insert(contact) {
                        outlet.waiting.push_back(contact);
                    }
                    // Without a slot its turn comes from the line above; the agenda only watches its age.
                    if outlet.taken >= outbox::SLOTS { expires } else { at.min(expires) }
                }
            };
            self.agenda.set(Wake::Lane(contact, head.message.conversation), Some(at));
        }
    }

    /// Tells watchers what is new.
    pub(super) fn tell(&mut self, before: Option<&Person>, person: &Person) {
        let changed = self.desk.update(before, person);
        for conversation in &person.conversations {
            let old = before.and_then(|p| p.conversation(conversation.id));
            if old.is_none_or(|o| o.last_no < conversation.last_no) && conversation.last_no > 0 {
                let known = old.map_or(0, |o| o.last_no);
                self.actions.push(Action::Said(person.contact.id, conversation.id, known));
                self.actions.push(Action::Notice(conversation.address.clone(), Notice::Lines { no: conversation.last_no }));
            }
            if old.map_or(&Owner::Bot, |o| &o.owner) != &conversation.owner {
                self.tell_owner(conversation);
            }
        }
        if changed.queue {
            self.actions.push(Action::Desk(DeskEvent::Queue));
        }
        for group in &changed.groups {
            for (contact, id) in self.desk.line(group, PLACES) {
                if let Ok(Some(other)) = self.store.person(contact)
                    && let Some(conversation) = other.conversation(id)
                {
                    self.tell_owner(conversation);
                }
            }
        }
        self.actions.extend(changed.lines.into_iter().map(|(conversation, no)| Action::Desk(DeskEvent::Conversation { conversation, no })));
    }

    fn tell_owner(&mut self, conversation: &Conversation) {
        let (owner, name, position) = match &conversation.owner {
            Owner::Bot => ("bot", None, None),
            Owner::Queue => ("queue", None, self.desk.position(conversation.id)),
            Owner::Agent(agent) => ("agent", self.agent_name(*agent, conversation), None),
        };
        self.actions.push(Action::Notice(conversation.address.clone(), Notice::Owner { owner: owner.into(), name, position }));
    }

    fn agent_name(&self, agent: AgentId, conversation: &Conversation) -> Option<String> {
        match conversation.request.as_ref().map(|r| &r.state) {
            Some(RequestState::Active { name, .. }) => Some(name.clone()),
            Some(RequestState::Waiting | RequestState::Missed { .. }) | None => self.desk.agent(agent).map(|a| a.name.clone()),
        }
    }

    // ---- sending ----

    /// Gives the marked messages to their channels: their rows say `Sending`, durably (INV-7).
    fn send_marked(&mut self, now: Instant, person: &Person, marked: &[MessageId]) {
        for message in marked {
            let row = person.outbox.iter().find(|r| r.message.id == *message && r.state == OutboxState::Sending);
            let Some(row) = row else { continue };
            let Some(outlet) = self.outlets.get(&row.address.channel) else { continue };
            let fitted = channel::degrade(&row.message.content, &outlet.capabilities);
            let parts = u32::try_from(fitted.parts.len()).unwrap_or(u32::MAX);
            let part = row.parts_done;
            let sending =
                Sending { contact: person.contact.id, channel: row.address.channel.clone(), message: *message, parts, notes: fitted.notes };
            let Some(piece) = fitted.parts.into_iter().nth(part as usize) else {
                // Nothing of it is left to show on this channel.
                self.answered(now, sending, Ok(Sent::default()));
                continue;
            };
            self.tokens += 1;
            let token = SendToken(self.tokens);
            let out = Outbound {
                address: row.address.clone(),
                message: *message,
                part,
                content: piece.content,
                idempotency_key: format!("{message}.{part}"),
            };
            self.sends.insert(token, sending);
            self.actions.push(Action::Send(token, Box::new(out)));
        }
    }

    /// A channel answered a piece: the answer becomes durable with the line's next commit.
    pub(super) fn answered(&mut self, now: Instant, sending: Sending, answer: Result<Sent, SendError>) {
        let Sending { contact, channel, message, parts, notes } = sending;
        let part = match self.store.person(contact) {
            Ok(person) => person.and_then(|p| p.outbox.iter().find(|r| r.message.id == message).map(|r| r.parts_done)),
            Err(error) => return self.fail(&error.to_string()),
        };
        // A message with pieces left keeps its slot, until it turns out that they do not leave.
        let goes_on = answer.is_ok() && part.is_some_and(|done| done + 1 < parts);
        if let Err(SendError::RetryAfter { after_ms, whole_channel: true }) = &answer
            && let Some(outlet) = self.outlets.get_mut(&channel)
        {
            let wait = i64::try_from((*after_ms).min(3_600_000)).unwrap_or(0).saturating_mul(1_000);
            let until = now.plus_micros(wait);
            outlet.closed_until = Some(outlet.closed_until.map_or(until, |before| before.max(until)));
            self.agenda.set(Wake::Channel(channel.clone()), outlet.closed_until);
        }
        let result = SendResult { message, at: now, parts, notes, kept: goes_on.then(|| channel.clone()), came: Came::Answered(answer) };
        self.lines.entry(contact).or_default().results.push(result);
        if !goes_on {
            self.give_back(now, vec![channel]);
        }
        self.advance(now, contact);
    }

    /// Gives sending slots back; lanes that wait for one go on.
    pub(super) fn give_back(&mut self, now: Instant, slots: Vec<String>) {
        for name in slots {
            let Some(outlet) = self.outlets.get_mut(&name) else { continue };
            outlet.taken = outlet.taken.saturating_sub(1);
            if let Some(contact) = outlet.waiting.pop_front() {
                outlet.queued.remove(&contact);
                // Through the agenda, not by a call: many lanes may wait.
                self.agenda.set(Wake::Line(contact), Some(now));
            }
        }
    }

    /// A channel takes messages again.
    pub(super) fn reopen(&mut self, now: Instant, name: &str) {
        if let Some(outlet) = self.outlets.get_mut(name)
            && outlet.closed_until.is_some_and(|until| until <= now)
        {
            outlet.closed_until = None;
        }
    }
}
