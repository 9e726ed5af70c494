//! Start-up: what the core derives from what is durable.
//!
//! Due times, desk and lanes come from people about whom something can happen by itself. What was under way is unknown
//! and sent once more. Work that waited is done in order of its time, bounded, by [`Core::due`].

use super::{
    Core, CoreError, CoreOptions, Outlet,
    agenda::{Agenda, Wake},
    calls::CallResult,
    desk::Desk,
    outbox::{Came, SendResult, WAITS},
};
use crate::{
    Agent,
    agent::{CHOICES, Choice, PRESENT, TABLE},
};
use model::{AgentId, CallState, Instant, OutboxState, Person};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use store::Store;

impl Core {
    /// Reads what is durable and picks up where the last process ended.
    ///
    /// # Errors
    /// [`CoreError`] if the store cannot be read.
    pub fn new(options: CoreOptions, now: Instant) -> Result<Self, CoreError> {
        let CoreOptions { programs, decide, store, channels, seed, salt, calls, traced, ungated, at_once } = options;
        let outlet =
            |capabilities| Outlet { capabilities, taken: 0, closed_until: None, waiting: VecDeque::new(), queued: BTreeSet::new() };
        let mut core = Self {
            programs,
            usage: Default::default(),
            decide,
            outlets: channels.into_iter().map(|(name, capabilities)| (name, outlet(capabilities))).collect(),
            seed,
            salt,
            draws: 0,
            tokens: 0,
            lines: HashMap::new(),
            creating: HashMap::new(),
            flights: HashMap::new(),
            sends: HashMap::new(),
            calls: HashMap::new(),
            places: Default::default(),
            calls_leave: calls,
            writing: HashMap::new(),
            unwritten: Vec::new(),
            audiences: Default::default(),
            given: Vec::new(),
            agenda: Agenda::default(),
            desk: Desk::default(),
            segments: Default::default(),
            suppressions: super::suppression::Suppressions::new(salt),
            directory: Default::default(),
            webhooks: Default::default(),
            merges: Default::default(),
            stuck: BTreeMap::new(),
            arrivals: 0,
            actions: Vec::new(),
            failed: None,
            stopping: false,
            traced,
            ungated,
            at_once,
            stats: Default::default(),
            store: store.clone(),
        };
        core.load_globals()?;
        core.load_suppressions(&*store)?;
        core.begin_directory();
        let recognised = core.load_segments(now)?;
        core.load_agents(now, &*store)?;
        for (channel, value) in store.records(WAITS)? {
            let until = value.get("until").and_then(serde_json::Value::as_i64).map(Instant).filter(|until| *until > now);
            if let (Some(until), Some(outlet)) = (until, core.outlets.get_mut(&channel)) {
                outlet.closed_until = Some(until);
                core.agenda.set(Wake::Channel(channel), Some(until));
            }
        }
        store.active(&mut |person| core.pick_up(now, &person))?;
        core.load_webhooks(&*store)?;
        core.load_audiences(&*store)?;
        core.look_at_schedules(now);
        for id in recognised {
            if let Some(person) = store.person(id)? {
                core.recognise(now, None, &person.contact);
            }
        }
        Ok(core)
    }

    fn load_agents(&mut self, now: Instant, store: &dyn Store) -> Result<(), CoreError> {
        let wrong = |table, key: &str, why: serde_json::Error| CoreError::Record { table, key: key.to_owned(), why: why.to_string() };
        let mut choices: BTreeMap<String, Choice> = BTreeMap::new();
        for (key, value) in store.records(CHOICES)? {
            let choice = serde_json::from_value(value).map_err(|why| wrong(CHOICES, &key, why))?;
            choices.insert(key, choice);
        }
        for (key, value) in store.records(TABLE)? {
            let agent: Agent = serde_json::from_value(value).map_err(|why| wrong(TABLE, &key, why))?;
            let accepting = choices.get(&agent.id.to_string()).is_none_or(|c| c.accepting);
            self.desk.put_agent(&agent, accepting);
        }
        for (key, _) in store.records(PRESENT)? {
            let Ok(id) = key.parse() else { continue };
            let until = now.plus_micros(super::desk::RETURN);
            if let Some(agent) = self.desk.agent_mut(id) {
                agent.until = Some(until);
                self.agenda.set(Wake::Absent(id), Some(until));
            }
        }
        Ok(())
    }

    fn pick_up(&mut self, now: Instant, person: &Person) {
        self.usage.count(person);
        let contact = person.contact.id;
        for conversation in &person.conversations {
            self.reckon_due(now, contact, Some(person), conversation.id, false);
        }
        self.desk.update(None, person);
        let under_way = person.outbox.iter().filter(|r| r.state == OutboxState::Sending);
        let results: Vec<SendResult> = under_way
            .map(|row| SendResult { message: row.message.id, at: now, parts: 0, notes: Vec::new(), kept: None, came: Came::Crashed })
            .collect();
        let lost = person.calls.iter().filter(|r| self.calls_leave && r.state == CallState::UnderWay);
        let answers: VecDeque<CallResult> =
            lost.map(|r| CallResult { call: r.call.id, conversation: r.call.conversation, at: now, tried: None }).collect();
        if !person.inbox.is_empty() || !results.is_empty() || !answers.is_empty() {
            let since = person.inbox.iter().map(|row| row.at).min().unwrap_or(now).min(now);
            self.agenda.set(Wake::Line(contact), Some(since));
        }
        if !results.is_empty() {
            self.lines.entry(contact).or_default().results = results;
        }
        if !answers.is_empty() {
            self.lines.entry(contact).or_default().answers = answers;
        }
        self.reckon_calls(contact, None, Some(person));
        self.reckon_lanes(contact, Some(person));
    }

    /// An agent came or changed.
    pub fn put_agent(&mut self, agent: &Agent) {
        self.desk.put_agent(agent, true);
        self.actions.push(super::Action::Desk(crate::DeskEvent::Queue));
    }

    /// An agent takes chats, or not.
    pub fn set_accepting(&mut self, agent: AgentId, accepting: bool) {
        if let Some(agent) = self.desk.agent_mut(agent) {
            agent.accepting = accepting;
            self.actions.push(super::Action::Desk(crate::DeskEvent::Queue));
        }
    }

    /// Whether a console stream of the agent is open.
    pub(crate) fn is_present(&self, id: AgentId) -> bool {
        self.desk.agent(id).is_some_and(|agent| agent.streams > 0)
    }

    /// A console stream of the agent opened or ended. The last one to end leaves ten seconds for a reload.
    pub fn presence(&mut self, now: Instant, id: AgentId, open: bool) {
        let Some(agent) = self.desk.agent_mut(id) else { return };
        if open {
            agent.streams += 1;
            agent.until = None;
            self.agenda.set(Wake::Absent(id), None);
        } else {
            agent.streams = agent.streams.saturating_sub(1);
            if agent.streams == 0 {
                let until = now.plus_micros(super::desk::GRACE);
                agent.until = Some(until);
                self.agenda.set(Wake::Absent(id), Some(until));
            }
        }
        self.actions.push(super::Action::Desk(crate::DeskEvent::Queue));
    }
}
