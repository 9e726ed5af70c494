//! Reading a value by a declared type: what a customer typed, an import brought or a template rendered
//! (FL 7.2, FL 7.6).

mod contact;
pub use contact::country_of_phone;
mod dates;
pub(crate) use dates::{Order, order};
mod money;

use crate::{calendar, closed, number, render};
use jiff::tz::TimeZone;
use model::{AttributeType, Instant, Value, fold};
use unicode_normalization::UnicodeNormalization;

/// Whose text is read: what decides about decimal marks, phone prefixes and days.
#[derive(Clone, Copy, Debug)]
pub struct Coercion<'a> {
    /// The contact's language tag.
    pub language: Option<&'a str>,
    /// The country for phone numbers and currencies, two letters.
    pub country: Option<&'a str>,
    /// The zone a day or a time of day without a zone is in.
    pub zone: &'a TimeZone,
    /// This instant, for words like `tomorrow`.
    pub now: Instant,
}

/// The longest text that is read as anything but text.
const MAX_READ: usize = 4_096;

/// Words for true and false, folded.
const YES: &str = "true yes y 1 on sí si s oui o ja j sim tak da да так はい 是 evet igen áno ano kyllä ναι";
const NO: &str = "false no n 0 off non nein nee nej não nao nie ne нет ні いいえ 否 hayır nem ei όχι";

/// Reads a value by a type. A value that already has the type stays as it is.
///
/// # Errors
/// Why the value cannot be read so, in a few words that fit after "because".
pub fn coerce(value: &Value, ty: &AttributeType, ctx: &Coercion<'_>) -> Result<Value, String> {
    if let Value::Text(text) = value
        && text.len() > MAX_READ
        && !matches!(ty, AttributeType::Text)
    {
        return Err(format!("it is longer than {MAX_READ} bytes"));
    }
    let text = || match value {
        Value::Text(text) => text.trim().nfkc().collect::<String>(),
        other => render(other, ctx.zone),
    };
    match (ty, value) {
        (AttributeType::Text, Value::Text(_))
        | (AttributeType::Number, Value::Number(_))
        | (AttributeType::Bool, Value::Bool(_))
        | (AttributeType::Date, Value::Date(_))
        | (AttributeType::Datetime, Value::DateTime(_))
        | (AttributeType::List, Value::List(_))
        | (AttributeType::Money, Value::Money(_)) => Ok(value.clone()),
        (AttributeType::Text, other) => Ok(Value::Text(render(other, ctx.zone))),
        (AttributeType::Number, Value::Money(money)) => Ok(Value::Number(money.amount)),
        (AttributeType::Number, Value::Text(text)) => {
            number::spoken(text, ctx.language).map(Value::Number).ok_or_else(|| format!("\"{}\" is not a number", shown(text)))
        }
        (AttributeType::Number, other) => Err(format!("{} is not a number", other.type_name())),
        (AttributeType::Bool, other) => {
            let word = fold(&text());
            let among = |words: &str| words.split(' ').any(|w| fold(w) == word);
            match (among(YES), among(NO)) {
                (true, _) => Ok(Value::Bool(true)),
                (_, true) => Ok(Value::Bool(false)),
                (false, false) => Err(format!("\"{}\" is neither yes nor no", shown(&render(other, ctx.zone)))),
            }
        }
        (AttributeType::Date, Value::DateTime(at)) => Ok(Value::Date(calendar::day(*at, ctx.zone))),
        (AttributeType::Date, _) => dates::date(&text(), ctx).map(Value::Date),
        (AttributeType::Datetime, Value::Date(day)) => {
            calendar::day_start(*day, ctx.zone).map(Value::DateTime).ok_or_else(|| "there is no such day".to_owned())
        }
        (AttributeType::Datetime, _) => dates::datetime(&text(), ctx).map(Value::DateTime),
        (AttributeType::Enum(values), _) => {
            let wanted = fold(&text());
            let found = values.iter().find(|v| fold(v) == wanted);
            found.map(Value::text).ok_or_else(|| format!("it is not one of {}", values.join(", ")))
        }
        (AttributeType::List, Value::Text(text)) => {
            let items = text.split([',', '，', '、']).map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::List(items.map(Value::text).collect()))
        }
        (AttributeType::List, other) => Ok(Value::List(vec![other.clone()])),
        (AttributeType::Money, Value::Number(amount)) => money::of_country(*amount, ctx),
        (AttributeType::Money, _) => money::money(&text(), ctx),
        (AttributeType::Phone, _) => contact::phone(&text(), ctx.country).map(Value::Text),
        (AttributeType::Email, _) => contact::email(&text()).map(Value::Text),
        (AttributeType::Url, _) => contact::url(&text()).map(Value::Text),
        (AttributeType::Language, _) => {
            let tag = text().replace('_', "-");
            if closed::is_language(&tag) {
                Ok(Value::Text(tidy_language(&tag)))
            } else {
                Err(format!("\"{}\" is not a language code", shown(&tag)))
            }
        }
        (AttributeType::Country, _) => {
            let code = text();
            if closed::is_country(&code) {
                Ok(Value::Text(code.to_ascii_uppercase()))
            } else {
                Err(format!("\"{}\" is not a two-letter country code", shown(&code)))
            }
        }
    }
}

/// `PT-br` as it is usually written: `pt-BR`.
fn tidy_language(tag: &str) -> String {
    let parts = tag.split('-').enumerate().map(|(i, part)| match (i, part.len()) {
        (0, _) => part.to_ascii_lowercase(),
        (_, 2) => part.to_ascii_uppercase(),
        (_, 4) => {
            let mut chars = part.chars();
            chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("-")
}

/// The beginning of a text, for messages.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
