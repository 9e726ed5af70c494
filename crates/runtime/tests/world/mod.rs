//! A world for the core: the in-memory store, a clock that is moved by hand, channels that answer when told to, and a
//! record of everything that was answered, sent and told.

#![allow(dead_code, reason = "each test file uses its own part of the world")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod served;

use channel::{AcceptError, Accepted, Capabilities, Inbound, Notice, Outbound, SendError, Sent};
use engine::{Bot, BotFiles, Input, Limits, PersonView, Step, Turn};
use model::{
    Address, AgentId, AttachmentKind, Author, CallRow, CallState, Content, Conversation, Delivery, InboxItem, Incoming, IncomingBody,
    Instant, Person, TranscriptEntry,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};
use store::{Commit, Fault, MemStore, RecordPut, Seq, Store};
use switchboard_runtime::{
    Agent, DeskEvent, Post, Tried,
    core::{
        Action, CallToken, CommitToken, Core, CoreOptions, Decide, Engine, Judgement, Outcome, PostToken, ProgramSet, Refusal, SendToken,
        Ticket,
    },
};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

const BOT: &str = "name: World\nchannels:\n  push: { type: telegram }\n  web: { type: web }\ngroups:\n  support: { per_agent: 4 }\n";
const SKILLS: [(&str, &str); 9] = [
    (
        "look",
        "skill: look\ncatch:\n  - keyword: [look]\nblocks:\n  get:\n    json: { get: \"https://shop.example/stock\", save: { stock: $.stock }, retry: { times: 2, wait: 2s } }\n    on: { error: no, timeout: no }\n  got:\n    text: \"Stock ${stock | default('unknown')}.\"\n    next: end\n  no:\n    text: No stock.\n",
    ),
    (
        "order",
        "skill: order\ncatch:\n  - keyword: [order]\nblocks:\n  post:\n    json: { post: \"https://shop.example/orders\", body: { n: 1 } }\n    on: { error: no, timeout: no }\n  ask:\n    text: Ordered. Which size?\n  size:\n    listen: size\n    timeout: 10m\n    on: { timeout: no }\n  said:\n    text: Size ${size}.\n    next: end\n  no:\n    text: No order.\n",
    ),
    ("start", "skill: /start\nblocks:\n  hello:\n    text: Hello!\n"),
    ("default", "skill: /default\nblocks:\n  what:\n    text: I did not get that.\n"),
    ("three", "skill: three\ncatch:\n  - keyword: [three]\nblocks:\n  a:\n    text: one\n  b:\n    text: two\n  c:\n    text: three\n"),
    (
        "name",
        "skill: name\ncatch:\n  - keyword: [name]\nblocks:\n  ask:\n    text: What is your name?\n  answer:\n    listen: name\n    timeout: 10m\n    on: { timeout: late }\n  hi:\n    text: Hi ${name | default('you')}!\n    next: end\n  late:\n    text: Too late.\n",
    ),
    (
        "remind",
        "skill: remind\ncatch:\n  - keyword: [remind]\nblocks:\n  arm:\n    timer: { after: 10m, do: tick }\n  ok:\n    text: I will remind you.\n    next: end\n  tick:\n    text: Tick.\n    next: end\n",
    ),
    (
        "human",
        "skill: human\ncatch:\n  - keyword: [human]\nblocks:\n  person:\n    live_chat: { group: support, message: \"Place ${queue.position}.\", timeout: 5m }\n    on: { timeout: sorry, no_agent: sorry }\n  back:\n    text: Welcome back.\n    next: end\n  sorry:\n    text: Nobody is free.\n",
    ),
    ("tag", "skill: tag\ncatch:\n  - keyword: [tag]\nblocks:\n  add:\n    add_tag: seen\n  said:\n    text: Tagged.\n"),
];

/// The bot of these tests.
pub fn bot() -> Arc<Bot> {
    bot_with(&[])
}

/// The same with more skills.
pub fn bot_with(more: &[(&str, &str)]) -> Arc<Bot> {
    let mut files = vec![("bot.yaml".to_owned(), BOT.to_owned())];
    files.extend(SKILLS.iter().chain(more).map(|(name, text)| (format!("skills/{name}.yaml"), (*text).to_owned())));
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the bot of the tests is sound: {problems:?}"))
}

