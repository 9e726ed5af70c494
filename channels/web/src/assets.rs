//! What is served at the root: the widget, and a page to try it on that speaks for the bot at hand.

use crate::{respond, routes::Site};
use channel::{Body, HttpRequest, HttpResponse, Route};
use futures::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::sync::Arc;

/// The widget as `make` built it. Not kept in the source tree: a binary built without it says so.
#[derive(RustEmbed)]
#[folder = "widget/dist"]
#[allow_missing = true]
struct Built;

/// The files beside the widget that it fetches when it needs them.
const PARTS: [&str; 4] = ["widget-media.js", "widget-page.js", "widget-style.js", "widget-words.js"];

/// How many entries of the bot's menu the page shows.
const MENU: usize = 12;
const PAGE: &str = include_str!("../demo/index.html");
const STYLE: &str = include_str!("../demo/demo.css");
const NOT_BUILT: &str = "This binary was built without the chat widget. Run `make build`, which builds it, and start again.\n";

/// The page runs under the rules the widget promises to live with: no inline script or style, no third party,
/// and no text that becomes markup.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src https: blob:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The routes at the root.
pub(crate) fn routes(site: &Arc<Site>) -> Vec<Route> {
    let own = site.clone();
    let mut routes = vec![
        at("//", move |request| {
            let page = demo_page(&own).into_bytes();
            asset(request, "text/html; charset=utf-8", &page, &digest(&page))
        }),
        at("//demo.css", |request| asset(request, "text/css; charset=utf-8", STYLE.as_bytes(), &digest(STYLE.as_bytes()))),
        at("//widget.js", |request| match Built::get("widget.js") {
            Some(EmbeddedFile { data, metadata }) => asset(request, "text/javascript; charset=utf-8", &data, &hex(&metadata.sha256_hash())),
            None => {
                let mut response = HttpResponse::new(Body::Full(NOT_BUILT.into()));
                *response.status_mut() = StatusCode::NOT_FOUND;
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                response
            }
        }),
    ];
    routes.extend(PARTS.iter().filter_map(|name| {
        let EmbeddedFile { data, metadata } = Built::get(name)?;
        let hash = hex(&metadata.sha256_hash());
        Some(at(&format!("//{name}"), move |request| asset(request, "text/javascript; charset=utf-8", &data, &hash)))
    }));
    routes
}

fn at(path: &str, answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Route {
    let handler = move |request: HttpRequest| futures::future::ready(answer(&request)).boxed();
    Route { method: Method::GET, path: path.to_owned(), body_limit: 0, handler: Arc::new(handler) }
}

fn asset(request: &HttpRequest, kind: &'static str, bytes: &[u8], hash: &str) -> HttpResponse {
    let tag = format!("\"{}\"", hash.get(..32).unwrap_or(hash));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let unchanged = known.is_some_and(|list| list.split(',').any(|t| t.trim().trim_start_matches("W/") == tag));
    let body = if unchanged { bytes::Bytes::new() } else { bytes.to_vec().into() };
    let mut response = HttpResponse::new(Body::Full(body));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).expect("hex in quotes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    respond::add(
        &mut response,
        &[
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
            (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
            // Module scripts are fetched with CORS, from any page that carries the one line.
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ],
    );
    response
}

fn demo_page(site: &Site) -> String {
    let script = if Built::get("widget.js").is_some() {
        let (name, title) = (escape(&site.name), escape(&site.options.title));
        format!(r##"<script type="module" src="/widget.js" data-channel="{name}" data-title="{title}" data-color="#1d5c6b"></script>"##)
    } else {
        format!(r#"<p class="notice" role="alert">{}</p>"#, escape(NOT_BUILT))
    };
    // The bot may be edited while it is served: what the page says is asked each time.
    let menu: String = site.hub.menu(None).iter().take(MENU).map(|(label, _)| format!("<li>{}</li>", escape(label))).collect();
    let menu = if menu.is_empty() { menu } else { format!("<h2>What it can do</h2><ul class=\"menu\">{menu}</ul>") };
    let mut page = PAGE.replace("{bot}", &escape(&site.hub.bot_name()));
    // What the bot says about itself comes in last: nothing in it is a place of the page.
    for (place, text) in [("<!-- widget -->", &script), ("<!-- menu -->", &menu)] {
        page = page.replacen(place, text, 1);
    }
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
