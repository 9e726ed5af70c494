//! What a `listen` expects, and whether an answer is one.

use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use model::{AttributeType, Value, fold};
use regex::{Regex, RegexBuilder};
use rust_decimal::Decimal;
use syntax::Node;

/// The longest answer that is kept, in characters.
const LONGEST: usize = 8_000;

/// What counts as an answer.
#[derive(Debug)]
pub(crate) enum Expect {
    /// Any text within these lengths, in characters.
    Text {
        min: usize,
        max: usize,
    },
    /// A number within these bounds.
    Number {
        min: Option<Decimal>,
        max: Option<Decimal>,
        whole: bool,
    },
    Email,
    Phone,
    Url,
    /// One of these, each with the words that mean it.
    Choice(Vec<(String, Vec<String>)>),
    /// A text the pattern fits whole.
    Regex(Box<Regex>),
    YesNo,
}

/// The names as written, for messages.
const NAMES: [&str; 8] = ["text", "number", "email", "phone", "url", "choice", "regex", "yes_no"];
const LATER: [&str; 4] = ["date", "time", "file", "location"];

/// Reads `expect:`, a name or `{ name: { … } }`.
pub(crate) fn read(node: At<'_>, reader: &mut Reader<'_>) -> Option<Expect> {
    if let Some(name) = node.as_text() {
        return by_name(name, node, reader);
    }
    let Node::Map(entries) = &node.value else {
        reader.error("E0103", node.span, format!("expect is a name, or a name with its options, not {}", node.kind_name()));
        return None;
    };
    let [entry] = entries.as_slice() else {
        reader.error("E0103", node.span, "expect has exactly one kind");
        return None;
    };
    let name = reader.text(&entry.key, "what is expected")?;
    let options = &entry.value;
    match name {
        "choice" => {
            let mut choices = Vec::new();
            for item in one_or_many(options) {
                match &item.value {
                    Node::Map(list) => {
                        for pair in list {
                            let value = reader.text(&pair.key, "a choice")?.to_owned();
                            let words = one_or_many(&pair.value).iter().filter_map(|n| reader.text(n, "a synonym").map(fold)).collect();
                            choices.push((value, words));
                        }
                    }
                    Node::Null | Node::Scalar(_) | Node::List(_) => choices.push((reader.text(item, "a choice")?.to_owned(), Vec::new())),
                }
            }
            if choices.is_empty() {
                reader.error("E0125", options.span, "choice needs at least one choice");
                return None;
            }
            Some(Expect::Choice(choices))
        }
        "regex" => {
            let pattern = reader.text(options, "a regex")?;
            let read = if pattern.len() > 1_000 { Err("it is longer than 1000 characters".to_owned()) } else { compile(pattern) };
            match read {
                Ok(regex) => Some(Expect::Regex(Box::new(regex))),
                Err(why) => {
                    let why = why.lines().last().unwrap_or_default().trim().to_owned();
                    reader.error("E0128", options.span, format!("the regex does not compile: {why}"));
                    None
                }
            }
        }
        "number" => {
            let mut fields = Fields::of(options, "number", reader.out)?;
            let min = fields.take("min").and_then(|n| reader.number(n, "min"));
            let max = fields.take("max").and_then(|n| reader.number(n, "max"));
            let whole = fields.take("whole").and_then(|n| crate::bot::reader::boolean(n, "whole", reader.out)).unwrap_or(false);
            let span = fields.span();
            fields.finish(reader.out);
            if min.zip(max).is_some_and(|(min, max)| min > max) {
                reader.error("E0104", span, "min is greater than max: no number fits");
            }
            Some(Expect::Number { min, max, whole })
        }
        "text" => {
            let mut fields = Fields::of(options, "text", reader.out)?;
            let longest = i64::try_from(LONGEST).unwrap_or(i64::MAX);
            let mut length = |key: &'static str, default: usize| {
                fields.take(key).and_then(|n| reader.integer(n, key, 1, longest)).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
            };
            let (min, max) = (length("min", 1), length("max", LONGEST));
            fields.finish(reader.out);
            Some(Expect::Text { min, max })
        }
        _ => by_name(name, &entry.key, reader),
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    // The whole answer has to fit; linear time, bounded size (fault 27).
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).dfa_size_limit(1 << 20).build().map_err(|e| e.to_string())
}

fn by_name(name: &str, node: At<'_>, reader: &mut Reader<'_>) -> Option<Expect> {
    Some(match name {
        "text" => Expect::Text { min: 1, max: LONGEST },
        "number" => Expect::Number { min: None, max: None, whole: false },
        "email" => Expect::Email,
        "phone" => Expect::Phone,
        "url" => Expect::Url,
        "yes_no" => Expect::YesNo,
        "choice" | "regex" => {
            reader.error("E0102", node.span, format!("{name} needs its list or pattern: expect: {{ {name}: … }}"));
            return None;
        }
        _ if LATER.contains(&name) => {
            reader.error("E0122", node.span, format!("expecting a {name} is not built yet; expect one of {}", NAMES.join(", ")));
            return None;
        }
        _ => {
            let diagnostic = crate::bot::reader::unknown(
                "E0117",
                node.span,
                &format!("a listen cannot expect \"{name}\""),
                name,
                NAMES.iter().copied(),
                "it can expect",
            );
            reader.out.push(diagnostic);
            return None;
        }
    })
}

const YES: [&str; 14] = ["yes", "y", "yeah", "yep", "sure", "ok", "sí", "si", "ja", "oui", "sim", "da", "true", "👍"];
const NO: [&str; 9] = ["no", "n", "nope", "nein", "non", "não", "nao", "false", "👎"];

impl Expect {
    /// The value of an answer, if it is one.
    pub(crate) fn read_answer(&self, text: &str, at: &mut Moving<'_, '_>) -> Option<Value> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST {
            return None;
        }
        match self {
            Self::Text { min, max } => (*min..=*max).contains(&text.chars().count()).then(|| Value::text(text)),
            Self::Number { min, max, whole } => match coerce(text, &AttributeType::Number, at)? {
                Value::Number(n) if min.is_none_or(|m| n >= m) && max.is_none_or(|m| n <= m) && (!whole || n.fract().is_zero()) => {
                    Some(Value::Number(n))
                }
                _ => None,
            },
            Self::Email => coerce(text, &AttributeType::Email, at),
            Self::Phone => coerce(text, &AttributeType::Phone, at),
            Self::Url => coerce(text, &AttributeType::Url, at),
            Self::Choice(choices) => {
                let said = fold(text);
                let said = said.trim_end_matches(['.', '!', '?']);
                choices
                    .iter()
                    .find(|(value, words)| fold(value) == said || words.iter().any(|w| w == said))
                    .map(|(v, _)| Value::text(v.clone()))
            }
            Self::Regex(regex) => (text.len() <= 4_096 && regex.is_match(text)).then(|| Value::text(text)),
            Self::YesNo => {
                let said = fold(text);
                let said = said.trim_end_matches(['.', '!', '?']);
                if YES.contains(&said) { Some(Value::Bool(true)) } else { NO.contains(&said).then_some(Value::Bool(false)) }
            }
        }
    }
}

fn coerce(text: &str, ty: &AttributeType, at: &mut Moving<'_, '_>) -> Option<Value> {
    at.with_facts(|facts, _| {
        let language = expr::Facts::language(facts);
        let context =
            expr::Coercion { language: language.as_deref(), country: facts.bot.country(), zone: facts.bot.timezone(), now: facts.now };
        expr::coerce(&Value::text(text), ty, &context).ok()
    })
}