/// The same with more files.
pub fn bot_files(more: &[(&str, &str)]) -> Arc<Bot> {
    let mut files = vec![("bot.yaml".to_owned(), BOT.to_owned())];
    files.extend(SKILLS.iter().map(|(name, text)| (format!("skills/{name}.yaml"), (*text).to_owned())));
    files.retain(|(path, _)| more.iter().all(|(other, _)| path != other));
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the bot of the tests is sound: {problems:?}"))
}

/// What a channel can do; `pull` ones are fetched from.
pub fn capabilities(pull: bool) -> Capabilities {
    Capabilities {
        text_limit: 4_096,
        caption_limit: 1_024,
        buttons: 8,
        button_label: 64,
        quick_replies: 8,
        url_buttons: true,
        phone_buttons: false,
        markdown: false,
        attachments: vec![AttachmentKind::Image, AttachmentKind::File],
        attachment_limit: 1 << 20,
        linked: false,
        gallery: false,
        location: true,
        typing: true,
        pull,
    }
}

/// The engine, which panics at messages that contain `boom`.
pub struct Fragile;

impl Decide for Fragile {
    fn step(&self, person: &PersonView<'_>, input: Input<'_>, turn: &Turn<'_>) -> Step {
        if let Input::Inbox(InboxItem::Incoming { incoming, .. }) = input
            && let IncomingBody::Message(content) = &incoming.body
        {
            assert!(!content.text.contains("boom"), "boom");
        }
        Engine.step(person, input, turn)
    }
    fn next_due(&self, conversation: &Conversation, limits: &Limits) -> Option<Instant> {
        Engine.next_due(conversation, limits)
    }
}

type Answers = Arc<Mutex<VecDeque<(CommitToken, Result<Seq, store::Error>)>>>;

/// What was said in these lines, as `who: text`.
pub fn words(lines: &[TranscriptEntry]) -> Vec<String> {
    let line = |line: &TranscriptEntry| match line {
        TranscriptEntry::Message(m) => {
            let who = match &m.author {
                Author::Customer => "user",
                Author::Bot { .. } => "bot",
                Author::Agent { .. } => "agent",
                Author::System => "system",
            };
            Some(format!("{who}: {}", m.content.text))
        }
        TranscriptEntry::Delivery(_) => None,
    };
    lines.iter().filter_map(line).collect()
}

pub struct World {
    pub core: Core,
    pub store: MemStore,
    pub now: Instant,
    pub sends: Vec<(SendToken, Outbound)>,
    /// Calls under way.
    pub calls: Vec<(CallToken, CallRow)>,
    /// Every call ever made, in order.
    pub called: Vec<CallRow>,
    /// Deliveries to webhooks under way.
    pub posts: Vec<(PostToken, Post)>,
    /// Everything ever given to a channel, in order.
    pub given: Vec<Outbound>,
    pub accepted: BTreeMap<u64, Result<Accepted, AcceptError>>,
    pub done: BTreeMap<u64, Result<Outcome, Refusal>>,
    pub settled: Vec<u64>,
    pub notices: Vec<(Address, Notice)>,
    /// Addresses on which nobody is any more.
    pub gone: Vec<Address>,
    pub desk: Vec<DeskEvent>,
    pub alerts: Vec<String>,
    pub retired: Vec<model::Version>,
    /// Everybody, to be judged by new rules: done as soon as time passes.
    pub judgements: Vec<Judgement>,
    pub stopped: Option<String>,
    pub commits: usize,
    /// Whether the store of the next process holds every commit from its beginning.
    pub holds: bool,
    answers: Answers,
    tickets: u64,
    seed: u64,
    bot: Arc<Bot>,
}

pub fn address(channel: &str, id: &str) -> Address {
    Address { channel: channel.into(), id: id.into() }
}

