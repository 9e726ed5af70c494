//! A value as the text people read in a message.

use crate::{calendar, print::Period};
use jiff::tz::TimeZone;
use model::Value;

/// The value as text: numbers without trailing zeros, days ISO 8601, points in time by the clock of the given
/// zone, amounts with their currency, lists joined by commas, records as JSON.
pub fn render(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.normalize().to_string(),
        Value::Text(t) => t.clone(),
        Value::Date(d) => d.to_string(),
        Value::Time(t) => clock(*t),
        Value::DateTime(at) => {
            let wall = calendar::local(*at, zone);
            format!("{} {}", wall.date(), clock(wall.time()))
        }
        Value::Duration(d) => Period(*d).to_string(),
        Value::Money(m) => format!("{} {}", m.amount, m.currency),
        Value::List(items) => items.iter().map(|item| render(item, zone)).collect::<Vec<_>>().join(", "),
        Value::Record(_) => value.to_json().to_string(),
    }
}

fn clock(time: jiff::civil::Time) -> String {
    if time.second() == 0 {
        format!("{:02}:{:02}", time.hour(), time.minute())
    } else {
        format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    }
}
