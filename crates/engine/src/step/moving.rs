//! A run on the move: what a block may look at and do.

use super::facts::ContactFacts;
use super::stepper::Stepper;
use crate::blocks::Fault;
use crate::bot::{Block, Bot, Skill};
use expr::{Condition, Template, Truth};
use model::{
    Actor, Author, Change, ChoiceTo, Content, Delivery, Frame, JourneyEntry, JourneyKind, Message, MessageId, Run, TranscriptEntry, Value,
};
use std::sync::Arc;

/// A run, the version it is pinned to, and the step it moves in.
pub(crate) struct Moving<'s, 'a> {
    pub step: &'s mut Stepper<'a>,
    pub run: Run,
    pub bot: Arc<Bot>,
    pub skill: Arc<Skill>,
    /// The block it is at, by index.
    pub at: usize,
}

impl Moving<'_, '_> {
    /// The block it is at.
    pub(crate) fn block(&self) -> &Block {
        &self.skill.blocks[self.at]
    }

    /// Calls `with` with everything an expression here may see.
    pub(crate) fn with_facts<T>(&mut self, with: impl FnOnce(&ContactFacts<'_>, &mut expr::Fuel) -> T) -> T {
        let mut fuel = self.step.fuel;
        let facts = ContactFacts {
            now: self.step.turn.now,
            // Segments, attributes and zones are always current (FL 5.9).
            bot: &self.step.bot,
            contact: &self.step.contact,
            past: self.step.past,
            since: &self.step.out.events,
            channel: Some(&self.step.conversation.address.channel),
            talk: Some((&self.step.conversation, self.step.elsewhere)),
            vars: Some(&self.run.frame().vars),
            event: Some(&self.run.event),
            run: Some(&self.run),
            queue: self.step.queue.as_ref(),
            input: self.step.input_text.as_deref(),
            zone: std::cell::OnceCell::new(),
        };
        let result = with(&facts, &mut fuel);
        self.step.fuel = fuel;
        result
    }

    /// The language of the run's version that the contact is spoken to in (FL 3.12).
    pub(crate) fn language(&self) -> &str {
        self.bot.speaks(self.step.contact_language().as_deref())
    }

    /// One of the product's own sentences, by its English text, in the contact's language.
    pub(crate) fn sentence(&self, english: &str) -> String {
        let said = self.bot.sentences.get(english).and_then(|t| t.in_language(self.language()).literal());
        said.unwrap_or(english).to_owned()
    }

    /// A template as text, in the contact's language.
    pub(crate) fn render(&mut self, template: &Template) -> Result<String, Fault> {
        let template = if template.is_translated() { template.in_language(self.language()) } else { template };
        if let Some(text) = template.literal() {
            return Ok(text.to_owned());
        }
        Ok(self.with_facts(|facts, fuel| template.render(facts, fuel))?)
    }

    /// A template as a typed value (FL 7.2).
    pub(crate) fn value(&mut self, template: &Template) -> Result<Option<Value>, Fault> {
        let template = if template.is_translated() { template.in_language(self.language()) } else { template };
        Ok(self.with_facts(|facts, fuel| template.value(facts, fuel))?)
    }

    /// Whether a condition holds; unknown does not.
    pub(crate) fn holds(&mut self, condition: &Condition) -> Result<bool, Fault> {
        Ok(self.with_facts(|facts, fuel| condition.eval(facts, fuel))? == Truth::True)
    }

    /// Who acts: this block.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Flow { skill: self.run.frame().skill.clone(), block: self.block().name.clone() }
    }

    /// Changes the contact.
    pub(crate) fn change(&mut self, change: &Change) {
        let by = self.actor();
        let (run, block) = (self.run.id, self.place());
        self.step.change(change, &by, Some(run), Some(block));
    }

    /// `skill.block`.
    pub(crate) fn place(&self) -> String {
        // Written for every line of the journey.
        let (skill, block) = (&self.skill.name, &self.block().name);
        let mut place = String::with_capacity(skill.len() + 1 + block.len());
        place.push_str(skill);
        place.push('.');
        place.push_str(block);
        place
    }

    /// Writes a line of the journey.
    pub(crate) fn journey(&mut self, what: JourneyKind) {
        let entry = JourneyEntry {
            id: self.step.ids.next(),
            at: self.step.turn.now,
            by: self.actor(),
            conversation: Some(self.step.conversation.id),
            run: Some(self.run.id),
            block: Some(self.place()),
            why: None,
            what,
        };
        self.step.out.journey.push(entry);
    }

    /// Stores a value under a name: a declared attribute by its type, anything else as a run variable (FL 7.1).
    /// `None` unsets.
    ///
    /// # Errors
    /// [`Fault::Failed`] if the value does not fit the attribute's type.
    pub(crate) fn store(&mut self, name: &str, value: Option<Value>) -> Result<(), Fault> {
        let Some(declared) = self.step.bot.attribute(name) else {
            if crate::bot::CHOSEN.contains(&name) {
                return self.choose_for_contact(name, value);
            }
            let vars = &mut self.run.frame_mut().vars;
            match value {
                Some(value) => vars.insert(name.to_owned(), value),
                None => vars.remove(name),
            };
            return Ok(());
        };
        let ty = declared.ty.clone();
        let change = match value {
            None => Change::UnsetAttribute(name.to_owned()),
            Some(value) => match self.typed(&value, &ty) {
                Ok(value) => Change::SetAttribute(name.to_owned(), value),
                Err(why) => return Err(Fault::Failed(format!("{name} cannot hold this: {why}"))),
            },
        };
        self.change(&change);
        Ok(())
    }

