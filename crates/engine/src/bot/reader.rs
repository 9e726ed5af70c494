//! Reading spanned YAML into typed options: every mismatch is a diagnostic at the exact place, and reading goes
//! on, so that all errors of a bot are told at once.

use super::typed::What;
use super::uses::Act;
use super::{Names, Target};
use expr::{Condition, Problem, Template};
use model::Duration;
use std::collections::BTreeMap;
use std::ops::Range;
use syntax::{Diagnostic, Diagnostics, Entry, Node, Span, Spanned, Style};

/// A YAML node at its place.
pub(crate) type At<'n> = &'n Spanned<Node>;

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
        let foreign = if self.of_block { super::foreign::meant(key) } else { None };
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

/// A diagnostic for a name that is not among `known`, with what was probably meant.
pub(crate) fn unknown<'a>(
    code: &'static str,
    span: Span,
    message: &str,
    word: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    list_intro: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, span, message);
    match syntax::closest(word, known.clone()) {
        Some(meant) => diagnostic.help(format!("did you mean \"{meant}\"?")).guess(span, meant.to_owned(), format!("write \"{meant}\"")),
        None => {
            let all: Vec<&str> = known.take(16).collect();
            if all.is_empty() { diagnostic } else { diagnostic.help(format!("{list_intro} {}", all.join(", "))) }
        }
    }
}

/// Reads values for one skill.
pub(crate) struct Reader<'a> {
    pub names: &'a Names,
    pub out: &'a mut Diagnostics,
    /// The skill being read.
    pub skill: &'a str,
    /// Its blocks by name.
    pub blocks: &'a BTreeMap<String, usize>,
}

