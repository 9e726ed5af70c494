//! From the text of a folder to a [`Bot`]: parse every file, collect every name, read everything against the
//! names, look at the graph.

use super::held_back::Missing;
use super::names::Names;
use super::{Bot, BotFiles, Skill, Unread, config, graph, invisible, lints, segments, skill, translations};
use crate::step::Words;
use model::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::{Diagnostic, Diagnostics, FileId, Node, Severity, Sources, Span, Spanned};

/// How many values the files of one bot may hold together: some ten thousand blocks.
const MOST_VALUES: usize = 200_000;

/// The sentences the product says by itself, and what all of it is called in other languages.
const SENTENCES: &str = include_str!("../system/sentences.yaml");
const BUILT_IN_TRANSLATIONS: &[(&str, &str)] = &[
    ("es", include_str!("../system/translations/es.yaml")),
    ("de", include_str!("../system/translations/de.yaml")),
    ("fr", include_str!("../system/translations/fr.yaml")),
    ("pt", include_str!("../system/translations/pt.yaml")),
    ("it", include_str!("../system/translations/it.yaml")),
];

/// The system skills that come with the product; a skill of the same name overrides one (FL 4).
const BUILT_IN: &[&str] = &[
    include_str!("../system/start.yaml"),
    include_str!("../system/default.yaml"),
    include_str!("../system/default_fallback.yaml"),
    include_str!("../system/error.yaml"),
    include_str!("../system/stale_button.yaml"),
    include_str!("../system/unsubscribed.yaml"),
];

/// Writes to the operator of an error; for bots that name one.
const REPORT: &str = include_str!("../system/report.yaml");

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
    "_report",
];

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
    /// Whether the name is its own: a file without a name, or with one that is taken, is looked at and counts for nothing.
    counts: bool,
}

pub(crate) fn load(files: &BotFiles, unread: &[Unread]) -> (Option<Arc<Bot>>, Diagnostics, Sources) {
    let mut out = Diagnostics::new();
    let mut sources = Sources::new();
    let mut missing = Missing::default();
    let bot = read(files, unread, &mut sources, &mut missing, &mut out);
    let bot = bot.filter(|_| !out.has_errors());
    let out = super::slips::once_each(invisible::named(missing.held_back(out), &sources));

    (bot.map(Arc::new), out, sources)
}

