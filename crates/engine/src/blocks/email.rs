//! `email`: sends a mail.

use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::bot::services::is_mail_address;
use crate::step::Moving;
use expr::Template;
use model::{CallKind, Came, MailCall, Reply, Value};
use syntax::Diagnostic;

#[derive(Debug)]
pub(crate) struct Email;

#[derive(Debug)]
struct Mail {
    /// None: the contact's own address.
    to: Vec<Template>,
    subject: Template,
    body: Template,
    markdown: bool,
    reply_to: Option<Template>,
}

/// The most recipients of one mail.
const RECIPIENTS: usize = 10;
/// The longest subject, in characters.
const SUBJECT: usize = 200;
/// The longest text, in bytes.
const BODY: usize = 64 * 1024;

impl BlockKind for Email {
    fn key(&self) -> &'static str {
        "email"
    }
    fn summary(&self) -> &'static str {
        "Sends a mail through the server of `email:` in bot.yaml, to the contact unless `to` says otherwise. The run goes on when the server took it."
    }
    fn example(&self) -> &'static str {
        "skill: receipt\ncatch:\n  - command: receipt\nblocks:\n  mail:\n    email:\n      to: office@shop.example\n      subject: A receipt for ${first_name | default('somebody')}\n      body: Please send the receipt.\n    on: { error: sorry }\n  told:\n    text: We will send it to you.\n    next: end\n  sorry:\n    text: That did not work. Please try again later.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec {
                name: "to",
                field: "prose, or a list",
                doc: "the address, or up to 10; without it the contact's attribute `email`",
            },
            OptionSpec { name: "subject", field: "prose", doc: "the subject: one line of at most 200 characters" },
            OptionSpec { name: "body", field: "prose", doc: "the text" },
            OptionSpec { name: "format", field: "value", doc: "`text`, or `markdown`: sent as HTML with the text beside it" },
            OptionSpec { name: "reply_to", field: "prose", doc: "the address that answers go to, if not the sender's" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::must("subject", Shape::Prose, ""),
                Key::must("body", Shape::Prose, ""),
                Key::may("format", Shape::OneOf(&["text", "markdown"]), ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec {
            name: "error",
            otherwise: Otherwise::Error,
            doc: "there is no address or it is none, or the mail server did not take it after several tries",
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
            reader.error("E0103", value.span, "email is a map with subject and body");
            return None;
        }
        if reader.names.services.email.is_none() {
            reader.out.push(
                Diagnostic::error("E0167", value.span, "this bot has no mail server")
                    .help("say in bot.yaml where mail leaves: email: { from: shop@shop.example, smtp: { host: mail.shop.example } }"),
            );
        }
        let mut to = Vec::new();
        let mut good = true;
        for node in options.take("to").map(one_or_many).unwrap_or_default() {
            match read_address(node, "to", reader) {
                Some(template) => to.push(template),
                None => good = false,
            }
        }
        if to.len() > RECIPIENTS {
            reader.error("E0104", value.span, format!("a mail has at most {RECIPIENTS} recipients"));
            return None;
        }
        let subject = options.need("subject", reader.out).and_then(|n| reader.prose(n, "subject"));
        let body = options.need("body", reader.out).and_then(|n| reader.prose(n, "body"));
        let format = options.take("format");
        let markdown = match format.map(|n| (n, reader.text(n, "format"))) {
            None | Some((_, Some("text") | None)) => false,
            Some((_, Some("markdown"))) => true,
            Some((node, Some(other))) => {
                reader.error("E0104", node.span, format!("format is text or markdown, not \"{other}\""));
                false
            }
        };
        let reply_to = match options.take("reply_to") {
            None => None,
            Some(node) => Some(read_address(node, "reply_to", reader)?),
        };
        let (subject, body) = (subject?, body?);
        good.then(|| Box::new(Mail { to, subject, body, markdown, reply_to }) as Box<dyn BlockBody>)
    }
}

/// An address; one that is written out is checked here.
fn read_address(node: At<'_>, what: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let template = reader.prose(node, what)?;
    if let Some(address) = template.literal()
        && !is_mail_address(address.trim())
    {
        reader.out.push(
            Diagnostic::error("E0166", node.span, format!("{what} is a mail address such as office@shop.example, not \"{address}\""))
                .help("write the bare address; several addresses are a list"),
        );
        return None;
    }
    Some(template)
}

/// An address as it is now.
fn address(template: &Template, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
    checked(at.render(template)?.trim().to_owned())
}

fn checked(address: String) -> Result<String, Fault> {
    // What somebody typed is not repeated to the operator.
    if is_mail_address(&address) { Ok(address) } else { Err(Fault::Failed("the address is no mail address".into())) }
}

impl BlockBody for Mail {
    fn matters(&self) -> Option<super::Matters> {
        Some(super::Matters { outcome: "error", when: "when the mail server does not take it" })
    }

    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let to = if self.to.is_empty() {
            at.may_write_to_contact("email")?;
            match at.step.attribute_now("email") {
                Some(Value::Text(own)) => vec![checked(own)?],
                Some(_) | None => return Err(Fault::Failed("the contact has no mail address".into())),
            }
        } else {
            self.to.iter().map(|template| address(template, at)).collect::<Result<_, _>>()?
        };
        let reply_to = self.reply_to.as_ref().map(|template| address(template, at)).transpose()?;
        let subject: String = at.render(&self.subject)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject: String = subject.chars().filter(|c| !c.is_control()).take(SUBJECT).collect();
        let body = at.render(&self.body)?;
        if body.len() > BODY {
            return Err(Fault::Failed(format!("the mail is longer than {} kB", BODY / 1024)));
        }
        Ok(at.request(CallKind::Mail(MailCall { to, subject, body, markdown: self.markdown, reply_to })))
    }

    fn requests(&self) -> bool {
        true
    }

    fn replied(&self, _at: &mut Moving<'_, '_>, came: &Came) -> Result<Reply, Fault> {
        Ok(sent_reply(came, "the mail server"))
    }
}

/// What becomes of something that was sent: it was taken, or the `error` outcome.
pub(super) fn sent_reply(came: &Came, who: &str) -> Reply {
    let reason = match came {
        Came::Sent { id } => {
            let event = id.iter().map(|id| ("id".to_owned(), Value::text(id.clone()))).collect();
            return Reply { event, ..Reply::default() };
        }
        Came::Failed { reason, .. } => reason.clone(),
        Came::TimedOut => format!("{who} did not answer in time"),
        Came::Http { status, .. } => format!("{who} answered with status {status}"),
    };
    let event = [("reason".to_owned(), Value::text(reason.clone()))].into_iter().collect();
    Reply { outcome: Some("error".into()), reason, event, save: Vec::new() }
}
