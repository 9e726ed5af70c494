//! Writing the JSON form.

use crate::{
    ast::{Calendar, InForm, Kind, Node, Source, Window, Zone},
    print::{Period, when},
};
use model::Duration;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

/// A node as JSON.
pub fn write(node: &Node) -> Json {
    let list = |parts: &[Node]| parts.iter().map(write).collect::<Vec<_>>();
    let not = |negated: bool, op: &str| if negated { format!("not {op}") } else { op.to_owned() };
    match &node.kind {
        Kind::Any(parts) => json!({ "any": list(parts) }),
        Kind::All(parts) => json!({ "all": list(parts) }),
        Kind::Not(of) => json!({ "not": write(of) }),
        Kind::InSegment(name) => json!({ "in_segment": name.text }),
        Kind::HasTag { tag, within } => with(json!({ "has_tag": tag.text }), "within", within.map(period)),
        Kind::HasTags { all, tags } => {
            let tags: Vec<&str> = tags.iter().map(|t| t.text.as_str()).collect();
            if *all { json!({ "has_all_tags": tags }) } else { json!({ "has_any_tag": tags }) }
        }
        Kind::RanSkill { skill, within } => with(json!({ "ran_skill": skill.text }), "within", within.map(period)),
        Kind::HasChannel(name) => json!({ "has_channel": name.text }),
        Kind::HasConsent(topic) => json!({ "has_consent": topic.text }),
        Kind::Reachable(channel) => json!({ "reachable": channel.as_ref().map(|c| &c.text) }),
        Kind::NotesContain(part) => json!({ "notes_contain": write(part) }),
        Kind::Sequence(of) => {
            let second = if of.absent { "then_no" } else { "then" };
            let written = json!({ "sequence": source(&of.first), second: source(&of.second), "within": period(of.within) });
            with(written, "window", of.window.as_ref().map(window))
        }
        Kind::Compare { op, left, right } => json!({ "op": op.text(), "left": write(left), "right": write(right) }),
        Kind::Set { of, negated } => json!({ "op": if *negated { "is not set" } else { "is set" }, "left": write(of) }),
        Kind::In { of, list, form } => {
            let op = match form {
                InForm::In => "in",
                InForm::NotIn => "not in",
                InForm::IsNotIn => "is not in",
            };
            json!({ "op": op, "left": write(of), "right": write(list) })
        }
        Kind::Contains { of, part, negated } => json!({ "op": not(*negated, "contains"), "left": write(of), "right": write(part) }),
        Kind::Affix { of, part, at_end, negated } => {
            let op = if *at_end { "ends with" } else { "starts with" };
            json!({ "op": not(*negated, op), "left": write(of), "right": write(part) })
        }
        Kind::Matches { of, regex, negated } => {
            let written = json!({ "op": not(*negated, "matches"), "left": write(of), "pattern": regex.pattern });
            with(written, "ignore_case", regex.ignore_case.then_some(Json::Bool(true)))
        }
        Kind::Between { of, low, high, negated } => {
            json!({ "op": not(*negated, "between"), "left": write(of), "low": write(low), "high": write(high) })
        }
        Kind::Calendar { of, window, negated } => {
            json!({ "op": if *negated { "is not" } else { "is" }, "left": write(of), "calendar": calendar(window) })
        }
        Kind::Within { of, span, future } => {
            json!({ "op": if *future { "within next" } else { "within" }, "left": write(of), "duration": period(*span) })
        }
        Kind::OlderThan { of, span } => json!({ "op": "older than", "left": write(of), "duration": period(*span) }),
        Kind::Changed { of, span } => json!({ "op": "changed within", "left": write(of), "duration": period(*span) }),
        Kind::Text(text) => Json::String(text.clone()),
        Kind::Number(number) => self::number(number),
        Kind::Date(date) => json!({ "date": date.to_string() }),
        Kind::Time(_) => json!({ "time": node.to_string() }),
        Kind::Duration(duration) => json!({ "duration": period(*duration) }),
        Kind::List(items) => Json::Array(list(items)),
        Kind::Path(_) => json!({ "name": node.to_string() }),
        Kind::Negative(of) => json!({ "op": "-", "of": write(of) }),
        Kind::Arith { op, left, right } => json!({ "op": op.text(), "left": write(left), "right": write(right) }),
        Kind::Call { name, args } => json!({ "call": name.text, "args": list(args) }),
        Kind::Filter { of, name, args } => json!({ "filter": name.text, "of": write(of), "args": list(args) }),
        Kind::Aggregate(of) => {
            with(json!({ "aggregate": of.function.name(), "source": source(&of.source) }), "window", of.window.as_ref().map(window))
        }
    }
}

fn with(mut json: Json, key: &str, value: Option<Json>) -> Json {
    if let (Some(map), Some(value)) = (json.as_object_mut(), value) {
        map.insert(key.to_owned(), value);
    }
    json
}

fn period(duration: Duration) -> Json {
    Json::String(Period(duration).to_string())
}

/// A JSON number if that is exact, else its digits as text.
fn number(number: &Decimal) -> Json {
    let text = number.to_string();
    match serde_json::from_str::<Json>(&text) {
        Ok(json) if Decimal::from_str_exact(&json.to_string()).is_ok_and(|back| back == *number) => json,
        _ => json!({ "number": text }),
    }
}

fn calendar(of: &Calendar) -> Json {
    with(json!({ "when": when(of.when) }), "zone", of.zone.as_ref().map(zone))
}

fn zone(zone: &Zone) -> Json {
    match zone {
        Zone::Bot => json!("bot"),
        Zone::Contact => json!("contact"),
        Zone::Named(name) => json!({ "name": name }),
    }
}

fn source(of: &Source) -> Json {
    let mut map = Map::new();
    map.insert("event".into(), Json::String(of.event.text.clone()));
    if !of.fields.is_empty() {
        map.insert("field".into(), Json::String(of.fields.join(".")));
    }
    if let Some(filter) = &of.filter {
        map.insert("where".into(), write(filter));
    }
    Json::Object(map)
}

fn window(of: &Window) -> Json {
    match of {
        Window::Last(span, in_zone) => with(json!({ "last": period(*span) }), "zone", in_zone.as_ref().map(zone)),
        Window::Since(at) => json!({ "since": write(at) }),
        Window::Between(low, high) => json!({ "between": [write(low), write(high)] }),
        Window::Ever => json!("ever"),
        Window::Calendar(of) => calendar(of),
    }
}
