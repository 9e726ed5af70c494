//! The forms of values that many types have: times, ids, conditions, and values of any kind.

use model::Instant;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::{borrow::Cow, marker::PhantomData};

macro_rules! inline_schema {
    ($(<$param:ident>)? $type:ty, $name:literal, $schema:tt) => {
        impl $(<$param>)? JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// A time, written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) Instant);

impl From<Instant> for Time {
    fn from(at: Instant) -> Self {
        Self(at)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

inline_schema!(Time, "Time", { "type": "string", "format": "date-time" });

/// How the id of a contact looks; for fields that hold a `ContactId`.
pub(crate) struct ContactRef;

inline_schema!(ContactRef, "ContactId", { "type": "string", "pattern": "^con_[0-9A-HJKMNP-TV-Z]{26}$" });

/// How other ids look: opaque texts.
pub(crate) struct Id;

inline_schema!(Id, "Id", { "type": "string", "minLength": 1, "maxLength": 128 });

/// How the key of a segment looks.
pub(crate) struct SegmentKey;

inline_schema!(SegmentKey, "SegmentKey", { "type": "string", "minLength": 1, "maxLength": 64 });

/// A value of any kind: text, number, boolean, list, record or `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Any(pub(crate) Json);

inline_schema!(Any, "Any", { "description": "A text, a number, a boolean, a list, a record or null." });

/// A condition, as text or in its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Condition(pub(crate) Json);

inline_schema!(Condition, "Condition", {
    "description": "A condition: text such as `orders >= 3 and has tag vip`, or its JSON form.",
    "anyOf": [{ "type": "string" }, { "type": "object", "additionalProperties": true }]
});

/// A body that is documented as `T` and read by hand, so that what is wrong with it is told with its place.
pub(crate) struct Written<T> {
    pub(crate) json: Json,
    like: PhantomData<T>,
}

impl<'de, T> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Json::deserialize(from).map(|json| Self { json, like: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for Written<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
