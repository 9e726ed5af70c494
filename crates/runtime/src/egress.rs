//! Egress: the only HTTP client to addresses that designers and operators write.
//!
//! A flow may name any address, so this client reaches public addresses alone unless the operator allowed more:
//!
//! 1. Only `http` and `https`, no user name or password in the address, ports 80, 443, 8080 and 8443.
//! 2. A host that is an IP address, in whatever spelling, must be public ([`address`]).
//! 3. A name is resolved once per connection, by [`resolver`], which gives addresses to the connection only if **all**
//!    of them are public: what was checked is what is connected to, so a name cannot be bound to something else between.
//! 4. Redirects are followed here, at most three, each checked like the first; headers do not cross origins.
//! 5. No proxy, no cookies, no decompression; time and size are bounded.
//! 6. Headers that change where a request goes or who it speaks for are refused ([`headers`]).
//!
//! Nothing is retried here: retrying is durable and belongs to the outbox.

mod address;
mod headers;
mod resolver;

pub use address::AllowError;
pub use headers::HARMLESS;

use address::Allowed;
use bytes::{Bytes, BytesMut};
use headers::Headers;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::redirect::Policy;
use resolver::{Guarded, Lookup, Refused, SystemLookup};
use std::{error::Error, sync::Arc, time::Duration};
use url::{Host, Origin, Url};

/// The largest body of an answer, in bytes.
pub const BODY_LIMIT: usize = 256 * 1024;
/// The largest body of an answer that can be asked for, in bytes.
pub const ANSWER_MAX: usize = 1024 * 1024;
/// The largest body of a request, in bytes.
pub const REQUEST_LIMIT: usize = 16 * 1024 * 1024;
/// The longest a request may take, redirects and the answer's body included, in milliseconds.
pub const TIMEOUT_MAX_MS: u64 = 60_000;
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How many redirects are followed.
pub const REDIRECTS: usize = 3;
/// The longest address, in bytes.
const URL_LIMIT: usize = 8 * 1024;
/// The ports of public hosts that are reached.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// What the operator decides.
#[derive(Clone, Debug, Default)]
pub struct EgressOptions {
    /// Hosts (`intranet.example`, `localhost`), addresses (`10.0.0.7`) and networks (`10.0.0.0/8`) that are reached
    /// although they are not public, on any port.
    pub allow: Vec<String>,
}

/// A request to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// Headers; see the rules of this module.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// How long all of it may take; at most [`TIMEOUT_MAX_MS`].
    pub timeout_ms: u64,
}

/// What a request may cost and where it may lead, beyond the rules of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The largest answer that is read, in bytes; at most [`ANSWER_MAX`].
    pub max_size: usize,
    /// Whether it stays with its host: redirects elsewhere are refused. For requests that carry secrets.
    pub stays: bool,
    /// Whether redirects are followed; one that is not is an answer like any other.
    pub follows: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self { max_size: BODY_LIMIT, stays: false, follows: true }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came, at most [`BODY_LIMIT`] bytes.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The request itself is wrong: address, header, size.
    #[error("{0}")]
    Malformed(String),
    /// The guard refuses the address.
    #[error("{0}; the operator can allow hosts and networks for outgoing requests")]
    Forbidden(String),
    /// No connection came about: nothing was sent.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It was redirected more than three times.
    #[error("redirected more than {REDIRECTS} times")]
    Redirects,
    /// No whole answer came in time.
    #[error("no answer within {0} ms")]
    Timeout(u64),
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is too large to be read; its head came.
    #[error("the answer (status {status}) is larger than it may be")]
    TooLarge {
        /// The answer's status.
        status: StatusCode,
    },
}

impl EgressError {
    /// Whether the other side may have received the request.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Forbidden(_) | Self::Unreachable(_) => false,
            Self::Redirects | Self::Timeout(_) | Self::Broken(_) | Self::TooLarge { .. } => true,
        }
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    client: reqwest::Client,
    allowed: Arc<Allowed>,
    any_port: bool,
}

impl Egress {
    /// A client that reaches what is public and what the operator allows.
    ///
    /// # Errors
    /// If an entry of the list is neither host, address nor network.
    pub fn new(options: EgressOptions) -> Result<Self, AllowError> {
        Self::with(options, Arc::new(SystemLookup), false)
    }