fn read(files: &BotFiles, unread: &[Unread], sources: &mut Sources, missing: &mut Missing, out: &mut Diagnostics) -> Option<Bot> {
    for file in unread {
        let id = sources.add(format!("{}{}", files.shown_as, file.path), file.shown.clone());
        out.push(file.why.diagnostic(id));
        missing.note(&file.path, id, &file.shown);
    }
    let mut bot_node = None;
    let mut segments_node = None;
    let mut skill_nodes: Vec<(FileId, Spanned<Node>)> = Vec::new();
    let mut translation_nodes: Vec<(&str, FileId, Spanned<Node>)> = Vec::new();
    let mut any = None;
    let mut values = 0;
    let mut sorted: Vec<&(String, String)> = files.files.iter().collect();
    sorted.sort();
    for (path, text) in &sorted {
        let is_language = path == "bot.yaml" || path == "segments.yaml" || path.starts_with("skills/") || path.starts_with("translations/");
        let shown = format!("{}{path}", files.shown_as);
        if !is_language {
            continue;
        }
        // Of a file that is too large only as much is kept as it takes to say so.
        let kept = text.floor_char_boundary(text.len().min(syntax::MAX_FILE_BYTES + 4));
        let file = sources.add(shown, text.get(..kept).unwrap_or("").to_owned());
        any = any.or(Some(file));
        if !path.ends_with(".yaml") {
            out.push(
                Diagnostic::warning("W0205", Span::file_start(file), "this file is not read: its name does not end in .yaml")
                    .help("rename it, or move it out of the folder"),
            );
            continue;
        }
        let Some(node) = syntax::parse(file, sources, out) else {
            missing.note(path, file, text);
            continue;
        };
        values += node.count();
        if values > MOST_VALUES {
            out.push(
                Diagnostic::error(
                    "E0215",
                    Span::file_start(file),
                    format!("the bot is too large: its files hold more than {MOST_VALUES} values"),
                )
                .help("this file and those after it are not read; a bot of this size is better two bots"),
            );
            break;
        }
        match path.as_str() {
            "bot.yaml" => bot_node = Some(node),
            "segments.yaml" => segments_node = Some(node),
            _ if path.starts_with("translations/") => translation_nodes.push((path.as_str(), file, node)),
            _ => skill_nodes.push((file, node)),
        }
    }
    let had_bot = files.files.iter().any(|(p, _)| p == "bot.yaml") || unread.iter().any(|file| file.path == "bot.yaml");
    if !had_bot {
        let file = any.unwrap_or_else(|| sources.add(format!("{}bot.yaml", files.shown_as), String::new()));
        out.push(
            Diagnostic::error("E0126", Span::file_start(file), "there is no bot.yaml in this folder")
                .help("a bot is a folder with bot.yaml and skills/*.yaml; \"switchboard new NAME\" writes one"),
        );
    }
    let config = bot_node.as_ref().and_then(|n| config::read(n, out));
    if let Some(node) = &bot_node {
        missing.of_bot(node.span.file, out);
    }
    let mut built_in = BUILT_IN.to_vec();
    if config.as_ref().is_some_and(|c| c.operator.is_some()) {
        built_in.push(REPORT);
    }
    let parsed = name_skills(skill_nodes, &built_in, sources, missing, out);
    if had_bot && parsed.iter().all(|p| p.built_in) && !out.has_errors() {
        let at = bot_node.as_ref().map_or(Span::file_start(FileId(0)), |n| n.span);
        out.push(Diagnostic::error("E0116", at, "the bot has no skills").help("write one in skills/hello.yaml"));
    }
    let config_or_default = config.unwrap_or_else(config::fallback);
    let mut names = collect_names(&config_or_default, segments_node.as_ref(), &parsed);
    names.skills.extend(missing.skills().map(canonical_skill_name));
    names.assets.clone_from(&files.assets);
    names.computed = super::attributes::compute(&config_or_default.computed, &names, out);
    for (path, file, node) in &translation_nodes {
        if let Some(tag) = translations::language_of(path, Span::file_start(*file), &config_or_default.languages, out) {
            names.translations.add(&tag, node, false, out);
        }
    }
    let sentences = built_in_words(&names, sources, out);
    let segments = segments_node.as_ref().map(|n| segments::read(n, &names, out)).unwrap_or_default();
    if let Some(groups) = bot_node.as_ref().and_then(|node| node.get("groups")) {
        known_segments(groups, &names, out);
    }
    let mut skills: BTreeMap<String, Skill> = BTreeMap::new();
    let mut order = Vec::new();
    for file in &parsed {
        let read = skill::read(&file.name, &file.node, file.built_in, &names, out);
        if let Some(skill) = read.filter(|_| file.counts) {
            order.push(file.name.clone());
            skills.insert(file.name.clone(), skill);
        }
    }
    let all_skills = skills.len() == parsed.len() && !missing.any_skill();
    refuse_double_commands(&order, &skills, out);
    if all_skills {
        graph::mark_questions(&mut skills);
    }
    let menu = bot_node.as_ref().and_then(|n| n.get("menu")).map(|n| super::menu::read(n, &names, &skills, out)).unwrap_or_default();
    let noticed = noticed(&names, &skills);
    let interrupts =
        bot_node.as_ref().and_then(|n| n.get("interrupts")).map(|n| super::interrupts::read(n, &names, out)).unwrap_or_default();
    let uses = names.uses.take();
    let words = Words::of(&config_or_default.languages, &config_or_default.consent_words);
    let look = lints::Look {
        skills: &skills,
        segments: &segments,
        names: &names,
        retention: &config_or_default.retention,
        uses: &uses,
        words: &words,
        typed: names.typed.take(),
        config: bot_node.as_ref(),
        segments_file: segments_node.as_ref(),
        files: parsed.iter().map(|file| (file.name.as_str(), &file.node)).collect(),
    };
    lints::look(&look, all_skills, out);
    let whole = all_skills && !out.has_errors();
    let prose = names.translations.finish(whole, out);
    let skills: BTreeMap<String, Arc<Skill>> = skills.into_iter().map(|(name, skill)| (name, Arc::new(skill))).collect();
    let vocabulary = super::vocabulary::Vocabulary::of(&names, skills.values().map(Arc::as_ref));
    let loaded = super::Loaded {
        vocabulary,
        sentences,
        prose,
        menu,
        interrupts,
        noticed,
        words,
        version: version(files),
        config: config_or_default,
        segments,
        in_order: order.iter().filter_map(|name| skills.get(name).cloned()).collect(),
        skills,
        order,
        files: files.clone(),
    };
    Some(Bot::made(Arc::new(loaded), model::Record::new(), Arc::default()))
}

