//! Calls on stage: what `http:` of a conversation answers in place of the network (FL 9), and what is said where nothing is
//! listed. Mail and text messages are taken and go nowhere, unless an entry lets them fail.

use super::read::Reader;
use super::redirect;
use model::{CallKind, CallRow, Came, HttpCall, HttpMethod};
use runtime::egress::{EgressError, REDIRECTS};
use runtime::{Outside, Tried};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;
use syntax::{Diagnostic, Node, Span, Spanned, Style};
use url::form_urlencoded;

/// Where calls go on stage.
#[derive(Clone, Default)]
pub struct Calls {
    /// What is answered, in order.
    pub listed: Vec<Listed>,
    /// The real outside, for what is not listed.
    pub network: Option<Network>,
    /// What to say where neither answers.
    pub help: String,
}

/// The real outside, and what drives it: one for all calls, as connections live on between them.
#[derive(Clone)]
pub struct Network {
    outside: Arc<dyn Outside>,
    tokio: Arc<tokio::runtime::Runtime>,
}

impl Network {
    /// Calls made through `outside`.
    ///
    /// # Errors
    /// If the machine has no resources left for it.
    pub fn new(outside: Arc<dyn Outside>) -> std::io::Result<Self> {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { outside, tokio: Arc::new(tokio) })
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("listed", &self.listed).field("network", &self.network.is_some()).finish()
    }
}

/// One entry of `http:`.
#[derive(Clone, Debug)]
pub struct Listed {
    what: What,
    headers: Vec<(String, String)>,
    body: Option<Json>,
    answer: Answer,
    /// How long the answer takes, in microseconds.
    delay: i64,
    /// How often it answers; none is without end.
    left: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Http(HttpMethod, Address),
    /// To this address, or to anybody.
    Mail(Option<String>),
    /// To this number, or to anybody.
    Sms(Option<String>),
}

/// An address with its query read, so that it does not matter how it is written.
#[derive(Clone, Debug)]
struct Address {
    place: String,
    query: Vec<(String, String)>,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        // Written in two ways and the same to a browser: `https://a.example` and `https://a.example/`, `é` and `%C3%A9`.
        let plain = |place: &str| url::Url::parse(place).map_or_else(|_| place.to_owned(), String::from);
        self.query == other.query && (self.place == other.place || plain(&self.place) == plain(&other.place))
    }
}

#[derive(Clone, Debug)]
enum Answer {
    Http {
        status: u16,
        body: String,
    },
    /// Leads to another address.
    Redirect {
        status: u16,
        to: String,
    },
    TimesOut,
    Refused,
    Taken,
}

/// What came of a call, how long it took in microseconds, and a line for who watches.
pub struct Staged {
    /// What came.
    pub tried: Tried,
    /// How long it took.
    pub delay: i64,
    /// What happened, in a line.
    pub note: String,
}

const METHODS: [(&str, HttpMethod); 5] = [
    ("get", HttpMethod::Get),
    ("post", HttpMethod::Post),
    ("put", HttpMethod::Put),
    ("patch", HttpMethod::Patch),
    ("delete", HttpMethod::Delete),
];
const KEYS: [&str; 15] =
    ["get", "post", "put", "patch", "delete", "email", "sms", "headers", "body", "reply", "redirect", "status", "delay", "fail", "times"];
/// The status of a redirect, if none is written.
const FOUND: u16 = 302;

