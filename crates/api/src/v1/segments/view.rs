//! Segments as programs and the command line see them: plain JSON, times as RFC 3339.

use engine::SegmentWhy;
use expr::Explanation;
use model::{ContactId, Person, Value};
use runtime::{Handle, Preview, SegmentError, SegmentRecord};
use segments::{Origin, Rule, RuleKind};
use serde_json::{Value as Json, json};

/// What a preview asks.
pub(crate) enum Asks {
    /// A condition, as text or in the JSON form.
    Where(Json),
    /// A segment as it is.
    Segment(String),
}

/// There is a segment of this key.
pub(super) fn known(handle: &Handle, key: &str) -> Result<(), SegmentError> {
    match handle.segment_set().get(key) {
        Some(_) => Ok(()),
        None => Err(SegmentError::NotFound(key.chars().take(64).collect())),
    }
}

/// It is one that people are put into.
pub(super) fn list_of(handle: &Handle, key: &str) -> Result<(), SegmentError> {
    known(handle, key)?;
    match handle.segment_set().get(key).map(|rule| &rule.kind) {
        Some(RuleKind::List) => Ok(()),
        Some(RuleKind::Where(_) | RuleKind::Invalid(_)) | None => Err(SegmentError::NotAList(key.to_owned())),
    }
}

/// A page of segments, by key.
pub(crate) async fn listed(handle: &Handle, after: Option<&str>, limit: usize) -> Json {
    let set = handle.segment_set();
    let rules: Vec<&Rule> = set.iter().filter(|rule| after.is_none_or(|after| rule.key.as_str() > after)).take(limit + 1).collect();
    let page = rules.get(..limit).unwrap_or(&rules);
    let keys: Vec<&str> = page.iter().map(|rule| rule.key.as_str()).collect();
    let sizes = handle.segment_sizes(&keys);
    let segments: Vec<Json> = page.iter().zip(sizes).map(|(rule, size)| segment(handle, rule, size)).collect();
    let next = (rules.len() > limit).then(|| keys.last().copied()).flatten();
    json!({ "segments": segments, "next_cursor": next, "total": set.len() })
}

/// One segment, with what only its own page says.
pub(crate) async fn shown(handle: &Handle, key: &str) -> Result<Json, SegmentError> {
    known(handle, key)?;
    let set = handle.segment_set();
    let Some(rule) = set.get(key) else { return Err(SegmentError::NotFound(key.to_owned())) };
    let mut out = segment(handle, rule, handle.segment_sizes(&[key])[0]);
    out["where_json"] = match &rule.kind {
        RuleKind::Where(condition) => condition.to_json(),
        RuleKind::List | RuleKind::Invalid(_) => Json::Null,
    };
    out["used_by"] = json!(set.dependents(key));
    let record = handle.stored_segment(key).await.filter(|_| rule.origin == Origin::Stored);
    if let Some(SegmentRecord { created_at, changed_at, version, .. }) = record {
        out["created_at"] = json!(created_at.to_string());
        out["changed_at"] = json!(changed_at.to_string());
        out["version"] = json!(version);
    }
    Ok(out)
}

fn segment(handle: &Handle, rule: &Rule, size: u64) -> Json {
    let (condition, problem) = match &rule.kind {
        RuleKind::List => (None, None),
        RuleKind::Where(condition) => (Some(condition.to_string()), None),
        RuleKind::Invalid(why) => (written(handle, &rule.key), Some(why)),
    };
    json!({
        "key": rule.key,
        "name": rule.name,
        "description": rule.description,
        "where": condition,
        "static": matches!(rule.kind, RuleKind::List),
        "exclude": rule.exclude,
        "verified": rule.verified,
        "origin": match rule.origin {
            Origin::File => "file",
            Origin::Stored => "stored",
        },
        "valid": problem.is_none(),
        "problem": problem,
        "size": size,
    })
}

/// What a segment that cannot be judged says.
fn written(handle: &Handle, key: &str) -> Option<String> {
    let bot = handle.bot();
    let stored = bot.stored_segments().iter().find(|segment| segment.key == key)?;
    stored.condition.as_ref().map(|condition| condition.as_str().map_or_else(|| condition.to_string(), str::to_owned))
}

/// A page of a segment's members.
pub(crate) async fn members_page(
    handle: &Handle,
    key: &str,
    after: Option<ContactId>,
    limit: usize,
    names: bool,
) -> Result<Json, SegmentError> {
    known(handle, key)?;
    let ids = handle.segment_ids(key, after, limit + 1);
    let more = ids.len() > limit;
    let page: Vec<ContactId> = ids.into_iter().take(limit).collect();
    let last = page.last().copied();
    let people = handle.people_of(page).await;
    let member = |person: &Person| {
        let contact = &person.contact;
        let since = contact.memberships.get(key).or_else(|| contact.lists.get(key));
        let mut out = json!({ "id": contact.id, "since": since.map(ToString::to_string) });
        if names {
            out["name"] = json!(contact.display_name());
        }
        out
    };
    Ok(json!({
        "segment": key,
        "size": handle.segment_sizes(&[key])[0],
        "members": people.iter().map(|person| member(person)).collect::<Vec<_>>(),
        "next_cursor": last.filter(|_| more),
    }))
}

