//! Who calls: a program with a key. Established before anything else, then held against the scope its request needs.

use super::rate::Left;
use crate::{keys, problem::Problem, state::Shared};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use model::Actor;
use runtime::{ApiKey, Scope};
use serde_json::json;
use std::{marker::PhantomData, sync::Arc};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Lets requests with a key through, as often as the key may.
pub(crate) async fn known(State(server): State<Shared>, mut request: Request, next: Next) -> Response {
    let key = match of(&server, request.headers()).await {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    server.handle.api_key_used(&key.id);
    let (allowed, left) = server.rates.take(&key.id, key.per_minute, server.handle.now());
    let mut response = if allowed {
        request.extensions_mut().insert(key);
        next.run(request).await
    } else {
        let detail = format!("this key may ask {} times a minute; wait {} s", left.limit, left.reset);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).retry_after(left.reset).into_response()
    };
    tell(response.headers_mut(), &left);
    response
}

fn tell(headers: &mut HeaderMap, left: &Left) {
    headers.insert(LIMIT, HeaderValue::from(left.limit));
    headers.insert(REMAINING, HeaderValue::from(left.remaining));
    headers.insert(RESET, HeaderValue::from(left.reset));
}

async fn of(server: &Shared, headers: &HeaderMap) -> Result<Arc<ApiKey>, Problem> {
    let refused = |code: &'static str, detail: &str, challenge: &'static str| {
        Problem::new(StatusCode::UNAUTHORIZED, code, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    };
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(refused("no_key", "send a key as \"Authorization: Bearer sbk_…\"", "Bearer realm=\"switchboard\""));
    };
    let token = value.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let key = match token {
        Some((_, token)) => keys::of(&server.handle, token.trim()).await,
        None => None,
    };
    let detail = "this key opens nothing: it is mistyped, or it was revoked";
    key.ok_or_else(|| refused("bad_key", detail, "Bearer realm=\"switchboard\", error=\"invalid_token\""))
}

/// A scope as a type, so that a handler says in its signature what it needs.
pub(crate) trait Needs: Send + Sync {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident),*) => {$(
        pub(crate) struct $name;
        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}
needs!(ContactsRead, ContactsWrite, SegmentsRead, SegmentsWrite, EventsWrite);

/// A program whose key has the scope.
pub(crate) struct Caller<N> {
    pub(crate) key: Arc<ApiKey>,
    needs: PhantomData<N>,
}

impl<N> Caller<N> {
    /// Who did it, for the journey.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Api(self.key.name.clone())
    }

    /// Whether its key has another scope as well.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.key.scopes.contains(&scope)
    }

    /// The same, as a refusal that says which scope is missing.
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) { Ok(()) } else { Err(lacking(&self.key, scope)) }
    }
}

fn lacking(key: &ApiKey, scope: Scope) -> Problem {
    let name = scope.name();
    let has = key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ");
    let detail = format!("this needs the scope {name}; key \"{}\" has {has}", key.name);
    let challenge = format!("Bearer realm=\"switchboard\", error=\"insufficient_scope\", scope=\"{name}\"");
    Problem::new(StatusCode::FORBIDDEN, "scope", detail)
        .with("scope", json!(name))
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_str(&challenge).expect("scopes are visible ASCII"))
}

impl<N: Needs> FromRequestParts<Shared> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        // A route outside of the layer that finds the key out is answered nothing.
        let key = parts.extensions.get::<Arc<ApiKey>>().cloned().ok_or_else(Problem::internal)?;
        let caller = Self { key, needs: PhantomData };
        caller.must(N::SCOPE)?;
        Ok(caller)
    }
}
