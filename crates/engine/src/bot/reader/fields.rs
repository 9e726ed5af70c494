//! The keys of one map, each read at most once; what is left over is told.

use super::{At, is_identifier, unknown};
use syntax::{Diagnostic, Diagnostics, Entry, Node, Span};

/// The keys of one map, each read at most once; what is left over is unknown.
pub(crate) struct Fields<'n> {
    /// What the map describes, for messages: `a text block`.
    what: String,
    span: Span,
    entries: Vec<(&'n str, Span, At<'n>, bool)>,
    asked: Vec<&'static str>,
    /// Whether these are the keys of a block.
    of_block: bool,
}

impl<'n> Fields<'n> {
    /// The map at `node`; anything else is told.
    pub(crate) fn of(node: At<'n>, what: &str, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Node::Map(entries) => Some(Self::from_entries(entries, node.span, what, out)),
            Node::Null | Node::Scalar(_) | Node::List(_) => {
                if let Some(diagnostic) = no_space_after_colon(node) {
                    out.push(diagnostic);
                    return None;
                }
                let mut diagnostic = match node.value {
                    Node::Null => Diagnostic::error("E0103", node.span, format!("{what} is empty: nothing stands below it")),
                    Node::Scalar(_) | Node::List(_) | Node::Map(_) => {
                        Diagnostic::error("E0103", node.span, format!("{what} is written as a map of keys, not {}", node.kind_name()))
                    }
                };
                // `text = Hi`, as other languages have it.
                if let Some((key, value)) =
                    node.as_text().and_then(|text| text.split_once(" = ")).filter(|(key, _)| is_identifier(key.trim()))
                {
                    diagnostic = diagnostic.help(format!("a key and its value are joined by a colon: {}: {}", key.trim(), value.trim()));
                } else {
                    diagnostic = diagnostic.help("write its keys below it, one to a line, indented by two spaces: KEY: VALUE");
                }
                out.push(diagnostic);
                None
            }
        }
    }

    fn from_entries(entries: &'n [Entry], span: Span, what: &str, out: &mut Diagnostics) -> Self {
        let mut read = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry.key.as_text() {
                Some(key) => read.push((key, entry.key.span, &entry.value, false)),
                None => out.push(
                    Diagnostic::error("E0103", entry.key.span, format!("a key of {what} is a plain word, not {}", entry.key.kind_name()))
                        .help("put quotes round a text that begins with { or ["),
                ),
            }
        }
        Self { what: what.to_owned(), span, entries: read, asked: Vec::new(), of_block: false }
    }

    /// The same, as the keys of a block: words from elsewhere are met with ours.
    pub(crate) fn block(self) -> Self {
        Self { of_block: true, ..self }
    }

    /// Where the map is.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The value of a key, if it is there.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<At<'n>> {
        self.take_with_key(key).map(|(_, node)| node)
    }

    /// The key's place and the value, if it is there.
    pub(crate) fn take_with_key(&mut self, key: &'static str) -> Option<(Span, At<'n>)> {
        self.asked.push(key);
        let slot = self.entries.iter_mut().find(|e| e.0 == key && !e.3)?;
        slot.3 = true;
        Some((slot.1, slot.2))
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&mut self, key: &'static str, out: &mut Diagnostics) -> Option<At<'n>> {
        let found = self.take(key);
        if found.is_some() {
            return found;
        }
        // A slip in the key is one error, not "unknown" and "missing".
        let slips = |word: &str| !syntax::is_key_with_value(word) && syntax::closest(word, [key]).is_some();
        if let Some(slip) = self.entries.iter_mut().find(|e| !e.3 && slips(e.0)) {
            slip.3 = true;
            let message = format!("{} has no \"{}\"", self.what, slip.0);
            out.push(unknown("E0101", slip.1, &message, slip.0, std::iter::once(key), ""));
            return None;
        }
        let first_line = self.entries.first().map_or(self.span, |e| self.span.to(e.1));
        out.push(
            Diagnostic::error("E0102", first_line, format!("{} needs \"{key}\"", self.what))
                .label(format!("\"{key}\" is missing"))
                .help(format!("write {key}: with its value, in the same column as the other keys")),
        );
        None
    }

    /// All keys that were not taken, in order.
    pub(crate) fn rest(&mut self) -> Vec<(&'n str, Span, At<'n>)> {
        self.entries
            .iter_mut()
            .filter(|e| !e.3)
            .map(|e| {
                e.3 = true;
                (e.0, e.1, e.2)
            })
            .collect()
    }

    /// Tells every key that nobody asked for; whether there was none.
    pub(crate) fn finish(self, out: &mut Diagnostics) -> bool {
        for (key, span, _, used) in &self.entries {
            if !used {
                out.push(self.unknown_key(key, *span));
            }
        }
        self.entries.iter().all(|e| e.3)
    }

    fn unknown_key(&self, key: &str, span: Span) -> Diagnostic {
        let message = format!("{} has no \"{key}\"", self.what);
        let foreign = if self.of_block { crate::bot::foreign::meant(key) } else { None };
        if let Some(words) = foreign {
            return Diagnostic::error("E0101", span, message).help(words);
        }
        if self.of_block && syntax::closest(key, self.asked.iter().copied()).is_none() {
            // A block has one type: the others are none of its keys.
            let types = crate::blocks();
            let keys = self.asked.iter().copied().filter(|asked| !types.iter().any(|block| block.key == *asked));
            return unknown("E0101", span, &message, key, keys, "the keys are");
        }
        unknown("E0101", span, &message, key, self.asked.iter().copied(), "the keys are")
    }
}

/// `text:Hi` where keys are wanted: the one key is there, but for the space.
fn no_space_after_colon(node: At<'_>) -> Option<Diagnostic> {
    let scalar = node.as_scalar().filter(|scalar| scalar.style == syntax::Style::Plain)?;
    let (key, value) = scalar.text.split_once(':')?;
    if !is_identifier(key) || value.is_empty() || value.starts_with("//") || value.contains('\n') {
        return None;
    }
    let colon = node.span_within(key.len()..key.len() + 1);
    if let Some(c) = value.chars().next().filter(|c| syntax::is_invisible(*c)) {
        let place = node.span_within(key.len() + 1..key.len() + 1 + c.len_utf8());
        return Some(syntax::not_a_space(place, c, key));
    }
    let diagnostic = Diagnostic::error("E0033", colon, format!("there is no space after the colon of `{}`", scalar.text))
        .help("a key and its value are written `key: value`");
    let title = "put a space after the colon";
    let sure = syntax::is_key_with_value(key);
    Some(if sure { diagnostic.replace(colon.after(), " ", title) } else { diagnostic.guess(colon.after(), " ", title) })
}
