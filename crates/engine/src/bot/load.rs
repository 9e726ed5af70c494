//! From the text of a folder to a [`Bot`]: parse every file, collect every name, read everything against the
//! names, look at the graph.

use super::names::Names;
use super::{Bot, BotFiles, Skill, config, graph, segments, skill};
use crate::step::Words;
use model::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::{Diagnostic, Diagnostics, FileId, Node, Sources, Span, Spanned};

/// The system skills that come with the product; a skill of the same name overrides one (FL 4).
const BUILT_IN: &[&str] = &[
    include_str!("../system/start.yaml"),
    include_str!("../system/default.yaml"),
    include_str!("../system/default_fallback.yaml"),
    include_str!("../system/error.yaml"),
    include_str!("../system/stale_button.yaml"),
    include_str!("../system/unsubscribed.yaml"),
];

/// Names of system skills, without the slash. Only these are accepted with or without it.
const SYSTEM: &[&str] = &[
    "start",
    "default",
    "_default_fallback",
    "_start_live_chat",
    "_live_chat_closed",
    "_page_visit",
    "_error",
    "_stale_button",
    "_undelivered",
    "_unsubscribed",
];
/// System skills the language has and that nothing begins yet.
const LATER: &[&str] = &["/_start_live_chat", "/_live_chat_closed", "/_page_visit"];

/// `start`, `_start` and `/start` are one skill; other names stay as they are.
pub(crate) fn canonical_skill_name(name: &str) -> String {
    let bare = name.strip_prefix('/').unwrap_or(name);
    let bare = match bare {
        "_start" => "start",
        "_default" => "default",
        other => other,
    };
    if SYSTEM.contains(&bare) { format!("/{bare}") } else { name.to_owned() }
}

/// A skill file that was parsed.
struct Parsed {
    name: String,
    node: Spanned<Node>,
    built_in: bool,
}

pub(crate) fn load(files: &BotFiles) -> (Option<Arc<Bot>>, Diagnostics, Sources) {
    let mut out = Diagnostics::new();
    let mut sources = Sources::new();
    let bot = read(files, &mut sources, &mut out);
    let bot = bot.filter(|_| !out.has_errors());

    (bot.map(Arc::new), out, sources)
}

fn read(files: &BotFiles, sources: &mut Sources, out: &mut Diagnostics) -> Option<Bot> {
    let mut bot_node = None;
    let mut segments_node = None;
    let mut skill_nodes: Vec<(FileId, Spanned<Node>)> = Vec::new();
    let mut any = None;
    let mut sorted: Vec<&(String, String)> = files.files.iter().collect();
    sorted.sort();
    for (path, text) in &sorted {
        let is_language = path == "bot.yaml" || path == "segments.yaml" || path.starts_with("skills/");
        let shown = format!("{}{path}", files.shown_as);
        if path.starts_with("translations/") && path.ends_with(".yaml") {
            let file = sources.add(shown, text.clone());
            out.push(
                Diagnostic::warning("W0206", Span::file_start(file), "translations are not built yet; this file is not used")
                    .help("the bot speaks as its skills are written"),
            );
            continue;
        }
        if !is_language {
            continue;
        }
        let file = sources.add(shown, text.clone());
        any = any.or(Some(file));
        if !path.ends_with(".yaml") {
            out.push(
                Diagnostic::warning("W0205", Span::file_start(file), "this file is not read: its name does not end in .yaml")
                    .help("rename it, or move it out of the folder"),
            );
            continue;
        }
        let Some(node) = syntax::parse(file, sources, out) else { continue };
        match path.as_str() {
            "bot.yaml" => bot_node = Some(node),
            "segments.yaml" => segments_node = Some(node),
            _ => skill_nodes.push((file, node)),
        }
    }
    let had_bot = files.files.iter().any(|(p, _)| p == "bot.yaml");
    if !had_bot {
        let file = any.unwrap_or_else(|| sources.add(format!("{}bot.yaml", files.shown_as), String::new()));
        out.push(
            Diagnostic::error("E0126", Span::file_start(file), "there is no bot.yaml in this folder")
                .help("a bot is a folder with bot.yaml and skills/*.yaml; \"switchboard new NAME\" writes one"),
        );
    }
    let config = bot_node.as_ref().and_then(|n| config::read(n, out));
    let parsed = name_skills(skill_nodes, sources, out);
    if had_bot && parsed.iter().all(|p| p.built_in) && !out.has_errors() {
        let at = bot_node.as_ref().map_or(Span::file_start(FileId(0)), |n| n.span);
        out.push(Diagnostic::error("E0116", at, "the bot has no skills").help("write one in skills/hello.yaml"));
    }
    let config_or_default = config.unwrap_or_else(config::fallback);
    let names = collect_names(&config_or_default, segments_node.as_ref(), &parsed);
    let segments = segments_node.as_ref().map(|n| segments::read(n, &names, out)).unwrap_or_default();
    let mut skills: BTreeMap<String, Skill> = BTreeMap::new();
    let mut order = Vec::new();
    for file in &parsed {
        if let Some(skill) = skill::read(&file.name, &file.node, file.built_in, &names, out) {
            order.push(file.name.clone());
            skills.insert(file.name.clone(), skill);
        }
    }
    refuse_double_commands(&order, &skills, out);
    if skills.len() == parsed.len() {
        graph::check(&mut skills, out);
    }
    Some(Bot {
        words: Words::of(&config_or_default.languages),
        version: version(files),
        config: config_or_default,
        segments,
        skills: skills.into_iter().map(|(k, v)| (k, Arc::new(v))).collect(),
        order,
        files: files.clone(),
    })
}

