//! `live_chat`: asks for a human and hands the conversation over (FL 5.5).

use super::{BlockBody, BlockKind, Fault, Flow, Key, OptionSpec, Otherwise, OutcomeSpec, Shape, Waits};
use crate::bot::reader::{At, Fields, Reader, unknown};
use crate::step::Moving;
use expr::Template;
use model::Content;

/// How long a request waits, if nothing is said: 30 minutes (FL 5.6).
const TIMEOUT: i64 = 1_800_000_000;

#[derive(Debug)]
pub(crate) struct LiveChat;

#[derive(Debug)]
struct HandOver {
    group: String,
    message: Option<Template>,
    timeout: i64,
}

impl BlockKind for LiveChat {
    fn key(&self) -> &'static str {
        "live_chat"
    }
    fn summary(&self) -> &'static str {
        "Asks a group of agents for a human. While the request waits or an agent has it, the bot is silent; when the agent closes it, the run goes on."
    }
    fn example(&self) -> &'static str {
        "skill: talk\ncatch:\n  - command: human\nblocks:\n  person:\n    live_chat: { group: support, message: \"You are number ${queue.position} in line.\", timeout: 5m }\n    on: { timeout: sorry, no_agent: sorry }\n    next: end\n  sorry:\n    text: Nobody is free right now. We will write to you here.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "group", field: "name", doc: "who is asked: a group of bot.yaml" },
            OptionSpec { name: "message", field: "prose", doc: "said when the request waits; knows `queue.position`" },
            OptionSpec { name: "timeout", field: "duration", doc: "how long the request waits for an agent (30m)" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::must("group", Shape::Text, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        const SORRY: &str = "Nobody is available right now. Your request is noted; we will write to you here.";
        &[
            OutcomeSpec { name: "timeout", otherwise: Otherwise::SayThenNext(SORRY), doc: "no agent took it within `timeout`" },
            OutcomeSpec {
                name: "no_agent",
                otherwise: Otherwise::SayThenNext(SORRY),
                doc: "nobody of the group is online and accepting; taken at once",
            },
            OutcomeSpec {
                name: "closed_hours",
                otherwise: Otherwise::SayThenNext(SORRY),
                doc: "the group's calendar (`hours` in bot.yaml) is closed; taken at once, and the request is listed as missed",
            },
            OutcomeSpec {
                name: "customer_left",
                otherwise: Otherwise::EndQuietly("customer left"),
                doc: "the customer cannot be reached any more (they blocked the bot), or opted out while they waited; the request leaves the desk",
            },
            OutcomeSpec {
                name: "error",
                otherwise: Otherwise::Error,
                doc: "nobody can be asked: bot.yaml does not have the group any more",
            },
        ]
    }
    fn group(&self) -> super::Group {
        super::Group::Events
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        // `live_chat: support` is the short form.
        let group_node = match value.as_text() {
            Some(_) => value,
            None if matches!(value.value, syntax::Node::Map(_)) => options.need("group", reader.out)?,
            None => {
                reader.error("E0103", value.span, format!("live_chat asks one group, not {}: live_chat: support", value.kind_name()));
                return None;
            }
        };
        let message = options.take("message").and_then(|n| reader.prose(n, "message"));
        let timeout = options.take("timeout").and_then(|n| reader.duration(n, "timeout")).unwrap_or(TIMEOUT);
        if let Some(node) = options.take("assignee") {
            reader.error("E0122", node.span, "asking one agent is not built yet; ask a group");
        }
        let group = reader.text(group_node, "a group")?.trim();
        if !reader.names.groups.iter().any(|g| g == group) {
            let known = reader.names.groups.iter().map(String::as_str);
            let message = format!("there is no group \"{group}\"");
            let diagnostic = unknown("E0120", group_node.span, &message, group, known, "declare it under groups in bot.yaml; there are");
            reader.out.push(diagnostic);
            return None;
        }
        Some(Box::new(HandOver { group: group.to_owned(), message, timeout }))
    }
}

impl BlockBody for HandOver {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let run = at.run.id;
        // Groups are always current, a run's blocks are not (FL 5.9).
        if !at.step.bot.groups().iter().any(|g| g.name == self.group) {
            return Err(Fault::Failed(format!("there is no group {} any more", self.group)));
        }
        if at.step.is_closed(&self.group) {
            at.step.note_missed(run, &self.group, "closed_hours");
            return Ok(Flow::Outcome("closed_hours", String::new()));
        }
        Ok(Flow::Rest(at.step.ask_for_human(run, &self.group)))
    }

    fn waits(&self) -> Waits {
        Waits::HandsOver
    }

    fn timeout(&self) -> Option<i64> {
        Some(self.timeout)
    }

    /// Says the place in line; the desk's answer is what makes `queue.position` known.
    fn ask_again(&self, at: &mut Moving<'_, '_>) -> Result<bool, Fault> {
        if let Some(message) = &self.message {
            let text = at.render(message)?;
            at.say(Content::text(text))?;
        }
        Ok(true)
    }
}
