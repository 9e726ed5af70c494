//! The request lane: calls to the outside leave after the commit that holds them, and their answers go through the
//! contact's line (FL 5.2, 5.4 rule 7).
//!
//! A call is marked under way durably before it is made (INV-7). Calls are unordered among each other; so many are under way
//! at once, so many of them to one host. An answer, a new try and the row's end are in one commit each. What was under way
//! when the process ended may have arrived: what only reads is repeated; everything else is sent once more under the same id
//! and never oftener. A call whose run rests otherwise meanwhile is called off.

use super::{Action, CallToken, Core, agenda::Wake, draft::Draft};
use crate::outside::Tried;
use engine::Input;
use model::{
    CallAnswer, CallKind, CallRow, CallState, Came, ContactId, Conversation, ConversationId, Delivery, Instant, JourneyKind, Person,
    RequestId, Rest,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Calls under way at once.
const TOTAL: usize = 64;
/// Calls to one host, mail server or provider under way at once.
const PER_PLACE: usize = 8;
/// The longest wait that the other side may ask for before a new try.
const LONGEST_AFTER: i64 = 300_000_000;

/// What came of a call, on its way through the line.
#[derive(Clone, Debug)]
pub(super) struct CallResult {
    pub call: RequestId,
    pub conversation: ConversationId,
    pub at: Instant,
    /// None: nobody knows, the process ended while it was under way.
    pub tried: Option<Tried>,
}

/// A call under way.
pub(super) struct UnderWay {
    contact: ContactId,
    conversation: ConversationId,
    call: RequestId,
    place: String,
}

impl UnderWay {
    pub(super) fn contact(&self) -> ContactId {
        self.contact
    }

    pub(super) fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The conversation is another contact's from now on.
    pub(super) fn belongs_to(&mut self, contact: ContactId) {
        self.contact = contact;
    }
}

/// The places where calls go, and who waits for one.
#[derive(Default)]
pub(super) struct Places {
    taken: BTreeMap<String, usize>,
    total: usize,
    waiting: VecDeque<(String, ContactId)>,
    queued: BTreeSet<(String, ContactId)>,
}

impl Places {
    fn is_free(&self, place: &str) -> bool {
        self.total < TOTAL && self.taken.get(place).is_none_or(|taken| *taken < PER_PLACE)
    }

    fn take(&mut self, place: &str) {
        *self.taken.entry(place.to_owned()).or_default() += 1;
        self.total += 1;
    }

    /// Gives one back; answers who may go on.
    fn give_back(&mut self, place: &str) -> Option<ContactId> {
        self.total = self.total.saturating_sub(1);
        if let Some(taken) = self.taken.get_mut(place) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.taken.remove(place);
            }
        }
        let next = self.waiting.iter().position(|(place, _)| self.is_free(place))?;
        let next = self.waiting.remove(next)?;
        self.queued.remove(&next);
        Some(next.1)
    }

    /// Somebody waits no longer.
    pub(super) fn forget(&mut self, contact: ContactId) {
        if self.waiting.iter().any(|(_, waiting)| *waiting == contact) {
            self.waiting.retain(|(_, waiting)| *waiting != contact);
            self.queued.retain(|(_, waiting)| *waiting != contact);
        }
    }

    fn wait(&mut self, place: &str, contact: ContactId) {
        let waits = (place.to_owned(), contact);
        if self.queued.insert(waits.clone()) {
            self.waiting.push_back(waits);
        }
    }
}

/// Where a call goes.
fn place(what: &CallKind) -> String {
    match what {
        CallKind::Http(call) => {
            let host = url::Url::parse(&call.url).ok().and_then(|url| url.host_str().map(str::to_owned));
            format!("http:{}", host.unwrap_or_default())
        }
        CallKind::Mail(_) => "mail".to_owned(),
        CallKind::Sms(_) => "sms".to_owned(),
    }
}

/// Whether a run of the conversation rests on a call.
fn is_awaited(conversation: Option<&Conversation>, call: RequestId) -> bool {
    conversation.is_some_and(|c| c.runs.iter().any(|run| matches!(&run.rest, Rest::Calling(calling) if calling.call == call)))
}