/// Gives every skill file its name; built-in ones that are not overridden come last.
fn name_skills(nodes: Vec<(FileId, Spanned<Node>)>, sources: &mut Sources, out: &mut Diagnostics) -> Vec<Parsed> {
    let mut parsed: Vec<Parsed> = Vec::new();
    let mut at: BTreeMap<String, Span> = BTreeMap::new();
    for (file, node) in nodes {
        let Some((name, span)) = skill::name_of(&node) else {
            let what = if node.is_null() { "this file is empty" } else { "this file does not say which skill it is" };
            out.push(Diagnostic::error("E0102", Span::file_start(file), what).help("begin it with \"skill: NAME\""));
            continue;
        };
        let bare = name.strip_prefix('/').unwrap_or(&name);
        if !super::reader::is_slug(bare) || matches!(bare, "end" | "skill" | "call") || (name.starts_with('/') && !SYSTEM.contains(&bare)) {
            out.push(
                Diagnostic::error("E0114", span, format!("\"{name}\" cannot be the name of a skill"))
                    .help("a name is letters, digits, - and _; only system skills begin with /"),
            );
            continue;
        }
        if LATER.contains(&name.as_str()) {
            out.push(Diagnostic::error("E0122", span, format!("the system skill {name} is not built yet: nothing would begin it")));
            continue;
        }
        if let Some(first) = at.get(&name) {
            out.push(Diagnostic::error("E0115", span, format!("there are two skills \"{name}\"")).also(*first, "the first one"));
            continue;
        }
        at.insert(name.clone(), span);
        parsed.push(Parsed { name, node, built_in: false });
    }
    for text in BUILT_IN {
        let file = sources.add("built in", (*text).to_owned());
        let node = syntax::parse(file, sources, out).expect("built-in skills parse");
        let (name, _) = skill::name_of(&node).expect("built-in skills have names");
        if !at.contains_key(&name) {
            parsed.push(Parsed { name, node, built_in: true });
        }
    }
    parsed
}