impl Address {
    fn read(written: &str) -> Self {
        let (place, query) = written.split_once('?').unwrap_or((written, ""));
        Self { place: place.to_owned(), query: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    fn of(call: &HttpCall) -> Self {
        let mut address = Self::read(&call.url);
        address.query.extend(call.query.iter().map(|(name, value)| (name.clone(), value.shown())));
        address
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        for (at, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl Calls {
    /// Answers a call; redirects are followed as the server does.
    pub fn answer(&mut self, row: &CallRow) -> Staged {
        let mut asked = row.call.what.clone();
        let (mut delay, mut hops) = (0, 0);
        loop {
            let shown = shown(&asked);
            let Some(listed) = self.listed.iter_mut().find(|l| l.left != Some(0) && l.fits(&asked)) else {
                return if hops == 0 { self.unlisted(row, &shown) } else { self.nobody(&shown) };
            };
            listed.left = listed.left.map(|left| left - 1);
            delay += listed.delay;
            let led = match (&listed.answer, &asked) {
                (Answer::Redirect { status, to }, CallKind::Http(call)) if delay < call.timeout => redirect::next(call, *status, to),
                (_, _) => Ok(None),
            };
            match led {
                Ok(None) => {
                    let (tried, delay) = listed.tried(&asked, delay);
                    let note = format!("{shown}: answered as listed");
                    return Staged { tried, delay, note };
                }
                Ok(Some(_)) if hops == REDIRECTS => {
                    let error = EgressError::Redirects;
                    return Staged { tried: Tried::failed(error.to_string()), delay, note: format!("{shown}: {error}") };
                }
                Ok(Some(next)) => asked = CallKind::Http(next),
                Err(error) => return Staged { tried: Tried::failed(error.to_string()), delay, note: format!("{shown}: {error}") },
            }
            hops += 1;
        }
    }

    /// What becomes of a call that no entry answers.
    fn unlisted(&self, row: &CallRow, shown: &str) -> Staged {
        match (&self.network, &row.call.what) {
            (Some(network), _) => {
                let tried = network.tokio.block_on(network.outside.call(row));
                Staged { tried, delay: 0, note: format!("{shown}: really called") }
            }
            (None, CallKind::Mail(_) | CallKind::Sms(_)) => {
                Staged { tried: Tried::done(Came::Sent { id: None }), delay: 0, note: format!("{shown}: taken, and not really sent") }
            }
            (None, CallKind::Http(_)) => self.nobody(shown),
        }
    }

    fn nobody(&self, shown: &str) -> Staged {
        let reason = format!("{shown} is answered by nobody here: {}", self.help);
        Staged { tried: Tried::failed(reason.clone()), delay: 0, note: reason }
    }
}

/// A call in a few words.
fn shown(what: &CallKind) -> String {
    match what {
        CallKind::Http(call) => format!("{} {}", call.method.as_str(), Address::of(call)),
        CallKind::Mail(mail) => format!("mail \"{}\" to {}", mail.subject, mail.to.join(", ")),
        CallKind::Sms(sms) => format!("text message to {}", sms.to),
    }
}

impl Listed {
    fn fits(&self, what: &CallKind) -> bool {
        match (&self.what, what) {
            (What::Http(method, address), CallKind::Http(call)) => {
                *method == call.method && *address == Address::of(call) && self.headers_fit(call) && self.body_fits(call)
            }
            (What::Mail(to), CallKind::Mail(mail)) => to.as_ref().is_none_or(|to| mail.to.contains(to)),
            (What::Sms(to), CallKind::Sms(sms)) => to.as_ref().is_none_or(|to| *to == sms.to),
            (What::Http(..) | What::Mail(_) | What::Sms(_), _) => false,
        }
    }

    fn headers_fit(&self, call: &HttpCall) -> bool {
        let has = |(name, value): &(String, String)| call.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v.shown() == *value);
        self.headers.iter().all(has)
    }

    fn body_fits(&self, call: &HttpCall) -> bool {
        let Some(expected) = &self.body else { return true };
        let Some(body) = &call.body else { return false };
        let sent = body.content.shown();
        match (expected, serde_json::from_str::<Json>(&sent)) {
            (Json::String(text), _) if *text == sent => true,
            (expected, Ok(json)) => *expected == json,
            (_, Err(_)) => false,
        }
    }

    /// What comes of it, `delay` microseconds after it was asked for.
    fn tried(&self, what: &CallKind, delay: i64) -> (Tried, i64) {
        let most = match what {
            CallKind::Http(call) => call.timeout,
            CallKind::Mail(_) | CallKind::Sms(_) => 30_000_000,
        };
        let timed_out = (Tried { came: Came::TimedOut, again: true, after: None }, most);
        if delay >= most {
            return timed_out;
        }
        match &self.answer {
            Answer::TimesOut => timed_out,
            Answer::Refused => {
                let reason = "no connection: refused".to_owned();
                (Tried { came: Came::Failed { reason, status: None }, again: true, after: None }, delay)
            }
            Answer::Taken => (Tried::done(Came::Sent { id: None }), delay),
            // One that is not followed is an answer like any other.
            Answer::Redirect { status, .. } => (Tried::done(Came::Http { status: *status, body: Some(String::new()) }), delay),
            Answer::Http { status, body } => {
                let again = *status >= 500 || matches!(status, 408 | 425 | 429);
                let largest = match what {
                    CallKind::Http(call) => call.max_size as usize,
                    CallKind::Mail(_) | CallKind::Sms(_) => usize::MAX,
                };
                if body.len() > largest {
                    let reason = format!("the answer (status {status}) is larger than it may be");
                    return (Tried::done(Came::Failed { reason, status: Some(*status) }), delay);
                }
                (Tried { came: Came::Http { status: *status, body: Some(body.clone()) }, again, after: None }, delay)
            }
        }
    }
}

impl Reader<'_> {
    /// `http:`, a list of calls and their answers.
    pub(super) fn http(&mut self, node: &Spanned<Node>) -> Vec<Listed> {
        self.list(node).iter().filter_map(|item| self.listed(item)).collect()
    }

    fn listed(&mut self, node: &Spanned<Node>) -> Option<Listed> {
        let (mut what, mut headers, mut body, mut reply) = (Vec::new(), Vec::new(), None, None);
        let (mut status, mut delay, mut fail, mut left, mut redirect) = (None, 0, None, None, None);
        for (key, value) in self.entries(node, "an answer to a call", &KEYS) {
            match key {
                "email" => what.push(What::Mail(self.anybody(value)?)),
                "sms" => what.push(What::Sms(self.anybody(value)?)),
                "headers" => {
                    for (name, value) in self.entries(value, "headers", &[]) {
                        headers.push((name.to_owned(), self.text(value, name)?.to_owned()));
                    }
                }
                "body" => body = Some(json(value)),
                "reply" => reply = Some(json(value)),
                "redirect" => redirect = Some((self.text(value, "where a redirect leads")?.trim().to_owned(), value.span)),
                "status" => match self.text(value, "status")?.parse::<u16>().ok().filter(|s| (100..600).contains(s)) {
                    Some(read) => status = Some(read),
                    None => self.wrong(value.span, "status is a number such as 404; the answer itself stands under reply"),
                },
                "delay" => match model::Duration::parse_exact(self.text(value, "delay")?) {
                    Some(duration) => delay = duration.micros,
                    None => self.wrong(value.span, "delay is a duration such as 5s"),
                },
                "fail" => match self.text(value, "fail")? {
                    "timeout" => fail = Some(Answer::TimesOut),
                    "refused" => fail = Some(Answer::Refused),
                    other => self.unknown(value.span, format!("a call does not fail by \"{other}\""), other, &["timeout", "refused"]),
                },
                "times" => match self.text(value, "times")?.parse::<u32>().ok().filter(|n| (1..=1_000).contains(n)) {
                    Some(count) => left = Some(count),
                    None => self.wrong(value.span, "times is a number from 1 to 1000"),
                },
                method => {
                    let method = METHODS.iter().find(|(name, _)| *name == method).map_or(HttpMethod::Get, |(_, method)| *method);
                    what.push(What::Http(method, Address::read(self.text(value, "an address")?.trim())));
                }
            }
        }
        let Ok([what]) = <[What; 1]>::try_from(what) else {
            let message = "an answer belongs to one call: get, post, put, patch or delete with the address, email or sms";
            self.out.push(Diagnostic::error("E0150", node.span, message).help("write - { get: \"https://…\", reply: { … } }"));
            return None;
        };
        if let Some((to, span)) = redirect {
            return self.redirected(what, &to, span, status, reply.is_some() || fail.is_some()).map(|answer| Listed {
                what: answer.0,
                headers,
                body,
                answer: answer.1,
                delay,
                left,
            });
        }
        let answer = match (fail, &what) {
            (Some(fail), _) => fail,
            (None, What::Mail(_) | What::Sms(_)) => Answer::Taken,
            (None, What::Http(..)) => {
                let body = match reply {
                    None => String::new(),
                    // A text is the answer as it is, JSON or not.
                    Some(Json::String(text)) => text,
                    Some(json) => json.to_string(),
                };
                Answer::Http { status: status.unwrap_or(200), body }
            }
        };
        Some(Listed { what, headers, body, answer, delay, left })
    }

    /// An entry that leads to another address.
    fn redirected(&mut self, what: What, to: &str, span: Span, status: Option<u16>, answers: bool) -> Option<(What, Answer)> {
        if matches!(what, What::Mail(_) | What::Sms(_)) || answers {
            self.wrong(span, "a redirect is the whole answer of get, post, put, patch or delete: leave reply and fail out");
            return None;
        }
        let status = status.unwrap_or(FOUND);
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            self.wrong(span, format!("{status} leads nowhere: a redirect has the status 301, 302, 303, 307 or 308"));
            return None;
        }
        Some((what, Answer::Redirect { status, to: to.to_owned() }))
    }

    /// `any`, or an address.
    fn anybody(&mut self, node: &Spanned<Node>) -> Option<Option<String>> {
        let text = self.text(node, "to whom")?;
        Some((text != "any").then(|| text.to_owned()))
    }
}

/// YAML as JSON: what is written plainly and reads as a number, true, false or null is that.
fn json(node: &Spanned<Node>) -> Json {
    match &node.value {
        Node::Null => Json::Null,
        Node::List(items) => items.iter().map(json).collect(),
        Node::Map(entries) => {
            entries.iter().filter_map(|e| Some((e.key.as_text()?.to_owned(), json(&e.value)))).collect::<serde_json::Map<_, _>>().into()
        }
        Node::Scalar(scalar) if scalar.style == Style::Plain => match serde_json::from_str::<Json>(&scalar.text) {
            Ok(plain @ (Json::Null | Json::Bool(_) | Json::Number(_))) => plain,
            Ok(_) | Err(_) => Json::String(scalar.text.clone()),
        },
        Node::Scalar(scalar) => Json::String(scalar.text.clone()),
    }
}
