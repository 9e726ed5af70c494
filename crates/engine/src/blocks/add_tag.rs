//! `add_tag`: adds a tag (FL 7.5).

use super::{BlockBody, BlockKind, Fault, Flow, OptionSpec, Otherwise, OutcomeSpec};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use expr::Template;
use model::Change;

#[derive(Debug)]
pub(crate) struct AddTag;

#[derive(Debug)]
struct Tags(Vec<Template>);

impl BlockKind for AddTag {
    fn key(&self) -> &'static str {
        "add_tag"
    }
    fn summary(&self) -> &'static str {
        "Adds one or several tags."
    }
    fn example(&self) -> &'static str {
        "skill: mark\ncatch:\n  - command: mark\nblocks:\n  mark:\n    add_tag: helped\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[OptionSpec { name: "add_tag", field: "prose, or a list", doc: "the tag, up to 64 characters" }]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec { name: "error", otherwise: Otherwise::Error, doc: "the tag renders empty or too long" }]
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, _options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let written = one_or_many(value);
        if written.is_empty() {
            reader.error("E0125", value.span, "the list of tags is empty");
            return None;
        }
        let tags: Vec<Template> = written.iter().filter_map(|n| reader.tag(n)).collect();
        (tags.len() == written.len()).then(|| Box::new(Tags(tags)) as Box<dyn BlockBody>)
    }
}

impl BlockBody for Tags {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        for tag in &self.0 {
            let label = super::label::tag_label(tag, at)?;
            at.change(&Change::AddTag(label));
        }
        Ok(Flow::Next)
    }
}
