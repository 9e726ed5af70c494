//! Reading the JSON form: whatever it says becomes a tree, or one clear error.

use crate::{
    Problem,
    ast::{Agg, Aggregate, Arith, Calendar, InForm, Kind, Label, Node, Op, Regex, Sequence, Source, Span, Unit, When, Window, Zone},
    parser,
    print::is_name,
};
use model::Duration;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

type Read<T> = Result<T, Problem>;
type Object = Map<String, Json>;

/// The largest tree that is read; the text it becomes is bounded again by its length.
const MAX_NODES: usize = 4_096;

/// A tree from JSON.
///
/// # Errors
/// `E0342` if it is not of the form, `E0302` if it is too large.
pub fn read(json: &Json) -> Read<Node> {
    let mut count = 0;
    Reader { count: &mut count, depth: 0 }.node(json)
}

struct Reader<'r> {
    count: &'r mut usize,
    depth: u16,
}

fn bad<T>(message: impl Into<String>) -> Read<T> {
    Err(Problem::error("E0342", 0..0, message).help("a condition in JSON is {\"all\": […]}, {\"any\": […]}, {\"not\": …} or one test"))
}

fn span() -> Span {
    Span::default()
}

fn label(json: &Json) -> Read<Label> {
    match json.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(Label { text: text.to_owned(), span: span() }),
        _ => bad("a name is a text that is not empty"),
    }
}

fn labels(json: &Json) -> Read<Vec<Label>> {
    match json.as_array() {
        Some(items) if !items.is_empty() => items.iter().map(label).collect(),
        _ => bad("tags are a list with at least one name"),
    }
}

fn duration(json: Option<&Json>) -> Read<Duration> {
    let text = json.and_then(Json::as_str).unwrap_or("");
    match parser::parse(text).map(|node| node.kind) {
        Ok(Kind::Duration(duration)) => Ok(duration),
        _ => bad("a duration is a text such as \"7 days\", \"2h\" or \"6 months\""),
    }
}

/// A literal in the words of the language.
fn literal(json: &Json, what: &str, fits: fn(&Kind) -> bool) -> Read<Kind> {
    match json.as_str().map(parser::parse) {
        Some(Ok(node)) if fits(&node.kind) => Ok(node.kind),
        _ => bad(format!("`{what}` is not one as a condition writes it")),
    }
}

fn number(json: &Json) -> Read<Kind> {
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let Ok(number) = Decimal::from_str_exact(digits).or_else(|_| Decimal::from_scientific(digits)) else {
        return bad("the number has too many digits");
    };
    let kind = Kind::Number(number.normalize());
    Ok(if negative { Kind::Negative(Box::new(Node::made(kind))) } else { kind })
}

fn zone(json: Option<&Json>) -> Read<Option<Zone>> {
    Ok(match json {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) if name == "bot" => Some(Zone::Bot),
        Some(Json::String(name)) if name == "contact" => Some(Zone::Contact),
        Some(Json::Object(map)) if map.get("name").is_some_and(Json::is_string) => {
            Some(Zone::Named(map.get("name").and_then(Json::as_str).unwrap_or_default().to_owned()))
        }
        Some(_) => return bad("a zone is \"bot\", \"contact\" or {\"name\": \"Europe/Madrid\"}"),
    })
}

fn calendar(json: &Json) -> Read<Calendar> {
    let words = json.get("when").and_then(Json::as_str).unwrap_or("");
    let unit = |name: &str| Unit::ALL.into_iter().find(|u| u.name() == name);
    let when = match words {
        "today" => Some(When::Today),
        "yesterday" => Some(When::Yesterday),
        "tomorrow" => Some(When::Tomorrow),
        _ => match words.split_once(' ') {
            Some(("this", name)) => unit(name).map(When::This),
            Some(("previous", name)) => unit(name).map(When::Previous),
            Some(("next", name)) => unit(name).map(When::Next),
            _ => None,
        },
    };
    match when {
        Some(when) => Ok(Calendar { when, zone: zone(json.get("zone"))?, zone_span: span() }),
        None => bad("`when` is today, yesterday, tomorrow, or this, previous or next and a unit"),
    }
}

