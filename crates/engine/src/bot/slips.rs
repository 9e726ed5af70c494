//! One slip, one word: where the notation already told what is wrong with a value, that it is empty is not told as well.

use syntax::{Diagnostic, Diagnostics, Severity};

/// Values the notation left empty: `{ do }` without a value, `add_tag: #vip` which is a comment.
const EMPTIED: [&str; 2] = ["E0034", "W0002"];
/// What readers say of an empty value.
const EMPTY: [&str; 2] = ["E0103", "E0104"];

/// How far an empty value stands from what emptied it: a colon and a space.
const NEAR: u32 = 2;

/// The diagnostics, each slip once: an error stays, and takes over the fix of a warning about the same place.
pub(super) fn once_each(found: Diagnostics) -> Diagnostics {
    let all: Vec<Diagnostic> = found.into_iter().collect();
    let about = |empty: &Diagnostic, cause: &Diagnostic| {
        let (a, b) = (empty.primary, cause.primary);
        let near = b.start.saturating_sub(NEAR) <= a.start && a.start <= b.end + NEAR;
        EMPTY.contains(&empty.code) && EMPTIED.contains(&cause.code) && a.file == b.file && a.start == a.end && near
    };
    let mut kept = Vec::with_capacity(all.len());
    for one in &all {
        let cause = all.iter().find(|cause| about(one, cause));
        let effect = all.iter().find(|effect| about(effect, one));
        match (cause, effect) {
            (Some(cause), _) if cause.severity == Severity::Error => {}
            (Some(cause), _) => {
                let mut told = one.clone();
                told.primary = cause.primary;
                told.fix = told.fix.or_else(|| cause.fix.clone());
                kept.push(told);
            }
            (None, Some(_)) if one.severity == Severity::Warning => {}
            (None, _) => kept.push(one.clone()),
        }
    }
    kept.into_iter().collect()
}
