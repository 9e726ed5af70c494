//! The state of one step: the person as changed so far, what goes out, and how much may still be done.

use super::api::{DeskRequest, PersonView, Trace, Turn};
use crate::blocks::Fault;
use crate::bot::{Bot, Skill};
use crate::catches::Signal;
use expr::Fuel;
use model::{
    Actor, Call, Cause, Change, ChatState, Contact, Conversation, EventRecord, IdSource, InboxItem, JourneyEntry, JourneyKind, Record,
    RunId, TagKey, TranscriptEntry, Value, Version,
};
use segments::Past;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// So much of a note stands in the journey, in characters; the contact has the whole.
const NOTED: usize = 200;

/// What a step produced so far.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub transcript: Vec<TranscriptEntry>,
    pub journey: Vec<JourneyEntry>,
    pub events: Vec<EventRecord>,
    pub raised: Vec<super::RaisedEvent>,
    pub queued: Vec<InboxItem>,
    pub requests: Vec<DeskRequest>,
    pub triggers: Vec<super::TriggerRequest>,
    pub calls: Vec<Call>,
    pub trace: Vec<Trace>,
    pub drop_unsent: bool,
}

impl Output {
    /// With room for what a message usually makes.
    fn roomy() -> Self {
        let (transcript, journey, trace) = (Vec::with_capacity(4), Vec::with_capacity(8), Vec::with_capacity(12));
        Self { transcript, journey, trace, ..Self::default() }
    }
}

/// An event that `send` raised: it is caught in this step, in the order raised (FL 5.8).
#[derive(Debug)]
pub(crate) struct Raised {
    pub name: String,
    pub fields: Record,
    pub cause: Cause,
}

/// Where a run is while it moves.
#[derive(Clone)]
pub(crate) struct At {
    pub run: RunId,
    pub skill: Arc<Skill>,
    /// The block, by index.
    pub block: usize,
}

/// One step in progress.
pub(crate) struct Stepper<'a> {
    pub turn: Turn<'a>,
    /// The newest bot: what new runs use, and where segments, attributes and catches are looked up.
    pub bot: Arc<Bot>,
    pub contact: Contact,
    pub contact_changed: bool,
    /// The contact before the step. Time moves them in and out of segments, which no condition asks for: what it did is no touch.
    pub before: &'a Contact,
    /// Which rules the contact's record says it was judged by.
    pub known_rules: u64,
    /// What was recorded about the contact before the step.
    pub past: &'a dyn Past,
    /// When time alone changes a membership.
    pub flips: segments::Flips,
    pub conversation: Conversation,
    /// How the contact's other conversations stand.
    pub elsewhere: ChatState,
    /// What `once` remembers in them.
    pub once_elsewhere: &'a [&'a Record],
    /// Which line of the journey tells what was meant for many and reached the contact, and the transcript's last line before it.
    pub reached_line: Option<(usize, u64)>,
    pub ids: IdSource,
    pub fuel: Fuel,
    pub blocks_left: u32,
    pub messages_left: u32,
    pub runs_left: u32,
    pub out: Output,
    pub raised: VecDeque<Raised>,
    /// Tag changes of this step, for catches.
    pub signals: Vec<Signal>,
    /// Attributes that this step wrote, with what they were before it, for catches.
    pub written: BTreeMap<String, Option<Value>>,
    /// The text the customer wrote, if this step processes one.
    pub input_text: Option<String>,
    /// `queue.…`, while the desk's answer is told.
    pub queue: Option<Record>,
    /// Whether a human gave the conversation back in this step: the asking run repeats its question (FL 5.5).
    pub returned: bool,
    /// The run that had the floor when the step began.
    pub had_floor: Option<RunId>,
    /// Whether what moves now takes the floor when it asks: a start that interrupts (FL 5.3b), a run of the
    /// customer's that the desk gives back (FL 5.3a).
    pub interrupting: bool,
    /// How many waiting starts began in this step.
    pub begun_pending: u32,
    /// Whether this step answers something the customer did: the only messages an opted-out contact gets (FL 7.9).
    pub direct: bool,
    /// Whether a message may wait for a run that requests (FL 5.4 rule 7), and whether this one is to.
    pub patient: bool,
    pub held: bool,
    /// What this step takes over happened elsewhere: whom it carries into segments is told to no flow.
    pub quiet: bool,
    /// Some of what was recorded before is taken out with this step: every membership is looked at.
    pub recounted: bool,
    /// Why things change, where whoever does it does not say it: told by what changes ([`JourneyEntry::why`]).
    pub why: Option<String>,
    /// How many causes led to this step.
    pub depth: u8,
    /// The run that is being moved, should the step break.
    pub moving: Option<At>,
}

