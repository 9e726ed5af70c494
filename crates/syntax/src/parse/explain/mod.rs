//! What the parser could not read, in a designer's words: the line is looked at again, as a person would.

mod brackets;
mod quotes;

use std::ops::Range;

use serde_yaml::granit_parser::ErrorKind;

use super::build::Seen;
use super::certain::{ends_on_its_line, is_key_with_value, is_text};
use super::line::{Line, end_in_flow, leading_blanks, part, quoted, shown};
use super::{Cover, MAX_DEPTH, MAX_REPORTS, Reports};
use crate::diagnostic::Diagnostic;
use crate::invisible::{is_invisible, name_of_invisible};
use crate::nickname::five_fields;
use crate::span::Span;

type Explained = (Diagnostic, Option<Cover>);

/// What a value that cannot be read may have been meant as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// A text: YAML reads nothing else in what begins so.
    Text,
    /// A text most likely, and perhaps something else: quotes are shown, and nobody but a person writes them.
    Perhaps,
    /// A list or a map as well as a text: quotes are not even shown, unless only a text can stand under the key.
    Structure,
}

/// The fault behind a parser error at byte `at` of `text`, and what to cover to look for the next one.
pub(super) fn explain(kind: &ErrorKind, at: usize, text: &str, seen: &Seen, reports: &Reports<'_>) -> Explained {
    let at = text.floor_char_boundary(at.min(text.len()));
    let fault = Fault { at, text, seen, reports, line: Line::at(text, at) };
    if let Some(tab) = fault.tab_in_indentation() {
        return (fault.tab(tab), None);
    }
    match kind {
        ErrorKind::RecursionLimitExceeded => (too_deep(fault.here()), None),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => fault.escape(),
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::CommentNotSeparated => {
            fault.after_quote()
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            fault.open_quote()
        }
        ErrorKind::MissingAnchorOrAliasName => fault.star(),
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::MappingKeyNotAllowed => fault.reserved_start(),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => fault.block_header(),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => fault.dash(),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::FlowMappingValueAdjacentCollection => {
            fault.colon()
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => fault.no_colon(at),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::InvalidIndentation => {
            fault.misplaced_line()
        }
        ErrorKind::CommentInterceptedScalar => (
            Diagnostic::error("E0035", fault.rest_of_line(), "this comment ends the value, so the line below cannot go on with it")
                .help("move the comment to a line of its own above, or write the text with `|` and all its lines below"),
            None,
        ),
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::MisplacedFlowCollectionEnd => fault.in_flow(),
        ErrorKind::MismatchedFlowCollectionEnd { close, .. } => fault.mismatched(*close),
        ErrorKind::UnclosedFlowCollection { .. } => fault.unclosed(seen.open.last().copied().unwrap_or(at)),
        ErrorKind::UnexpectedEofBlockMapping | ErrorKind::UnexpectedEofBlockSequence => fault.reserved_start(),
        ErrorKind::DirectiveDisallowed => (
            Diagnostic::error("E0007", fault.rest_of_line(), "a line cannot begin with `%`")
                .label("YAML reads this as an instruction to itself, which flow files do not have")
                .help("delete the line"),
            None,
        ),
        ErrorKind::InvalidDocumentEnd => (
            Diagnostic::error("E0005", fault.here(), "nothing may follow the end of the document (`...`)")
                .help("one file holds one document: remove the `...`"),
            None,
        ),
        // The parser's list of kinds is open; its own words are better than none.
        other => (
            Diagnostic::error("E0010", fault.here(), format!("this is not readable as YAML: {other}"))
                .help("check the indentation and the quotes of this line and of the one above; a text can always be put in quotes"),
            None,
        ),
    }
}

/// Nesting beyond the limit.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("E0004", span, format!("lists and maps are nested more than {MAX_DEPTH} deep"))
        .help("nothing in a bot needs this depth; check the brackets")
}