impl Reader<'_> {
    fn node(&mut self, json: &Json) -> Read<Node> {
        *self.count += 1;
        if self.depth >= parser::MAX_DEPTH || *self.count > MAX_NODES {
            return Err(Problem::error(
                "E0302",
                0..0,
                format!("the condition is nested more than {} deep or is too large", parser::MAX_DEPTH),
            ));
        }
        self.depth += 1;
        let kind = match json {
            Json::String(text) => Kind::Text(text.clone()),
            Json::Number(_) => number(json)?,
            Json::Bool(b) => return self.node_done(parser::parse(if *b { "true" } else { "false" }).or_else(|_| bad("not a value"))),
            Json::Array(items) => Kind::List(self.nodes(items)?),
            Json::Object(map) => self.object(map)?,
            Json::Null => return bad("`null` is no condition and no value"),
        };
        self.node_done(Ok(Node::made(kind)))
    }

    fn node_done(&mut self, node: Read<Node>) -> Read<Node> {
        self.depth -= 1;
        node
    }

    fn nodes(&mut self, items: &[Json]) -> Read<Vec<Node>> {
        items.iter().map(|item| self.node(item)).collect()
    }

    fn of(&mut self, map: &Object, key: &str) -> Read<Box<Node>> {
        match map.get(key) {
            Some(json) => self.node(json).map(Box::new),
            None => bad(format!("`{key}` is missing")),
        }
    }

    fn object(&mut self, map: &Object) -> Read<Kind> {
        let of = |keys: [&str; 2]| keys.into_iter().find_map(|key| map.get(key));
        if let Some(parts) = of(["all", "and"]) {
            return self.group(parts, Kind::All);
        }
        if let Some(parts) = of(["any", "or"]) {
            return self.group(parts, Kind::Any);
        }
        if let Some(part) = map.get("not") {
            return Ok(Kind::Not(Box::new(self.node(part)?)));
        }
        if let Some(op) = map.get("op") {
            return self.relation(op.as_str().unwrap_or(""), map);
        }
        let within = || map.get("within").filter(|w| !w.is_null()).map(|w| duration(Some(w))).transpose();
        for (key, value) in map {
            return Ok(match key.as_str() {
                "in_segment" => Kind::InSegment(label(value)?),
                "has_tag" => Kind::HasTag { tag: label(value)?, within: within()? },
                "has_any_tag" => Kind::HasTags { all: false, tags: labels(value)? },
                "has_all_tags" => Kind::HasTags { all: true, tags: labels(value)? },
                "ran_skill" => Kind::RanSkill { skill: label(value)?, within: within()? },
                "has_channel" => Kind::HasChannel(label(value)?),
                "has_consent" => Kind::HasConsent(label(value)?),
                "reachable" => Kind::Reachable(if value.is_null() { None } else { Some(label(value)?) }),
                "notes_contain" => Kind::NotesContain(Box::new(self.node(value)?)),
                "sequence" => self.sequence(value, map)?,
                "name" => literal(value, "name", |kind| matches!(kind, Kind::Path(_)))?,
                "date" => literal(value, "date", |kind| matches!(kind, Kind::Date(_)))?,
                "time" => literal(value, "time", |kind| matches!(kind, Kind::Time(_)))?,
                "duration" => Kind::Duration(duration(Some(value))?),
                "number" => number(value)?,
                "call" => Kind::Call { name: self.function(value)?, args: self.args(map)? },
                "filter" => Kind::Filter { name: self.function(value)?, of: self.of(map, "of")?, args: self.args(map)? },
                "aggregate" => self.aggregate(value, map)?,
                // Companions of the keys above may stand before them.
                "within" | "then" | "then_no" | "window" | "of" | "args" | "source" => continue,
                other => return bad(format!("`{}` is no test", other.chars().take(40).collect::<String>())),
            });
        }
        bad("there is no test in `{}`")
    }

    fn group(&mut self, parts: &Json, kind: fn(Vec<Node>) -> Kind) -> Read<Kind> {
        let Some(items) = parts.as_array() else { return bad("`all` and `any` hold a list of conditions") };
        let mut parts = self.nodes(items)?;
        match parts.len() {
            0 => bad("`all` and `any` hold at least one condition"),
            // One alone is itself; its text has nothing to join.
            1 => Ok(parts.remove(0).kind),
            _ => Ok(kind(parts)),
        }
    }

    fn function(&mut self, name: &Json) -> Read<Label> {
        let label = label(name)?;
        if is_name(&label.text) { Ok(label) } else { bad("a function's name is a word") }
    }

    fn args(&mut self, map: &Object) -> Read<Vec<Node>> {
        match map.get("args") {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Array(items)) => self.nodes(items),
            Some(_) => bad("`args` is a list"),
        }
    }

    fn relation(&mut self, op: &str, map: &Object) -> Read<Kind> {
        if op == "-" && map.contains_key("of") {
            return Ok(Kind::Negative(self.of(map, "of")?));
        }
        let arith = [Arith::Add, Arith::Sub, Arith::Join, Arith::Mul, Arith::Div, Arith::Rem].into_iter().find(|a| a.text() == op);
        if let Some(op) = arith {
            return Ok(Kind::Arith { op, left: self.of(map, "left")?, right: self.of(map, "right")? });
        }
        let of = self.of(map, "left")?;
        if let Some(json) = map.get("calendar") {
            let negated = match op {
                "is" => false,
                "is not" => true,
                _ => return bad("a window of the calendar is asked for with `is` or `is not`"),
            };
            return Ok(Kind::Calendar { of, window: calendar(json)?, negated });
        }
        let compare = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Is, Op::IsNot].into_iter().find(|o| o.text() == op);
        if let Some(op) = compare {
            return Ok(Kind::Compare { op, left: of, right: self.of(map, "right")? });
        }
        let (negated, asked) = match op.strip_prefix("not ") {
            Some(rest) => (true, rest),
            None => (false, op),
        };
        Ok(match (asked, negated) {
            ("in", false) | ("is in", false) => self.in_list(of, map, InForm::In)?,
            ("in", true) => self.in_list(of, map, InForm::NotIn)?,
            ("is not in", false) => self.in_list(of, map, InForm::IsNotIn)?,
            ("is set", false) => Kind::Set { of, negated: false },
            ("is not set", false) => Kind::Set { of, negated: true },
            ("contains", _) => Kind::Contains { of, part: self.of(map, "right")?, negated },
            ("starts with", _) => Kind::Affix { of, part: self.of(map, "right")?, at_end: false, negated },
            ("ends with", _) => Kind::Affix { of, part: self.of(map, "right")?, at_end: true, negated },
            ("matches", _) => {
                let pattern = map.get("pattern").and_then(Json::as_str).unwrap_or("").to_owned();
                // In text `\/` and `/` are the same pattern; here it is written plainly.
                let pattern = unescaped(&pattern);
                let ignore_case = map.get("ignore_case").and_then(Json::as_bool).unwrap_or(false);
                Kind::Matches { of, regex: Regex { pattern, ignore_case, span: span() }, negated }
            }
            ("between", _) => Kind::Between { of, low: self.of(map, "low")?, high: self.of(map, "high")?, negated },
            ("within", false) => Kind::Within { of, span: duration(map.get("duration"))?, future: false },
            ("within next", false) => Kind::Within { of, span: duration(map.get("duration"))?, future: true },
            ("older than", false) => Kind::OlderThan { of, span: duration(map.get("duration"))? },
            ("changed within", false) => Kind::Changed { of, span: duration(map.get("duration"))? },
            _ => return bad(format!("`{}` is no operator", op.chars().take(40).collect::<String>())),
        })
    }

    fn in_list(&mut self, of: Box<Node>, map: &Object, form: InForm) -> Read<Kind> {
        let list = self.of(map, "right")?;
        if !matches!(list.kind, Kind::List(_) | Kind::Path(_)) {
            return bad("right of `in` stands a list or the name of one");
        }
        Ok(Kind::In { of, list, form })
    }

    fn source(&mut self, json: &Json) -> Read<Source> {
        let Some(map) = json.as_object() else { return bad("events are {\"event\": NAME, \"field\": …, \"where\": …}") };
        let event = label(map.get("event").unwrap_or(&Json::Null))?;
        let fields: Vec<String> = match map.get("field").and_then(Json::as_str) {
            Some(path) => path.split('.').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        if !fields.iter().all(|f| is_name(f)) {
            return bad("a field is a name, or names with dots between them");
        }
        let filter = map.get("where").map(|w| self.node(w)).transpose()?;
        Ok(Source { event, fields, filter })
    }

    fn window(&mut self, map: &Object) -> Read<Option<Window>> {
        let Some(json) = map.get("window").filter(|w| !w.is_null()) else { return Ok(None) };
        Ok(Some(match json {
            Json::String(word) if word == "ever" => Window::Ever,
            Json::Object(map) if map.contains_key("last") => Window::Last(duration(map.get("last"))?, zone(map.get("zone"))?),
            Json::Object(map) if map.contains_key("since") => Window::Since(*self.of(map, "since")?),
            Json::Object(map) if map.contains_key("between") => match map.get("between").and_then(Json::as_array).map(Vec::as_slice) {
                Some([low, high]) => Window::Between(self.node(low)?, self.node(high)?),
                _ => return bad("`between` holds two limits"),
            },
            other => Window::Calendar(calendar(other)?),
        }))
    }

    fn aggregate(&mut self, name: &Json, map: &Object) -> Read<Kind> {
        let Some(function) = Agg::ALL.into_iter().find(|a| name.as_str() == Some(a.name())) else {
            return bad("`aggregate` is count, sum, avg, min, max, first, last or distinct");
        };
        let source = self.source(map.get("source").unwrap_or(&Json::Null))?;
        Ok(Kind::Aggregate(Box::new(Aggregate { function, source, window: self.window(map)? })))
    }

    fn sequence(&mut self, first: &Json, map: &Object) -> Read<Kind> {
        let absent = map.contains_key("then_no");
        let second = map.get(if absent { "then_no" } else { "then" }).unwrap_or(&Json::Null);
        Ok(Kind::Sequence(Box::new(Sequence {
            first: self.source(first)?,
            absent,
            second: self.source(second)?,
            within: duration(map.get("within"))?,
            window: self.window(map)?,
        })))
    }
}

fn unescaped(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('/') => out.push('/'),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}
