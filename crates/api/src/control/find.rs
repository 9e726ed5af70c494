//! `contacts find` and `contacts query` of the command line: people by what they are called, and by a condition.

use super::ControlError;
use crate::v1;
use crm::directory::keys_of;
use model::{ContactId, IdentifierKind, Person};
use runtime::Handle;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most contacts of one page.
const MOST: usize = 1_000;
/// The most people of one page of what was said.
const PEOPLE: usize = 100;

/// Who is called so, best first, and how many there are.
pub(super) async fn find(handle: &Handle, text: &str, limit: usize) -> Result<Value, ControlError> {
    let found = handle.find(text, limit).await?;
    Ok(json!({ "contacts": lines(handle, &found.people), "total": found.total }))
}

/// In whose chats these words were said, newest first.
pub(super) async fn said(handle: &Handle, text: &str, limit: usize, cursor: Option<&str>) -> Result<Value, ControlError> {
    let cursor =
        cursor.map(str::parse).transpose().map_err(|()| ControlError::Find("--after takes what the page before ended with".into()))?;
    let page = handle.find_said(text, cursor, limit.clamp(1, PEOPLE)).await.map_err(|error| ControlError::Find(error.to_string()))?;
    let found = v1::FoundMessages::of(page, handle.now());
    serde_json::to_value(found).map_err(|error| ControlError::Find(error.to_string()))
}

/// For whom a condition holds now, page by page, and how many they are.
pub(super) async fn query(handle: &Handle, condition: &str, after: Option<ContactId>, limit: usize) -> Result<Value, ControlError> {
    let limit = limit.clamp(1, MOST);
    let refused = |error| ControlError::Segments(v1::told(&error));
    let (condition, warnings) = v1::read_condition(handle, &json!(condition)).map_err(refused)?;
    let (page, total) = handle.select(&condition, after, limit).await.map_err(refused)?;
    let people = handle.people_of(page.ids).await?;
    Ok(json!({ "contacts": lines(handle, &people), "total": total, "next_cursor": page.next, "warnings": warnings }))
}

fn lines(handle: &Handle, people: &[Arc<Person>]) -> Vec<Value> {
    let bot = handle.bot();
    let line = |person: &Arc<Person>| {
        let contact = &person.contact;
        let keys = keys_of(contact, bot.attributes());
        let known = |kind: IdentifierKind| keys.iter().find(|(of, _)| *of == kind).map(|(_, value)| value.clone());
        json!({
            "id": contact.id,
            "name": contact.display_name(),
            "email": known(IdentifierKind::Email),
            "phone": known(IdentifierKind::Phone),
            "external": known(IdentifierKind::External),
            "status": contact.status,
            "channels": contact.addresses.iter().map(|reach| &reach.address.channel).collect::<Vec<_>>(),
            "first_seen": contact.first_seen.to_string(),
            "last_seen": contact.last_seen.to_string(),
        })
    };
    people.iter().map(line).collect()
}
