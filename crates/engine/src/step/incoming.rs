//! Who gets a message: the first rule of FL 5.4 that fits. The journey records which one it was.

use super::Trace;
use super::run::Begin;
use super::stepper::Stepper;
use super::{ordinal, spoken};
use crate::blocks::gallery::CARD;
use crate::blocks::{Fault, Flow, Heard};
use crate::bot::{Skill, Target};
use crate::catches::Signal;
use model::{
    Actor, Author, Busy, Cause, Change, ChoiceTo, Content, Delivery, Incoming, IncomingBody, Instant, Message, Owner, Pressed, Record,
    Rest, RunId, SentChoice, SentChoices, Value, fold,
};
use std::sync::Arc;

/// The longest part of a message that is remembered as `last_input`, in characters.
const LAST_INPUT: usize = 256;
/// How often a question is repeated for answers that fit nothing, before `/_default_fallback`.
const REPEATS: u32 = 2;
/// A button that is pressed again within so long was meant once: an impatient finger, a channel that tells twice.
const ONE_PRESS: i64 = 3_000_000;

impl Stepper<'_> {
    /// Something the customer did.
    pub(crate) fn incoming(&mut self, incoming: &Incoming) -> Result<(), Fault> {
        self.keep_incoming(incoming);
        if self.only_kept(incoming) {
            return Ok(());
        }
        self.conversation.pressed.take_if(|last| !(0..ONE_PRESS).contains(&incoming.at.micros_since(last.at).saturating_abs()));
        match &incoming.body {
            IncomingBody::Message(content) => self.message(content),
            IncomingBody::Press { token, label } => self.press(token, label, incoming.at),
            IncomingBody::Opened { payload } => self.opened(payload.as_deref()),
            IncomingBody::Event { name, fields } => self.heed(name, fields),
            IncomingBody::Unreachable { reason } => self.customer_left(reason),
            IncomingBody::Reachable => Ok(()),
        }
    }

    /// What holds whatever becomes of the step: the transcript line, what the channel knows of the person, what happened on the website.
    pub(crate) fn keep_incoming(&mut self, incoming: &Incoming) {
        let by = Actor::Channel(self.conversation.address.channel.clone());
        let was_new = self.contact.first_seen == self.contact.last_seen && !self.contact.system.contains_key("message_count");
        self.keep_profile(&incoming.profile, &by);
        if super::is_human(incoming) {
            self.calm();
            self.direct = true;
            self.keep_visit(&by);
            self.conversation.heard_at = Some(self.turn.now);
            if !matches!(incoming.body, IncomingBody::Opened { .. }) {
                self.conversation.closed_at = None;
            }
            self.change(&Change::Seen, &Actor::Customer, None, None);
            self.gets_through(&by);
            self.keep_first(incoming, was_new, &by);
        }
        self.keep_count(incoming, &by);
        let content = match &incoming.body {
            IncomingBody::Message(content) => {
                if !content.text.trim().is_empty() {
                    self.input_text = Some(content.text.trim().to_owned());
                    self.set_system("last_input", Value::text(beginning(content.text.trim(), LAST_INPUT)));
                }
                content.clone()
            }
            IncomingBody::Press { token, label } => {
                let shown = self.find_choice(token).map_or_else(|| label.clone(), |(_, choice)| choice.label);
                self.input_text = Some(shown.clone());
                Content { text: shown, pressed: Some(token.clone()), ..Content::default() }
            }
            IncomingBody::Opened { .. } => return,
            IncomingBody::Event { name, fields } => {
                self.record_event(name, fields, None, by);
                return;
            }
            IncomingBody::Unreachable { reason } => {
                let address = self.conversation.address.clone();
                self.change(&Change::Unreachable(address, reason.clone()), &by, None, None);
                return;
            }
            IncomingBody::Reachable => {
                self.gets_through(&by);
                return;
            }
        };
        let message = Message {
            id: self.ids.next(),
            conversation: self.conversation.id,
            no: 0,
            at: incoming.at,
            author: Author::Customer,
            content,
            delivery: Delivery::Received,
            client_id: incoming.client_id.clone(),
        };
        self.append(message);
    }

    /// Messages get through to this address again, if they did not.
    fn gets_through(&mut self, by: &Actor) {
        let address = &self.conversation.address;
        if self.contact.reach(address).is_some_and(|reach| reach.unreachable.is_some()) {
            let change = Change::Reachable(address.clone());
            self.change(&change, by, None, None);
        }
    }

    /// The person opened the conversation: greeted once, and again when a link brought them (FL 4, `/start`).
    fn opened(&mut self, payload: Option<&str>) -> Result<(), Fault> {
        // Opening says nothing: it greets a stranger, and subscribes nobody who opted out (FL 7.9).
        if payload.is_none() && (self.conversation.greeted || self.opted_out()) {
            return Ok(());
        }
        if self.conversation.owner != Owner::Bot {
            self.rule("5.4.1", "opened while a human or the queue has the conversation");
            return Ok(());
        }
        self.subscribe("/start");
        let event = payload.map(|p| Record::from([("payload".to_owned(), Value::text(p))])).unwrap_or_default();
        self.rule("5.4.10", "opened: /start");
        self.start_named("/start", event, Cause::Customer)
    }

    /// Whoever opted out wants messages again, by these words.
    fn subscribe(&mut self, words: &str) {
        if self.opted_out() {
            self.consent_to_messages(true, words);
        }
    }

    /// A message, in the order of FL 5.4.
    fn message(&mut self, content: &Content) -> Result<(), Fault> {
        let text = content.text.trim();
        let said = spoken(text);
        if self.bot.words.opts_out(&said) {
            return self.opt_out(text);
        }
        if self.opted_out() && self.bot.words.opts_in(&said) {
            self.rule("5.4.0", "an opt-in word");
            self.subscribe(text);
            // While a person has the conversation, or is asked for, the bot does not speak.
            if self.conversation.owner != Owner::Bot {
                return Ok(());
            }
            return self.start_named("/start", Record::new(), Cause::Customer);
        }
        if matches!(self.conversation.owner, Owner::Agent(_)) {
            self.rule("5.4.1", "to the agent");
            return Ok(());
        }
        // While the queue has the conversation only buttons and commands reach the bot.
        let queued = self.conversation.owner == Owner::Queue;
        if !queued && !text.is_empty() && self.choose_by_text(text)? {
            return Ok(());
        }
        if !queued && self.menu_entry(&said)? {
            return Ok(());
        }
        if let Some(typed) = text.strip_prefix('/')
            && self.command(typed)?
        {
            return Ok(());
        }
        if !text.is_empty() && self.interrupt(text)? {
            return Ok(());
        }
        if queued {
            self.rule("5.4.1", "kept for the agent");
            return Ok(());
        }
        let heard = Heard { text, content: Some(content), open: true };
        if self.listens(&heard)? {
            return Ok(());
        }
        if self.patient && self.floor_requests() {
            self.rule("5.4.7", "waits for a run that requests");
            self.held = true;
            return Ok(());
        }
        if (!text.is_empty() && self.keyword(text)?) || self.other()? {
            return Ok(());
        }
        self.nobody()
    }

    /// Keeps, with the words, that the customer wants messages on this channel or does not.
    pub(super) fn consent_to_messages(&mut self, given: bool, words: &str) {
        let channel = self.conversation.address.channel.clone();
        let proof = format!("{} ({channel})", words.chars().take(LAST_INPUT).collect::<String>());
        let change = Change::Consent { topic: model::MESSAGES.into(), channel: Some(channel), given, proof };
        self.change(&change, &Actor::Customer, None, None);
    }

    /// Rule 0 (FL 7.9).
    fn opt_out(&mut self, words: &str) -> Result<(), Fault> {
        self.rule("5.4.0", "an opt-out word");
        self.consent_to_messages(false, words);
        self.conversation.timers.clear();
        self.conversation.pending.clear();
        self.out.drop_unsent = true;
        let runs: Vec<RunId> = self.conversation.runs.iter().filter(|r| !matches!(r.rest, Rest::HandedOver { .. })).map(|r| r.id).collect();
        for run in runs {
            self.end_resting(run, "opted out");
        }
        // Whoever waits in line wants no human either; an agent who has the chat reads it and decides.
        if self.conversation.owner == Owner::Queue {
            self.customer_left("an opt-out word")?;
        }
        self.start_named("/_unsubscribed", Record::new(), Cause::Customer)
    }

    /// Rule 3: text equal to a choice of the run with the floor.
    fn choose_by_text(&mut self, text: &str) -> Result<bool, Fault> {
        let Some((run, message)) = self.conversation.floor_run().and_then(|run| match &run.rest {
            Rest::Asking(ask) => Some((run.id, ask.message?)),
            Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => None,
        }) else {
            return Ok(false);
        };
        let Some(sent) = self.conversation.choices.iter().find(|c| c.message == message).cloned() else { return Ok(false) };
        let synonyms = self.synonyms(&sent);
        let said = spoken(text);
        let ordinal = ordinal(text);
        // A label or a value that is itself a number wins over the ordinal.
        let by_name: Vec<&SentChoice> = sent
            .choices
            .iter()
            .filter(|c| {
                spoken(&c.label) == said
                    || c.value.as_deref().is_some_and(|v| spoken(v) == said)
                    || c.also.iter().any(|also| spoken(also) == said)
                    || synonyms.get(usize::from(c.index)).is_some_and(|list| list.iter().any(|s| spoken(s) == said))
            })
            .collect();
        let chosen = match by_name.as_slice() {
            [] => sent.choices.iter().find(|c| Some(c.ordinal) == ordinal),
            [one] => Some(*one),
            [_, _, ..] => {
                self.rule("5.4.3", "fits two choices; asked again");
                self.ask_again(run)?;
                return Ok(true);
            }
        };
        let Some(choice) = chosen.cloned() else { return Ok(false) };
        self.rule("5.4.3", format!("the choice \"{}\"", choice.label));
        self.choose(run, &sent, &choice)?;
        Ok(true)
    }

    /// The synonyms of each choice, by index, in the version the message was sent in: labels in every language of
    /// the bot are among them.
    fn synonyms(&self, sent: &SentChoices) -> Vec<Vec<String>> {
        self.turn
            .programs
            .get(&sent.version)
            .and_then(|bot| {
                let (_, block) = bot.skill(&sent.skill)?.block(&sent.block)?;
                // Labels with values in them say what they said when they were shown.
                let facts = super::facts::ContactFacts {
                    vars: Some(&sent.vars),
                    event: self.conversation.run(sent.run).map(|run| &run.event),
                    ..self.contact_facts()
                };
                let said = |c: &crate::blocks::choices::ChoiceDef| {
                    let labels = c.label.in_every_language().filter_map(|label| label.render(&facts, &mut self.fuel.clone()).ok());
                    labels.chain(c.synonyms.iter().cloned()).collect()
                };
                Some(block.body.choices().iter().map(said).collect())
            })
            .unwrap_or_default()
    }

    /// A choice of a run that rests on its block: its exit, in the run's version.
    fn choose(&mut self, run: RunId, sent: &SentChoices, choice: &SentChoice) -> Result<(), Fault> {
        if choice.to == ChoiceTo::More {
            return self.show_more(sent);
        }
        if let ChoiceTo::Event(name) = &choice.to {
            // The run keeps waiting: the event is something beside it.
            let by = Actor::Customer;
            self.send(name, Record::new(), Cause::Customer, by);
            return Ok(());
        }
        if self.hears(run) {
            let text = choice.value.clone().unwrap_or_else(|| choice.label.clone());
            return self.wake(run, |moving| {
                let skill = moving.skill.clone();
                skill.blocks[moving.at].body.hear(moving, &Heard { text: &text, content: None, open: false })
            });
        }
        let (label, value, index) = (choice.label.clone(), choice.value.clone(), choice.index);
        let (to, card) = (choice.to.clone(), choice.card.clone());
        let skill_name = sent.skill.clone();
        self.conversation.floor.retain(|r| *r != run);
        self.wake(run, move |moving| {
            let skill = moving.skill.clone();
            let body = &skill.blocks[moving.at].body;
            if let Some(card) = card {
                moving.run.frame_mut().vars.insert(CARD.to_owned(), Value::Record(card));
            }
            if let Some(name) = body.save() {
                moving.store(name, Some(Value::text(value.unwrap_or_else(|| label.clone()))))?;
            }
            let target = body.choices().get(usize::from(index)).and_then(|c| c.target(&skill.blocks[moving.at]));
            let target = target.or_else(|| match &to {
                ChoiceTo::Block(name) if skill.name == skill_name => skill.block(name).map(|(at, _)| Target::Block(at)),
                ChoiceTo::Skill(name) => Some(Target::Skill(name.clone())),
                ChoiceTo::Block(_) | ChoiceTo::End | ChoiceTo::Event(_) | ChoiceTo::More => None,
            });
            Ok(Some(Flow::To(label, target.unwrap_or(Target::End))))
        })
    }

    fn find_choice(&self, token: &str) -> Option<(SentChoices, SentChoice)> {
        self.conversation
            .choices
            .iter()
            .rev()
            .find_map(|sent| sent.choices.iter().find(|c| c.token == token).map(|choice| (sent.clone(), choice.clone())))
    }

    /// Rule 2: a pressed button.
    fn press(&mut self, token: &str, label: &str, at: Instant) -> Result<(), Fault> {
        if matches!(self.conversation.owner, Owner::Agent(_)) {
            self.rule("5.4.1", "a button, to the agent as its label");
            return Ok(());
        }
        if self.conversation.pressed.as_ref().is_some_and(|last| last.token == token) {
            let shown = self.find_choice(token).map_or_else(|| label.to_owned(), |(_, choice)| choice.label);
            self.rule("repeated_press", format!("the button \"{shown}\" was pressed a moment ago; this press does nothing"));
            return Ok(());
        }
        self.conversation.pressed = Some(Pressed { token: token.to_owned(), at });
        self.close_merges()?;
        let Some((sent, choice)) = self.find_choice(token) else {
            return self.stale(label);
        };
        let waits = self.conversation.runs.iter().find(|run| {
            run.id == sent.run
                && run.frame().skill == sent.skill
                && run.frame().block == sent.block
                && match &run.rest {
                    Rest::Asking(ask) => ask.message.is_some(),
                    Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => false,
                }
        });
        let waits = waits.map(|run| (run.id, matches!(&run.rest, Rest::Asking(ask) if ask.stage != sent.stage)));
        if let Some((run, earlier)) = waits {
            // A form asks one thing after the other: what was pressed under an earlier one does not answer this one.
            if earlier && self.hears(run) {
                self.rule("5.4.2", format!("the button \"{}\" of an earlier question; the one at hand is asked again", choice.label));
                return self.ask_again(run);
            }
            self.rule("5.4.2", format!("the button \"{}\"", choice.label));
            return self.choose(run, &sent, &choice);
        }
        // What raises an event or shows more cards leaves the question, and what interrupted it, as they are.
        let answers = !matches!(choice.to, ChoiceTo::Event(_) | ChoiceTo::More);
        if let Some(run) = answers.then(|| self.uncover(&sent)).flatten() {
            self.rule("5.4.2", format!("the button \"{}\", instead of what interrupted it", choice.label));
            return self.choose(run, &sent, &choice);
        }
        self.press_late(&sent, &choice, label)
    }

    /// The run has moved on: a new run in the newest version begins at the exit's block, with the variables the
    /// message was sent with.
    fn press_late(&mut self, sent: &SentChoices, choice: &SentChoice, label: &str) -> Result<(), Fault> {
        let event = Record::new();
        let place: Option<(Arc<Skill>, usize)> = match &choice.to {
            ChoiceTo::End => {
                self.rule("5.4.2", format!("the button \"{}\", which ends", choice.label));
                self.left_late(sent, choice);
                return Ok(());
            }
            ChoiceTo::More => {
                self.rule("5.4.2", format!("the button \"{}\", which shows the other cards", choice.label));
                return self.show_more(sent);
            }
            ChoiceTo::Event(name) => {
                self.rule("5.4.2", format!("the button \"{}\", which raises {name}", choice.label));
                self.send(name, event, Cause::Customer, Actor::Customer);
                return Ok(());
            }
            ChoiceTo::Block(block) => self.bot.skill(&sent.skill).and_then(|skill| Some((skill.clone(), skill.block(block)?.0))),
            ChoiceTo::Skill(name) => self.bot.skill(name).map(|skill| (skill.clone(), 0)),
        };
        let Some((skill, at)) = place else {
            return self.stale(label);
        };
        if !self.admitted(&skill, None, &event)? {
            return self.stale(label);
        }
        self.rule("5.4.2", format!("the button \"{}\" of an earlier message", choice.label));
        self.left_late(sent, choice);
        let bot = self.bot.clone();
        let value = Value::text(choice.value.clone().unwrap_or_else(|| choice.label.clone()));
        let set = sent.save.clone().map(|name| (name, value));
        let mut vars = sent.vars.clone();
        vars.extend(choice.card.clone().map(|card| (CARD.to_owned(), Value::Record(card))));
        self.begin(Begin { bot, skill, at, vars, event, cause: Cause::Customer, through: "an earlier button", set, busy: Busy::default() })
    }

    /// The exit was taken, though no run rested on its block any more.
    fn left_late(&mut self, sent: &SentChoices, choice: &SentChoice) {
        let (skill, block) = (sent.skill.as_str().into(), sent.block.as_str().into());
        self.out.trace.push(Trace::Exit { skill, block, exit: choice.label.clone().into() });
    }

    /// The cards of a gallery that were held back. Their buttons are those of the first message.
    fn show_more(&mut self, sent: &SentChoices) -> Result<(), Fault> {
        self.spend_message()?;
        let message = Message {
            id: self.ids.next(),
            conversation: self.conversation.id,
            no: 0,
            at: self.turn.now,
            author: Author::Bot { skill: sent.skill.clone(), block: sent.block.clone() },
            content: Content { cards: sent.held_back.clone(), ..Content::default() },
            delivery: Delivery::Queued,
            client_id: None,
        };
        self.append(message);
        Ok(())
    }

    fn stale(&mut self, label: &str) -> Result<(), Fault> {
        self.rule("5.4.2", "a button that leads nowhere any more");
        let event = Record::from([("label".to_owned(), Value::text(label))]);
        self.start_named("/_stale_button", event, Cause::Customer)
    }

    /// Rule 4: `/word`, with what follows as `event.text`.
    pub(crate) fn command(&mut self, typed: &str) -> Result<bool, Fault> {
        let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        // Telegram writes /order@shop_bot in groups.
        let name = fold(word.split('@').next().unwrap_or(word));
        let mut event = Record::new();
        if !rest.trim().is_empty() {
            event.insert("text".into(), Value::text(rest.trim()));
        }
        if name == "start" {
            self.close_merges()?;
            self.rule("5.4.4", "/start");
            self.subscribe("/start");
            return self.try_named("/start", event, Cause::Customer);
        }
        for (skill, catch) in self.matching(&Signal::Command { name: name.clone() }) {
            if self.may_start(&skill, catch, &event)? {
                self.close_merges()?;
                self.rule("5.4.4", format!("/{name}"));
                self.begin_anew(&skill.name);
                return self.start_catch(&skill, catch, event, Cause::Customer);
            }
        }
        Ok(false)
    }

    /// Rule 6: the `listen` that has the floor.
    fn listens(&mut self, heard: &Heard<'_>) -> Result<bool, Fault> {
        let Some(id) = self.conversation.floor_run().map(|run| run.id) else { return Ok(false) };
        if !self.hears(id) {
            return Ok(false);
        }
        self.rule("5.4.6", "the listen that has the floor");
        self.wake(id, |moving| {
            let skill = moving.skill.clone();
            skill.blocks[moving.at].body.hear(moving, heard)
        })?;
        Ok(true)
    }

    /// Whether a run rests on a block that hears.
    fn hears(&self, id: RunId) -> bool {
        let Some(run) = self.conversation.run(id).filter(|run| matches!(run.rest, Rest::Asking(_))) else { return false };
        let bot = self.version(&run.version);
        bot.and_then(|bot| Some(bot.skill(&run.frame().skill)?.block(&run.frame().block)?.1.body.hears())).unwrap_or(false)
    }

    /// What was said in several messages is the answer now: nothing more came in time, or something else did.
    pub(crate) fn close_merge(&mut self, id: RunId) -> Result<(), Fault> {
        let Some(Rest::Asking(ask)) = self.conversation.run_mut(id).map(|run| &mut run.rest) else { return Ok(()) };
        ask.merge_until = None;
        let said = std::mem::take(&mut ask.heard).join("\n");
        if said.is_empty() {
            return Ok(());
        }
        // `${input}` is the whole answer.
        let input = self.input_text.replace(said.clone());
        let direct = std::mem::replace(&mut self.direct, true);
        self.wake(id, |moving| {
            let skill = moving.skill.clone();
            skill.blocks[moving.at].body.hear(moving, &Heard { text: &said, content: None, open: false })
        })?;
        (self.input_text, self.direct) = (input, direct);
        Ok(())
    }

    /// Something else than a further message came: what was said so far is the answer.
    pub(crate) fn close_merges(&mut self) -> Result<(), Fault> {
        let merging = |run: &&model::Run| matches!(&run.rest, Rest::Asking(ask) if ask.merge_until.is_some());
        for id in self.conversation.runs.iter().filter(merging).map(|run| run.id).collect::<Vec<_>>() {
            self.close_merge(id)?;
        }
        Ok(())
    }

    /// Rule 8: of several keyword catches exactly one: exact before contains, longer before shorter, then file order.
    fn keyword(&mut self, text: &str) -> Result<bool, Fault> {
        let folded = fold(text);
        let mut found = Vec::new();
        for skill in &self.bot.in_order {
            for (index, catch) in skill.catches.iter().enumerate() {
                if let Some((exactness, length)) = catch.kind.keyword(&folded) {
                    found.push(((exactness, std::cmp::Reverse(length)), skill.clone(), index));
                }
            }
        }
        // Stable: file order decides between equals.
        found.sort_by_key(|(rank, _, _)| *rank);
        for (_, skill, catch) in found {
            let event = Record::from([("text".to_owned(), Value::text(text))]);
            if self.may_start(&skill, catch, &event)? {
                self.rule("5.4.8", format!("a keyword of {}", skill.name));
                self.begin_anew(&skill.name);
                return self.start_catch(&skill, catch, event, Cause::Customer);
            }
        }
        Ok(false)
    }

    /// Rule 9: the `other` outcome of a waiting choice; without that exit the question is repeated twice.
    fn other(&mut self) -> Result<bool, Fault> {
        let Some(run) = self.conversation.floor_run().filter(|run| matches!(run.rest, Rest::Asking(_))) else { return Ok(false) };
        let id = run.id;
        self.rule("5.4.9", "none of the choices");
        let mut fallback = false;
        let mut left = false;
        self.wake(id, |moving| {
            if moving.block().exits.contains_key("other") {
                left = true;
                return Ok(Some(Flow::Outcome("other", String::new())));
            }
            let Rest::Asking(ask) = &mut moving.run.rest else { return Ok(None) };
            ask.tries += 1;
            if ask.tries > REPEATS {
                fallback = true;
            } else {
                moving.repeat_question()?;
            }
            Ok(None)
        })?;
        if left {
            return Ok(true);
        }
        if fallback {
            self.start_named("/_default_fallback", Record::new(), Cause::Customer)?;
        }
        Ok(true)
    }

    fn ask_again(&mut self, run: RunId) -> Result<(), Fault> {
        self.wake(run, |moving| {
            moving.repeat_question()?;
            Ok(None)
        })
    }

    /// Rule 10.
    fn nobody(&mut self) -> Result<(), Fault> {
        if !self.conversation.greeted {
            self.rule("5.4.10", "/start, never greeted");
            if self.try_named("/start", Record::new(), Cause::Customer)? {
                return Ok(());
            }
        }
        self.rule("5.4.10", "/default");
        if !self.try_named("/default", Record::new(), Cause::Customer)? {
            self.start_named("/_default_fallback", Record::new(), Cause::Customer)?;
        }
        Ok(())
    }
}

/// The beginning of a text, at most so many characters.
pub(super) fn beginning(text: &str, most: usize) -> String {
    // Nearly every text is shorter, and copied as a whole.
    if text.len() <= most { text.to_owned() } else { text.chars().take(most).collect() }
}
