//! A conversation played on the production runtime core with a virtual clock, no network and a store in memory:
//! what `test` and `chat` drive.

use crate::script::http::{Calls, Staged};
use channel::{Capabilities, Inbound};
use engine::{Bot, StoredSegment, Trace};
use model::{
    Actor, Address, AgentId, AttachmentKind, Author, Change, ChoiceAction, Contact, ContactId, Content, Conversation, ConversationId,
    EventRecord, InboxItem, Incoming, IncomingBody, Instant, Message, Owner, PendingStart, Person, Record, RequestState, Start,
    TranscriptEntry,
};
use runtime::Agent;
use runtime::core::{Action, CallToken, Core, CoreOptions, Engine, ProgramSet, Ticket, beside_the_folder};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Commit, MemStore, PersonChange, Store};

/// An agent of a scripted conversation.
#[derive(Clone, Debug)]
pub struct Extra {
    /// Their name.
    pub name: String,
    /// The groups they answer for.
    pub groups: Vec<String>,
    /// Whether they take chats.
    pub accepting: bool,
}

/// How a play begins.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The time.
    pub now: Instant,
    /// Agents with the console open.
    pub agents: Vec<Extra>,
    /// The contact, if they are known already.
    pub contact: Option<Contact>,
    /// Whether they were greeted before.
    pub greeted: bool,
    /// What happened to them before, oldest first.
    pub events: Vec<EventRecord>,
    /// Where the conversation begins, if in the middle of a skill.
    pub start: Option<StartAt>,
    /// A conversation of the contact that goes on here; it is given this stage's ids and address.
    pub conversation: Option<Box<Conversation>>,
    /// Older versions of the bot that it uses.
    pub pinned: Vec<Arc<Bot>>,
    /// Globals that were set; the others have their defaults.
    pub globals: Record,
    /// Segments that are not in the bot's folder.
    pub segments: Vec<StoredSegment>,
    /// Whether `only_for` lets everybody in.
    pub ungated: bool,
    /// What answers calls of flows.
    pub calls: Calls,
}

/// A block to begin at.
#[derive(Clone, Debug)]
pub struct StartAt {
    /// The skill.
    pub skill: String,
    /// The block.
    pub block: String,
    /// The variables its run has by then.
    pub vars: Record,
    /// The event that began it.
    pub event: Record,
}

/// A play in progress.
pub struct Play {
    core: Core,
    store: Arc<MemStore>,
    bot: Arc<Bot>,
    now: Instant,
    address: Address,
    trace: Vec<Trace>,
    tickets: u64,
    inputs: u64,
    /// The last transcript number that was looked at.
    seen: u64,
    agents: Vec<(AgentId, String)>,
    refused: Option<String>,
    /// What answers calls, and answers on their way.
    calls: Calls,
    answers: Vec<(Instant, CallToken, runtime::Tried)>,
    /// How many events happened before the curtain rose.
    events_before: usize,
}

/// A start in the middle of a skill is a tick that waits: the one way in that begins at any block.
fn start_pending(bot: &Bot, start: StartAt, now: Instant) -> PendingStart {
    let StartAt { skill, block, vars, event } = start;
    let tick = Start::Tick { timer: "start_at".into(), skill, block, version: bot.version().clone(), vars };
    PendingStart { start: tick, event, asks: false, since: now, until: now.plus_micros(1) }
}

const CONTACT: ContactId = ContactId(1);
const CONVERSATION: ConversationId = ConversationId(2);

fn capabilities() -> Capabilities {
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    Capabilities {
        text_limit: 1_000_000,
        caption_limit: 1_000_000,
        buttons: 100,
        button_label: 1_000,
        quick_replies: 100,
        url_buttons: true,
        phone_buttons: true,
        markdown: true,
        attachments: vec![Image, File, Audio, Voice, Video, Sticker],
        attachment_limit: u64::MAX,
        linked: true,
        gallery: true,
        location: true,
        typing: false,
        pull: true,
    }
}

