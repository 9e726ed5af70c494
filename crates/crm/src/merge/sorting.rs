//! Which conversation something that waits belongs to: what goes where when one contact becomes two.

use model::{Address, Conversation, ConversationId, InboxItem};

/// Whether an item belongs to one of these conversations. What belongs to none of a contact's conversations is the contact's.
pub(super) fn belongs(item: &InboxItem, conversations: &[Conversation]) -> bool {
    let on = |address: &Address| conversations.iter().any(|c| c.address == *address);
    let is = |id: &ConversationId| conversations.iter().any(|c| c.id == *id);
    match item {
        InboxItem::Incoming { address, .. } => on(address),
        InboxItem::Caused { conversation, .. }
        | InboxItem::Take { conversation, .. }
        | InboxItem::AgentSays { conversation, .. }
        | InboxItem::Resolve { conversation, .. }
        | InboxItem::Dismiss { conversation, .. }
        | InboxItem::Move { conversation, .. }
        | InboxItem::Reported { conversation, .. }
        | InboxItem::Receipt { conversation, .. }
        | InboxItem::Undelivered { conversation, .. } => is(conversation),
        InboxItem::Event { conversation, .. } => conversation.as_ref().is_some_and(is),
        InboxItem::Modify { .. }
        | InboxItem::Amend { .. }
        | InboxItem::Create { .. }
        | InboxItem::Undo { .. }
        | InboxItem::Reached { .. }
        | InboxItem::Import { .. } => false,
    }
}
