//! Playing a script: strict, every bot message is listed.

use super::read::{Expected, Line, Script, Then, Written};
use crate::play::Play;
use engine::{Bot, Trace};
use model::{Author, InboxItem, IncomingBody, Message, Value};
use std::collections::VecDeque;
use std::sync::Arc;
use syntax::Span;

/// Where a conversation went another way.
#[derive(Debug)]
pub struct Failure {
    /// The line that was not met.
    pub span: Span,
    /// What happened.
    pub message: String,
    /// What was expected there.
    pub label: String,
    /// More of the story.
    pub help: String,
}

struct Stage {
    play: Play,
    /// Said and not yet looked at.
    said: VecDeque<Message>,
    trace: Vec<Trace>,
}

/// Plays one script; answers the first failure and everything the engine did.
pub fn run(bot: &Arc<Bot>, script: &Script) -> anyhow::Result<(Option<Failure>, Vec<Trace>)> {
    let play = Play::new(bot.clone(), script.setting.clone())?;
    let mut stage = Stage { play, said: VecDeque::new(), trace: Vec::new() };
    let mut failure = script.talk.iter().find_map(|line| stage.line(line).err());
    if failure.is_none()
        && let Some(last) = script.talk.last()
    {
        failure = stage.nothing_more(last.span).err().or_else(|| stage.ends(&script.then).err());
    }
    Ok((failure, stage.trace))
}

fn shown(message: &Message) -> String {
    let mut text = format!("\"{}\"", message.content.text);
    let labels: Vec<&str> = message.content.buttons.iter().chain(&message.content.quick_replies).map(|c| c.label.as_str()).collect();
    if !labels.is_empty() {
        text.push_str(&format!(" [{}]", labels.join("] [")));
    }
    if let Author::Bot { skill, block } = &message.author {
        text.push_str(&format!(" ({skill}.{block})"));
    }
    text
}

impl Stage {
    fn listen(&mut self) {
        let heard = self.play.heard();
        self.said.extend(heard.into_iter().filter(|m| matches!(m.author, Author::Bot { .. })));
        self.trace.extend(self.play.trace());
    }

    fn fail(&self, span: Span, message: impl Into<String>, label: impl Into<String>) -> Failure {
        let rules: Vec<String> = self
            .trace
            .iter()
            .rev()
            .take(6)
            .map(|t| match t {
                Trace::Rule { rule, what } => format!("rule {rule}: {what}"),
                Trace::Enter { skill, block } => format!("entered {skill}.{block}"),
                Trace::Exit { skill, block, exit } => format!("left {skill}.{block} by {exit}"),
                Trace::RunBegan { skill, through } => format!("{skill} began ({through})"),
                Trace::RunEnded { skill, how, .. } => format!("{skill} ended: {how}"),
                Trace::Note(note) => note.clone(),
            })
            .collect();
        let story = rules.into_iter().rev().collect::<Vec<_>>().join("; ");
        let help = if story.is_empty() { "the engine did nothing".to_owned() } else { format!("what happened before: {story}") };
        Failure { span, message: message.into(), label: label.into(), help }
    }

    /// Strict: what the bot said and nobody listed is a failure.
    fn nothing_more(&mut self, span: Span) -> Result<(), Failure> {
        self.listen();
        match self.said.front() {
            None => Ok(()),
            Some(message) => {
                Err(self.fail(span, format!("the bot also said {}", shown(message)), "this message is not listed around here"))
            }
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        if let Written::Bot(expected) = &line.what {
            return self.bot(line.span, expected);
        }
        self.nothing_more(line.span)?;
        let done = match &line.what {
            Written::User(text) => {
                self.play.write(text);
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
                by: model::Actor::Api("test".into()),
            }),
            Written::Bot(_) => Ok(()),
        };
        self.listen();
        done.map_err(|why| self.fail(line.span, why, "at this line"))
    }

