//! What a `listen` expects, and whether an answer is one.

use super::{Fault, Heard, choices};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::bot::typed::What;
use crate::step::Moving;
use expr::Template;
use expr::spoken::{self, Lean};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use model::{
    Attachment, AttachmentKind, AttributeType, Choice, ChoiceAction, ChoiceTo, Content, Location, MessageId, Record, Rest, SentChoice,
    Value,
};
use regex::{Regex, RegexBuilder};
use rust_decimal::Decimal;
use syntax::{Diagnostic, Node};

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
    /// A day, a time of day, or both, within these bounds.
    Time {
        what: Moment,
        min: Option<Template>,
        max: Option<Template>,
    },
    /// A file of one of these kinds, any if there are none, of at most so many bytes.
    File {
        kinds: Vec<AttachmentKind>,
        max_size: u64,
    },
    Location,
}

/// What of time is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Day,
    Clock,
    Both,
}

/// What a message is as an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// This value.
    Is(Value),
    /// It can be read in several ways (FL 7.6).
    Either(Vec<Reading>),
    /// Nothing that can be used.
    No,
}

/// One way of reading an answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Reading {
    /// As the customer is shown it, in full.
    pub shown: String,
    /// What reads as nothing else.
    pub exact: String,
}

/// The names as written, for messages.
const NAMES: [&str; 13] =
    ["text", "number", "email", "phone", "date", "time", "datetime", "url", "choice", "regex", "file", "location", "yes_no"];