/// A value that begins with `*`; `value` is all of it.
pub(super) fn star(value: &Range<usize>, text: &str, open: &[usize], reports: &Reports<'_>) -> Diagnostic {
    let written = reports.text(value.clone()).to_owned();
    let schedule = written.split_whitespace().count() == 5 && written.chars().all(|c| !c.is_alphabetic());
    let help = if schedule {
        "put quotes round a schedule that begins with `*`".to_owned()
    } else {
        "put quotes round a text that begins with `*`".to_owned()
    };
    let diagnostic = Diagnostic::error("E0022", reports.span(value.clone()), "a value cannot begin with `*`")
        .label("YAML reads `*` as a copy of a named place, which flow files do not have")
        .help(help);
    // `*name` may really be meant as the copy that it is in other YAML.
    let named = written.strip_prefix('*').is_some_and(|name| name.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
    let meant = if schedule || !named { Meant::Text } else { Meant::Perhaps };
    in_quotes(diagnostic, value, meant, text, open, reports)
}

/// The diagnostic with quotes round `value` of `text` as its fix, as sure as it is that a text is meant; `open` are the brackets round it.
pub(super) fn in_quotes(
    diagnostic: Diagnostic,
    value: &Range<usize>,
    meant: Meant,
    text: &str,
    open: &[usize],
    reports: &Reports<'_>,
) -> Diagnostic {
    // Beyond what is shown nothing is worth a search.
    if reports.found.len() > MAX_REPORTS {
        return diagnostic;
    }
    let written = reports.text(value.clone());
    let (place, title) = (reports.span(value.clone()), "put quotes round the value");
    let plain = meant == Meant::Text && !written.contains(": ") && ends_on_its_line(text, value, !open.is_empty());
    if plain || is_text(text, value, open) {
        return diagnostic.replace(place, quoted(written), title);
    }
    let fits = meant != Meant::Structure && ends_on_its_line(text, value, !open.is_empty());
    if fits { diagnostic.guess(place, quoted(written), title) } else { diagnostic }
}

/// What follows the colon of a key looks like a space and is none.
pub fn not_a_space(place: Span, c: char, key: &str) -> Diagnostic {
    let message = format!("no plain space follows the colon of `{key}`: U+{:04X} ({})", u32::from(c), name_of_invisible(c));
    Diagnostic::error("E0002", place, message)
        .help("write a plain space in its place; it usually comes from copying out of another program")
        .replace(place, " ", "write a plain space")
}

/// Keys under which no text stands: a colon after them on their line is a line break that is missing.
const STRUCTURES: [&str; 14] = [
    "attributes",
    "blocks",
    "buttons",
    "catch",
    "channels",
    "expect",
    "fields",
    "groups",
    "on",
    "quick_replies",
    "retry",
    "save",
    "secrets",
    "switch",
];

struct Fault<'a, 'o> {
    at: usize,
    text: &'a str,
    seen: &'a Seen,
    reports: &'a Reports<'o>,
    line: Line,
}

impl Fault<'_, '_> {
    /// The character at the fault.
    fn here(&self) -> Span {
        let len = self.rest().chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        self.reports.span(self.at..self.at + len)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn rest_of_line(&self) -> Span {
        self.reports.span(self.at..self.line.all.end.max(self.at))
    }

    fn original(&self, range: &Range<usize>) -> String {
        self.reports.text(range.clone()).to_owned()
    }

    fn in_brackets(&self) -> bool {
        !self.seen.open.is_empty()
    }

    /// The whole value that begins at `start`.
    fn value_from(&self, start: usize) -> Range<usize> {
        let line = Line::at(self.text, start);
        let end = if self.in_brackets() { end_in_flow(self.text, start) } else { line.value.end };
        start..end.max(start)
    }

    /// The value in quotes, and covered for the next pass.
    fn quote(&self, diagnostic: Diagnostic, value: Range<usize>, meant: Meant) -> Explained {
        let fixed = in_quotes(diagnostic, &value, meant, self.text, &self.seen.open, self.reports);
        (fixed, Some(Cover { range: value, with: 'x' }))
    }

    // --- tabs ---

    /// The tabs of the indentation of this line or, where the parser stops before it, of the next.
    fn tab_in_indentation(&self) -> Option<Range<usize>> {
        let next = Line::at(self.text, (self.line.all.end + 1).min(self.text.len()));
        let after = Line::at(self.text, (next.all.end + 1).min(self.text.len()));
        [self.line.indent.clone(), next.indent, after.indent].into_iter().take(if self.rest().starts_with('\t') { 1 } else { 2 }).find_map(
            |indent| {
                let tab = part(self.text, indent.clone()).find('\t')?;
                Some(indent.start + tab..indent.end)
            },
        )
    }

    fn tab(&self, tab: Range<usize>) -> Diagnostic {
        let diagnostic = Diagnostic::error("E0013", self.reports.span(tab.clone()), "the line is indented with a tab")
            .label("YAML allows only spaces here");
        // Where some lines are indented with spaces, how wide a tab was meant to be is a guess.
        if self.text.lines().any(|line| line.starts_with(' ') || part(line, 0..leading_blanks(line)).contains("\t ")) {
            return self.tab_among_spaces(diagnostic, &tab);
        }
        let mut diagnostic = diagnostic.help("indent with two spaces for each tab, and set your editor to write spaces for the tab key");
        let title = "replace the tabs of the file's indentation by spaces";
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let blanks = leading_blanks(line);
            if part(line, 0..blanks).contains('\t') {
                let (place, spaces) = (self.reports.span(start..start + blanks), part(line, 0..blanks).replace('\t', "  "));
                diagnostic = diagnostic.replace(place, spaces, title);
            }
            start += line.len();
        }
        diagnostic
    }

    /// A tab where other lines are indented with spaces: how many spaces stand there instead is told by the line above.
    fn tab_among_spaces(&self, diagnostic: Diagnostic, tab: &Range<usize>) -> Diagnostic {
        let line = Line::at(self.text, tab.start);
        let above = part(self.text, 0..line.all.start).lines().rev().find(|above| {
            let above = above.trim();
            !above.is_empty() && !above.starts_with('#')
        });
        let Some(above) = above.filter(|above| !part(above, 0..leading_blanks(above)).contains('\t')) else {
            return diagnostic.help("write spaces in place of the tab: what belongs to a line is indented by two more than that line");
        };
        let (indent, content) = (leading_blanks(above), above.trim());
        let opens = content.ends_with(':');
        let spaces = indent + if opens { 2 } else { 0 };
        let relation = if opens { "two more than" } else { "as many as" };
        diagnostic
            .help(format!("write {spaces} spaces in place of the tab, {relation} the line above: `{}`", shown(content)))
            .help("set your editor to write spaces for the tab key")
            .guess(self.reports.span(line.indent), " ".repeat(spaces), "indent with spaces")
    }

    // --- values that begin with a character of YAML's own ---

    fn star(&self) -> Explained {
        let start = self.value_start();
        let value = self.value_from(start);
        if part(self.text, value.clone()).starts_with('&') {
            let diagnostic = Diagnostic::error("E0022", self.reports.span(start..start + 1), "a value cannot begin with `&`")
                .label("YAML reads `&` as the name of a place to copy from, which flow files do not have")
                .help("put quotes round a text that begins with `&`");
            return self.quote(diagnostic, value, Meant::Text);
        }
        let diagnostic = star(&value, self.text, &self.seen.open, self.reports);
        (diagnostic, Some(Cover { range: value, with: 'x' }))
    }

    /// Where the value at fault begins: on its line after the key, or where the parser stopped.
    fn value_start(&self) -> usize {
        if self.in_brackets() {
            let start = self.node_start();
            if start <= self.at { start } else { self.at }
        } else {
            self.line.value.start.min(self.at)
        }
    }

    fn reserved_start(&self) -> Explained {
        let start = self.value_start();
        // Where a key begins so, only the key needs quotes.
        let key = self.line.key.clone().filter(|key| !self.in_brackets() && key.start == start);
        let value = key.unwrap_or_else(|| self.value_from(start));
        let Some(c) = part(self.text, value.clone()).chars().next() else { return self.unreadable() };
        let schedule = super::certain::key_before(self.text, start).is_some_and(|key| part(self.text, key) == "schedule");
        if let Some(fields) = five_fields(part(self.text, value.clone())).filter(|_| schedule) {
            let (place, written) = (self.reports.span(value.clone()), self.original(&value));
            let diagnostic = Diagnostic::error("E0021", place, format!("a schedule is not written as `{}`", written.trim()))
                .label("YAML keeps `@` for itself, and a schedule has five fields")
                .help(format!("write minute, hour, day of month, month and weekday, in quotes: \"{fields}\""))
                .replace(place, quoted(fields), "write the five fields");
            return (diagnostic, Some(Cover { range: value, with: 'x' }));
        }
        let help = match c {
            '`' => "backquotes mean nothing in a bot; put quotes round a text",
            _ => "put quotes round the value",
        };
        let meant = if matches!(c, '}' | ']' | ',') { Meant::Structure } else { Meant::Text };
        let place = self.reports.span(start..start + c.len_utf8());
        self.quote(
            Diagnostic::error("E0021", place, format!("a value cannot begin with `{c}`"))
                .label("YAML keeps this character for itself")
                .help(help),
            value,
            meant,
        )
    }

    fn block_header(&self) -> Explained {
        let value = self.line.value.clone();
        let sign = part(self.text, value.clone()).chars().next().unwrap_or('>');
        let diagnostic = Diagnostic::error(
            "E0030",
            self.reports.span(value.start..value.start + 1),
            format!("a value on one line cannot begin with `{sign}`"),
        )
        .label("YAML reads this as the start of a text on the lines below")
        .help("put quotes round the value; for a text over several lines nothing may follow the sign on its line");
        // Whoever knows the sign may have meant it, and the text alone.
        let cover = Some(Cover { range: value.clone(), with: 'x' });
        if !ends_on_its_line(self.text, &value, self.in_brackets()) {
            return (diagnostic, cover);
        }
        let written = self.original(&value);
        (diagnostic.guess(self.reports.span(value), quoted(&written), "put quotes round the value"), cover)
    }

    fn dash(&self) -> Explained {
        let key = self.line.key.clone().filter(|key| key.end <= self.at);
        match key {
            Some(key) => {
                let name = shown(self.reports.text(key));
                let diagnostic = Diagnostic::error("E0025", self.here(), "a value cannot begin with `- ` on the line of its key")
                    .help(format!("a list begins on the line below `{name}:`; a text that begins with a dash needs quotes"));
                self.quote(diagnostic, self.line.value.clone(), Meant::Structure)
            }
            None if self.in_brackets() => self.quote(
                Diagnostic::error("E0025", self.here(), "a value in `{ }` or `[ ]` cannot begin with `- `")
                    .help("leave the dash out: items in `[ ]` are separated by commas; a text that begins with a dash needs quotes"),
                self.value_from(self.at),
                Meant::Structure,
            ),
            None => self.misplaced_line(),
        }
    }

    // --- colons ---

    /// A colon where YAML cannot take one.
    fn colon(&self) -> Explained {
        if let Some(open) = self.unclosed_above() {
            return self.unclosed(open);
        }
        let scalar = self.seen.scalar.as_ref().map(|(range, _)| range.clone()).filter(|range| range.end <= self.at);
        let Some(scalar) = scalar else { return self.unreadable() };
        let first = Line::at(self.text, scalar.start);
        if first.all == self.line.all {
            return self.colon_in_value(scalar);
        }
        if first.key.is_some() && first.value.start == scalar.start {
            let name = first.key.map(|key| shown(self.reports.text(key))).unwrap_or_default();
            let this = shown(self.reports.text(self.line.indent.end..self.at));
            let place = self.reports.span(self.line.indent.end..self.at.max(self.line.indent.end));
            let diagnostic = Diagnostic::error("E0012", place, format!("`{this}` is indented below `{name}`, which has a value already"))
                .also(self.reports.span(scalar.start..first.value.end.max(scalar.start)), "the value")
                .help(format!(
                    "move `{this}` to the left, into the column of `{name}`; or, if it goes on with the text, put quotes round the text"
                ));
            let cover = Cover { range: self.line.indent.end..self.line.all.end, with: 'x' };
            return (diagnostic, Some(cover));
        }
        self.no_colon(scalar.start)
    }

    /// `text: Note: x`
    fn colon_in_value(&self, scalar: Range<usize>) -> Explained {
        let value = if self.in_brackets() { self.value_from(scalar.start) } else { scalar.start..self.line.value.end.max(self.at + 1) };
        let written = self.original(&value);
        let after = part(&written, self.at + 1 - value.start..written.len()).trim();
        let before = self.original(&scalar);
        let colon = self.reports.span(self.at..self.at + 1);
        if matches!(before.as_str(), "skill" | "call") && !after.is_empty() {
            return self.target_with_colon(&value, &before, after);
        }
        if let Some(name) = self.line.key.clone().map(|key| self.original(&key)).filter(|name| STRUCTURES.contains(&name.as_str())) {
            let diagnostic = Diagnostic::error("E0015", colon, format!("`{}` begins on the line of `{name}`", shown(&written)))
                .label("a second key on one line")
                .help(format!("what belongs to `{name}` stands on the lines below it, indented by two spaces"));
            return (diagnostic, Some(Cover { range: value, with: 'x' }));
        }
        let diagnostic =
            Diagnostic::error("E0015", colon, "a colon with a space (or nothing) after it cannot stand in a value without quotes")
                .label("YAML reads this as the end of a key")
                .help("put quotes round the value");
        self.quote(diagnostic, value, Meant::Perhaps)
    }

    /// `next: skill: b`, `next: call: b`; and `call: skill: b`, a map on the line of its key.
    fn target_with_colon(&self, value: &Range<usize>, before: &str, after: &str) -> Explained {
        let written = self.original(value);
        let colon = self.reports.span(self.at..self.at + 1);
        let diagnostic = Diagnostic::error("E0015", colon, format!("`{}` has one colon too many", shown(&written)));
        let cover = Some(Cover { range: value.clone(), with: 'x' });
        let key = super::certain::key_before(self.text, value.start).map(|key| self.original(&key)).unwrap_or_default();
        if before == "skill" && key == "call" {
            let help = format!(
                "the skill that is called stands after the one colon: `call: {after}`; with options, in braces: `call: {{ skill: {after} }}`"
            );
            return (diagnostic.help(help), cover);
        }
        let target = format!("skill {after}");
        let diagnostic = diagnostic.help(if before == "skill" {
            format!("a target is one text: `{target}`")
        } else {
            "`call` is a block of its own; a target is a block, `end` or `skill NAME`".to_owned()
        });
        let (place, title) = (self.reports.span(value.clone()), format!("write `{target}`"));
        let is_name = after.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'));
        let above = super::certain::parent(self.text, value.start, &self.seen.open).unwrap_or_default();
        let leads = matches!(key.as_str(), "next" | "then" | "else" | "to" | "do") || matches!(above, "buttons" | "quick_replies" | "on");
        let sure = before == "skill" && is_name && leads;
        let sure = sure && ends_on_its_line(self.text, value, self.in_brackets());
        (if sure { diagnostic.replace(place, target, title) } else { diagnostic.guess(place, target, title) }, cover)
    }

    /// A line without the `: ` that it needs; `start` is a place on it.
    fn no_colon(&self, start: usize) -> Explained {
        let line = Line::at(self.text, start);
        let content = line.indent.end..line.all.end;
        let written = self.original(&content);
        let blank = Some(Cover { range: line.all.clone(), with: ' ' });
        if let Some(colon) = part(self.text, content.clone())
            .find(':')
            .filter(|colon| !part(self.text, content.start + colon..content.end).starts_with("://"))
        {
            let at = content.start + colon;
            // `text:` and a no-break space, which looks like the space that is missing.
            if let Some(c) = part(self.text, at + 1..content.end).chars().next().filter(|c| is_invisible(*c)) {
                let place = self.reports.span(at + 1..at + 1 + c.len_utf8());
                return (not_a_space(place, c, &shown(part(self.text, content.start..at))), blank);
            }
            let diagnostic = Diagnostic::error(
                "E0033",
                self.reports.span(at..at + 1),
                format!("there is no space after the colon of `{}`", shown(&written)),
            )
            .help("a key and its value are written `key: value`");
            let (place, title) = (self.reports.span(at + 1..at + 1), "put a space after the colon");
            let known = is_key_with_value(part(self.text, content.start..at).trim_start_matches("- "));
            let diagnostic = if known { diagnostic.replace(place, " ", title) } else { diagnostic.guess(place, " ", title) };
            return (diagnostic, blank);
        }
        let below = Line::at(self.text, (line.all.end + 1).min(self.text.len()));
        let names = below.all.start > line.all.start && below.key.is_some() && below.indent.len() > line.indent.len();
        let diagnostic = Diagnostic::error("E0014", self.reports.span(content.clone()), format!("`{}` has no colon", shown(&written)))
            .label("`key: value` was expected");
        if names && !written.contains(' ') {
            let title = "put a colon after the name";
            let end = self.reports.span(line.all.end..line.all.end);
            return (
                diagnostic.help(format!("what stands below belongs to a name with a colon: `{written}:`")).guess(end, ":", title),
                blank,
            );
        }
        let diagnostic = diagnostic
            .help("if it goes on with the text of the line above, write that text with `|` and its lines indented below, or in quotes");
        (diagnostic, blank)
    }

    fn unreadable(&self) -> Explained {
        let diagnostic = Diagnostic::error("E0010", self.here(), "this is not readable as YAML")
            .help("check the indentation and the quotes of this line and of the one above; a text can always be put in quotes");
        (diagnostic, None)
    }
}
