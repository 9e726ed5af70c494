//! Occasions that nobody wrote a message for: events of the website, pages visited, an entry of the menu, an
//! agent who joins or leaves, an error to be told to the operator (FL 4 system skills, FL 7.3, FL 8 `menu`).

use super::spoken;
use super::stepper::Stepper;
use crate::blocks::Fault;
use crate::bot::{MenuTo, Skill};
use crate::catches::Signal;
use model::{Actor, Busy, Cause, Change, Record, Value};

/// The event of a page that was opened on the website.
pub(crate) const PAGE_VISIT: &str = "page_visit";
/// The event that tells the operator of an error in a flow.
pub const ERROR_REPORTED: &str = "error_reported";
/// The longest reason of an error that is remembered, in characters.
const REASON: usize = 512;

impl Stepper<'_> {
    /// Starts what catches an event that came from outside the flows: it is recorded already, whatever starts (FL 7.3).
    pub(crate) fn heed(&mut self, name: &str, fields: &Record) -> Result<(), Fault> {
        if self.storm() {
            return Ok(());
        }
        if name == PAGE_VISIT {
            self.start_named("/_page_visit", fields.clone(), Cause::Other)?;
        }
        self.raise(name, fields, &Cause::Other)
    }

    /// A whole message that is an entry of the bot's menu, in any of its languages (FL 8): part of rule 4.
    pub(crate) fn menu_entry(&mut self, said: &str) -> Result<bool, Fault> {
        let bot = self.bot.clone();
        let fits = |label: &String| spoken(label) == said;
        let Some(entry) = bot.menu.iter().find(|e| fits(&e.label) || e.labels.iter().any(|(_, label)| fits(label))) else {
            return Ok(false);
        };
        match &entry.to {
            MenuTo::Command(name) => self.command(name),
            MenuTo::Skill(name) => {
                let Some(skill) = self.bot.skill(name).cloned() else { return Ok(false) };
                if !self.admitted(&skill, None, &Record::new())? {
                    return Ok(false);
                }
                self.rule("5.4.4", format!("the menu entry \"{}\"", entry.label));
                self.try_named(name, Record::new(), Cause::Customer)
            }
        }
    }

    /// An agent took the chat: `/_start_live_chat` may say something. It only tells: while a human has the
    /// conversation no run waits for an answer (FL 5.5).
    pub(crate) fn agent_joined(&mut self, agent: &str) -> Result<(), Fault> {
        let event = Record::from([("agent".to_owned(), Value::text(agent))]);
        self.tell_only("/_start_live_chat", event)
    }

    /// An agent closed the chat without choosing a skill.
    pub(crate) fn chat_closed(&mut self, agent: &str) -> Result<(), Fault> {
        let event = Record::from([("agent".to_owned(), Value::text(agent))]);
        self.start_named("/_live_chat_closed", event, Cause::Other)
    }

    fn tell_only(&mut self, name: &str, event: Record) -> Result<(), Fault> {
        let Some(skill) = self.bot.skill(name).cloned() else { return Ok(()) };
        if skill.blocks[0].leads_to_question || !self.admitted(&skill, None, &event)? {
            return Ok(());
        }
        let bot = self.bot.clone();
        self.begin(super::run::Begin {
            bot,
            skill,
            at: 0,
            vars: Record::new(),
            event,
            cause: Cause::Other,
            through: "an agent joined",
            set: None,
            busy: Busy::default(),
        })
    }

    /// An error in a flow: its reason is kept with the contact, and the operator is told by the event
    /// `error_reported`, which skills may catch.
    pub(crate) fn report_error(&mut self, event: &Record) {
        self.keep_reason(event);
        self.send(ERROR_REPORTED, event.clone(), Cause::Other, Actor::System);
    }

    /// The same for an error of what deals with errors: recorded, and nothing begins, so that it cannot loop.
    pub(crate) fn note_error(&mut self, event: &Record) {
        self.keep_reason(event);
        self.record_event(ERROR_REPORTED, event, None, Actor::System);
    }

    fn keep_reason(&mut self, event: &Record) {
        if let Some(Value::Text(reason)) = event.get("reason") {
            let reason: String = reason.chars().take(REASON).collect();
            self.change(&Change::SetSystem("last_error".into(), Value::text(reason)), &Actor::System, None, None);
        }
    }
}

/// Whether a skill is begun by the errors of others.
pub(crate) fn reports_errors(skill: &Skill) -> bool {
    let signal = Signal::Event { name: ERROR_REPORTED.to_owned() };
    skill.name == "/_error" || skill.catches.iter().any(|catch| catch.kind.catches(&signal))
}
