//! A skill: catches that begin it and a graph of blocks (FL 2–4).

use super::reader::{At, Fields, Reader, is_slug, one_or_many, text};
use super::{Names, load};
use crate::blocks::{BLOCKS, BlockBody, BlockKind, OutcomeSpec, common_outcomes};
use crate::catches::{self, Catch};
use expr::Condition;
use model::{Busy, IfBusy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::{Diagnostic, Diagnostics, Entry, Node, Span};

/// Where a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A block of the same skill, by index.
    Block(usize),
    /// The end of the skill.
    End,
    /// Another skill, by its canonical name.
    Skill(String),
}

/// A skill, checked.
#[derive(Debug)]
pub(crate) struct Skill {
    pub name: String,
    /// The name, to be told with every block without a copy.
    pub told: Arc<str>,
    /// What people read in command menus.
    pub title: String,
    /// The same in other languages: tags and texts.
    pub titles: Vec<(String, String)>,
    /// Whether it came with the product.
    pub built_in: bool,
    pub catches: Vec<CatchEntry>,
    pub only_for: Option<Condition>,
    pub blocks: Vec<Block>,
    pub index: BTreeMap<String, usize>,
}

/// One way into a skill.
#[derive(Debug)]
pub(crate) struct CatchEntry {
    pub kind: Box<dyn Catch>,
    pub span: Span,
    pub only_for: Option<Condition>,
    /// Over the event's fields.
    pub filter: Option<Condition>,
    pub if_busy: IfBusy,
    /// How long a queued start waits, in microseconds; none is the bot's limit.
    pub queue_for: Option<i64>,
    /// At most one start within this many microseconds.
    pub once: Option<i64>,
    /// Whom a schedule reaches.
    pub audience: Option<crate::catches::Whom>,
}

/// A block, checked.
#[derive(Debug)]
pub(crate) struct Block {
    pub name: String,
    /// The name, to be told without a copy.
    pub told: Arc<str>,
    pub span: Span,
    pub kind: &'static dyn BlockKind,
    pub body: Box<dyn BlockBody>,
    /// What it says or does, in one line.
    pub summary: String,
    /// All must hold, else the block is skipped (FL 3.6).
    pub conditions: Vec<Condition>,
    /// Which of them is `only_for`.
    pub only_for: Option<usize>,
    /// Whether `next` is written.
    pub has_next: bool,
    /// `next`, or the block below, or the end.
    pub next: Target,
    pub exits: BTreeMap<&'static str, Target>,
    pub outcomes: Vec<OutcomeSpec>,
    /// Whether an asking block or a hand-over can be reached from here within the skill or those it leaves for
    /// (FL 5.3b); filled when all skills are known.
    pub leads_to_question: bool,
}

impl Skill {
    /// The block of this name.
    pub(crate) fn block(&self, name: &str) -> Option<(usize, &Block)> {
        let index = *self.index.get(name)?;
        Some((index, self.blocks.get(index)?))
    }

    /// The catch that was meant when it had this place and this name: itself, else the only one that catches the same, should
    /// its guards have been edited since. None if it is gone, or several might be meant. Without a name the place decides.
    pub(crate) fn catch_named(&self, place: usize, name: Option<&str>) -> Option<usize> {
        let Some(name) = name else { return (place < self.catches.len()).then_some(place) };
        if self.catches.get(place).is_some_and(|catch| catch.name() == name) {
            return Some(place);
        }
        if let Some(moved) = self.catches.iter().position(|catch| catch.name() == name) {
            return Some(moved);
        }
        let what = name.lines().next().unwrap_or_default();
        let mut same = self.catches.iter().enumerate().filter(|(_, catch)| catch.kind.spoken() == what);
        same.next().filter(|_| same.next().is_none()).map(|(place, _)| place)
    }
}

impl CatchEntry {
    /// Whether it asks anything before it begins its skill: a guard, or when it began it last.
    pub(crate) fn is_guarded(&self) -> bool {
        self.only_for.is_some() || self.filter.is_some() || self.once.is_some()
    }

    /// What it says of a floor that is taken: kept by the run that it begins.
    pub(crate) fn busy(&self) -> Busy {
        Busy { then: self.if_busy, queue_for: self.queue_for }
    }

    /// What it says: what it catches, and on lines of their own its guards.
    pub(crate) fn name(&self) -> String {
        let guard = |key: &str, condition: &Option<Condition>| condition.as_ref().map(|c| format!("\n{key}: {c}")).unwrap_or_default();
        format!("{}{}{}", self.kind.spoken(), guard("only_for", &self.only_for), guard("where", &self.filter))
    }
}

