//! `trigger`: counts whom an event would reach, raises it for them, and tells how far that is.

use super::ControlError;
use engine::TriggerTo;
use model::{Actor, Occasion, Record, Value};
use runtime::{Audience, Handle, Stage, Whom};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// For whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum To {
    /// Everybody for whom this condition holds.
    Where(String),
    /// One contact: an id, `channel:address`, an e-mail address or a phone number.
    Contact(String),
}

impl To {
    fn asked(&self) -> TriggerTo {
        match self {
            Self::Where(condition) => TriggerTo::Where(condition.clone()),
            Self::Contact(who) => TriggerTo::One(who.clone()),
        }
    }
}

/// Counts whom it would reach; `unheeded` says so if the bot does nothing with the event.
pub(super) async fn count(handle: &Handle, to: &To, event: Option<&str>) -> Result<Json, ControlError> {
    let counted = handle.count_audience(&to.asked()).await?;
    let first: Vec<Json> = counted.first.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    let unheeded = event.and_then(|event| handle.bot().unheeded(event));
    let counts = json!({ "found": counted.found, "opted_out": counted.opted_out, "contacts": counted.contacts, "first": first });
    Ok(match (counts, unheeded) {
        (Json::Object(mut counts), Some(why)) => {
            counts.insert("unheeded".into(), why.into());
            Json::Object(counts)
        }
        (counts, _) => counts,
    })
}

/// Raises the event for everybody it is for.
pub(super) async fn begin(handle: &Handle, event: &str, to: &To, with: &Json, per_second: Option<u32>) -> Result<Json, ControlError> {
    let fields: Record = match Value::from_json(with) {
        Some(Value::Record(fields)) => fields,
        Some(_) | None => Record::new(),
    };
    let audience = handle.trigger(event, fields, &to.asked(), per_second, Actor::Api("command line".into())).await?;
    Ok(json!({ "trigger": view(&audience), "at_rest": handle.is_at_rest() }))
}

/// Every trigger and schedule that is remembered, the newest first.
pub(super) async fn list(handle: &Handle) -> Json {
    json!({ "triggers": handle.audiences().await.iter().map(view).collect::<Vec<_>>(), "at_rest": handle.is_at_rest() })
}

fn view(audience: &Audience) -> Json {
    let (kind, what) = match &audience.what {
        Occasion::Event { name, .. } => ("event", name.clone()),
        Occasion::Schedule { skill, pattern, .. } => ("schedule", format!("{skill} at {pattern}")),
        Occasion::Change { changes } => ("change", format!("{} changes", changes.len())),
        Occasion::Erase => ("erase", "everything about them".to_owned()),
    };
    let to = match &audience.whom {
        Whom::One(contact) => contact.to_string(),
        Whom::Where(condition) => condition.clone(),
        Whom::Identified(who) => who.clone(),
        Whom::Reachable => "everybody who can be reached".to_owned(),
    };
    let (stage, why) = match &audience.stage {
        Stage::Finding { .. } => ("finding", None),
        Stage::Reaching => ("reaching", None),
        Stage::Done => ("done", None),
        Stage::Failed(why) => ("failed", Some(why.clone())),
    };
    json!({
        "id": audience.id,
        "kind": kind,
        "what": what,
        "to": to,
        "stage": stage,
        "why": why,
        "found": audience.found,
        "reached": audience.reached,
        "failed": audience.failed,
        "opted_out": audience.opted_out,
        "per_second": audience.per_second,
        "at": audience.at.as_millis(),
        "done_at": audience.done_at.map(|at| at.as_millis()),
    })
}
