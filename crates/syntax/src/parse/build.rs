//! The tree builder: one pass over the parser's events, with the limits and everything of YAML that flow files do without.

use std::collections::HashMap;
use std::ops::Range;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, StructureStyle};

use super::line::{Line, leading_blanks, part, quoted};
use super::{Cover, MAX_DEPTH, MAX_NODES, Reports, Stop, explain, flow};
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node, Scalar, Style};
use crate::source::BOM;
use crate::source_map::SourceMap;
use crate::span::{Span, Spanned};

/// Reads `text` (the file, perhaps with faults covered) to its end or to the first thing that cannot be read, which is reported.
pub(super) fn build(text: &str, reports: &mut Reports<'_>) -> Result<Spanned<Node>, Stop> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let lead = text.len() - body.len();
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        max_buffered_comment_events: MAX_NODES,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { text, reports, frames: Vec::new(), root: None, nodes: 0, seen: Seen::default() };
    for event in Parser::new_from_str_with_options(body, options) {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                let tag = span.tag_span().and_then(|tag| tag.byte_range()).map(|tag| tag.start + lead..tag.end + lead);
                builder.event(event, range.start + lead..range.end + lead, tag)?;
            }
            Err(error) => {
                let at = error.marker().byte_offset().map_or(text.len(), |at| at + lead);
                let (diagnostic, cover) = explain::explain(error.kind(), at, text, &builder.seen, builder.reports);
                builder.reports.push(diagnostic);
                return Err(Stop { cover });
            }
        }
    }
    let file = builder.reports.file;
    Ok(builder.root.unwrap_or(Spanned::new(Node::Null, Span::new(file, lead..lead))))
}

/// What a pass has met, for the words of an error that follows.
#[derive(Default)]
pub(super) struct Seen {
    /// The last scalar: where it stands and whether it is plain.
    pub scalar: Option<(Range<usize>, bool)>,
    /// End of the last node or bracket.
    pub end: usize,
    /// The brackets that are open, outermost first.
    pub open: Vec<usize>,
    /// Documents begun.
    documents: usize,
}

enum Content {
    List(Vec<Spanned<Node>>),
    Map { entries: Vec<Entry>, key: Option<Spanned<Node>>, first: HashMap<String, Span> },
}

struct Frame {
    content: Content,
    start: usize,
    flow: bool,
}

struct Builder<'t, 'r, 'o> {
    text: &'t str,
    reports: &'r mut Reports<'o>,
    frames: Vec<Frame>,
    root: Option<Spanned<Node>>,
    nodes: usize,
    seen: Seen,
}

