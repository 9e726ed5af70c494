//! Everything that is kept about one person, as JSON for the person themselves: complete first, tidy second.

use model::{Attachment, ContactId, Conversation, Person, Record, TranscriptEntry, Value};
use runtime::{Handle, WriteError, privacy::files_of};
use serde_json::{Value as Json, json};

/// Transcript lines read at once.
const LINES: usize = 500;

/// Everything.
pub(crate) struct Data {
    pub contact: ContactId,
    pub profile: Json,
    pub conversations: Vec<Json>,
    pub waiting: Json,
    pub journey: Vec<Json>,
    pub events: Vec<Json>,
    pub attachments: Vec<Json>,
}

fn plain(record: &Record) -> Json {
    record.iter().map(|(name, value)| (name.clone(), Value::to_json(value))).collect::<serde_json::Map<_, _>>().into()
}

/// As it is kept; an instant is microseconds since 1970 there, and a time that people read beside it.
fn kept(value: &impl serde::Serialize) -> Json {
    let mut json = serde_json::to_value(value).unwrap_or_default();
    if let Some(fields) = json.as_object_mut()
        && let Some(at) = fields.get("at").and_then(Json::as_i64)
    {
        fields.insert("time".into(), model::Instant(at).to_string().into());
    }
    json
}

/// What is kept about a contact, or about the one it was merged into; none if there is no such contact.
///
/// # Errors
/// [`WriteError::Unavailable`] if not all of it can be read.
pub(crate) async fn of(handle: &Handle, contact: ContactId) -> Result<Option<Data>, WriteError> {
    let Some(mut person) = handle.person(contact).await? else { return Ok(None) };
    // Some merge into some other; the id leads on.
    for _ in 0..64 {
        let Some(into) = person.contact.merged_into else { break };
        let Some(other) = handle.person(into).await? else { return Ok(None) };
        person = other;
    }
    let of = &person.contact;
    let consents: Vec<Json> = of
        .consents
        .iter()
        .map(|(key, consent)| {
            let (topic, channel) = model::Consent::parts(key);
            json!({
                "topic": topic, "channel": channel, "given": consent.given, "time": consent.at.to_string(),
                "source": kept(&consent.by), "proof": consent.proof,
            })
        })
        .collect();
    let profile = json!({
        "name": of.display_name(),
        "status": of.status,
        "source": of.source,
        "first_seen": of.first_seen.to_string(),
        "last_seen": of.last_seen.to_string(),
        "attributes": plain(&of.attributes),
        "system": plain(&of.system),
        "tags": of.tags.values().map(kept).collect::<Vec<_>>(),
        "notes": of.notes.iter().map(kept).collect::<Vec<_>>(),
        "identifiers": of.identifiers.iter().map(kept).collect::<Vec<_>>(),
        "addresses": of.addresses.iter().map(kept).collect::<Vec<_>>(),
        "consents": consents,
        "lists": of.lists.keys().collect::<Vec<_>>(),
        "segments": of.memberships.keys().collect::<Vec<_>>(),
        "merged_from": of.absorbed.iter().map(|one| one.id).collect::<Vec<_>>(),
    });
    let (mut conversations, mut attachments) = (Vec::new(), Vec::new());
    for conversation in &person.conversations {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let page = handle.transcript(of.id, conversation.id, after, LINES).await?;
            let full = page.len() == LINES;
            after = page.last().map_or(after, TranscriptEntry::no);
            for line in page {
                if let TranscriptEntry::Message(message) = &line {
                    attachments.extend(files_of(&message.content).map(|file| attached(file, conversation.id, message.no)));
                }
                lines.push(kept(&line));
            }
            if !full {
                break;
            }
        }
        conversations.push(json!({
            "id": conversation.id, "channel": conversation.address.channel, "address": conversation.address.id, "lines": lines,
            "removed": handle.forgotten_lines(&person, conversation.id).await?,
        }));
    }
    let mut journey: Vec<Json> = handle.newest_journey(of.id, 0, usize::MAX).await?.iter().map(kept).collect();
    journey.reverse();
    let mut events: Vec<Json> = handle.events(of.id, 0, usize::MAX).await?.iter().map(|event| {
        json!({ "id": event.id, "name": event.name, "time": event.at.to_string(), "fields": plain(&event.fields), "by": kept(&event.by) })
    }).collect();
    events.reverse();
    Ok(Some(Data { contact: of.id, profile, conversations, waiting: waiting(&person), journey, events, attachments }))
}

/// What is under way, as it is kept: of each conversation its runs with their variables and the answers so far, timers, choices that can
/// still be pressed, starts that wait, and the request for a human; what came and is not handled yet, or was set aside; calls to the outside.
fn waiting(person: &Person) -> Json {
    let of_conversation = |conversation: &Conversation| {
        json!({
            "conversation": conversation.id, "runs": conversation.runs, "timers": conversation.timers, "choices": conversation.choices,
            "starts": conversation.pending, "request": conversation.request,
        })
    };
    json!({
        "conversations": person.conversations.iter().map(of_conversation).collect::<Vec<_>>(),
        "received": person.inbox.iter().map(kept).collect::<Vec<_>>(),
        "set_aside": person.parked.values().map(kept).collect::<Vec<_>>(),
        "calls": person.calls,
    })
}

fn attached(file: &Attachment, conversation: model::ConversationId, line: u64) -> Json {
    json!({
        "conversation": conversation, "line": line, "name": file.name, "type": file.mime, "bytes": file.size, "sha256": file.blob.0,
    })
}
