//! Outgoing webhooks, for whoever declares them: making, changing, asking how they stand, telling something once more.

use super::Handle;
use crate::{
    WriteError,
    core::{
        Core,
        webhooks::{Disabled, Ended, HookEvent, Logged, REMEMBERED, Row, Webhook, WebhookState, log_table, queue_table, row_key},
    },
    outside::{Post, Posted},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{Actor, ContactId, Instant};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Webhooks at the most.
const WEBHOOKS: usize = 20;
/// The longest address, in bytes.
const URL: usize = 2_048;
/// The longest description, in characters.
const DESCRIPTION: usize = 500;
/// The most deliveries under way at once for one webhook.
const PARALLEL: u8 = 16;
/// How long the secret before the newest one signs as well: a day.
const BOTH: i64 = 86_400_000_000;

/// What a webhook is to be; what is absent stays as it is, or is what it usually is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where its deliveries are posted.
    pub url: Option<String>,
    /// What it is told of.
    pub events: Option<BTreeSet<HookEvent>>,
    /// What it is for, in words.
    pub description: Option<String>,
    /// How many deliveries may be under way at once, those of one contact never together; usually one.
    pub parallel: Option<u8>,
    /// Whether anything leaves for it.
    pub enabled: Option<bool>,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits, or is under way.
    Waiting,
    /// The other side took it.
    Delivered,
    /// It was given up.
    Failed,
}

/// A delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryView {
    /// Its place: a larger one is later.
    pub number: u64,
    /// Its id, as it is sent.
    pub id: String,
    /// What happened.
    pub event: String,
    /// To whom.
    pub contact: Option<ContactId>,
    /// When.
    pub at: Instant,
    /// What it says.
    pub data: Value,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How long the last try took, in milliseconds, if it is over.
    pub took_ms: Option<u32>,
    /// When it is tried next, if it was tried in vain.
    pub next: Option<Instant>,
    /// When it was over.
    pub ended_at: Option<Instant>,
}

/// Which deliveries are told once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// This one.
    One(String),
    /// Those of what happened from then until before then.
    Span(Instant, Instant),
}

impl Handle {
    /// All webhooks and how they stand, by id.
    pub fn webhooks(&self) -> Vec<WebhookState> {
        self.shell.ask(Core::webhook_states)
    }

    /// A webhook and how it stands.
    pub fn webhook(&self, id: &str) -> Option<WebhookState> {
        self.webhooks().into_iter().find(|state| state.webhook.id == id)
    }

    /// A new id for a webhook.
    pub fn new_webhook_id() -> Option<String> {
        random::<16>().map(|bytes| bytes.iter().fold("whk_".to_owned(), |id, byte| format!("{id}{byte:02x}")))
    }

    /// Makes a webhook under this id; answers it with its secret. One that is there already is answered as it is.
    ///
    /// # Errors
    /// [`WriteError`] says what is wrong with it.
    pub async fn create_webhook(&self, id: &str, change: WebhookChange, by: Actor) -> Result<WebhookState, WriteError> {
        if let Some(known) = self.webhook(id) {
            return Ok(known);
        }
        if self.webhooks().len() >= WEBHOOKS {
            return Err(WriteError::Invalid(format!("there are {WEBHOOKS} webhooks already; delete one first")));
        }
        self.check(&change)?;
        let (Some(url), Some(events)) = (change.url, change.events) else {
            return Err(WriteError::Invalid("a webhook needs an address and the events it is told of".into()));
        };
        let now = self.now();
        let webhook = Webhook {
            id: id.to_owned(),
            url,
            events,
            description: change.description.unwrap_or_default(),
            parallel: change.parallel.unwrap_or(1),
            secret: secret()?,
            before: None,
            created_at: now,
            created_by: by,
            changed: None,
            version: 1,
            disabled: paused(change.enabled, now),
            missed: None,
            deleted: false,
        };
        self.shell.answered(move |core, _, ticket| core.put_webhook(webhook, ticket)).await?;
        self.webhook(id).ok_or(WriteError::NotFound)
    }

