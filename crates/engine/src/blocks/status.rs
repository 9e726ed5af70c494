//! `status`: sets the contact's stage (FL 7.4). An opt-out is no stage of the bot's own: one of those does not end it (FL 7.9).

use super::{BlockBody, BlockKind, Does, Fault, Flow, OptionSpec, OutcomeSpec};
use crate::bot::{
    names::STATUSES,
    reader::{At, Fields, Reader, unknown},
};
use crate::step::Moving;
use model::Change;

const UNSUBSCRIBED: &str = "unsubscribed";

#[derive(Debug)]
pub(crate) struct Status;

#[derive(Debug)]
struct Stage(String);

impl BlockKind for Status {
    fn key(&self) -> &'static str {
        "status"
    }
    fn summary(&self) -> &'static str {
        "Sets the contact's status: active, unsubscribed, blocked, or one of `statuses` in bot.yaml. Who is unsubscribed stays so for one of \
         those; `active` subscribes them again."
    }
    fn example(&self) -> &'static str {
        "skill: later\ncatch:\n  - command: later\nblocks:\n  later:\n    status: active\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[OptionSpec { name: "status", field: "name", doc: "the status" }]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn group(&self) -> super::Group {
        super::Group::Data
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, _options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let name = reader.text(value, "a status")?.trim();
        if !reader.names.statuses.iter().any(|s| s == name) {
            let known = reader.names.statuses.iter().map(String::as_str);
            let diagnostic = unknown(
                "E0120",
                value.span,
                &format!("there is no status \"{name}\""),
                name,
                known,
                "declare it under statuses in bot.yaml; there are",
            );
            reader.out.push(diagnostic);
            return None;
        }
        Some(Box::new(Stage(name.to_owned())))
    }
}

impl BlockBody for Stage {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        if at.step.contact.status == UNSUBSCRIBED && !STATUSES.contains(&self.0.as_str()) {
            at.step.rule("7.9", format!("the contact opted out and does not become {}", self.0));
            return Ok(Flow::Next);
        }
        at.change(&Change::SetStatus(self.0.clone()));
        Ok(Flow::Next)
    }

    fn does(&self) -> Vec<Does<'_>> {
        vec![Does::Status(&self.0)]
    }
}
