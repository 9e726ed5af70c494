//! What the engine did, in words: the way through the blocks, what was changed and said, what was asked of others.

use super::common::Talk;
use engine::{Step, Trace, TriggerTo};
use model::{Author, Awaited, CallKind, Content, JourneyKind, Message, Owner, Picture, Record, RequestState, Rest, TextFormat, Value};
use switchboard_engine as engine;

/// One step.
pub fn step(step: &Step) -> Vec<String> {
    let mut lines: Vec<String> = step.trace.iter().map(trace).collect();
    lines.extend(step.journey.iter().filter_map(|entry| journey(&entry.what, entry.block.as_deref(), step)));
    lines.extend(step.events.iter().filter(|e| !e.fields.is_empty()).map(|e| format!("event {} {}", e.name, record(&e.fields))));
    for line in &step.transcript {
        if let model::TranscriptEntry::Message(said) = line {
            lines.extend(message(said));
        }
    }
    lines.extend(step.calls.iter().map(|call| format!("calls {}", self::call(&call.what))));
    lines.extend(step.requests.iter().map(|r| format!("asks the desk for {}{}", r.group, if r.first { ", before others" } else { "" })));
    for asked in &step.triggers {
        let to = match &asked.to {
            TriggerTo::One(who) => who.clone(),
            TriggerTo::Where(condition) => format!("everybody where {condition}"),
        };
        let rate = asked.per_second.map(|n| format!(", {n} a second")).unwrap_or_default();
        lines.push(format!("triggers {} {} for {to}{rate}", asked.event, record(&asked.fields)));
    }
    if step.drop_unsent {
        lines.push("what was not sent yet is dropped".into());
    }
    if step.held {
        lines.push("the input waits".into());
    }
    lines.extend(step.broken.iter().map(|why| format!("the step broke: {why}")));
    lines
}

fn trace(trace: &Trace) -> String {
    match trace {
        Trace::Rule { rule, what } => format!("rule {rule}: {what}"),
        Trace::RunBegan { skill, through } => format!("begins {skill}: {through}"),
        Trace::Enter { skill, block } => format!("{skill}.{block}"),
        Trace::Exit { skill, block, exit } => format!("{skill}.{block} -> {exit}"),
        Trace::RunEnded { skill, block, how } => format!("ends at {skill}.{block}: {how}"),
        Trace::Note(note) => note.clone(),
    }
}

/// A line of the journey that the trace does not tell.
fn journey(what: &JourneyKind, block: Option<&str>, step: &Step) -> Option<String> {
    let value = |value: &Option<Value>| value.as_ref().map_or("unset".into(), self::value);
    Some(match what {
        JourneyKind::Handled { .. } | JourneyKind::RunBegan { .. } => return None,
        JourneyKind::Block { exit } if exit.is_empty() => format!("rests at {}", block.unwrap_or_default()),
        JourneyKind::Block { .. } => return None,
        JourneyKind::RunEnded { skill, how } => {
            let told = |t: &Trace| matches!(t, Trace::RunEnded { how: traced, .. } if traced == how);
            if step.trace.iter().any(told) {
                return None;
            }
            format!("{skill} {how}")
        }
        JourneyKind::Attribute { name, from, to } => format!("{name}: {} -> {}", value(from), value(to)),
        JourneyKind::Created { source } => format!("came to be: {source}"),
        JourneyKind::Imported { created, altered } => format!("imported: {created} {altered:?}"),
        JourneyKind::ImportUndone { import } => format!("import {import} taken back"),
        JourneyKind::TagAdded(tag) => format!("tag {tag} added"),
        JourneyKind::TagRemoved(tag) => format!("tag {tag} removed"),
        JourneyKind::Status { from, to } => format!("status {from} -> {to}"),
        JourneyKind::Consent { topic, given } => format!("consent to {topic}: {}", if *given { "given" } else { "refused" }),
        JourneyKind::SegmentEntered(moved) => format!("enters segment {}", moved.segment),
        JourneyKind::SegmentLeft(moved) => format!("leaves segment {}", moved.segment),
        JourneyKind::Event(name) => format!("event {name} recorded"),
        JourneyKind::Desk(what) => format!("desk: {what}"),
        JourneyKind::Delivery(what) => format!("delivery: {what}"),
        JourneyKind::Told { medium, delivery, .. } => format!("{medium:?}: {delivery:?}"),
        JourneyKind::Timer(what) => format!("timer: {what}"),
        JourneyKind::Moved(what) => format!("moved: {what}"),
        JourneyKind::Error(what) => format!("error: {what}"),
        JourneyKind::Address(what) => format!("address: {what}"),
        JourneyKind::Source { from, to } => format!("source {from} -> {to}"),
        JourneyKind::Noted(text) => format!("noted: {text}"),
        JourneyKind::Reached(reached) => format!("reached by {}", reached.name),
        JourneyKind::Identifier(what) => format!("identifier: {what}"),
        JourneyKind::Merged { other, .. } => format!("merged with {other}"),
        JourneyKind::MergedInto { into, .. } => format!("merged into {into}"),
        JourneyKind::Unmerged { other, .. } => format!("unmerged from {other}"),
        JourneyKind::NotMerged { other, why } => format!("not merged with {other}: {why}"),
    })
}