    /// Changes a webhook and notes who did; with `expected` only if it still has one of these tags ([`Webhook::tag`]). Answered when it is
    /// durable.
    ///
    /// # Errors
    /// [`WriteError`] says what is wrong with it; [`WriteError::Changed`] if it has another tag.
    pub async fn change_webhook(
        &self,
        id: &str,
        expected: Option<Vec<String>>,
        change: WebhookChange,
        by: Actor,
    ) -> Result<WebhookState, WriteError> {
        self.check(&change)?;
        let name = id.to_owned();
        let done = self.shell.answered(move |core, now, ticket| {
            core.change_webhook(now, &name, expected.as_deref(), ticket, |webhook| {
                let WebhookChange { url, events, description, parallel, enabled } = change;
                url.into_iter().for_each(|url| webhook.url = url);
                events.into_iter().for_each(|events| webhook.events = events);
                description.into_iter().for_each(|text| webhook.description = text);
                parallel.into_iter().for_each(|parallel| webhook.parallel = parallel);
                match enabled {
                    Some(true) => webhook.disabled = None,
                    Some(false) if webhook.disabled.is_none() => webhook.disabled = paused(enabled, now),
                    Some(false) | None => {}
                }
                webhook.changed = Some((now, by));
            });
        });
        done.await?;
        self.webhook(id).ok_or(WriteError::NotFound)
    }

    /// Gives a webhook a new secret and answers it; the one before signs as well for a day.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn rotate_webhook_secret(&self, id: &str, by: Actor) -> Result<WebhookState, WriteError> {
        let (name, new) = (id.to_owned(), secret()?);
        let done = self.shell.answered(move |core, now, ticket| {
            core.change_webhook(now, &name, None, ticket, |webhook| {
                let before = std::mem::replace(&mut webhook.secret, new);
                webhook.before = Some((before, now.plus_micros(BOTH)));
                webhook.changed = Some((now, by));
            });
        });
        done.await?;
        self.webhook(id).ok_or(WriteError::NotFound)
    }

    /// Deletes a webhook with everything that waits; with `expected` only if it still has one of these tags ([`Webhook::tag`]). Answered
    /// when nothing leaves for it any more.
    ///
    /// # Errors
    /// [`WriteError`]; [`WriteError::Changed`] if it has another tag.
    pub async fn delete_webhook(&self, id: &str, expected: Option<Vec<String>>) -> Result<(), WriteError> {
        let id = id.to_owned();
        self.shell.answered(move |core, now, ticket| core.delete_webhook(now, &id, expected.as_deref(), ticket)).await?;
        Ok(())
    }

    /// Posts a `webhook.test` now, once, past the queue; answers what came of it.
    ///
    /// # Errors
    /// [`WriteError`] if there is no such webhook, or nothing leaves for it.
    pub async fn test_webhook(&self, id: &str) -> Result<Posted, WriteError> {
        let webhook = self.webhook(id).ok_or(WriteError::NotFound)?.webhook;
        if webhook.disabled.is_some() {
            return Err(WriteError::Invalid("nothing leaves for this webhook; enable it first".into()));
        }
        let now = self.now();
        let id = random::<8>().map(|bytes| bytes.iter().fold("dlv_test".to_owned(), |id, byte| format!("{id}{byte:02x}")));
        let body = json!({ "type": "webhook.test", "timestamp": now.to_string(), "data": { "webhook": webhook.id } }).to_string();
        let id = id.ok_or(WriteError::Unavailable)?;
        Ok(self.shell.post_once(&Post { url: webhook.url.clone(), id, at: now, body, secrets: webhook.secrets(now) }).await)
    }

    /// Deliveries of a webhook before a number, newest first, at most `limit`: those that wait, and the last 1,000 that are over.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] if there is no such webhook; [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn webhook_deliveries(
        &self,
        id: &str,
        state: Option<DeliveryState>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<DeliveryView>, WriteError> {
        self.webhook(id).ok_or(WriteError::NotFound)?;
        let waits = state.is_none_or(|state| state == DeliveryState::Waiting);
        let waiting = if waits { self.shell.ask(|core| core.webhook_waiting(id, before, limit)) } else { Vec::new() };
        let name = id.to_owned();
        let read = self.shell.read(move |store| {
            let mut all = Vec::new();
            for (number, trouble) in waiting {
                let row = store.record(&queue_table(&name), &row_key(number))?;
                let Some(row) = row.and_then(|value| serde_json::from_value::<Row>(value).ok()) else { continue };
                let next = (trouble.tries > 0).then_some(trouble.next);
                let view = DeliveryView {
                    state: DeliveryState::Waiting,
                    tries: trouble.tries,
                    status: trouble.status,
                    error: trouble.error,
                    next,
                    ..view(number, row)
                };
                all.push(view);
            }
            if state != Some(DeliveryState::Waiting) {
                all.extend(logged(store, &name)?.into_iter().filter(|view| view.number < before && state.is_none_or(|s| s == view.state)));
            }
            all.sort_by_key(|view| std::cmp::Reverse(view.number));
            all.truncate(limit);
            Ok(all)
        });
        read.await.ok_or(WriteError::Unavailable)
    }

    /// Tells a webhook once more what it was told, or was to be told, under the ids it knows. Answers how much, when it is queued.
    ///
    /// # Errors
    /// [`WriteError`]; nothing is queued then.
    pub async fn replay_webhook(&self, id: &str, which: Replay) -> Result<usize, WriteError> {
        self.webhook(id).ok_or(WriteError::NotFound)?;
        let name = id.to_owned();
        let all = self.shell.read(move |store| logged(store, &name)).await.ok_or(WriteError::Unavailable)?;
        let wanted = |view: &DeliveryView| match &which {
            Replay::One(id) => view.id == *id,
            Replay::Span(from, until) => (*from..*until).contains(&view.at),
        };
        let mut wanted: Vec<DeliveryView> = all.into_iter().filter(wanted).collect();
        wanted.sort_by_key(|view| view.number);
        // What was replayed before is in the log twice.
        let mut told = BTreeSet::new();
        wanted.retain(|view| told.insert(view.id.clone()));
        if wanted.is_empty() {
            let what = "there is no such delivery among the last 1,000 that are over";
            return match which {
                Replay::One(_) => Err(WriteError::Invalid(what.into())),
                Replay::Span(..) => Ok(0),
            };
        }
        let count = wanted.len();
        let row = |view: DeliveryView| Row { id: view.id, event: view.event, contact: view.contact, at: view.at, data: view.data };
        let (name, rows) = (id.to_owned(), wanted.into_iter().map(row).collect());
        self.shell.answered(move |core, _, ticket| core.replay_webhook(&name, rows, ticket)).await?;
        Ok(count)
    }

    fn check(&self, change: &WebhookChange) -> Result<(), WriteError> {
        let invalid = |why: String| Err(WriteError::Invalid(why));
        if let Some(url) = &change.url {
            let sound = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !sound || url.len() > URL || url.chars().any(char::is_control) {
                return invalid(format!("url: it must be an address that begins with https:// or http://, of at most {URL} bytes"));
            }
            if let Err(why) = self.shell.may_post(url) {
                return invalid(format!("url: {why}"));
            }
        }
        if change.events.as_ref().is_some_and(BTreeSet::is_empty) {
            return invalid("events: name at least one".into());
        }
        if change.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION || text.chars().any(char::is_control)) {
            return invalid(format!("description: at most {DESCRIPTION} characters in one line"));
        }
        if change.parallel.is_some_and(|parallel| !(1..=PARALLEL).contains(&parallel)) {
            return invalid(format!("parallel: 1 to {PARALLEL}"));
        }
        Ok(())
    }
}