/// How many errors of a bot are told before its blocks are no longer read: nobody reads more, and each costs a search for what was
/// meant.
const MOST_FAULTS: usize = 200;

const HEADER: [&str; 6] = ["skill", "description", "catch", "only_for", "note", "blocks"];

/// Reads one skill file. `name` was read before, when names were collected.
pub(crate) fn read(name: &str, node: At<'_>, built_in: bool, names: &Names, out: &mut Diagnostics) -> Option<Skill> {
    names.translations.place(name, node, built_in);
    let mut fields = Fields::of(node, "a skill file", out)?;
    // Its name was read before, when names were collected.
    fields.take("skill");
    let description = fields.take("description");
    let titles = description.map(|n| names.translations.tagged(n, out)).unwrap_or_default();
    let title =
        description.and_then(|n| text(n, "description", out)).map_or_else(|| spoken(name), |t| t.trim().chars().take(256).collect());
    if let Some(note) = fields.take("note") {
        text(note, "note", out);
    }
    let catch = fields.take("catch");
    let only_for = fields.take("only_for");
    let blocks_node = fields.need("blocks", out);
    let leftover: Vec<(&str, Span)> = fields.rest().into_iter().map(|(k, s, _)| (k, s)).collect();
    for (key, span) in leftover {
        let message = format!("a skill has no \"{key}\"");
        out.push(if ["keyword", "keywords", "command", "commands", "event", "events", "schedule", "trigger"].contains(&key) {
            Diagnostic::error("E0101", span, message)
                .help("what begins a skill stands under catch: catch: [{ keyword: hello }], catch: [{ command: hello }]")
        } else {
            super::reader::unknown("E0101", span, &message, key, HEADER.into_iter(), "its keys are")
        });
    }
    let blocks_node = blocks_node?;
    let Node::Map(entries) = &blocks_node.value else {
        out.push(
            Diagnostic::error("E0116", blocks_node.span, format!("blocks is a map of block names, not {}", blocks_node.kind_name()))
                .help("write each block as \"name:\", without a dash, and its type key below, indented by two spaces"),
        );
        return None;
    };
    if entries.is_empty() {
        out.push(Diagnostic::error("E0116", blocks_node.span, format!("skill \"{name}\" has no blocks")));
        return None;
    }
    let mut index = BTreeMap::new();
    let mut order = Vec::new();
    let beside = keys_in_the_column_of_names(entries, out);
    for entry in entries {
        if beside.contains(&entry.key.span) {
            continue;
        }
        let Some(block) = text(&entry.key, "a block's name", out) else { continue };
        if !is_slug(block) || matches!(block, "end" | "skill" | "call") {
            out.push(
                super::reader::with_better_name(
                    Diagnostic::error("E0114", entry.key.span, format!("\"{block}\" cannot be the name of a block")),
                    entry.key.span,
                    block,
                    '-',
                )
                .help("a name is letters, digits, - and _; end, skill and call are taken"),
            );
            continue;
        }
        index.entry(block.to_owned()).or_insert(order.len());
        order.push((block, &entry.key, &entry.value));
    }
    // A block whose keys stand beside it has a name that others may lead to, and nothing in it to be read.
    let empty: BTreeSet<Span> = entries.windows(2).filter(|pair| beside.contains(&pair[1].key.span)).map(|pair| pair[0].key.span).collect();
    let mut reader = Reader { names, out, skill: name, blocks: &index };
    let only_for = only_for.and_then(|n| reader.condition(n, "only_for"));
    let catches = catch.map(|n| one_or_many(n).iter().filter_map(|c| catches::read(c, &mut reader)).collect()).unwrap_or_default();
    let total = order.len();
    let mut blocks = Vec::with_capacity(total);
    for (position, (block, key, value)) in order.into_iter().enumerate() {
        if reader.out.error_count() >= MOST_FAULTS {
            if reader.out.iter().all(|d| d.code != "E0008") {
                let message = "there are too many faults in this bot; from here on nothing is read";
                reader.out.push(Diagnostic::error("E0008", key.span, message).help("repair the ones shown and check again"));
            }
            break;
        }
        names.uses.enter(name, position);
        if empty.contains(&key.span) {
            continue;
        }
        if let Some(read) = read_block(block, key.span, value, position, total, &mut reader) {
            blocks.push(read);
        }
    }
    names.uses.leave();
    // With a block missing the indexes would lie; its error was told.
    (blocks.len() == total).then(|| Skill {
        name: name.to_owned(),
        told: name.into(),
        title,
        titles,
        built_in,
        catches,
        only_for,
        blocks,
        index,
    })
}

