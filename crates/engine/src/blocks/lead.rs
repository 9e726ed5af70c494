//! `lead`: a form. It asks for one thing after the other, for consent, shows what it has understood, and stores it all.
//!
//! What was answered is kept with the question at hand until the end: a form that is left half way stores nothing.

use super::expect::{self, Answer, Expect};
use super::shape::{Key, Shape};
use super::{BlockBody, BlockKind, Fault, Flow, Group, Heard, OptionSpec, Otherwise, OutcomeSpec, Waits};
use crate::bot::reader::{At, Fields, Reader, boolean};
use crate::step::{Moving, spoken};
use expr::Template;
use model::{Ask, Change, Content, MessageId, Rest, Value};
use syntax::{Diagnostic, Node};

/// How often a question is asked again, if `times` does not say.
const TIMES: u32 = 2;
/// The most fields of a form.
const MOST: usize = 20;
/// Added to the stage while a field is corrected: afterwards comes the summary again.
const CORRECTING: u16 = 1_000;
/// What the button of the summary stands for.
const RIGHT: &str = "\u{2713}";

/// One field, for editors.
const FIELD: Shape = Shape::Keys(&[
    Key::may("ask", Shape::Prose, "the question"),
    Key::may("expect", super::shape::EXPECT, "what counts as an answer"),
    Key::may("retry", Shape::Prose, "what is said to an unusable answer"),
    Key::may("label", Shape::Prose, "what it is called in the summary"),
    Key::may("optional", Shape::Truth, "whether it may be left out"),
]);
/// `consent`, for editors.
const CONSENT: Shape = Shape::Keys(&[
    Key::may("ask", Shape::Prose, "the question"),
    Key::may("topic", Shape::Text, "what is agreed to"),
    Key::may("required", Shape::Truth, "whether the form needs it"),
]);

#[derive(Debug)]
pub(crate) struct Lead;

#[derive(Debug)]
struct Form {
    fields: Vec<Field>,
    consent: Option<Agreement>,
    /// None: the summary is left out.
    summary: Option<Summary>,
    times: u32,
    timeout: Option<i64>,
}

#[derive(Debug)]
struct Field {
    name: String,
    ask: Template,
    /// What it is called in the summary.
    label: Option<Template>,
    expect: Expect,
    retry: Option<Template>,
    optional: bool,
}

#[derive(Debug)]
struct Agreement {
    ask: Template,
    topic: String,
    required: bool,
}

#[derive(Debug)]
enum Summary {
    /// Every field on a line.
    List,
    Said(Template),
}

/// What is asked at a stage.
#[derive(Clone, Copy)]
enum Stage {
    Field(usize),
    Consent,
    Summary,
    Over,
}

