//! What `add_tag` and `remove_tag` share: one or several tags, each rendered when the block runs (FL 7.5).

use super::{BlockBody, Does, Fault, Flow, Otherwise, OutcomeSpec};
use crate::bot::reader::{At, Reader, one_or_many};
use crate::step::Moving;
use expr::Template;
use model::Change;

/// The outcomes of both.
pub(super) const OUTCOMES: &[OutcomeSpec] =
    &[OutcomeSpec { name: "error", otherwise: Otherwise::Error, doc: "the tag renders empty or too long" }];

/// The tags, and whether they are put on or taken off.
#[derive(Debug)]
struct Tags {
    tags: Vec<Template>,
    added: bool,
}

/// Reads a tag or a list of them.
pub(super) fn read(value: At<'_>, added: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
    let written = one_or_many(value);
    if written.is_empty() {
        reader.error("E0125", value.span, "the list of tags is empty");
        return None;
    }
    let tags: Vec<Template> = written.iter().filter_map(|n| reader.tag(n)).collect();
    (tags.len() == written.len()).then(|| Box::new(Tags { tags, added }) as Box<dyn BlockBody>)
}

impl BlockBody for Tags {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        for tag in &self.tags {
            let label = super::label::tag_label(tag, at)?;
            at.change(&if self.added { Change::AddTag(label) } else { Change::RemoveTag(label) });
        }
        Ok(Flow::Next)
    }

    fn does(&self) -> Vec<Does<'_>> {
        self.tags.iter().map(|label| Does::Tag { label, added: self.added }).collect()
    }
}
