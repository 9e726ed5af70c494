//! Services: the outside as `bot.yaml` describes it: HTTP with secrets, a mail server, a provider of text messages.
//!
//! Values of secrets live here and nowhere else: calls name them, and they are filled in at the last moment, for the hosts
//! they are bound to. What is not set in the environment is off: said once at the start, and the `error` outcome at run time.

mod http;
mod mail;
pub mod sms;
mod webhooks;

use crate::egress::{AllowError, Egress, EgressOptions};
use crate::outside::{Outside, Post, Posted, Tried};
use engine::Setting;
use futures::{FutureExt, future::BoxFuture};
use model::{CallKind, CallRow};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// Reads an environment variable; nothing for one that is not set or empty.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the services are made of.
#[derive(Clone, Debug, Default)]
pub struct ServicesOptions {
    /// Hosts, addresses and networks that calls may reach although they are not public.
    pub allow: Vec<String>,
    /// The same for deliveries to webhooks.
    pub allow_webhooks: Vec<String>,
    /// Where the server is reached from outside: providers report there.
    pub public_url: Option<String>,
}

/// The services of a bot. What they are may change while the server runs ([`Services::set`]).
pub struct Services {
    egress: Egress,
    /// For deliveries to webhooks.
    webhooks: Egress,
    public_url: Option<String>,
    set: RwLock<Arc<Settings>>,
}

/// A secret and where it may go. It is never shown.
pub(crate) struct Secret {
    env: String,
    hosts: Vec<String>,
    value: Option<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.env)
    }
}

/// What is set: settings with the values of the environment. The error says why something is off.
#[derive(Default)]
pub(crate) struct Settings {
    pub secrets: BTreeMap<String, Secret>,
    pub mail: Option<Result<mail::Mailer, String>>,
    pub sms: Option<Result<sms::Provider, String>>,
}

impl Services {
    /// Services without settings yet.
    ///
    /// # Errors
    /// If an entry of the list is neither host, address nor network.
    pub fn new(options: ServicesOptions) -> Result<Arc<Self>, AllowError> {
        let ServicesOptions { allow, allow_webhooks, public_url } = options;
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        let webhooks = Egress::new(EgressOptions { allow: allow_webhooks })?;
        Ok(Arc::new(Self { egress: Egress::new(EgressOptions { allow })?, webhooks, public_url, set: RwLock::default() }))
    }

    /// Takes over what a bot says, with the values of the environment. Answers what is off, a line each.
    pub fn set(&self, services: &engine::Services, env: Env<'_>) -> Vec<String> {
        let mut off = Vec::new();
        let mut secrets = BTreeMap::new();
        for (name, secret) in &services.secrets {
            let value = env(&secret.env);
            if value.is_none() {
                off.push(format!("secret {name} is not set: requests that need it fail until {} is set", secret.env));
            }
            secrets.insert(name.clone(), Secret { env: secret.env.clone(), hosts: secret.hosts.clone(), value });
        }
        let mail = services.email.as_ref().map(|config| mail::Mailer::new(config, env));
        let sms = services.sms.as_ref().map(|config| sms::Provider::new(config, env));
        if let Some(Err(why)) = &mail {
            off.push(format!("mail is off: {why}"));
        }
        if let Some(Err(why)) = &sms {
            off.push(format!("text messages are off: {why}"));
        }
        if matches!(&sms, Some(Ok(_))) && self.public_url.is_none() {
            off.push("text messages are sent, but nobody can report what became of them: start with --public-url".into());
        }
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Settings { secrets, mail, sms });
        off
    }

    fn settings(&self) -> Arc<Settings> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Outside for Services {
    fn call<'a>(&'a self, row: &'a CallRow) -> BoxFuture<'a, Tried> {
        let settings = self.settings();
        async move {
            let call = &row.call;
            match &call.what {
                CallKind::Http(what) => http::call(&self.egress, &settings.secrets, call.id, what).await,
                CallKind::Mail(what) => match &settings.mail {
                    Some(Ok(mailer)) => mailer.send(call.id, what).await,
                    Some(Err(why)) => Tried::failed(format!("mail is off: {why}")),
                    None => Tried::failed("this bot has no mail server any more"),
                },
                CallKind::Sms(what) => match &settings.sms {
                    Some(Ok(provider)) => provider.send(self.public_url.as_deref(), call, what).await,
                    Some(Err(why)) => Tried::failed(format!("text messages are off: {why}")),
                    None => Tried::failed("this bot has no provider of text messages any more"),
                },
            }
        }
        .boxed()
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        webhooks::post(&self.webhooks, post).boxed()
    }

    fn may_post(&self, url: &str) -> Result<(), String> {
        self.webhooks.permits(url).map_err(|error| error.to_string())
    }
}

/// The value of a setting; the error names the variable that is not set.
fn value(setting: &Setting, env: Env<'_>) -> Result<String, String> {
    match setting {
        Setting::Text(text) => Ok(text.clone()),
        Setting::Env(variable) => env(variable).ok_or_else(|| format!("{variable} is not set")),
        Setting::List(items) => Ok(items.join(" ")),
    }
}
