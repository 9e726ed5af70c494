//! Texts in quotes: bad escapes, quotes that close too early or never.

use super::super::Cover;
use super::super::certain::ends_on_its_line;
use super::super::escape::{bad_escape, has_good_escape};
use super::super::line::{Line, end_in_flow, part, quoted, shown};
use super::{Explained, Fault, Meant};
use crate::diagnostic::Diagnostic;

/// Whether every `'` stands between two letters, as in `don't`, or is written twice: then none of them was meant to end the text.
fn only_apostrophes(inner: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let plain = inner.replace("''", "");
    plain.match_indices('\'').all(|(at, _)| {
        letter(plain.get(..at).and_then(|before| before.chars().next_back()))
            && letter(plain.get(at + 1..).and_then(|after| after.chars().next()))
    })
}

impl Fault<'_, '_> {
    /// Where the node that the parser was reading begins: past the last thing that it gave.
    pub(super) fn node_start(&self) -> usize {
        let mut at = self.seen.end;
        while at < self.text.len() {
            let rest = self.text.get(at..).unwrap_or("");
            match rest.chars().next() {
                Some('#') => at += rest.find('\n').unwrap_or(rest.len()),
                Some(c @ (' ' | '\t' | '\r' | '\n' | ':' | ',' | '-' | '?' | '{' | '[' | '}' | ']')) => at += c.len_utf8(),
                Some(_) | None => break,
            }
        }
        at
    }

    /// `"\d"`: the backslash at fault and its text.
    pub(super) fn escape(&self) -> Explained {
        let start = self.node_start();
        let (bad, end) = bad_escape(self.text, start);
        let bad = bad.unwrap_or(self.at..self.at + 1);
        let written = self.original(&bad);
        let mut diagnostic =
            Diagnostic::error("E0018", self.reports.span(bad.clone()), format!("`{written}` means nothing in double quotes"))
                .label("in \"…\" a backslash begins an escape, such as `\\n` or `\\\"`")
                .help("put a text with backslashes, such as a regular expression, in single quotes");
        let whole = start..end;
        let inner = self.original(&(start + 1..end.saturating_sub(1).max(start + 1)));
        let (first, twice) = (self.reports.span(bad.start..bad.start), "write the backslash twice");
        if !has_good_escape(&inner) {
            if part(self.text, whole.clone()).ends_with('"') {
                diagnostic =
                    diagnostic.replace(self.reports.span(whole.clone()), format!("'{}'", inner.replace('\'', "''")), "use single quotes");
            }
        } else {
            // Another backslash of this text does mean something to YAML: whether that was wanted nobody can tell from here.
            diagnostic = diagnostic.guess(first, "\\", twice);
        }
        let line_end = Line::at(self.text, start).all.end;
        (diagnostic, Some(Cover { range: start..end.min(line_end), with: 'x' }))
    }

    /// Something follows the closing quote.
    pub(super) fn after_quote(&self) -> Explained {
        let start = self.node_start();
        let value = self.value_from(start);
        let value = value.start..value.end.max(self.at + self.here().range().len()).min(self.line.all.end).max(value.start);
        let quote = self.text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or('"');
        let inner = part(self.text, start + 1..self.at);
        let closing = inner.rfind(quote).map_or(self.at, |closing| start + 1 + closing);
        let inner = part(self.text, start + 1..closing);
        let placeholder = inner.rfind("${").filter(|open| inner.get(*open..).is_some_and(|rest| !rest.contains('}')));
        let written = self.original(&value);
        let closing = self.reports.span(closing..closing + 1);
        if let Some(open) = placeholder.filter(|_| quote == '"') {
            let open = start + 1 + open;
            let mut diagnostic = Diagnostic::error("E0017", closing, "this `\"` ends the text, in the middle of `${…}`")
                .label("the text ends here")
                .also(self.reports.span(start..start + 1), "it began here")
                .help("inside `${…}` in a text with double quotes, use single quotes: `default('there')`");
            let end = self.text.get(open..value.end).and_then(|rest| rest.find('}')).map_or(value.end, |close| open + close);
            let inside = part(self.text, open..end);
            let sure = inside.matches('"').count().is_multiple_of(2) && !inside.contains(['\'', '\\']);
            for (quote_at, _) in inside.match_indices('"') {
                let (place, title) = (self.reports.span(open + quote_at..open + quote_at + 1), "use single quotes inside `${…}`");
                diagnostic = if sure { diagnostic.replace(place, "'", title) } else { diagnostic.guess(place, "'", title) };
            }
            return (diagnostic, Some(Cover { range: value, with: 'x' }));
        }
        let diagnostic = Diagnostic::error("E0016", closing, "the text ends at this quote, and more follows it")
            .label("the text ends here")
            .also(self.reports.span(start..start + 1), "it began here");
        let cover = Some(Cover { range: value.clone(), with: 'x' });
        if let Some(inner) = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).filter(|_| quote == '\'')
            && self.rest().starts_with(char::is_alphabetic)
        {
            let diagnostic = diagnostic.help("an apostrophe ends a text in single quotes; use double quotes round it");
            let (place, title) = (self.reports.span(value.clone()), "use double quotes");
            let replacement = quoted(&inner.replace("''", "'"));
            let sure = only_apostrophes(inner) && ends_on_its_line(self.text, &value, self.in_brackets());
            return (if sure { diagnostic.replace(place, replacement, title) } else { diagnostic.guess(place, replacement, title) }, cover);
        }
        if part(self.text, self.at..value.end).trim_start().starts_with(',') {
            return (diagnostic.help(format!("several values are a list, in brackets: [{}]", shown(&written))), cover);
        }
        if written.len() > 1 && written.ends_with(quote) {
            // Both quotes may be part of the text, or hold it and stand in it as well.
            let opens = inner.ends_with([' ', '\t']) || inner.is_empty();
            let meant = if opens { written.get(1..written.len() - 1).unwrap_or(&written) } else { &written };
            let diagnostic = diagnostic.help("a text that holds quotes needs quotes of the other kind round the whole");
            return (diagnostic.guess(self.reports.span(value), quoted(meant), "put other quotes round the text"), cover);
        }
        self.quote(
            diagnostic.help("a value that begins with a quote and goes on after it needs quotes of the other kind round the whole"),
            value,
            Meant::Perhaps,
        )
    }

    /// A quote that nothing closes.
    pub(super) fn open_quote(&self) -> Explained {
        let start = self.node_start();
        let line = Line::at(self.text, start);
        let quote = self.text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| matches!(c, '"' | '\'')).unwrap_or('"');
        let end = if self.in_brackets() { end_in_flow(self.text, start) } else { line.value.end };
        let end = end.clamp(start, line.all.end.max(start));
        let diagnostic = Diagnostic::error("E0019", self.reports.span(start..start + quote.len_utf8()), "this quote is never closed")
            .label("the text begins here")
            .help(format!(
                "close it with `{quote}` where the text ends; a text over several lines is written with `|` and the lines below it"
            ))
            .guess(self.reports.span(end..end), quote, "close the quote at the end of the line");
        (diagnostic, Some(Cover { range: start..line.all.end.max(start), with: 'x' }))
    }
}
