//! The outbox policy: one ordered lane per conversation, one message of a lane under way, and what becomes of it.
//!
//! A message is given to its channel only after a durable commit that marks it `Sending` (INV-7). Its result is committed
//! before the next piece or the next message of the lane leaves (INV-2). What was under way when the process or the
//! connection broke may have arrived: it is marked unknown and sent once more, never oftener.

use super::draft::Draft;
use model::{
    Conversation, ConversationId, Delivery, InboxItem, Incoming, IncomingBody, Instant, JourneyKind, MessageId, OutboxRow, OutboxState,
};
use store::RecordPut;

/// How long a message is tried before it is failed.
pub(super) const SEND_FOR: i64 = 3_600_000_000;
/// The first and the longest wait between attempts, in microseconds.
const BACKOFF: (i64, i64) = (1_000_000, 60_000_000);
/// The longest wait a provider may ask for; a longer one would outlive every message.
const LONGEST_RETRY_AFTER: u64 = 3_600_000;
/// The table of waits that providers asked for, keyed by channel.
pub(super) const WAITS: &str = "channel_waits";
/// Messages of one channel under way at once.
pub(super) const SLOTS: usize = 32;
/// What is noted on a message that was sent again.
const SENT_AGAIN: &str = "sent again: an earlier attempt may have arrived as well";
/// Why what was said to somebody who is blocked now is not sent.
const BLOCKED: &str = "the contact is blocked";
/// Why what was said before an opt-out is not sent.
const OPTED_OUT: &str = "the customer does not want messages any more";

/// What came of one piece of a message.
#[derive(Clone, Debug)]
pub(super) struct SendResult {
    pub message: MessageId,
    pub at: Instant,
    /// How many pieces the message has.
    pub parts: u32,
    /// What the degradation noted.
    pub notes: Vec<String>,
    /// The channel whose slot is kept for the next piece, should it leave.
    pub kept: Option<String>,
    pub came: Came,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) enum Came {
    /// The channel answered.
    Answered(Result<channel::Sent, channel::SendError>),
    /// Nobody knows: the process ended while it was under way.
    Crashed,
}

/// What the draft asks the core to do once it is durable.
#[derive(Default)]
pub(super) struct Leaving {
    /// Messages whose next piece may leave; they hold a slot already.
    pub going_on: Vec<MessageId>,
    /// Messages that a result of this draft concerns; their lanes go on with the next commit only if they wait.
    pub settled: Vec<ConversationId>,
    pub alerts: Vec<String>,
}

/// Writes what came of a piece into the draft.
pub(super) fn settle(draft: &mut Draft, result: &SendResult, jitter: u64, leaving: &mut Leaving) {
    // A row that is gone was dropped in the meantime (an opt-out): nobody waits for it.
    let Some(row) = draft.outbox_row(result.message).cloned() else { return };
    let conversation = row.message.conversation;
    leaving.settled.push(conversation);
    match &result.came {
        Came::Answered(Ok(sent)) => delivered(draft, row, result, sent, leaving),
        Came::Answered(Err(channel::SendError::RetryAfter { after_ms, whole_channel })) => {
            let wait = i64::try_from((*after_ms).min(LONGEST_RETRY_AFTER)).unwrap_or(i64::MAX).saturating_mul(1_000);
            let until = result.at.plus_micros(wait);
            if *whole_channel {
                let value = Some(serde_json::json!({ "until": until }));
                draft.records.push(RecordPut { table: WAITS.into(), key: row.address.channel.clone(), value });
            }
            if row.unwanted {
                let why = unwanted(draft);
                return drop_row(draft, &row, why);
            }
            draft.put_outbox(OutboxRow { state: OutboxState::Pending { not_before: until }, ..row });
        }
        Came::Answered(Err(channel::SendError::Temporary(_))) if row.unwanted => {
            let why = unwanted(draft);
            drop_row(draft, &row, why);
        }
        Came::Answered(Err(channel::SendError::Temporary(_))) => {
            let until = result.at.plus_micros(backoff(row.attempts, jitter));
            draft.put_outbox(OutboxRow { state: OutboxState::Pending { not_before: until }, attempts: row.attempts + 1, ..row });
        }
        Came::Answered(Err(channel::SendError::Unknown(_))) => unknown(draft, row, result.at.plus_micros(BACKOFF.0)),
        Came::Crashed => unknown(draft, row, result.at),
        Came::Answered(Err(channel::SendError::Permanent(reason))) => fail(draft, &row, reason),
        Came::Answered(Err(channel::SendError::Unreachable(reason))) => {
            fail(draft, &row, reason);
            let waiting: Vec<_> = draft.outbox().filter(|r| r.message.conversation == conversation).cloned().collect();
            for row in waiting {
                drop_row(draft, &row, reason);
            }
            let body = IncomingBody::Unreachable { reason: reason.clone() };
            let incoming = Incoming { body, at: result.at, profile: Default::default(), client_id: None };
            draft.queued.push(InboxItem::Incoming { address: row.address.clone(), incoming: Box::new(incoming) });
        }
    }
}

