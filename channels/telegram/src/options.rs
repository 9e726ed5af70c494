//! How a Telegram channel is set up, checked before anything connects.

use std::{collections::BTreeMap, fmt, time::Duration};
use url::Url;

/// The set-up of a Telegram channel.
#[derive(Clone)]
pub struct Options {
    /// The bot's token, as @BotFather gives it.
    pub token: String,
    /// The address of the Bot API; none is the official one. For a server of one's own, and for tests.
    pub api_url: Option<Url>,
    /// How updates come.
    pub mode: Mode,
    /// Times; the default suits the official server.
    pub pace: Pace,
}

/// How updates come.
#[derive(Clone)]
pub enum Mode {
    /// We ask: no public address is needed.
    Polling,
    /// Telegram calls us.
    Webhook {
        /// The address under which this server is reached from outside, without `/c/…`.
        public_url: Url,
        /// What Telegram repeats in each call: 16 to 256 of `A-Z a-z 0-9 _ -`.
        secret: String,
    },
}

/// How long things may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one long poll waits for updates, in whole seconds.
    pub long_poll: Duration,
    /// How long a call may take; an upload gets a second more for each 100 kB.
    pub call: Duration,
    /// How long the files of one update may take to load, all tries together.
    pub download: Duration,
    /// The first wait after a failure; it doubles.
    pub retry_first: Duration,
    /// The longest wait after failures.
    pub retry_max: Duration,
    /// How often it is looked whether the bot's commands changed.
    pub menu: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            long_poll: Duration::from_secs(50),
            call: Duration::from_secs(30),
            download: Duration::from_secs(20),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            menu: Duration::from_secs(5),
        }
    }
}

impl Options {
    /// Long polling at the official server.
    pub fn polling(token: impl Into<String>) -> Self {
        Self { token: token.into(), api_url: None, mode: Mode::Polling, pace: Pace::default() }
    }

    /// Reads the channel's settings in `bot.yaml`, with `${env.…}` filled in: `token`, and as needed `api_url`, and for the
    /// webhook mode `public_url` and `secret`. An empty value is the same as none.
    pub fn read(settings: &BTreeMap<String, String>) -> Result<Self, OptionsError> {
        const KNOWN: [&str; 4] = ["token", "api_url", "public_url", "secret"];
        if let Some(unknown) = settings.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(OptionsError::Unknown(unknown.clone()));
        }
        let get = |key: &str| settings.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
        let url = |key: &str, error: OptionsError| get(key).map(|value| Url::parse(value).map_err(|_| error)).transpose();
        let token = get("token").ok_or(OptionsError::NotSet)?;
        let mode = match (url("public_url", OptionsError::PublicUrl)?, get("secret")) {
            (None, None) => Mode::Polling,
            (Some(public_url), Some(secret)) => Mode::Webhook { public_url, secret: secret.to_owned() },
            (Some(_), None) => return Err(OptionsError::Secret),
            (None, Some(_)) => return Err(OptionsError::PublicUrl),
        };
        let options = Self { api_url: url("api_url", OptionsError::ApiUrl)?, mode, ..Self::polling(token) };
        options.check()?;
        Ok(options)
    }
}

/// What is wrong with a set-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// There is no token: the channel is off, which is no error of the bot.
    #[error("the Telegram token is not set")]
    NotSet,
    /// A setting that does not exist.
    #[error("\"{0}\" is no setting of a telegram channel; there are token, api_url, public_url and secret")]
    Unknown(String),
    /// The token is none.
    #[error("the Telegram token does not look like one (123456789:AA…); copy it from @BotFather")]
    Token,
    /// The API address is none.
    #[error("api_url must be an http or https address without a query")]
    ApiUrl,
    /// The public address is none Telegram calls.
    #[error("public_url must be an https address (http only together with an api_url of your own)")]
    PublicUrl,
    /// The secret is too easy or cannot stand in a header.
    #[error("the webhook secret must be 16 to 256 characters of A-Z a-z 0-9 _ -")]
    Secret,
}

