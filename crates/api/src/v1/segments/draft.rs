//! A segment as a program writes it, whole or in part.

use crate::{problem::Problem, v1::openapi::Condition};
use engine::StoredSegment;
use http::StatusCode;
use runtime::SEGMENT_NAME;
use schemars::JsonSchema;
use segments::Set;
use serde_json::{Map, Value as Json, json};

/// A segment as it is to be: all of it, or what is to change.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SegmentDraft")]
#[expect(dead_code, reason = "it says how a body looks; the body is read by hand, so that each mistake is told with its field")]
pub(crate) struct Written {
    /// Its key: letters, digits, `-` and `_`; made of the name if nothing is said.
    #[schemars(length(min = 1, max = 64))]
    key: Option<String>,
    /// Its name.
    #[schemars(length(min = 1, max = SEGMENT_NAME))]
    name: Option<String>,
    /// What it is for; null takes it away.
    description: Option<String>,
    /// Who is in it: a condition.
    #[serde(rename = "where")]
    condition: Option<Condition>,
    /// Instead: true for a list that people are put into.
    #[serde(rename = "static")]
    is_static: Option<bool>,
    /// Segments whose members are not in it.
    exclude: Option<Vec<String>>,
    /// Whether only people are in it whom the website vouched for.
    verified: Option<bool>,
}

const FIELDS: [&str; 7] = ["key", "name", "description", "where", "static", "exclude", "verified"];

/// What a body says; a field that is absent is none.
pub(super) struct Draft {
    key: Option<String>,
    name: Option<String>,
    /// Some of none takes it away.
    description: Option<Option<String>>,
    condition: Option<Json>,
    is_static: Option<bool>,
    exclude: Option<Vec<String>>,
    verified: Option<bool>,
}

fn invalid(field: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field}: {why}")).with("field", json!(field))
}

impl Draft {
    pub(super) fn read(body: Json) -> Result<Self, Problem> {
        let Json::Object(mut map) = body else { return Err(Problem::invalid("a segment is a JSON object")) };
        if let Some(unknown) = map.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            let shown: String = unknown.chars().take(64).collect();
            return Err(Problem::invalid(format!("unknown field \"{shown}\"; a segment has {}", FIELDS.join(", "))));
        }
        let is_static = flag(&mut map, "static")?;
        let condition = map.remove("where");
        if let Some(bad) = condition.as_ref().filter(|c| !c.is_string() && !c.is_object()) {
            let kind = if bad.is_null() { "null" } else { "this" };
            return Err(invalid("where", format!("a condition is a text or its JSON form, not {kind}; static: true makes a list")));
        }
        if condition.is_some() && is_static == Some(true) {
            return Err(invalid("where", "a static segment has no condition; send one of where and static"));
        }
        Ok(Self {
            key: text(&mut map, "key")?,
            name: text(&mut map, "name")?,
            description: match map.get("description") {
                Some(Json::Null) => Some(None),
                _ => text(&mut map, "description")?.map(Some),
            },
            condition,
            is_static,
            exclude: list(&mut map, "exclude")?,
            verified: flag(&mut map, "verified")?,
        })
    }

    /// Whether it says by what is known of contacts who is in it.
    pub(super) fn asks_of_contacts(&self) -> bool {
        self.condition.is_some() || self.exclude.as_ref().is_some_and(|keys| !keys.is_empty()) || self.verified == Some(true)
    }

    /// The segment it makes; `key` is the one in the path.
    pub(super) fn whole(self, key: Option<&str>, set: &Set) -> Result<StoredSegment, Problem> {
        let key = match (key, self.key) {
            (Some(path), Some(written)) if path != written => return Err(invalid("key", "it is not the one in the address")),
            (Some(key), _) => key.to_owned(),
            (None, Some(key)) => key,
            (None, None) => match &self.name {
                Some(name) => free_key(name, set),
                None => return Err(invalid("name", "a segment has a name or a key")),
            },
        };
        if self.condition.is_none() && self.is_static != Some(true) {
            return Err(invalid("where", "write the condition, or static: true if people are put into it"));
        }
        Ok(StoredSegment {
            name: self.name.unwrap_or_else(|| key.clone()),
            key,
            description: self.description.flatten(),
            condition: self.condition,
            exclude: self.exclude.unwrap_or_default(),
            verified: self.verified.unwrap_or_default(),
        })
    }

    /// The segment it makes of one there is.
    pub(super) fn over(self, mut known: StoredSegment) -> Result<StoredSegment, Problem> {
        if self.key.is_some_and(|key| key != known.key) {
            return Err(invalid("key", "the key of a segment does not change; make another one"));
        }
        match (self.condition, self.is_static) {
            (Some(condition), _) => known.condition = Some(condition),
            (None, Some(true)) => known.condition = None,
            (None, Some(false)) if known.condition.is_none() => return Err(invalid("where", "write the condition")),
            (None, Some(false) | None) => {}
        }
        known.name = self.name.unwrap_or(known.name);
        known.description = self.description.unwrap_or(known.description);
        known.exclude = self.exclude.unwrap_or(known.exclude);
        known.verified = self.verified.unwrap_or(known.verified);
        Ok(known)
    }
}

