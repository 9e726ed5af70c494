//! What was said: messages found by their words, and the transcript around one.

use super::{
    asked::{Asked, In, no_contact},
    caller::{Caller, ContactsRead},
    contacts::Contact,
    openapi::{Api, ContactRef, Id, Time, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use http::StatusCode;
use model::{Author, ContactId, ConversationId, Message, Person, TranscriptEntry};
use runtime::{SaidBy, SaidCursor, SaidPage, Unsearchable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// People of a page, if nothing is said, and at the most.
const FOUND: usize = 20;
const MOST: usize = 100;
/// Lines of a transcript, likewise.
const LINES: usize = 50;
const MOST_LINES: usize = 200;
/// The longest text, in characters.
const TEXT: usize = 200;

/// The routes.
pub(super) fn routes(api: Api) -> Api {
    let find = about("findMessages", "Find people by what was said in their chats")
        .says(
            "Who has a message with all of these words, whoever said it, newest first, each person once on a page with the newest such \
             message. Words may be parts of words, in any script; accents, case and the width of letters do not count. An answer takes a \
             second at the most: with `next_cursor` there may be nothing on this page and something on the next.",
        )
        .refuses(429, "busy", "too many search messages at once")
        .refuses(503, "unavailable", "messages cannot be searched now; try again shortly");
    let list = about("listMessages", "Read a conversation")
        .says(
            "Lines of one conversation of a contact in the order in which they were said: the last ones, those after or before a line, or \
             those around one.",
        )
        .refuses(404, "no_contact", "there is no such contact");
    api.get("/messages", self::find, find).get("/contacts/{contact}/messages", self::list, list)
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The words.
    #[schemars(length(max = 200))]
    text: String,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many people; 20 if nothing is said.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// People in whose chats the words were said.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundMessages {
    /// Newest first.
    found: Vec<FoundMessage>,
    /// Where the next page begins; null after the last. A person may come again there with an older message.
    next_cursor: Option<String>,
    /// Whether all messages were looked at. After an unusual stop older ones are read anew in the background; until then some may be
    /// missing.
    complete: bool,
}

/// Somebody, and the newest message with the words.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundMessage {
    /// Who.
    contact: Contact,
    /// The message.
    message: Said,
    /// The part of it with the words, in pieces to be shown one after the other.
    excerpt: Vec<Piece>,
}

/// A piece of a text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExcerptPiece")]
struct Piece {
    /// What it says.
    text: String,
    /// Whether it is what was looked for.
    hit: bool,
}

/// A message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(crate) struct Said {
    #[schemars(with = "Id")]
    id: String,
    /// In which conversation.
    #[schemars(with = "Id")]
    conversation: ConversationId,
    /// On which channel.
    channel: String,
    /// Its line in the transcript.
    no: u64,
    /// When it was said.
    at: Time,
    /// Who said it: `customer`, `bot`, `agent` or `system`.
    from: &'static str,
    /// The agent's name.
    name: Option<String>,
    /// The bot's block, `skill.block`.
    block: Option<String>,
    /// The text, or the caption of the files; may be empty.
    text: String,
    /// The names of its files, then titles of its cards.
    files: Vec<String>,
    /// What the buttons under it say.
    buttons: Vec<String>,
}

impl Said {
    fn of(person: &Person, conversation: ConversationId, message: &Message) -> Self {
        let (from, name, block) = match &message.author {
            Author::Customer => ("customer", None, None),
            Author::Bot { skill, block } => ("bot", None, Some(format!("{skill}.{block}"))),
            Author::Agent { name, .. } => ("agent", Some(name.clone()), None),
            Author::System => ("system", None, None),
        };
        let content = &message.content;
        let names = content.attachments.iter().map(|file| &file.name).chain(content.linked.iter().map(|file| &file.name));
        Self {
            id: message.id.to_string(),
            conversation,
            channel: person.conversation(conversation).map(|found| found.address.channel.clone()).unwrap_or_default(),
            no: message.no,
            at: message.at.into(),
            from,
            name,
            block,
            text: content.text.clone(),
            files: names.chain(content.cards.iter().map(|card| &card.title)).filter(|name| !name.is_empty()).cloned().collect(),
            buttons: content.choices().map(|choice| choice.label.clone()).collect(),
        }
    }
}

fn wrong(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_query", why.into())
}

impl FoundMessages {
    /// A page as it is told.
    pub(crate) fn of(page: SaidPage, now: model::Instant) -> Self {
        let found = |SaidBy { person, conversation, message, excerpt }: SaidBy| FoundMessage {
            contact: Contact::of(&person, now),
            message: Said::of(&person, conversation, &message),
            excerpt: excerpt.into_iter().map(|piece| Piece { text: piece.text, hit: piece.hit }).collect(),
        };
        Self {
            found: page.found.into_iter().map(found).collect(),
            next_cursor: page.next.map(|cursor| cursor.to_string()),
            complete: page.whole,
        }
    }
}

/// `GET /api/v1/messages`
pub(crate) async fn find(
    _: Caller<ContactsRead>,
    Asked(Wanted { text, cursor, limit }): Asked<Wanted>,
    State(server): State<Shared>,
) -> Result<axum::Json<FoundMessages>, Problem> {
    let limit = limit.unwrap_or(FOUND);
    if !(1..=MOST).contains(&limit) {
        return Err(wrong(format!("limit is 1 to {MOST}")));
    }
    if text.chars().count() > TEXT {
        return Err(wrong(format!("text has at most {TEXT} characters")));
    }
    let cursor: Option<SaidCursor> = match cursor.map(|text| text.parse()).transpose() {
        Ok(cursor) => cursor,
        Err(()) => return Err(wrong("cursor is the next_cursor of a page before")),
    };
    let page = server.handle.find_said(&text, cursor, limit).await;
    let page = page.map_err(unsearched)?;
    Ok(axum::Json(FoundMessages::of(page, server.handle.now())))
}

fn unsearched(error: Unsearchable) -> Problem {
    let detail = error.to_string();
    match error {
        Unsearchable::Now => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(2),
        Unsearchable::Busy => Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail).retry_after(2),
    }
}