impl BlockKind for Lead {
    fn key(&self) -> &'static str {
        "lead"
    }
    fn summary(&self) -> &'static str {
        "A form: asks for one field after the other, each checked, for consent, and whether all is right, and then stores everything at once."
    }
    fn example(&self) -> &'static str {
        "skill: sign-up\ncatch:\n  - command: join\nblocks:\n  form:\n    lead:\n      fields:\n        name: { ask: What is your name? }\n        mail: { ask: Which e-mail address shall we write to?, expect: email, retry: That is no e-mail address. }\n        number: { ask: And your phone number?, expect: phone, optional: true }\n      consent: { ask: May we write to you about new coffees?, topic: news }\n      timeout: 1h\n    on: { timeout: end, invalid: end }\n  thanks:\n    text: Thank you, ${name | default(\"friend\")}! We write to ${mail | default(\"you here\")} and call ${number | default(\"nobody\")}.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec {
                name: "fields",
                field: "map",
                doc: "name → `ask` (prose), `expect` (as in `listen`), `retry` (prose), `optional` (true: can be skipped), `label` (prose, for the summary)",
            },
            OptionSpec {
                name: "consent",
                field: "map",
                doc: "`ask` (prose), `topic` (name): a yes-or-no question, kept with time and words; with `required: true` a no is `invalid`",
            },
            OptionSpec {
                name: "summary",
                field: "prose",
                doc: "what is said at the end, with buttons to correct a field; every field on a line if absent, nothing with `false`",
            },
            OptionSpec { name: "times", field: "value", doc: "how often a question is asked again (2)" },
            OptionSpec { name: "timeout", field: "duration", doc: "how long to wait for each answer" },
        ]
    }
    fn group(&self) -> Group {
        Group::Messages
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::must("fields", Shape::Map(&FIELD), ""), Key::may("consent", CONSENT, ""), Key::may("times", Shape::Whole(0, 20), "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec {
                name: "timeout",
                otherwise: Otherwise::EndQuietly("expired"),
                doc: "no answer within `timeout`; nothing is stored",
            },
            OutcomeSpec {
                name: "invalid",
                otherwise: Otherwise::Fallback,
                doc: "no usable answer, or required consent was refused; no field is stored",
            },
        ]
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn stores_in_order(&self) -> bool {
        true
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let fields = options.take("fields").and_then(|n| match &n.value {
            Node::Map(entries) if !entries.is_empty() => Some((n, entries)),
            Node::Map(_) | Node::Null | Node::Scalar(_) | Node::List(_) => None,
        });
        // In the order in which they are asked: what is asked later can show what was answered before. All are looked at, so
        // that everything that is wrong is told at once.
        let entries = fields.map_or(&[][..], |(_, entries)| entries.as_slice());
        let read: Vec<Option<Field>> = entries.iter().take(MOST).map(|entry| read_field(&entry.key, &entry.value, reader)).collect();
        let consent = options.take("consent").map(|n| read_consent(n, reader));
        let summary = match options.take("summary") {
            None => Some(Summary::List),
            Some(node) if node.as_text() == Some("false") => None,
            Some(node) => Some(Summary::Said(reader.prose(node, "summary")?)),
        };
        let times = options.take("times").and_then(|n| reader.integer(n, "times", 0, 20)).and_then(|n| u32::try_from(n).ok());
        let timeout = options.take("timeout").and_then(|n| reader.duration(n, "timeout"));
        let Some((node, entries)) = fields else {
            reader.out.push(
                Diagnostic::error("E0188", value.span, "a lead needs fields: what it asks for, in order")
                    .help("write fields:, and under it name: { ask: \"What is your name?\" }"),
            );
            return None;
        };
        if entries.len() > MOST {
            reader.error("E0188", node.span, format!("a lead has at most {MOST} fields; nobody fills in more"));
            return None;
        }
        let consent = match consent {
            None => None,
            Some(read) => Some(read?),
        };
        let fields = read.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Box::new(Form { fields, consent, summary, times: times.unwrap_or(TIMES), timeout }))
    }
}

fn read_field(name: At<'_>, node: At<'_>, reader: &mut Reader<'_>) -> Option<Field> {
    let name_text = reader.identifier(name, "a field")?.to_owned();
    let mut fields = Fields::of(node, "a field of a lead", reader.out)?;
    let ask = fields.take("ask").map(|n| reader.prose(n, "ask"));
    let expect = fields.take("expect").map(|n| expect::read(n, reader));
    let retry = fields.take("retry").and_then(|n| reader.prose(n, "retry"));
    let label = fields.take("label").and_then(|n| reader.prose(n, "label"));
    let optional = fields.take("optional").and_then(|n| boolean(n, "optional", reader.out)).unwrap_or(false);
    fields.finish(reader.out);
    let Some(ask) = ask else {
        reader.out.push(
            Diagnostic::error("E0188", name.span, format!("the field {name_text} does not say what is asked"))
                .help(format!("write {name_text}: {{ ask: \"…\" }}")),
        );
        return None;
    };
    let expect = match expect {
        None => Expect::any_text(),
        Some(read) => read?,
    };
    Some(Field { name: name_text, ask: ask?, label, expect, retry, optional })
}

fn read_consent(node: At<'_>, reader: &mut Reader<'_>) -> Option<Agreement> {
    let mut fields = Fields::of(node, "consent", reader.out)?;
    let ask = fields.take("ask").map(|n| reader.prose(n, "ask"));
    let topic = fields.take("topic").and_then(|n| reader.text(n, "a topic").map(str::to_owned));
    let required = fields.take("required").and_then(|n| boolean(n, "required", reader.out)).unwrap_or(false);
    fields.finish(reader.out);
    let (Some(ask), Some(topic)) = (ask, topic) else {
        reader.out.push(
            Diagnostic::error("E0189", node.span, "consent needs what is asked, and to what topic the answer belongs")
                .help("write consent: { ask: \"May we write to you?\", topic: news }"),
        );
        return None;
    };
    Some(Agreement { ask: ask?, topic, required })
}

