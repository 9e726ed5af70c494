//! What agents and the command line see: plain JSON, times in milliseconds since 1970.

use crate::v1::story::{self, CampaignInfo, Counters, First};
use engine::Bot;
use model::{
    Actor, Attachment, Author, Card, Choice, ChoiceAction, Conversation, ConversationId, Delivery, Instant, JourneyEntry, JourneyKind,
    Linked, Medium, Owner, Person, Picture, RequestState, TranscriptEntry, Value,
};
use runtime::{Agent, DeskRow, DeskView, Handle, WriteError};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, sync::Arc};

fn ms(at: Instant) -> i64 {
    at.as_millis()
}

/// The lists of the desk.
pub(crate) fn desk(view: &DeskView) -> Json {
    let rows = |rows: &[DeskRow]| rows.iter().map(row).collect::<Vec<_>>();
    json!({
        "accepting": view.accepting,
        "queue": rows(&view.queue),
        "mine": rows(&view.mine),
        "missed": rows(&view.missed),
        "others": view.others,
    })
}

fn row(row: &DeskRow) -> Json {
    json!({
        "request": row.request,
        "contact": row.contact,
        "conversation": row.conversation,
        "group": row.group,
        "name": row.name,
        "channel": row.channel,
        "since": ms(row.since),
        "state": row.state,
        "position": row.position,
        "agent_name": row.agent_name,
        "last_text": row.last_text,
        "last_at": row.last_at.map(ms),
        "waiting_customer": row.waiting_customer,
    })
}

/// A stored file.
pub(crate) fn file(attachment: &Attachment) -> Json {
    json!({
        "id": attachment.blob.0,
        "name": attachment.name,
        "mime": attachment.mime,
        "size": attachment.size,
        "kind": attachment.kind,
        "alt": attachment.alt,
    })
}

fn linked(link: &Linked) -> Json {
    json!({ "kind": link.kind, "url": link.url, "name": link.name, "alt": link.alt })
}

fn card(card: &Card) -> Json {
    let (file_of, linked_of) = match &card.picture {
        Some(Picture::Stored(picture)) => (Some(file(picture)), None),
        Some(Picture::Linked(picture)) => (None, Some(linked(picture))),
        None => (None, None),
    };
    json!({
        "title": card.title,
        "text": card.text,
        "file": file_of,
        "linked": linked_of,
        "buttons": card.buttons.iter().map(choice).collect::<Vec<_>>(),
    })
}

fn choice(choice: &Choice) -> Json {
    match &choice.action {
        ChoiceAction::Reply { token } => json!({ "label": choice.label, "token": token }),
        ChoiceAction::Url(url) => json!({ "label": choice.label, "url": url }),
        ChoiceAction::Phone(phone) => json!({ "label": choice.label, "phone": phone }),
    }
}

fn delivery(delivery: &Delivery) -> Json {
    match delivery {
        Delivery::Received => json!({ "state": "received" }),
        Delivery::Queued => json!({ "state": "queued" }),
        Delivery::Sent => json!({ "state": "sent" }),
        Delivery::Delivered => json!({ "state": "delivered" }),
        Delivery::Read => json!({ "state": "read" }),
        Delivery::Unknown => json!({ "state": "unknown" }),
        Delivery::Failed(reason) => json!({ "state": "failed", "reason": reason }),
    }
}

/// A line of a transcript.
pub(crate) fn line(entry: &TranscriptEntry) -> Json {
    match entry {
        TranscriptEntry::Message(m) => {
            let mut out = json!({
                "line": "message",
                "no": m.no,
                "id": m.id,
                "at": ms(m.at),
                "text": m.content.text,
                "files": m.content.attachments.iter().map(file).collect::<Vec<_>>(),
                "linked": m.content.linked.iter().map(linked).collect::<Vec<_>>(),
                "cards": m.content.cards.iter().map(card).collect::<Vec<_>>(),
                "buttons": m.content.buttons.iter().map(choice).collect::<Vec<_>>(),
                "quick_replies": m.content.quick_replies.iter().map(choice).collect::<Vec<_>>(),
                "delivery": delivery(&m.delivery),
            });
            match &m.author {
                Author::Customer => out["from"] = json!("customer"),
                Author::Bot { skill, block } => {
                    out["from"] = json!("bot");
                    out["block"] = json!(format!("{skill}.{block}"));
                }
                Author::Agent { name, .. } => {
                    out["from"] = json!("agent");
                    out["name"] = json!(name);
                }
                Author::System => out["from"] = json!("system"),
            }
            if let Some(place) = &m.content.location {
                out["location"] = json!({ "latitude": place.latitude, "longitude": place.longitude });
            }
            let optional = [("pressed", &m.content.pressed), ("unsupported", &m.content.unsupported), ("client_id", &m.client_id)];
            for (name, value) in optional {
                if let Some(value) = value {
                    out[name] = json!(value);
                }
            }
            out
        }
        TranscriptEntry::Delivery(d) => json!({
            "line": "delivery",
            "no": d.no,
            "at": ms(d.at),
            "message": d.message,
            "delivery": delivery(&d.delivery),
            "degraded": d.degraded,
        }),
    }
}

