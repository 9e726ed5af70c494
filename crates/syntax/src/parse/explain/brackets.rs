//! Lines and brackets in the wrong place: indentation that fits nothing, `{ }` and `[ ]` that do not close or hold what they cannot.

use super::super::line::{Line, end_in_flow, leading_blanks, part, shown};
use super::super::{Cover, flow};
use super::{Explained, Fault, Meant};
use crate::diagnostic::Diagnostic;

/// How far above a line its neighbours are looked for, in lines, and how many are named.
const FARTHEST: usize = 500;
const MOST_COLUMNS: usize = 3;

/// What a value that begins with this bracket is.
fn list_or_map(bracket: char) -> &'static str {
    if bracket == '[' { "list" } else { "map" }
}

impl Fault<'_, '_> {
    pub(super) fn misplaced_line(&self) -> Explained {
        if let Some(open) = self.unclosed_above() {
            return self.unclosed(open);
        }
        let before = part(self.text, self.line.indent.end..self.at).trim();
        if !before.is_empty() && self.seen.end <= self.at && self.seen.end > self.line.all.start {
            return self.goes_on();
        }
        let place = self.reports.span(self.line.indent.end..self.line.value.end.max(self.line.indent.end));
        if part(self.text, self.line.indent.end..self.line.all.end).starts_with('-') {
            let diagnostic = Diagnostic::error("E0032", place, "a list item stands among `key: value` lines")
                .help("a list stands below the key that it belongs to, indented by two spaces");
            return (diagnostic, None);
        }
        let columns = self.line.indent.len();
        let mut diagnostic = Diagnostic::error("E0012", place, "this line's indentation fits nothing above it")
            .label(format!("indented by {columns}"))
            .help("lines that belong together begin in the same column; what belongs to a line is indented by two spaces more");
        if let Some(fitting) = self.columns_above() {
            diagnostic = diagnostic.help(format!("indent it by {fitting}"));
        }
        (diagnostic, None)
    }

