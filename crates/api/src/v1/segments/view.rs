//! Segments as programs, the console and the command line see them.

use super::refused::{self, ConditionFault};
use crate::v1::openapi::{Any, ContactRef, Time};
use engine::SegmentWhy;
use expr::{Explanation, Truth};
use model::{ContactId, Person};
use runtime::{Handle, Membership, Preview, SegmentError, SegmentRecord};
use schemars::JsonSchema;
use segments::{Origin, Page, Rule, RuleKind};
use serde::Serialize;
use serde_json::Value as Json;

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

/// A segment.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Segment {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Its condition; null for a list.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// Whether people are put into it.
    #[serde(rename = "static")]
    is_static: bool,
    /// Segments whose members are not in it.
    exclude: Vec<String>,
    /// Whether only people are in it whom the website vouched for.
    verified: bool,
    /// Where it is written.
    origin: SegmentOrigin,
    /// How it stands.
    state: SegmentState,
    /// Whether it can be judged.
    valid: bool,
    /// Why not.
    problem: Option<String>,
    /// How many are in it now.
    size: u64,
}

/// Where a segment is written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SegmentOrigin {
    /// In the bot's folder.
    File,
    /// Made through the API or the console.
    Stored,
}

/// How a segment stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SegmentState {
    /// Sizes and members are by its rule.
    Ready,
    /// Its rule is new and still being judged for everybody: until then sizes and members are by the rule before.
    Computing,
    /// It cannot be judged; nobody is in it.
    Invalid,
}

/// A page of segments.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SegmentPage {
    /// The segments, by key.
    segments: Vec<Segment>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
    /// How many there are in all.
    total: usize,
}

/// A page of segments, by key.
pub(crate) async fn listed(handle: &Handle, after: Option<&str>, limit: usize) -> SegmentPage {
    let set = handle.segment_set();
    let rules: Vec<&Rule> = set.iter().filter(|rule| after.is_none_or(|after| rule.key.as_str() > after)).take(limit + 1).collect();
    let page = rules.get(..limit).unwrap_or(&rules);
    let keys: Vec<&str> = page.iter().map(|rule| rule.key.as_str()).collect();
    let sizes = handle.segment_sizes(&keys);
    let computing = handle.computing_segments(&keys);
    let one = |(rule, size): (&&Rule, u64)| segment(handle, rule, size, computing.contains(&rule.key.as_str()));
    let segments = page.iter().zip(sizes).map(one).collect();
    let next_cursor = (rules.len() > limit).then(|| keys.last().map(|key| (*key).to_owned())).flatten();
    SegmentPage { segments, next_cursor, total: set.len() }
}

/// A segment, with what only its own page says.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WholeSegment {
    #[serde(flatten)]
    segment: Segment,
    /// Its condition in the JSON form; null for a list.
    where_json: Any,
    /// The segments that look into it.
    used_by: Vec<String>,
    /// When it was made, if it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Time>,
    /// When it was changed last, if it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<Time>,
    /// How often it was changed, if it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// One segment, with what only its own page says.
pub(crate) async fn shown(handle: &Handle, key: &str) -> Result<WholeSegment, SegmentError> {
    known(handle, key)?;
    let set = handle.segment_set();
    let Some(rule) = set.get(key) else { return Err(SegmentError::NotFound(key.to_owned())) };
    let where_json = match &rule.kind {
        RuleKind::Where(condition) => condition.to_json(),
        RuleKind::List | RuleKind::Invalid(_) => Json::Null,
    };
    let mut out = WholeSegment {
        segment: segment(handle, rule, handle.segment_sizes(&[key])[0], !handle.computing_segments(&[key]).is_empty()),
        where_json: Any(where_json),
        used_by: set.dependents(key).into_iter().map(Into::into).collect(),
        created_at: None,
        changed_at: None,
        version: None,
    };
    let record = handle.stored_segment(key).await.filter(|_| rule.origin == Origin::Stored);
    if let Some(SegmentRecord { created_at, changed_at, version, .. }) = record {
        out.created_at = Some(created_at.into());
        out.changed_at = Some(changed_at.into());
        out.version = Some(version);
    }
    Ok(out)
}

fn segment(handle: &Handle, rule: &Rule, size: u64, computing: bool) -> Segment {
    let (condition, problem) = match &rule.kind {
        RuleKind::List => (None, None),
        RuleKind::Where(condition) => (Some(condition.to_string()), None),
        RuleKind::Invalid(why) => (written(handle, &rule.key), Some(why)),
    };
    Segment {
        key: rule.key.clone(),
        name: rule.name.clone(),
        description: rule.description.clone(),
        condition,
        is_static: handle.bot().is_list(&rule.key) == Some(true),
        exclude: rule.exclude.clone(),
        verified: rule.verified,
        origin: match rule.origin {
            Origin::File => SegmentOrigin::File,
            Origin::Stored => SegmentOrigin::Stored,
        },
        state: match rule.kind {
            RuleKind::Invalid(_) => SegmentState::Invalid,
            RuleKind::Where(_) | RuleKind::List if computing => SegmentState::Computing,
            RuleKind::Where(_) | RuleKind::List => SegmentState::Ready,
        },
        valid: problem.is_none(),
        problem: problem.cloned(),
        size,
    }
}

