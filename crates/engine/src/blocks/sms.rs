//! `sms`: sends a text message to a phone.

use super::email::sent_reply;
use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{AttributeType, CallKind, Came, Reply, SmsCall, Value};
use syntax::Diagnostic;

#[derive(Debug)]
pub(crate) struct Sms;

#[derive(Debug)]
struct Short {
    /// None: the contact's own number.
    to: Option<Template>,
    text: Template,
}

/// The longest text that providers take, in characters.
const TEXT: usize = 1_600;

impl BlockKind for Sms {
    fn key(&self) -> &'static str {
        "sms"
    }
    fn summary(&self) -> &'static str {
        "Sends a text message to a phone through the provider of `sms:` in bot.yaml, to the contact unless `to` says otherwise. The run goes on when the provider took it."
    }
    fn example(&self) -> &'static str {
        "skill: alarm\ncatch:\n  - command: alarm\nblocks:\n  text_them:\n    sms:\n      to: \"+34600111222\"\n      text: ${first_name | default('Somebody')} needs help.\n    on: { error: sorry }\n  told:\n    text: Help is on the way.\n    next: end\n  sorry:\n    text: Please call +34600111222.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "to", field: "prose", doc: "the number; without it the contact's attribute `phone`" },
            OptionSpec { name: "text", field: "prose", doc: "the text, at most 1600 characters" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("to", Shape::Prose, ""), Key::must("text", Shape::Prose, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec {
            name: "error",
            otherwise: Otherwise::Error,
            doc: "there is no number or it is none, the text is empty or too long, or the provider did not take it",
        }]
    }
    fn group(&self) -> Group {
        Group::Messages
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if value.as_map().is_none() {
            reader.error("E0103", value.span, "sms is a map with text");
            return None;
        }
        if reader.names.services.sms.is_none() {
            reader.out.push(
                Diagnostic::error("E0167", value.span, "this bot has no provider of text messages").help(
                    "name one in bot.yaml: sms: { provider: twilio, account: …, token: \"${env.SMS_TOKEN}\", from: \"+34600111222\" }",
                ),
            );
        }
        let to = match options.take("to") {
            None => None,
            Some(node) => Some(reader.prose(node, "to")?),
        };
        let text = options.need("text", reader.out).and_then(|n| reader.prose(n, "text"))?;
        Some(Box::new(Short { to, text }))
    }
}

impl BlockBody for Short {
    fn matters(&self) -> Option<super::Matters> {
        Some(super::Matters { outcome: "error", when: "when the message is not taken" })
    }

    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let written = match &self.to {
            Some(template) => at.render(template)?,
            None => {
                at.may_write_to_contact("sms")?;
                match at.step.attribute_now("phone") {
                    Some(Value::Text(own)) => own,
                    Some(_) | None => return Err(Fault::Failed("the contact has no phone number".into())),
                }
            }
        };
        let number = at.with_facts(|facts, _| {
            let context = expr::Coercion { language: None, country: facts.bot.country(), zone: facts.bot.timezone(), now: facts.now };
            expr::coerce(&Value::text(written.trim()), &AttributeType::Phone, &context)
        });
        let Ok(Value::Text(to)) = number else { return Err(Fault::Failed("the number is no phone number".into())) };
        let text = at.render(&self.text)?.trim().to_owned();
        if text.is_empty() || text.chars().count() > TEXT {
            return Err(Fault::Failed(format!("a text message has 1 to {TEXT} characters")));
        }
        Ok(at.request(CallKind::Sms(SmsCall { to, text })))
    }

    fn requests(&self) -> bool {
        true
    }

    fn replied(&self, _at: &mut Moving<'_, '_>, came: &Came) -> Result<Reply, Fault> {
        Ok(sent_reply(came, "the provider"))
    }
}