/// The kinds of files, as written.
const KINDS: [(&str, &[AttachmentKind]); 5] = [
    ("image", &[AttachmentKind::Image]),
    ("audio", &[AttachmentKind::Audio, AttachmentKind::Voice]),
    ("video", &[AttachmentKind::Video]),
    ("sticker", &[AttachmentKind::Sticker]),
    ("document", &[AttachmentKind::File]),
];
/// The most bytes of a file that is expected: 20 MiB, which is what channels take.
const MAX_SIZE: u64 = 20 * 1024 * 1024;

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
                            reader.may_be_typed(&pair.key, What::Answer);
                            let mut words: Vec<String> =
                                reader.in_other_languages(&pair.key).iter().map(|w| crate::step::spoken(w)).collect();
                            for n in one_or_many(&pair.value) {
                                words.extend(reader.text(n, "a synonym").map(crate::step::spoken));
                                reader.may_be_typed(n, What::Answer);
                                words.extend(reader.in_other_languages(n).iter().map(|w| crate::step::spoken(w)));
                            }
                            choices.push((value, words));
                        }
                    }
                    Node::Null | Node::Scalar(_) | Node::List(_) => {
                        let words = reader.in_other_languages(item).iter().map(|w| crate::step::spoken(w)).collect();
                        choices.push((reader.text(item, "a choice")?.to_owned(), words));
                        reader.may_be_typed(item, What::Answer);
                    }
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
                    let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
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
        "date" | "time" | "datetime" => {
            let mut fields = Fields::of(options, "a date or time", reader.out)?;
            let mut bound = |key: &'static str| {
                let node = fields.take(key)?;
                let template = reader.prose(node, key)?;
                // What is written is looked at now; `today` and the like are read when they are needed.
                if let Some(text) = template.literal()
                    && what(name).bound(text, &FIXED.coercion()).is_none()
                {
                    let help = "a day such as 2026-12-24 or today, a time such as 09:00, or ${…}";
                    reader.out.push(Diagnostic::error("E0186", node.span, format!("{key} is no {name}: \"{text}\"")).help(help));
                }
                Some(template)
            };
            let (min, max) = (bound("min"), bound("max"));
            fields.finish(reader.out);
            Some(Expect::Time { what: what(name), min, max })
        }
        "file" => {
            let mut fields = Fields::of(options, "file", reader.out)?;
            let mut kinds = Vec::new();
            if let Some(node) = fields.take("kinds") {
                for node in one_or_many(node) {
                    let Some(kind) = reader.text(node, "a kind of file") else { continue };
                    match KINDS.iter().find(|(known, _)| *known == kind) {
                        Some((_, list)) => kinds.extend_from_slice(list),
                        None => reader.out.push(crate::bot::reader::unknown(
                            "E0187",
                            node.span,
                            &format!("there is no kind of file \"{kind}\""),
                            kind,
                            KINDS.iter().map(|(known, _)| *known),
                            "kinds are",
                        )),
                    }
                }
            }
            let most = i64::try_from(MAX_SIZE / 1024).unwrap_or(i64::MAX);
            let max_size = fields.take("max_kb").and_then(|n| reader.integer(n, "max_kb", 1, most)).and_then(|n| u64::try_from(n).ok());
            fields.finish(reader.out);
            Some(Expect::File { kinds, max_size: max_size.map_or(MAX_SIZE, |kb| kb * 1024) })
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
        "date" | "time" | "datetime" => Expect::Time { what: what(name), min: None, max: None },
        "file" => Expect::File { kinds: Vec::new(), max_size: MAX_SIZE },
        "location" => Expect::Location,
        "choice" | "regex" => {
            reader.error("E0102", node.span, format!("{name} needs its list or pattern: expect: {{ {name}: … }}"));
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

/// Words for yes and no beside those of a yes-or-no attribute.
const YES: &str = "yeah yep yup sure okay okey 👍 ✅ claro vale dale jawohl klar d'accord ouais certo va ok";
const NO: &str = "nope nah 👎 ❌ nö nunca";

fn what(name: &str) -> Moment {
    match name {
        "date" => Moment::Day,
        "time" => Moment::Clock,
        _ => Moment::Both,
    }
}

impl Moment {
    /// A bound as written.
    fn bound(self, text: &str, ctx: &expr::Coercion<'_>) -> Option<DateTime> {
        let text = text.trim();
        let lean = Lean::Future;
        match self {
            Self::Day => match spoken::days(text, ctx, lean).as_slice() {
                [day] => Some(day.to_datetime(Time::midnight())),
                _ => None,
            },
            Self::Clock => match spoken::times(text, ctx).as_slice() {
                [time, ..] => Some(Date::constant(1, 1, 1).to_datetime(*time)),
                [] => None,
            },
            Self::Both => match spoken::moments(text, ctx, lean).as_slice() {
                [at, ..] => Some(*at),
                [] => Self::Day.bound(text, ctx),
            },
        }
    }

    /// The ways in which an answer can be read.
    fn readings(self, text: &str, ctx: &expr::Coercion<'_>, lean: Lean) -> Vec<DateTime> {
        match self {
            Self::Day => spoken::days(text, ctx, lean).into_iter().map(|day| day.to_datetime(Time::midnight())).collect(),
            Self::Clock => spoken::times(text, ctx).into_iter().map(|time| Date::constant(1, 1, 1).to_datetime(time)).collect(),
            Self::Both => spoken::moments(text, ctx, lean),
        }
    }

    fn value(self, at: DateTime, zone: &TimeZone) -> Option<Value> {
        match self {
            Self::Day => Some(Value::Date(at.date())),
            Self::Clock => Some(Value::Time(at.time())),
            Self::Both => zone.to_ambiguous_timestamp(at).compatible().ok().map(|ts| Value::DateTime(ts.into())),
        }
    }

    fn reading(self, at: DateTime, language: &str) -> Reading {
        match self {
            Self::Day => Reading { shown: spoken::show_day(at.date(), language), exact: at.date().to_string() },
            Self::Clock => Reading { shown: spoken::show_time(at.time()), exact: spoken::show_time(at.time()) },
            Self::Both => {
                Reading { shown: spoken::show_moment(at, language), exact: format!("{} {}", at.date(), spoken::show_time(at.time())) }
            }
        }
    }
}

/// What a bound is read with when the bot is checked: a fixed day in UTC.
struct Fixed(TimeZone);

static FIXED: Fixed = Fixed(TimeZone::UTC);

impl Fixed {
    fn coercion(&self) -> expr::Coercion<'_> {
        expr::Coercion { language: Some("en-GB"), country: None, zone: &self.0, now: model::Instant::default() }
    }
}

impl Expect {
    /// Any text that is not too long.
    pub(crate) fn any_text() -> Self {
        Self::Text { min: 1, max: LONGEST }
    }

    /// Whether several messages can be one answer.
    pub(crate) fn merges(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Regex(_))
    }

    /// What a message is as an answer.
    ///
    /// # Errors
    /// [`Fault`] if a bound cannot be computed.
    pub(crate) fn read(&self, heard: &Heard<'_>, at: &mut Moving<'_, '_>) -> Result<Answer, Fault> {
        Ok(match self {
            Self::Time { what, min, max } => read_time(*what, min.as_ref(), max.as_ref(), heard.text, at)?,
            Self::File { kinds, max_size } => {
                let files = heard.content.map_or(&[][..], |content| &content.attachments);
                let fits = |file: &&Attachment| (kinds.is_empty() || kinds.contains(&file.kind)) && file.size <= *max_size;
                files.iter().find(fits).map_or(Answer::No, |file| Answer::Is(file_value(file)))
            }
            Self::Location => heard.content.and_then(|content| content.location.as_ref()).and_then(place).map_or(Answer::No, Answer::Is),
            Self::Text { .. }
            | Self::Number { .. }
            | Self::Email
            | Self::Phone
            | Self::Url
            | Self::Choice(_)
            | Self::Regex(_)
            | Self::YesNo => self.read_answer(heard.text, at).map_or(Answer::No, Answer::Is),
        })
    }

    /// The value of a text, if it is what is expected and can be read in one way only.
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
                let said = crate::step::spoken(text);
                choices
                    .iter()
                    .find(|(value, words)| crate::step::spoken(value) == said || words.contains(&said))
                    .map(|(v, _)| Value::text(v.clone()))
            }
            Self::Regex(regex) => (text.len() <= 4_096 && regex.is_match(text)).then(|| Value::text(text)),
            Self::YesNo => {
                let said = crate::step::spoken(text);
                let among = |words: &str| words.split(' ').any(|word| word == said);
                match (among(YES), among(NO)) {
                    (true, _) => Some(Value::Bool(true)),
                    (_, true) => Some(Value::Bool(false)),
                    (false, false) => coerce(&said, &AttributeType::Bool, at),
                }
            }
            Self::Time { what, min, max } => match read_time(*what, min.as_ref(), max.as_ref(), text, at) {
                Ok(Answer::Is(value)) => Some(value),
                Ok(Answer::Either(_) | Answer::No) | Err(_) => None,
            },
            Self::File { .. } | Self::Location => None,
        }
    }
}