impl Core {
    /// The outside answered a call. An answer to one that is not under way is one too many and changes nothing.
    pub fn called(&mut self, now: Instant, token: CallToken, tried: Tried) {
        let Some(UnderWay { contact, conversation, call, place }) = self.calls.remove(&token) else { return };
        self.call_place_free(now, &place);
        self.lines.entry(contact).or_default().answers.push_back(CallResult { call, conversation, at: now, tried: Some(tried) });
        self.advance(now, contact);
    }

    /// Runs what came of a call into the draft; the error is why the interpreter broke.
    pub(super) fn run_answer(&mut self, now: Instant, draft: &mut Draft, result: &CallResult) -> Result<(), String> {
        let Some(row) = draft.call_row(result.call).cloned() else {
            let line = format!("an answer to {} came when nothing waited for it any more; it was dropped", result.call);
            draft.journey(Some(result.conversation), JourneyKind::Error(line));
            return Ok(());
        };
        let came = match &result.tried {
            None => match found_under_way(&row, now) {
                Ok(again) => {
                    draft.put_call(again);
                    return Ok(());
                }
                Err(came) => came,
            },
            Some(tried) if tried.again && row.attempts < row.call.what.attempts() => {
                let wait = row.call.what.wait_before(row.attempts + 1).max(tried.after.unwrap_or(0).min(LONGEST_AFTER));
                let not_before = result.at.plus_micros(wait);
                let line = format!("{}: try {} did not work ({}); it is tried again", row.call.place, row.attempts, said(&tried.came));
                draft.journey(Some(result.conversation), JourneyKind::Delivery(line));
                draft.put_call(CallRow { state: CallState::Pending { not_before }, ..row });
                return Ok(());
            }
            Some(tried) => tried.came.clone(),
        };
        draft.done_call(result.call);
        tell(draft, &row, &came);
        if row.unknown {
            let line = format!("{}: it was sent twice, because the server stopped while it was under way", row.call.place);
            draft.journey(Some(result.conversation), JourneyKind::Delivery(line));
        }
        if draft.conversation(result.conversation).is_none() {
            return Ok(());
        }
        self.run(now, draft, result.conversation, Input::Answer(&CallAnswer { call: result.call, came }))
    }

    /// Calls off what nothing waits for any more: its time is over, its run ended.
    pub(super) fn call_off(draft: &mut Draft) {
        let gone: Vec<CallRow> =
            draft.calls().filter(|r| !is_awaited(draft.conversation(r.call.conversation), r.call.id)).cloned().collect();
        for row in gone {
            draft.done_call(row.call.id);
            let how = match row.state {
                CallState::Pending { .. } if row.attempts == 0 => "it was not sent",
                CallState::Pending { .. } | CallState::UnderWay => "it was sent; what comes of it is dropped",
            };
            let line = format!("{}: its run does not wait for the answer any more; {how}", row.call.place);
            draft.journey(Some(row.call.conversation), JourneyKind::Delivery(line));
        }
    }

    /// Marks what may leave with this commit, and takes a place for each.
    pub(super) fn mark_calls(&mut self, draft: &mut Draft) -> Vec<(RequestId, String)> {
        if !self.calls_leave {
            return Vec::new();
        }
        let now = draft.now;
        let ready: Vec<CallRow> =
            draft.calls().filter(|r| matches!(r.state, CallState::Pending { not_before } if not_before <= now)).cloned().collect();
        let mut marked = Vec::new();
        for row in ready {
            let place = place(&row.call.what);
            if !self.places.is_free(&place) {
                continue;
            }
            self.places.take(&place);
            marked.push((row.call.id, place));
            draft.put_call(CallRow { state: CallState::UnderWay, attempts: row.attempts.saturating_add(1), ..row });
        }
        marked
    }