fn core(bot: &Arc<Bot>, store: &MemStore, seed: u64, now: Instant) -> Core {
    let options = CoreOptions {
        programs: ProgramSet::new(bot.clone(), Vec::new()),
        decide: Box::new(Fragile),
        store: Arc::new(store.clone()),
        channels: BTreeMap::from([("push".to_owned(), capabilities(false)), ("web".to_owned(), capabilities(true))]),
        seed,
        salt: 7,
        calls: true,
        traced: false,
        ungated: false,
        at_once: 2,
    };
    Core::new(options, now).expect("the store in memory can be read")
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, bot())
    }

    /// A world with this bot.
    pub fn with(seed: u64, bot: Arc<Bot>) -> Self {
        Self::on(seed, bot, MemStore::new(), Instant::from_secs(1_772_442_000))
    }

    /// The same on what is stored, at this instant.
    pub fn on(seed: u64, bot: Arc<Bot>, store: MemStore, now: Instant) -> Self {
        let mut world = Self {
            core: core(&bot, &store, seed, now),
            store,
            now,
            sends: Vec::new(),
            calls: Vec::new(),
            called: Vec::new(),
            posts: Vec::new(),
            given: Vec::new(),
            accepted: BTreeMap::new(),
            done: BTreeMap::new(),
            settled: Vec::new(),
            notices: Vec::new(),
            gone: Vec::new(),
            desk: Vec::new(),
            alerts: Vec::new(),
            retired: Vec::new(),
            judgements: Vec::new(),
            stopped: None,
            commits: 0,
            holds: false,
            answers: Answers::default(),
            tickets: 0,
            seed,
            bot,
        };
        // What the core notes at its first start.
        world.pump();
        world.commits = 0;
        world
    }

    /// The next process has this bot.
    pub fn change_bot(&mut self, bot: Arc<Bot>) {
        self.bot = bot;
    }

    /// The process dies and another one starts on what was durable.
    pub fn crash(&mut self) {
        self.store = self.store.crash();
        if self.holds {
            self.store.order(Fault::Hold);
        }
        self.seed = self.seed.wrapping_mul(31).wrapping_add(1);
        self.answers = Answers::default();
        self.sends.clear();
        self.calls.clear();
        self.posts.clear();
        self.judgements.clear();
        self.core = core(&self.bot, &self.store, self.seed, self.now);
        self.pump();
    }

    /// Carries out what the core wants until there is nothing left that happens by itself.
    pub fn pump(&mut self) {
        loop {
            for action in self.core.poll() {
                match action {
                    Action::Commit(token, commit) => {
                        self.commits += 1;
                        let answers = self.answers.clone();
                        self.store.commit(*commit, Box::new(move |answer| answers.lock().unwrap().push_back((token, answer))));
                    }
                    Action::Send(token, out) => {
                        let out = *out;
                        self.check_sent_after_commit(&out);
                        self.given.push(out.clone());
                        self.sends.push((token, out));
                    }
                    Action::Call(token, row) => {
                        self.check_called_after_commit(&row);
                        self.called.push((*row).clone());
                        self.calls.push((token, *row));
                    }
                    Action::Post(token, post) => self.posts.push((token, *post)),
                    Action::Accepted(ticket, answer) => {
                        assert!(self.accepted.insert(ticket.0, answer).is_none(), "a ticket is answered once")
                    }
                    Action::Done(ticket, answer) => assert!(self.done.insert(ticket.0, answer).is_none(), "a ticket is answered once"),
                    Action::Settled(ticket) => self.settled.push(ticket.0),
                    Action::Kept(_) => {}
                    Action::Notice(address, notice) => self.notices.push((address, notice)),
                    Action::Gone(address) => self.gone.push(address),
                    Action::Said(..) => {}
                    Action::Desk(event) => self.desk.push(event),
                    Action::Trace(..) => {}
                    Action::Retired(version) => self.retired.push(version),
                    Action::Judge(judgement) => self.judgements.push(*judgement),
                    Action::Alert(text) => self.alerts.push(text),
                    Action::Stop(reason) => self.stopped = Some(reason),
                }
            }
            let Some((token, answer)) = self.answers.lock().unwrap().pop_front() else { return };
            self.core.committed(self.now, token, answer);
        }
    }

    /// INV-7: a call is durable, and durably under way, before it is made.
    fn check_called_after_commit(&self, row: &CallRow) {
        let person = self.store.person(row.call.contact).unwrap().expect("INV-7: whoever calls is durable");
        let stored = person.calls.iter().find(|r| r.call.id == row.call.id).expect("INV-7: a call is durable before it is made");
        assert_eq!(
            (&stored.state, stored.attempts),
            (&CallState::UnderWay, row.attempts),
            "INV-7: it is durably under way before it is made"
        );
    }

    /// Answers the oldest call under way.
    pub fn answer_call(&mut self, tried: Tried) -> CallToken {
        let (token, _) = self.calls.remove(0);
        self.core.called(self.now, token, tried);
        self.pump();
        self.pass(0);
        token
    }

    /// INV-7: what is given to a channel is durable, and durably under way.
    fn check_sent_after_commit(&self, out: &Outbound) {
        let person = self.person(&out.address);
        let row = person.outbox.iter().find(|r| r.message.id == out.message).expect("INV-7: a message is durable before it leaves");
        assert_eq!(row.state, model::OutboxState::Sending, "INV-7: it is durably under way before it leaves");
    }

    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// A message arrives; answers its ticket's number.
    pub fn arrive(&mut self, at: &Address, provider_id: &str, text: &str) -> u64 {
        let ticket = self.ticket();
        let incoming =
            Incoming { body: IncomingBody::Message(Content::text(text)), at: self.now, profile: Default::default(), client_id: None };
        let inbound = Inbound { address: at.clone(), provider_id: provider_id.into(), incoming };
        self.core.inbound(self.now, inbound, ticket);
        self.pump();
        ticket.0
    }

    /// An item arrives; answers its ticket's number.
    pub fn item(&mut self, at: &Address, item: InboxItem, once: Option<&str>) -> u64 {
        let ticket = self.ticket();
        let contact = self.person(at).contact.id;
        self.core.item(self.now, contact, item, once, ticket);
        self.pump();
        ticket.0
    }

    /// Time passes, stopping at everything that is due on the way.
    pub fn pass(&mut self, micros: i64) {
        for judgement in std::mem::take(&mut self.judgements) {
            self.core.judged(self.now, judgement.carry_out());
            self.pump();
        }
        let until = self.now.plus_micros(micros);
        for _ in 0..100_000 {
            match self.core.next_due() {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.core.due(self.now);
                    self.pump();
                }
                Some(_) | None => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("something stays due without end");
    }

    /// Answers the oldest piece under way.
    pub fn answer(&mut self, answer: Result<Sent, SendError>) -> Outbound {
        let (token, out) = self.sends.remove(0);
        self.core.sent(self.now, token, answer);
        self.pump();
        self.pass(0);
        out
    }

    /// Answers everything under way, and what follows, with success.
    pub fn deliver(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while !self.sends.is_empty() {
            texts.push(self.answer(Ok(Sent::default())).content.text);
        }
        texts
    }

    pub fn person(&self, at: &Address) -> Arc<Person> {
        let id = self.store.person_at(at).unwrap().expect("somebody wrote from this address");
        self.store.person(id).unwrap().expect("an address leads to a person")
    }

    pub fn conversation(&self, at: &Address) -> Conversation {
        self.person(at).conversation_at(at).expect("there is a conversation on this address").clone()
    }

    pub fn lines(&self, at: &Address) -> Vec<TranscriptEntry> {
        let person = self.person(at);
        let conversation = person.conversation_at(at).expect("there is a conversation on this address");
        self.store.transcript(person.contact.id, conversation.id, 0, usize::MAX).unwrap()
    }

    /// What was said, as `who: text`.
    pub fn said(&self, at: &Address) -> Vec<String> {
        words(&self.lines(at))
    }

    /// How far each message of the bot got, by its text.
    pub fn deliveries(&self, at: &Address) -> BTreeMap<String, Delivery> {
        let mut by_id = BTreeMap::new();
        for line in self.lines(at) {
            match line {
                TranscriptEntry::Message(m) if m.author != Author::Customer => {
                    by_id.insert(m.id, (m.content.text, m.delivery));
                }
                TranscriptEntry::Message(_) => {}
                TranscriptEntry::Delivery(d) => by_id.get_mut(&d.message).expect("a delivery line is about a message").1 = d.delivery,
            }
        }
        by_id.into_values().collect()
    }

    /// An agent of the group `support`, at the desk if `present`.
    pub fn agent(&mut self, number: u128, present: bool) -> AgentId {
        let id = AgentId(number);
        let agent = Agent {
            id,
            name: format!("Agent {number}"),
            login: format!("agent{number}"),
            groups: vec!["support".into()],
            password_hash: String::new(),
            disabled: false,
        };
        let put = RecordPut { table: "agents".into(), key: id.to_string(), value: Some(serde_json::to_value(&agent).unwrap()) };
        store::commit_blocking(&self.store, Commit { person: None, records: vec![put], ..Commit::default() }).unwrap();
        self.core.put_agent(&agent);
        if present {
            self.core.presence(self.now, id, true);
        }
        self.pump();
        id
    }
}