/// Keys of blocks that stand in the column of the blocks' names, under a name with nothing below it: each slip is told once.
fn keys_in_the_column_of_names(entries: &[Entry], out: &mut Diagnostics) -> BTreeSet<Span> {
    let common = ["next", "on", "when", "only_for", "note", "buttons", "quick_replies", "timeout", "expect", "retry", "save", "with"];
    let is_type = |key: &str| BLOCKS.iter().any(|kind| kind.key() == key);
    let mut found = BTreeSet::new();
    // The block that the keys were written for, and whether it has its type.
    let mut open: Option<(&Entry, bool)> = None;
    for entry in entries {
        let Some(key) = entry.key.as_text() else { continue };
        let blocklike = entry.value.as_map().is_some_and(|below| below.iter().any(|e| e.key.as_text().is_some_and(is_type)));
        match open {
            Some((block, typed)) if !blocklike && !entry.value.is_null() && (is_type(key) && !typed || typed && common.contains(&key)) => {
                found.insert(entry.key.span);
                if !typed {
                    let name = block.key.as_text().unwrap_or_default();
                    let message = format!("`{key}` stands in the column of the block \"{name}\", so it does not belong to it");
                    out.push(
                        Diagnostic::error("E0103", entry.key.span, message)
                            .also(block.key.span, "the block, with nothing in it")
                            .help(format!("indent `{key}` by two spaces more than `{name}`, and everything else of that block as well")),
                    );
                }
                open = Some((block, true));
            }
            Some(_) | None => open = entry.value.is_null().then_some((entry, false)),
        }
    }
    found
}

