//! One slip, one word: where the notation already told what is wrong with a value, that it is empty is not told as well.

use syntax::{Diagnostic, Diagnostics, Severity};

/// Values the notation left empty: `{ do }` without a value, `add_tag: #vip` which is a comment.
const EMPTIED: [&str; 2] = ["E0034", "W0002"];
/// What readers say of an empty value.
const EMPTY: [&str; 2] = ["E0103", "E0104"];

/// How far an empty value stands from what emptied it: a colon and a space.
const NEAR: u32 = 2;

/// How many of each kind are looked at: beyond so many nobody reads them.
const MOST: usize = 200;

/// The diagnostics, each slip once: an error stays, and takes over the fix of a warning about the same place.
pub(super) fn once_each(found: Diagnostics) -> Diagnostics {
    let is_empty = |one: &&Diagnostic| EMPTY.contains(&one.code) && one.primary.start == one.primary.end;
    let causes: Vec<Diagnostic> = found.iter().filter(|one| EMPTIED.contains(&one.code)).take(MOST).cloned().collect();
    let effects: Vec<Diagnostic> = found.iter().filter(is_empty).take(MOST).cloned().collect();
    if causes.is_empty() || effects.is_empty() {
        return found;
    }
    let about = |empty: &Diagnostic, cause: &Diagnostic| {
        let (a, b) = (empty.primary, cause.primary);
        a.file == b.file && b.start.saturating_sub(NEAR) <= a.start && a.start <= b.end + NEAR
    };
    let mut kept = Diagnostics::new();
    for mut one in found {
        let cause = causes.iter().find(|cause| is_empty(&&one) && about(&one, cause));
        let effect = effects.iter().find(|effect| EMPTIED.contains(&one.code) && about(effect, &one));
        match (cause, effect) {
            (Some(cause), _) if cause.severity == Severity::Error => {}
            (Some(cause), _) => {
                one.primary = cause.primary;
                one.fix = one.fix.or_else(|| cause.fix.clone());
                kept.push(one);
            }
            (None, Some(_)) if one.severity == Severity::Warning => {}
            (None, _) => kept.push(one),
        }
    }
    kept
}
