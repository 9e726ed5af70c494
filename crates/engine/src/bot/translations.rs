//! Translations: what the prose of a bot is called in its other languages (FL 3.12).
//!
//! Nothing has to be declared for a field to be translated. Before a skill is read, every text in it gets the
//! key under which it stands in the file ([`Translations::place`]); whatever is then read as prose finds its
//! translations by that key and carries them ([`Translations::attach`]), checked like the original. So a new
//! block, a new option, a new place for prose can be translated without a line of code.

use super::reader::{At, took};
use expr::{References, Scope, Template};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use syntax::{Diagnostic, Diagnostics, FileId, Node, Span, Spanned};

/// Blocks whose prose is data rather than something said: it has no translation.
const DATA: [&str; 16] = [
    "data",
    "send",
    "trigger",
    "call",
    "json",
    "add_tag",
    "remove_tag",
    "switch",
    "segment",
    "status",
    "split",
    "validation",
    "timer",
    "stop_timer",
    "wait_for",
    "wait_until",
];
/// The skill that writes to the operator: no customer reads it.
const OPERATORS: &str = "/_report";
/// Keys whose texts may differ by language (an address, a picture) but need no translation.
const MAYBE: [&str; 18] = [
    "url", "phone", "value", "to", "from", "reply_to", "image", "audio", "video", "sticker", "file", "src", "mime", "synonyms", "choice",
    "location", "cc", "bcc",
];
/// Keys that hold a list of labels even when a single one stands alone.
const LISTS: [&str; 2] = ["buttons", "quick_replies"];

/// Where a text stands, in words a translation file uses.
#[derive(Clone, Debug)]
struct Place {
    key: String,
    /// In a list, where the base text tells which item is meant.
    in_list: bool,
    /// Whether it may do without a translation.
    maybe: bool,
}

/// One piece of prose that customers read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prose {
    /// `order-help.ask.text`.
    pub key: String,
    /// As written in the skill.
    pub base: String,
    pub in_list: bool,
    pub span: Span,
    /// The languages it is written in besides its own.
    pub languages: Vec<String>,
    /// Whether a missing translation is worth a line.
    pub wanted: bool,
}

/// One line of a translation file.
#[derive(Debug)]
struct Line {
    key: String,
    span: Span,
    said: Said,
    used: bool,
}

#[derive(Debug)]
enum Said {
    One(Spanned<Node>),
    /// Base text, its place, the translation, whether it was used.
    List(Vec<(String, Span, Spanned<Node>, bool)>),
}

#[derive(Debug)]
struct File {
    tag: String,
    built_in: bool,
    lines: Vec<Line>,
    /// Where in `lines` a key is.
    index: BTreeMap<String, usize>,
}

#[derive(Debug, Default)]
struct Book {
    /// Files of the product: only their prose has the product's translations.
    own: BTreeSet<FileId>,
    files: Vec<File>,
    places: BTreeMap<(FileId, u32), Place>,
    prose: BTreeMap<(FileId, u32), Prose>,
}

/// Everything that is known about languages while a bot is read.
#[derive(Debug, Default)]
pub(crate) struct Translations(RefCell<Book>);

impl Translations {
    /// Takes in a translation file; the designer's own come before the built-in ones.
    pub(crate) fn add(&self, tag: &str, node: At<'_>, built_in: bool, out: &mut Diagnostics) {
        let lines = read_lines(node, out);
        let index = lines.iter().enumerate().map(|(at, line)| (line.key.clone(), at)).collect();
        self.0.borrow_mut().files.push(File { tag: tag.to_owned(), built_in, lines, index });
    }

    /// Gives every text of a skill file its key, before anything of it is read. `built_in`: the product's own.
    pub(crate) fn place(&self, skill: &str, node: At<'_>, built_in: bool) {
        let mut book = self.0.borrow_mut();
        if built_in {
            book.own.insert(node.span.file);
            if skill == OPERATORS {
                return;
            }
        }
        if let Some(title) = node.get("description") {
            book.put(title, Place { key: format!("{skill}.description"), in_list: false, maybe: false });
        }
        for entry in node.get("blocks").and_then(Spanned::as_map).unwrap_or_default() {
            let Some(block) = entry.key.as_text() else { continue };
            if entry.value.as_map().unwrap_or_default().iter().any(|e| e.key.as_text().is_some_and(|k| DATA.contains(&k))) {
                continue;
            }
            book.walk(&entry.value, &format!("{skill}.{block}"), false, false);
        }
    }

