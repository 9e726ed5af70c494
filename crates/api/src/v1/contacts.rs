//! Contacts, as programs and the console see, make and change them.

mod changes;
mod shown;
pub(crate) mod story;

pub(crate) use shown::Contact;

use super::{
    asked::{Asked, Body, IfMatch, In, Nothing, Page, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite, SegmentsRead},
    once::IdempotencyKey,
    openapi::{Any, Api, ContactRef, Made, Tagged, about},
    segments::{ConditionFault, read_condition},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use changes::{NewContact, Patch};
use model::{ContactId, Person};
use runtime::{Scope, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shown::{InSegment, segments_of};

/// The routes of contacts.
pub(super) fn routes(api: Api) -> Api {
    let list = about("listContacts", "List contacts")
        .says("Everybody, page by page; with `where` those for whom a condition holds now, and how many they are.")
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where")
        .refuses(429, "busy", "too many ask of everybody at once");
    let create = about("createContact", "Make a contact")
        .says(
            "Somebody who has not written yet. A verified identifier that another contact has makes the two one: the answer is that contact. \
             With contacts:write alone the answer has the id and nothing else.",
        )
        .leads_to(201, "/contacts/{contact}", "/id")
        .refuses(422, "invalid", "a value does not fit; `field` says which");
    let show = about("getContact", "Show a contact").says("With `segments` for those who may see segments.").refuses(
        404,
        "no_contact",
        "there is no such contact",
    );
    let patch = about("updateContact", "Change a contact")
        .says(
            "All of it or nothing, in one step of the contact. With If-Match it is done only if nobody changed the contact since; a message \
             that came meanwhile is no change. With contacts:write alone the answer has the id and nothing else.",
        )
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(422, "invalid", "a value does not fit; `field` says which")
        .refuses(429, "too_many", "too much waits for this contact");
    let segments = about("listContactSegments", "List the segments a contact is in").refuses(404, "no_contact", "there is no such contact");
    api.get("/contacts", self::list, list)
        .post("/contacts", self::create, create)
        .get("/contacts/{contact}", self::show, show)
        .patch("/contacts/{contact}", self::patch, patch)
        .get("/contacts/{contact}/segments", self::segments, segments)
}

/// Whom to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// A condition, such as `orders >= 3 and has tag vip`; everybody without one.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// A page of contacts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContactPage {
    /// The contacts.
    contacts: Vec<Contact>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
    /// For how many the condition holds; only with `where`.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// What is odd about the condition, such as a tag that nobody has; only with `where`.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<ConditionFault>>,
}

/// `GET /api/v1/contacts`: everybody, or those for whom a condition holds now, page by page.
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    Asked(Find { condition, cursor, limit }): Asked<Find>,
    State(server): State<Shared>,
) -> Result<axum::Json<ContactPage>, Problem> {
    let page = Page { cursor, limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let (people, next, total, warnings) = match condition {
        Some(text) => {
            let (condition, odd) = read_condition(&server.handle, &json!(text))?;
            let (page, total) = server.handle.select(&condition, after, limit).await?;
            // Whoever goes meanwhile is left out; that is no end.
            (server.handle.people_of(page.ids).await?, page.next, Some(total), Some(odd))
        }
        None => {
            let mut people = server.handle.people(after, limit + 1).await?;
            let more = people.len() > limit;
            people.truncate(limit);
            let last = people.last().map(|person| person.contact.id);
            (people, last.filter(|_| more), None, None)
        }
    };
    let next_cursor = next.map(|id| id.to_string());
    let now = server.handle.now();
    let contacts = people.iter().filter(|person| !person.contact.is_merged_away()).map(|person| Contact::of(person, now)).collect();
    Ok(axum::Json(ContactPage { contacts, next_cursor, total, warnings }))
}

/// `GET /api/v1/contacts/{contact}`: who they are; their segments as well if the caller may see segments.
pub(crate) async fn show(
    caller: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<Tagged<Contact>, Problem> {
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let mut body = Contact::of(&person, server.handle.now());
    if caller.may(Scope::SegmentsRead) {
        body.segments = Some(segments_of(&server.handle, &person));
    }
    body.campaigns = Some(story::campaigns(&server.handle, &person).await?);
    let computed = server.handle.computed(&person).await;
    body.computed = Some(computed.into_iter().map(|(name, _, value)| (name, Any(value.to_json()))).collect());
    Ok(Tagged { body, tag: Some(tag(&person)) })
}

/// What a change can be made to depend on.
fn tag(person: &Person) -> String {
    format!("{:016x}", person.contact.edition())
}

/// The segments a contact is in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContactSegments {
    /// Whose.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// The segments, by key.
    segments: Vec<InSegment>,
}

/// `GET /api/v1/contacts/{contact}/segments`: the segments they are in now.
pub(crate) async fn segments(
    _: Caller<SegmentsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<ContactSegments>, Problem> {
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    Ok(axum::Json(ContactSegments { contact, segments: segments_of(&server.handle, &person) }))
}

/// A contact that was made or changed: all of it for those who may see contacts.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ContactOrId")]
pub(crate) enum Changed {
    /// The contact.
    Whole(Box<Contact>),
    /// Which it is, for callers who may not see contacts.
    Id(OnlyId),
}

/// Which contact it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactOnlyId")]
pub(crate) struct OnlyId {
    /// The contact.
    #[schemars(with = "ContactRef")]
    id: ContactId,
}

impl Changed {
    fn of(caller: &Caller<ContactsWrite>, person: &Person, server: &Shared) -> Self {
        if caller.may(Scope::ContactsRead) {
            Self::Whole(Box::new(Contact::of(person, server.handle.now())))
        } else {
            Self::Id(OnlyId { id: person.contact.id })
        }
    }
}

/// `POST /api/v1/contacts`: somebody who has not written yet.
pub(crate) async fn create(
    caller: Caller<ContactsWrite>,
    State(server): State<Shared>,
    once: IdempotencyKey,
    Body(new): Body<NewContact>,
) -> Result<Made<Changed>, Problem> {
    let said = new.said();
    let (source, changes) = new.read(&server.handle)?;
    let new = || Ok(server.handle.new_contact_id().to_string());
    let claim = server.once.claim(&server.handle, &caller.id(), "contact", &once, &said, new).await?;
    let id: ContactId = claim.id.parse().map_err(|_| Problem::internal())?;
    server.handle.create_contact(id, &source, changes, caller.actor()).await?;
    // A verified identifier may have made them one with somebody who is known.
    let person = server.handle.person(id).await?.ok_or_else(no_contact)?;
    let place = format!("/contacts/{}", person.contact.id);
    Ok(Made { body: Changed::of(&caller, &person, &server), place, tag: Some(tag(&person)) })
}

/// `PATCH /api/v1/contacts/{contact}`: changes them, in one step of the contact.
pub(crate) async fn patch(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    expected: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Tagged<Changed>, Problem> {
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let changes = patch.read(&server.handle, &person.contact)?;
    let done = match expected {
        IfMatch::Anything | IfMatch::Present => server.handle.modify(contact, changes, caller.actor()).await,
        IfMatch::Tags(tags) => {
            let read = tag(&person);
            if !tags.contains(&read) {
                return Err(WriteError::Changed.into());
            }
            server.handle.amend(contact, person.contact.edition(), changes, caller.actor()).await
        }
    };
    done.map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })?;
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    Ok(Tagged { body: Changed::of(&caller, &person, &server), tag: Some(tag(&person)) })
}