impl Play {
    /// Sets the stage.
    pub fn new(bot: Arc<Bot>, setting: Setting) -> anyhow::Result<Self> {
        let store = Arc::new(MemStore::new());
        let bot = bot.with_globals(&setting.globals).with_segments(&setting.segments);
        let records = beside_the_folder(&setting.globals, &setting.segments);
        if !records.is_empty() {
            store::commit_blocking(store.as_ref(), Commit { records, ..Commit::default() })?;
        }
        let channel = bot.channels().first().map_or_else(|| "web".to_owned(), |c| c.name.clone());
        let address = Address { channel: channel.clone(), id: "visitor".into() };
        let preset = setting.contact.or_else(|| {
            // Who is in the middle of something has been here before.
            let known = setting.start.is_some() || !setting.events.is_empty();
            known.then(|| Contact::new(CONTACT, setting.now, address.clone(), "organic"))
        });
        let events_before = setting.events.len();
        let mut seen = 0;
        if let Some(mut contact) = preset {
            contact.addresses = vec![model::Reach { address: address.clone(), unreachable: None }];
            // A known person is in their segments already: the first step is no transition.
            let past = segments::Recorded { before: &segments::NoPast, since: &setting.events };
            let member = engine::memberships(&bot, &contact, &past, setting.now);
            contact.memberships = member.into_iter().map(|(key, _)| (key, setting.now)).collect();
            contact.rules = bot.set().hash();
            contact.judged = setting.now;
            contact.id = CONTACT;
            let mut conversation = match setting.conversation {
                Some(copied) => Conversation { id: CONVERSATION, contact: CONTACT, address: address.clone(), ..*copied },
                None => Conversation::new(CONVERSATION, CONTACT, address.clone()),
            };
            seen = conversation.last_no;
            conversation.greeted |= setting.greeted || setting.start.is_some();
            if let Some(start) = setting.start {
                conversation.pending.push(start_pending(&bot, start, setting.now));
            }
            let mut change = PersonChange::new(CONTACT, 0);
            change.contact = Some(Box::new(contact));
            change.events = setting.events;
            change.conversations = vec![conversation];
            store::commit_blocking(store.as_ref(), Commit { person: Some(change), records: Vec::new(), ..Commit::default() })?;
        }
        let mut core = Core::new(
            CoreOptions {
                programs: ProgramSet::new(bot.clone(), setting.pinned),
                decide: Box::new(Engine),
                store: store.clone(),
                channels: BTreeMap::from([(channel, capabilities())]),
                seed: 1,
                salt: 1,
                calls: true,
                traced: true,
                ungated: setting.ungated,
                at_once: runtime::core::AT_ONCE,
            },
            setting.now,
        )?;
        let mut agents = Vec::new();
        for (number, extra) in setting.agents.into_iter().enumerate() {
            let id = AgentId(100 + number as u128);
            core.put_agent(&Agent {
                id,
                name: extra.name.clone(),
                login: extra.name.clone(),
                groups: extra.groups,
                password_hash: String::new(),
                disabled: false,
            });
            core.set_accepting(id, extra.accepting);
            core.presence(setting.now, id, true);
            agents.push((id, extra.name));
        }
        let mut play = Self {
            core,
            store,
            bot,
            now: setting.now,
            address,
            trace: Vec::new(),
            tickets: 0,
            inputs: 0,
            seen,
            agents,
            refused: None,
            calls: setting.calls,
            answers: Vec::new(),
            events_before,
        };
        play.pump();
        play.catch_up();
        Ok(play)
    }

