//! Reading a scripted conversation; what is wrong is told at its place.

use crate::play::{Extra, Setting};
use engine::Bot;
use model::{Actor, AttributeDef, Contact, ContactId, Duration, Instant, Tag, TagKey, Value};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node, Span, Spanned};

/// A conversation as written.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// How it begins.
    pub setting: Setting,
    /// What happens, in order.
    pub talk: Vec<Line>,
    /// What holds at the end.
    pub then: Then,
}

/// One line of the talk.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it is written.
    pub span: Span,
    /// What it says.
    pub what: Written,
}

/// What a line says.
#[derive(Clone, Debug)]
pub enum Written {
    /// The customer writes.
    User(String),
    /// The customer presses the newest button with this label.
    Press(String),
    /// The customer opens the conversation, perhaps through a link.
    Open(Option<String>),
    /// The bot says.
    Bot(Expected),
    /// The request waits in this group at this place.
    Queue {
        /// The group.
        group: Option<String>,
        /// The place.
        position: Option<u32>,
    },
    /// Time passes, in microseconds.
    After(i64),
    /// The agent takes the request.
    AgentTakes,
    /// The agent says something.
    AgentSays(String),
    /// The agent closes the chat.
    AgentCloses(Option<String>),
    /// Somebody raises an event.
    Event(String, model::Record),
}

/// What a bot message is expected to be.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Exactly this.
    pub exact: Option<String>,
    /// This somewhere in it.
    pub contains: Vec<String>,
    /// These buttons and quick replies, in order.
    pub buttons: Option<Vec<String>>,
}

/// What holds at the end.
#[derive(Clone, Debug, Default)]
pub struct Then {
    /// Exactly these tags.
    pub tags: Option<(Span, Vec<String>)>,
    /// These attributes; none is unset.
    pub attributes: Vec<(Span, String, Option<String>)>,
    /// This status.
    pub status: Option<(Span, String)>,
    /// Exactly these segments.
    pub segments: Option<(Span, Vec<String>)>,
    /// The last run that ended did so at this block.
    pub ended: Option<(Span, String)>,
    /// A run rests at this block.
    pub resting: Option<(Span, String)>,
}

struct Reader<'a> {
    bot: &'a Bot,
    out: &'a mut Diagnostics,
}

/// Reads one file.
pub fn read(node: &Spanned<Node>, bot: &Bot, out: &mut Diagnostics) -> Option<Script> {
    let mut reader = Reader { bot, out };
    let before = reader.out.error_count();
    let script = reader.script(node);
    script.filter(|_| reader.out.error_count() == before)
}

