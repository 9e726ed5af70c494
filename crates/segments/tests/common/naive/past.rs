//! Counting what was recorded, by looking at all of it.

use super::{Found, Naive, Row, Three, Trouble, clock, list, text, values};
use clock::Length;
use model::{EventRecord, Instant, Record, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use std::borrow::Cow;

/// One thing counted: an event, or a part of one.
struct Counted<'w> {
    /// What it is, if there is something at the end of the path; without a path, when it happened.
    value: Option<Cow<'w, Value>>,
    /// The records on the way to it, the innermost last.
    records: Vec<&'w Record>,
}

fn walk<'w>(path: &[&str], value: &'w Value, records: &mut Vec<&'w Record>, found: &mut Vec<Counted<'w>>) {
    match (value, path.split_first()) {
        (Value::List(items), _) => items.iter().for_each(|item| walk(path, item, records, found)),
        (Value::Record(fields), rest) => {
            records.push(fields);
            match rest {
                None => found.push(Counted { value: Some(Cow::Borrowed(value)), records: records.clone() }),
                Some((name, rest)) => match fields.get(*name) {
                    Some(value) => walk(rest, value, records, found),
                    None => found.push(Counted { value: None, records: records.clone() }),
                },
            }
            records.pop();
        }
        (value, None) => found.push(Counted { value: Some(Cow::Borrowed(value)), records: records.clone() }),
        (_, Some(_)) => found.push(Counted { value: None, records: records.clone() }),
    }
}

impl<'w> Naive<'w> {
    /// The events of a source in the order in which they happened, each with its time and where it stands in the record.
    fn happened(&self, source: &Json) -> Vec<(usize, &'w EventRecord)> {
        let of_name = self.events.iter().enumerate().filter(|(_, event)| event.name == text(&source["event"]) && event.at <= self.now);
        let mut events: Vec<_> = of_name.collect();
        events.sort_by_key(|(arrival, event)| (event.at, *arrival));
        events
    }