fn delivered(draft: &mut Draft, row: OutboxRow, result: &SendResult, sent: &channel::Sent, leaving: &mut Leaving) {
    let parts_done = row.parts_done + 1;
    if parts_done < result.parts {
        leaving.going_on.push(row.message.id);
        draft.put_outbox(OutboxRow { parts_done, ..row });
        return;
    }
    let mut notes = result.notes.clone();
    notes.extend(sent.degraded.iter().cloned());
    arrived(draft, &row, notes);
}

/// Ends the messages whose next piece was to leave and which nobody is to get any more: a stop or a block came in between, perhaps with
/// this very commit. What has left has left.
pub(super) fn cut_short(draft: &mut Draft, results: &[SendResult], leaving: &mut Leaving) {
    leaving.going_on.retain(|message| {
        let Some(row) = draft.outbox_row(*message).filter(|row| row.unwanted).cloned() else { return true };
        let mut notes = results.iter().rfind(|result| result.message == *message).map(|result| result.notes.clone()).unwrap_or_default();
        notes.push(rest_unsent(unwanted(draft)));
        arrived(draft, &row, notes);
        false
    });
}

/// A message is with the customer, as far as it is to get there.
fn arrived(draft: &mut Draft, row: &OutboxRow, mut notes: Vec<String>) {
    let conversation = row.message.conversation;
    for note in &notes {
        draft.journey(Some(conversation), JourneyKind::Delivery(note.clone()));
    }
    if row.unknown {
        notes.push(SENT_AGAIN.into());
    }
    draft.done_outbox(row.message.id);
    draft.delivery_line(conversation, row.message.id, Delivery::Sent, notes);
}

fn unknown(draft: &mut Draft, row: OutboxRow, again_at: Instant) {
    let (conversation, message) = (row.message.conversation, row.message.id);
    if row.unwanted {
        let why = unwanted(draft);
        let begun = row.parts_done > 0;
        let notes = begun.then(|| format!("the beginning arrived, of what follows nobody knows, and the rest was not sent: {why}"));
        draft.done_outbox(message);
        draft.delivery_line(conversation, message, Delivery::Unknown, notes.into_iter().collect());
        draft.journey(Some(conversation), JourneyKind::Delivery(format!("nobody knows whether it arrived, and not sent again: {why}")));
    } else if row.unknown {
        // It was sent once more already and nobody knows what came of that either: it stays as it is shown.
        draft.done_outbox(message);
        draft.journey(Some(conversation), JourneyKind::Delivery("sent twice, and both times nobody knows whether it arrived".into()));
    } else {
        draft.put_outbox(OutboxRow { unknown: true, state: OutboxState::Pending { not_before: again_at }, ..row });
        draft.delivery_line(conversation, message, Delivery::Unknown, Vec::new());
    }
}

/// What is said of a message of which only the beginning left.
fn rest_unsent(why: &str) -> String {
    format!("the rest was not sent: {why}")
}

/// A message cannot be sent, or not all of it, and the flow learns of it (FL 5.6).
fn fail(draft: &mut Draft, row: &OutboxRow, reason: &str) {
    let begun = row.parts_done > 0;
    unsent(draft, row, &if begun { format!("only the beginning arrived: {reason}") } else { reason.to_owned() });
    let (conversation, message) = (row.message.conversation, row.message.id);
    draft.queued.push(InboxItem::Undelivered { conversation, message, reason: reason.to_owned() });
}

/// A message is not to be sent any more. One whose beginning is with the customer is shown as sent, with what of it is not.
fn drop_row(draft: &mut Draft, row: &OutboxRow, reason: &str) {
    if row.parts_done > 0 {
        arrived(draft, row, vec![rest_unsent(reason)]);
    } else {
        unsent(draft, row, reason);
    }
}