impl Options {
    /// The bot's id, which the token begins with; or what is wrong.
    pub(crate) fn check(&self) -> Result<u64, OptionsError> {
        let (id, secret) = self.token.split_once(':').ok_or(OptionsError::Token)?;
        if secret.is_empty() || secret.len() > 128 || !is_plain(secret) {
            return Err(OptionsError::Token);
        }
        let id = id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse().ok()).flatten().ok_or(OptionsError::Token)?;
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !self.api_url.as_ref().is_none_or(is_web) {
            return Err(OptionsError::ApiUrl);
        }
        if let Mode::Webhook { public_url, secret } = &self.mode {
            if !is_web(public_url) || (public_url.scheme() == "http" && self.api_url.is_none()) {
                return Err(OptionsError::PublicUrl);
            }
            if !(16..=256).contains(&secret.len()) || !is_plain(secret) {
                return Err(OptionsError::Secret);
            }
        }
        Ok(id)
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("token", &"…").field("api_url", &self.api_url).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polling => f.write_str("Polling"),
            Self::Webhook { public_url, .. } => write!(f, "Webhook({public_url})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(public: &str, secret: &str, api: Option<&str>) -> Result<u64, OptionsError> {
        let mode = Mode::Webhook { public_url: public.parse().unwrap(), secret: secret.into() };
        Options { mode, api_url: api.map(|url| url.parse().unwrap()), ..Options::polling("123456:abc-DEF_1") }.check()
    }

    #[test]
    fn set_ups_that_cannot_work_are_told() {
        assert_eq!(Options::polling("123456:abc-DEF_1").check(), Ok(123_456));
        for token in ["", "123456", "123456:", ":abc", "12x:abc", "123456:a/b", "123456:abc\n", "+1:abc", "99999999999999999999999:abc"] {
            assert_eq!(Options::polling(token).check(), Err(OptionsError::Token), "{token:?}");
        }
        let secret = "0123456789abcdef";
        assert_eq!(webhook("https://bot.example", secret, None), Ok(123_456));
        assert_eq!(webhook("http://bot.example", secret, None), Err(OptionsError::PublicUrl));
        assert_eq!(webhook("http://127.0.0.1:8080", secret, Some("http://127.0.0.1:8081")), Ok(123_456));
        assert_eq!(webhook("https://bot.example", "short", None), Err(OptionsError::Secret));
        assert_eq!(webhook("https://bot.example", "sixteen chars or more", None), Err(OptionsError::Secret));
        assert_eq!(webhook("https://bot.example", secret, Some("ftp://127.0.0.1")), Err(OptionsError::ApiUrl));
    }

    #[test]
    fn settings_are_read_and_a_missing_token_is_told_apart() {
        let read = |settings: &[(&str, &str)]| Options::read(&settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        let token = ("token", "123456:abc");
        assert!(matches!(read(&[token]).unwrap().mode, Mode::Polling));
        let hook = [token, ("public_url", "https://bot.example"), ("secret", "0123456789abcdef"), ("api_url", " ")];
        assert!(matches!(read(&hook).unwrap(), Options { mode: Mode::Webhook { .. }, api_url: None, .. }));
        for (settings, error) in [
            (&[("token", " ")][..], OptionsError::NotSet),
            (&[], OptionsError::NotSet),
            (&[token, ("tokn", "x")], OptionsError::Unknown("tokn".into())),
            (&[("token", "x")], OptionsError::Token),
            (&[token, ("public_url", "https://bot.example")], OptionsError::Secret),
            (&[token, ("secret", "0123456789abcdef")], OptionsError::PublicUrl),
            (&[token, ("api_url", "no address")], OptionsError::ApiUrl),
        ] {
            assert_eq!(read(settings).unwrap_err(), error);
        }
    }

    #[test]
    fn neither_token_nor_secret_is_printed() {
        let mode = Mode::Webhook { public_url: "https://bot.example".parse().unwrap(), secret: "hush-hush-hush-hush".into() };
        let shown = format!("{:?}", Options { mode, ..Options::polling("123456:very-secret") });
        assert!(!shown.contains("very-secret") && !shown.contains("hush"), "{shown}");
    }
}