impl<'a> Stepper<'a> {
    pub(crate) fn new(person: &PersonView<'a>, turn: &Turn<'a>) -> Self {
        let bot = turn.programs.current().clone();
        let limits = bot.limits();
        Self {
            turn: *turn,
            contact: person.contact.clone(),
            contact_changed: false,
            before: person.contact,
            known_rules: person.contact.rules,
            past: person.past,
            flips: person.flips,
            conversation: person.conversation.clone(),
            elsewhere: person.elsewhere,
            once_elsewhere: person.once,
            reached_line: None,
            ids: IdSource::new(turn.now, turn.seed),
            fuel: Fuel::new(limits.fuel),
            blocks_left: limits.blocks,
            messages_left: limits.messages,
            runs_left: limits.runs,
            out: Output::roomy(),
            raised: VecDeque::new(),
            signals: Vec::new(),
            written: BTreeMap::new(),
            input_text: None,
            queue: None,
            returned: false,
            had_floor: None,
            interrupting: false,
            begun_pending: 0,
            direct: false,
            patient: true,
            held: false,
            quiet: false,
            recounted: false,
            why: None,
            depth: 0,
            moving: None,
            bot,
        }
    }

    /// The bot of a version: mostly the newest itself.
    pub(crate) fn version(&self, version: &Version) -> Option<Arc<Bot>> {
        if version == self.bot.version() { Some(self.bot.clone()) } else { self.turn.programs.get(version) }
    }

    pub(crate) fn spend_block(&mut self) -> Result<(), Fault> {
        spend(&mut self.blocks_left, self.bot.limits().blocks, "blocks in one step")
    }

    pub(crate) fn spend_message(&mut self) -> Result<(), Fault> {
        spend(&mut self.messages_left, self.bot.limits().messages, "messages in one step")
    }

    pub(crate) fn spend_run(&mut self) -> Result<(), Fault> {
        spend(&mut self.runs_left, self.bot.limits().runs, "runs begun in one step")
    }