/// The segments that groups answer first are segments of the bot.
fn known_segments(groups: &Spanned<Node>, names: &Names, out: &mut Diagnostics) {
    let listed = groups.as_map().unwrap_or_default().iter().filter_map(|group| group.value.get("first"));
    for item in listed.flat_map(super::reader::one_or_many) {
        let Some(name) = item.as_text().filter(|name| !names.segments.contains_key(*name)) else { continue };
        out.push(super::reader::unknown_segment(item.span, name, names));
    }
}

/// The product's own sentences by their English text, with the built-in translations of them and of system skills. What looks
/// odd in them for the names of this bot (`{name}` where it has a `name`) is none of its designer's business.
fn built_in_words(names: &Names, sources: &mut Sources, out: &mut Diagnostics) -> BTreeMap<String, expr::Template> {
    let (mut files, mut told) = (Vec::new(), Diagnostics::new());
    for (tag, text) in BUILT_IN_TRANSLATIONS {
        let file = sources.add("built in", (*text).to_owned());
        files.push(file);
        let node = syntax::parse(file, sources, out).expect("built-in translations parse");
        names.translations.add(tag, &node, true, out);
    }
    let file = sources.add("built in", SENTENCES.to_owned());
    files.push(file);
    let node = syntax::parse(file, sources, out).expect("built-in sentences parse");
    let mut sentences = BTreeMap::new();
    for entry in node.as_map().unwrap_or_default() {
        let (Some(key), Some(text)) = (entry.key.as_text(), entry.value.as_text()) else { continue };
        names.translations.place_text(&format!("sentences.{key}"), &entry.value);
        let scope = names.in_skill("");
        let Some(template) = super::reader::took(expr::Template::parse(text, &scope), &entry.value, &mut told) else { continue };
        sentences.insert(text.to_owned(), names.translations.attach(template, &entry.value, &scope, &mut told));
    }
    out.extend(told.iter().filter(|told| told.severity == Severity::Error || !files.contains(&told.primary.file)).cloned());
    sentences
}

/// Gives every skill file its name; built-in ones that are not overridden come last. A file whose name is missing or cannot be is looked
/// at all the same: what else is wrong with it is told with that.
fn name_skills(
    nodes: Vec<(FileId, Spanned<Node>)>,
    built_in: &[&str],
    sources: &mut Sources,
    missing: &mut Missing,
    out: &mut Diagnostics,
) -> Vec<Parsed> {
    let mut parsed: Vec<Parsed> = Vec::new();
    let mut at: BTreeMap<String, Span> = BTreeMap::new();
    for (file, node) in nodes {
        let Some((name, span)) = skill::name_of(&node) else {
            out.push(without_name(file, &node));
            missing.skill_without_name();
            if node.as_map().is_some() {
                parsed.push(Parsed { name: stem(sources.path(file)).to_owned(), node, built_in: false, counts: false });
            }
            continue;
        };
        let bare = name.strip_prefix('/').unwrap_or(&name);
        if !super::reader::is_slug(bare) || matches!(bare, "end" | "skill" | "call") || (name.starts_with('/') && !SYSTEM.contains(&bare)) {
            out.push(
                super::reader::with_better_name(
                    Diagnostic::error("E0114", span, format!("\"{name}\" cannot be the name of a skill")),
                    span,
                    bare,
                    '-',
                )
                .help("a name is letters, digits, - and _; only system skills begin with /"),
            );
            parsed.push(Parsed { name, node, built_in: false, counts: false });
            continue;
        }
        if let Some(first) = at.get(&name) {
            out.push(Diagnostic::error("E0115", span, format!("there are two skills \"{name}\"")).also(*first, "the first one"));
            parsed.push(Parsed { name, node, built_in: false, counts: false });
            continue;
        }
        at.insert(name.clone(), span);
        parsed.push(Parsed { name, node, built_in: false, counts: true });
    }
    for text in built_in {
        let file = sources.add("built in", (*text).to_owned());
        let node = syntax::parse(file, sources, out).expect("built-in skills parse");
        let (name, _) = skill::name_of(&node).expect("built-in skills have names");
        if !at.contains_key(&name) {
            parsed.push(Parsed { name, node, built_in: true, counts: true });
        }
    }
    parsed
}