    /// What a source counts in one event.
    fn counted(&self, source: &Json, event: &'w EventRecord) -> Vec<Counted<'w>> {
        let mut found = Vec::new();
        match source.get("field") {
            None => found.push(Counted { value: Some(Cow::Owned(Value::DateTime(event.at))), records: vec![&event.fields] }),
            Some(path) => {
                let path: Vec<&str> = text(path).split('.').collect();
                let (first, rest) = path.split_first().expect("a name");
                let mut records = vec![&event.fields];
                match event.fields.get(*first) {
                    Some(value) => walk(rest, value, &mut records, &mut found),
                    None => found.push(Counted { value: None, records }),
                }
            }
        }
        if let Some(filter) = source.get("where") {
            found.retain(|counted| self.in_row(filter, Row::Some(&counted.records)) == Some(true));
        }
        found
    }

    /// Whether an instant lies in a window; none if that cannot be said.
    fn inside(&self, at: Instant, window: Option<&Json>) -> Result<Option<bool>, Trouble> {
        let Some(window) = window else { return Ok(Some(true)) };
        if window.as_str() == Some("ever") {
            return Ok(Some(true));
        }
        if let Some(length) = window.get("last") {
            let zone = self.zone(window.get("zone"));
            return Ok(Some(at > clock::edge(self.now, Length::read(text(length)).back(), &zone)));
        }
        let zone = &self.town.zone;
        if let Some(since) = window.get("since") {
            return Ok(match self.value(since, None)? {
                Some(Value::DateTime(since)) => Some(at >= since),
                Some(Value::Date(day)) => Some(clock::date(at, zone) >= day),
                _ => None,
            });
        }
        if let Some(limits) = window.get("between") {
            let limits = list(limits);
            let (low, high) = (self.value(&limits[0], None)?, self.value(&limits[1], None)?);
            let from = match low {
                Some(Value::DateTime(low)) => at >= low,
                Some(Value::Date(day)) => clock::date(at, zone) >= day,
                _ => return Ok(None),
            };
            let to = match high {
                Some(Value::DateTime(high)) => at <= high,
                Some(Value::Date(day)) => clock::date(at, zone) <= day,
                _ => return Ok(None),
            };
            return Ok(Some(from && to));
        }
        let zone = self.zone(window.get("zone"));
        Ok(Some(clock::window(self.now, text(&window["when"]), &zone).holds(at, &zone)))
    }

    pub(super) fn aggregate(&self, json: &Json) -> Found {
        let source = &json["source"];
        let window = json.get("window");
        if self.inside(self.now, window)?.is_none() {
            return Ok(None);
        }
        let mut counted = Vec::new();
        for (_, event) in self.happened(source) {
            if self.inside(event.at, window)? == Some(true) {
                counted.extend(self.counted(source, event));
            }
        }
        let whole = |count: usize| Ok(Some(Value::Number(count.into())));
        let present: Vec<&Value> = counted.iter().filter_map(|counted| counted.value.as_deref()).collect();
        let zone = &self.town.zone;
        Ok(match text(&json["aggregate"]) {
            "count" => return whole(present.len()),
            "first" => present.first().copied().cloned(),
            "last" => present.last().copied().cloned(),
            "distinct" => {
                let mut different: Vec<&Value> = Vec::new();
                for value in present {
                    if !different.iter().any(|other| values::same(value, other, zone)) {
                        different.push(value);
                    }
                }
                return whole(different.len());
            }
            which @ ("sum" | "avg") => {
                let mut numbers: Vec<Decimal> = Vec::new();
                for value in present {
                    match value {
                        Value::Number(n) => numbers.push(*n),
                        Value::Text(text) => numbers.extend(values::number(text)),
                        _ => {}
                    }
                }
                let sum: Decimal = numbers.iter().sum();
                match (which, numbers.len()) {
                    ("sum", _) => Some(Value::Number(sum)),
                    (_, 0) => None,
                    (_, count) => Some(Value::Number(sum / Decimal::from(count))),
                }
            }
            which => {
                let mut extreme: Option<Value> = None;
                for value in present {
                    let Some(value) = ordered(value) else { continue };
                    let better = match &extreme {
                        None => true,
                        // What does not go together has no least and no greatest.
                        Some(so_far) => match values::order(&value, so_far, zone) {
                            Some(order) => {
                                if which == "min" {
                                    order.is_lt()
                                } else {
                                    order.is_gt()
                                }
                            }
                            None => return Ok(None),
                        },
                    };
                    if better {
                        extreme = Some(value);
                    }
                }
                extreme
            }
        })
    }

    /// `sequence(a then b within 2h)` and `sequence(a then no b within 2h)`.
    pub(super) fn sequence(&self, json: &Json) -> Result<Three, Trouble> {
        let absent = json.get("then_no").is_some();
        let (first, second) = (&json["sequence"], json.get(if absent { "then_no" } else { "then" }).expect("a second event"));
        let length = Length::read(text(&json["within"]));
        let zone = &self.town.zone;
        let window = json.get("window");
        if self.inside(self.now, window)?.is_none() {
            return Ok(None);
        }
        let same_name = first["event"] == second["event"];
        for (a_arrival, a) in self.happened(first) {
            if self.inside(a.at, window)? != Some(true) || self.counted(first, a).is_empty() {
                continue;
            }
            let followed = self.happened(second).into_iter().any(|(b_arrival, b)| {
                let after = if same_name { (b.at, b_arrival) > (a.at, a_arrival) } else { b.at >= a.at };
                after && a.at > clock::edge(b.at, length.back(), zone) && !self.counted(second, b).is_empty()
            });
            let elapsed = a.at <= clock::edge(self.now, length.back(), zone);
            if if absent { elapsed && !followed } else { followed } {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }
}

/// What has an order: numbers, texts that say one, days and points in time.
fn ordered(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) | Value::Money(_) | Value::Date(_) | Value::DateTime(_) => Some(value.clone()),
        Value::Text(text) => values::number(text).map(Value::Number).or_else(|| values::moment(text)),
        _ => None,
    }
}