fn unsent(draft: &mut Draft, row: &OutboxRow, reason: &str) {
    let (conversation, message) = (row.message.conversation, row.message.id);
    draft.done_outbox(message);
    draft.delivery_line(conversation, message, Delivery::Failed(reason.to_owned()), Vec::new());
    draft.journey(Some(conversation), JourneyKind::Delivery(format!("not sent: {reason}")));
}

/// Takes the messages of a conversation out of the outbox (FL 7.9); one that is under way is not tried again. What is said from now on,
/// the confirmation first, is not concerned.
pub(super) fn drop_unsent(draft: &mut Draft, conversation: &Conversation) {
    let unsent: Vec<_> = draft.outbox().filter(|r| r.message.conversation == conversation.id).cloned().collect();
    for row in unsent {
        match row.state {
            OutboxState::Pending { .. } => drop_row(draft, &row, OPTED_OUT),
            OutboxState::Sending => draft.put_outbox(OutboxRow { unwanted: true, ..row }),
        }
    }
}

/// Why a message that is not tried again is not.
fn unwanted(draft: &Draft) -> &'static str {
    if draft.contact().is_some_and(|contact| contact.status == engine::BLOCKED) { BLOCKED } else { OPTED_OUT }
}

/// Takes what waits to be sent out of these lanes of somebody who was blocked; one that is under way is not tried again.
pub(super) fn drop_all_unsent(draft: &mut Draft, of: impl Fn(ConversationId) -> bool) {
    let unsent: Vec<_> = draft.outbox().filter(|row| of(row.message.conversation)).cloned().collect();
    for row in unsent {
        match row.state {
            OutboxState::Pending { .. } => drop_row(draft, &row, BLOCKED),
            OutboxState::Sending => draft.put_outbox(OutboxRow { unwanted: true, ..row }),
        }
    }
}

/// The wait before the next attempt: doubling, with a spread of a quarter so that lanes do not march in step.
fn backoff(attempts: u32, jitter: u64) -> i64 {
    let wait = BACKOFF.0.saturating_mul(1_i64.checked_shl(attempts.min(30)).unwrap_or(i64::MAX)).min(BACKOFF.1);
    let spread = wait / 4;
    wait - spread + i64::try_from(jitter % 1_000).unwrap_or(0) * spread * 2 / 1_000
}

/// The heads of the lanes: the first row of each conversation.
pub(super) fn heads<'a>(rows: impl Iterator<Item = &'a OutboxRow>) -> Vec<&'a OutboxRow> {
    let mut heads: Vec<&OutboxRow> = Vec::new();
    for row in rows {
        if !heads.iter().any(|h| h.message.conversation == row.message.conversation) {
            heads.push(row);
        }
    }
    heads
}

/// When a message is given up.
pub(super) fn expires(row: &OutboxRow) -> Instant {
    row.message.at.plus_micros(SEND_FOR)
}

/// Fails heads that are too old, then marks those that may leave. `open` says whether the channel takes a message now and
/// takes a slot for it. Heads in `resting` stay: their lane goes on with a commit of its own.
pub(super) fn mark(draft: &mut Draft, resting: &[MessageId], mut open: impl FnMut(&str) -> bool) -> Vec<MessageId> {
    let now = draft.now;
    loop {
        let old: Vec<OutboxRow> = heads(draft.outbox())
            .into_iter()
            .filter(|r| matches!(r.state, OutboxState::Pending { .. }) && expires(r) <= now)
            .cloned()
            .collect();
        if old.is_empty() {
            break;
        }
        for row in old {
            fail(draft, &row, "it could not be sent within an hour");
        }
    }
    let ready: Vec<OutboxRow> = heads(draft.outbox())
        .into_iter()
        .filter(|r| matches!(r.state, OutboxState::Pending { not_before } if not_before <= now) && !resting.contains(&r.message.id))
        .filter(|r| open(&r.address.channel))
        .cloned()
        .collect();
    ready
        .into_iter()
        .map(|row| {
            let message = row.message.id;
            draft.put_outbox(OutboxRow { state: OutboxState::Sending, ..row });
            message
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_spread_by_a_quarter() {
        for (attempts, middle) in [(0, 1_000_000), (1, 2_000_000), (5, 32_000_000), (6, 60_000_000), (4_000_000_000, 60_000_000)] {
            for jitter in [0, 499, 999, u64::MAX] {
                let wait = backoff(attempts, jitter);
                assert!((middle * 3 / 4..=middle * 5 / 4).contains(&wait), "{attempts} {jitter} {wait}");
            }
        }
    }
}
