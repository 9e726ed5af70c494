//! Playing a script: strict, every bot message is listed.

mod expectation;

use super::written::{Expected, Line, Script, Written};
use crate::play::Play;
use engine::{Bot, Trace};
use model::{Actor, Author, InboxItem, IncomingBody, Message};
use std::collections::VecDeque;
use std::sync::Arc;
use syntax::Span;

/// Where a conversation went another way.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The line that was not met.
    pub span: Span,
    /// What happened.
    pub message: String,
    /// What the line is.
    pub label: String,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What the engine did before, oldest first.
    pub story: Vec<String>,
}

/// One thing that was expected and what there was instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: `text`, `buttons`, ….
    pub what: &'static str,
    /// What was expected.
    pub expected: String,
    /// What there was.
    pub got: String,
}

impl Difference {
    fn new(what: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { what, expected: expected.into(), got: got.into() }
    }
}

/// How many lines of what happened before are told.
const STORY: usize = 6;

struct Stage {
    play: Play,
    /// Said and not yet looked at.
    said: VecDeque<Message>,
    trace: Vec<Trace>,
}

/// Plays one script; answers what was not met and everything the engine did. A talk ends at its first failure; what holds
/// at the end is told whole.
pub fn run(bot: &Arc<Bot>, script: &Script) -> anyhow::Result<(Vec<Failure>, Vec<Trace>)> {
    let play = Play::new(bot.clone(), script.setting.clone())?;
    let mut stage = Stage { play, said: VecDeque::new(), trace: Vec::new() };
    stage.listen();
    let failures = stage.talk(script);
    Ok((failures, stage.trace))
}

/// `[Yes] [No]`
fn shown_labels<'a>(labels: impl IntoIterator<Item = &'a str>) -> String {
    let shown: Vec<String> = labels.into_iter().map(|label| format!("[{label}]")).collect();
    if shown.is_empty() { "no buttons".into() } else { shown.join(" ") }
}

fn labels(message: &Message) -> Vec<&str> {
    message.content.choices().map(|c| c.label.as_str()).collect()
}

fn speaker(message: &Message) -> Option<String> {
    match &message.author {
        Author::Bot { skill, block } => Some(format!("{skill}.{block}")),
        Author::Customer | Author::Agent { .. } | Author::System => None,
    }
}

fn shown(message: &Message) -> String {
    let mut text = format!("\"{}\"", message.content.text);
    let labels = labels(message);
    if !labels.is_empty() {
        text.push(' ');
        text.push_str(&shown_labels(labels));
    }
    if let Some(speaker) = speaker(message) {
        text.push_str(&format!(" ({speaker})"));
    }
    text
}

/// One line of a trace, for people.
pub fn told(trace: &Trace) -> String {
    match trace {
        Trace::Rule { rule, what } => format!("rule {rule}: {what}"),
        Trace::Enter { skill, block } => format!("entered {skill}.{block}"),
        Trace::Exit { skill, block, exit } => format!("left {skill}.{block} by {exit}"),
        Trace::RunBegan { skill, through } => format!("{skill} began ({through})"),
        Trace::RunEnded { skill, block, how } => format!("{skill} ended at {block}: {how}"),
        Trace::Note(note) => note.clone(),
    }
}

impl Stage {
    fn listen(&mut self) {
        let heard = self.play.heard();
        self.said.extend(heard.into_iter().filter(|m| matches!(m.author, Author::Bot { .. })));
        self.trace.extend(self.play.trace());
    }

    fn fail(&self, span: Span, message: impl Into<String>, label: impl Into<String>) -> Failure {
        let from = self.trace.len().saturating_sub(STORY);
        let story = self.trace.iter().skip(from).map(told).collect();
        Failure { span, message: message.into(), label: label.into(), differences: Vec::new(), story }
    }

    fn talk(&mut self, script: &Script) -> Vec<Failure> {
        for line in &script.talk {
            let failures = self.line(line);
            if !failures.is_empty() {
                return failures;
            }
        }
        let last = script.talk.last().map_or(script.span, |line| line.span);
        match self.nothing_more(last) {
            Err(failure) => vec![*failure],
            Ok(()) => self.unmet(&script.then),
        }
    }

