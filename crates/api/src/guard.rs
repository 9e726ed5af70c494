//! The guard against other sites: a write to the console must come from the console's own pages.
//!
//! Three things have to hold, each of which a page of another site cannot bring about: the cookie is
//! `SameSite=Strict`, the request carries a header that no form can set, and `Origin`, if the browser sends it, is ours.

use crate::{problem::Problem, state::Shared};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, header};

/// The header that console pages put on writes.
pub const WRITE_HEADER: &str = "x-switchboard";
/// Its value.
pub const WRITE_VALUE: &str = "console";

/// Refuses writes that other sites may have caused.
pub(crate) async fn same_site(State(state): State<Shared>, request: Request, next: Next) -> Response {
    match check(&state, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The same for a request whose cookie says who asks.
///
/// # Errors
/// 403 for a write that another site may have caused.
pub(crate) fn check(server: &Shared, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads || is_ours(headers, server.options.public_origin().as_deref()) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", "this request did not come from the console's own page"))
}

fn is_ours(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    if headers.get(WRITE_HEADER).and_then(|v| v.to_str().ok()) != Some(WRITE_VALUE) {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
    {
        return false;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        // Not a browser: those send it with every write.
        (None, _) => true,
        (Some(_), Some(_)) => false,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| same_origin(origin, headers, public_origin)),
    }
}

fn same_origin(origin: &str, headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    let origin = origin.to_ascii_lowercase();
    if let Some(public) = public_origin
        && origin == public
    {
        return true;
    }
    // Without a public address, and beside it on the machine itself, the address the browser used counts.
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).map(str::to_ascii_lowercase);
    match (host, origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))) {
        (Some(host), Some(authority)) => host == authority,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &str)], public: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        is_ours(&headers, public)
    }

    #[test]
    fn only_our_own_pages_may_write() {
        let ours = [("host", "127.0.0.1:8080"), ("x-switchboard", "console")];
        let with = |more: &[(&'static str, &str)]| {
            let mut all: Vec<(&'static str, String)> = ours.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
            all.extend(more.iter().map(|(n, v)| (*n, (*v).to_owned())));
            let all: Vec<(&'static str, &str)> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
            asked(&all, None)
        };
        assert!(with(&[]), "a program without a browser");
        assert!(with(&[("origin", "http://127.0.0.1:8080")]));
        assert!(with(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        for bad in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:8081",
            "http://evil.example",
            "http://127.0.0.1:8080.evil.example",
            "file://127.0.0.1:8080",
        ] {
            assert!(!with(&[("origin", bad)]), "{bad}");
        }
        assert!(!with(&[("origin", "http://127.0.0.1:8080"), ("origin", "http://evil.example")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!with(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!asked(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")], None), "no header");
        assert!(!asked(&[("host", "h"), ("x-switchboard", "yes")], None));
    }

    #[test]
    fn behind_a_proxy_the_public_address_counts() {
        let pairs = [("host", "internal:8080"), ("x-switchboard", "console"), ("origin", "https://chat.example")];
        assert!(asked(&pairs, Some("https://chat.example")));
        assert!(!asked(&pairs, Some("https://other.example")));
        assert!(!asked(&pairs, None));
    }
}
