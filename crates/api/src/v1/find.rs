//! Finding people as somebody types.

use super::{
    asked::Asked,
    caller::{Caller, ContactsRead},
    contacts::Contact,
    openapi::{Api, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many are named, if nothing is said, and at the most.
const NAMED: usize = 20;
const MOST: usize = 100;
/// The longest text, in characters.
const TEXT: usize = 200;

/// The route.
pub(super) fn routes(api: Api) -> Api {
    let find = about("findContacts", "Find people as you type").says(
        "By name, user name, e-mail address, phone number in any spelling, external id, the beginning of a contact's id, or a whole address \
         such as `telegram:4711`. Accents, case and the width of letters do not count; every word must occur. Best first: who is called exactly \
         that, then those in whom every word begins a word, then the others; of equals those who were active last.",
    ).refuses(429, "busy", "too many look for people at once");
    api.get("/contacts/find", self::find, find)
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    /// What somebody typed.
    #[schemars(length(max = 200))]
    q: String,
    /// How many to name; 20 if nothing is said.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// Who was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundContacts {
    /// The best ones, best first.
    contacts: Vec<Contact>,
    /// How many there are, all told.
    total: u64,
}

/// `GET /api/v1/contacts/find`
pub(crate) async fn find(
    _: Caller<ContactsRead>,
    Asked(Typed { q, limit }): Asked<Typed>,
    State(server): State<Shared>,
) -> Result<axum::Json<FoundContacts>, Problem> {
    let bad = |why: String| Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", why));
    let limit = limit.unwrap_or(NAMED);
    if !(1..=MOST).contains(&limit) {
        return bad(format!("limit is 1 to {MOST}"));
    }
    if q.chars().count() > TEXT {
        return bad(format!("q has at most {TEXT} characters"));
    }
    let found = server.handle.find(&q, limit).await?;
    let now = server.handle.now();
    Ok(axum::Json(FoundContacts { contacts: found.people.iter().map(|person| Contact::of(person, now)).collect(), total: found.total }))
}
