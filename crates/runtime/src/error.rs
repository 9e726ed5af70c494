//! What can go wrong for those who call the [`crate::Handle`].

/// Why the desk did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// Somebody else has it.
    #[error("{by} has this chat already")]
    Taken {
        /// Their name.
        by: String,
    },
    /// There is no such request, or it was closed.
    #[error("this chat is not at the desk any more; reload the list")]
    NotFound,
    /// The agent does not own the chat.
    #[error("take the chat first; it is not yours")]
    NotYours,
    /// The chat is of a group the agent is not in, or the agent is disabled.
    #[error("this chat belongs to a group you are not in")]
    NotAllowed,
    /// The message says nothing.
    #[error("the message is empty; write something or attach a file")]
    Empty,
    /// The message is too long.
    #[error("the message is too long; send it in parts of at most 16 KiB and 32 files")]
    TooLong,
    /// A file of the message was removed meanwhile: it was kept no longer, or whoever had it was erased.
    #[error("the file \"{0}\" is not there any more: it was removed; upload it again")]
    FileGone(String),
    /// The chosen skill does not exist.
    #[error("there is no skill \"{0}\" to go on with")]
    NoSuchSkill(String),
    /// Too much waits already for this contact (FL 5.10).
    #[error("too much waits for this contact; try again shortly")]
    TooMany,
    /// It broke three times and was set aside (FL 5.7).
    #[error("this could not be processed and was set aside; the operator's log says why")]
    Parked,
    /// The runtime starts, stops or its store failed.
    #[error("the server is not ready; try again shortly")]
    Unavailable,
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is no such contact.
    #[error("there is no such contact")]
    NotFound,
    /// The change makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Somebody changed the contact since it was read.
    #[error("the contact was changed meanwhile; read it again, then decide")]
    Changed,
    /// Too much waits already for this contact (FL 5.10).
    #[error("too much waits for this contact; try again shortly")]
    TooMany,
    /// It broke three times and was set aside (FL 5.7).
    #[error("this could not be processed and was set aside; the operator's log says why")]
    Parked,
    /// The runtime starts, stops or its store failed.
    #[error("the server is not ready; try again shortly")]
    Unavailable,
}
