//! The routes of the channel, and what every one of them has in common: origins, limits, headers.

use crate::{
    FILE_LIMIT, assets, events, files, identity,
    limits::{Limiter, Streams, network},
    messages,
    options::Options,
    problem::Problem,
    read, respond, segments, session, stream,
    visit::Visit,
};
use channel::{HttpRequest, HttpResponse, Hub, Route};
use futures::FutureExt;
use http::{Method, header};
use model::Address;
use std::sync::Arc;

/// The largest JSON body: 8 000 characters at twelve bytes each (`\ud83d\ude00`), and what stands around them.
const JSON_LIMIT: usize = 128 * 1024;
/// How many commands a menu shows.
const MENU_LIMIT: usize = 20;

/// One channel at work.
pub(crate) struct Site {
    pub name: String,
    pub options: Options,
    pub hub: Arc<dyn Hub>,
    pub streams: Arc<Streams>,
    visitor_messages: Limiter,
    visitor_files: Limiter,
    visitor_events: Limiter,
    visitor_reads: Limiter,
    network_messages: Limiter,
    network_sessions: Limiter,
    network_reads: Limiter,
}

impl Site {
    pub fn new(name: String, options: Options, hub: Arc<dyn Hub>) -> Self {
        let limits = options.limits;
        Self {
            name,
            options,
            hub,
            streams: Arc::default(),
            visitor_messages: Limiter::new(limits.visitor_messages),
            visitor_files: Limiter::new(limits.visitor_files),
            visitor_events: Limiter::new(limits.visitor_events),
            visitor_reads: Limiter::new(limits.visitor_reads),
            network_messages: Limiter::new(limits.network_messages),
            network_sessions: Limiter::new(limits.network_sessions),
            network_reads: Limiter::new(limits.network_reads),
        }
    }

    /// Who sends the request.
    pub async fn visitor(&self, request: &HttpRequest) -> Result<Address, Problem> {
        Ok(self.known(request).await?.0)
    }

    /// Who sends the request, and what is known of them.
    pub async fn known(&self, request: &HttpRequest) -> Result<(Address, Visit), Problem> {
        session::visitor(request, &self.name, &*self.hub).await
    }

    fn network(&self, limiter: &Limiter, request: &HttpRequest) -> Result<(), Problem> {
        network(request).map_or(Ok(()), |key| limiter.take(&key, self.hub.now()))
    }

    pub fn may_begin(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.network(&self.network_sessions, request)
    }

    pub fn may_read(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.network(&self.network_reads, request)
    }

    pub fn may_write(&self, request: &HttpRequest, visitor: &Address) -> Result<(), Problem> {
        self.visitor_messages.take(&visitor.id, self.hub.now())?;
        self.network(&self.network_messages, request)
    }

    pub fn may_track(&self, request: &HttpRequest, visitor: &Address) -> Result<(), Problem> {
        self.visitor_events.take(&visitor.id, self.hub.now())?;
        self.network(&self.network_messages, request)
    }

    pub fn may_tell_read(&self, request: &HttpRequest, visitor: &Address) -> Result<(), Problem> {
        self.visitor_reads.take(&visitor.id, self.hub.now())?;
        self.network(&self.network_reads, request)
    }

    pub fn may_upload(&self, request: &HttpRequest, visitor: &Address) -> Result<(), Problem> {
        self.visitor_files.take(&visitor.id, self.hub.now())?;
        self.network(&self.network_messages, request)
    }

    /// What the panel shows before anything was said.
    pub fn greeting(&self, language: Option<&str>) -> serde_json::Map<String, serde_json::Value> {
        let menu: Vec<_> = if self.options.menu.is_empty() {
            let item = |(label, text): &(String, String)| serde_json::json!({ "label": label, "text": text });
            self.hub.menu(language).iter().take(MENU_LIMIT).map(item).collect()
        } else {
            let item = |i: &crate::MenuItem| serde_json::json!({ "label": i.label, "text": i.text });
            self.options.menu.iter().take(MENU_LIMIT).map(item).collect()
        };
        let mut answer = serde_json::Map::new();
        answer.insert("title".into(), self.options.title.clone().into());
        answer.insert("subtitle".into(), self.options.subtitle.clone().into());
        answer.insert("menu".into(), menu.into());
        answer.insert("limits".into(), serde_json::json!({ "text": crate::TEXT_LIMIT, "file": FILE_LIMIT }));
        answer
    }
}

/// All routes.
pub(crate) fn all(site: Arc<Site>) -> Vec<Route> {
    let mut routes = vec![
        route(&site, Method::POST, "/session", JSON_LIMIT, messages::begin),
        route(&site, Method::GET, "/session", 0, messages::greet),
        route(&site, Method::POST, "/open", JSON_LIMIT, messages::open),
        route(&site, Method::POST, "/messages", JSON_LIMIT, messages::say),
        route(&site, Method::GET, "/messages", 0, messages::page),
        route(&site, Method::POST, "/files", FILE_LIMIT, files::upload),
        route(&site, Method::GET, "/files/{id}", 0, files::download),
        route(&site, Method::GET, "/stream", 0, stream::open),
        route(&site, Method::POST, "/typing", JSON_LIMIT, messages::typing),
        route(&site, Method::POST, "/read", JSON_LIMIT, read::read),
        route(&site, Method::POST, "/events", events::BODY, events::track),
        route(&site, Method::POST, "/identify", events::BODY, identity::identify),
        route(&site, Method::GET, "/segments", 0, segments::mine),
    ];
    let paths =
        ["/session", "/open", "/messages", "/files", "/files/{id}", "/stream", "/typing", "/read", "/events", "/identify", "/segments"];
    for path in paths {
        routes.push(preflight(&site, path));
    }
    if site.options.pages {
        routes.extend(assets::routes(&site));
    }
    routes
}

fn route<F, A>(site: &Arc<Site>, method: Method, path: &str, body_limit: usize, answer: F) -> Route
where
    F: Fn(Arc<Site>, HttpRequest) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<HttpResponse, Problem>> + Send + 'static,
{
    let site = Arc::clone(site);
    let handler = move |request: HttpRequest| {
        let (site, answer) = (Arc::clone(&site), answer.clone());
        async move {
            let origin = match respond::cross_origin(&request, &site.options.allowed_origins) {
                Ok(headers) => headers,
                Err(problem) => return finished(problem.into_response()),
            };
            let mut response = answer(site, request).await.unwrap_or_else(Problem::into_response);
            response.headers_mut().extend(origin);
            finished(response)
        }
        .boxed()
    };
    Route { method, path: path.to_owned(), body_limit, handler: Arc::new(handler) }
}

fn finished(mut response: HttpResponse) -> HttpResponse {
    respond::add(
        &mut response,
        &[
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
    );
    response
}

fn preflight(site: &Arc<Site>, path: &str) -> Route {
    let site = Arc::clone(site);
    let handler = move |request: HttpRequest| {
        let answer = match respond::cross_origin(&request, &site.options.allowed_origins) {
            Ok(headers) => respond::preflight(headers),
            Err(problem) => finished(problem.into_response()),
        };
        futures::future::ready(answer).boxed()
    };
    Route { method: Method::OPTIONS, path: path.to_owned(), body_limit: 0, handler: Arc::new(handler) }
}