impl Reader<'_> {
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.out.push(Diagnostic::error(code, span, message));
    }

    /// A plain word or text, as written.
    pub(crate) fn text<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        text(node, what, self.out)
    }

    /// Prose: a template, taken as written (FL 3.8).
    pub(crate) fn prose(&mut self, node: At<'_>, what: &str) -> Option<Template> {
        let source = text(node, what, self.out)?;
        let scope = self.names.in_skill(self.skill);
        let template = took(Template::parse(source, &scope), node, self.out)?;
        // Its translations come with it, wherever it stands in the skill (FL 3.12).
        let template = self.names.translations.attach(template, node, &scope, self.out);
        self.names.uses.template(&template, node);
        Some(template)
    }

    /// What a plain text of the skill (a synonym, a choice) is called in the other languages (FL 5.4.3).
    pub(crate) fn in_other_languages(&mut self, node: At<'_>) -> Vec<String> {
        self.names.translations.texts(node)
    }

    /// Customers may type the text at `node`, in any language.
    pub(crate) fn may_be_typed(&mut self, node: At<'_>, what: What) {
        if self.names.skill_is_built_in(self.skill) {
            return;
        }
        // Keywords have no translations: each language's stand in the list.
        let said = if what == What::Answer { self.names.translations.said(node) } else { Vec::new() };
        for node in std::iter::once(node).chain(&said) {
            if let Some(text) = node.as_text() {
                self.names.typed.note(text, node.span, what);
            }
        }
    }

    /// A condition of the flow.
    pub(crate) fn condition(&mut self, node: At<'_>, what: &str) -> Option<Condition> {
        let source = text(node, what, self.out)?;
        if !self.names.affords(source, node.span, self.out) {
            return None;
        }
        let scope = self.names.in_skill(self.skill);
        let condition = took(Condition::parse(source, &scope), node, self.out)?;
        self.names.uses.condition(&condition, node);
        Some(condition)
    }

    /// A condition over an event's fields.
    pub(crate) fn event_condition(&mut self, node: At<'_>, what: &str) -> Option<Condition> {
        let source = text(node, what, self.out)?;
        if !self.names.affords(source, node.span, self.out) {
            return None;
        }
        let scope = self.names.in_event();
        took(Condition::parse(source, &scope), node, self.out)
    }

    /// A duration in microseconds (FL 3.11).
    pub(crate) fn duration(&mut self, node: At<'_>, what: &str) -> Option<i64> {
        duration(node, what, self.out)
    }

    /// A whole number within limits.
    pub(crate) fn integer(&mut self, node: At<'_>, what: &str, min: i64, max: i64) -> Option<i64> {
        integer(node, what, min, max, self.out)
    }

    /// A number as exact decimal.
    pub(crate) fn number(&mut self, node: At<'_>, what: &str) -> Option<rust_decimal::Decimal> {
        let source = text(node, what, self.out)?;
        let number = source.trim().parse().ok();
        if number.is_none() {
            self.out.push(Diagnostic::error("E0104", node.span, format!("{what} is a number, not \"{source}\"")));
        }
        number
    }

    /// A jump: a block of this skill, `end`, or `skill NAME` (FL 3.4).
    pub(crate) fn target(&mut self, node: At<'_>) -> Option<Target> {
        if let Node::Map(entries) = &node.value
            && let [entry] = entries.as_slice()
            && entry.key.as_text() == Some("skill")
        {
            let diagnostic = Diagnostic::error("E0103", node.span, "a target is one text, not a map");
            self.out.push(match entry.value.as_text().map(str::trim).filter(|name| is_slug(name.trim_start_matches('/'))) {
                Some(name) => diagnostic.help(format!("write it without the colon: skill {name}")).replace(
                    node.span,
                    format!("skill {name}"),
                    "write it as one text",
                ),
                None => diagnostic.help("write it without the colon: skill NAME"),
            });
            return None;
        }
        if matches!(node.value, Node::Map(_) | Node::List(_)) {
            self.out.push(
                Diagnostic::error("E0103", node.span, format!("a target is the name of a block, not {}", node.kind_name()))
                    .help("write what comes next as a block of its own, and its name here; or end, or skill NAME"),
            );
            return None;
        }
        let text = text(node, "a target", self.out)?.trim();
        if text == "end" {
            return Some(Target::End);
        }
        if let Some(name) = text.strip_prefix("skill ").map(str::trim) {
            let bare = name.trim_matches(['"', '\'']);
            if bare != name && self.names.skills.contains(&super::load::canonical_skill_name(bare)) {
                let diagnostic = Diagnostic::error("E0112", node.span, format!("there is no skill {name}: its name stands without quotes"));
                self.out.push(diagnostic.help(format!("write skill {bare}")).guess(
                    node.span,
                    format!("skill {bare}"),
                    "leave the quotes out",
                ));
                return None;
            }
            return self.skill_name(name, node.span).map(Target::Skill);
        }
        if let Some(index) = self.blocks.get(text) {
            return Some(Target::Block(*index));
        }
        let mut diagnostic = unknown(
            "E0111",
            node.span,
            &format!("there is no block \"{text}\" in skill \"{}\"", self.skill),
            text,
            self.blocks.keys().map(String::as_str),
            "the blocks are",
        );
        if self.names.skills.contains(text) {
            // A block of that name may be what is missing: which of the two is meant only its writer knows.
            diagnostic = Diagnostic::error("E0111", node.span, format!("there is no block \"{text}\" in skill \"{}\"", self.skill))
                .help(format!("\"{text}\" is a skill: write skill {text}"))
                .guess(node.span, format!("skill {text}"), "leave for that skill");
        } else if text == "skill" || text == "call" {
            diagnostic = Diagnostic::error("E0111", node.span, format!("\"{text}\" is not a target")).help(if text == "call" {
                "call is a block of its own"
            } else {
                "write skill and the skill's name"
            });
        }
        self.out.push(diagnostic);
        None
    }

    /// The name of a skill that exists.
    pub(crate) fn skill_name(&mut self, name: &str, span: Span) -> Option<String> {
        let canonical = super::load::canonical_skill_name(name);
        if self.names.skills.contains(&canonical) {
            return Some(canonical);
        }
        // System skills are spelt with and without the slash; the designer's own are what is meant first.
        let own = self.names.skills.iter().map(String::as_str).filter(|n| !n.starts_with('/'));
        let system = self.names.skills.iter().map(String::as_str).filter(|n| n.starts_with('/'));
        let known: Vec<&str> = own.chain(system).collect();
        self.out.push(unknown("E0112", span, &format!("there is no skill \"{name}\""), name, known.iter().copied(), "the skills are"));
        None
    }

    /// The name of an attribute or variable to be written: an identifier.
    pub(crate) fn identifier<'n>(&mut self, node: At<'n>, what: &str) -> Option<&'n str> {
        let name = text(node, what, self.out)?.trim();
        self.check_identifier(name, node.span, what).then_some(name)
    }

    /// The name of an attribute or variable that loses its value.
    pub(crate) fn name_to_unset<'n>(&mut self, node: At<'n>) -> Option<&'n str> {
        let what = "a name to unset";
        let name = text(node, what, self.out)?.trim();
        let good = self.may_change(name, node.span, what);
        if good {
            self.names.uses.note(name, node.span, Act::Unsets);
        }
        good.then_some(name)
    }

    /// Whether a text can be the name of an attribute or variable; then the block stores it.
    pub(crate) fn check_identifier(&mut self, name: &str, span: Span, what: &str) -> bool {
        let good = self.may_change(name, span, what);
        if good {
            self.names.uses.note(name, span, Act::Stores);
        }
        good
    }

    fn may_change(&mut self, name: &str, span: Span, what: &str) -> bool {
        let good = is_identifier(name);
        if !good {
            self.out.push(
                with_better_name(
                    Diagnostic::error("E0114", span, format!("{what} is a name of letters, digits and _, not \"{name}\"")),
                    span,
                    name,
                    '_',
                )
                .help("conditions and ${…} can read only such names"),
            );
        } else if self.names.globals.iter().any(|g| g.name == name) {
            self.out.push(
                Diagnostic::error("E0258", span, format!("\"{name}\" is a global: flows read it, the bot's owners write it"))
                    .help(format!("change it with: switchboard globals set {name} VALUE")),
            );
            return false;
        } else if self.names.computed.contains_key(name) {
            self.out.push(
                Diagnostic::error("E0259", span, format!("\"{name}\" is computed when it is used; nothing can be stored in it"))
                    .help("choose another name, or change what it is computed from"),
            );
            return false;
        } else if super::names::CHOSEN.contains(&name) {
            return true;
        } else if expr::SYSTEM.iter().any(|s| s.name == name) && self.names.attribute(name).is_none() {
            self.out.push(
                Diagnostic::error(
                    "E0119",
                    span,
                    format!("\"{name}\" is a system attribute: channels and the runtime write it, flows only read it"),
                )
                .help("choose another name, or declare an attribute of that name in bot.yaml"),
            );
            return false;
        }
        good
    }

    /// A tag: any text up to 64 characters (FL 7.5).
    pub(crate) fn tag(&mut self, node: At<'_>) -> Option<Template> {
        if node.is_null() {
            self.out.push(
                Diagnostic::error("E0104", node.span, "the tag is empty")
                    .help("a # begins a comment: put the tag in quotes, \"#vip\", or leave the # out"),
            );
            return None;
        }
        let source = text(node, "a tag", self.out)?;
        if source.trim().is_empty() || source.chars().count() > 64 && !source.contains("${") {
            self.out.push(Diagnostic::error("E0104", node.span, "a tag is a text of 1 to 64 characters"));
            return None;
        }
        self.prose(node, "a tag")
    }
}

