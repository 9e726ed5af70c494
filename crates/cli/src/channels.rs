//! Channels as `bot.yaml` declares them: one arm per channel, the only place that names them all.

use bytes::Bytes;
use channel::{Capabilities, Channel};
use channel_telegram::TelegramChannel;
use channel_web::WebChannel;
use channel_webhook::{CallbackAnswer, CallbackError, CallbackSender, WebhookChannel};
use engine::{ChannelConfig, Setting};
use futures::future::BoxFuture;
use runtime::egress::{Egress, EgressError, EgressOptions, Request};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A declared channel: connected, or off with the reason.
pub enum Declared {
    /// Connected.
    On(Arc<dyn Channel>),
    /// Off: its credential is not set.
    Off {
        /// Its name.
        name: String,
        /// Why, in a sentence.
        why: String,
    },
}

/// The secret with which a website signs who a visitor is.
const IDENTITY: &str = "identity";

/// What channels need from the command line.
pub struct Outside {
    /// Hosts and networks that callbacks may reach although they are not public.
    pub allow_callback: Vec<String>,
}

/// What the channels of a type show, as far as that does not depend on their settings; none for a type that is unknown.
pub fn capabilities(kind: &str) -> Option<Capabilities> {
    Some(match kind {
        "web" => channel_web::capabilities(),
        "telegram" => channel_telegram::capabilities(),
        "webhook" => channel_webhook::capabilities(false),
        _ => return None,
    })
}

/// The values of a channel's settings; the name of a variable that is not set.
fn values(config: &ChannelConfig) -> Result<BTreeMap<String, String>, String> {
    let mut read = BTreeMap::new();
    for (key, setting) in &config.options {
        let value = match setting {
            Setting::Text(text) => text.clone(),
            // Without it the chat works and knows nobody.
            Setting::Env(variable) if key == IDENTITY && std::env::var_os(variable).is_none() => continue,
            Setting::Env(variable) => std::env::var(variable).ok().filter(|v| !v.trim().is_empty()).ok_or_else(|| variable.clone())?,
            Setting::List(items) => items.join(" "),
        };
        read.insert(key.clone(), value);
    }
    Ok(read)
}

/// Connects one channel.
///
/// # Errors
/// A sentence that says what is wrong with its settings.
pub fn connect(config: &ChannelConfig, outside: &Outside) -> anyhow::Result<Declared> {
    let name = config.name.clone();
    let mut settings = match values(config) {
        Ok(settings) => settings,
        Err(variable) => return Ok(Declared::Off { name, why: format!("{variable} is not set") }),
    };
    let wrong = |why: String| anyhow::anyhow!("channel \"{}\" in bot.yaml: {why}", config.name);
    let channel: Arc<dyn Channel> = match config.kind.as_str() {
        "web" => {
            let mut options = channel_web::Options::default();
            if let Some(title) = settings.remove("title") {
                options.title = title;
            }
            options.subtitle = settings.remove("subtitle");
            if let Some(origins) = settings.remove("allowed_origins") {
                options.allowed_origins = origins.split_whitespace().map(str::to_owned).collect();
            }
            if let Some(events) = settings.remove("track") {
                options.track = Some(events.split_whitespace().map(str::to_owned).collect());
            }
            if let Some(keys) = settings.remove("segments") {
                options.segments = Some(keys.split_whitespace().map(str::to_owned).collect());
            }
            if matches!(config.options.get(IDENTITY), Some(Setting::Text(_) | Setting::List(_))) {
                return Err(wrong("identity is a secret: write identity: \"${env.NAME}\"".into()));
            }
            if let Some(secret) = settings.remove(IDENTITY) {
                let secret = channel_web::IdentitySecret::new(&secret).map_err(|why| wrong(why.to_owned()))?;
                options.identity = Some(secret);
            }
            refuse_rest(&settings, "title, subtitle, allowed_origins, track, segments and identity").map_err(wrong)?;
            Arc::new(WebChannel::new(name, options))
        }
        "telegram" => {
            let options = channel_telegram::Options::read(&settings).map_err(|e| wrong(e.to_string()))?;
            Arc::new(TelegramChannel::new(name, options).map_err(|e| wrong(e.to_string()))?)
        }
        "webhook" => {
            let secret = settings.remove("secret").ok_or_else(|| wrong("it needs a secret: secret: \"${env.NAME}\"".into()))?;
            let callback_url = match settings.remove("callback") {
                None => None,
                Some(url) => Some(url.parse().map_err(|e| wrong(format!("callback is not an address: {e}")))?),
            };
            refuse_rest(&settings, "secret and callback").map_err(wrong)?;
            let egress = Egress::new(EgressOptions { allow: outside.allow_callback.clone() })?;
            let options = channel_webhook::Options { secret, callback_url, sender: Arc::new(Callback(egress)), reply_wait_ms: 10_000 };
            Arc::new(WebhookChannel::new(name, options).map_err(|e| wrong(e.to_string()))?)
        }
        other => return Err(wrong(format!("there is no channel type \"{other}\""))),
    };
    Ok(Declared::On(channel))
}

fn refuse_rest(settings: &BTreeMap<String, String>, known: &str) -> Result<(), String> {
    match settings.keys().next() {
        None => Ok(()),
        Some(key) => Err(format!("there is no setting \"{key}\"; there are {known}")),
    }
}

/// Callbacks through the one guarded way out.
struct Callback(Egress);

impl CallbackSender for Callback {
    fn post<'a>(
        &'a self,
        url: &'a url::Url,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'a, Result<CallbackAnswer, CallbackError>> {
        Box::pin(async move {
            let request = Request { method: http::Method::POST, url: url.to_string(), headers, body, timeout_ms: 10_000 };
            match self.0.request(request).await {
                Ok(answer) => {
                    let wait = answer.headers.get(http::header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
                    Ok(CallbackAnswer { status: answer.status.as_u16(), retry_after_secs: wait })
                }
                // The head came, so it was received; the rest of the answer is of no interest.
                Err(EgressError::TooLarge { status }) => Ok(CallbackAnswer { status: status.as_u16(), retry_after_secs: None }),
                Err(error @ (EgressError::Forbidden(_) | EgressError::Malformed(_))) => Err(CallbackError::Forbidden(error.to_string())),
                Err(error) if error.may_have_arrived() => Err(CallbackError::Unanswered(error.to_string())),
                Err(error) => Err(CallbackError::NotSent(error.to_string())),
            }
        })
    }
}