/// Which lines.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The conversation; the one they wrote in last if nothing is said.
    #[schemars(length(max = 64))]
    conversation: Option<String>,
    /// Lines around this one.
    around: Option<u64>,
    /// Lines after this one.
    after: Option<u64>,
    /// Lines before this one.
    before: Option<u64>,
    /// How many lines to look at; 50 if nothing is said. Some say only what became of a message, and are not among the messages.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

impl Which {
    /// The line after which to read and how many lines, of a conversation of `end` lines whose first `gone` are kept no longer.
    fn place(&self, limit: usize, end: u64, gone: u64) -> Result<(u64, usize), Problem> {
        let whole = limit as u64;
        let after = match (self.around, self.after, self.before) {
            (None, None, None) => end.saturating_sub(whole),
            (Some(no), None, None) => no.min(end).saturating_sub(whole / 2 + 1),
            (None, Some(no), None) => no.min(end),
            (None, None, Some(no)) => no.saturating_sub(1).min(end).saturating_sub(whole),
            _ => return Err(wrong("give one of around, after and before")),
        };
        let after = after.max(gone);
        // Before a line there may be fewer than were asked for.
        let count = self.before.map_or(whole, |no| no.saturating_sub(1).min(end).saturating_sub(after));
        Ok((after, usize::try_from(count).unwrap_or(limit)))
    }
}

/// Some lines of a conversation.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Messages {
    /// Whose.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// All of their conversations.
    conversations: Vec<ConversationInfo>,
    /// Of which these lines are; null if they have none.
    #[schemars(with = "Option<Id>")]
    conversation: Option<ConversationId>,
    /// The messages, oldest first.
    messages: Vec<Said>,
    /// The first and the last line that was looked at: what comes before and after them is asked for with these.
    first: u64,
    last: u64,
    /// Whether there are lines before and after these.
    earlier: bool,
    later: bool,
}