    /// The same for a list of bot.yaml, such as `menu`.
    pub(crate) fn place_list(&self, key: &str, node: At<'_>) {
        self.0.borrow_mut().walk(node, key, true, false);
    }

    /// A sentence of the product itself, under a key of its own.
    pub(crate) fn place_text(&self, key: &str, node: At<'_>) {
        let mut book = self.0.borrow_mut();
        book.own.insert(node.span.file);
        book.put(node, Place { key: key.to_owned(), in_list: false, maybe: false });
    }

    /// The template with the translations that its place has.
    pub(crate) fn attach(&self, template: Template, node: At<'_>, scope: &dyn Scope, out: &mut Diagnostics) -> Template {
        let found = self.0.borrow_mut().find(node, out);
        let mut languages = Vec::with_capacity(found.len());
        for (tag, said) in found {
            let Some(text) = said.as_text() else { continue };
            let Some(read) = took(Template::parse(text, scope), &said, out) else { continue };
            same_values(&template, &read, said.span, out);
            languages.push((tag, read));
        }
        template.with_languages(languages)
    }

    /// A plain text (a synonym, the title of a skill) in the other languages: tags and texts.
    pub(crate) fn tagged(&self, node: At<'_>, out: &mut Diagnostics) -> Vec<(String, String)> {
        let found = self.0.borrow_mut().find(node, out);
        found.into_iter().filter_map(|(tag, said)| Some((tag, said.as_text()?.to_owned()))).collect()
    }

    /// The texts themselves, each where it is written.
    pub(crate) fn said(&self, node: At<'_>) -> Vec<Spanned<Node>> {
        self.0.borrow_mut().find(node, &mut Diagnostics::new()).into_iter().map(|(_, said)| said).collect()
    }

    /// The same without the tags, for what is only compared.
    pub(crate) fn texts(&self, node: At<'_>) -> Vec<String> {
        self.tagged(node, &mut Diagnostics::new()).into_iter().map(|(_, text)| text).collect()
    }

    /// Tells what no text was found for and hands over the list of everything that is said.
    /// `whole`: whether every skill could be read, so that what was not found is not there.
    pub(crate) fn finish(&self, whole: bool, out: &mut Diagnostics) -> Vec<Prose> {
        let book = self.0.borrow();
        let prose: Vec<Prose> = book.prose.values().cloned().collect();
        let keys: BTreeSet<&str> = book.places.values().map(|p| p.key.as_str()).collect();
        let skills: BTreeSet<&str> = keys.iter().map(|k| stem(k)).collect();
        for line in book.files.iter().filter(|f| !f.built_in).flat_map(|f| &f.lines) {
            if line.used {
                tell_unused_items(line, whole, &prose, out);
                continue;
            }
            let placed = keys.contains(line.key.as_str());
            // What could not be read may well have had this text; its own errors are told.
            if whole || !placed && skills.contains(stem(&line.key)) {
                out.push(nothing_said(line, placed, &prose));
            }
        }
        prose
    }
}

