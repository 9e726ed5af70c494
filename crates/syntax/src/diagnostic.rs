//! What is wrong with a bot, where, and how to put it right.

use crate::span::{FileId, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The bot cannot be used.
    Error,
    /// The bot can be used, and probably does not do what was meant.
    Warning,
}

/// A second place that helps to understand, with its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// One replacement of source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What goes; empty to insert.
    pub span: Span,
    /// What comes.
    pub replacement: String,
}

/// A change of the source that puts it right, or is the likeliest way to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What the change does, as an order: "put quotes round the value".
    pub title: String,
    /// The replacements; they do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it surely says what was meant, so that `check --fix` may apply it; else it is the likeliest way.
    pub sure: bool,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable code, `E0107` or `W0003`, with a page `docs/errors/CODE.md`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: one lower-case sentence without a full stop.
    pub message: String,
    /// The place.
    pub primary: Span,
    /// Words under the caret; may be empty.
    pub primary_label: String,
    /// Other places.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// A change that does it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, span, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, span, message)
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        let (primary_label, labels) = (String::new(), Vec::new());
        Diagnostic { code, severity, message: message.into(), primary: span, primary_label, labels, help: None, fix: None }
    }

    /// Words under the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary_label = text.into();
        self
    }

    /// What to do. A second call adds a line.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        let text = text.into();
        self.help = Some(match self.help.take() {
            Some(before) => format!("{before}\n{text}"),
            None => text,
        });
        self
    }

    /// Another place that helps to understand.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// A replacement that surely puts it right. A second call adds an edit to the same fix; its title is the first one's.
    #[must_use]
    pub fn replace(self, span: Span, replacement: impl Into<String>, title: impl Into<String>) -> Diagnostic {
        self.edit(Edit { span, replacement: replacement.into() }, title.into(), true)
    }

    /// A replacement that is likely meant, such as a similar name: shown, and applied by nobody but a person.
    #[must_use]
    pub fn guess(self, span: Span, replacement: impl Into<String>, title: impl Into<String>) -> Diagnostic {
        self.edit(Edit { span, replacement: replacement.into() }, title.into(), false)
    }

    fn edit(mut self, edit: Edit, title: String, sure: bool) -> Diagnostic {
        match &mut self.fix {
            Some(fix) => {
                fix.edits.push(edit);
                fix.sure &= sure;
            }
            None => self.fix = Some(Fix { title, edits: vec![edit], sure }),
        }
        self
    }
}

/// Faults, sorted by place and without repeats: `(file, start, severity, code)`, then the order of arrival. Adding one costs as much
/// wherever it belongs: a hostile bot has thousands.
#[derive(Clone, Default, Debug)]
pub struct Diagnostics {
    sorted: BTreeMap<Place, Diagnostic>,
    errors: usize,
    /// How many were added: the order of arrival.
    arrived: u32,
}

/// Where a diagnostic belongs among the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place(FileId, u32, Severity, &'static str, u32);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds one, unless it is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let place = |number| Place(diagnostic.primary.file, diagnostic.primary.start, diagnostic.severity, diagnostic.code, number);
        if self.sorted.range(place(0)..=place(u32::MAX)).any(|(_, other)| *other == diagnostic) {
            return;
        }
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.arrived += 1;
        self.sorted.insert(place(self.arrived), diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in others {
            self.push(diagnostic);
        }
    }

    /// In order.
    pub fn iter(&self) -> Iter<'_> {
        self.sorted.values()
    }

    /// Those of a file that begin within these bytes of it, in order.
    pub fn within(&self, file: FileId, bytes: Range<u32>) -> impl Iterator<Item = &Diagnostic> {
        let at = |start| Place(file, start, Severity::Error, "", 0);
        self.sorted.range(at(bytes.start)..at(bytes.end.max(bytes.start))).map(|(_, diagnostic)| diagnostic)
    }

    /// How many, errors and warnings.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// True when the bot cannot be used.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many warnings.
    pub fn warning_count(&self) -> usize {
        self.sorted.len() - self.errors
    }
}

/// Diagnostics in order.
pub type Iter<'a> = std::collections::btree_map::Values<'a, Place, Diagnostic>;

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::collections::btree_map::IntoValues<Place, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_values()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.values()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, others: I) {
        Diagnostics::extend(self, others);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Diagnostics {
        let mut all = Diagnostics::new();
        Diagnostics::extend(&mut all, iter);
        all
    }
}