/// A day or a time within its bounds, which also decide between readings.
fn read_time(what: Moment, min: Option<&Template>, max: Option<&Template>, text: &str, at: &mut Moving<'_, '_>) -> Result<Answer, Fault> {
    let mut bounds = [None, None];
    for (bound, template) in bounds.iter_mut().zip([min, max]) {
        if let Some(template) = template {
            let text = at.render(template)?;
            let read = with_coercion(at, |ctx| what.bound(&text, &expr::Coercion { language: Some("en-GB"), ..*ctx }));
            *bound = Some(read.ok_or_else(|| Fault::Failed(format!("\"{text}\" is no bound for a date or time")))?);
        }
    }
    let [min, max] = bounds;
    let language = at.language().to_owned();
    Ok(with_coercion(at, |ctx| {
        let wall = ctx.zone.to_datetime(ctx.now.to_timestamp());
        let lean = if max.is_some_and(|max| max.date() <= wall.date()) && what != Moment::Clock { Lean::Past } else { Lean::Future };
        let fits = |read: &DateTime| min.is_none_or(|min| *read >= min) && max.is_none_or(|max| *read <= max);
        let found: Vec<DateTime> = what.readings(text, ctx, lean).into_iter().filter(fits).collect();
        match found.as_slice() {
            [] => Answer::No,
            [one] => what.value(*one, ctx.zone).map_or(Answer::No, Answer::Is),
            several => Answer::Either(several.iter().map(|at| what.reading(*at, &language)).collect()),
        }
    }))
}