/// The skill of a key.
fn stem(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

fn nothing_said(line: &Line, placed: bool, prose: &[Prose]) -> Diagnostic {
    let message = format!("nothing is said under \"{}\"", line.key);
    if placed {
        return Diagnostic::error("E0252", line.span, message).help("this is not read by customers, so it has no translation");
    }
    super::reader::unknown("E0252", line.span, &message, &line.key, prose.iter().map(|p| p.key.as_str()), "the texts are")
}

fn tell_unused_items(line: &Line, whole: bool, prose: &[Prose], out: &mut Diagnostics) {
    let Said::List(items) = &line.said else { return };
    for (base, span, _, _) in items.iter().filter(|item| whole && !item.3) {
        let known = prose.iter().filter(|p| p.key == line.key).map(|p| p.base.as_str());
        let message = format!("no text of \"{}\" is \"{}\"", line.key, base.trim());
        out.push(super::reader::unknown("E0253", *span, &message, base, known, "the texts are"));
    }
}

impl Book {
    fn put(&mut self, node: At<'_>, place: Place) {
        self.places.insert((node.span.file, node.span.start), place);
    }

    fn walk(&mut self, node: At<'_>, key: &str, in_list: bool, maybe: bool) {
        match &node.value {
            Node::Null => {}
            Node::Scalar(_) => self.put(node, Place { key: key.to_owned(), in_list, maybe }),
            Node::List(items) => items.iter().for_each(|item| self.walk(item, key, true, maybe)),
            Node::Map(entries) => {
                for entry in entries {
                    let Some(name) = entry.key.as_text() else { continue };
                    // `file: { caption: … }` is a block whose caption is said; `file: invoice.pdf` is a place.
                    let maybe = maybe || MAYBE.contains(&name) && !matches!(entry.value.value, Node::Map(_));
                    if in_list {
                        // The label of a button is the key of its entry.
                        self.put(&entry.key, Place { key: key.to_owned(), in_list, maybe: false });
                        self.walk(&entry.value, key, true, maybe);
                    } else {
                        self.walk(&entry.value, &format!("{key}.{name}"), LISTS.contains(&name), maybe);
                    }
                }
            }
        }
    }

    /// The translations of the text at `node`, each language once; notes that it is something said.
    fn find(&mut self, node: At<'_>, out: &mut Diagnostics) -> Vec<(String, Spanned<Node>)> {
        let (Some(place), Some(base)) = (self.places.get(&(node.span.file, node.span.start)).cloned(), node.as_text()) else {
            return Vec::new();
        };
        let mut found: Vec<(String, Spanned<Node>)> = Vec::new();
        let own = self.own.contains(&node.span.file);
        for file in self.files.iter_mut().filter(|f| own || !f.built_in) {
            let Some(line) = file.index.get(&place.key).and_then(|at| file.lines.get_mut(*at)) else { continue };
            let said = match (&mut line.said, place.in_list) {
                (Said::One(said), false) => Some(said.clone()),
                (Said::List(items), true) => items.iter_mut().find(|(b, ..)| b.trim() == base.trim()).map(|item| {
                    item.3 = true;
                    item.2.clone()
                }),
                (Said::One(said), true) => {
                    if !line.used {
                        out.push(
                            Diagnostic::error(
                                "E0254",
                                said.span,
                                format!("\"{}\" is a list: each text needs its own translation", line.key),
                            )
                            .help(format!("write {}: {{ \"{}\": … }}", line.key, base.trim())),
                        );
                    }
                    None
                }
                (Said::List(_), false) => {
                    if !line.used {
                        out.push(
                            Diagnostic::error("E0254", line.span, format!("\"{}\" is one text, not a list", line.key))
                                .help(format!("write {}: …", line.key)),
                        );
                    }
                    None
                }
            };
            line.used = true;
            if let Some(said) = said
                && !found.iter().any(|(tag, _)| *tag == file.tag)
            {
                found.push((file.tag.clone(), said));
            }
        }
        let languages: Vec<String> = found.iter().map(|(tag, _)| tag.clone()).collect();
        let wanted = !place.maybe && needs_words(base);
        let prose = Prose { key: place.key, base: base.to_owned(), in_list: place.in_list, span: node.span, languages, wanted };
        self.prose.insert((node.span.file, node.span.start), prose);
        found
    }
}

/// The language of a translation file, by its name: one of the bot's.
pub(crate) fn language_of(path: &str, at: Span, languages: &[String], out: &mut Diagnostics) -> Option<String> {
    let tag = path.strip_prefix("translations/").and_then(|name| name.strip_suffix(".yaml")).unwrap_or(path);
    if !expr::is_language(tag) {
        let node = Spanned::new(Node::Null, at);
        let mut told = super::languages::not_a_language(tag, &node, "E0251");
        told.fix = None;
        out.push(told.help("the name of the file is the language: translations/es.yaml"));
        return None;
    }
    let stem = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if !languages.iter().any(|l| l.eq_ignore_ascii_case(tag) || stem(l) == tag.to_ascii_lowercase()) {
        let help = match languages {
            [] => format!("write \"languages: [en, {tag}]\" into bot.yaml, with the language of the skills first"),
            known => format!("add {tag} to languages in bot.yaml, after {}", known.join(", ")),
        };
        out.push(Diagnostic::error("E0251", at, format!("the bot does not speak \"{tag}\"")).help(help));
        return None;
    }
    Some(tag.replace('_', "-"))
}

/// A piece of prose without words in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslated {
    /// Its key in a translation file.
    pub key: String,
    /// As written in the skill.
    pub base: String,
    /// Whether the key holds a map of original and translation.
    pub in_list: bool,
    /// Where it is written.
    pub span: Span,
}