/// What an agent may do in a conversation now.
pub(crate) struct Can {
    pub(crate) take: bool,
    pub(crate) say: bool,
    pub(crate) resolve: bool,
    pub(crate) dismiss: bool,
}

impl Can {
    pub(crate) fn of(agent: &Agent, conversation: &Conversation) -> Self {
        let none = Self { take: false, say: false, resolve: false, dismiss: false };
        match conversation.request.as_ref().map(|r| &r.state) {
            Some(RequestState::Waiting) => Self { take: true, ..none },
            Some(RequestState::Active { agent: owner, .. }) if *owner == agent.id => Self { say: true, resolve: true, ..none },
            // Another agent has it.
            Some(RequestState::Active { .. }) => none,
            Some(RequestState::Missed { .. }) => Self { take: true, say: true, dismiss: true, resolve: false },
            None => none,
        }
    }
}

/// What is known of a person besides what is stored: what it leads to now.
pub(crate) struct Standing {
    /// Segments: key, name, since when.
    segments: Vec<(String, String, Option<Instant>)>,
    /// Computed attributes: name, name of the type, value.
    computed: Vec<(String, &'static str, Value)>,
    /// Who answers them.
    state: model::ChatState,
    /// What was meant for many and reached them, newest first.
    campaigns: Vec<CampaignInfo>,
}

impl Standing {
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub(crate) async fn of(handle: &Handle, person: &Arc<Person>) -> Result<Self, WriteError> {
        Ok(Self {
            segments: handle.segments_of(person),
            computed: handle.computed(person).await,
            state: person.state(handle.now()),
            campaigns: story::campaigns(handle, person).await?,
        })
    }
}

/// Who the person is, without any conversation.
pub(crate) fn profile(person: &Person, standing: &Standing, bot: &Bot, names: &Names) -> Json {
    let contact = &person.contact;
    let Standing { segments, computed, state, campaigns } = standing;
    let declared: BTreeMap<&str, _> = bot.attributes().iter().map(|a| (a.name.as_str(), a)).collect();
    let attribute = |(name, value): (&String, &Value)| {
        let def = declared.get(name.as_str());
        json!({
            "name": name,
            "type": def.map_or(value.type_name(), |d| d.ty.name()),
            "personal": def.is_some_and(|d| d.personal),
            "value": value.to_json(),
        })
    };
    json!({
        "id": contact.id,
        "name": contact.display_name(),
        "status": contact.status,
        "source": contact.source,
        "state": state.name(),
        "first_seen": ms(contact.first_seen),
        "last_seen": ms(contact.last_seen),
        "counters": Counters::of(contact),
        "first_message": First::of(contact),
        "attributes": contact.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "system": contact.system.iter().map(|(name, value)| json!({ "name": name, "value": value.to_json() })).collect::<Vec<_>>(),
        "tags": contact.tags.values().map(|t| json!({ "label": t.label, "at": ms(t.at), "by": names.actor(&t.by), "why": story::tag_why(t) })).collect::<Vec<_>>(),
        "computed": computed.iter().map(|(name, ty, value)| json!({ "name": name, "type": ty, "value": value.to_json() })).collect::<Vec<_>>(),
        "segments": segments.iter().map(|(key, name, since)| json!({ "key": key, "name": name, "since": since.map(ms) })).collect::<Vec<_>>(),
        // Newest first.
        "notes": contact.notes.iter().rev().map(|n| json!({ "at": ms(n.at), "by": names.actor(&n.by), "text": n.text })).collect::<Vec<_>>(),
        "campaigns": campaigns,
        "addresses": contact.addresses.iter().map(|r| json!({
            "channel": r.address.channel,
            "id": r.address.id,
            "unreachable": r.unreachable.as_ref().map(|(_, why)| why),
        })).collect::<Vec<_>>(),
    })
}

/// A conversation as the agent's page shows it.
pub(crate) fn conversation(conversation: &Conversation, agent: &Agent) -> Json {
    let can = Can::of(agent, conversation);
    let request = conversation.request.as_ref().map(|r| {
        let (state, name) = match &r.state {
            RequestState::Waiting => ("waiting", None),
            RequestState::Active { name, .. } => ("active", Some(name)),
            RequestState::Missed { .. } => ("missed", None),
        };
        json!({ "id": r.id, "group": r.group, "since": ms(r.since), "state": state, "agent_name": name })
    });
    json!({
        "id": conversation.id,
        "channel": conversation.address.channel,
        "owner": match conversation.owner {
            Owner::Bot => "bot",
            Owner::Queue => "queue",
            Owner::Agent(_) => "agent",
        },
        "request": request,
        "can": { "take": can.take, "say": can.say, "resolve": can.resolve, "dismiss": can.dismiss },
    })
}

/// What agents and segments are called, for lines that name them by id or key.
pub(crate) struct Names {
    agents: BTreeMap<model::AgentId, String>,
    segments: BTreeMap<String, String>,
}

impl Names {
    pub(crate) async fn of(handle: &Handle) -> Self {
        let agents = handle.agents().await.into_iter().map(|a| (a.id, a.name)).collect();
        let segments = handle.bot().segments().into_iter().map(|s| (s.key, s.name)).collect();
        Self { agents, segments }
    }