/// Whether a text is `[A-Za-z_][A-Za-z0-9_]*`.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.bytes().enumerate().all(|(i, b)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit())) && !name.is_empty()
}

/// Whether a text is a slug: letters, digits, `-` and `_`, beginning with a letter or digit.
pub(crate) fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().enumerate().all(|(i, b)| b.is_ascii_alphanumeric() || (i > 0 && matches!(b, b'-' | b'_')) || (b == b'_'))
}

/// The diagnostic with a name of the right letters in place of `written`, if one is near: `your name` is `your_name`.
pub(crate) fn with_better_name(diagnostic: Diagnostic, span: Span, written: &str, joined_by: char) -> Diagnostic {
    let mut name = String::new();
    for c in written.trim().chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == joined_by {
            name.push(c);
        } else if matches!(c, ' ' | '-' | '.' | '/') {
            if !name.ends_with(joined_by) && !name.is_empty() {
                name.push(joined_by);
            }
        } else {
            return diagnostic;
        }
    }
    let name = name.trim_end_matches(joined_by).to_owned();
    let fits = if joined_by == '-' { is_slug(&name) } else { is_identifier(&name) };
    if fits && name != written { diagnostic.guess(span, name.clone(), format!("write {name}")) } else { diagnostic }
}

/// W0239: `keyword: hello, hi` without brackets is one text with a comma in it, which hardly anybody means. `what` is what it is one of.
pub(crate) fn one_with_commas(value: At<'_>, what: &str, out: &mut Diagnostics) {
    let Some(scalar) = value.as_scalar().filter(|scalar| scalar.style == Style::Plain) else { return };
    let parts: Vec<&str> = scalar.text.split(',').map(str::trim).collect();
    let short = |part: &&str| (1..=32).contains(&part.chars().count()) && !part.contains("${");
    if parts.len() < 2 || !parts.iter().all(short) {
        return;
    }
    let list = format!("[{}]", parts.join(", "));
    out.push(
        Diagnostic::warning("W0239", value.span, format!("this is one {what} with a comma in it, not {} of them", parts.len()))
            .help(format!("several are a list, in brackets: {list}; put quotes round one that really has a comma"))
            .guess(value.span, list, "make a list of it"),
    );
}