/// What has no words in `language`, by file and place.
pub(crate) fn untranslated(prose: &[Prose], language: &str) -> Vec<Untranslated> {
    let stem = language.split(['-', '_']).next().unwrap_or(language);
    let has = |p: &Prose| p.languages.iter().any(|l| l.eq_ignore_ascii_case(language) || l.eq_ignore_ascii_case(stem));
    let mut seen = BTreeSet::new();
    prose
        .iter()
        .filter(|p| p.wanted && !has(p))
        .filter(|p| seen.insert((p.key.clone(), p.base.clone())))
        .map(|p| Untranslated { key: p.key.clone(), base: p.base.clone(), in_list: p.in_list, span: p.span })
        .collect()
}

/// Whether a text has words of its own: `${order_status}` or an address alone has nothing to translate.
fn needs_words(base: &str) -> bool {
    let mut rest = base.trim();
    if rest.starts_with("https://") || rest.starts_with("http://") {
        return false;
    }
    while let Some((before, after)) = rest.split_once("${") {
        if before.chars().any(char::is_alphabetic) {
            return true;
        }
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    rest.chars().any(char::is_alphabetic)
}

/// A translation says the same values as the original.
fn same_values(original: &Template, translated: &Template, span: Span, out: &mut Diagnostics) {
    let names = |references: &References| -> Vec<String> {
        references.attributes.iter().chain(&references.system).chain(&references.variables).cloned().collect()
    };
    let (of, in_translation) = (names(&original.references()), names(&translated.references()));
    let missing: Vec<String> = of.iter().filter(|n| !in_translation.contains(n)).map(|n| format!("${{{n}}}")).collect();
    if !missing.is_empty() {
        out.push(
            Diagnostic::warning("W0260", span, format!("the translation leaves out {}", missing.join(", ")))
                .help(format!("the original says: {original}")),
        );
    }
    let more: Vec<String> = in_translation.iter().filter(|n| !of.contains(n)).map(|n| format!("${{{n}}}")).collect();
    if !more.is_empty() {
        out.push(
            Diagnostic::warning("W0261", span, format!("the translation says {}, which the original does not", more.join(", ")))
                .help(format!("the original says: {original}")),
        );
    }
}

fn read_lines(node: At<'_>, out: &mut Diagnostics) -> Vec<Line> {
    let entries = match &node.value {
        Node::Null => return Vec::new(),
        Node::Map(entries) => entries,
        Node::Scalar(_) | Node::List(_) => {
            out.push(
                Diagnostic::error("E0254", node.span, format!("a translation file is a map of keys and texts, not {}", node.kind_name()))
                    .help("write lines such as order-help.ask.text: …"),
            );
            return Vec::new();
        }
    };
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(key) = entry.key.as_text() else { continue };
        let said = match &entry.value.value {
            Node::Scalar(_) => Said::One(entry.value.clone()),
            Node::Map(items) => {
                let mut read = Vec::with_capacity(items.len());
                for item in items {
                    match (item.key.as_text(), item.value.as_text()) {
                        (Some(base), Some(_)) => read.push((base.to_owned(), item.key.span, item.value.clone(), false)),
                        _ => out.push(
                            Diagnostic::error("E0254", item.value.span, format!("a translation is a text, not {}", item.value.kind_name()))
                                .help("keys are written with dots: order-help.ask.text: …; a list as { original: translation }"),
                        ),
                    }
                }
                Said::List(read)
            }
            Node::Null | Node::List(_) => {
                out.push(
                    Diagnostic::error("E0254", entry.value.span, format!("a translation is a text, not {}", entry.value.kind_name()))
                        .help("for a list write { original: translation }"),
                );
                continue;
            }
        };
        lines.push(Line { key: key.trim().to_owned(), span: entry.key.span, said, used: false });
    }
    lines
}
