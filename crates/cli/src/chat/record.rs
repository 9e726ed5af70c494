//! `--record`: what happens in a chat, written as a conversation that `test` plays and that passes.
//!
//! The file is written whole after every line typed, so that it is good however the chat ends.

use super::written;
use crate::play::{Play, Setting};
use crate::script;
use engine::Bot;
use model::{Author, Change, Contact, Content, Instant, Message, Record, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keeps the lines of a recording.
pub struct Recorder {
    path: PathBuf,
    bot: Arc<Bot>,
    head: String,
    lines: Vec<String>,
}

impl Recorder {
    /// A recording that begins as the setting says.
    pub fn new(path: PathBuf, bot: Arc<Bot>, setting: &Setting) -> Self {
        let mut recorder = Self { path, bot, head: String::new(), lines: Vec::new() };
        recorder.head = recorder.head_of(setting);
        recorder
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins again: a conversation file cannot change the bot half way.
    pub fn begin_anew(&mut self, bot: Arc<Bot>, setting: &Setting) {
        self.bot = bot;
        self.head = self.head_of(setting);
        self.lines.clear();
    }

    fn head_of(&self, setting: &Setting) -> String {
        let mut head = format!("test: recorded at {0}\nnow: {0}\n", written(setting.now, &self.bot));
        if !setting.agents.is_empty() {
            head.push_str("agents:\n");
        }
        for agent in &setting.agents {
            let groups: Vec<String> = agent.groups.iter().map(|g| scalar(g)).collect();
            head.push_str(&format!("  - {{ name: {}, groups: [{}], accepting: yes }}\n", scalar(&agent.name), groups.join(", ")));
        }
        if let Some(contact) = &setting.contact {
            head.push_str(&self.contact(contact, setting));
        }
        head
    }

    fn contact(&self, contact: &Contact, setting: &Setting) -> String {
        let mut out = String::from("contact:\n");
        let mut line = |key: &str, value: String| out.push_str(&format!("  {key}: {value}\n"));
        line("status", scalar(&contact.status));
        line("source", scalar(&contact.source));
        line("first_seen", scalar(&self.time(contact.first_seen)));
        line("last_seen", scalar(&self.time(contact.last_seen)));
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        line("tags", list(contact.tags.values().map(|t| scalar(&t.label)).collect()));
        let is_static = |key: &&String| self.bot.segments().iter().any(|s| s.is_static && s.key == **key);
        line("lists", list(contact.lists.keys().filter(is_static).map(|l| scalar(l)).collect()));
        for (name, value) in &contact.system {
            if expr::SYSTEM.iter().any(|s| s.name == name) && matches!(value, Value::Text(_)) {
                line(name, scalar(&self.value(value)));
            }
        }
        for (name, value) in &contact.attributes {
            if self.bot.attributes().iter().any(|a| a.name == *name) {
                line(name, scalar(&self.value(value)));
            }
        }
        if !setting.events.is_empty() {
            out.push_str("  events:\n");
        }
        for event in &setting.events {
            out.push_str(&format!(
                "    - {{ {}: {}, at: {} }}\n",
                scalar(&event.name),
                self.fields(&event.fields),
                scalar(&self.time(event.at))
            ));
        }
        out
    }

    fn fields(&self, fields: &Record) -> String {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(&self.value(value)))).collect();
        if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
    }

    fn time(&self, at: Instant) -> String {
        at.to_timestamp().to_string()
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::DateTime(at) => self.time(*at),
            other => expr::render(other, self.bot.timezone()),
        }
    }

    fn line(&mut self, line: String) {
        self.lines.push(format!("  - {line}\n"));
    }

    /// The conversation was opened.
    pub fn open(&mut self) {
        self.line("open:".into());
    }

    /// The customer wrote, or sent something.
    pub fn user(&mut self, content: &Content) {
        self.line(format!("user: {}", script::sent::written(content, scalar)));
    }

    /// The customer pressed.
    pub fn press(&mut self, label: &str) {
        self.line(format!("press: {}", scalar(label)));
    }

    /// Time passed, in microseconds.
    pub fn after(&mut self, micros: i64) {
        self.line(format!("after: {}", duration(micros)));
    }

    /// An agent did something; without a text they closed the chat.
    pub fn agent(&mut self, takes: bool, text: Option<&str>) {
        if takes {
            self.line("agent: takes".into());
        }
        match text {
            Some(text) => self.line(format!("agent: {{ says: {} }}", scalar(text))),
            None => self.line("agent: closes".into()),
        }
    }

    /// Somebody at the desk changed the contact.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::SetAttribute(name, value) => {
                let value = scalar(&self.value(value));
                self.line(format!("set: {{ {name}: {value} }}"));
            }
            Change::UnsetAttribute(name) => self.line(format!("set: {{ {name}: ~ }}")),
            Change::AddTag(label) => self.line(format!("tag: {}", scalar(label))),
            Change::RemoveTag(label) => self.line(format!("untag: {}", scalar(label))),
            // Nothing else can be ordered in a chat.
            _ => {}
        }
    }

    /// What the bot said.
    pub fn heard(&mut self, messages: &[Message]) {
        for message in messages.iter().filter(|m| matches!(m.author, Author::Bot { .. })) {
            let content = &message.content;
            let labels: Vec<String> = content.choices().map(|c| scalar(&c.label)).collect();
            let text = scalar(&content.text);
            let titles: Vec<String> = content.cards.iter().map(|card| scalar(&card.title)).collect();
            if !titles.is_empty() {
                self.line(format!("bot: {{ text: {text}, cards: [{}], buttons: [{}] }}", titles.join(", "), labels.join(", ")));
            } else if labels.is_empty() && content.text != "any" {
                self.line(format!("bot: {text}"));
            } else {
                self.line(format!("bot: {{ text: {text}, buttons: [{}] }}", labels.join(", ")));
            }
        }
    }

    /// Writes the file, with what holds at the end.
    pub fn finish(&mut self, play: &Play) -> anyhow::Result<()> {
        let text = format!("{}talk:\n{}{}", self.head, self.lines.concat(), self.then(play));
        if let Some(folder) = self.path.parent() {
            // What goes wrong here goes wrong again, and is told, right below.
            let _ = std::fs::create_dir_all(folder);
        }
        std::fs::write(&self.path, text).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", self.path.display()))
    }

    fn then(&self, play: &Play) -> String {
        let Some(person) = play.person() else { return String::new() };
        let contact = &person.contact;
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        let mut out = String::from("then:\n");
        let mut line = |key: &str, value: String| out.push_str(&format!("  {key}: {value}\n"));
        line("status", scalar(&contact.status));
        line("tags", list(contact.tags.values().map(|t| scalar(&t.label)).collect()));
        line("segments", list(contact.memberships.keys().map(|s| scalar(s)).collect()));
        let declared = contact.attributes.iter().filter(|(name, _)| self.bot.attributes().iter().any(|a| a.name == **name));
        let attributes: Vec<String> =
            declared.map(|(name, value)| format!("{name}: {}", scalar(&expr::render(value, self.bot.timezone())))).collect();
        if !attributes.is_empty() {
            line("attributes", format!("{{ {} }}", attributes.join(", ")));
        }
        let resting = person.conversations.iter().flat_map(|c| c.floor_run()).next();
        match resting {
            Some(run) => line("at", scalar(&format!("{}.{}", run.frame().skill, run.frame().block))),
            None if person.conversations.iter().all(|c| c.runs.is_empty()) => line("at", "nothing".into()),
            None => {}
        }
        out
    }
}

/// The longest units first: `1d2h`, `90s` as `1m30s`.
fn duration(micros: i64) -> String {
    let mut seconds = (micros + 999_999) / 1_000_000;
    let mut out = String::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            out.push_str(&format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    if out.is_empty() { "0s".into() } else { out }
}

/// A text as YAML that reads as exactly this text, on one line.
fn scalar(text: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '!' | '?' | '/' | '\'');
    let first = text.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '/');
    let plain = first && text.chars().all(word) && text.trim() == text && !matches!(text, "any" | "null" | "nothing");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_on_one_line_and_what_they_are() {
        assert_eq!(scalar("Hi there!"), "Hi there!");
        assert_eq!(scalar("a: b"), "\"a: b\"");
        assert_eq!(scalar("two\nlines"), "\"two\\nlines\"");
        assert_eq!(scalar(""), "\"\"");
        assert_eq!(scalar(" x"), "\" x\"");
        assert_eq!(scalar("any"), "\"any\"");
    }

    #[test]
    fn durations_are_written_as_people_do() {
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(90_000_000), "1m30s");
        assert_eq!(duration(86_400_000_001), "1d1s");
        assert_eq!(duration(7_200_000_000), "2h");
    }
}
