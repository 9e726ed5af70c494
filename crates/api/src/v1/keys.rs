//! Keys of programs: which there are, making and revoking them.
//!
//! A key that may do this can give away only what it has itself.

use super::{
    asked::{Asked, Body, In, Nothing},
    caller::{Caller, KeysWrite},
    once::IdempotencyKey,
    openapi::{Api, Done, Made, Time, about},
};
use crate::{
    keys::{self, KeyError},
    problem::Problem,
    state::Shared,
};
use axum::extract::State;
use http::StatusCode;
use model::Instant;
use runtime::{ApiKey, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The routes of keys.
pub(super) fn routes(api: Api) -> Api {
    let list = about("listKeys", "List keys").says("Every key, revoked ones included; never what it proves itself by.");
    let create = about("createKey", "Make a key")
        .says(
            "The key itself is in this answer and nowhere else; a repetition with the same Idempotency-Key tells it again until the server \
             restarts. A key gives away only scopes that it has itself.",
        )
        .leads_to(201, "/keys/{key}", "/key/id")
        .refuses(409, "exists", "there is a key of this name that opens something")
        .refuses(409, "token_gone", "this request made its key before, and what it proves itself by is not known here any more");
    let revoke = about("revokeKey", "Revoke a key").says("From the answer on it opens nothing.").refuses(
        404,
        "no_key",
        "there is no such key that opens something",
    );
    api.get("/keys", self::list, list).post("/keys", self::create, create).delete("/keys/{key}", self::revoke, revoke)
}

/// A key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct Shown {
    /// The part of the key that may be shown.
    id: String,
    /// Whose it is.
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// How often it may ask in a minute.
    per_minute: u32,
    /// When it was made.
    created_at: Time,
    /// When it was used last.
    last_used: Option<Time>,
    /// Since when it opens nothing any more.
    revoked_at: Option<Time>,
}

impl Shown {
    fn of(key: &ApiKey, used: Option<Instant>) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            per_minute: key.per_minute,
            created_at: key.created_at.into(),
            last_used: used.map(Time),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}

/// Every key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Keys")]
pub(crate) struct All {
    /// The keys.
    keys: Vec<Shown>,
}

/// `GET /api/v1/keys`
pub(crate) async fn list(_: Caller<KeysWrite>, Asked(Nothing {}): Asked<Nothing>, State(server): State<Shared>) -> axum::Json<All> {
    let keys = server.handle.api_keys().await;
    axum::Json(All { keys: keys.iter().map(|(key, used)| Shown::of(key, *used)).collect() })
}

/// A key that is to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// Whose it is; what the journey of a contact says of what it did.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// What it may do, such as `contacts:read`.
    #[schemars(length(min = 1, max = 64))]
    scopes: Vec<String>,
    /// How often it may ask in a minute; 6,000 if nothing is said.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    per_minute: Option<u32>,
}

/// A key that was made, with what it proves itself by.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MadeKey")]
pub(crate) struct Told {
    /// The key as it is kept.
    key: Shown,
    /// The key itself, told this once.
    token: String,
}

/// `POST /api/v1/keys`
pub(crate) async fn create(
    caller: Caller<KeysWrite>,
    State(server): State<Shared>,
    once: IdempotencyKey,
    Body(NewKey { name, scopes, per_minute }): Body<NewKey>,
) -> Result<Made<Told>, Problem> {
    for scope in scopes.iter().filter_map(|name| Scope::named(name)) {
        caller.must(scope)?;
    }
    let said = json!([name, scopes, per_minute]).to_string();
    let claim = server.once.claim(&server.handle, &caller.id(), "key", &once, &said, || Ok(keys::new_id())).await?;
    let made =
        |key: &ApiKey, used, token| Made { place: format!("/keys/{}", key.id), body: Told { key: Shown::of(key, used), token }, tag: None };
    if claim.repeated
        && let Some((key, used)) = server.handle.api_keys().await.into_iter().find(|(key, _)| key.id == claim.id)
    {
        let token = server.once.token(&key.id).ok_or_else(|| {
            let detail = "this key was made before, and its token was told then; revoke it, and make another with a new Idempotency-Key";
            Problem::new(StatusCode::CONFLICT, "token_gone", detail).with("id", json!(key.id))
        })?;
        return Ok(made(&key, used, token));
    }
    let (key, token) = keys::create_as(&server.handle, claim.id, &name, &scopes, per_minute).await?;
    if once.0.is_some() {
        server.once.keep_token(&key.id, &token);
    }
    Ok(made(&key, None, token))
}

/// `DELETE /api/v1/keys/{key}`
pub(crate) async fn revoke(_: Caller<KeysWrite>, In(key): In<String>, State(server): State<Shared>) -> Result<Done, Problem> {
    keys::revoke_id(&server.handle, &key).await?;
    Ok(Done)
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Exists(_) => Self::new(StatusCode::CONFLICT, "exists", detail),
            KeyError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "no_key", "there is no such key that opens anything"),
            KeyError::Invalid(_) => Self::invalid(detail),
            KeyError::Write(error) => error.into(),
        }
    }
}