    fn bot(&mut self, span: Span, expected: &Expected) -> Result<(), Failure> {
        self.listen();
        let Some(message) = self.said.pop_front() else {
            return Err(self.fail(span, "the bot said nothing", "this was expected"));
        };
        let text = message.content.text.trim_end();
        let labels: Vec<&str> = message.content.buttons.iter().chain(&message.content.quick_replies).map(|c| c.label.as_str()).collect();
        let fits = expected.exact.as_ref().is_none_or(|e| e.trim_end() == text)
            && expected.contains.iter().all(|part| text.contains(part.as_str()))
            && expected.buttons.as_ref().is_none_or(|b| b.iter().map(String::as_str).eq(labels.iter().copied()));
        if fits { Ok(()) } else { Err(self.fail(span, format!("the bot said {}", shown(&message)), "this was expected")) }
    }

    fn ends(&self, then: &Then) -> Result<(), Failure> {
        let Some(person) = self.play.person() else {
            let spans = [then.tags.as_ref().map(|t| t.0), then.status.as_ref().map(|s| s.0), then.segments.as_ref().map(|s| s.0)];
            let more = [then.ended.as_ref().map(|e| e.0), then.resting.as_ref().map(|r| r.0), then.attributes.first().map(|a| a.0)];
            return match spans.into_iter().chain(more).flatten().next() {
                Some(span) => Err(self.fail(span, "nobody wrote, so nothing is known of them", "this was expected")),
                None => Ok(()),
            };
        };
        let contact = &person.contact;
        if let Some((span, wanted)) = &then.tags {
            let mut has: Vec<String> = contact.tags.values().map(|t| t.label.clone()).collect();
            let mut folded: Vec<String> = wanted.iter().map(|t| model::fold(t)).collect();
            has.sort();
            folded.sort();
            let mut keys: Vec<String> = contact.tags.keys().map(|k| k.as_str().to_owned()).collect();
            keys.sort();
            if keys != folded {
                return Err(self.fail(*span, format!("the tags are [{}]", has.join(", ")), "these were expected"));
            }
        }
        for (span, name, wanted) in &then.attributes {
            let value = contact.attributes.get(name);
            let found = value.map(|v| expr::render(v, self.play.bot().timezone()));
            let same = match (&found, wanted, value) {
                (Some(found), Some(wanted), Some(Value::Number(n))) => {
                    wanted.trim().parse().is_ok_and(|w: rust_decimal::Decimal| w == *n) || found == wanted
                }
                (found, wanted, _) => found == wanted,
            };
            if !same {
                let found = found.map_or_else(|| "not set".to_owned(), |f| format!("\"{f}\""));
                return Err(self.fail(*span, format!("{name} is {found}"), "this was expected"));
            }
        }
        if let Some((span, wanted)) = &then.status
            && contact.status != *wanted
        {
            return Err(self.fail(*span, format!("the status is {}", contact.status), "this was expected"));
        }
        if let Some((span, wanted)) = &then.segments {
            let mut found: Vec<String> = contact.memberships.keys().cloned().collect();
            let mut wanted = wanted.clone();
            found.sort();
            wanted.sort();
            if found != wanted {
                return Err(self.fail(*span, format!("the segments are [{}]", found.join(", ")), "these were expected"));
            }
        }
        if let Some((span, wanted)) = &then.ended {
            let ended = self.trace.iter().rev().find_map(|t| match t {
                Trace::RunEnded { skill, block, .. } => Some(format!("{skill}.{block}")),
                _ => None,
            });
            if ended.as_ref() != Some(wanted) {
                let message = ended.map_or_else(|| "no run ended".to_owned(), |e| format!("the last run ended at {e}"));
                return Err(self.fail(*span, message, "this was expected"));
            }
        }
        if let Some((span, wanted)) = &then.resting {
            let resting: Vec<String> = person
                .conversations
                .iter()
                .flat_map(|c| c.runs.iter().map(|r| format!("{}.{}", r.frame().skill, r.frame().block)))
                .collect();
            if !resting.contains(wanted) {
                let message = if resting.is_empty() { "no run rests".to_owned() } else { format!("runs rest at {}", resting.join(", ")) };
                return Err(self.fail(*span, message, "this was expected"));
            }
        }
        Ok(())
    }
}