    fn with(options: EgressOptions, lookup: Arc<dyn Lookup>, any_port: bool) -> Result<Self, AllowError> {
        let allowed = Arc::new(Allowed::parse(&options.allow)?);
        let client = reqwest::Client::builder()
            .dns_resolver(Guarded::new(lookup, Arc::clone(&allowed)))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(8)
            .user_agent(concat!("Switchboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the client's settings are constant and the TLS backend is built in");
        Ok(Self { client, allowed, any_port })
    }

    /// Makes a request and reads its answer.
    ///
    /// A request that is neither GET nor HEAD follows the redirects 307 and 308 alone: the others would turn it into
    /// another request, and their answer is returned as it is.
    ///
    /// # Errors
    /// See [`EgressError`]; an answer of any status is none.
    pub async fn request(&self, request: Request) -> Result<Response, EgressError> {
        self.request_within(request, Reach::default()).await
    }

    /// The same, within other limits.
    ///
    /// # Errors
    /// Those of [`Egress::request`].
    pub async fn request_within(&self, request: Request, reach: Reach) -> Result<Response, EgressError> {
        let limit = request.timeout_ms.min(TIMEOUT_MAX_MS);
        match tokio::time::timeout(Duration::from_millis(limit), self.follow(request, reach)).await {
            Ok(answer) => answer,
            Err(_) => Err(EgressError::Timeout(limit)),
        }
    }

    /// Whether the operator allowed the host of an address by name or by number.
    pub fn is_allowed(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => self.allowed.name(name),
            Some(Host::Ipv4(ip)) => self.allowed.ip(ip.into()),
            Some(Host::Ipv6(ip)) => self.allowed.ip(ip.into()),
            None => false,
        }
    }

    /// Whether an address as it is written may be reached; names are looked at when they are resolved.
    ///
    /// # Errors
    /// [`EgressError`] says why not.
    pub fn permits(&self, url: &str) -> Result<(), EgressError> {
        self.check(parse(url)?).map(|_| ())
    }

    async fn follow(&self, request: Request, reach: Reach) -> Result<Response, EgressError> {
        let Request { method, url, headers, body, timeout_ms: _ } = request;
        if matches!(method, Method::CONNECT | Method::TRACE) {
            return Err(EgressError::Malformed(format!("requests cannot have the method {method}")));
        }
        if body.len() > REQUEST_LIMIT {
            return Err(EgressError::Malformed(format!("the body is larger than {REQUEST_LIMIT} bytes")));
        }
        let mut headers = Headers::parse(&headers)?;
        let mut url = self.check(parse(&url)?)?;
        for _ in 0..=REDIRECTS {
            let sent = self.client.request(method.clone(), url.clone()).headers(headers.map().clone()).body(body.clone()).send().await;
            let answer = sent.map_err(|error| why(&error))?;
            let target = answer.headers().get(header::LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            let hop = Hop { method: &method, status: answer.status(), from: &url, stays: reach.stays, has_body: !body.is_empty() };
            let Some(target) = target.filter(|_| reach.follows && hop.follows()) else {
                return read(answer, reach.max_size.min(ANSWER_MAX)).await;
            };
            // Checked like an address that was written.
            let next = self.check(hop.to(&target)?).map_err(|error| match error {
                EgressError::Forbidden(why) | EgressError::Malformed(why) => EgressError::Forbidden(format!("after a redirect: {why}")),
                other => other,
            })?;
            hop.may_lead_to(&next)?;
            if !same_place(&url, &next) {
                headers.leave_origin();
            }
            url = next;
        }
        Err(EgressError::Redirects)
    }

    /// Rules 1 and 2; names are checked when they are resolved.
    fn check(&self, url: Url) -> Result<Url, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Forbidden(format!("only http and https addresses are reached, not {}", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Forbidden("an address must not carry a user name or password".into()));
        }
        let Some(host) = url.host() else { return Err(EgressError::Malformed("the address names no host".into())) };
        let (allowed, public) = match &host {
            Host::Domain(name) => (self.allowed.name(name), true),
            Host::Ipv4(ip) => (self.allowed.ip((*ip).into()), address::is_public((*ip).into())),
            Host::Ipv6(ip) => (self.allowed.ip((*ip).into()), address::is_public((*ip).into())),
        };
        if !allowed && !public {
            return Err(EgressError::Forbidden(format!("{host} is not a public address")));
        }
        // A name may yet turn out to be in an allowed network; ports are then the only thing an entry by name adds.
        let port = url.port_or_known_default().unwrap_or_default();
        if !allowed && !self.any_port && !PORTS.contains(&port) {
            return Err(EgressError::Forbidden(format!("port {port} is not reached; the ports are 80, 443, 8080 and 8443")));
        }
        Ok(url)
    }
}