/// A conversation.
#[derive(Serialize, JsonSchema)]
struct ConversationInfo {
    #[schemars(with = "Id")]
    id: ConversationId,
    /// On which channel.
    channel: String,
    /// When they last wrote there.
    heard_at: Option<Time>,
    /// How many lines it has.
    lines: u64,
}

/// `GET /api/v1/contacts/{contact}/messages`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(which): Asked<Which>,
    State(server): State<Shared>,
) -> Result<axum::Json<Messages>, Problem> {
    let limit = which.limit.unwrap_or(LINES);
    if !(1..=MOST_LINES).contains(&limit) {
        return Err(wrong(format!("limit is 1 to {MOST_LINES}")));
    }
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let conversation = match &which.conversation {
        None => person.conversations.iter().max_by_key(|one| (one.heard_at, one.id)),
        Some(text) => Some(text.parse().ok().and_then(|id| person.conversation(id)).ok_or_else(Problem::not_found)?),
    };
    let conversations = person.conversations.iter().map(|one| ConversationInfo {
        id: one.id,
        channel: one.address.channel.clone(),
        heard_at: one.heard_at.map(Time),
        lines: one.last_no,
    });
    let mut answer = Messages {
        contact: person.contact.id,
        conversations: conversations.collect(),
        conversation: conversation.map(|one| one.id),
        messages: Vec::new(),
        first: 0,
        last: 0,
        earlier: false,
        later: false,
    };
    let Some(conversation) = conversation else { return Ok(axum::Json(answer)) };
    let (end, gone) = (conversation.last_no, server.handle.forgotten_lines(&person, conversation.id).await?);
    let (after, count) = which.place(limit, end, gone)?;
    let mut entries =
        if count == 0 { Vec::new() } else { server.handle.transcript(person.contact.id, conversation.id, after, count).await? };
    // Where lines are kept no longer, those that are read in their place come later.
    entries.retain(|entry| which.before.is_none_or(|no| entry.no() < no));
    answer.first = entries.first().map_or(after + 1, TranscriptEntry::no);
    answer.last = entries.last().map_or(after, TranscriptEntry::no);
    answer.earlier = answer.first > 1 + gone;
    answer.later = answer.last < end;
    let message = |entry: &TranscriptEntry| match entry {
        TranscriptEntry::Message(message) => Some(Said::of(&person, conversation.id, message)),
        TranscriptEntry::Delivery(_) => None,
    };
    answer.messages = entries.iter().filter_map(message).collect();
    Ok(axum::Json(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;
    use http::header::RETRY_AFTER;

    fn place(before: Option<u64>, after: Option<u64>, gone: u64) -> (u64, usize) {
        let which = Which { conversation: None, around: None, after, before, limit: None };
        which.place(10, 100, gone).unwrap_or_else(|_| panic!("it makes sense"))
    }

    #[test]
    fn nothing_is_read_before_what_is_kept_and_nothing_after_what_was_asked_for() {
        assert_eq!(place(Some(50), None, 0), (39, 10));
        assert_eq!(place(Some(50), None, 45), (45, 4), "not ten: the others were not before the line");
        assert_eq!(place(Some(46), None, 45), (45, 0));
        assert_eq!(place(Some(20), None, 45), (45, 0));
        assert_eq!(place(None, Some(20), 45), (45, 10));
        assert_eq!(place(None, None, 95), (95, 10));
        assert_eq!(place(Some(5), None, 0), (0, 4));
    }

    #[test]
    fn a_search_that_is_not_made_says_when_to_try_again() {
        for (why, status) in [(Unsearchable::Busy, StatusCode::TOO_MANY_REQUESTS), (Unsearchable::Now, StatusCode::SERVICE_UNAVAILABLE)] {
            let response = unsearched(why).into_response();
            assert_eq!((response.status(), response.headers()[RETRY_AFTER].to_str().unwrap()), (status, "2"));
        }
    }
}