    /// A segment's name; its key once it is gone from the bot.
    fn segment<'a>(&'a self, key: &'a str) -> &'a str {
        self.segments.get(key).map_or(key, String::as_str)
    }

    pub(crate) fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Flow { .. } => "bot".into(),
            Actor::Customer => "customer".into(),
            Actor::Agent(id) => self.agents.get(id).cloned().unwrap_or_else(|| "an agent".into()),
            Actor::Api(key) => format!("API {key}"),
            Actor::Channel(name) => name.clone(),
            Actor::Import(id) => format!("import {id}"),
            Actor::System => "system".into(),
        }
    }
}

/// What a line of a journey tells, in words, and what caused it.
fn words(entry: &JourneyEntry, names: &Names) -> String {
    let what = what(entry, names);
    match cause(&entry.what) {
        Some(cause) => format!("{what} ({cause})"),
        None => what,
    }
}

/// What caused something, if what happened says so; the line itself may know more.
pub(crate) fn cause(what: &JourneyKind) -> Option<&str> {
    let cause = match what {
        JourneyKind::RunBegan { through, .. } => through,
        JourneyKind::SegmentEntered(moved) | JourneyKind::SegmentLeft(moved) => &moved.cause,
        JourneyKind::Merged { why, .. } | JourneyKind::NotMerged { why, .. } => why,
        _ => return None,
    };
    Some(cause.as_str()).filter(|cause| !cause.is_empty())
}

/// What a line of a journey tells, in words, without its [`cause`].
pub(crate) fn what(entry: &JourneyEntry, names: &Names) -> String {
    let plain = |value: &Value| plain(&value.to_json());
    match &entry.what {
        JourneyKind::RunBegan { skill, .. } => format!("Skill {skill} began"),
        JourneyKind::RunEnded { skill, how } => format!("Skill {skill} ended ({how})"),
        JourneyKind::Handled { rule, what } => handled(rule, what),
        JourneyKind::Block { exit } if exit.is_empty() => "Rested here".to_owned(),
        JourneyKind::Block { exit } => format!("Left by {exit}"),
        JourneyKind::Attribute { name, from: Some(from), to: Some(to) } => format!("{}: {} → {}", spaced(name), plain(from), plain(to)),
        JourneyKind::Attribute { name, from: None, to: Some(to) } => format!("{}: {}", spaced(name), plain(to)),
        JourneyKind::Attribute { name, to: None, .. } => format!("{} cleared", spaced(name)),
        JourneyKind::Created { source } => format!("Came to be ({source})"),
        JourneyKind::Imported { created, altered } => imported(*created, altered),
        JourneyKind::ImportUndone { import } => format!("Import {import} taken back"),
        JourneyKind::TagAdded(label) => format!("Tag added: {label}"),
        JourneyKind::TagRemoved(label) => format!("Tag removed: {label}"),
        JourneyKind::Status { from, to } => format!("Status: {from} → {to}"),
        JourneyKind::Consent { topic, given: true } => format!("Agreed to {topic}"),
        JourneyKind::Consent { topic, given: false } => format!("Refused {topic}"),
        JourneyKind::SegmentEntered(moved) => format!("Entered segment {}", names.segment(&moved.segment)),
        JourneyKind::SegmentLeft(moved) => format!("Left segment {}", names.segment(&moved.segment)),
        JourneyKind::Event(name) => format!("Event {name}"),
        JourneyKind::Desk(text) => text.clone(),
        JourneyKind::Delivery(text) => text.clone(),
        JourneyKind::Told { medium, delivery, .. } => {
            let what = match medium {
                Medium::Mail => "E-mail",
                Medium::Sms => "Text message",
            };
            match delivery {
                Delivery::Received | Delivery::Queued => format!("{what} on its way"),
                Delivery::Sent => format!("{what} sent"),
                Delivery::Delivered => format!("{what} delivered"),
                Delivery::Read => format!("{what} read"),
                Delivery::Unknown => format!("{what} may not have arrived"),
                Delivery::Failed(why) => format!("{what} not delivered: {why}"),
            }
        }
        JourneyKind::Timer(text) => text.clone(),
        JourneyKind::Moved(text) => text.clone(),
        JourneyKind::Error(text) => text.clone(),
        JourneyKind::Address(text) => text.clone(),
        JourneyKind::Source { from, to } => format!("Source: {from} → {to}"),
        JourneyKind::Noted(text) => format!("Noted: {text}"),
        JourneyKind::Reached(reached) => format!("Reached by {}", reached.name),
        JourneyKind::Identifier(text) => text.clone(),
        JourneyKind::Merged { other, .. } => format!("Merged with {other}"),
        JourneyKind::MergedInto { into, .. } => format!("Merged into {into}"),
        JourneyKind::Unmerged { other, .. } => format!("Merge with {other} undone"),
        JourneyKind::NotMerged { other, .. } => format!("Not merged with {other}"),
    }
}