fn collect_names(config: &config::Config, segments_node: Option<&Spanned<Node>>, parsed: &[Parsed]) -> Names {
    let mut names = Names {
        attributes: config.attributes.clone(),
        segments: segments_node.map(segments::keys).unwrap_or_default(),
        channels: config.channels.iter().map(|c| c.name.clone()).collect(),
        statuses: config.statuses.clone(),
        groups: config.groups.iter().map(|g| g.name.clone()).collect(),
        skills: parsed.iter().map(|p| p.name.clone()).collect(),
        ..Names::default()
    };
    let mut leaves: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in parsed {
        let written = names.variables.entry(file.name.clone()).or_default();
        let mut found = Found { variables: written, leaves: leaves.entry(file.name.clone()).or_default() };
        for entry in file.node.get("blocks").and_then(|n| n.as_map()).unwrap_or_default() {
            found.look(&entry.value);
            if entry.value.get("timer").is_some()
                && let Some(block) = entry.key.as_text()
            {
                names.timers.insert((file.name.clone(), block.to_owned()));
            }
            if let Some(event) = entry.value.get("send").and_then(|n| n.as_text()) {
                names.events.insert(event.to_owned());
            }
            if let Some(tags) = entry.value.get("add_tag") {
                names.tags.extend(super::reader::one_or_many(tags).iter().filter_map(|t| t.as_text()).map(str::to_owned));
            }
        }
    }
    // Variables go along with `skill NAME` (FL 7.2): whatever a skill may have set, those it leaves for may read.
    loop {
        let mut grew = false;
        for (from, targets) in &leaves {
            let carried = names.variables.get(from).cloned().unwrap_or_default();
            for to in targets {
                if let Some(known) = names.variables.get_mut(to) {
                    let before = known.len();
                    known.extend(carried.iter().cloned());
                    grew |= known.len() > before;
                }
            }
        }
        if !grew {
            break;
        }
    }
    let declared: BTreeSet<&str> = config.attributes.iter().map(|a| a.name.as_str()).collect();
    for variables in names.variables.values_mut() {
        variables.retain(|v| !declared.contains(v.as_str()));
    }
    names
}

/// Names a block writes and skills it leaves for, before it is read.
struct Found<'a> {
    variables: &'a mut BTreeSet<String>,
    leaves: &'a mut BTreeSet<String>,
}

impl Found<'_> {
    fn look(&mut self, block: &Spanned<Node>) {
        for key in ["listen", "save"] {
            if let Some(name) = block.get(key).and_then(|n| n.as_text()) {
                self.variables.insert(name.trim().to_owned());
            }
        }
        if let Some(entries) = block.get("data").and_then(|n| n.as_map()) {
            let names = entries.iter().filter_map(|e| e.key.as_text()).filter(|k| *k != "unset");
            self.variables.extend(names.map(str::to_owned));
        }
        self.look_for_skills(block);
    }

    fn look_for_skills(&mut self, node: &Spanned<Node>) {
        match &node.value {
            Node::Null => {}
            Node::Scalar(scalar) => {
                if let Some(name) = scalar.text.trim().strip_prefix("skill ") {
                    self.leaves.insert(canonical_skill_name(name.trim()));
                }
            }
            Node::List(items) => items.iter().for_each(|i| self.look_for_skills(i)),
            Node::Map(entries) => entries.iter().for_each(|e| self.look_for_skills(&e.value)),
        }
    }
}

/// Two skills with one command: the second could never begin.
fn refuse_double_commands(order: &[String], skills: &BTreeMap<String, Skill>, out: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for skill in order.iter().filter_map(|n| skills.get(n)) {
        for catch in &skill.catches {
            let Some(command) = catch.kind.command() else { continue };
            // With a guard the next one is tried where the first does not let in.
            if catch.only_for.is_some() || skill.only_for.is_some() {
                continue;
            }
            if let Some((first, at)) = seen.insert(command, (&skill.name, catch.span)) {
                out.push(
                    Diagnostic::error("E0115", catch.span, format!("/{command} already begins skill \"{first}\""))
                        .also(at, "here")
                        .help("give it another command, or guard the first one with only_for"),
                );
            }
        }
    }
}

/// The hash of what a run's behaviour depends on: skills, bot.yaml and translations (FL 5.9).
fn version(files: &BotFiles) -> Version {
    use sha2::{Digest, Sha256};
    let mut sorted: Vec<&(String, String)> = files
        .files
        .iter()
        .filter(|(path, _)| {
            path == "bot.yaml" || path == "segments.yaml" || path.starts_with("skills/") || path.starts_with("translations/")
        })
        .collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for (path, text) in sorted {
        for part in [path, text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Version(hex.into())
}