fn text(map: &mut Map<String, Json>, field: &str) -> Result<Option<String>, Problem> {
    match map.remove(field) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(field, "it is a text")),
    }
}

fn flag(map: &mut Map<String, Json>, field: &str) -> Result<Option<bool>, Problem> {
    match map.remove(field) {
        None => Ok(None),
        Some(Json::Bool(is)) => Ok(Some(is)),
        Some(_) => Err(invalid(field, "it is true or false")),
    }
}

fn list(map: &mut Map<String, Json>, field: &str) -> Result<Option<Vec<String>>, Problem> {
    let Some(value) = map.remove(field) else { return Ok(None) };
    serde_json::from_value(value).map(Some).map_err(|_| invalid(field, "it is a list of the keys of segments"))
}

/// A key made of a name, of which there is no segment yet.
fn free_key(name: &str, set: &Set) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    // A name in another script says nothing in these letters.
    let slug = if slug.is_empty() { "segment" } else { slug };
    let numbered = (2_u32..).map(|n| format!("{slug}-{n}"));
    let free = std::iter::once(slug.to_owned()).chain(numbered).find(|key| set.get(key).is_none());
    free.unwrap_or_else(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: Json) -> Result<StoredSegment, String> {
        Draft::read(body).and_then(|d| d.whole(None, &Set::default())).map_err(|p| p.detail().to_owned())
    }

    #[test]
    fn a_segment_is_read_strictly() {
        let vip = whole(json!({ "name": "Very  Big Fish!", "where": "orders > 3", "exclude": ["a"] })).unwrap();
        assert_eq!((vip.key.as_str(), vip.exclude.as_slice()), ("very-big-fish", &["a".to_owned()][..]));
        assert_eq!(whole(json!({ "name": "สมาชิก", "static": true })).unwrap().key, "segment");
        for (body, says) in [
            (json!([]), "object"),
            (json!({ "name": "a", "static": true, "wher": 1 }), "\"wher\""),
            (json!({ "name": "a" }), "where: write"),
            (json!({ "name": "a", "static": false }), "where: write"),
            (json!({ "static": true }), "name"),
            (json!({ "name": "a", "static": true, "where": "true" }), "no condition"),
            (json!({ "name": "a", "where": 7 }), "its JSON form"),
            (json!({ "name": "a", "where": "true", "exclude": "b" }), "exclude"),
            (json!({ "name": "a", "where": "true", "verified": "yes" }), "verified"),
        ] {
            let told = whole(body.clone()).unwrap_err();
            assert!(told.contains(says), "{body}: {told}");
        }
    }

    #[test]
    fn the_document_says_how_long_a_name_may_be() {
        let schema = schemars::schema_for!(Written).to_value();
        assert_eq!(schema["properties"]["name"]["maxLength"], json!(SEGMENT_NAME));
    }

    #[test]
    fn a_part_changes_what_it_names() {
        let known = || StoredSegment {
            key: "a".into(),
            name: "A".into(),
            description: Some("first".into()),
            condition: Some(json!("orders > 3")),
            exclude: vec!["b".into()],
            verified: true,
        };
        let over = |body: Json| Draft::read(body).and_then(|d| d.over(known())).map_err(|p| p.detail().to_owned());
        assert_eq!(over(json!({})).unwrap(), known());
        assert_eq!(over(json!({ "description": null })).unwrap(), StoredSegment { description: None, ..known() });
        assert_eq!(over(json!({ "static": true })).unwrap(), StoredSegment { condition: None, ..known() });
        assert_eq!(over(json!({ "exclude": [], "name": "B" })).unwrap(), StoredSegment { exclude: vec![], name: "B".into(), ..known() });
        assert!(over(json!({ "key": "c" })).unwrap_err().contains("does not change"));
    }
}