/// The name of an attribute as words.
fn spaced(name: &str) -> String {
    if name == "email" { "e-mail".to_owned() } else { name.replace(['_', '-'], " ") }
}

/// How a message was understood, in words; which rule it was is for designers of the language, not for people.
fn handled(rule: &str, what: &str) -> String {
    match what.strip_prefix('/') {
        Some(skill) if rule == "5.4.10" => format!("Answered by /{skill}"),
        Some(command) => format!("Command /{command}"),
        None => {
            let mut letters = what.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// A value in words: what a list holds, one after the other.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => value.to_string(),
    }
}

/// The block at which it happened, `skill.block`.
pub(crate) fn block_of(entry: &JourneyEntry) -> Option<String> {
    entry.block.clone().or_else(|| match &entry.by {
        Actor::Flow { skill, block } => Some(format!("{skill}.{block}")),
        Actor::Customer | Actor::Agent(_) | Actor::Api(_) | Actor::Channel(_) | Actor::Import(_) | Actor::System => None,
    })
}

/// A line of a journey, in words. `of` is the conversation whose page asks; others are named.
pub(crate) fn journey(entry: &JourneyEntry, names: &Names, of: Option<ConversationId>) -> Json {
    json!({
        "id": entry.id,
        "at": ms(entry.at),
        "kind": entry.what.topic().name(),
        "text": words(entry, names),
        "by": names.actor(&entry.by),
        "block": block_of(entry),
        "why": entry.why,
        "elsewhere": of.is_some() && entry.conversation.is_some() && entry.conversation != of,
    })
}

/// What a row of an import did, in words.
fn imported(created: bool, altered: &[model::Altered]) -> String {
    if created {
        return "Came to be by an import".to_owned();
    }
    let name = |one: &model::Altered| match (&one.what, &one.to) {
        (model::Part::Attribute(name) | model::Part::System(name), _) => name.clone(),
        (model::Part::Tag(label), Some(_)) => format!("tag {label}"),
        (model::Part::Tag(label), None) => format!("no tag {label}"),
        (model::Part::List(list), Some(_)) => format!("in {list}"),
        (model::Part::List(list), None) => format!("not in {list}"),
        (model::Part::Status, _) => "status".to_owned(),
    };
    format!("Changed by an import: {}", altered.iter().map(name).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn how_a_message_was_understood_is_said_without_the_number_of_a_rule() {
        for (rule, what, says) in [
            ("5.4.10", "opened: /start", "Opened: /start"),
            ("5.4.10", "/start, never greeted", "Answered by /start, never greeted"),
            ("5.4.4", "/cart", "Command /cart"),
            ("5.4.3", "the choice \"Yes\"", "The choice \"Yes\""),
            ("5.4.8", "", ""),
        ] {
            assert_eq!(super::handled(rule, what), says);
        }
    }
}
