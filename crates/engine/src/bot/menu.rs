//! `menu:` and `first_message:` of bot.yaml: what customers can choose at any time, and how they came (FL 8).

use super::Names;
use super::load::canonical_skill_name;
use super::reader::{At, Fields, one_or_many, text, unknown};
use crate::catches::Signal;
use crate::step::spoken;
use model::fold;
use std::collections::{BTreeMap, BTreeSet};
use syntax::{Diagnostic, Diagnostics, Node};

/// How many entries a menu has at the most: what channels show without scrolling away.
const MOST: usize = 20;
/// How many rules `first_message` has at the most.
const MOST_RULES: usize = 500;

/// One entry of the menu.
#[derive(Clone, Debug)]
pub(crate) struct MenuEntry {
    pub label: String,
    /// The label in other languages: tags and texts.
    pub labels: Vec<(String, String)>,
    pub to: MenuTo,
}

/// Where an entry leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MenuTo {
    /// As if the customer had typed the command, without slash.
    Command(String),
    /// A skill, by its canonical name.
    Skill(String),
}

/// One entry of the menu, for channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// What it says, in the language asked for.
    pub label: String,
    /// The command it stands for, without slash, if it stands for one.
    pub command: Option<String>,
}

/// Reads `menu:`. The skills are read, so that commands are known.
pub(crate) fn read(node: At<'_>, names: &Names, skills: &BTreeMap<String, super::Skill>, out: &mut Diagnostics) -> Vec<MenuEntry> {
    names.translations.place_list("menu", node);
    let Node::List(items) = &node.value else {
        out.push(
            Diagnostic::error("E0260", node.span, format!("menu is a list, not {}", node.kind_name()))
                .help("write each entry as \"- Label: /command\" or \"- Label: skill NAME\""),
        );
        return Vec::new();
    };
    if items.len() > MOST {
        out.push(Diagnostic::error("E0260", node.span, format!("a menu has at most {MOST} entries, not {}", items.len())));
    }
    let mut entries: Vec<MenuEntry> = Vec::new();
    for item in items.iter().take(MOST) {
        let Node::Map(pairs) = &item.value else {
            out.push(
                Diagnostic::error("E0260", item.span, format!("an entry of the menu is \"Label: /command\", not {}", item.kind_name()))
                    .help("write \"- Track an order: /order\" or \"- Talk to us: skill talk-to-us\""),
            );
            continue;
        };
        let [pair] = pairs.as_slice() else {
            out.push(Diagnostic::error("E0260", item.span, "an entry of the menu has one label and leads to one place"));
            continue;
        };
        let Some(label) = text(&pair.key, "a label", out).map(str::trim) else { continue };
        if label.is_empty() || label.chars().count() > 64 {
            out.push(Diagnostic::error("E0260", pair.key.span, "the label of a menu entry has 1 to 64 characters"));
            continue;
        }
        if entries.iter().any(|e| spoken(&e.label) == spoken(label)) {
            out.push(Diagnostic::error("E0129", pair.key.span, format!("two entries of the menu say \"{label}\"")));
            continue;
        }
        let labels = names.translations.tagged(&pair.key, out);
        names.typed.note(label, pair.key.span, super::typed::What::Menu);
        if let Some(to) = leads_to(&pair.value, label, names, skills, out) {
            entries.push(MenuEntry { label: label.to_owned(), labels, to });
        }
    }
    entries
}

fn leads_to(node: At<'_>, label: &str, names: &Names, skills: &BTreeMap<String, super::Skill>, out: &mut Diagnostics) -> Option<MenuTo> {
    let to = text(node, "where a menu entry leads", out)?.trim();
    if let Some(name) = to.strip_prefix("skill ").map(str::trim) {
        let canonical = canonical_skill_name(name);
        if !names.skills.contains(&canonical) {
            let known = names.skills.iter().map(String::as_str).filter(|n| !n.starts_with('/'));
            out.push(unknown("E0112", node.span, &format!("there is no skill \"{name}\""), name, known, "the skills are"));
            return None;
        }
        // Channels whose menu holds commands (Telegram) show an entry under its skill's command.
        let command = skills.get(&canonical).and_then(|s| s.catches.iter().find_map(|c| c.kind.command().map(str::to_owned)));
        if command.is_none() && skills.contains_key(&canonical) {
            out.push(
                Diagnostic::warning("W0263", node.span, format!("\"{label}\" leads to a skill without a command: Telegram cannot show it"))
                    .help(format!("give {name} a command catch; the menu then shows it as that command")),
            );
        }
        return Some(MenuTo::Skill(canonical));
    }
    let Some(command) = to.strip_prefix('/') else {
        out.push(
            Diagnostic::error("E0260", node.span, format!("a menu entry leads to a command or a skill, not to \"{to}\""))
                .help("write /order, or skill order-help"),
        );
        return None;
    };
    let name = fold(command);
    let signal = Signal::Command { name: name.clone() };
    if name == "start" || skills.values().any(|s| s.catches.iter().any(|c| c.kind.catches(&signal))) {
        return Some(MenuTo::Command(name));
    }
    let known: BTreeSet<&str> = skills.values().flat_map(|s| s.catches.iter().filter_map(|c| c.kind.command())).collect();
    out.push(unknown(
        "E0260",
        node.span,
        &format!("no skill has the command /{command}"),
        command,
        known.iter().copied(),
        "the commands are",
    ));
    None
}

