//! How a line goes on: one input is chosen, its step decided, and one commit made of it and of everything else that
//! waits to become durable.

use super::{
    Action, CommitToken, Core, Refusal,
    agenda::Wake,
    draft::Draft,
    line::{Chosen, Flight, Line, Outcome, Wants},
    outbox::{self, Came, Leaving},
    steps::Ran,
};
use engine::Programs as _;
use model::{
    Address, ContactId, Conversation, InboxItem, InboxRow, IncomingBody, Instant, JourneyKind, MessageId, Person, RequestId, Rest, SeenKey,
};
use std::{collections::BTreeMap, sync::Arc};

/// How often an input may break before it is set aside (FL 5.7).
const TRIES: u8 = 3;
/// How long a message waits for a run that requests: 30 seconds (FL 5.4 rule 7).
const HOLD: i64 = 30_000_000;

impl Core {
    /// Lets a line go on if it can.
    pub(super) fn advance(&mut self, now: Instant, contact: ContactId) {
        let Some(mut line) = self.lines.remove(&contact) else {
            // Somebody's lane may go on without anything in memory.
            if self.failed.is_none() {
                self.advance_line(now, contact, Line::default());
            }
            return;
        };
        if self.failed.is_some() || line.flight.is_some() || line.pausing || line.joined {
            self.lines.insert(contact, line);
            return;
        }
        line.flight = None;
        self.advance_line(now, contact, line);
    }

    fn advance_line(&mut self, now: Instant, contact: ContactId, mut line: Line) {
        loop {
            let before = match self.store.person(contact) {
                Ok(before) => before,
                Err(error) => {
                    self.lines.insert(contact, line);
                    return self.fail(&error.to_string());
                }
            };
            if before.is_none() && line.arrivals.is_empty() {
                // Whoever was here was erased; what comes for them finds nobody.
                return self.end_line(line);
            }
            if line.erasing.is_some()
                && let Some(person) = &before
                && self.fly_erasure(now, &mut line, person.clone())
            {
                break;
            }
            if self.failed.is_some() {
                return;
            }
            if self.fly(now, contact, &mut line, before) {
                break;
            }
        }
        let person = self.store.person(contact).ok().flatten();
        let held = self.held(&line, person.as_deref(), now);
        if held.is_none() && line.flight.is_none() && line.arrivals.is_empty() {
            line.held.clear();
        }
        self.agenda.set(Wake::Held(contact), held);
        if line.flight.is_none() && !self.stopping {
            self.actions.extend(line.settlers.drain(..).map(Action::Settled));
        }
        if !line.is_idle() || !line.tickets.is_empty() {
            self.lines.insert(contact, line);
        }
    }