impl Builder<'_, '_, '_> {
    fn event(&mut self, event: Event<'_>, at: Range<usize>, tag: Option<Range<usize>>) -> Result<(), Stop> {
        if let Some(tag) = tag {
            self.refuse_tag(tag, at.end);
        }
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(..) => {
                self.seen.documents += 1;
                if self.seen.documents > 1 {
                    let diagnostic = Diagnostic::error("E0005", self.reports.span(at), "a second document begins here with `---`")
                        .help("one file holds one document: remove the `---`, or move what follows into a file of its own");
                    return self.stop(diagnostic, None);
                }
            }
            Event::Comment(..) => self.comment(at),
            Event::Anchor(..) => self.refuse_anchor(at),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.refuse_alias(at)?,
            Event::Scalar(text, style, ..) => {
                let node = self.scalar(&text, style, at);
                self.node(node)?;
            }
            Event::SequenceStart(style, ..) => self.open(Content::List(Vec::new()), style, &at)?,
            Event::MappingStart(style, ..) => {
                self.open(Content::Map { entries: Vec::new(), key: None, first: HashMap::new() }, style, &at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&at)?,
            // The library may grow events; what is not known here carries no value.
            _ => {}
        }
        Ok(())
    }

    fn stop<T>(&mut self, diagnostic: Diagnostic, cover: Option<Cover>) -> Result<T, Stop> {
        self.reports.push(diagnostic);
        Err(Stop { cover })
    }

    fn count(&mut self, at: &Range<usize>) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("the file holds more than {MAX_NODES} values");
        let diagnostic = Diagnostic::error("E0003", self.reports.span(at.start..at.start), message).help("split it into several files");
        self.stop(diagnostic, None)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Range<usize>) -> Spanned<Node> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let raw = part(self.text, at.clone());
        if style == Style::Plain && (raw.is_empty() || raw == "~") {
            let place = if raw.is_empty() { self.empty_place(at.start) } else { at };
            return Spanned::new(Node::Null, self.reports.span(place));
        }
        self.seen.scalar = Some((at.clone(), style == Style::Plain));
        self.seen.end = at.end;
        let end = if style.is_quoted() { at.end } else { at.start + raw.trim_end().len() };
        let map = SourceMap::new(text, style, part(self.text, at.start..end), at.start);
        let span = self.reports.span(at.start..end.max(at.start));
        Spanned::new(Node::Scalar(Scalar { text: text.to_owned(), style, map }), span)
    }

    /// A value that was not written stands just after its colon.
    fn empty_place(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or("");
        let blanks = leading_blanks(rest);
        let place = if rest.get(blanks..).is_some_and(|rest| rest.starts_with(':')) { at + blanks + 1 } else { at };
        place..place
    }

    fn open(&mut self, content: Content, style: StructureStyle, at: &Range<usize>) -> Result<(), Stop> {
        if self.frames.len() >= MAX_DEPTH {
            return self.stop(explain::too_deep(self.reports.span(at.clone())), None);
        }
        let flow = style == StructureStyle::Flow;
        if flow {
            self.seen.open.push(at.start);
        }
        self.seen.end = at.end;
        self.frames.push(Frame { content, start: at.start, flow });
        Ok(())
    }

    fn close(&mut self, at: &Range<usize>) -> Result<(), Stop> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if frame.flow {
            self.seen.open.pop();
            self.seen.end = at.end;
        }
        let node = match frame.content {
            Content::List(items) if frame.flow => Node::List(flow::list(items, self.text, self.reports)),
            Content::List(items) => Node::List(items),
            Content::Map { entries, .. } if frame.flow => flow::map(entries, frame.start..at.end, self.text, self.reports),
            Content::Map { entries, .. } => Node::Map(entries),
        };
        let end = if frame.flow { at.end } else { last_end(&node).unwrap_or(frame.start) };
        let span = self.reports.span(frame.start..end.max(frame.start));
        self.node(Spanned::new(node, span))
    }

    /// Puts a finished node where it belongs.
    fn node(&mut self, node: Spanned<Node>) -> Result<(), Stop> {
        self.count(&node.span.range())?;
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key, first } => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    let before = key.as_text().and_then(|name| first.get(name).copied());
                    if is_merge(&key) {
                        self.reports.push(
                            Diagnostic::error("E0024", key.span, "`<<` merges another map here, which flow files do not have")
                                .help("write the entries out; what several places share belongs in a skill that they `call`"),
                        );
                    } else if let Some(before) = before {
                        let name = key.as_text().unwrap_or_default();
                        self.reports.push(
                            Diagnostic::error("E0011", key.span, format!("`{name}` is written twice in this map"))
                                .label("again here")
                                .also(before, "first written here")
                                .help("rename one of the two, or remove it; only one of them could count"),
                        );
                    } else {
                        if let Some(name) = key.as_text() {
                            first.insert(name.to_owned(), key.span);
                        }
                        entries.push(Entry { key, value: node });
                    }
                }
            },
        }
        Ok(())
    }

    // --- what flow files do without ---

    /// Quotes round a value that begins with a mark of YAML's own, which whoever knows the mark may have meant.
    fn perhaps_in_quotes(&self, diagnostic: Diagnostic, value: &Range<usize>) -> Diagnostic {
        explain::in_quotes(diagnostic, value, explain::Meant::Perhaps, self.text, &self.seen.open, self.reports)
    }

    fn refuse_tag(&mut self, tag: Range<usize>, end: usize) {
        let line = Line::at(self.text, tag.start);
        let name = self.reports.text(tag.clone()).to_owned();
        let mut diagnostic = Diagnostic::error("E0023", self.reports.span(tag.clone()), format!("a value cannot begin with `{name}`"))
            .label("YAML reads `!` as the mark of a type")
            .help("put quotes round a text that begins with `!`");
        if line.value.start == tag.start && end <= line.value.end {
            diagnostic = self.perhaps_in_quotes(diagnostic, &line.value);
        }
        self.reports.push(diagnostic);
    }

    fn refuse_anchor(&mut self, at: Range<usize>) {
        let line = Line::at(self.text, at.start);
        let mut diagnostic = Diagnostic::error("E0022", self.reports.span(at.clone()), "a value cannot begin with `&`")
            .label("YAML reads `&` as the name of a place to copy from, which flow files do not have")
            .help("put quotes round a text that begins with `&`; what several places share belongs in a skill that they `call`");
        if line.value.start == at.start && line.value.end > at.end {
            diagnostic = self.perhaps_in_quotes(diagnostic, &line.value);
        }
        self.reports.push(diagnostic);
    }

    /// An alias stands for nothing here. Where text follows it on the line the parser would stop, so the pass ends and covers the value.
    fn refuse_alias(&mut self, at: Range<usize>) -> Result<(), Stop> {
        let line = Line::at(self.text, at.start);
        let in_flow = !self.seen.open.is_empty();
        let value = if in_flow { at.start..super::line::end_in_flow(self.text, at.start) } else { at.start..line.value.end.max(at.end) };
        if !self.at_merge_key() {
            let star = explain::star(&value, self.text, &self.seen.open, self.reports);
            self.reports.push(star);
        }
        if value.end > at.end {
            return Err(Stop { cover: Some(Cover { range: value, with: 'x' }) });
        }
        self.seen.end = at.end;
        self.node(Spanned::new(Node::Null, self.reports.span(at)))
    }

    /// True when the value to come is that of `<<`, which is reported for itself.
    fn at_merge_key(&self) -> bool {
        match self.frames.last().map(|frame| &frame.content) {
            Some(Content::Map { key: Some(key), .. }) => is_merge(key),
            Some(Content::Map { key: None, .. } | Content::List(_)) | None => false,
        }
    }

    /// A comment beside a value that was probably meant as part of it (FL 10).
    fn comment(&mut self, at: Range<usize>) {
        let line = Line::at(self.text, at.start);
        let before = part(self.text, line.all.start..at.start);
        let written = before.trim_end();
        let gap = before.len() - written.len();
        let end = line.all.start + written.len();
        let rest = self.reports.text(at.start + 1..at.end).to_owned();
        let spaced = rest.is_empty() || rest.starts_with([' ', '\t', '#', '-', '=']);
        let span = self.reports.span(at.clone());
        let plain = self.seen.scalar.as_ref().filter(|(scalar, plain)| *plain && scalar.end == end && line.indent.end < end);
        if let Some((scalar, _)) = plain {
            // `value  # words` is how people write comments; anything else beside a plain text is doubtful.
            if spaced && gap >= 2 {
                return;
            }
            let start = scalar.start;
            let kept = super::line::shown(self.reports.text(start..end));
            let whole = self.reports.text(start..at.end).trim_end().to_owned();
            self.reports.push(
                Diagnostic::warning("W0001", span, "everything from this ` #` on is a comment, not part of the value")
                    .label(format!("the value is only `{kept}`"))
                    .help("put quotes round the value; a comment is written with two spaces before the `#` and one after it")
                    .guess(self.reports.span(start..at.end), quoted(&whole), "put quotes round the value"),
            );
        } else if !spaced && self.value_is_missing(end, &line) {
            let whole = self.reports.text(at.clone()).trim_end().to_owned();
            self.reports.push(
                Diagnostic::warning("W0002", span, format!("`{}` is a comment, so there is no value here", super::line::shown(&whole)))
                    .help("put quotes round a value that begins with `#`")
                    .guess(span, quoted(&whole), "put quotes round the value"),
            );
        }
    }

    /// True when the line ends, before a comment, in the colon or dash of a value that no line below gives.
    fn value_is_missing(&self, end: usize, line: &Line) -> bool {
        let written = part(self.text, line.all.start..end);
        if !written.ends_with([':', '-']) {
            return false;
        }
        let own = part(self.text, line.indent.clone()).len();
        let below = self.text.get(line.all.end..).unwrap_or("").lines().skip(1);
        let next = below.map(|below| (leading_blanks(below), below.trim())).find(|(_, below)| !below.is_empty() && !below.starts_with('#'));
        // Under `key:` a list may stand in the key's own column.
        next.is_none_or(|(indent, below)| indent < own || indent == own && !(written.ends_with(':') && below.starts_with("- ")))
    }
}

fn is_merge(key: &Spanned<Node>) -> bool {
    key.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain && scalar.text == "<<")
}

fn last_end(node: &Node) -> Option<usize> {
    match node {
        Node::List(items) => items.last().map(|item| item.span.end as usize),
        Node::Map(entries) => entries.last().map(|entry| (entry.value.span.end.max(entry.key.span.end)) as usize),
        Node::Null | Node::Scalar(_) => None,
    }
}