    /// Makes the marked calls: their rows say so, durably (INV-7).
    pub(super) fn make_calls(&mut self, now: Instant, person: &Person, marked: Vec<(RequestId, String)>) {
        for (call, place) in marked {
            let Some(row) = person.calls.iter().find(|r| r.call.id == call && r.state == CallState::UnderWay) else {
                self.call_place_free(now, &place);
                continue;
            };
            self.tokens += 1;
            let token = CallToken(self.tokens);
            let contact = person.contact.id;
            self.calls.insert(token, UnderWay { contact, conversation: row.call.conversation, call, place });
            self.actions.push(Action::Call(token, Box::new(row.clone())));
        }
    }

    pub(super) fn call_place_free(&mut self, now: Instant, place: &str) {
        if let Some(contact) = self.places.give_back(place) {
            // Through the agenda, not by a call: many may wait.
            self.agenda.set(Wake::Line(contact), Some(now));
        }
    }

    /// Puts the person's waiting calls on the agenda, or in line for a place.
    pub(super) fn reckon_calls(&mut self, contact: ContactId, before: Option<&Person>, person: Option<&Person>) {
        let rows = |person: Option<&Person>| person.map_or_else(Vec::new, |p| p.calls.clone());
        for row in rows(before) {
            self.agenda.set(Wake::Call(contact, row.call.id), None);
        }
        if !self.calls_leave {
            return;
        }
        for row in rows(person) {
            let CallState::Pending { not_before } = row.state else { continue };
            let place = place(&row.call.what);
            if self.places.is_free(&place) {
                self.agenda.set(Wake::Call(contact, row.call.id), Some(not_before));
            } else {
                self.places.wait(&place, contact);
            }
        }
    }
}

/// What was under way when the process ended: tried again, or given up the second time.
fn found_under_way(row: &CallRow, now: Instant) -> Result<CallRow, Came> {
    let state = CallState::Pending { not_before: now };
    // The try that nobody saw the end of does not count.
    let attempts = row.attempts.saturating_sub(1);
    if row.call.what.is_repeatable() {
        return Ok(CallRow { state, attempts, ..row.clone() });
    }
    if !row.unknown {
        return Ok(CallRow { state, attempts, unknown: true, ..row.clone() });
    }
    let reason = "the server stopped twice while it was under way; nobody knows whether it arrived".to_owned();
    Err(Came::Failed { reason, status: None })
}

/// Journeys what became of an e-mail or a text message, as far as it is known now.
fn tell(draft: &mut Draft, row: &CallRow, came: &Came) {
    let Some(medium) = row.call.what.medium() else { return };
    let delivery = match came {
        Came::Sent { .. } => Delivery::Sent,
        Came::Failed { .. } | Came::Http { .. } => Delivery::Failed(said(came)),
        // It may be on its way.
        Came::TimedOut => Delivery::Unknown,
    };
    draft.journey(Some(row.call.conversation), JourneyKind::Told { call: row.call.id, medium, delivery });
    if let Some(entry) = draft.change.journey.last_mut() {
        entry.block = Some(row.call.place.clone());
    }
}

/// What came, in a few words.
fn said(came: &Came) -> String {
    match came {
        Came::Http { status, .. } => format!("status {status}"),
        Came::Failed { reason, .. } => reason.clone(),
        Came::TimedOut => "no answer in time".into(),
        Came::Sent { .. } => "sent".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_together_and_one_by_one() {
        let mut places = Places::default();
        (0..PER_PLACE).for_each(|_| places.take("http:a"));
        assert!(!places.is_free("http:a") && places.is_free("http:b"));
        places.wait("http:a", ContactId(1));
        places.wait("http:a", ContactId(1));
        places.wait("http:a", ContactId(2));
        assert_eq!(places.give_back("http:a"), Some(ContactId(1)), "the first who waits, once");
        places.take("http:a");
        for n in 0..TOTAL - PER_PLACE {
            places.take(&format!("http:{n}"));
        }
        assert!(!places.is_free("http:b"), "all places are taken");
        places.wait("http:b", ContactId(3));
        assert_eq!(places.give_back("http:0"), Some(ContactId(3)), "who waits behind a full host holds nobody up");
        assert_eq!(places.give_back("http:a"), Some(ContactId(2)));
    }
}
