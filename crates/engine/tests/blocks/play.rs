//! Plays a conversation of a sheet through the engine: each input line, and what is drawn under it.

use super::common::{OneBot, Talk};
use super::draw;
use super::sheet::{Line, Scene, Sheet};
use engine::{Bot, Input, Trace, TriggerAnswer};
use model::{
    Actor, AgentId, Attachment, AttachmentKind, BlobId, CallAnswer, Came, Change, ChoiceAction, Content, InboxItem, Incoming, IncomingBody,
    Location, Record, Value,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use switchboard_engine as engine;

const AGENT: (AgentId, &str) = (AgentId(9), "Bea");

/// What came of a scene.
pub struct Played {
    /// The lines with what is drawn under each.
    pub lines: Vec<Line>,
    /// Every exit that was taken: skill, block, name.
    pub exits: BTreeSet<(String, String, String)>,
}

/// Plays a scene.
///
/// # Errors
/// The line that cannot be played, and why.
pub fn play(bot: &Arc<Bot>, scene: &Scene) -> Result<Played, String> {
    let mut player = Player { talk: Talk::new(bot.clone()) };
    // Conversations begin with somebody who was greeted; `open` says otherwise.
    player.talk.conversation.greeted = true;
    let mut lines = Vec::new();
    for line in &scene.lines {
        let from = player.talk.steps.len();
        let mut drawn = player.line(&line.input).map_err(|why| format!("{}: \"{}\": {why}", scene.name, line.input))?;
        for step in &player.talk.steps[from..] {
            drawn.extend(draw::step(step));
        }
        lines.push(Line { input: line.input.clone(), drawn });
    }
    let exits = player.talk.steps.iter().flat_map(|step| &step.trace).filter_map(|trace| match trace {
        Trace::Exit { skill, block, exit } => Some((skill.to_string(), block.to_string(), exit.to_string())),
        _ => None,
    });
    Ok(Played { lines, exits: exits.collect() })
}

struct Player {
    talk: Talk,
}

impl Player {
    /// One input; answers what is drawn besides what the engine did.
    fn line(&mut self, input: &str) -> Result<Vec<String>, String> {
        if input.starts_with('#') {
            return Ok(Vec::new());
        }
        let (verb, rest) = input.split_once(':').ok_or("an input is VERB: what")?;
        let rest = rest.trim();
        match verb {
            "user" => self.comes(IncomingBody::Message(Content::text(rest))),
            "open" => self.comes(IncomingBody::Opened { payload: (!rest.is_empty()).then(|| rest.to_owned()) }),
            "press" => self.press(rest)?,
            "file" => self.file(rest)?,
            "place" => self.comes(IncomingBody::Message(Content { location: Some(place(rest)?), ..Content::default() })),
            "unreachable" => self.comes(IncomingBody::Unreachable { reason: rest.to_owned() }),
            "after" => self.after(rest)?,
            "agents" => self.talk.agents = rest == "come",
            "agent" => self.agent(rest)?,
            "answer" => self.answer(rest)?,
            "trigger" => self.trigger(rest)?,
            "event" => self.event(rest)?,
            "set" => self.set(rest)?,
            "tag" => self.modify(Change::AddTag(rest.to_owned())),
            "status" => self.modify(Change::SetStatus(rest.to_owned())),
            "knows" => {
                let (name, value) = rest.split_once(' ').ok_or("knows: NAME VALUE")?;
                self.talk.contact.system.insert(name.to_owned(), Value::text(value));
            }
            "edit" => self.edit(rest)?,
            "then" => return Ok(draw::state(&self.talk)),
            _ => return Err(format!("there is no input {verb}")),
        }
        Ok(Vec::new())
    }

    /// The bot's folder is edited: `OLD => NEW` in each of its files. Runs stay on their version (FL 5.9).
    fn edit(&mut self, what: &str) -> Result<(), String> {
        let (old, new) = what.split_once(" => ").ok_or("edit: OLD => NEW")?;
        let files = self.talk.programs.0.files().files.iter().map(|(path, text)| (path.clone(), text.replace(old, new)));
        let bot = Sheet::bot(&files.collect::<Vec<_>>())?;
        let before = std::mem::replace(&mut self.talk.programs, OneBot(bot));
        self.talk.older.push(before.0);
        Ok(())
    }

    fn comes(&mut self, body: IncomingBody) {
        self.talk.incoming(body);
    }

    fn item(&mut self, item: InboxItem) {
        self.talk.input(Input::Inbox(&item));
    }

    fn modify(&mut self, change: Change) {
        self.item(InboxItem::Modify { changes: vec![change], by: Actor::Agent(AGENT.0) });
    }

    /// The newest button of this label; `old: LABEL` the oldest.
    fn press(&mut self, what: &str) -> Result<(), String> {
        let (label, oldest) = what.strip_prefix("old ").map_or((what, false), |label| (label, true));
        let on_message = |content: &Content| -> Vec<model::Choice> {
            let cards = content.cards.iter().flat_map(|card| &card.buttons);
            let all = cards.chain(&content.buttons).chain(&content.quick_replies).chain(content.more.as_deref());
            all.filter(|choice| choice.label == label).cloned().collect()
        };
        let mut found: Vec<model::Choice> = self.talk.transcript.iter().flat_map(|m| on_message(&m.content)).collect();
        if oldest {
            found.truncate(1);
        }
        let ChoiceAction::Reply { token } = found.pop().ok_or("there is no such button")?.action else {
            return Err("this button does not come back".into());
        };
        self.comes(IncomingBody::Press { token, label: label.to_owned() });
        Ok(())
    }

    /// `NAME MEDIA/TYPE [SIZE]`.
    fn file(&mut self, what: &str) -> Result<(), String> {
        let mut words = what.split_whitespace();
        let (name, mime) = (words.next().ok_or("file: NAME TYPE")?, words.next().ok_or("file: NAME TYPE")?);
        let size = words.next().map_or(Ok(1_024), str::parse).map_err(|_| "the size is a number of bytes")?;
        let kind = if mime.starts_with("image/") { AttachmentKind::Image } else { AttachmentKind::File };
        let (name, mime) = (name.to_owned(), mime.to_owned());
        let file = Attachment { kind, blob: BlobId("b".repeat(64)), name, mime, size, alt: String::new(), made: None };
        self.comes(IncomingBody::Message(Content { attachments: vec![file], ..Content::default() }));
        Ok(())
    }

    /// Time passes: what is due happens at its time, memberships change at theirs.
    fn after(&mut self, how_long: &str) -> Result<(), String> {
        let until = self.talk.now.plus_micros(micros(how_long)?);
        for _ in 0..200 {
            let due = engine::next_due(&self.talk.conversation, self.talk.programs.0.limits()).filter(|at| *at <= until);
            let flips = self.talk.flips.next().filter(|at| *at <= until);
            match (due, flips) {
                (None, None) => {
                    self.talk.now = until;
                    return Ok(());
                }
                (due, Some(at)) if due.is_none_or(|due| at <= due) => {
                    self.talk.now = self.talk.now.max(at);
                    self.talk.input(Input::Membership);
                }
                (due, _) => {
                    self.talk.now = due.map_or(self.talk.now, |at| self.talk.now.max(at));
                    self.talk.input(Input::Due);
                }
            }
        }
        Err("time brings more than 200 steps".into())
    }

    fn agent(&mut self, what: &str) -> Result<(), String> {
        let conversation = self.talk.conversation.id;
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (agent, name) = (AGENT.0, AGENT.1.to_owned());
        let item = match word {
            "takes" => {
                let request = self.talk.conversation.request.as_ref().ok_or("nobody asked for a human")?.id;
                InboxItem::Take { conversation, request, agent, name }
            }
            "says" => InboxItem::AgentSays { conversation, agent, name, content: Content::text(rest), client_id: None },
            "closes" => InboxItem::Resolve { conversation, agent, skill: (!rest.is_empty()).then(|| rest.to_owned()) },
            _ => return Err("an agent takes, says or closes".into()),
        };
        self.item(item);
        Ok(())
    }

    /// What came of the last call: `200 {"json": 1}`, `failed WHY`, `timed out`, `sent`.
    fn answer(&mut self, what: &str) -> Result<(), String> {
        let call = self.talk.steps.iter().rev().flat_map(|step| &step.calls).next().ok_or("nothing was called")?.id;
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let came = match word {
            "failed" => Came::Failed { reason: rest.to_owned(), status: None },
            "timed" => Came::TimedOut,
            "sent" => Came::Sent { id: None },
            status => Came::Http { status: status.parse().map_err(|_| "no such answer")?, body: Some(rest.to_owned()) },
        };
        self.talk.input(Input::Answer(&CallAnswer { call, came }));
        Ok(())
    }

    fn trigger(&mut self, what: &str) -> Result<(), String> {
        let asked = self.talk.steps.iter().rev().flat_map(|step| &step.triggers).next().ok_or("nothing was triggered")?;
        let request = asked.request;
        let answer = match what {
            "begun" => TriggerAnswer::Begun { request },
            "nobody" => TriggerAnswer::NotFound { request },
            _ => return Err("a trigger is begun, or reaches nobody".into()),
        };
        self.talk.input(Input::Trigger(answer));
        Ok(())
    }

    /// `NAME field=value …`, as the website raises it.
    fn event(&mut self, what: &str) -> Result<(), String> {
        let mut words = what.split_whitespace();
        let name = words.next().ok_or("event: NAME")?.to_owned();
        let mut fields = Record::new();
        for word in words {
            let (field, value) = word.split_once('=').ok_or("a field is NAME=VALUE")?;
            fields.insert(field.to_owned(), typed(value));
        }
        let body = IncomingBody::Event { name, fields };
        let incoming = Incoming { body, at: self.talk.now, profile: Record::new(), client_id: None };
        self.item(InboxItem::Incoming { address: self.talk.conversation.address.clone(), incoming: Box::new(incoming) });
        Ok(())
    }

    /// `NAME VALUE`, or `NAME` alone to unset, by somebody at the desk.
    fn set(&mut self, what: &str) -> Result<(), String> {
        self.modify(match what.split_once(' ') {
            Some((name, value)) => Change::SetAttribute(name.to_owned(), typed(value)),
            None => Change::UnsetAttribute(what.to_owned()),
        });
        Ok(())
    }
}

/// A list in brackets, a number, a day, a point in time, else a text.
fn typed(text: &str) -> Value {
    let number = text.parse().ok().filter(|_| !text.starts_with('+')).map(Value::Number);
    if let Some(list) = text.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        return Value::List(list.split(',').map(|item| Value::text(item.trim())).collect());
    }
    let moment = || text.parse::<jiff::Timestamp>().ok().map(|at| Value::DateTime(at.into()));
    let day = || text.parse().ok().map(Value::Date);
    number.or_else(moment).or_else(day).unwrap_or_else(|| Value::text(text))
}

fn place(text: &str) -> Result<Location, String> {
    let degrees = |part: &str| part.trim().parse::<f64>().map_err(|_| "a place is LATITUDE, LONGITUDE".to_owned());
    let (latitude, longitude) = text.split_once(',').ok_or("a place is LATITUDE, LONGITUDE")?;
    Ok(Location { latitude: degrees(latitude)?, longitude: degrees(longitude)? })
}

/// `90s`, `5m`, `2h`, `3d`.
fn micros(text: &str) -> Result<i64, String> {
    let unit = text.chars().last().ok_or("how long?")?;
    let count: i64 = text.trim_end_matches(unit).parse().map_err(|_| format!("\"{text}\" is no length of time"))?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(format!("\"{text}\" is no length of time")),
    };
    Ok(count * seconds * 1_000_000)
}
