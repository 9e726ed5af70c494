//! A person and a conversation driven through the engine alone, with a clock that the test moves.

#![allow(dead_code)]

use engine::{Bot, BotFiles, DeskAnswer, Input, PersonView, Programs, Step, Turn, step};
use model::{
    Address, Author, Contact, Content, Conversation, EventRecord, InboxItem, Incoming, IncomingBody, Instant, Message, Record,
    TranscriptEntry, Version,
};
use std::collections::VecDeque;
use std::sync::Arc;
use switchboard_engine as engine;

pub struct OneBot(pub Arc<Bot>);

impl Programs for OneBot {
    fn current(&self) -> &Arc<Bot> {
        &self.0
    }
    fn get(&self, version: &Version) -> Option<Arc<Bot>> {
        (self.0.version() == version).then(|| self.0.clone())
    }
}

/// A bot of these files; panics with what is wrong.
pub fn bot(files: &[(&str, &str)]) -> Arc<Bot> {
    let (bot, diagnostics) = try_bot(files);
    bot.unwrap_or_else(|| panic!("{diagnostics}"))
}

pub fn try_bot(files: &[(&str, &str)]) -> (Option<Arc<Bot>>, String) {
    let files = BotFiles {
        files: files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect(),
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let (bot, diagnostics, sources) = Bot::load(&files);
    (bot, syntax::render_short(&diagnostics, &sources))
}

pub const BOT: &str = "name: Test\ntimezone: UTC\nattributes:\n  visits: number\n  plan: { type: enum, values: [free, gold], default: free }\nstatuses: [callback]\ngroups: { support: {} }\n";

/// A bot, and versions that runs may still use.
struct Versions<'a>(&'a OneBot, &'a [Arc<Bot>]);

impl Programs for Versions<'_> {
    fn current(&self) -> &Arc<Bot> {
        self.0.current()
    }
    fn get(&self, version: &Version) -> Option<Arc<Bot>> {
        self.0.get(version).or_else(|| self.1.iter().find(|bot| bot.version() == version).cloned())
    }
}

pub struct Talk {
    pub programs: OneBot,
    /// Versions that runs may still use.
    pub older: Vec<Arc<Bot>>,
    pub contact: Contact,
    pub conversation: Conversation,
    pub now: Instant,
    pub agents: bool,
    pub transcript: Vec<Message>,
    pub steps: Vec<Step>,
    /// What was recorded about the contact.
    pub events: Vec<EventRecord>,
    /// The rules of segments that were in force, newest first.
    pub eras: Vec<segments::Era>,
    /// Before it, time alone changes no membership.
    pub flips: segments::Flips,
    /// What `once` remembers in the contact's other conversations.
    pub once_elsewhere: Vec<Record>,
    seed: u64,
}

impl Talk {
    pub fn new(bot: Arc<Bot>) -> Self {
        let now = Instant::from_secs(1_772_445_600);
        let address = Address { channel: "web".into(), id: "v1".into() };
        Self {
            programs: OneBot(bot),
            older: Vec::new(),
            contact: Contact::new(model::ContactId(1), now, address.clone(), "organic"),
            conversation: Conversation::new(model::ConversationId(2), model::ContactId(1), address),
            now,
            agents: false,
            transcript: Vec::new(),
            steps: Vec::new(),
            events: Vec::new(),
            eras: Vec::new(),
            flips: segments::Flips::default(),
            once_elsewhere: Vec::new(),
            seed: 7,
        }
    }

    /// One input and everything it causes; the new bot lines come back.
    pub fn input(&mut self, input: Input<'_>) -> Vec<Message> {
        let from = self.transcript.len();
        let mut queue: VecDeque<InboxItem> = VecDeque::new();
        self.one(input, &mut queue);
        let mut rounds = 0;
        while let Some(item) = queue.pop_front() {
            rounds += 1;
            assert!(rounds < 50, "the inbox never empties");
            self.one(Input::Inbox(&item), &mut queue);
        }
        self.transcript[from..].iter().filter(|m| m.author != Author::Customer).cloned().collect()
    }

