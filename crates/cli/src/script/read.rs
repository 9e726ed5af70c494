//! Reading a scripted conversation; what is wrong is told at its place.

mod expectation;
mod sent;
mod setting;
mod talk;

use super::written::{Expectation, Script};
use crate::play::Setting;
use engine::Bot;
use model::{Duration, Instant};
use syntax::{Diagnostic, Diagnostics, Node, Span, Spanned};

/// What a conversation file may hold.
const KEYS: [&str; 10] = ["test", "note", "now", "agents", "contact", "start_at", "ungated", "http", "talk", "then"];

/// Reads conversations of one bot.
pub(super) struct Reader<'a> {
    pub bot: &'a Bot,
    pub out: &'a mut Diagnostics,
}

/// A node with its place.
pub(super) type At<'n> = &'n Spanned<Node>;

/// Reads one file.
pub fn read(node: &Spanned<Node>, bot: &Bot, out: &mut Diagnostics) -> Option<Script> {
    let mut reader = Reader { bot, out };
    let before = reader.out.error_count();
    let script = reader.script(node);
    script.filter(|_| reader.out.error_count() == before)
}

impl Reader<'_> {
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.out.push(Diagnostic::error("E0150", span, message));
    }

    pub(super) fn text<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        let text = node.as_text();
        if text.is_none() {
            self.wrong(node.span, format!("{what} is a text, not {}", node.kind_name()));
        }
        text
    }

    /// `yes` or `no`, in the words people use for it.
    pub(super) fn yes(&mut self, node: At<'_>, what: &str) -> Option<bool> {
        match self.text(node, what)? {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            other => {
                self.wrong(node.span, format!("{what} is yes or no, not \"{other}\""));
                None
            }
        }
    }

    /// The entries of a map whose keys are among `known`; any key if nothing is.
    pub(super) fn entries<'n>(&mut self, node: At<'n>, what: &str, known: &[&str]) -> Vec<(&'n str, At<'n>)> {
        let Some(entries) = node.as_map() else {
            self.wrong(node.span, format!("{what} is a map, not {}", node.kind_name()));
            return Vec::new();
        };
        let mut read = Vec::new();
        for entry in entries {
            let Some(key) = entry.key.as_text() else {
                self.wrong(entry.key.span, "a key is a plain word");
                continue;
            };
            if !known.is_empty() && !known.contains(&key) {
                self.unknown(entry.key.span, format!("{what} has no \"{key}\""), key, known);
                continue;
            }
            read.push((key, &entry.value));
        }
        read
    }

    /// Something that is none of what there is.
    pub(super) fn unknown(&mut self, span: Span, message: String, said: &str, known: &[&str]) {
        let help = syntax::did_you_mean(said, known.iter().copied()).unwrap_or_else(|| format!("it has {}", known.join(", ")));
        self.out.push(Diagnostic::error("E0151", span, message).help(help));
    }

    pub(super) fn list<'n>(&mut self, node: At<'n>) -> &'n [Spanned<Node>] {
        match &node.value {
            Node::List(items) => items,
            Node::Null => &[],
            Node::Scalar(_) | Node::Map(_) => std::slice::from_ref(node),
        }
    }

    pub(super) fn texts(&mut self, node: At<'_>, what: &str) -> Vec<String> {
        self.list(node).iter().filter_map(|n| self.text(n, what).map(str::to_owned)).collect()
    }

    /// A place in the bot, `skill.block`.
    pub(super) fn place(&mut self, node: At<'_>, what: &str) -> Option<(String, String)> {
        let text = self.text(node, what)?.trim();
        let Some((skill, block)) = engine::split_place(text) else {
            self.out.push(Diagnostic::error("E0240", node.span, format!("{what} is a place such as order-help.ask, not \"{text}\"")));
            return None;
        };
        let blocks = self.bot.blocks_of(skill);
        if blocks.is_empty() {
            let skills = self.bot.skills();
            let help = syntax::did_you_mean(skill, skills.iter().map(String::as_str))
                .unwrap_or_else(|| format!("the skills are {}", skills.join(", ")));
            self.out.push(Diagnostic::error("E0240", node.span, format!("there is no skill \"{skill}\"")).help(help));
            return None;
        }
        if !blocks.iter().any(|b| b == block) {
            let help = syntax::did_you_mean(block, blocks.iter().map(String::as_str))
                .unwrap_or_else(|| format!("its blocks are {}", blocks.join(", ")));
            self.out.push(Diagnostic::error("E0240", node.span, format!("skill \"{skill}\" has no block \"{block}\"")).help(help));
            return None;
        }
        Some((skill.to_owned(), block.to_owned()))
    }

    fn script(&mut self, node: At<'_>) -> Option<Script> {
        let entries = self.entries(node, "a conversation", &KEYS);
        let find = |key: &str| entries.iter().find(|e| e.0 == key).map(|e| e.1);
        let Some((name, span)) = find("test").and_then(|n| Some((self.text(n, "test")?.to_owned(), n.span))) else {
            self.wrong(node.span, "a conversation begins with \"test: what it shows\"");
            return None;
        };
        let now = match find("now") {
            None => self.instant("2026-03-02T10:00", node.span)?,
            Some(n) => {
                let text = self.text(n, "now")?;
                self.instant(text, n.span)?
            }
        };
        let mut setting = Setting { now, ..Setting::default() };
        if let Some(http) = find("http") {
            setting.calls.listed = self.http(http);
        }
        setting.calls.help = "list it under http: of this conversation".into();
        if let Some(agents) = find("agents") {
            for item in self.list(agents) {
                setting.agents.extend(self.agent(item));
            }
        }
        if let Some(contact) = find("contact") {
            self.contact(contact, &mut setting);
        }
        if let Some(node) = find("ungated") {
            setting.ungated = self.yes(node, "ungated").unwrap_or(false);
        }
        if let Some(start) = find("start_at") {
            setting.start = self.start_at(start);
        }
        let Some(talk) = find("talk") else {
            self.wrong(node.span, "a conversation needs \"talk\": what the customer does and what the bot says");
            return None;
        };
        if self.list(talk).is_empty() {
            self.wrong(talk.span, "the talk is empty: list what the customer does and what the bot says");
            return None;
        }
        let talk = self.list(talk).iter().filter_map(|line| self.line(line)).collect();
        let then = find("then").map_or_else(Expectation::default, |n| self.expectation(n));
        Some(Script { name, span, setting, talk, then })
    }

    /// A local time in the bot's zone, or an absolute one.
    pub(super) fn instant(&mut self, text: &str, span: Span) -> Option<Instant> {
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return Some(stamp.into());
        }
        let read = text.parse::<jiff::civil::DateTime>().ok().and_then(|local| local.to_zoned(self.bot.timezone().clone()).ok());
        if read.is_none() {
            self.wrong(span, format!("\"{text}\" is not a date and time such as 2026-03-02T10:00"));
        }
        read.map(|zoned| zoned.timestamp().into())
    }

    /// `-2d` before now, a duration after, or a date and time.
    pub(super) fn moment(&mut self, node: At<'_>, now: Instant) -> Option<Instant> {
        let text = self.text(node, "a time")?.trim();
        let (sign, length) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        match Duration::parse_exact(length) {
            Some(duration) => Some(now.plus_micros(sign * duration.micros)),
            None => self.instant(text, node.span),
        }
    }
}
