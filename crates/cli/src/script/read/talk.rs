//! The lines of the talk.

use super::{At, Reader};
use crate::script::written::{Expected, Line, Written};
use model::{AttributeDef, Change, Duration, Record, Value};
use std::collections::BTreeMap;
use syntax::Diagnostic;

/// What a line of the talk may be.
const LINES: [&str; 12] = ["user", "bot", "press", "open", "after", "queue", "agent", "event", "set", "tag", "untag", "then"];

impl Reader<'_> {
    pub(super) fn line(&mut self, node: At<'_>) -> Option<Line> {
        let Some([entry]) = node.as_map() else {
            self.wrong(node.span, format!("a line of the talk is one of {}", LINES.join(", ")));
            return None;
        };
        let value = &entry.value;
        let what = match entry.key.as_text().unwrap_or_default() {
            "user" => Written::User(Box::new(self.sent(value)?)),
            "press" => Written::Press(self.button(value)?),
            "open" => Written::Open(value.as_text().filter(|t| !t.is_empty()).map(str::to_owned)),
            "bot" => Written::Bot(self.expected(value)?),
            "after" => Written::After(self.duration(value)?),
            "queue" => self.queue(value)?,
            "agent" => self.agent_line(value)?,
            "event" => match value.as_map() {
                Some([one]) => Written::Event(one.key.as_text()?.to_owned(), self.fields(&one.value, "the fields of an event")),
                _ => Written::Event(self.text(value, "an event")?.to_owned(), Record::new()),
            },
            "set" => Written::Change(self.changes(value)),
            "tag" => Written::Change(self.texts(value, "a tag").into_iter().map(Change::AddTag).collect()),
            "untag" => Written::Change(self.texts(value, "a tag").into_iter().map(Change::RemoveTag).collect()),
            "then" => Written::Then(self.expectation(value)),
            other => {
                self.unknown(entry.key.span, format!("a line of the talk cannot be \"{other}\""), other, &LINES);
                return None;
            }
        };
        Some(Line { span: node.span, what })
    }

    fn duration(&mut self, node: At<'_>) -> Option<i64> {
        let text = self.text(node, "after")?;
        let Some(duration) = Duration::parse_exact(text) else {
            self.wrong(node.span, format!("after is a duration such as 10m, not \"{text}\""));
            return None;
        };
        Some(duration.micros)
    }

    fn queue(&mut self, node: At<'_>) -> Option<Written> {
        let (mut group, mut position) = (None, None);
        for (key, value) in self.entries(node, "queue", &["group", "position"]) {
            let text = self.text(value, key)?;
            match key {
                "group" => group = Some(text.to_owned()),
                _ => match text.parse() {
                    Ok(place) => position = Some(place),
                    Err(_) => self.wrong(value.span, format!("a position is a number from 1, not \"{text}\"")),
                },
            }
        }
        Some(Written::Queue { group, position })
    }

    /// Names and values as they are written: what looks like a number is one.
    pub(super) fn fields(&mut self, node: At<'_>, what: &str) -> Record {
        let mut fields = BTreeMap::new();
        for (key, value) in self.entries(node, what, &[]) {
            if let Some(text) = self.text(value, key) {
                let value = text.parse().map_or_else(|_| Value::text(text), Value::Number);
                fields.insert(key.to_owned(), value);
            }
        }
        fields
    }

    /// `set: { plan: gold }`; nothing unsets.
    fn changes(&mut self, node: At<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, value) in self.entries(node, "set", &[]) {
            let Some(AttributeDef { ty, .. }) = self.bot.attributes().iter().find(|a| a.name == name) else {
                let known: Vec<&str> = self.bot.attributes().iter().map(|a| a.name.as_str()).collect();
                self.unknown(value.span, format!("there is no attribute \"{name}\" in bot.yaml"), name, &known);
                continue;
            };
            if value.is_null() {
                changes.push(Change::UnsetAttribute(name.to_owned()));
                continue;
            }
            let Some(text) = self.text(value, name) else { continue };
            // What is written in a test does not depend on when it is played.
            let now = model::Instant::default();
            let context = expr::Coercion { language: Some("en"), country: self.bot.country(), zone: self.bot.timezone(), now };
            match expr::coerce(&Value::text(text), ty, &context) {
                Ok(value) => changes.push(Change::SetAttribute(name.to_owned(), value)),
                Err(why) => self.wrong(value.span, format!("{name} cannot hold this: {why}")),
            }
        }
        changes
    }

    fn agent_line(&mut self, value: At<'_>) -> Option<Written> {
        if let Some(text) = value.as_text() {
            return match text {
                "takes" => Some(Written::AgentTakes),
                "closes" => Some(Written::AgentCloses(None)),
                _ => {
                    self.wrong(value.span, "an agent takes, closes, or { says: … }, { closes: SKILL }");
                    None
                }
            };
        }
        let entries = self.entries(value, "agent", &["says", "closes"]);
        let [(key, said)] = entries.as_slice() else {
            self.wrong(value.span, "an agent's line says one thing: takes, closes, { says: … } or { closes: SKILL }");
            return None;
        };
        let text = self.text(said, key)?.to_owned();
        if *key == "says" {
            return Some(Written::AgentSays(text));
        }
        let skill = text.trim_start_matches("skill ").trim().to_owned();
        if !self.bot.has_skill(&skill) {
            let known = self.bot.skills();
            let help = syntax::did_you_mean(&skill, known.iter().map(String::as_str))
                .unwrap_or_else(|| format!("the skills are {}", known.join(", ")));
            self.out.push(Diagnostic::error("E0112", said.span, format!("there is no skill \"{skill}\"")).help(help));
            return None;
        }
        Some(Written::AgentCloses(Some(skill)))
    }

    /// A button, by its label: one that some message can show.
    fn button(&mut self, node: At<'_>) -> Option<String> {
        let label = self.text(node, "a button's label")?;
        if self.bot.may_show_button(label.trim()) {
            return Some(label.to_owned());
        }
        let known = self.bot.button_labels();
        let help = match syntax::did_you_mean(label, known.iter().map(String::as_str)) {
            Some(meant) => meant,
            None if known.is_empty() => "no block of this bot has buttons".to_owned(),
            None => format!("the buttons are {}", known.iter().take(16).map(String::as_str).collect::<Vec<_>>().join(", ")),
        };
        self.out.push(Diagnostic::error("E0246", node.span, format!("no message of this bot shows a button \"{label}\"")).help(help));
        None
    }

    fn expected(&mut self, node: At<'_>) -> Option<Expected> {
        let mut expected = Expected::default();
        if let Some(text) = node.as_text() {
            if text != "any" {
                expected.exact = Some(text.to_owned());
            }
            return Some(expected);
        }
        for (key, value) in self.entries(
            node,
            "bot",
            &["text", "contains", "lacks", "buttons", "from", "caption", "cards", "image", "audio", "video", "sticker", "file", "location"],
        ) {
            if let Some(kind) = crate::script::media::KEYS.into_iter().find(|kind| *kind == key) {
                let wanted = self.text(value, kind)?.trim().to_owned();
                expected.media.shown.push((kind, wanted));
                continue;
            }
            match key {
                "caption" => expected.exact = Some(self.text(value, "caption")?.to_owned()),
                "cards" => expected.media.cards = Some(self.texts(value, "a card's title")),
                "text" => expected.exact = Some(self.text(value, "text")?.to_owned()),
                "contains" => expected.contains = self.texts(value, "contains"),
                "lacks" => expected.lacks = self.texts(value, "lacks"),
                "from" => expected.from = self.place(value, "from").map(|(skill, block)| format!("{skill}.{block}")),
                _ => expected.buttons = Some(self.list(value).iter().filter_map(|label| self.button(label)).collect()),
            }
        }
        Some(expected)
    }
}