    /// Strict: what the bot said and nobody listed is a failure.
    fn nothing_more(&mut self, span: Span) -> Result<(), Box<Failure>> {
        self.listen();
        match self.said.front() {
            None => Ok(()),
            Some(message) => {
                let mut failure = self.fail(span, "the bot said more than is listed", "nothing more is listed around here");
                failure.differences.push(Difference::new("message", "", shown(message)));
                Err(Box::new(failure))
            }
        }
    }

    fn line(&mut self, line: &Line) -> Vec<Failure> {
        if let Written::Bot(expected) = &line.what {
            return self.bot(line.span, expected).err().map(|f| *f).into_iter().collect();
        }
        if let Err(failure) = self.nothing_more(line.span) {
            return vec![*failure];
        }
        let done = match &line.what {
            Written::Then(expectation) => return self.unmet(expectation),
            Written::User(content) => {
                self.play.customer(IncomingBody::Message((**content).clone()));
                Ok(())
            }
            Written::Press(label) => {
                if self.play.press(label) {
                    Ok(())
                } else {
                    Err(format!("no message shows a button \"{label}\""))
                }
            }
            Written::Open(payload) => {
                self.play.customer(IncomingBody::Opened { payload: payload.clone() });
                Ok(())
            }
            Written::After(micros) => {
                let until = self.play.now().plus_micros(*micros);
                self.play.advance_to(until);
                Ok(())
            }
            Written::Queue { group, position } => match self.play.queue() {
                None => Err("the request does not wait".to_owned()),
                Some((found, place)) => {
                    if group.as_ref().is_some_and(|g| *g != found) {
                        Err(format!("the request waits in group {found}"))
                    } else if position.is_some_and(|p| p != place) {
                        Err(format!("the request is at place {place}"))
                    } else {
                        Ok(())
                    }
                }
            },
            Written::AgentTakes => self.play.agent_takes(),
            Written::AgentSays(text) => self.play.agent_says(text),
            Written::AgentCloses(skill) => self.play.agent_closes(skill.clone()),
            Written::Event(name, fields) => self.play.item(InboxItem::Event {
                conversation: None,
                name: name.clone(),
                fields: fields.clone(),
                at: None,
                by: Actor::Api("test".into()),
            }),
            Written::Change(changes) => self.play.modify(changes.clone()),
            Written::Bot(_) => Ok(()),
        };
        self.listen();
        done.err().map(|why| self.fail(line.span, why, "at this line")).into_iter().collect()
    }

    fn bot(&mut self, span: Span, expected: &Expected) -> Result<(), Box<Failure>> {
        self.listen();
        let Some(message) = self.said.pop_front() else {
            let mut failure = self.fail(span, "the bot said nothing", "this was expected");
            let wanted = expected.exact.clone().unwrap_or_else(|| expected.contains.join(" … "));
            failure.differences.push(Difference::new("message", wanted, ""));
            return Err(Box::new(failure));
        };
        let differences = differences(expected, &message);
        if differences.is_empty() {
            return Ok(());
        }
        let by = speaker(&message).map_or_else(String::new, |speaker| format!(" ({speaker})"));
        let mut failure = self.fail(span, format!("the bot said something else{by}"), "this was expected");
        failure.differences = differences;
        Err(Box::new(failure))
    }
}

/// Everything about a message that is not as expected.
fn differences(expected: &Expected, message: &Message) -> Vec<Difference> {
    let text = message.content.text.trim_end();
    let mut found = Vec::new();
    if let Some(exact) = expected.exact.as_ref().map(|e| e.trim_end()).filter(|e| *e != text) {
        found.push(Difference::new("text", exact, text));
    }
    for part in expected.contains.iter().filter(|part| !text.contains(part.as_str())) {
        found.push(Difference::new("text with", part.as_str(), text));
    }
    for part in expected.lacks.iter().filter(|part| text.contains(part.as_str())) {
        found.push(Difference::new("text without", part.as_str(), text));
    }
    for (what, wanted, said) in super::media::differences(&expected.media, &message.content) {
        found.push(Difference::new(what, wanted, said));
    }
    let labels = labels(message);
    if let Some(buttons) = expected.buttons.as_ref().filter(|b| !b.iter().map(String::as_str).eq(labels.iter().copied())) {
        found.push(Difference::new("buttons", shown_labels(buttons.iter().map(String::as_str)), shown_labels(labels)));
    }
    let by = speaker(message);
    if let Some(from) = expected.from.as_ref().filter(|from| by.as_ref() != Some(from)) {
        found.push(Difference::new("block", from.as_str(), by.unwrap_or_default()));
    }
    found
}
