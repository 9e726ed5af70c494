//! Tags over everybody: which there are, and how many contacts have each.

use super::{
    asked::{Asked, Page},
    caller::{Caller, ContactsRead},
    openapi::{Api, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use runtime::TagUse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The routes of tags.
pub(super) fn routes(api: Api) -> Api {
    let list = about("listTags", "List tags")
        .says("Every tag that somebody has, by name, with how many have it; `begins` narrows it to tags that begin so.")
        .refuses(429, "busy", "too many ask of everybody at once");
    api.get("/tags", self::list, list)
}

/// Which tags to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindTags {
    /// How the tag begins; case does not matter.
    #[serde(default)]
    #[schemars(length(max = 64))]
    begins: String,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// A tag that somebody has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tag")]
struct Used {
    /// As it is written.
    label: String,
    /// How many contacts have it.
    count: u64,
}

/// A page of tags.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TagPage {
    /// The tags.
    tags: Vec<Used>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
}

/// `GET /api/v1/tags`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    Asked(FindTags { begins, cursor, limit }): Asked<FindTags>,
    State(server): State<Shared>,
) -> Result<axum::Json<TagPage>, Problem> {
    let limit = Page { cursor: None, limit }.limit()?;
    let mut found = server.handle.tags(&begins, cursor.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().map(|tag| tag.label.clone()).filter(|_| more);
    let tags = found.into_iter().map(|TagUse { label, count }| Used { label, count }).collect();
    Ok(axum::Json(TagPage { tags, next_cursor }))
}
