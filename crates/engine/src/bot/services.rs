//! What `bot.yaml` says of the world outside: secrets and where they may go, the mail server, the provider of text messages
//! (FL 7.8). No value of a secret is ever read here; the environment belongs to the server.

use super::config::named;
use super::reader::{At, Fields, integer, is_identifier, one_or_many, text, unknown};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics};

use super::Setting;

/// What flows may use of the outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Secrets by name.
    pub secrets: BTreeMap<String, SecretConfig>,
    /// Where mail leaves.
    pub email: Option<MailConfig>,
    /// Who sends text messages.
    pub sms: Option<SmsConfig>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretConfig {
    /// The environment variable that holds it.
    pub env: String,
    /// The hosts it may be sent to, in lower case; never others.
    pub hosts: Vec<String>,
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// In the clear first, then encrypted before anything is said.
    Starttls,
    /// Encrypted from the first byte.
    Implicit,
    /// In the clear: only to this machine.
    None,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// Who mails come from: an address.
    pub from: String,
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: MailTls,
    /// Who signs in, if anybody does, with which password.
    pub login: Option<(Setting, Setting)>,
}

/// A provider of text messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsConfig {
    /// The account.
    pub account: Setting,
    /// Its token.
    pub token: Setting,
    /// The number messages come from.
    pub from: String,
    /// Where the provider's API is, if not where the provider says.
    pub base_url: Option<String>,
}

/// The words for [`MailTls`].
const TLS: [&str; 3] = ["starttls", "implicit", "none"];
/// The providers there are.
const PROVIDERS: [&str; 1] = ["twilio"];

/// Reads `secrets`, `email` and `sms` of `bot.yaml`.
pub(super) fn read(fields: &mut Fields<'_>, out: &mut Diagnostics) -> Services {
    Services {
        secrets: fields.take("secrets").map(|n| secrets(n, out)).unwrap_or_default(),
        email: fields.take("email").and_then(|n| email(n, out)),
        sms: fields.take("sms").and_then(|n| sms(n, out)),
    }
}

fn secrets(node: At<'_>, out: &mut Diagnostics) -> BTreeMap<String, SecretConfig> {
    let mut read = BTreeMap::new();
    for (name, _, value) in named(node, "secrets", out) {
        let Some(mut fields) = Fields::of(value, &format!("secret \"{name}\""), out) else { continue };
        let env = fields.need("env", out).and_then(|n| {
            let env = text(n, "env", out)?;
            if !is_identifier(env) {
                out.push(
                    Diagnostic::error("E0165", n.span, format!("env is the name of an environment variable, not \"{}\"", shown(env))).help(
                        "the value itself never stands in a file: write env: SHOP_API_KEY and set SHOP_API_KEY where the server starts",
                    ),
                );
                return None;
            }
            Some(env.to_owned())
        });
        let hosts: Option<Vec<String>> = fields.need("hosts", out).map(|n| one_or_many(n).iter().filter_map(|n| host(n, out)).collect());
        let span = fields.span();
        fields.finish(out);
        if hosts.as_ref().is_some_and(Vec::is_empty) && out.error_count() == 0 {
            out.push(Diagnostic::error("E0165", span, format!("secret \"{name}\" goes nowhere: name the hosts it may be sent to")));
        }
        if let (Some(env), Some(hosts)) = (env, hosts) {
            read.insert(name.to_owned(), SecretConfig { env, hosts });
        }
    }
    read
}

/// What may be a secret itself is not repeated.
fn shown(env: &str) -> String {
    if env.len() > 12 { format!("{}…", env.chars().take(3).collect::<String>()) } else { env.to_owned() }
}