    /// Makes the next commit. Answers whether the line rests now: a commit is under way or there is nothing to do;
    /// otherwise an input came to nothing and the next one is to be looked at.
    fn fly(&mut self, now: Instant, contact: ContactId, line: &mut Line, before: Option<Arc<Person>>) -> bool {
        let mut ids = self.ids(now);
        let jitter = ids.draw();
        let mut draft = Draft::new(contact, before.clone(), ids, now);
        let mut leaving = Leaving::default();
        let mut resting: Vec<MessageId> = Vec::new();
        for result in &line.results {
            if matches!(result.came, Came::Crashed) {
                resting.push(result.message);
            }
            outbox::settle(&mut draft, result, jitter, &mut leaving);
        }
        let chosen = if self.stopping { answer(line) } else { choose(line, before.as_deref(), &self.stops(line, before.as_deref()), now) };
        let outcome = match chosen {
            Some(chosen) => match self.process(now, line, &mut draft, chosen, &mut leaving) {
                Processed::Into(outcome) => outcome,
                Processed::Nothing => {
                    if chosen == Chosen::Arrival {
                        line.arrivals.pop_front();
                        self.arrivals = self.arrivals.saturating_sub(1);
                    }
                    // Send results in the draft are still on the line and are settled again with the next one.
                    return false;
                }
            },
            None => None,
        };
        outbox::cut_short(&mut draft, &line.results, &mut leaving);
        self.close_draft(line, &mut draft, chosen, now);
        Self::call_off(&mut draft);
        let rows = ride_along(line, &mut draft, chosen, outcome.is_some());
        let slots = if self.stopping { Vec::new() } else { self.mark(&mut draft, &resting, &mut leaving) };
        let calls = if self.stopping { Vec::new() } else { self.mark_calls(&mut draft) };
        if draft.is_empty() {
            if line.results.is_empty() && chosen.is_none() {
                self.reckon_calls(contact, before.as_deref(), before.as_deref());
                self.reckon_lanes(contact, before.as_deref());
                return true;
            }
            // Results of messages that are gone, a due time or a change without effect.
            let kept = line.results.drain(..).filter_map(|result| result.kept).collect();
            self.give_back(now, kept);
            match chosen {
                Some(Chosen::Due(conversation)) => {
                    line.due.remove(&conversation);
                    self.reckon_due(now, contact, before.as_deref(), conversation, true);
                }
                Some(Chosen::Arrival) => {
                    let arrival = line.arrivals.pop_front();
                    self.arrivals = self.arrivals.saturating_sub(1);
                    for (ticket, _) in arrival.into_iter().flat_map(|a| a.tickets) {
                        self.done(ticket, outcome.clone().unwrap_or(Err(Refusal::NotFound)));
                    }
                }
                Some(Chosen::Answer(_)) => {
                    line.answers.pop_front();
                }
                Some(Chosen::Membership) => {
                    line.membership = false;
                    if let Some(person) = before.as_deref() {
                        self.segments_landed(now, &person.contact, Some(&person.contact), false, &[], draft.flips);
                    }
                }
                Some(Chosen::Row(_)) | None => {}
            }
            return false;
        }
        leaving.alerts.extend(draft.change.events.iter().filter_map(|event| reported(contact, event)));
        self.tokens += 1;
        let token = CommitToken(self.tokens);
        let version = self.programs.current().version().clone();
        self.usage.hold(&version);
        line.flight = Some(Flight {
            version,
            before,
            chosen,
            outcome,
            arrivals: line.arrivals.len(),
            rows,
            results: line.results.len(),
            marked: leaving.going_on,
            calls,
            slots,
            trace: std::mem::take(&mut draft.trace),
            alerts: leaving.alerts,
            audiences: std::mem::take(&mut draft.audiences),
            contact: draft.change.contact.is_some(),
            events: draft.change.events.clone(),
            withdraws: !draft.change.withdraw.is_empty(),
            flips: draft.flips,
            erases: false,
            forgetting: None,
        });
        self.flights.insert(token, contact);
        self.hand_over(now, token, draft.into_commit());
        true
    }

