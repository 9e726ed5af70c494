//! `add_tag`: adds a tag (FL 7.5).

use super::{BlockBody, BlockKind, OptionSpec, OutcomeSpec};
use crate::bot::reader::{At, Fields, Reader, one_with_commas};

#[derive(Debug)]
pub(crate) struct AddTag;

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
        super::tags::OUTCOMES
    }
    fn group(&self) -> super::Group {
        super::Group::Data
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, _options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        one_with_commas(value, "tag", reader.out);
        super::tags::read(value, true, reader)
    }
}
