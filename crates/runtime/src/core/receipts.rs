//! How far messages got, as told by others than the outbox: what the customer has seen, what their provider says.
//!
//! A report becomes one line of the transcript and no step: it begins no run, moves none, and is no sign of life. What was seen is one
//! cursor of the conversation, which only grows; a failure is told once. Reports that tell nothing new are kept away before. So what a hostile client tells can
//! never write more lines than were said to it.

use super::draft::Draft;
use model::{ConversationId, Delivery, InboxItem, JourneyKind, MessageId};

/// A report of one message.
pub(super) struct Receipt<'a> {
    pub conversation: ConversationId,
    pub message: MessageId,
    /// Its place in the transcript.
    pub no: u64,
    pub delivery: &'a Delivery,
}

/// Writes what is told into the draft, if it is more than is known.
pub(super) fn take(draft: &mut Draft, receipt: &Receipt<'_>) {
    let &Receipt { conversation, message, no, delivery } = receipt;
    let Some(known) = draft.conversation(conversation) else { return };
    if no <= known.read_to || no > known.last_no {
        return;
    }
    match delivery {
        // Until it has left, the outbox says what becomes of it.
        Delivery::Failed(_) if draft.outbox_row(message).is_some() => return,
        Delivery::Read => {
            let mut changed = known.clone();
            changed.read_to = no;
            draft.put_conversation(changed);
        }
        Delivery::Failed(reason) => {
            draft.journey(Some(conversation), JourneyKind::Delivery(format!("not delivered: {reason}")));
            draft.queued.push(InboxItem::Undelivered { conversation, message, reason: reason.clone() });
        }
        Delivery::Delivered => {}
        // Whether it left is the outbox's to say.
        Delivery::Received | Delivery::Queued | Delivery::Sent | Delivery::Unknown => return,
    }
    draft.delivery_line(conversation, message, delivery.clone(), Vec::new());
}