    /// Runs the chosen input into the draft.
    fn process(&mut self, now: Instant, line: &mut Line, draft: &mut Draft, chosen: Chosen, leaving: &mut Leaving) -> Processed {
        let saved = draft.clone();
        let refused = line.refused.take().filter(|(what, _)| *what == chosen).map(|(_, why)| why);
        let broken = match chosen {
            Chosen::Due(conversation) => {
                return match self.run_due(now, draft, conversation, refused) {
                    Ok(()) => Processed::Into(Some(Ok(Outcome::default()))),
                    Err(why) => {
                        *draft = saved;
                        leaving.alerts.push(format!("what was due in {conversation} broke and waits until something changes there: {why}"));
                        draft.journey(Some(conversation), JourneyKind::Error(format!("what was due broke: {why}")));
                        self.stuck.insert(conversation, u8::MAX);
                        Processed::Into(Some(Ok(Outcome::default())))
                    }
                };
            }
            Chosen::Membership => {
                let outcome = Processed::Into(Some(Ok(Outcome::default())));
                if let Err(why) = refused.map_or_else(|| self.run_membership(now, draft), Err) {
                    // It is looked at again when something about the contact changes, or at the next start.
                    *draft = saved;
                    leaving.alerts.push(format!("memberships of {} could not be followed through time: {why}", draft.change.id));
                    draft.journey(None, JourneyKind::Error(format!("memberships could not be followed through time: {why}")));
                    draft.flips = Some(segments::Flips::default());
                }
                return outcome;
            }
            Chosen::Answer(_) => {
                let Some(result) = line.answers.front().cloned() else { return Processed::Nothing };
                return match refused.map_or_else(|| self.run_answer(now, draft, &result), Err) {
                    Ok(()) => Processed::Into(Some(Ok(Outcome::default()))),
                    Err(why) => {
                        // The run goes on when its time is over.
                        *draft = saved;
                        draft.done_call(result.call);
                        let line = format!("an answer to {} could not be taken: {why}", result.call);
                        leaving.alerts.push(format!("{line} ({})", result.conversation));
                        draft.journey(Some(result.conversation), JourneyKind::Error(line));
                        Processed::Into(Some(Ok(Outcome::default())))
                    }
                };
            }
            Chosen::Arrival => {
                let Some(arrival) = line.arrivals.front() else { return Processed::Nothing };
                let waited = has_waited(arrival.at, now) || self.is_hurried(line, draft.before.as_deref(), &arrival.item);
                match refused.map_or_else(|| self.run_item(now, draft, &arrival.item, waited), Err) {
                    // It becomes a row and is looked at again.
                    Ok(Ran::Held(conversation, call)) => {
                        *draft = saved;
                        line.held.insert(conversation, call);
                        return Processed::Into(None);
                    }
                    Ok(Ran::Consumed(outcome)) => return Processed::Into(Some(Ok(outcome))),
                    Ok(Ran::Refused(refusal)) => {
                        *draft = saved;
                        for (ticket, _) in arrival.tickets.clone() {
                            self.done(ticket, Err(refusal.clone()));
                        }
                        return Processed::Nothing;
                    }
                    Err(why) => why,
                }
            }
            Chosen::Row(no) => {
                let Some(row) = draft.before.as_ref().and_then(|p| p.inbox.iter().find(|r| r.no == no)).cloned() else {
                    return Processed::Nothing;
                };
                let waited = has_waited(row.at, now) || self.is_hurried(line, draft.before.as_deref(), &row.item);
                match refused.map_or_else(|| self.run_item(now, draft, &row.item, waited), Err) {
                    Ok(Ran::Held(conversation, call)) => {
                        *draft = saved;
                        line.held.insert(conversation, call);
                        return Processed::Nothing;
                    }
                    Ok(Ran::Consumed(outcome)) => {
                        draft.change.inbox_done.push(no);
                        return Processed::Into(Some(Ok(outcome)));
                    }
                    Ok(Ran::Refused(refusal)) => {
                        *draft = saved;
                        draft.change.inbox_done.push(no);
                        return Processed::Into(Some(Err(refusal)));
                    }
                    Err(why) => why,
                }
            }
        };
        *draft = saved;
        self.broke(line, draft, chosen, &broken, leaving)
    }

    /// An input broke: count it durably, set it aside at the third time (FL 5.7).
    fn broke(&mut self, line: &Line, draft: &mut Draft, chosen: Chosen, why: &str, leaving: &mut Leaving) -> Processed {
        let row = match chosen {
            Chosen::Row(no) => draft.before.as_ref().and_then(|p| p.inbox.iter().find(|r| r.no == no)).cloned(),
            Chosen::Arrival => {
                line.arrivals.front().map(|a| InboxRow { no: draft.next_row(), item: a.item.clone(), at: a.at, tries: a.tries })
            }
            Chosen::Due(_) | Chosen::Answer(_) | Chosen::Membership => None,
        };
        let Some(row) = row else { return Processed::Nothing };
        // Even what breaks at first sight has somebody it came from.
        if draft.contact().is_none() {
            super::steps::place(draft, &row.item, draft.now);
        }
        let row = InboxRow { tries: row.tries.saturating_add(1), ..row };
        let (no, tries) = (row.no, row.tries);
        draft.change.inbox_put.push(row);
        draft.journey(None, JourneyKind::Error(format!("an input broke (try {tries} of {TRIES}): {why}")));
        if tries < TRIES {
            return Processed::Into(None);
        }
        self.stats.parked += 1;
        draft.change.inbox_park.push(no);
        leaving.alerts.push(format!("an input of {} broke {TRIES} times and was set aside as row {no}: {why}", draft.change.id));
        Processed::Into(Some(Err(Refusal::Parked)))
    }