/// What a segment that cannot be judged says.
fn written(handle: &Handle, key: &str) -> Option<String> {
    let bot = handle.bot();
    let stored = bot.stored_segments().iter().find(|segment| segment.key == key)?;
    stored.condition.as_ref().map(|condition| condition.as_str().map_or_else(|| condition.to_string(), str::to_owned))
}

/// A member of a segment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentMember")]
struct Member {
    /// Who.
    #[schemars(with = "ContactRef")]
    id: ContactId,
    /// Since when, as far as that is known.
    since: Option<Time>,
    /// How they are called; for those who may see contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A page of a segment's members.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentMemberPage")]
pub(crate) struct MemberPage {
    /// The segment's key.
    segment: String,
    /// How many are in it.
    size: u64,
    /// Some of them.
    members: Vec<Member>,
    /// Where the next page begins; null after the last.
    #[schemars(with = "Option<String>")]
    next_cursor: Option<ContactId>,
}

/// A page of a segment's members.
pub(crate) async fn members_page(
    handle: &Handle,
    key: &str,
    after: Option<ContactId>,
    limit: usize,
    names: bool,
) -> Result<MemberPage, SegmentError> {
    known(handle, key)?;
    let Page { ids, next } = handle.segment_page(key, after, limit).await?;
    let people = handle.people_of(ids).await?;
    let member = |person: &Person| {
        let contact = &person.contact;
        let since = contact.memberships.get(key).or_else(|| contact.lists.get(key));
        Member { id: contact.id, since: since.copied().map(Time), name: names.then(|| contact.display_name()) }
    };
    Ok(MemberPage {
        segment: key.to_owned(),
        size: handle.segment_sizes(&[key])[0],
        members: people.iter().map(|person| member(person)).collect(),
        next_cursor: next,
    })
}

/// Something that is asked of contacts, and how many have no value of it.
#[derive(Serialize, JsonSchema)]
struct NoValue {
    /// The part of the condition.
    leaf: String,
    /// How many contacts.
    count: u64,
}

/// Somebody for whom a condition holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sampled")]
struct Sampled {
    /// Who.
    #[schemars(with = "ContactRef")]
    id: ContactId,
    /// How they are called.
    name: String,
}

/// What a condition comes to over everybody, exact at one instant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentPreview")]
pub(crate) struct Previewed {
    /// For how many it holds.
    count: u64,
    /// Of how many it cannot be said, because a value is missing.
    unknown: u64,
    /// How many contacts there are.
    contacts: u64,
    /// What is missing.
    no_value: Vec<NoValue>,
    /// Some of those for whom it holds.
    sample: Vec<Sampled>,
    /// How long the counting took, in milliseconds.
    took_ms: f64,
    /// The condition in its canonical form; null for a list.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// The segment, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<String>,
    /// What is odd about the condition, if one was asked for; places are in the text that was sent, of a condition in the JSON form in its
    /// canonical text.
    warnings: Vec<ConditionFault>,
}

/// How many, exactly, and some of them.
pub(crate) async fn preview_asked(handle: &Handle, asks: Asks, sample: usize) -> Result<Previewed, SegmentError> {
    match asks {
        Asks::Where(sent) => {
            let (condition, warnings) = refused::read_condition(handle, &sent)?;
            let canonical = condition.to_string();
            Ok(Previewed { warnings, ..previewed(&handle.preview(&condition, sample).await?, Some(canonical), None) })
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
            let some = handle.people_of(handle.segment_page(&key, None, sample).await?.ids).await?;
            let sample = some.iter().map(|person| (person.contact.id, person.contact.display_name())).collect();
            let preview = Preview { count: handle.segment_sizes(&[&key])[0], sample, ..asked };
            Ok(previewed(&preview, condition.map(|condition| condition.to_string()), Some(key)))
        }
    }
}

fn previewed(preview: &Preview, condition: Option<String>, segment: Option<String>) -> Previewed {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a preview are few")]
    let took_ms = preview.took as f64 / 1_000.0;
    Previewed {
        count: preview.count,
        unknown: preview.unknown,
        contacts: preview.contacts,
        no_value: preview.no_value.iter().map(|(leaf, count)| NoValue { leaf: leaf.clone(), count: *count }).collect(),
        sample: preview.sample.iter().map(|(id, name)| Sampled { id: *id, name: name.clone() }).collect(),
        took_ms,
        condition,
        segment,
        warnings: Vec::new(),
    }
}

/// How a contact stands to a segment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentMembership")]
pub(crate) struct Standing {
    /// The segment's key.
    segment: String,
    /// Whose standing.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// Whether they are in it now.
    is_member: bool,
    /// Since when, as far as that is known.
    since: Option<Time>,
    /// When this was asked.
    at: Time,
    /// Why, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Why>,
    /// How they are called, on the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    name: Option<String>,
}

/// Whether a contact is in a segment, since when, and why if asked.
pub(super) async fn standing(handle: &Handle, key: &str, person: &Person, explain: bool) -> Standing {
    let contact = &person.contact;
    let is_member = handle.is_member(contact.id, key);
    let since = contact.memberships.get(key).or_else(|| contact.lists.get(key)).filter(|_| is_member);
    let explain = if explain { handle.why_in_segment(contact.id, key).await.map(|told| why(&told)) } else { None };
    Standing {
        segment: key.to_owned(),
        contact: contact.id,
        is_member,
        since: since.copied().map(Time),
        at: handle.now().into(),
        explain,
        name: None,
    }
}

/// The same out of memory alone, without why; none if only the store can tell.
pub(super) fn at_hand(handle: &Handle, key: &str, contact: ContactId) -> Option<Standing> {
    let (is_member, since) = match handle.membership(contact, key)? {
        Membership::Out => (false, None),
        // Perhaps on a list, or their step is on its way.
        Membership::In(None) => return None,
        Membership::In(since) => (true, since),
    };
    Some(Standing {
        segment: key.to_owned(),
        contact,
        is_member,
        since: since.map(Time),
        at: handle.now().into(),
        explain: None,
        name: None,
    })
}

/// The same for the command line, with the contact's name.
pub(crate) async fn explained(handle: &Handle, key: &str, contact: ContactId) -> Result<Option<Standing>, SegmentError> {
    known(handle, key)?;
    let Some(person) = handle.person(contact).await? else { return Ok(None) };
    let standing = standing(handle, key, &person, true).await;
    Ok(Some(Standing { name: Some(person.contact.display_name()), ..standing }))
}

/// What a condition or a part of one came to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Verdict")]
enum Came {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be said, because a value is missing.
    Unknown,
}

impl From<Truth> for Came {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::True,
            Truth::False => Self::False,
            Truth::Unknown => Self::Unknown,
        }
    }
}