impl Form {
    fn stage(&self, stage: u16) -> Stage {
        let at = usize::from(stage % CORRECTING);
        let consents = usize::from(self.consent.is_some());
        match at.checked_sub(self.fields.len()) {
            None => Stage::Field(at),
            Some(0) if consents == 1 => Stage::Consent,
            Some(after) if after == consents && self.summary.is_some() => Stage::Summary,
            Some(_) => Stage::Over,
        }
    }

    /// Where the summary is.
    fn last(&self) -> u16 {
        u16::try_from(self.fields.len() + usize::from(self.consent.is_some())).unwrap_or(0)
    }

    /// Asks what a stage asks; what was answered so far can be shown.
    fn ask(&self, ask: &Ask, at: &mut Moving<'_, '_>) -> Result<Option<MessageId>, Fault> {
        match self.stage(ask.stage) {
            Stage::Field(index) => {
                let field = &self.fields[index];
                let text = rendered(&field.ask, ask, at)?;
                let skip = at.sentence("Skip");
                let labels = if field.optional { vec![(skip.clone(), skip)] } else { Vec::new() };
                expect::show(text, &labels, ask.stage, at)
            }
            Stage::Consent => {
                let Some(consent) = &self.consent else { return Ok(None) };
                let text = rendered(&consent.ask, ask, at)?;
                let labels = ["Yes", "No"].map(|word| (at.sentence(word), word.to_owned()));
                expect::show(text, &labels, ask.stage, at)
            }
            Stage::Summary => {
                let text = match &self.summary {
                    Some(Summary::Said(said)) => rendered(said, ask, at)?,
                    Some(Summary::List) | None => self.list(ask, at)?,
                };
                let mut labels = vec![(at.sentence("That is right"), RIGHT.to_owned())];
                for field in &self.fields {
                    let label = format!("{}: {}", at.sentence("Change"), name_of(field, at)?);
                    labels.push((label, field.name.clone()));
                }
                expect::show(text, &labels, ask.stage, at)
            }
            Stage::Over => Ok(None),
        }
    }

    /// Every field that was answered, on a line of its own.
    fn list(&self, ask: &Ask, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
        let mut lines = vec![at.sentence("Is this right?")];
        for field in &self.fields {
            if let Some(value) = ask.answers.get(&field.name) {
                let shown = expr::render(value, at.step.bot.timezone());
                lines.push(format!("{}: {shown}", name_of(field, at)?));
            }
        }
        Ok(lines.join("\n"))
    }

    /// Goes on to another stage: asks, or stores everything and is done.
    fn go(&self, stage: u16, at: &mut Moving<'_, '_>) -> Result<Option<Flow>, Fault> {
        let now = at.step.turn.now;
        let Rest::Asking(ask) = &mut at.run.rest else { return Ok(None) };
        ask.stage = stage;
        ask.tries = 0;
        ask.asked_at = now;
        ask.deadline = self.timeout.map(|t| now.plus_micros(t));
        let ask = ask.clone();
        if matches!(self.stage(stage), Stage::Over) {
            for field in &self.fields {
                if let Some(value) = ask.answers.get(&field.name) {
                    at.store(&field.name, Some(value.clone()))?;
                }
            }
            return Ok(Some(Flow::Next));
        }
        let message = self.ask(&ask, at)?;
        if let Rest::Asking(ask) = &mut at.run.rest {
            ask.message = message;
        }
        Ok(None)
    }

    /// After a field: the next stage, or the summary again if it was corrected.
    fn after_field(&self, stage: u16) -> u16 {
        if stage >= CORRECTING { self.last() } else { stage + 1 }
    }

    /// An answer that cannot be used.
    fn unusable(&self, retry: Option<&Template>, at: &mut Moving<'_, '_>) -> Result<Option<Flow>, Fault> {
        let now = at.step.turn.now;
        let Rest::Asking(ask) = &mut at.run.rest else { return Ok(None) };
        ask.tries += 1;
        if ask.tries > self.times {
            return Ok(Some(Flow::Outcome("invalid", String::new())));
        }
        ask.asked_at = now;
        ask.deadline = self.timeout.map(|t| now.plus_micros(t));
        let ask = ask.clone();
        if at.unsendable().is_some() {
            return Ok(None);
        }
        match retry {
            Some(retry) => {
                let text = rendered(retry, &ask, at)?;
                at.say(Content::text(text))?;
            }
            None => {
                let message = self.ask(&ask, at)?;
                if let Rest::Asking(ask) = &mut at.run.rest {
                    ask.message = message;
                }
            }
        }
        Ok(None)
    }
}