    /// Turns what steps queued into inbox rows, before anything that waited longer in memory: they run next (FL 5.8).
    fn close_draft(&mut self, line: &mut Line, draft: &mut Draft, chosen: Option<Chosen>, now: Instant) {
        for item in std::mem::take(&mut draft.queued) {
            draft.add_row(item, now, 0);
        }
        if chosen == Some(Chosen::Arrival)
            && let Some(key) = line.arrivals.front().and_then(|a| a.seen)
        {
            draft.change.seen.push(SeenKey(key, now));
        }
    }

    /// Marks what may leave with this commit; answers the channels whose slots were taken.
    fn mark(&mut self, draft: &mut Draft, resting: &[MessageId], leaving: &mut Leaving) -> Vec<String> {
        let now = draft.now;
        let mut slots = Vec::new();
        let outlets = &mut self.outlets;
        let marked = outbox::mark(draft, resting, |channel| {
            let Some(outlet) = outlets.get_mut(channel) else { return false };
            let open = outlet.taken < outbox::SLOTS && outlet.closed_until.is_none_or(|until| until <= now);
            if open {
                outlet.taken += 1;
                slots.push(channel.to_owned());
            }
            open
        });
        leaving.going_on.extend(marked);
        // A head that failed for its age may have queued what the flow does about it.
        for item in std::mem::take(&mut draft.queued) {
            draft.add_row(item, now, 0);
        }
        slots
    }

    /// When the first message that is held for a run that requests may wait no longer.
    fn held(&self, line: &Line, person: Option<&Person>, now: Instant) -> Option<Instant> {
        if line.held.is_empty() {
            return None;
        }
        let stops = self.stops(line, person);
        let rows = person.into_iter().flat_map(|p| &p.inbox);
        rows.filter(|r| is_held(line, person, &stops, &r.item, r.at, now)).map(|r| r.at.plus_micros(HOLD)).min()
    }

    /// Where an opt-out word came after messages that are held. It acts at once (FL 5.4 rule 0), and what was said before it is
    /// heard before it: nothing waits there any longer.
    fn stops<'i>(&self, line: &'i Line, person: Option<&'i Person>) -> Vec<&'i Address> {
        if line.held.is_empty() {
            return Vec::new();
        }
        waiting(line, person).filter(|item| self.opts_out(item)).filter_map(address).collect()
    }

    /// The same for one message.
    fn is_hurried(&self, line: &Line, person: Option<&Person>, item: &InboxItem) -> bool {
        let Some(here) = address(item).filter(|here| person.and_then(|p| p.conversation_at(here)).and_then(waits_for).is_some()) else {
            return false;
        };
        waiting(line, person).any(|item| address(item) == Some(here) && self.opts_out(item))
    }

    fn opts_out(&self, item: &InboxItem) -> bool {
        let InboxItem::Incoming { incoming, .. } = item else { return false };
        matches!(&incoming.body, IncomingBody::Message(content) if self.programs.current().opts_out(&content.text))
    }
}

/// What an input came to.
enum Processed {
    /// It is in the draft. None: it stays, as a row.
    Into(Option<Result<Outcome, Refusal>>),
    /// It left no trace; the next input is looked at.
    Nothing,
}

/// Which input is next: what steps queued, then durable rows, arrivals and due conversations by their time.
fn choose(line: &Line, person: Option<&Person>, stops: &[&Address], now: Instant) -> Option<Chosen> {
    let rows = || person.into_iter().flat_map(|p| &p.inbox).filter(|r| !is_held(line, person, stops, &r.item, r.at, now));
    if let Some(row) = rows().find(|r| matches!(r.item, InboxItem::Caused { .. })) {
        return Some(Chosen::Row(row.no));
    }
    let row = rows().min_by_key(|r| r.no).map(|r| (r.at, Chosen::Row(r.no)));
    let arrival = line.arrivals.front().filter(|a| !is_held(line, person, stops, &a.item, a.at, now)).map(|a| (a.at, Chosen::Arrival));
    let due = line.due.iter().map(|(conversation, at)| (*at, Chosen::Due(*conversation))).min_by_key(|(at, _)| *at);
    // What came of a call moves a run that messages may wait for.
    if let Some(answer) = answer(line) {
        return Some(answer);
    }
    let message = row.or(arrival);
    match (message, due) {
        (Some((at, _)), Some((due_at, due))) if due_at < at => Some(due),
        (Some((_, message)), _) => Some(message),
        // Any step follows time first; only without one is there a step for that alone.
        (None, due) => due.map(|(_, due)| due).or_else(|| line.membership.then_some(Chosen::Membership)),
    }
}