    /// The time on stage.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Does what the core asks for, until it asks for nothing more.
    fn pump(&mut self) {
        loop {
            let actions = self.core.poll();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Commit(token, commit) => {
                        let answer = store::commit_blocking(self.store.as_ref(), *commit);
                        self.core.committed(self.now, token, answer);
                    }
                    // The only channel is fetched by cursor, so nothing is ever sent.
                    Action::Send(token, _) => self.core.sent(self.now, token, Ok(channel::Sent::default())),
                    Action::Call(token, row) => self.call(token, &row),
                    Action::Judge(judgement) => self.core.judged(self.now, judgement.carry_out()),
                    Action::Trace(_, trace) => self.trace.extend(trace),
                    Action::Done(_, Err(refusal)) => self.refused = Some(refusal.to_string()),
                    Action::Stop(why) => self.refused = Some(why),
                    Action::Accepted(_, Err(why)) => self.refused = Some(why.to_string()),
                    Action::Done(_, Ok(_))
                    | Action::Accepted(_, Ok(_))
                    | Action::Post(..)
                    | Action::Kept(_)
                    | Action::Settled(_)
                    | Action::Notice(..)
                    | Action::Gone(_)
                    | Action::Said(..)
                    | Action::Desk(_)
                    | Action::Retired(_)
                    | Action::Alert(_) => {}
                }
            }
        }
    }

    /// A call is answered as the conversation says, at once or when its time has come.
    fn call(&mut self, token: CallToken, row: &model::CallRow) {
        let Staged { tried, delay, note } = self.calls.answer(row);
        self.trace.push(Trace::Note(note));
        self.answers.push((self.now.plus_micros(delay), token, tried));
        self.answers.sort_by_key(|(at, _, _)| *at);
    }

    /// What is due now: the answer to a call, or what the core says.
    fn due(&mut self) {
        match self.answers.first() {
            Some((at, _, _)) if *at <= self.now => {
                let (_, token, tried) = self.answers.remove(0);
                self.core.called(self.now, token, tried);
            }
            Some(_) | None => self.core.due(self.now),
        }
        self.pump();
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The customer does something.
    pub fn customer(&mut self, body: IncomingBody) {
        self.inputs += 1;
        let incoming = Incoming { body, at: self.now, profile: Record::new(), client_id: None };
        let inbound = Inbound { address: self.address.clone(), provider_id: format!("p{}", self.inputs), incoming };
        let ticket = self.ticket();
        self.core.inbound(self.now, inbound, ticket);
        self.pump();
        // What a step queued for the same contact is due at once.
        self.catch_up();
    }

    /// The customer presses the newest button with this label; false if no message shows one.
    pub fn press(&mut self, label: &str) -> bool {
        let said = model::fold(label);
        let token = self.messages(0).iter().rev().find_map(|m| {
            // A button of a card may be named with the card: "Order Blue cup".
            let card = m
                .content
                .cards
                .iter()
                .find_map(|card| card.buttons.iter().find(|c| model::fold(&format!("{} {}", c.label, card.title)) == said));
            if let Some(model::Choice { label, action: ChoiceAction::Reply { token } }) = card {
                return Some((token.clone(), label.clone()));
            }
            m.content.choices().find_map(|c| match &c.action {
                ChoiceAction::Reply { token } if model::fold(&c.label) == said => Some((token.clone(), c.label.clone())),
                _ => None,
            })
        });
        match token {
            Some((token, label)) => {
                self.customer(IncomingBody::Press { token, label });
                true
            }
            None => false,
        }
    }

    /// Something is asked of the contact by somebody else. The error says why it was refused.
    pub fn item(&mut self, item: InboxItem) -> Result<(), String> {
        let Some(person) = self.person() else { return Err("nobody has written yet".into()) };
        let ticket = self.ticket();
        self.core.item(self.now, person.contact.id, item, None, ticket);
        self.pump();
        self.catch_up();
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Handles what is due now.
    fn catch_up(&mut self) {
        // Bounded: a bot that never comes to rest is stopped by its limits, not by us.
        for _ in 0..10_000 {
            match self.next_due() {
                Some(due) if due <= self.now => self.due(),
                _ => return,
            }
        }
    }

    /// When something happens by itself next.
    pub fn next_due(&self) -> Option<Instant> {
        let answer = self.answers.first().map(|(at, _, _)| *at);
        self.core.next_due().into_iter().chain(answer).min()
    }

    /// Turns the clock forward, stopping at everything that is due on the way.
    pub fn advance_to(&mut self, until: Instant) {
        for _ in 0..100_000 {
            match self.next_due() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.due();
                }
                _ => break,
            }
        }
        self.now = self.now.max(until);
    }

    /// The person on stage, once somebody wrote.
    pub fn person(&self) -> Option<Arc<Person>> {
        let id = self.store.person_at(&self.address).ok()??;
        self.store.person(id).ok()?
    }

    /// Their conversation.
    pub fn conversation(&self) -> Option<Conversation> {
        self.person()?.conversation_at(&self.address).cloned()
    }

    /// Messages with a number above `after`.
    pub fn messages(&self, after: u64) -> Vec<Message> {
        let Some(conversation) = self.conversation() else { return Vec::new() };
        let lines = self.store.transcript(conversation.contact, conversation.id, after, usize::MAX).unwrap_or_default();
        lines
            .into_iter()
            .filter_map(|line| match line {
                TranscriptEntry::Message(message) => Some(message),
                TranscriptEntry::Delivery(_) => None,
            })
            .collect()
    }

    /// What was said to the customer since the last call, by the bot and by agents.
    pub fn heard(&mut self) -> Vec<Message> {
        let new = self.messages(self.seen);
        self.seen = new.last().map_or(self.seen, |m| m.no);
        new.into_iter().filter(|m| m.author != Author::Customer).collect()
    }

    /// What the engine did since the last call.
    pub fn trace(&mut self) -> Vec<Trace> {
        std::mem::take(&mut self.trace)
    }

    /// The bot on stage.
    pub fn bot(&self) -> &Arc<Bot> {
        &self.bot
    }

    /// Whether a `listen` has the floor: then a number is an answer, not a button.
    pub fn is_listening(&self) -> bool {
        self.conversation()
            .and_then(|c| c.floor_run().map(|run| matches!(&run.rest, model::Rest::Asking(ask) if ask.message.is_none())))
            .unwrap_or(false)
    }

    /// The events since the beginning, oldest first.
    pub fn events(&self) -> Vec<EventRecord> {
        let Some(person) = self.person() else { return Vec::new() };
        let mut events = self.store.events(person.contact.id, 0, usize::MAX).unwrap_or_default();
        events.reverse();
        events.split_off(self.events_before.min(events.len()))
    }

    /// Somebody at the desk changes the contact. The error says why it was refused.
    pub fn modify(&mut self, changes: Vec<Change>) -> Result<(), String> {
        self.item(InboxItem::Modify { changes, by: Actor::Api("test".into()) })
    }

    /// New runs use this bot from now on; what is under way keeps its version (FL 5.9).
    pub fn reload(&mut self, bot: Arc<Bot>) {
        self.core.reload(self.now(), bot);
        self.bot = self.core.bot();
        self.pump();
    }

    /// The first agent takes the waiting or missed request.
    pub fn agent_takes(&mut self) -> Result<(), String> {
        let conversation = self.conversation().ok_or("nobody has written yet")?;
        let request = conversation.request.as_ref().ok_or("nobody asked for an agent")?.id;
        let (agent, name) = self.agent()?;
        self.item(InboxItem::Take { conversation: conversation.id, request, agent, name })
    }

    /// The first agent says something.
    pub fn agent_says(&mut self, text: &str) -> Result<(), String> {
        let conversation = self.conversation().ok_or("nobody has written yet")?;
        let (agent, name) = self.agent()?;
        self.item(InboxItem::AgentSays { conversation: conversation.id, agent, name, content: Content::text(text), client_id: None })
    }

    /// The first agent closes the chat, perhaps with a skill to run.
    pub fn agent_closes(&mut self, skill: Option<String>) -> Result<(), String> {
        let conversation = self.conversation().ok_or("nobody has written yet")?;
        if !matches!(conversation.owner, Owner::Agent(_)) {
            return Err("no agent has the chat".into());
        }
        let (agent, _) = self.agent()?;
        self.item(InboxItem::Resolve { conversation: conversation.id, agent, skill })
    }

    fn agent(&self) -> Result<(AgentId, String), String> {
        self.agents.first().cloned().ok_or_else(|| "the conversation has no agents; list one under agents".into())
    }

    /// The waiting request: its group and place.
    pub fn queue(&self) -> Option<(String, u32)> {
        let request = self.conversation()?.request?;
        // One person is on stage, so a waiting request is the first in line.
        (request.state == RequestState::Waiting).then_some((request.group, 1))
    }
}