/// What a field is called.
fn name_of(field: &Field, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
    match &field.label {
        Some(label) => at.render(label),
        None => Ok(field.name.replace('_', " ")),
    }
}

/// Prose that may name what was answered so far, whatever kind of name it will be stored under.
fn rendered(template: &Template, ask: &Ask, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
    let vars = at.frame().vars.clone();
    let attributes = at.step.contact.attributes.clone();
    for (name, value) in ask.answers.clone() {
        if at.step.bot.attribute(&name).is_some() {
            at.step.contact.attributes.insert(name, value);
        } else {
            at.run.frame_mut().vars.insert(name, value);
        }
    }
    let text = at.render(template);
    at.run.frame_mut().vars = vars;
    at.step.contact.attributes = attributes;
    text
}

impl BlockBody for Form {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let now = at.step.turn.now;
        let mut ask = Ask::new(now, self.timeout.map(|t| now.plus_micros(t)));
        ask.message = self.ask(&ask, at)?;
        Ok(Flow::Rest(Rest::Asking(ask)))
    }

    fn waits(&self) -> Waits {
        Waits::Asks
    }

    fn topic(&self) -> Option<&str> {
        self.consent.as_ref().map(|consent| consent.topic.as_str())
    }

    fn timeout(&self) -> Option<i64> {
        self.timeout
    }

    fn hears(&self) -> bool {
        true
    }

    fn ask_again(&self, at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        let Rest::Asking(ask) = &at.run.rest else { return Ok(false) };
        let ask = ask.clone();
        let message = self.ask(&ask, at)?;
        if let Rest::Asking(ask) = &mut at.run.rest {
            ask.message = message;
        }
        Ok(true)
    }

    fn hear(&self, at: &mut Moving<'_, '_>, heard: &Heard<'_>) -> Result<Option<Flow>, Fault> {
        let Rest::Asking(ask) = &at.run.rest else { return Ok(None) };
        let stage = ask.stage;
        let said = spoken(heard.text);
        match self.stage(stage) {
            Stage::Field(index) => {
                let field = &self.fields[index];
                if field.optional && (said == spoken("skip") || said == spoken(&at.sentence("Skip"))) {
                    if let Rest::Asking(ask) = &mut at.run.rest {
                        ask.answers.remove(&field.name);
                    }
                    return self.go(self.after_field(stage), at);
                }
                match field.expect.read(heard, at)? {
                    Answer::Is(value) if at.fits(&field.name, &value) => {
                        if let Rest::Asking(ask) = &mut at.run.rest {
                            ask.answers.insert(field.name.clone(), value);
                        }
                        self.go(self.after_field(stage), at)
                    }
                    Answer::Either(readings) => {
                        expect::ask_which(&readings, self.timeout, at)?;
                        Ok(None)
                    }
                    Answer::Is(_) | Answer::No => self.unusable(field.retry.as_ref(), at),
                }
            }
            Stage::Consent => {
                let Some(consent) = &self.consent else { return Ok(None) };
                let Some(Value::Bool(given)) = Expect::YesNo.read_answer(heard.text, at) else { return self.unusable(None, at) };
                let words = rendered(&consent.ask, &current(at), at)?;
                let proof = format!("{words} ({})", at.step.conversation.address.channel);
                at.change(&Change::Consent { topic: consent.topic.clone(), channel: None, given, proof });
                if consent.required && !given {
                    return Ok(Some(Flow::Outcome("invalid", String::new())));
                }
                self.go(stage + 1, at)
            }
            Stage::Summary => {
                let right = heard.text == RIGHT
                    || said == spoken(&at.sentence("That is right"))
                    || Expect::YesNo.read_answer(heard.text, at) == Some(Value::Bool(true));
                if right {
                    return self.go(stage + 1, at);
                }
                let mut chosen = None;
                for (index, field) in self.fields.iter().enumerate() {
                    if field.name == heard.text || spoken(&name_of(field, at)?) == said {
                        chosen = u16::try_from(index).ok();
                    }
                }
                match chosen {
                    Some(index) => self.go(CORRECTING + index, at),
                    None => self.unusable(None, at),
                }
            }
            Stage::Over => Ok(Some(Flow::Next)),
        }
    }
}

/// The question at hand.
fn current(at: &Moving<'_, '_>) -> Ask {
    match &at.run.rest {
        Rest::Asking(ask) => ask.clone(),
        Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => Ask::new(at.step.turn.now, None),
    }
}