/// A scalar, as written.
pub(crate) fn text<'n>(node: At<'n>, what: &str, out: &mut Diagnostics) -> Option<&'n str> {
    if let Some(text) = node.as_text() {
        return Some(text);
    }
    if node.is_null() {
        let diagnostic = Diagnostic::error("E0103", node.span, format!("{what} is empty"));
        out.push(diagnostic.help("write it after the colon; a text that begins with # needs quotes"));
        return None;
    }
    let mut diagnostic = Diagnostic::error("E0103", node.span, format!("{what} is a text, not {}", node.kind_name()));
    diagnostic = match node.value {
        Node::Map(_) => diagnostic.help("put quotes round a text that begins with {, or that contains \": \""),
        Node::List(_) => diagnostic
            .help("put quotes round a text that begins with [; a text over several lines is written with | and the lines below it"),
        Node::Null | Node::Scalar(_) => diagnostic,
    };
    out.push(diagnostic);
    None
}

/// A duration in microseconds.
pub(crate) fn duration(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<i64> {
    let source = text(node, what, out)?;
    let read = Duration::parse_exact(source).map(|d| d.micros);
    if read.is_none() {
        out.push(
            Diagnostic::error("E0104", node.span, format!("{what} is a duration, not \"{source}\""))
                .help("write a whole number with its unit: 30s, 10m, 2h, 3d, 1w, or 1h30m"),
        );
    }
    read
}

/// A whole number within limits.
pub(crate) fn integer(node: At<'_>, what: &str, min: i64, max: i64, out: &mut Diagnostics) -> Option<i64> {
    let source = text(node, what, out)?;
    match source.trim().parse::<i64>() {
        Ok(n) if (min..=max).contains(&n) => Some(n),
        Ok(n) => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is between {min} and {max}, not {n}")));
            None
        }
        Err(_) => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is a whole number, not \"{source}\"")));
            None
        }
    }
}

/// True or false.
pub(crate) fn boolean(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<bool> {
    match text(node, what, out)? {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        other => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is true or false, not \"{other}\"")));
            None
        }
    }
}

/// One or several of something: a list, or what stands alone.
pub(crate) fn one_or_many(node: At<'_>) -> &[Spanned<Node>] {
    match &node.value {
        Node::List(items) => items,
        Node::Null | Node::Scalar(_) | Node::Map(_) => std::slice::from_ref(node),
    }
}

/// Turns a parsed expression or its problems into diagnostics at their places in the file.
pub(crate) fn took<T>(parsed: Result<(T, Vec<Problem>), Vec<Problem>>, node: At<'_>, out: &mut Diagnostics) -> Option<T> {
    let (read, problems) = match parsed {
        Ok((read, warnings)) => (Some(read), warnings),
        Err(problems) => (None, problems),
    };
    for problem in problems {
        let span = node.span_within(problem.range.clone());
        let mut diagnostic = if problem.warning {
            Diagnostic::warning(problem.code, span, problem.message)
        } else {
            Diagnostic::error(problem.code, span, problem.message)
        };
        if let Some(help) = problem.help {
            diagnostic = diagnostic.help(help);
        }
        if let Some(replacement) = problem.suggestion.and_then(|text| fitting(text, &problem.range, span, node)) {
            let title = if replacement.is_empty() { "take it out".to_owned() } else { format!("write {replacement}") };
            diagnostic =
                if problem.sure { diagnostic.replace(span, replacement, title) } else { diagnostic.guess(span, replacement, title) };
        }
        out.push(diagnostic);
    }
    read
}

/// `replacement` as it has to be written at `span` inside the text `node`, whose part `range` it replaces; none where it would break the
/// notation round it, or where that part has no place of its own.
fn fitting(replacement: String, range: &Range<usize>, span: Span, node: At<'_>) -> Option<String> {
    let scalar = node.as_scalar()?;
    if span == node.span && (scalar.style != Style::Plain || range.len() < scalar.text.len()) {
        return None;
    }
    match scalar.style {
        Style::Plain => {
            let begins_wrong =
                span.start == node.span.start && replacement.starts_with(['"', '\'', '[', '{', '@', '`', '&', '*', '!', '|', '>', '%']);
            let breaks = begins_wrong || replacement.contains(": ") || replacement.contains(" #");
            (!breaks).then_some(replacement)
        }
        Style::SingleQuoted => Some(replacement.replace('\'', "''")),
        Style::DoubleQuoted if replacement.contains('\\') => None,
        // Texts inside a text in double quotes stand in single ones.
        Style::DoubleQuoted if replacement.contains('"') => (!replacement.contains('\'')).then(|| replacement.replace('"', "'")),
        Style::DoubleQuoted | Style::Literal | Style::Folded => Some(replacement),
    }
}