/// Why a contact is in a segment, or is not.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentWhy")]
struct Why {
    /// The segment's key.
    segment: String,
    /// Its name.
    name: String,
    /// Whether the contact is in it.
    verdict: Came,
    /// Why nobody is in it: it cannot be judged.
    invalid: Option<String>,
    /// Its condition, part by part; null for a list.
    rule: Option<Part>,
    /// For a list: whether the contact is on it.
    listed: Option<bool>,
    /// Whether the website vouched for the contact, if the segment asks for that.
    verified: Option<bool>,
    /// Segments whose members are not in it, and whether the contact is in each.
    exclude: Vec<Excluded>,
    /// When time alone may next change it.
    flips_at: Option<Time>,
    /// The segments it looks into.
    segments: Vec<Why>,
}

/// A segment whose members are not in another.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExcludedSegment")]
struct Excluded {
    /// Its key.
    segment: String,
    /// Whether the contact is in it.
    verdict: Came,
}

/// A part of a condition, and what it came to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConditionPart")]
struct Part {
    /// The part.
    text: String,
    /// What it came to.
    verdict: Came,
    /// The value it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<Any>,
    /// What it was held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
    /// When time alone may next change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    flips_at: Option<Time>,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The parts of `all`, `any` and `not`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
}

fn why(told: &SegmentWhy) -> Why {
    Why {
        segment: told.key.clone(),
        name: told.name.clone(),
        verdict: told.verdict.into(),
        invalid: told.invalid.clone(),
        rule: told.rule.as_ref().map(part),
        listed: told.listed,
        verified: told.verified,
        exclude: told.exclude.iter().map(|(key, is)| Excluded { segment: key.clone(), verdict: (*is).into() }).collect(),
        flips_at: told.flips_at.map(Time),
        segments: told.inner.iter().map(why).collect(),
    }
}

fn part(told: &Explanation) -> Part {
    Part {
        text: told.text.clone(),
        verdict: told.verdict.into(),
        actual: told.actual.as_ref().map(|value| Any(value.to_json())),
        bound: told.bound.clone(),
        flips_at: told.flips_at.map(Time),
        error: told.error.clone(),
        parts: told.parts.iter().map(part).collect(),
    }
}