/// What is wrong with a skill file that has no name.
fn without_name(file: FileId, node: &Spanned<Node>) -> Diagnostic {
    let help = "begin it with \"skill: NAME\"";
    match node.get("skill") {
        Some(name) if name.is_null() => Diagnostic::error("E0103", name.span, "the name of the skill is empty").help("write skill: NAME"),
        Some(name) => Diagnostic::error("E0103", name.span, format!("the name of a skill is a text, not {}", name.kind_name()))
            .help("write the name alone, without brackets: skill: NAME"),
        None if node.is_null() => Diagnostic::error("E0102", Span::file_start(file), "this file is empty").help(help),
        None => {
            let keys = node.as_map().unwrap_or_default().iter();
            match keys.filter_map(|e| Some((e.key.as_text()?, e.key.span))).find(|(key, _)| syntax::closest(key, ["skill"]).is_some()) {
                Some((slip, span)) => {
                    super::reader::unknown("E0101", span, &format!("a skill has no \"{slip}\""), slip, std::iter::once("skill"), "")
                }
                None => Diagnostic::error("E0102", Span::file_start(file), "this file does not say which skill it is").help(help),
            }
        }
    }
}

/// The name of a file without its folder and its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn collect_names(config: &config::Config, segments_node: Option<&Spanned<Node>>, parsed: &[Parsed]) -> Names {
    let mut names = Names {
        attributes: config.attributes.clone(),
        globals: config.globals.clone(),
        segments: segments_node.map(segments::keys).unwrap_or_default(),
        channels: config.channels.iter().map(|c| c.name.clone()).collect(),
        statuses: config.statuses.clone(),
        country: config.country.clone(),
        services: config.services.clone(),
        groups: config.groups.iter().map(|g| g.name.clone()).collect(),
        calendars: config.calendars.iter().map(|c| c.name.clone()).collect(),
        skills: parsed.iter().map(|p| p.name.clone()).collect(),
        built_in: parsed.iter().filter(|p| p.built_in).map(|p| p.name.clone()).collect(),
        tags: config.first_message.iter().filter_map(|rule| rule.tag.clone()).collect(),
        ..Names::default()
    };
    let mut leaves: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in parsed {
        let written = names.variables.entry(file.name.clone()).or_default();
        let mut found = Found { variables: written, leaves: leaves.entry(file.name.clone()).or_default() };
        for caught in file.node.get("catch").map(super::reader::one_or_many).unwrap_or_default() {
            names.events.extend(caught.get("event").and_then(|n| n.as_text()).map(str::to_owned));
        }
        for entry in file.node.get("blocks").and_then(|n| n.as_map()).unwrap_or_default() {
            found.look(&entry.value);
            if entry.value.get("timer").is_some()
                && let Some(block) = entry.key.as_text()
            {
                names.timers.insert((file.name.clone(), block.to_owned()));
            }
            for raised in ["send", "trigger"].into_iter().filter_map(|block| entry.value.get(block)) {
                // The short form, or the event among other options (FL 3.3).
                let event = raised.as_text().or_else(|| raised.get("event")?.as_text());
                names.events.extend(event.map(str::to_owned));
            }
            if let Some(tags) = entry.value.get("add_tag") {
                names.tags.extend(super::reader::one_or_many(tags).iter().filter_map(|t| t.as_text()).map(str::to_owned));
            }
        }
    }
    pass_to_called(parsed, &mut names);
    for file in parsed {
        words_of(&file.node, names.reads.entry(file.name.clone()).or_default());
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
                let read_there = names.reads.get(to).cloned().unwrap_or_default();
                let read = names.reads.entry(from.clone()).or_default();
                let before = read.len();
                read.extend(read_there);
                grew |= read.len() > before;
            }
        }
        if !grew {
            break;
        }
    }
    let mut declared: BTreeSet<&str> = config.attributes.iter().chain(&config.globals).map(|a| a.name.as_str()).collect();
    declared.extend(config.computed.iter().map(|c| c.name.as_str()));
    // The customer's own choice of these is kept with the contact, not with the run (FL 7.1).
    declared.extend(super::names::CHOSEN);
    for variables in names.variables.values_mut() {
        variables.retain(|v| !declared.contains(v.as_str()));
    }
    names
}

