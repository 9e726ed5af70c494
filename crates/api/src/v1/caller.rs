//! Who calls: a program with a key, or an agent who is signed in at the console. Established before anything else, then held
//! against the scope its request needs.
//!
//! An agent's browser shows the same cookie as on the console's own pages, under the same rule against other sites
//! ([`crate::guard`]). What agents may do is fixed ([`CONSOLE`]): keys give rights away, and events start flows, so both stay with
//! programs and the command line. A webhook tells another program no more than agents can download.

use super::{
    openapi::{Operation, Part},
    rate::Left,
};
use crate::{guard, keys, problem::Problem, session, state::Shared};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use model::Actor;
use runtime::{Agent, ApiKey, Scope};
use serde_json::json;
use std::{marker::PhantomData, sync::Arc};

/// What is left, and how much there is, in one text each; the three behind say the same in the older way.
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What an agent who is signed in at the console may do.
const CONSOLE: [Scope; 5] = [Scope::ContactsRead, Scope::ContactsWrite, Scope::SegmentsRead, Scope::SegmentsWrite, Scope::WebhooksWrite];

/// Whether agents who are signed in at the console have this scope.
pub(crate) fn at_console(scope: Scope) -> bool {
    CONSOLE.contains(&scope)
}

/// Somebody who may ask.
#[derive(Clone)]
enum Who {
    /// A program with this key.
    Program(Arc<ApiKey>),
    /// An agent.
    Agent(Arc<Agent>),
}

impl Who {
    /// What tells callers apart; no key has an id like an agent's.
    fn id(&self) -> String {
        match self {
            Self::Program(key) => key.id.clone(),
            Self::Agent(agent) => agent.id.to_string(),
        }
    }

    fn per_minute(&self) -> u32 {
        match self {
            Self::Program(key) => key.per_minute,
            Self::Agent(_) => keys::PER_MINUTE,
        }
    }

    fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Program(key) => key.scopes.contains(&scope),
            Self::Agent(_) => at_console(scope),
        }
    }
}

/// Lets requests of somebody through, as often as they may ask.
pub(crate) async fn known(State(server): State<Shared>, mut request: Request, next: Next) -> Response {
    let who = match of(&server, request.method(), request.headers()).await {
        Ok(who) => who,
        Err(problem) => return problem.into_response(),
    };
    if let Who::Program(key) = &who {
        server.handle.api_key_used(&key.id);
    }
    let (allowed, left) = server.rates.take(&who.id(), who.per_minute(), server.handle.now());
    let mut response = if allowed {
        request.extensions_mut().insert(who);
        next.run(request).await
    } else {
        let whose = match who {
            Who::Program(_) => "this key",
            Who::Agent(_) => "an agent",
        };
        let detail = format!("{whose} may ask {} times a minute; wait {} s", left.limit, left.reset);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).retry_after(left.reset).into_response()
    };
    tell(response.headers_mut(), &left);
    response
}

fn tell(headers: &mut HeaderMap, left: &Left) {
    let text = |text: String| HeaderValue::from_str(&text).expect("numbers and names are visible ASCII");
    headers.insert(LEFT, text(format!("\"minute\";r={};t={}", left.remaining, left.reset)));
    headers.insert(POLICY, text(format!("\"minute\";q={};w=60", left.limit)));
    headers.insert(LIMIT, HeaderValue::from(left.limit));
    headers.insert(REMAINING, HeaderValue::from(left.remaining));
    headers.insert(RESET, HeaderValue::from(left.reset));
}

fn refused(code: &'static str, detail: &str, challenge: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

async fn of(server: &Shared, method: &Method, headers: &HeaderMap) -> Result<Who, Problem> {
    // A key that is shown is what counts; a browser's cookie comes by itself.
    if !headers.contains_key(header::AUTHORIZATION)
        && let Some(token) = session::token(headers, server.options.secure())
    {
        let signed_out = || refused("signed_out", "sign in first", "Bearer realm=\"switchboard\"");
        let agent = session::agent(&server.handle, &token).await.ok_or_else(signed_out)?;
        guard::check(server, method, headers)?;
        return Ok(Who::Agent(Arc::new(agent)));
    }
    program(server, headers).await.map(Who::Program)
}

async fn program(server: &Shared, headers: &HeaderMap) -> Result<Arc<ApiKey>, Problem> {
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
needs!(ContactsRead, ContactsWrite, SegmentsRead, SegmentsWrite, EventsWrite, KeysWrite, WebhooksWrite);

/// Somebody who has the scope.
pub(crate) struct Caller<N> {
    who: Who,
    needs: PhantomData<N>,
}

impl<N> Caller<N> {
    /// What tells callers apart: the id of the key or of the agent.
    pub(crate) fn id(&self) -> String {
        self.who.id()
    }

    /// Who did it, for the journey.
    pub(crate) fn actor(&self) -> Actor {
        match &self.who {
            Who::Program(key) => Actor::Api(key.name.clone()),
            Who::Agent(agent) => Actor::Agent(agent.id),
        }
    }

    /// Whether it is an agent at the console, and no program.
    pub(crate) fn is_agent(&self) -> bool {
        matches!(self.who, Who::Agent(_))
    }

    /// Whether they have another scope as well.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.who.may(scope)
    }

    /// The same, as a refusal that says which scope is missing.
    ///
    /// # Errors
    /// 403 if they do not have it.
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) { Ok(()) } else { Err(lacking(&self.who, scope)) }
    }
}

fn lacking(who: &Who, scope: Scope) -> Problem {
    let name = scope.name();
    let detail = match who {
        Who::Program(key) => {
            let has = key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ");
            format!("this needs the scope {name}; key \"{}\" has {has}", key.name)
        }
        Who::Agent(_) => format!("this needs a key with the scope {name}; agents at the console may not do it"),
    };
    let challenge = format!("Bearer realm=\"switchboard\", error=\"insufficient_scope\", scope=\"{name}\"");
    Problem::new(StatusCode::FORBIDDEN, "scope", detail)
        .with("scope", json!(name))
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_str(&challenge).expect("scopes are visible ASCII"))
}

impl<N: Needs> FromRequestParts<Shared> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        // A route outside of the layer that finds out who asks is answered nothing.
        let who = parts.extensions.get::<Who>().cloned().ok_or_else(Problem::internal)?;
        let caller = Self { who, needs: PhantomData };
        caller.must(N::SCOPE)?;
        Ok(caller)
    }
}

impl<N: Needs> Part for Caller<N> {
    fn tell(operation: &mut Operation<'_>) {
        operation.needs(N::SCOPE);
    }
}