impl super::Bot {
    /// The menu in the bot's language that fits `language` best; empty if bot.yaml has none.
    pub fn menu(&self, language: Option<&str>) -> Vec<MenuItem> {
        let tag = self.speaks(language);
        let stem = tag.split('-').next().unwrap_or(tag);
        let item = |entry: &MenuEntry| {
            let said =
                |wanted: &str| entry.labels.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted)).map(|(_, said)| said.clone());
            let command = match &entry.to {
                MenuTo::Command(name) => Some(name.clone()),
                MenuTo::Skill(name) => self.skill(name).and_then(|s| s.catches.iter().find_map(|c| c.kind.command().map(str::to_owned))),
            };
            MenuItem { label: said(tag).or_else(|| said(stem)).unwrap_or_else(|| entry.label.clone()), command }
        };
        self.loaded.menu.iter().map(item).collect()
    }
}

/// One rule of `first_message`.
#[derive(Clone, Debug)]
pub(crate) struct FirstMessage {
    by: By,
    pub tag: Option<String>,
    pub source: Option<String>,
}

#[derive(Clone, Debug)]
enum By {
    /// The whole first text, folded.
    Text(String),
    /// The payload of a link, exactly.
    Payload(String),
    /// Part of the referral, folded.
    Referral(String),
}

/// What a contact came with.
#[derive(Debug)]
pub(crate) struct Came<'a> {
    pub text: Option<&'a str>,
    pub payload: Option<&'a str>,
    pub referral: Option<String>,
}

impl FirstMessage {
    /// Whether the contact came this way.
    pub(crate) fn fits(&self, came: &Came<'_>) -> bool {
        match &self.by {
            By::Text(text) => came.text.is_some_and(|said| spoken(said) == *text),
            By::Payload(payload) => came.payload == Some(payload.as_str()),
            By::Referral(part) => came.referral.as_deref().is_some_and(|referral| fold(referral).contains(part)),
        }
    }
}

/// Reads `first_message:`.
pub(crate) fn read_first(node: At<'_>, out: &mut Diagnostics) -> Vec<FirstMessage> {
    let items = one_or_many(node);
    if items.len() > MOST_RULES {
        out.push(Diagnostic::error("E0261", node.span, format!("first_message has at most {MOST_RULES} rules, not {}", items.len())));
    }
    items.iter().take(MOST_RULES).filter_map(|item| read_rule(item, out)).collect()
}

fn read_rule(item: At<'_>, out: &mut Diagnostics) -> Option<FirstMessage> {
    let mut fields = Fields::of(item, "a rule of first_message", out)?;
    let mut written = |key: &'static str, out: &mut Diagnostics| {
        let node = fields.take(key)?;
        let text = text(node, key, out)?.trim();
        if text.is_empty() || text.chars().count() > 256 {
            out.push(Diagnostic::error("E0261", node.span, format!("{key} has 1 to 256 characters")));
            return None;
        }
        Some((text.to_owned(), node.span))
    };
    let (said, payload, referral) = (written("text", out), written("payload", out), written("referral", out));
    let (tag, source) = (written("tag", out), written("source", out));
    if let Some((label, span)) = &tag
        && label.chars().count() > 64
    {
        out.push(Diagnostic::error("E0261", *span, "a tag is a text of 1 to 64 characters"));
    }
    fields.finish(out);
    let by = match (said, payload, referral) {
        (Some((text, _)), None, None) => By::Text(spoken(&text)),
        (None, Some((payload, _)), None) => By::Payload(payload),
        (None, None, Some((part, _))) => By::Referral(fold(&part)),
        (None, None, None) => {
            out.push(
                Diagnostic::error("E0261", item.span, "this rule does not say how the contact came")
                    .help("give it one of text, payload (of a link) and referral"),
            );
            return None;
        }
        _ => {
            out.push(
                Diagnostic::error("E0261", item.span, "a rule has one of text, payload and referral")
                    .help("write two rules; the first that fits counts"),
            );
            return None;
        }
    };
    if tag.is_none() && source.is_none() {
        out.push(Diagnostic::error("E0261", item.span, "this rule gives neither a tag nor a source"));
        return None;
    }
    Some(FirstMessage { by, tag: tag.map(|(t, _)| t), source: source.map(|(s, _)| s) })
}
