//! How the server is set up.

use std::net::IpAddr;

/// Settings of [`crate::serve`].
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Where people reach the server, if that differs from where it listens: `https://chat.example`. With https the
    /// sign-in cookie is marked so that browsers never send it in clear.
    pub public_url: Option<String>,
    /// The secret of the local command line (`/control/…`); whoever has it may do everything.
    pub control_token: String,
    /// Proxies whose `X-Forwarded-For` is believed; empty believes nobody.
    pub trusted_proxies: Vec<IpAddr>,
}

impl ApiOptions {
    /// The usual settings: no public address, no proxies.
    pub fn new(control_token: impl Into<String>) -> Self {
        Self { public_url: None, control_token: control_token.into(), trusted_proxies: Vec::new() }
    }

    /// The origin of the public address, in lower case, such as `https://chat.example`.
    pub(crate) fn public_origin(&self) -> Option<String> {
        let url: http::Uri = self.public_url.as_deref()?.parse().ok()?;
        let (scheme, authority) = (url.scheme_str()?, url.authority()?);
        Some(format!("{scheme}://{authority}").to_ascii_lowercase())
    }

    /// Whether browsers come by https.
    pub(crate) fn secure(&self) -> bool {
        self.public_origin().is_some_and(|o| o.starts_with("https://"))
    }
}