fn parse(text: &str) -> Result<Url, EgressError> {
    if text.len() > URL_LIMIT {
        return Err(EgressError::Malformed(format!("the address is longer than {URL_LIMIT} bytes")));
    }
    // A parser that mends such things silently would send them elsewhere than the writer sees.
    if text.chars().any(|c| c.is_control()) {
        return Err(EgressError::Malformed("the address holds control characters".into()));
    }
    Url::parse(text.trim()).map_err(|error| EgressError::Malformed(format!("not an address: {error}")))
}

/// An answer that leads elsewhere: whether it is followed and where it may lead, the same for real calls and for rehearsed ones.
/// Whether the address itself may be reached is another question.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The answer's status.
    pub status: StatusCode,
    /// The address that answered.
    pub from: &'a Url,
    /// Whether the request stays with its host; see [`Reach::stays`].
    pub stays: bool,
    /// Whether the request has a body.
    pub has_body: bool,
}

impl Hop<'_> {
    /// Whether a redirect of this status is followed.
    pub fn follows(&self) -> bool {
        match self.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => matches!(*self.method, Method::GET | Method::HEAD),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            _ => false,
        }
    }

    /// The address that it names, relative to where it came from.
    ///
    /// # Errors
    /// [`EgressError::Forbidden`] if it is none.
    pub fn to(&self, target: &str) -> Result<Url, EgressError> {
        self.from.join(target).map_err(|_| EgressError::Forbidden("it redirects to something that is no address".into()))
    }

    /// Whether the request may go on there: secrets and bodies do not leave their host, and nothing that was secure becomes insecure.
    ///
    /// # Errors
    /// [`EgressError::Forbidden`] with the reason.
    pub fn may_lead_to(&self, next: &Url) -> Result<(), EgressError> {
        if same_place(self.from, next) {
            return Ok(());
        }
        if self.stays {
            return Err(EgressError::Forbidden("it redirects a request with a secret to another host".into()));
        }
        if next.scheme() == "http" && self.from.scheme() == "https" {
            return Err(EgressError::Forbidden("it redirects from https to http".into()));
        }
        if self.has_body {
            return Err(EgressError::Forbidden("it redirects a body to another host".into()));
        }
        Ok(())
    }
}

/// Whether two addresses are the same origin, or the second is the first made secure.
pub fn same_place(from: &Url, to: &Url) -> bool {
    let secured = || {
        let defaults = from.port().is_none() && to.port().is_none();
        from.scheme() == "http" && to.scheme() == "https" && from.host() == to.host() && defaults
    };
    matches!(from.origin(), Origin::Tuple(..)) && from.origin() == to.origin() || secured()
}

async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Response, EgressError> {
    let status = answer.status();
    let headers = std::mem::take(answer.headers_mut());
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| EgressError::Broken(short(&error.without_url())))? {
        if body.len() + piece.len() > limit {
            return Err(EgressError::TooLarge { status });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response { status, headers, body: body.freeze() })
}

/// What went wrong, without the address: it may hold what nobody else should read.
fn why(error: &reqwest::Error) -> EgressError {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(inner) = innermost.source() {
        if let Some(Refused(why)) = inner.downcast_ref() {
            return EgressError::Forbidden(why.clone());
        }
        innermost = inner;
    }
    if error.is_builder() {
        return EgressError::Malformed("the request cannot be made".into());
    }
    // The outermost names the address.
    let said = if error.source().is_none() { "no reason given".to_owned() } else { short(innermost) };
    if error.is_connect() { EgressError::Unreachable(said) } else { EgressError::Broken(said) }
}

/// The error in one short line.
fn short(error: &dyn Error) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests;