fn view(number: u64, row: Row) -> DeliveryView {
    let Row { id, event, contact, at, data } = row;
    DeliveryView {
        number,
        id,
        event,
        contact,
        at,
        data,
        state: DeliveryState::Waiting,
        tries: 0,
        status: None,
        error: None,
        took_ms: None,
        next: None,
        ended_at: None,
    }
}

/// The log of a webhook.
fn logged(store: &dyn store::Store, id: &str) -> Result<Vec<DeliveryView>, store::Error> {
    let mut all = Vec::with_capacity(REMEMBERED);
    for (key, value) in store.records(&log_table(id))? {
        let (Ok(number), Ok(logged)) = (u64::from_str_radix(&key, 16), serde_json::from_value::<Logged>(value)) else { continue };
        let Logged { row, ended, status, error, tries, took_ms, ended_at } = logged;
        let state = match ended {
            Ended::Delivered => DeliveryState::Delivered,
            Ended::Failed => DeliveryState::Failed,
        };
        all.push(DeliveryView { state, tries, status, error, took_ms: Some(took_ms), ended_at: Some(ended_at), ..view(number, row) });
    }
    Ok(all)
}

fn paused(enabled: Option<bool>, now: Instant) -> Option<Disabled> {
    (enabled == Some(false)).then(|| Disabled { at: now, why: "paused".into() })
}

/// A new secret: 256 random bits.
fn secret() -> Result<String, WriteError> {
    let bytes = random::<32>().ok_or(WriteError::Unavailable)?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// Random bytes; none if the system has none.
fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