fn message(said: &Message) -> Option<String> {
    let who = match &said.author {
        Author::Customer => return None,
        Author::Bot { skill, block } => format!("bot ({skill}.{block})"),
        Author::Agent { name, .. } => name.clone(),
        Author::System => "system".into(),
    };
    Some(format!("{who}: {}", content(&said.content)))
}

/// A message as a line.
fn content(content: &Content) -> String {
    let mut parts = Vec::new();
    if !content.text.is_empty() {
        let markdown = if content.format == TextFormat::Markdown { " (markdown)" } else { "" };
        parts.push(format!("{}{markdown}", content.text.replace('\n', " | ")));
    }
    parts.extend(content.attachments.iter().map(|a| {
        let made = a.made.as_ref().map(|text| format!(" holding {text:?}")).unwrap_or_default();
        let alt = if a.alt.is_empty() { String::new() } else { format!(" showing \"{}\"", a.alt) };
        format!("<{:?} {} {}{alt}{made}>", a.kind, a.name, a.mime)
    }));
    parts.extend(content.linked.iter().map(|l| {
        let alt = if l.alt.is_empty() { String::new() } else { format!(" showing \"{}\"", l.alt) };
        format!("<{:?} {} called {}{alt}>", l.kind, l.url, l.name)
    }));
    parts.extend(content.location.iter().map(|l| format!("<place {}, {}>", l.latitude, l.longitude)));
    parts.extend(content.cards.iter().map(|card| {
        let picture = match &card.picture {
            Some(Picture::Stored(file)) => format!(" <{}>", file.name),
            Some(Picture::Linked(link)) => {
                format!(" <{}{}>", link.url, if link.alt.is_empty() { String::new() } else { format!(" showing \"{}\"", link.alt) })
            }
            None => String::new(),
        };
        format!("<card {}: {}{picture}{}>", card.title, card.text, labels(&card.buttons))
    }));
    let more = content.more.iter().map(|more| format!("({})", more.label));
    format!("{}{}{}", parts.join(" "), labels(&content.buttons), labels(&content.quick_replies)) + &more.collect::<String>()
}

fn labels(choices: &[model::Choice]) -> String {
    let label = |choice: &model::Choice| match &choice.action {
        model::ChoiceAction::Reply { .. } => format!(" [{}]", choice.label),
        model::ChoiceAction::Url(url) => format!(" [{} opens {url}]", choice.label),
        model::ChoiceAction::Phone(number) => format!(" [{} dials {number}]", choice.label),
    };
    choices.iter().map(label).collect()
}

fn call(what: &CallKind) -> String {
    serde_json::to_string(what).expect("a call can be written")
}

/// A value, short.
pub fn value(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::DateTime(at) => at.to_string(),
        Value::Duration(long) => long.to_string(),
        Value::Money(money) => format!("{} {}", money.amount, money.currency),
        Value::List(values) => format!("[{}]", values.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Value::Record(fields) => record(fields),
    }
}

fn record(fields: &Record) -> String {
    let field = |(name, value): (&String, &Value)| format!("{name}: {}", self::value(value));
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
}

/// What holds now.
pub fn state(talk: &Talk) -> Vec<String> {
    let contact = &talk.contact;
    let mut lines = Vec::new();
    if !contact.attributes.is_empty() {
        lines.push(format!("attributes {}", record(&contact.attributes)));
    }
    let tags: Vec<&str> = contact.tags.values().map(|tag| tag.label.as_str()).collect();
    if !tags.is_empty() {
        lines.push(format!("tags {}", tags.join(", ")));
    }
    let lists: Vec<&str> = contact.lists.keys().map(String::as_str).collect();
    if !lists.is_empty() {
        lines.push(format!("static segments {}", lists.join(", ")));
    }
    for name in ["language", "country"] {
        lines.extend(contact.system.get(name).map(|known| format!("{name} {}", value(known))));
    }
    let conversation = &talk.conversation;
    if conversation.owner != Owner::Bot {
        lines.push(format!("owned by {}", if conversation.owner == Owner::Queue { "the queue" } else { "an agent" }));
    }
    if let Some(request) = &conversation.request {
        let state = match &request.state {
            RequestState::Waiting => "waits".to_owned(),
            RequestState::Active { name, .. } => format!("has {name}"),
            RequestState::Missed { why, .. } => format!("missed: {why}"),
        };
        lines.push(format!("the request for {} {state}", request.group));
    }
    for run in &conversation.runs {
        let how = match &run.rest {
            Rest::Asking(ask) => format!("asks{}", if ask.suspended { ", suspended" } else { "" }),
            Rest::Waiting { until, on } => {
                let what = match on {
                    Awaited::Time | Awaited::Moment => String::new(),
                    other => format!(" for {other:?}"),
                };
                format!("waits{what}{}", until.map(|at| format!(" until {at}")).unwrap_or_default())
            }
            Rest::Requesting { .. } => "requests".into(),
            Rest::Calling(_) => "calls".into(),
            Rest::HandedOver { .. } => "is handed over".into(),
        };
        lines.push(format!("{}.{} {how} with {}", run.frame().skill, run.frame().block, record(&run.frame().vars)));
    }
    lines.extend(conversation.timers.iter().map(|timer| {
        let left = timer.left.map(|n| format!(", {n} left")).unwrap_or_default();
        format!("timer {}.{} ticks at {}{left}", timer.skill, timer.name, timer.next)
    }));
    if lines.is_empty() { vec!["nothing".into()] } else { lines }
}