/// What came of the first call.
fn answer(line: &Line) -> Option<Chosen> {
    line.answers.front().map(|result| Chosen::Answer(result.call))
}

/// Whether something of the customer's waited for a run that requests as long as it may (FL 5.4 rule 7).
fn has_waited(since: Instant, now: Instant) -> bool {
    now.micros_since(since) >= HOLD
}

/// Whether something of the customer's is to wait: a message of the same conversation does, the run still requests the same,
/// and its time is not over. Order is kept, so everything behind it waits as well; `stops` are the places where nothing does.
fn is_held(line: &Line, person: Option<&Person>, stops: &[&Address], item: &InboxItem, since: Instant, now: Instant) -> bool {
    let Some(address) = address(item) else { return false };
    let Some(conversation) = person.and_then(|p| p.conversation_at(address)) else { return false };
    let Some(call) = line.held.get(&conversation.id) else { return false };
    !has_waited(since, now) && waits_for(conversation) == Some(*call) && !stops.contains(&address)
}

/// Where something of the customer's comes from.
fn address(item: &InboxItem) -> Option<&Address> {
    match item {
        InboxItem::Incoming { address, .. } => Some(address),
        _ => None,
    }
}

/// What waits for its turn: rows, then what is in memory alone.
fn waiting<'i>(line: &'i Line, person: Option<&'i Person>) -> impl Iterator<Item = &'i InboxItem> {
    let rows = person.into_iter().flat_map(|p| &p.inbox).map(|row| &row.item);
    rows.chain(line.arrivals.iter().map(|arrival| &arrival.item))
}

/// The call that the run with the floor waits for.
pub(super) fn waits_for(conversation: &Conversation) -> Option<RequestId> {
    match &conversation.floor_run()?.rest {
        Rest::Calling(calling) => Some(calling.call),
        Rest::Asking(_) | Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::HandedOver { .. } => None,
    }
}

/// Arrivals that are not processed by this commit become inbox rows in it, so that their senders are answered.
/// Answers their row numbers by place.
fn ride_along(line: &Line, draft: &mut Draft, chosen: Option<Chosen>, consumed: bool) -> BTreeMap<usize, u64> {
    let mut rows = BTreeMap::new();
    for (at, arrival) in line.arrivals.iter().enumerate() {
        let first = at == 0 && chosen == Some(Chosen::Arrival);
        if first && consumed {
            continue;
        }
        if first {
            // It broke, and its row counts that.
            let broken = draft.change.inbox_put.iter().find(|r| r.tries > 0 && r.item == arrival.item).map(|r| r.no);
            let no = broken.unwrap_or_else(|| draft.add_row(arrival.item.clone(), arrival.at, arrival.tries));
            rows.insert(at, no);
            continue;
        }
        if let Some(key) = arrival.seen {
            draft.change.seen.push(SeenKey(key, draft.now));
        }
        rows.insert(at, draft.add_row(arrival.item.clone(), arrival.at, arrival.tries));
    }
    debug_assert!(line.arrivals.iter().all(|a| a.tickets.iter().all(|(_, w)| *w == Wants::Done || a.seen.is_some())));
    rows
}

/// The operator's line for an error in a flow. The reason may quote what a customer wrote, so it stays in the
/// contact's journey.
fn reported(contact: ContactId, event: &model::EventRecord) -> Option<String> {
    if event.name != engine::ERROR_REPORTED {
        return None;
    }
    let field = |name: &str| match event.fields.get(name) {
        Some(model::Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let (skill, block) = (field("skill"), field("block"));
    Some(format!("a flow failed at {skill}.{block} for {contact}; the contact's journey says why"))
}