/// How many, exactly, and some of them.
pub(crate) async fn preview_asked(handle: &Handle, asks: Asks, sample: usize) -> Result<Json, SegmentError> {
    match asks {
        Asks::Where(condition) => {
            let (condition, _) = handle.read_condition(&condition)?;
            let mut out = preview(&handle.preview(&condition, sample).await?);
            out["where"] = json!(condition.to_string());
            Ok(out)
        }
        Asks::Segment(key) => {
            known(handle, &key)?;
            let condition = match handle.segment_set().get(&key).map(|rule| &rule.kind) {
                Some(RuleKind::Where(condition)) => Some(condition.clone()),
                Some(RuleKind::Invalid(why)) => {
                    return Err(SegmentError::Field { field: "segment", why: format!("\"{key}\" cannot be judged: {why}") });
                }
                Some(RuleKind::List) | None => None,
            };
            // The condition says who is unknown and why; the segment, with what it excludes, who is in it.
            let asked = match &condition {
                Some(condition) => handle.preview(condition, 0).await?,
                None => Preview::default(),
            };
            let some = handle.people_of(handle.segment_ids(&key, None, sample)).await;
            let sample = some.iter().map(|person| (person.contact.id, person.contact.display_name())).collect();
            let mut out = preview(&Preview { count: handle.segment_sizes(&[&key])[0], sample, ..asked });
            out["segment"] = json!(key);
            out["where"] = json!(condition.map(|condition| condition.to_string()));
            Ok(out)
        }
    }
}

fn preview(preview: &Preview) -> Json {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a preview are few")]
    let took = preview.took as f64 / 1_000.0;
    json!({
        "count": preview.count,
        "unknown": preview.unknown,
        "contacts": preview.contacts,
        "no_value": preview.no_value.iter().map(|(leaf, count)| json!({ "leaf": leaf, "count": count })).collect::<Vec<_>>(),
        "sample": preview.sample.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect::<Vec<_>>(),
        "took_ms": took,
    })
}

/// Whether a contact is in a segment, since when, and why if asked.
pub(super) async fn standing(handle: &Handle, key: &str, person: &Person, explain: bool) -> Json {
    let contact = &person.contact;
    let is_member = handle.is_member(contact.id, key);
    let since = contact.memberships.get(key).or_else(|| contact.lists.get(key)).filter(|_| is_member);
    let mut out = json!({
        "segment": key,
        "contact": contact.id,
        "is_member": is_member,
        "since": since.map(ToString::to_string),
        "at": handle.now().to_string(),
    });
    if explain {
        out["explain"] = handle.why_in_segment(contact.id, key).await.map_or(Json::Null, |told| why(&told));
    }
    out
}

/// The same for the command line, with the contact's name.
pub(crate) async fn explained(handle: &Handle, key: &str, contact: ContactId) -> Result<Option<Json>, SegmentError> {
    known(handle, key)?;
    let Some(person) = handle.person(contact).await else { return Ok(None) };
    let mut out = standing(handle, key, &person, true).await;
    out["name"] = json!(person.contact.display_name());
    Ok(Some(out))
}

fn why(told: &SegmentWhy) -> Json {
    json!({
        "segment": told.key,
        "name": told.name,
        "verdict": told.verdict,
        "invalid": told.invalid,
        "rule": told.rule.as_ref().map(part),
        "listed": told.listed,
        "verified": told.verified,
        "exclude": told.exclude.iter().map(|(key, is)| json!({ "segment": key, "verdict": is })).collect::<Vec<_>>(),
        "flips_at": told.flips_at.map(|at| at.to_string()),
        "segments": told.inner.iter().map(why).collect::<Vec<_>>(),
    })
}

fn part(told: &Explanation) -> Json {
    let mut out = json!({ "text": told.text, "verdict": told.verdict });
    let optional = [
        ("actual", told.actual.as_ref().map(Value::to_json)),
        ("bound", told.bound.as_ref().map(|bound| json!(bound))),
        ("flips_at", told.flips_at.map(|at| json!(at.to_string()))),
        ("error", told.error.as_ref().map(|error| json!(error))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            out[name] = value;
        }
    }
    if !told.parts.is_empty() {
        out["parts"] = told.parts.iter().map(part).collect();
    }
    out
}
