//! What a contact's past comes to: counters, how they came, and what was meant for many and reached them.

use crate::v1::openapi::{Id, Time};
use model::{Actor, Contact, Delivery, Person, Tag, Value};
use runtime::{Campaign, Handle, WriteError};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// How many campaigns are told of one contact.
const CAMPAIGNS: usize = 20;

/// How often what happened, on all channels together.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactCounters")]
pub(crate) struct Counters {
    /// Messages and presses they sent.
    messages: u64,
    /// How many of them in the latest visit.
    session_messages: u64,
    /// Messages they were sent unasked: a day or more after what they last did in that conversation.
    template_messages: u64,
    /// Requests for a human that nobody answered, since an agent last attended to them.
    unresolved_requests: u64,
}

impl Counters {
    /// A contact's.
    pub(crate) fn of(contact: &Contact) -> Self {
        let count = |name: &str| match contact.system.get(name) {
            Some(Value::Number(count)) => u64::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        Self {
            messages: count("message_count"),
            session_messages: count("session_messages"),
            template_messages: count("template_messages"),
            unresolved_requests: count("unresolved_requests"),
        }
    }
}

/// What they came with first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactFirstMessage")]
pub(crate) struct First {
    /// The text they began with.
    text: Option<String>,
    /// The payload of the link that brought them.
    payload: Option<String>,
    /// The tag that `first_message` in bot.yaml gave for it.
    tag: Option<String>,
}

impl First {
    /// A contact's; none if they never wrote and no link brought them.
    pub(crate) fn of(contact: &Contact) -> Option<Self> {
        let text = |name: &str| match contact.system.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let first = Self { text: text("first_message"), payload: text("first_payload"), tag: text("first_message_tag") };
        (first.text.is_some() || first.payload.is_some() || first.tag.is_some()).then_some(first)
    }
}

/// Why a tag is there.
pub(crate) fn tag_why(tag: &Tag) -> String {
    if let Some(why) = &tag.why {
        return why.clone();
    }
    match &tag.by {
        Actor::Agent(_) => "manual".into(),
        Actor::Flow { skill, block } => format!("flow {skill}.{block}"),
        Actor::Api(key) => format!("API {key}"),
        Actor::Import(import) => format!("import {import}"),
        Actor::Channel(channel) => format!("channel {channel}"),
        Actor::Customer => "the customer".into(),
        Actor::System => "automatic".into(),
    }
}

/// Something that was meant for many and reached the contact.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactCampaign")]
pub(crate) struct CampaignInfo {
    /// The audience it belongs to.
    #[schemars(with = "Id")]
    audience: String,
    /// The event that was raised, or the skill that a schedule started.
    name: String,
    /// Whether a schedule did it.
    schedule: bool,
    /// When it reached them.
    at: Time,
    /// How many messages it said and sent at once, e-mails and text messages among them; a flow may have said more later.
    messages: usize,
    /// `read`, `delivered`, `sent`, `queued`, `unknown` (it may have arrived) or `failed`: of several messages the one that got least far.
    /// More than `sent` is known only where the channel tells it. None if nothing was said, or if it is kept no longer.
    delivery: Option<&'static str>,
    /// Why it failed.
    failure: Option<String>,
    /// When they had seen all of it, where the channel tells.
    read_at: Option<Time>,
    /// When they did something in that conversation afterwards.
    answered_at: Option<Time>,
    /// Whether what it said, or a part of it, is kept no longer: then nobody knows what became of it.
    forgotten: bool,
}

impl From<Campaign> for CampaignInfo {
    fn from(campaign: Campaign) -> Self {
        let Campaign { reached, at, by: _, messages, delivery, read_at, answered_at, forgotten } = campaign;
        let (delivery, failure) = match delivery {
            None => (None, None),
            Some(Delivery::Read) => (Some("read"), None),
            Some(Delivery::Delivered) => (Some("delivered"), None),
            Some(Delivery::Received | Delivery::Sent) => (Some("sent"), None),
            Some(Delivery::Queued) => (Some("queued"), None),
            Some(Delivery::Unknown) => (Some("unknown"), None),
            Some(Delivery::Failed(why)) => (Some("failed"), Some(why)),
        };
        Self {
            audience: reached.audience,
            name: reached.name,
            schedule: reached.schedule,
            at: at.into(),
            messages,
            delivery,
            failure,
            read_at: read_at.map(Time),
            answered_at: answered_at.map(Time),
            forgotten,
        }
    }
}

/// The newest campaigns that reached a contact, newest first.
///
/// # Errors
/// [`WriteError::Unavailable`] if the store cannot be read.
pub(crate) async fn campaigns(handle: &Handle, person: &Arc<Person>) -> Result<Vec<CampaignInfo>, WriteError> {
    Ok(handle.campaigns(person, CAMPAIGNS).await?.into_iter().map(CampaignInfo::from).collect())
}