/// `call` gives the called skill variables and takes others from it, by name (FL 7.2).
fn pass_to_called(parsed: &[Parsed], names: &mut Names) {
    for file in parsed {
        for entry in file.node.get("blocks").and_then(|n| n.as_map()).unwrap_or_default() {
            let Some(call) = entry.value.get("call") else { continue };
            // Options stand in the map, or beside the short form (FL 3.3).
            let at = |key: &str| call.get(key).or_else(|| entry.value.get(key));
            let Some(skill) = call.as_text().or_else(|| call.get("skill")?.as_text()) else { continue };
            let skill = canonical_skill_name(skill.trim());
            let with = at("with").and_then(|n| n.as_map()).unwrap_or_default();
            if let Some(known) = names.variables.get_mut(&skill) {
                known.extend(with.iter().filter_map(|e| e.key.as_text()).map(str::to_owned));
            }
            let Some(save) = at("save") else { continue };
            let kept: Vec<&Spanned<Node>> = match save.as_map() {
                Some(entries) => entries.iter().map(|e| &e.key).collect(),
                None => super::reader::one_or_many(save).iter().collect(),
            };
            let kept = kept.into_iter().filter_map(|n| n.as_text()).map(|n| n.trim().to_owned());
            names.variables.entry(file.name.clone()).or_default().extend(kept);
        }
    }
}

/// Every word of a skill's file that could be a name.
fn words_of(node: &Spanned<Node>, words: &mut BTreeSet<String>) {
    match &node.value {
        Node::Null => {}
        Node::Scalar(scalar) => {
            let split = scalar.text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            words.extend(split.filter(|w| !w.is_empty()).map(str::to_owned));
        }
        Node::List(items) => items.iter().for_each(|i| words_of(i, words)),
        Node::Map(entries) => entries.iter().for_each(|e| words_of(&e.value, words)),
    }
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
        if let Some(gallery) = block.get("gallery") {
            self.variables.insert(crate::blocks::gallery::CARD.to_owned());
            self.variables.extend(gallery.get("from").map(|_| crate::blocks::gallery::ITEM.to_owned()));
            self.variables.extend(gallery.get("save").and_then(|n| n.as_text()).map(|n| n.trim().to_owned()));
        }
        if let Some(save) = block.get("media").and_then(|n| n.get("save")).and_then(|n| n.as_text()) {
            self.variables.insert(save.trim().to_owned());
        }
        if let Some(save) = block.get("file").and_then(|n| n.get("save")).and_then(|n| n.as_text()) {
            self.variables.insert(save.trim().to_owned());
        }
        if let Some(checked) = block.get("validation") {
            self.variables.insert(crate::blocks::validation::RESULT.to_owned());
            self.variables.extend(checked.get("save").and_then(|n| n.as_text()).map(|n| n.trim().to_owned()));
        }
        if let Some(entries) = block.get("lead").and_then(|n| n.get("fields")).and_then(|n| n.as_map()) {
            self.variables.extend(entries.iter().filter_map(|e| e.key.as_text()).map(|name| name.trim().to_owned()));
        }
        if let Some(entries) = block.get("data").and_then(|n| n.as_map()) {
            let names = entries.iter().filter_map(|e| e.key.as_text()).filter(|k| *k != "unset");
            self.variables.extend(names.map(str::to_owned));
        }
        if let Some(entries) = block.get("json").and_then(|n| n.get("save")).and_then(|n| n.as_map()) {
            self.variables.extend(entries.iter().filter_map(|e| e.key.as_text()).map(str::to_owned));
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

/// The attributes whose changes start a skill.
fn noticed(names: &Names, skills: &BTreeMap<String, Skill>) -> BTreeSet<String> {
    let known = names.attributes.iter().map(|a| a.name.clone()).chain(super::names::CHOSEN.map(str::to_owned));
    let caught = |name: &String| {
        let signal = crate::catches::Signal::Attribute { name: name.clone() };
        skills.values().flat_map(|skill| &skill.catches).any(|catch| catch.kind.catches(&signal))
    };
    known.filter(caught).collect()
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
    let mut assets: Vec<_> = files.assets.iter().map(|asset| (&asset.path, &asset.blob.0)).collect();
    assets.sort_unstable();
    for (path, blob) in assets {
        for part in [path, blob] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Version(hex.into())
}