    /// What a declared attribute holds was confirmed by the person: it names them, proven, if its type names anybody.
    pub(crate) fn confirm(&mut self, name: &str) {
        let kind = self.step.bot.attribute(name).and_then(|declared| model::IdentifierKind::of_type(&declared.ty));
        let (Some(kind), Some(Value::Text(value))) = (kind, self.step.contact.attributes.get(name).cloned()) else { return };
        let (how, by) = (format!("confirmed in {}", self.place()), self.actor());
        self.step.confirm(kind, &value, &how, &by);
    }

    /// Whether a value could be stored under a name: a declared attribute holds what fits its type.
    pub(crate) fn fits(&mut self, name: &str, value: &Value) -> bool {
        match self.step.bot.attribute(name).map(|declared| declared.ty.clone()) {
            Some(ty) => self.typed(value, &ty).is_ok(),
            None => true,
        }
    }

    fn typed(&mut self, value: &Value, ty: &model::AttributeType) -> Result<Value, String> {
        // Whose language is not known writes as the bot speaks.
        let language = self.language().to_owned();
        self.with_facts(|facts, _| {
            let context =
                expr::Coercion { language: Some(&language), country: facts.bot.country(), zone: facts.bot.timezone(), now: facts.now };
            expr::coerce(value, ty, &context)
        })
    }

    /// Stores the customer's own choice of language or country, which the channel does not overwrite (FL 7.1);
    /// `None` leaves it to the channel again.
    fn choose_for_contact(&mut self, name: &str, value: Option<Value>) -> Result<(), Fault> {
        let from = self.step.contact.system.get(name).cloned();
        let typed = match value {
            None => None,
            Some(value) => {
                let ty = if name == "language" { model::AttributeType::Language } else { model::AttributeType::Country };
                let bot = self.step.bot.clone();
                let context = expr::Coercion { language: None, country: bot.country(), zone: bot.timezone(), now: self.step.turn.now };
                let typed = expr::coerce(&value, &ty, &context).map_err(|why| Fault::Failed(format!("{name} cannot hold this: {why}")))?;
                Some(typed)
            }
        };
        match &typed {
            Some(value) => {
                self.change(&Change::SetSystem(name.to_owned(), value.clone()));
                self.change(&Change::SetSystem(super::person::source_of(name), Value::text(super::person::CUSTOMER)));
            }
            // What the channel said is told again with the next message.
            None => self.change(&Change::SetSystem(super::person::source_of(name), Value::text(super::person::CHANNEL))),
        }
        if from != typed {
            self.journey(JourneyKind::Attribute { name: name.to_owned(), from, to: typed });
        }
        Ok(())
    }

    /// Whether it is known already that nothing can be sent (FL 5.6).
    pub(crate) fn unsendable(&self) -> Option<String> {
        let contact = &self.step.contact;
        if let Some((_, why)) = contact.reach(&self.step.conversation.address).and_then(|r| r.unreachable.as_ref()) {
            return Some(format!("the address is unreachable: {why}"));
        }
        if self.step.is_blocked() {
            return Some("the contact is blocked".into());
        }
        // After an opt-out only direct answers are sent (FL 7.9).
        (self.step.opted_out() && !self.step.direct).then(|| "the contact opted out".into())
    }

    /// Sends a message; the id is none if it rendered empty, which is journeyed (FL 3.8).
    pub(crate) fn say(&mut self, content: Content) -> Result<Option<MessageId>, Fault> {
        if content.is_empty() {
            self.journey(JourneyKind::Delivery("the message rendered empty and was not sent".into()));
            return Ok(None);
        }
        self.step.spend_message()?;
        let author = Author::Bot { skill: self.skill.name.clone(), block: self.block().name.clone() };
        let id = self.step.ids.next();
        self.step.append(Message {
            id,
            conversation: self.step.conversation.id,
            no: 0,
            at: self.step.turn.now,
            author,
            content,
            delivery: Delivery::Queued,
            client_id: None,
        });
        Ok(Some(id))
    }

    /// The innermost frame.
    pub(crate) fn frame(&self) -> &Frame {
        self.run.frame()
    }

    /// How a choice's target is remembered with the message that shows it.
    pub(crate) fn choice_to(&self, target: &crate::bot::Target) -> ChoiceTo {
        match target {
            crate::bot::Target::Block(index) => ChoiceTo::Block(self.skill.blocks[*index].name.clone()),
            crate::bot::Target::Skill(name) => ChoiceTo::Skill(name.clone()),
            crate::bot::Target::End => ChoiceTo::End,
        }
    }
}

impl Stepper<'_> {
    /// One of the product's own sentences, by its English text, in the contact's language.
    pub(crate) fn sentence(&self, english: &str) -> String {
        let language = self.bot.speaks(self.contact_language().as_deref());
        let said = self.bot.sentences.get(english).and_then(|t| t.in_language(language).literal());
        said.unwrap_or(english).to_owned()
    }

    /// The contact's language, as far as it is known: their choice, else the channel's.
    pub(crate) fn contact_language(&self) -> Option<String> {
        super::facts::language_of(&self.bot, &self.contact)
    }

    /// Appends a message to the transcript with the next number.
    pub(crate) fn append(&mut self, mut message: Message) {
        if matches!(message.author, Author::Bot { .. } | Author::Agent { .. }) {
            self.keep_unasked();
        }
        message.no = self.conversation.take_no();
        self.out.transcript.push(TranscriptEntry::Message(message));
    }
}