/// `order-help` as people say it.
fn spoken(name: &str) -> String {
    let words = name.trim_start_matches('/').replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn read_block(name: &str, span: Span, node: At<'_>, position: usize, total: usize, reader: &mut Reader<'_>) -> Option<Block> {
    let mut outer = Fields::of(node, &format!("block \"{name}\""), reader.out)?.block();
    let mut found: Vec<(&'static dyn BlockKind, Span, At<'_>)> = Vec::new();
    for kind in BLOCKS {
        if let Some((key_span, value)) = outer.take_with_key(kind.key()) {
            found.push((*kind, key_span, value));
        }
    }
    let (kind, _, value) = match found.as_slice() {
        [one] => *one,
        [] => {
            unknown_block(name, span, node, outer, reader);
            return None;
        }
        [first, second, ..] => {
            reader.out.push(
                Diagnostic::error(
                    "E0108",
                    second.1,
                    format!("a block has one type, and \"{name}\" is already {} {} block", a_or_an(first.0.key()), first.0.key()),
                )
                .also(first.1, "the first type")
                .help(format!("split it: give {} a block of its own, below this one", second.0.key())),
            );
            return None;
        }
    };
    let next = outer.take("next");
    let on = outer.take("on");
    let mut conditions: Vec<_> = outer.take("when").and_then(|n| reader.condition(n, "a condition")).into_iter().collect();
    let only_for = outer.take("only_for").and_then(|n| reader.condition(n, "a condition"));
    let only_for = only_for.map(|condition| {
        conditions.push(condition);
        conditions.len() - 1
    });
    if let Some(note) = outer.take("note") {
        text(note, "note", reader.out);
    }
    let before = reader.out.error_count();
    // FL 3.3: options stand inside a map, or beside a scalar or list; never both.
    let body = if matches!(value.value, Node::Map(_)) && kind.takes_map() {
        for (key, span, _) in outer.rest() {
            let common = ["next", "on", "when", "only_for", "note"];
            if syntax::closest(key, common).is_some() {
                let message = format!("a {} block has no \"{key}\"", kind.key());
                reader.out.push(super::reader::unknown("E0101", span, &message, key, common.into_iter(), ""));
                continue;
            }
            reader.out.push(
                Diagnostic::error("E0109", span, format!("\"{key}\" stands beside {}, whose options stand inside it", kind.key()))
                    .help(format!("move \"{key}\" into the map of {}; next, on, when, only_for and note stay beside it", kind.key())),
            );
        }
        let mut inner = Fields::of(value, &format!("a {} block", kind.key()), reader.out)?.block();
        let body = kind.read(value, &mut inner, next.is_some(), reader);
        inner.finish(reader.out);
        body
    } else {
        let body = kind.read(value, &mut outer, next.is_some(), reader);
        outer.finish(reader.out);
        body
    };
    let next_target = next.and_then(|n| reader.target(n));
    let mut outcomes = kind.outcomes().to_vec();
    if let Some(body) = &body {
        outcomes.extend(common_outcomes(body.as_ref(), kind));
    }
    let exits = on.map(|n| read_exits(n, name, kind, &outcomes, reader)).unwrap_or_default();
    let Some(body) = body else {
        debug_assert!(reader.out.error_count() > before, "a block that cannot be read says why");
        return None;
    };
    let below = if position + 1 < total { Target::Block(position + 1) } else { Target::End };
    Some(Block {
        name: name.to_owned(),
        told: name.into(),
        span,
        kind,
        body,
        summary: super::picture::summary(value),
        conditions,
        only_for,
        has_next: next.is_some(),
        next: next_target.unwrap_or(below),
        exits,
        outcomes,
        leads_to_question: false,
    })
}

/// The article before a word of the language.
fn a_or_an(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

fn unknown_block(name: &str, span: Span, node: At<'_>, mut outer: Fields<'_>, reader: &mut Reader<'_>) {
    let types: Vec<&'static str> = BLOCKS.iter().map(|k| k.key()).collect();
    let common = ["next", "on", "when", "only_for", "note"];
    let keys: Vec<(&str, Span)> = outer.rest().into_iter().map(|(k, s, _)| (k, s)).filter(|(k, _)| !common.contains(k)).collect();
    if let Some((key, key_span)) = keys.iter().find(|(k, _)| LATER.contains(k)) {
        reader.out.push(
            Diagnostic::error("E0122", *key_span, format!("the block \"{key}\" is not built yet"))
                .help(format!("this release has {}", types.join(", "))),
        );
        return;
    }
    if let Some((key, key_span, words)) = keys.iter().find_map(|(k, s)| Some((*k, *s, super::foreign::meant(k)?))) {
        reader.out.push(Diagnostic::error("E0107", key_span, format!("there is no block \"{key}\"")).help(words));
        return;
    }
    // The key closest to a type is what was meant; a misspelt type usually comes first.
    let meant = keys.iter().find_map(|(k, s)| syntax::closest(k, types.iter().copied()).map(|t| (*k, *s, t)));
    reader.out.push(match meant {
        Some((key, span, ty)) => Diagnostic::error("E0107", span, format!("there is no block \"{key}\""))
            .help(format!("did you mean \"{ty}\"?"))
            .guess(span, ty.to_owned(), format!("write \"{ty}\"")),
        None => Diagnostic::error(
            "E0107",
            keys.first().map_or(span, |k| k.1),
            match keys.first() {
                Some((key, _)) => format!("there is no block \"{key}\""),
                None => format!("block \"{name}\" has no type"),
            },
        )
        .help(format!("a block is one of {}", types.join(", "))),
    });
    let _ = node;
}

/// Blocks the language has and this release does not.
const LATER: [&str; 13] = [
    "category",
    "product",
    "variations",
    "similar",
    "upsells",
    "cross_sells",
    "add_to_cart",
    "update_cart",
    "show_cart",
    "clear_cart",
    "create_order",
    "nlp",
    "ai",
];

fn read_exits(
    node: At<'_>,
    block: &str,
    kind: &'static dyn BlockKind,
    outcomes: &[OutcomeSpec],
    reader: &mut Reader<'_>,
) -> BTreeMap<&'static str, Target> {
    let mut exits = BTreeMap::new();
    let Node::Map(entries) = &node.value else {
        let names: Vec<&str> = outcomes.iter().map(|o| o.name).collect();
        let diagnostic = Diagnostic::error("E0103", node.span, format!("on is a map of outcomes, not {}", node.kind_name()));
        reader.out.push(
            diagnostic
                .help(format!("write each outcome with where it leads, such as on: {{ {}: end }}", names.first().unwrap_or(&"error"))),
        );
        return exits;
    };
    for entry in entries {
        let Some(outcome) = text(&entry.key, "an outcome", reader.out) else { continue };
        match outcomes.iter().find(|o| o.name == outcome) {
            Some(spec) => {
                if let Some(target) = reader.target(&entry.value) {
                    exits.insert(spec.name, target);
                }
            }
            None => {
                let mut diagnostic = super::reader::unknown(
                    "E0113",
                    entry.key.span,
                    &format!("the {} block \"{block}\" has no outcome \"{outcome}\"", kind.key()),
                    outcome,
                    outcomes.iter().map(|o| o.name),
                    "its outcomes are",
                );
                if matches!(outcome, "other" | "timeout") && outcomes.iter().all(|o| o.name != "other") && kind.key() == "text" {
                    diagnostic = diagnostic.help("a text has other and timeout when it waits: give it buttons and no next");
                }
                reader.out.push(diagnostic);
                reader.target(&entry.value);
            }
        }
    }
    exits
}

/// The skill's name in a file, if it has one: read before everything else.
pub(crate) fn name_of(node: At<'_>) -> Option<(String, Span)> {
    let name = node.get("skill")?;
    Some((load::canonical_skill_name(name.as_text()?.trim()), name.span))
}
