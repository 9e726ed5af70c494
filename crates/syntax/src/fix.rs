//! Applying the fixes that are sure: the edits of diagnostics, each fix whole or not at all, and no other byte.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Edit};
use crate::source::Sources;
use crate::span::FileId;

/// What applying fixes came to.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// The new text of every file that changed.
    pub texts: BTreeMap<FileId, String>,
    /// The faults whose fix is in, in order.
    pub applied: Vec<Diagnostic>,
}

/// The texts with every sure fix that `wanted` wants and that touches no byte of one before it.
pub fn apply_fixes(diagnostics: &Diagnostics, sources: &Sources, wanted: impl Fn(&Diagnostic) -> bool) -> Fixed {
    let mut taken: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut applied = Vec::new();
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fix.as_ref().filter(|fix| fix.sure && wanted(diagnostic)) else { continue };
        let free = |edit: &Edit| {
            let inside = sources.text(edit.span.file).get(edit.span.range()).is_some();
            inside && taken.get(&edit.span.file).is_none_or(|others| others.iter().all(|other| apart(edit, other)))
        };
        let apart_within = fix.edits.iter().enumerate().all(|(at, edit)| fix.edits.iter().take(at).all(|other| apart(edit, other)));
        if fix.edits.is_empty() || !apart_within || !fix.edits.iter().all(free) {
            continue;
        }
        for edit in &fix.edits {
            taken.entry(edit.span.file).or_default().push(edit.clone());
        }
        applied.push(diagnostic.clone());
    }
    let texts = taken.into_iter().map(|(file, edits)| (file, edited(sources.text(file), edits))).collect();
    Fixed { texts, applied }
}

/// Whether two edits have nothing to do with one another; touching is too close, for what stands between them is unclear.
fn apart(a: &Edit, b: &Edit) -> bool {
    a.span.file != b.span.file || a.span.end < b.span.start || b.span.end < a.span.start
}

fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in &edits {
        let range = edit.span.range();
        out.push_str(text.get(at..range.start).unwrap_or(""));
        out.push_str(&edit.replacement);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn at(sources: &Sources, from: usize, to: usize) -> Span {
        Span::new(sources.files().next().expect("there is a file"), from..to)
    }

    #[test]
    fn sure_fixes_go_in_whole_and_once() {
        let mut sources = Sources::new();
        sources.add("a", "one two three".to_owned());
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error("E0011", at(&sources, 0, 3), "a").replace(at(&sources, 0, 3), "1", "x"));
        found.push(
            Diagnostic::error("E0011", at(&sources, 4, 7), "b")
                .replace(at(&sources, 4, 7), "2", "x")
                // Touches the first: the whole fix stays out.
                .replace(at(&sources, 2, 3), "!", "x"),
        );
        found.push(Diagnostic::error("E0011", at(&sources, 8, 9), "c").guess(at(&sources, 8, 13), "3", "x"));
        let fixed = apply_fixes(&found, &sources, |_| true);
        assert_eq!(fixed.texts.values().collect::<Vec<_>>(), ["1 two three"]);
        assert_eq!(fixed.applied.len(), 1);
        assert!(apply_fixes(&found, &sources, |_| false).texts.is_empty());
    }
}