type At<'n> = &'n Spanned<Node>;

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.out.push(Diagnostic::error("E0150", span, message));
    }

    fn text<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        let text = node.as_text();
        if text.is_none() {
            self.wrong(node.span, format!("{what} is a text, not {}", node.kind_name()));
        }
        text
    }

    /// The entries of a map whose keys are among `known`.
    fn entries<'n>(&mut self, node: At<'n>, what: &str, known: &[&str]) -> Vec<(&'n str, At<'n>)> {
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
                let mut diagnostic = Diagnostic::error("E0151", entry.key.span, format!("{what} has no \"{key}\""));
                diagnostic = match syntax::did_you_mean(key, known.iter().copied()) {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic.help(format!("it has {}", known.join(", "))),
                };
                self.out.push(diagnostic);
                continue;
            }
            read.push((key, &entry.value));
        }
        read
    }

    fn list<'n>(&mut self, node: At<'n>) -> &'n [Spanned<Node>] {
        match &node.value {
            Node::List(items) => items,
            Node::Null => &[],
            Node::Scalar(_) | Node::Map(_) => std::slice::from_ref(node),
        }
    }

    fn texts(&mut self, node: At<'_>, what: &str) -> Vec<String> {
        self.list(node).iter().filter_map(|n| self.text(n, what).map(str::to_owned)).collect()
    }

    fn script(&mut self, node: At<'_>) -> Option<Script> {
        let entries = self.entries(node, "a conversation", &["test", "now", "agents", "contact", "talk", "then", "note", "http"]);
        let find = |key: &str| entries.iter().find(|e| e.0 == key).map(|e| e.1);
        if let Some(http) = find("http") {
            self.out.push(
                Diagnostic::error("E0122", http.span, "\"http\" is not built yet: no block of this release calls out").help("take it out"),
            );
        }
        let Some(name) = find("test").and_then(|n| self.text(n, "test")).map(str::to_owned) else {
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
        if let Some(agents) = find("agents") {
            for item in self.list(agents) {
                setting.agents.extend(self.agent(item));
            }
        }
        if let Some(contact) = find("contact") {
            self.contact(contact, &mut setting);
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
        let then = find("then").map(|n| self.then(n)).unwrap_or_default();
        Some(Script { name, setting, talk, then })
    }

    /// A local time in the bot's zone, or an absolute one.
    fn instant(&mut self, text: &str, span: Span) -> Option<Instant> {
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
    fn moment(&mut self, node: At<'_>, now: Instant) -> Option<Instant> {
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

    fn agent(&mut self, node: At<'_>) -> Option<Extra> {
        let mut extra = Extra { name: String::new(), groups: Vec::new(), accepting: true };
        for (key, value) in self.entries(node, "an agent", &["name", "groups", "accepting", "capacity"]) {
            match key {
                "name" => extra.name = self.text(value, "name")?.to_owned(),
                "groups" => extra.groups = self.texts(value, "a group"),
                // Agents take chats by hand in this release, so how many they could be given changes nothing.
                "capacity" => {
                    self.text(value, "capacity")?;
                }
                _ => extra.accepting = matches!(self.text(value, "accepting")?, "true" | "yes" | "on"),
            }
        }
        for group in &extra.groups {
            if !self.bot.groups().iter().any(|g| g.name == *group) {
                self.out.push(Diagnostic::error("E0120", node.span, format!("there is no group \"{group}\" in bot.yaml")));
            }
        }
        if extra.name.is_empty() {
            self.wrong(node.span, "an agent needs a name");
            return None;
        }
        Some(extra)
    }

    fn contact(&mut self, node: At<'_>, setting: &mut Setting) {
        let now = setting.now;
        let address = model::Address { channel: String::new(), id: String::new() };
        let mut contact = Contact::new(ContactId(1), now.plus_micros(-86_400_000_000), address, "organic");
        for (key, value) in self.entries(node, "the contact", &[]) {
            match key {
                "tags" => {
                    for label in self.texts(value, "a tag") {
                        contact.tags.insert(TagKey::of(&label), Tag { label, at: now, by: Actor::System });
                    }
                }
                "status" => contact.status = self.text(value, "status").unwrap_or("active").to_owned(),
                "source" => contact.source = self.text(value, "source").unwrap_or("organic").to_owned(),
                "greeted" => setting.greeted = self.text(value, "greeted").is_some_and(|t| matches!(t, "true" | "yes")),
                "first_seen" => contact.first_seen = self.moment(value, now).unwrap_or(now),
                "last_seen" => contact.last_seen = self.moment(value, now).unwrap_or(now),
                "lists" => contact.lists = self.texts(value, "a segment").into_iter().map(|l| (l, now)).collect(),
                "events" => self.out.push(
                    Diagnostic::error(
                        "E0122",
                        value.span,
                        "conditions on past events are not built yet, so a conversation cannot set them",
                    )
                    .help("set attributes or tags that your segments look at"),
                ),
                name => self.fact(name, value, &mut contact, now),
            }
        }
        if contact.last_seen < contact.first_seen {
            contact.first_seen = contact.last_seen;
        }
        setting.contact = Some(contact);
    }

    fn fact(&mut self, name: &str, node: At<'_>, contact: &mut Contact, now: Instant) {
        let Some(text) = self.text(node, name) else { return };
        if let Some(AttributeDef { ty, .. }) = self.bot.attributes().iter().find(|a| a.name == name) {
            let context = expr::Coercion { language: Some("en"), country: self.bot.country(), zone: self.bot.timezone(), now };
            let relative = matches!(ty, model::AttributeType::Datetime) && text.starts_with('-');
            let value = if relative {
                self.moment(node, now).map(Value::DateTime).ok_or_else(String::new)
            } else {
                expr::coerce(&Value::text(text), ty, &context)
            };
            match value {
                Ok(value) => {
                    contact.attributes.insert(name.to_owned(), value);
                }
                Err(why) => self.wrong(node.span, format!("{name} cannot hold this: {why}")),
            }
        } else if expr::SYSTEM.iter().any(|s| s.name == name) {
            contact.system.insert(name.to_owned(), Value::text(text));
        } else {
            self.wrong(node.span, format!("there is no attribute \"{name}\"; declare it in bot.yaml"));
        }
    }

    fn line(&mut self, node: At<'_>) -> Option<Line> {
        let Some([entry]) = node.as_map() else {
            self.wrong(node.span, "a line of the talk is one of user, bot, press, open, after, queue, agent and event");
            return None;
        };
        let value = &entry.value;
        let what = match entry.key.as_text().unwrap_or_default() {
            "user" => Written::User(self.text(value, "what the user writes")?.to_owned()),
            "press" => Written::Press(self.text(value, "a button's label")?.to_owned()),
            "open" => Written::Open(value.as_text().filter(|t| !t.is_empty()).map(str::to_owned)),
            "bot" => Written::Bot(self.expected(value)?),
            "after" => {
                let text = self.text(value, "after")?;
                let Some(duration) = Duration::parse_exact(text) else {
                    self.wrong(value.span, format!("after is a duration such as 10m, not \"{text}\""));
                    return None;
                };
                Written::After(duration.micros)
            }
            "queue" => {
                let (mut group, mut position) = (None, None);
                for (key, value) in self.entries(value, "queue", &["group", "position"]) {
                    let text = self.text(value, key)?;
                    match key {
                        "group" => group = Some(text.to_owned()),
                        _ => position = text.parse().ok(),
                    }
                }
                Written::Queue { group, position }
            }
            "agent" => self.agent_line(value)?,
            "event" => match value.as_map() {
                Some([one]) => Written::Event(one.key.as_text()?.to_owned(), self.fields(&one.value)),
                _ => Written::Event(self.text(value, "an event")?.to_owned(), model::Record::new()),
            },
            other => {
                let known = ["user", "bot", "press", "open", "after", "queue", "agent", "event"];
                let help = syntax::did_you_mean(other, known).unwrap_or_else(|| format!("it is one of {}", known.join(", ")));
                self.out.push(Diagnostic::error("E0151", entry.key.span, format!("a line of the talk cannot be \"{other}\"")).help(help));
                return None;
            }
        };
        Some(Line { span: node.span, what })
    }

    fn fields(&mut self, node: At<'_>) -> model::Record {
        let mut fields = BTreeMap::new();
        for (key, value) in self.entries(node, "the fields of an event", &[]) {
            if let Some(text) = self.text(value, key) {
                let value = text.parse().map_or_else(|_| Value::text(text), Value::Number);
                fields.insert(key.to_owned(), value);
            }
        }
        fields
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

    fn expected(&mut self, node: At<'_>) -> Option<Expected> {
        let mut expected = Expected::default();
        if let Some(text) = node.as_text() {
            if text != "any" {
                expected.exact = Some(text.to_owned());
            }
            return Some(expected);
        }
        for (key, value) in self.entries(node, "bot", &["text", "contains", "buttons"]) {
            match key {
                "text" => expected.exact = Some(self.text(value, "text")?.to_owned()),
                "contains" => expected.contains = self.texts(value, "contains"),
                _ => expected.buttons = Some(self.texts(value, "a button")),
            }
        }
        Some(expected)
    }

    fn then(&mut self, node: At<'_>) -> Then {
        let mut then = Then::default();
        for (key, value) in self.entries(node, "then", &["tags", "attributes", "status", "segments", "ended", "resting"]) {
            let span = value.span;
            match key {
                "tags" => then.tags = Some((span, self.texts(value, "a tag"))),
                "segments" => then.segments = Some((span, self.texts(value, "a segment"))),
                "status" => then.status = self.text(value, key).map(|t| (span, t.to_owned())),
                "ended" => then.ended = self.text(value, key).map(|t| (span, t.to_owned())),
                "resting" => then.resting = self.text(value, key).map(|t| (span, t.to_owned())),
                _ => {
                    for (name, value) in self.entries(value, "attributes", &[]) {
                        if !self.bot.attributes().iter().any(|a| a.name == name) {
                            self.wrong(value.span, format!("there is no attribute \"{name}\" in bot.yaml"));
                        }
                        let wanted = if value.is_null() { None } else { self.text(value, name).map(str::to_owned) };
                        then.attributes.push((value.span, name.to_owned(), wanted));
                    }
                }
            }
        }
        then
    }
}