    fn one(&mut self, input: Input<'_>, queue: &mut VecDeque<InboxItem>) {
        self.seed += 1;
        let turn =
            Turn { now: self.now, seed: self.seed, programs: &Versions(&self.programs, &self.older), eras: &self.eras, ungated: false };
        let past = segments::Recorded { before: &segments::NoPast, since: &self.events };
        let once: Vec<&Record> = self.once_elsewhere.iter().collect();
        let view = PersonView { past: &past, flips: self.flips, once: &once, ..PersonView::new(&self.contact, &self.conversation) };
        let done = step(&view, input, &turn);
        if let Some(contact) = &done.contact {
            self.contact = contact.clone();
        }
        self.conversation = done.conversation.clone();
        self.events.extend(done.events.iter().cloned());
        self.flips = done.flips;
        for entry in &done.transcript {
            if let TranscriptEntry::Message(message) = entry {
                self.transcript.push(message.clone());
            }
        }
        queue.extend(done.queued.iter().cloned());
        let requests = done.requests.clone();
        self.steps.push(done);
        for request in requests {
            let answer = if self.agents {
                DeskAnswer::Queued { request: request.request, position: 1, eta_secs: None }
            } else {
                DeskAnswer::NoAgent { request: request.request }
            };
            self.one(Input::Desk(answer), queue);
        }
    }

    pub fn incoming(&mut self, body: IncomingBody) -> Vec<Message> {
        let item = InboxItem::Incoming {
            address: self.conversation.address.clone(),
            incoming: Box::new(Incoming { body, at: self.now, profile: Record::new(), client_id: None }),
        };
        self.input(Input::Inbox(&item))
    }

    /// Time passes: memberships are followed as it does. Answers what the bot says.
    pub fn pass(&mut self, micros: i64) -> Vec<String> {
        let until = self.now.plus_micros(micros);
        let mut said = Vec::new();
        while let Some(at) = self.flips.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            said.extend(texts(&self.input(Input::Membership)));
        }
        self.now = until;
        said
    }

    /// Segments entered and left, with when and why, oldest first.
    pub fn moves(&self) -> Vec<(Instant, String)> {
        let lines = self.steps.iter().flat_map(|step| &step.journey);
        lines
            .filter_map(|line| match &line.what {
                model::JourneyKind::SegmentEntered(to) => Some((line.at, format!("+{} ({})", to.segment, to.cause))),
                model::JourneyKind::SegmentLeft(from) => Some((line.at, format!("-{} ({})", from.segment, from.cause))),
                _ => None,
            })
            .collect()
    }

    pub fn say(&mut self, text: &str) -> Vec<String> {
        texts(&self.incoming(IncomingBody::Message(Content::text(text))))
    }

    pub fn press(&mut self, message: &Message, label: &str) -> Vec<String> {
        let choice = message
            .content
            .buttons
            .iter()
            .chain(&message.content.quick_replies)
            .find(|c| c.label == label)
            .unwrap_or_else(|| panic!("no button {label}"));
        let model::ChoiceAction::Reply { token } = &choice.action else { panic!("{label} is no reply") };
        let body = IncomingBody::Press { token: token.clone(), label: label.to_owned() };
        texts(&self.incoming(body))
    }

    pub fn item(&mut self, item: InboxItem) -> Vec<String> {
        texts(&self.input(Input::Inbox(&item)))
    }

    /// Moves the clock and handles whatever becomes due, in order.
    pub fn wait(&mut self, secs: i64) -> Vec<String> {
        let until = self.now.plus_micros(secs * 1_000_000);
        let mut said = Vec::new();
        let blocked = self.contact.status == engine::BLOCKED;
        // As the runtime does: nothing is due for whoever is blocked.
        while let Some(due) = engine::next_due(&self.conversation, self.programs.0.limits()).filter(|d| !blocked && *d <= until) {
            self.now = self.now.max(due);
            said.extend(texts(&self.input(Input::Due)));
        }
        self.now = until;
        said
    }

    pub fn last_bot(&self) -> Message {
        self.transcript.iter().rev().find(|m| m.author != Author::Customer).expect("the bot spoke").clone()
    }
}

pub fn texts(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|m| m.content.text.clone()).collect()
}