/// A file as flows see it.
fn file_value(file: &Attachment) -> Value {
    let kind = KINDS.iter().find(|(_, kinds)| kinds.contains(&file.kind)).map_or("document", |(name, _)| name);
    Value::Record(Record::from([
        ("name".to_owned(), Value::text(file.name.clone())),
        ("type".to_owned(), Value::text(file.mime.clone())),
        ("kind".to_owned(), Value::text(kind)),
        ("size".to_owned(), Value::Number(file.size.into())),
        ("id".to_owned(), Value::text(file.blob.0.clone())),
    ]))
}

/// A place as flows see it.
fn place(place: &Location) -> Option<Value> {
    let degrees = |value: f64| Decimal::from_f64_retain(value).map(|d| Value::Number(d.round_dp(6).normalize()));
    Some(Value::Record(Record::from([
        ("latitude".to_owned(), degrees(place.latitude)?),
        ("longitude".to_owned(), degrees(place.longitude)?),
    ])))
}

/// Asks which of several readings is meant, with a button for each (FL 7.6). Pressing one is hearing what it stands for.
pub(crate) fn ask_which(readings: &[Reading], timeout: Option<i64>, at: &mut Moving<'_, '_>) -> Result<(), Fault> {
    let labels = readings.iter().map(|reading| (reading.shown.clone(), reading.exact.clone())).collect::<Vec<_>>();
    let question = at.sentence("Which one do you mean?");
    offer(question, &labels, timeout, at)
}

/// Says something with buttons that a listening block hears itself, each a label and what is heard, and rests on it.
fn offer(text: String, labels: &[(String, String)], timeout: Option<i64>, at: &mut Moving<'_, '_>) -> Result<(), Fault> {
    let stage = if let Rest::Asking(ask) = &at.run.rest { ask.stage } else { 0 };
    let message = show(text, labels, stage, at)?;
    let now = at.step.turn.now;
    if let Rest::Asking(ask) = &mut at.run.rest {
        ask.message = message;
        ask.asked_at = now;
        ask.deadline = timeout.map(|t| now.plus_micros(t));
    }
    Ok(())
}

/// Says something with buttons that a listening block hears itself: each a label, and what is heard. They answer that one of its
/// questions.
pub(crate) fn show(text: String, labels: &[(String, String)], stage: u16, at: &mut Moving<'_, '_>) -> Result<Option<MessageId>, Fault> {
    if at.unsendable().is_some() {
        return Ok(None);
    }
    let (mut buttons, mut sent) = (Vec::new(), Vec::new());
    for (index, (label, value)) in labels.iter().enumerate() {
        let token = choices::token(at);
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        buttons.push(Choice { label: label.clone(), action: ChoiceAction::Reply { token: token.clone() } });
        sent.push(SentChoice {
            token,
            label: label.clone(),
            index,
            ordinal: index.saturating_add(1),
            // Pressed later, when it answers nothing any more, it leads nowhere.
            to: ChoiceTo::End,
            value: Some(value.clone()),
            card: None,
            also: Vec::new(),
        });
    }
    let message = at.say(Content { text, buttons, ..Content::default() })?;
    if let Some(id) = message {
        choices::remember(id, sent, None, at);
        if let Some(shown) = at.step.conversation.choices.iter_mut().rfind(|shown| shown.message == id) {
            shown.stage = stage;
        }
    }
    Ok(message)
}

fn with_coercion<T>(at: &mut Moving<'_, '_>, with: impl FnOnce(&expr::Coercion<'_>) -> T) -> T {
    // Whose language is not known writes as the bot speaks.
    let language = at.language().to_owned();
    at.with_facts(|facts, _| {
        with(&expr::Coercion { language: Some(&language), country: facts.bot.country(), zone: facts.bot.timezone(), now: facts.now })
    })
}

fn coerce(text: &str, ty: &AttributeType, at: &mut Moving<'_, '_>) -> Option<Value> {
    with_coercion(at, |context| expr::coerce(&Value::text(text), ty, context).ok())
}
