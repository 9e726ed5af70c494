//! `segments` of the command line: the same questions as the HTTP API answers, without a key.

use super::ControlError;
use crate::v1;
use engine::StoredSegment;
use model::{Actor, ContactId};
use runtime::{Expect, Handle, SegmentError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Segments of one answer, and members.
const MOST: usize = 1_000;

/// Whom a preview is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Of {
    /// Everybody for whom this condition holds.
    Where(String),
    /// The members of this segment.
    Segment(String),
}

/// Every segment, up to a bound.
pub(super) async fn list(handle: &Handle, after: Option<&str>) -> Value {
    plain(&v1::listed(handle, after, MOST).await)
}

pub(super) async fn show(handle: &Handle, key: &str) -> Result<Value, ControlError> {
    v1::shown(handle, key).await.map(|segment| plain(&segment)).map_err(refused)
}

pub(super) async fn preview(handle: &Handle, of: Of, sample: usize) -> Result<Value, ControlError> {
    let asks = match of {
        Of::Where(text) => v1::Asks::Where(json!(text)),
        Of::Segment(key) => v1::Asks::Segment(key),
    };
    v1::preview_asked(handle, asks, sample.min(100)).await.map(|told| plain(&told)).map_err(refused)
}

pub(super) async fn members(handle: &Handle, key: &str, after: Option<ContactId>, limit: usize) -> Result<Value, ControlError> {
    v1::members_page(handle, key, after, limit.clamp(1, MOST), true).await.map(|page| plain(&page)).map_err(refused)
}

pub(super) async fn explain(handle: &Handle, key: &str, contact: ContactId) -> Result<Value, ControlError> {
    let told = v1::explained(handle, key, contact).await.map_err(refused)?;
    told.map(|told| plain(&told)).ok_or(ControlError::NoContact(contact))
}

/// Makes a static segment that nobody is in yet.
pub(super) async fn make(handle: &Handle, key: &str, name: Option<&str>) -> Result<Value, ControlError> {
    let segment = StoredSegment {
        key: key.to_owned(),
        name: name.unwrap_or(key).to_owned(),
        description: None,
        condition: None,
        exclude: Vec::new(),
        verified: false,
    };
    handle.put_segment(segment, &Expect::Absent, Actor::Api("command line".into())).await.map_err(refused)?;
    show(handle, key).await
}

/// What is told has texts for keys: it always has a JSON form.
fn plain(told: &impl Serialize) -> Value {
    serde_json::to_value(told).unwrap_or_default()
}

pub(super) fn refused(error: SegmentError) -> ControlError {
    match error {
        SegmentError::NotFound(key) => {
            ControlError::Segments(format!("there is no segment \"{key}\"; `switchboard segments list` shows which there are"))
        }
        error => ControlError::Segments(v1::told(&error)),
    }
}
