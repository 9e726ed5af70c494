//! The label of a tag, as a block renders it (FL 7.5).

use super::Fault;
use crate::step::Moving;
use expr::Template;

/// A tag's label as rendered.
///
/// # Errors
/// [`Fault::Failed`] if it is empty or longer than 64 characters.
pub(crate) fn tag_label(tag: &Template, at: &mut Moving<'_, '_>) -> Result<String, Fault> {
    let label = at.render(tag)?.trim().to_owned();
    match label.chars().count() {
        1..=64 => Ok(label),
        0 => Err(Fault::Failed("the tag is empty".into())),
        n => Err(Fault::Failed(format!("the tag has {n} characters; 64 are allowed"))),
    }
}