    /// What a condition over the contact sees: all that was changed and recorded so far in the step.
    pub(crate) fn contact_facts(&self) -> super::facts::ContactFacts<'_> {
        super::facts::ContactFacts {
            since: &self.out.events,
            talk: Some((&self.conversation, self.elsewhere)),
            ..super::facts::ContactFacts::of_contact(self.turn.now, &self.bot, &self.contact, self.past)
        }
    }

    /// Sets a system attribute: as [`Change::SetSystem`], which the journey says nothing of, without anything copied. Every message
    /// sets some.
    pub(crate) fn set_system(&mut self, name: &str, value: Value) {
        self.notice(name);
        match self.contact.system.get_mut(name) {
            Some(known) if *known == value => {}
            Some(known) => {
                *known = value;
                self.contact_changed = true;
            }
            None => {
                self.contact.system.insert(name.to_owned(), value);
                self.contact_changed = true;
            }
        }
    }

    /// Keeps what an attribute is before it is written, if a skill catches its changes.
    pub(crate) fn notice(&mut self, name: &str) {
        if self.bot.noticed.contains(name) && !self.written.contains_key(name) {
            let was = self.attribute_now(name);
            self.written.insert(name.to_owned(), was);
        }
    }

    /// Changes the contact, with what follows for their stage and for what is on record about messages, and journeys what differs.
    pub(crate) fn change(&mut self, change: &Change, by: &Actor, run: Option<RunId>, block: Option<String>) {
        for answer in self.agreements_to_keep(change) {
            self.carry_out(&answer, by, run, block.clone());
        }
        self.change_without_agreeing(change, by, run, block);
    }

    /// The same where nobody asks for messages in their name: who is made active by it wants what they wanted.
    pub(super) fn change_without_agreeing(&mut self, change: &Change, by: &Actor, run: Option<RunId>, block: Option<String>) {
        if self.lists_nobody(change) {
            return;
        }
        let instead = self.stage_instead(change);
        let change = instead.as_ref().unwrap_or(change);
        if let Some(refusal) = self.refusal_to_keep(change) {
            self.carry_out(&refusal, by, run, block.clone());
        }
        self.carry_out(change, by, run, block.clone());
        if let Some(stage) = self.stage_of(change) {
            self.carry_out(&stage, by, run, block);
        }
    }

    /// Carries a change out as it stands.
    fn carry_out(&mut self, change: &Change, by: &Actor, run: Option<RunId>, block: Option<String>) {
        let what = self.kind_of(change);
        if let Change::SetAttribute(name, _) | Change::UnsetAttribute(name) | Change::SetSystem(name, _) = change {
            self.notice(name);
        }
        let named = self.named_by(change);
        let changed = self.contact.apply(change, self.turn.now, by);
        self.contact_changed |= changed;
        if !changed {
            return;
        }
        if let Some((kind, was)) = named {
            self.keep_named(kind, was, change, by);
        }
        match change {
            Change::AddTag(label) => {
                if let (Some(why), Some(tag)) = (&self.why, self.contact.tags.get_mut(&TagKey::of(label))) {
                    tag.why = Some(why.clone());
                }
                self.signals.push(Signal::Tag { name: label.trim().to_owned(), added: true });
            }
            Change::RemoveTag(label) => self.signals.push(Signal::Tag { name: label.trim().to_owned(), added: false }),
            Change::SetAttribute(..)
            | Change::UnsetAttribute(_)
            | Change::SetSystem(..)
            | Change::SetStatus(_)
            | Change::AddToList(_)
            | Change::RemoveFromList(_)
            | Change::AddAddress(_)
            | Change::Unreachable(..)
            | Change::Reachable(_)
            | Change::Seen
            | Change::Consent { .. }
            | Change::Ran(_)
            | Change::SetSource(_)
            | Change::Note(_)
            | Change::AddIdentifier(..)
            | Change::VerifyIdentifier { .. }
            | Change::RemoveIdentifier(..) => {}
        }
        if let Some(what) = what {
            let entry = JourneyEntry {
                id: self.ids.next(),
                at: self.turn.now,
                by: by.clone(),
                conversation: Some(self.conversation.id),
                run,
                block,
                why: self.why.clone(),
                what,
            };
            self.out.journey.push(entry);
        }
    }

    /// Whether a change would put the contact on a list that is gone, or is a rule by now: whoever asked for that may have done so while
    /// it was there. It takes nobody, so that a later one of its name begins empty.
    pub(crate) fn lists_nobody(&self, change: &Change) -> bool {
        matches!(change, Change::AddToList(list) if self.bot.is_list(list) != Some(true))
    }

    /// The journey line of a change, made before it is applied.
    fn kind_of(&self, change: &Change) -> Option<JourneyKind> {
        let attribute =
            |name: &String, to| JourneyKind::Attribute { name: name.clone(), from: self.contact.attributes.get(name).cloned(), to };
        Some(match change {
            Change::SetAttribute(name, value) => attribute(name, Some(value.clone())),
            Change::UnsetAttribute(name) => attribute(name, None),
            Change::AddTag(label) => JourneyKind::TagAdded(label.trim().to_owned()),
            Change::RemoveTag(label) => JourneyKind::TagRemoved(label.trim().to_owned()),
            Change::SetStatus(to) => JourneyKind::Status { from: self.contact.status.clone(), to: to.clone() },
            // Membership transitions are journeyed from the difference after the step (FL 5.8).
            Change::AddToList(_) | Change::RemoveFromList(_) => return None,
            Change::AddAddress(address) => JourneyKind::Address(format!("{address} added")),
            Change::Unreachable(address, why) => JourneyKind::Address(format!("{address} is unreachable: {why}")),
            Change::Reachable(address) => JourneyKind::Address(format!("{address} is reachable again")),
            Change::Consent { topic, channel, given, proof: _ } => {
                JourneyKind::Consent { topic: model::Consent::key(topic, channel.as_deref()), given: *given }
            }
            Change::AddIdentifier(kind, value) => JourneyKind::Identifier(format!("{kind} {} added", value.trim())),
            Change::VerifyIdentifier { kind, value, how } => JourneyKind::Identifier(format!("{kind} {} verified: {how}", value.trim())),
            Change::RemoveIdentifier(kind, value) => JourneyKind::Identifier(format!("{kind} {} removed", value.trim())),
            Change::SetSource(to) => JourneyKind::Source { from: self.contact.source.clone(), to: to.clone() },
            Change::Note(text) => JourneyKind::Noted(text.chars().take(NOTED).collect()),
            Change::SetSystem(..) | Change::Seen | Change::Ran(_) => return None,
        })
    }

    /// A line of the journey that belongs to no run.
    pub(crate) fn journey(&mut self, by: Actor, what: JourneyKind) {
        let entry = JourneyEntry {
            id: self.ids.next(),
            at: self.turn.now,
            by,
            conversation: Some(self.conversation.id),
            run: None,
            block: None,
            why: None,
            what,
        };
        self.out.journey.push(entry);
    }

    /// Which rule of FL 5.4 took the message: journeyed and traced.
    pub(crate) fn rule(&mut self, rule: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.out.trace.push(Trace::Rule { rule, what: what.clone() });
        self.journey(Actor::Customer, JourneyKind::Handled { rule: rule.to_owned(), what });
    }
}

fn spend(left: &mut u32, limit: u32, what: &str) -> Result<(), Fault> {
    match left.checked_sub(1) {
        Some(less) => {
            *left = less;
            Ok(())
        }
        None => Err(Fault::Broken(format!("more than {limit} {what}"))),
    }
}