/// The name of a host, without anything around it.
fn host(node: At<'_>, out: &mut Diagnostics) -> Option<String> {
    let written = text(node, "a host", out)?.trim();
    let good = !written.is_empty() && written.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    if !good || written.contains("://") {
        let bare = written.split_once("://").map_or(written, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
        out.push(
            Diagnostic::error("E0165", node.span, format!("a host is a name such as shop.example, not \"{written}\""))
                .help(format!("write {bare}: each host by itself, without https:// and without a path")),
        );
        return None;
    }
    Some(written.to_ascii_lowercase())
}

/// A text, or `${env.NAME}`.
fn setting(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<Setting> {
    let written = text(node, what, out)?;
    match written.strip_prefix("${").and_then(|w| w.strip_suffix('}')) {
        None => Some(Setting::Text(written.to_owned())),
        Some(inner) => match inner.trim().strip_prefix("env.").filter(|v| is_identifier(v)) {
            Some(variable) => Some(Setting::Env(variable.to_owned())),
            None => {
                out.push(Diagnostic::error("E0104", node.span, format!("{what} can only be text or ${{env.NAME}}")));
                None
            }
        },
    }
}

/// `${env.NAME}` and nothing else: what must not stand in a file.
fn from_env(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<Setting> {
    match setting(node, what, out)? {
        Setting::Env(variable) => Some(Setting::Env(variable)),
        Setting::Text(_) | Setting::List(_) => {
            out.push(
                Diagnostic::error("E0165", node.span, format!("{what} does not stand in a file"))
                    .help("write \"${env.NAME}\" and set NAME where the server starts"),
            );
            None
        }
    }
}

fn email(node: At<'_>, out: &mut Diagnostics) -> Option<MailConfig> {
    let mut fields = Fields::of(node, "email", out)?;
    let from = fields.need("from", out).and_then(|n| {
        let from = text(n, "from", out)?.trim();
        if !is_mail_address(from) {
            out.push(
                Diagnostic::error("E0166", n.span, format!("from is a mail address such as shop@shop.example, not \"{from}\""))
                    .help("write the bare address, without a name in front of it"),
            );
            return None;
        }
        Some(from.to_owned())
    });
    let smtp = fields.need("smtp", out);
    fields.finish(out);
    let mut smtp = Fields::of(smtp?, "smtp", out)?;
    let host = smtp.need("host", out).and_then(|n| host(n, out));
    let tls_node = smtp.take("tls");
    let tls = match tls_node.and_then(|n| Some((n, text(n, "tls", out)?))) {
        None => MailTls::Starttls,
        Some((_, "starttls")) => MailTls::Starttls,
        Some((_, "implicit")) => MailTls::Implicit,
        Some((_, "none")) => MailTls::None,
        Some((n, other)) => {
            out.push(unknown("E0104", n.span, &format!("tls is not \"{other}\""), other, TLS.iter().copied(), "it is one of"));
            MailTls::Starttls
        }
    };
    if let (MailTls::None, Some(host), Some(n)) = (tls, &host, tls_node)
        && !is_this_machine(host)
    {
        out.push(
            Diagnostic::error("E0165", n.span, format!("mail to {host} would travel unencrypted"))
                .help("tls: none is for a server on this machine; write starttls or implicit"),
        );
    }
    let usual = match tls {
        MailTls::Starttls => 587,
        MailTls::Implicit => 465,
        MailTls::None => 25,
    };
    let port = smtp.take("port").and_then(|n| integer(n, "port", 1, 65_535, out)).unwrap_or(usual);
    let user = smtp.take("user").and_then(|n| setting(n, "user", out));
    let password = smtp.take("password").and_then(|n| from_env(n, "the password", out));
    let span = smtp.span();
    smtp.finish(out);
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            if out.error_count() == 0 {
                out.push(Diagnostic::error("E0102", span, "to sign in, a mail server needs both user and password"));
            }
            None
        }
    };
    Some(MailConfig { from: from?, host: host?, port: u16::try_from(port).unwrap_or(587), tls, login })
}

/// Whether a host is this machine, as far as its name tells.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let numbers: Vec<_> = host.split('.').map(str::parse::<u8>).collect();
    matches!(host, "localhost" | "::1" | "[::1]") || matches!(numbers.as_slice(), [Ok(127), Ok(_), Ok(_), Ok(_)])
}

fn sms(node: At<'_>, out: &mut Diagnostics) -> Option<SmsConfig> {
    let mut fields = Fields::of(node, "sms", out)?;
    if let Some(n) = fields.need("provider", out)
        && let Some(provider) = text(n, "provider", out)
        && !PROVIDERS.contains(&provider)
    {
        let message = format!("there is no provider \"{provider}\"");
        out.push(unknown("E0104", n.span, &message, provider, PROVIDERS.iter().copied(), "the providers are"));
    }
    let account = fields.need("account", out).and_then(|n| setting(n, "account", out));
    let token = fields.need("token", out).and_then(|n| from_env(n, "the token", out));
    let from = fields.need("from", out).and_then(|n| {
        let from = text(n, "from", out)?.trim();
        let number = from.strip_prefix('+').is_some_and(|d| (5..=15).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()));
        if !number {
            out.push(Diagnostic::error("E0104", n.span, format!("from is a number with + and the country's code, not \"{from}\"")));
        }
        number.then(|| from.to_owned())
    });
    let base_url = fields.take("base_url").and_then(|n| {
        let url = text(n, "base_url", out)?.trim().trim_end_matches('/');
        let good = url.starts_with("https://") || url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
        if !good {
            let message = "base_url begins with https://, or is this machine for a test";
            out.push(Diagnostic::error("E0165", n.span, message).help("leave it out to reach the provider itself"));
        }
        good.then(|| url.to_owned())
    });
    fields.finish(out);
    Some(SmsConfig { account: account?, token: token?, from: from?, base_url })
}

/// Whether a text is one bare mail address: nothing that could begin another header, another recipient or a name.
pub(crate) fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let dotted = |part: &str| !part.is_empty() && part.split('.').all(|p| !p.is_empty());
    let label =
        |l: &str| l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-') && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text.len() <= 254
        && local.len() <= 64
        && dotted(local)
        && local.bytes().all(|b| b == b'.' || atom(b))
        && dotted(domain)
        && domain.split('.').all(label)
}

impl super::Bot {
    /// Secrets, the mail server and the provider of text messages.
    pub fn services(&self) -> &Services {
        &self.config.services
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address_and_nothing_else() {
        for good in ["a@b.example", "first.last+tag@mail.shop.example", "x@localhost", "o'neil@ex-ample.org"] {
            assert!(is_mail_address(good), "{good}");
        }
        let long = format!("{}@b.example", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b..example",
            ".a@b.example",
            "a b@c.example",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example,c@d.example",
            "Ana <a@b.example>",
            "a@b@c.example",
            "a@-b.example",
            "\"a\"@b.example",
            "a@[127.0.0.1]",
            "ä@b.example",
            &long,
        ] {
            assert!(!is_mail_address(bad), "{bad:?}");
        }
    }
}
