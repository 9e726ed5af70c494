//! A human takes over: requests, the queue, agents and the way back (FL 5.5, 5.6; INV-3, INV-10).

use super::api::{DeskAnswer, DeskRequest};
use super::stepper::Stepper;
use crate::blocks::{Fault, Flow};
use model::{
    Actor, AgentId, Author, Cause, Content, Delivery, JourneyKind, LiveRequest, Message, Owner, Record, RequestId, RequestState, Rest,
    RunId, Value,
};

impl Stepper<'_> {
    /// A run asks for a human: joins the request under way, if a human or the queue has the conversation already.
    pub(crate) fn ask_for_human(&mut self, run: RunId, group: &str) -> Rest {
        if let Some(request) = &self.conversation.request {
            if self.conversation.owner != Owner::Bot {
                return Rest::HandedOver { request: request.id };
            }
            // Another run of this step asked a moment ago: one answer serves both.
            if request.state == RequestState::Waiting {
                return Rest::Requesting { request: request.id };
            }
        }
        let id: RequestId = self.ids.next();
        let first = self.goes_first(group);
        self.conversation.request = Some(LiveRequest {
            id,
            group: group.to_owned(),
            first,
            since: self.turn.now,
            run: Some(run),
            deadline: None,
            state: RequestState::Waiting,
        });
        self.out.requests.push(DeskRequest { request: id, group: group.to_owned(), first, conversation: self.conversation.id });
        Rest::Requesting { request: id }
    }

    /// Whether the contact is in one of the segments that a group answers first.
    fn goes_first(&self, group: &str) -> bool {
        let segments = self.bot.groups().iter().find(|g| g.name == group).map_or(&[][..], |g| &g.first);
        let facts = self.contact_facts();
        let mut fuel = self.fuel;
        segments.iter().any(|segment| expr::Facts::in_segment(&facts, segment, &mut fuel).is_true())
    }

    /// Whether nobody of a group works now, by its calendar. A human who has the conversation already is there.
    pub(crate) fn is_closed(&self, group: &str) -> bool {
        let bot = &self.bot;
        let hours = bot.groups().iter().find(|g| g.name == group).and_then(|g| bot.calendar(g.hours.as_deref()?));
        self.conversation.owner == Owner::Bot && hours.is_some_and(|hours| !hours.is_open(self.turn.now, bot.timezone()))
    }

    /// Nobody is asked, and the desk lists it all the same: somebody wanted a human (INV-10).
    pub(crate) fn note_missed(&mut self, run: RunId, group: &str, why: &str) {
        let (id, now): (RequestId, _) = (self.ids.next(), self.turn.now);
        let state = RequestState::Waiting;
        let first = self.goes_first(group);
        self.conversation.request =
            Some(LiveRequest { id, group: group.to_owned(), first, since: now, run: Some(run), deadline: None, state });
        self.miss(id, why);
    }

    pub(crate) fn desk_answer(&mut self, answer: DeskAnswer) -> Result<(), Fault> {
        match answer {
            DeskAnswer::Queued { request, position, eta_secs } => self.queued(request, position, eta_secs),
            DeskAnswer::NoAgent { request } => {
                self.miss(request, "no_agent");
                self.give_back(request, || Flow::Outcome("no_agent", String::new()))
            }
        }
    }

    /// The request waits in line: the queue owns the conversation now, and the customer is told.
    fn queued(&mut self, request: RequestId, position: u32, eta_secs: Option<u32>) -> Result<(), Fault> {
        let now = self.turn.now;
        let mut queue = Record::from([("position".to_owned(), Value::Number(position.into()))]);
        if let Some(eta) = eta_secs {
            queue.insert("eta".into(), Value::Duration(model::Duration::secs(eta.into())));
        }
        self.queue = Some(queue);
        for id in self.resting_on(request) {
            let mut deadline = None;
            self.wake(id, |moving| {
                let skill = moving.skill.clone();
                let body = &skill.blocks[moving.at].body;
                deadline = body.timeout().map(|t| now.plus_micros(t));
                match body.ask_again(moving) {
                    // They wait for a human, whether or not they can be told their place.
                    Err(Fault::Failed(why)) => moving.journey(JourneyKind::Error(why)),
                    told => drop(told?),
                }
                moving.run.rest = Rest::HandedOver { request };
                Ok(None)
            })?;
            if let Some(open) = &mut self.conversation.request {
                open.deadline = deadline;
            }
        }
        self.suspend_floor();
        self.conversation.owner = Owner::Queue;
        self.conversation.held_since = Some(now);
        self.journey(Actor::System, JourneyKind::Desk(format!("waits for an agent, place {position}")));
        Ok(())
    }

    pub(crate) fn resting_on(&self, request: RequestId) -> Vec<RunId> {
        self.conversation
            .runs
            .iter()
            .filter(|r| match r.rest {
                Rest::Requesting { request: on } | Rest::HandedOver { request: on } => on == request,
                Rest::Asking(_) | Rest::Waiting { .. } | Rest::Calling(_) => false,
            })
            .map(|r| r.id)
            .collect()
    }

    /// Moves the runs that rested on a request. One that the customer began goes on with what they wanted last, so
    /// its question takes the floor from those it was asked over (FL 5.3a).
    fn give_back(&mut self, request: RequestId, flow: impl Fn() -> Flow) -> Result<(), Fault> {
        for id in self.resting_on(request) {
            self.interrupting = self.conversation.run(id).is_some_and(|run| run.cause == Cause::Customer);
            let moved = self.wake(id, |_| Ok(Some(flow())));
            self.interrupting = false;
            moved?;
        }
        Ok(())
    }

    /// Nobody answered: listed at the desk as missed.
    fn miss(&mut self, request: RequestId, why: &str) {
        let now = self.turn.now;
        if let Some(open) = self.conversation.request.as_mut().filter(|r| r.id == request) {
            let before = std::mem::replace(&mut open.state, RequestState::Missed { since: now, why: why.to_owned() });
            open.deadline = None;
            if !matches!(before, RequestState::Missed { .. }) {
                self.keep_unresolved();
            }
        }
        self.journey(Actor::System, JourneyKind::Desk(format!("missed: {why}")));
    }

    /// The bot has the conversation again.
    pub(super) fn release(&mut self) {
        self.conversation.owner = Owner::Bot;
        self.conversation.held_since = None;
        // A question that was asked meanwhile was held as well: it starts anew.
        self.suspend_floor();
        self.returned = true;
    }

    /// The customer is gone while a human or the queue has the conversation: the request leaves the desk, which sees why, and
    /// the runs that rested on it take `customer_left` (FL 5.6).
    pub(crate) fn customer_left(&mut self, why: &str) -> Result<(), Fault> {
        if self.conversation.owner == Owner::Bot {
            return Ok(());
        }
        let Some(request) = self.conversation.end_request(self.turn.now, None).map(|r| r.id) else { return Ok(()) };
        self.journey(Actor::Customer, JourneyKind::Desk(format!("the customer left: {why}")));
        let left = self.sentence("The customer left the chat");
        self.append_system(left);
        self.release();
        self.give_back(request, || Flow::Outcome("customer_left", String::new()))
    }

    /// A request that nobody can be told about: listed as missed, its runs end, the bot has the conversation again
    /// (INV-10).
    pub(crate) fn abandon(&mut self, request: RequestId) {
        self.miss(request, "broken");
        for run in self.resting_on(request) {
            self.end_resting(run, "broken");
        }
        if self.conversation.owner == Owner::Queue {
            self.release();
        }
    }

    /// `live_chat`'s own timeout.
    pub(crate) fn queue_timeout(&mut self) -> Result<(), Fault> {
        let Some(request) = self.conversation.request.as_ref().filter(|r| r.deadline.is_some_and(|d| d <= self.turn.now)).map(|r| r.id)
        else {
            return Ok(());
        };
        self.miss(request, "timeout");
        self.release();
        self.give_back(request, || Flow::Outcome("timeout", String::new()))
    }

    /// An agent takes a waiting or missed request. A request that somebody has already stays theirs: the line
    /// decides, so of two agents exactly one wins.
    pub(crate) fn take(&mut self, request: RequestId, agent: AgentId, name: &str) -> Result<(), Fault> {
        let now = self.turn.now;
        let Some(open) = self.conversation.request.as_mut().filter(|r| r.id == request) else { return Ok(()) };
        match open.state {
            RequestState::Waiting | RequestState::Missed { .. } => {}
            RequestState::Active { .. } => return Ok(()),
        }
        open.state = RequestState::Active { agent, name: name.to_owned(), since: now };
        open.deadline = None;
        if self.conversation.owner == Owner::Bot {
            self.suspend_floor();
            self.conversation.held_since = Some(now);
        }
        self.conversation.owner = Owner::Agent(agent);
        self.keep_resolved(&Actor::Agent(agent));
        self.journey(Actor::Agent(agent), JourneyKind::Desk(format!("{name} took the chat")));
        let joined = self.sentence("{name} joined the chat").replace("{name}", name);
        self.append_system(joined);
        self.agent_joined(name)
    }

    /// An agent says something; a reply to a missed request takes it.
    pub(crate) fn agent_says(&mut self, agent: AgentId, name: &str, content: Content, client_id: Option<String>) -> Result<(), Fault> {
        if let Some(open) = &self.conversation.request
            && matches!(open.state, RequestState::Missed { .. })
        {
            let id = open.id;
            self.take(id, agent, name)?;
        }
        if self.conversation.owner != Owner::Agent(agent) {
            self.journey(Actor::Agent(agent), JourneyKind::Desk(format!("{name} wrote without having the chat; not sent")));
            return Ok(());
        }
        let message = Message {
            id: self.ids.next(),
            conversation: self.conversation.id,
            no: 0,
            at: self.turn.now,
            author: Author::Agent { id: agent, name: name.to_owned() },
            content,
            delivery: Delivery::Queued,
            client_id,
        };
        self.append(message);
        Ok(())
    }

    /// An agent closes the chat: the runs that were handed over go on, or the chosen skill replaces all runs.
    pub(crate) fn resolve(&mut self, agent: AgentId, skill: Option<&str>) -> Result<(), Fault> {
        if self.conversation.owner != Owner::Agent(agent) {
            return Ok(());
        }
        let now = self.turn.now;
        let name = match self.conversation.request.as_ref().map(|r| &r.state) {
            Some(RequestState::Active { name, .. }) => name.clone(),
            Some(RequestState::Waiting | RequestState::Missed { .. }) | None => String::new(),
        };
        let request = self.conversation.end_request(now, Some(agent)).map(|r| r.id);
        self.journey(Actor::Agent(agent), JourneyKind::Desk("closed the chat".into()));
        let closed = self.sentence("The chat was closed");
        self.append_system(closed);
        self.release();
        self.conversation.closed_at = Some(now);
        let skill = match skill.map(crate::bot::canonical_skill_name) {
            None => None,
            Some(name) => {
                let found = self.bot.skill(&name).cloned();
                let admitted = match &found {
                    Some(skill) => self.admitted(skill, None, &Record::new())?,
                    None => false,
                };
                if !admitted {
                    let line = format!("the skill {name} does not exist or is not for this contact; the flow goes on");
                    self.journey(Actor::Agent(agent), JourneyKind::Desk(line));
                }
                admitted.then_some(name)
            }
        };
        match skill {
            Some(skill) => {
                for run in self.conversation.runs.iter().map(|r| r.id).collect::<Vec<_>>() {
                    self.end_resting(run, "replaced by an agent");
                }
                self.conversation.pending.clear();
                self.start_named(&skill, Record::new(), Cause::Customer)
            }
            None => {
                if self.opted_out() {
                    // They said stop to the agent: the flow has nothing more to say to them.
                    for run in self.conversation.runs.iter().map(|r| r.id).collect::<Vec<_>>() {
                        self.end_resting(run, "opted out");
                    }
                } else if self.is_blocked() {
                    // What was handed over is over; the rest goes on when they are unblocked.
                    for run in request.map(|request| self.resting_on(request)).unwrap_or_default() {
                        self.end_resting(run, "blocked");
                    }
                } else if let Some(request) = request {
                    self.give_back(request, || Flow::Next)?;
                }
                self.chat_closed(&name)
            }
        }
    }

    /// An agent takes a missed request off the list.
    pub(crate) fn dismiss(&mut self, agent: AgentId) {
        if self.conversation.request.as_ref().is_some_and(|r| matches!(r.state, RequestState::Missed { .. })) {
            self.conversation.end_request(self.turn.now, None);
            self.keep_resolved(&Actor::Agent(agent));
            self.journey(Actor::Agent(agent), JourneyKind::Desk("took the missed request off the list".into()));
        }
    }

    /// A line about the conversation that nobody said.
    fn append_system(&mut self, text: String) {
        let message = Message {
            id: self.ids.next(),
            conversation: self.conversation.id,
            no: 0,
            at: self.turn.now,
            author: Author::System,
            content: Content::text(text),
            delivery: Delivery::Sent,
            client_id: None,
        };
        self.append(message);
    }
}
