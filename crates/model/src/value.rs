//! Typed values: what attributes, variables and event fields hold.

use crate::{Duration, Instant};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fields of an event or of a record, by name.
pub type Record = BTreeMap<String, Value>;

/// A value with its type. A missing value is `Option::None`, never a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// True or false.
    #[serde(rename = "b")]
    Bool(bool),
    /// An exact decimal number.
    #[serde(rename = "n")]
    Number(Decimal),
    /// Text; also what phone, email, url, enum, language and country attributes hold.
    #[serde(rename = "t")]
    Text(String),
    /// A day of the calendar.
    #[serde(rename = "d")]
    Date(jiff::civil::Date),
    /// A time of day.
    #[serde(rename = "c")]
    Time(jiff::civil::Time),
    /// A point in time.
    #[serde(rename = "i")]
    DateTime(Instant),
    /// A length of time.
    #[serde(rename = "p")]
    Duration(Duration),
    /// An amount in a currency.
    #[serde(rename = "m")]
    Money(Money),
    /// Several values in order.
    #[serde(rename = "l")]
    List(Vec<Value>),
    /// Named values.
    #[serde(rename = "r")]
    Record(Record),
}

/// An exact amount and its ISO 4217 currency code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount in whole units of the currency.
    pub amount: Decimal,
    /// Three capital letters.
    pub currency: String,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The name of the value's type as designers read it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::DateTime(_) => "datetime",
            Self::Duration(_) => "duration",
            Self::Money(_) => "money",
            Self::List(_) => "list",
            Self::Record(_) => "record",
        }
    }

    /// The value as plain JSON, for APIs and people: numbers stay exact (a JSON number when it fits one
    /// without loss, else text), times are ISO 8601.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => serde_json::from_str(&n.normalize().to_string()).unwrap_or_else(|_| Json::String(n.to_string())),
            Self::Text(t) => Json::String(t.clone()),
            Self::Date(d) => Json::String(d.to_string()),
            Self::Time(t) => Json::String(t.to_string()),
            Self::DateTime(i) => Json::String(i.to_string()),
            Self::Duration(d) => Json::String(d.to_string()),
            Self::Money(m) => serde_json::json!({ "amount": m.amount.to_string(), "currency": m.currency }),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Record(fields) => Json::Object(fields.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
        }
    }

    /// A value from JSON: numbers become exact numbers, texts stay texts, `null` is missing (and is left out
    /// of lists and records).
    pub fn from_json(json: &serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        Some(match json {
            Json::Null => return None,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => {
                let text = n.to_string();
                match text.parse().or_else(|_| Decimal::from_scientific(&text)) {
                    Ok(number) => Self::Number(number),
                    Err(_) => Self::Text(text),
                }
            }
            Json::String(t) => Self::Text(t.clone()),
            Json::Array(items) => Self::List(items.iter().filter_map(Self::from_json).collect()),
            Json::Object(map) => Self::Record(map.iter().filter_map(|(k, v)| Some((k.clone(), Self::from_json(v)?))).collect()),
        })
    }
}