    /// The columns that the line at fault could begin in, each with the line above that begins there, the nearest first.
    fn columns_above(&self) -> Option<String> {
        let mut found: Vec<String> = Vec::new();
        let mut least = usize::MAX;
        for line in part(self.text, 0..self.line.all.start).lines().rev().take(FARTHEST) {
            let indent = leading_blanks(line);
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') || indent >= least {
                continue;
            }
            least = indent;
            found.push(format!("{indent}, like `{}`", shown(content)));
            if found.len() == MOST_COLUMNS || indent == 0 {
                break;
            }
        }
        (found.len() > 1).then(|| found.join(", or by "))
    }

    /// `[agent] is here`, `{{ x }} is here`, `"…"` and more.
    pub(super) fn goes_on(&self) -> Explained {
        let value = self.line.value.clone();
        let value = value.start.min(self.at)..value.end.max(self.at);
        if part(self.text, value.clone()).starts_with("{{") {
            return (flow::double_brace_report(value.clone(), self.reports), Some(Cover { range: value, with: 'x' }));
        }
        let c = part(self.text, value.clone()).chars().next().unwrap_or('[');
        let diagnostic = Diagnostic::error("E0029", self.here(), "more text follows the end of the value")
            .label("the value ended before this")
            .also(self.reports.span(value.start..value.start + c.len_utf8()), format!("YAML reads this `{c}` as its beginning"))
            .help(format!(
                "put quotes round the whole value if it is a text; what belongs to a {} stands inside its brackets",
                list_or_map(c)
            ));
        self.quote(diagnostic, value, Meant::Structure)
    }

    /// A bracket open since an earlier line.
    pub(super) fn unclosed_above(&self) -> Option<usize> {
        self.seen.open.last().copied().filter(|open| *open < self.line.all.start)
    }

    pub(super) fn unclosed(&self, open: usize) -> Explained {
        let sign = part(self.text, open..open + 1).to_owned();
        let close = if sign == "[" { "]" } else { "}" };
        let line = Line::at(self.text, open);
        let mut diagnostic = Diagnostic::error("E0020", self.reports.span(open..open + 1), format!("this `{sign}` is never closed"))
            .help(format!("close it with `{close}`, or put quotes round a text that holds brackets"));
        if self.at > line.all.end && self.at < self.text.len() {
            diagnostic = diagnostic.also(self.here(), "this cannot stand inside it");
        }
        (diagnostic, Some(Cover { range: open..line.all.end, with: 'x' }))
    }

    /// `close` where another bracket is open.
    pub(super) fn mismatched(&self, close: char) -> Explained {
        let open = self.seen.open.last().copied().unwrap_or(self.at);
        let from = self.seen.end.max(self.at);
        let at = self.text.get(from..).and_then(|rest| rest.find(close)).map_or(self.at, |offset| from + offset);
        let diagnostic = Diagnostic::error(
            "E0020",
            self.reports.span(at..at + close.len_utf8()),
            format!("this `{close}` does not fit the bracket that is open"),
        )
        .also(self.reports.span(open..open + 1), "opened here")
        .help("close brackets in the order in which they were opened");
        (diagnostic, Some(Cover { range: open..Line::at(self.text, open).all.end, with: 'x' }))
    }

    /// A character that cannot stand where it does inside `{ }` or `[ ]`, or outside of them.
    pub(super) fn in_flow(&self) -> Explained {
        let c = self.rest().chars().next();
        let Some(open) = self.seen.open.last().copied() else {
            return match c {
                Some(c @ ('}' | ']' | ',')) if self.line.value.start < self.at => {
                    let message = format!("this `{c}` closes nothing");
                    self.quote(
                        Diagnostic::error("E0020", self.here(), message).help("remove it, or put quotes round the value"),
                        self.line.value.clone(),
                        Meant::Structure,
                    )
                }
                Some(_) | None => self.reserved_start(),
            };
        };
        if c.is_none() || self.unclosed_above().is_some() {
            return self.unclosed(open);
        }
        let scalar = self.seen.scalar.as_ref().filter(|(range, plain)| {
            *plain && range.end <= self.at && range.start > open && part(self.text, range.end..self.at).trim().is_empty()
        });
        if let (Some((scalar, _)), Some('{' | '[')) = (scalar, c) {
            let value = self.value_from(scalar.start);
            let diagnostic =
                Diagnostic::error("E0027", self.here(), format!("`{}` needs quotes here", shown(self.reports.text(value.clone()))))
                    .label("inside `{ }` and `[ ]` YAML takes brackets, braces and commas for itself")
                    .help("put quotes round the value");
            // Before a bracket without `$` a comma may be missing.
            let meant = if part(self.text, scalar.clone()).ends_with('$') { Meant::Text } else { Meant::Perhaps };
            return self.quote(diagnostic, value, meant);
        }
        if matches!(c, Some(',')) {
            let diagnostic =
                Diagnostic::error("E0034", self.here(), "nothing stands before this comma").help("remove the comma, or write the value");
            return (diagnostic, Some(Cover { range: self.at..self.at + 1, with: ' ' }));
        }
        if let Some(c @ ('}' | ']')) = c {
            return self.mismatched(c);
        }
        // `{ timeout: skill: b }`
        if let (Some((scalar, _)), Some(':')) = (scalar, c)
            && scalar.start >= self.line.all.start
        {
            return self.colon_in_value(scalar.clone());
        }
        if self.seen.end <= self.at && self.seen.end > open + 1 {
            let diagnostic = Diagnostic::error("E0029", self.here(), "more text follows the end of the value")
                .label("a comma or a closing bracket was expected")
                .help("put quotes round a value that holds brackets or quotes, or put a comma between two values");
            return (diagnostic, Some(Cover { range: self.at..end_in_flow(self.text, self.at), with: ' ' }));
        }
        self.unreadable()
    }
}
