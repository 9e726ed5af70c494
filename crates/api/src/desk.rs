//! The desk: signing in and out, the lists, what the agent chose.

use crate::{
    agents, body::Json, conversation::Nothing, files::FILE_LIMIT, peer::Peer, principal::SignedIn, problem::Problem, session,
    state::Shared, view,
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use runtime::Agent;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    login: String,
    password: String,
}

fn who(agent: &Agent) -> Value {
    json!({ "id": agent.id, "name": agent.name, "login": agent.login, "groups": agent.groups })
}

/// `POST /console/api/sign-in`. An unknown login, a wrong password and a disabled agent look and last the same.
pub(crate) async fn sign_in(
    State(server): State<Shared>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(given): Json<Credentials>,
) -> Result<Response, Problem> {
    let wrong = || Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials", "the login or the password is not right");
    if given.login.len() > 256 || given.password.len() > crate::password::LONGEST {
        return Err(wrong());
    }
    let login = agents::login_key(&given.login);
    server.limiter.begin(&login, peer, server.handle.now()).map_err(|secs| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", "too many tries; wait before the next one").retry_after(secs)
    })?;
    let agent = server.handle.agent_by_login(&login).await.filter(|a| !a.disabled);
    let hash = agent.as_ref().map(|a| a.password_hash.clone());
    let right = server.passwords.check(given.password, hash).await.map_err(|_| Problem::unavailable())?;
    let Some(agent) = agent.filter(|_| right) else { return Err(wrong()) };
    server.limiter.succeeded(&login, peer);
    let secure = server.options.secure();
    // A new sign-in is a new token; what the browser had before is worth nothing from now on.
    if let Some(old) = session::token(&headers, secure) {
        session::end(&server.handle, &old).await?;
    }
    let token = session::begin(&server.handle, agent.id).await?;
    let mut response = axum::Json(json!({ "agent": who(&agent) })).into_response();
    response.headers_mut().insert(header::SET_COOKIE, session::cookie(secure, Some(&token)));
    Ok(response)
}

/// `POST /console/api/sign-out`
pub(crate) async fn sign_out(signed_in: SignedIn, State(server): State<Shared>, _: Json<Nothing>) -> Result<Response, Problem> {
    session::end(&server.handle, &signed_in.token).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, session::cookie(server.options.secure(), None));
    Ok(response)
}

/// `GET /console/api/me`
pub(crate) async fn me(signed_in: SignedIn, State(server): State<Shared>) -> Result<axum::Json<Value>, Problem> {
    let desk = server.handle.desk(signed_in.agent.id).await?;
    Ok(axum::Json(json!({
        "agent": who(&signed_in.agent),
        "bot": server.handle.bot().name(),
        "accepting": desk.accepting,
        "file_limit": FILE_LIMIT,
    })))
}

/// `GET /console/api/desk`
pub(crate) async fn desk(signed_in: SignedIn, State(server): State<Shared>) -> Result<axum::Json<Value>, Problem> {
    let mut out = view::desk(&server.handle.desk(signed_in.agent.id).await?);
    // Whoever changes the bot is told at the desk as well: customers talk to the bot as it was.
    out["reload_error"] = json!(server.handle.health().reload_error.map(|e| json!({ "why": e.why, "first": e.first })));
    Ok(axum::Json(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accepting {
    accepting: bool,
}

/// `POST /console/api/accepting`
pub(crate) async fn accepting(
    signed_in: SignedIn,
    State(server): State<Shared>,
    Json(choice): Json<Accepting>,
) -> Result<StatusCode, Problem> {
    server.handle.set_accepting(signed_in.agent.id, choice.accepting).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /console/api/skills`: those an agent can go on with.
pub(crate) async fn skills(_: SignedIn, State(server): State<Shared>) -> axum::Json<Value> {
    axum::Json(json!({ "skills": server.handle.bot().skills() }))
}
