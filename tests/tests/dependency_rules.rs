//! The dependency rules of the architecture, checked over `cargo metadata` and the sources: who may know whom, and who touches the world.
//!
//! The rules are data ([`MAY_USE`], [`PURE`], [`ONLY`]); [`violations`] judges a graph, real or made up. The self-tests draw forbidden edges
//! into the real graph and see them reported.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each of our crates may name. `cli` is the composition root: it knows everything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("syntax", &[]),
    ("expr", &["model"]),
    ("segments", &["model", "expr"]),
    ("engine", &["model", "syntax", "expr", "segments"]),
    ("store", &["model"]),
    ("store-sled", &["model", "store"]),
    ("crm", &["model", "expr", "store", "segments"]),
    ("channel", &["model"]),
    ("runtime", &["model", "syntax", "expr", "engine", "segments", "store", "crm", "channel"]),
    ("api", &["model", "syntax", "expr", "engine", "segments", "store", "crm", "channel", "runtime", "console"]),
    ("console", &[]),
    ("channel-telegram", &["model", "channel"]),
    ("channel-web", &["model", "channel"]),
    ("channel-webhook", &["model", "channel"]),
];

/// Crates that decide and do not act: nothing they reach, however far away, talks to the world.
const PURE: &[&str] = &["model", "syntax", "expr", "engine", "segments", "crm"];
const WORLD: &[&str] =
    &["tokio", "mio", "socket2", "hyper", "reqwest", "axum", "sled", "async-std", "smol", "ureq", "notify", "teloxide", "chrono"];
/// What the sources of pure crates do not name.
const WORLD_IN_STD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env::var",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
];

/// Libraries and the only crates that name them.
const ONLY: &[(&str, &[&str])] = &[
    ("sled", &["store-sled"]),
    ("serde-saphyr", &["syntax"]),
    ("granit-parser", &[]),
    ("croner", &["engine"]),
    ("petgraph", &["engine"]),
    ("axum", &["api"]),
    ("teloxide", &["channel-telegram"]),
    ("lettre", &["runtime"]),
    // Outbound connections: the egress guard; the client inside teloxide's `Bot`; the command line talking to its own server.
    ("reqwest", &["runtime", "channel-telegram", "cli"]),
];

/// Our crates and everything they depend on, as names; what only tests use does not count.
#[derive(Clone)]
struct Graph {
    ours: BTreeSet<String>,
    /// Every package of the tree, with the packages it names.
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Everything that `from` reaches, with a way to it.
    fn reached(&self, from: &str) -> BTreeMap<&str, Vec<&str>> {
        let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let Some((start, _)) = self.uses.get_key_value(from) else { return ways };
        let mut open = vec![(start.as_str(), vec![start.as_str()])];
        while let Some((at, way)) = open.pop() {
            for next in self.uses.get(at).into_iter().flatten() {
                if !ways.contains_key(next.as_str()) {
                    let way: Vec<&str> = way.iter().copied().chain([next.as_str()]).collect();
                    ways.insert(next, way.clone());
                    open.push((next, way));
                }
            }
        }
        ways
    }
}

fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for name in &graph.ours {
        let direct = graph.uses.get(name).cloned().unwrap_or_default();
        match MAY_USE.iter().find(|(crate_name, _)| crate_name == name) {
            Some((_, allowed)) => found.extend(
                direct
                    .iter()
                    .filter(|used| graph.ours.contains(*used) && !allowed.contains(&used.as_str()))
                    .map(|used| format!("{name} may not use {used}")),
            ),
            None if matches!(name.as_str(), "cli" | "tests") => {}
            None => found.push(format!("{name} is not in the table of crates: say in MAY_USE what it may use")),
        }
        for (library, users) in ONLY {
            if direct.contains(*library) && !users.contains(&name.as_str()) {
                found.push(format!("{name} may not use {library}: only {users:?} may"));
            }
        }
    }
    for name in PURE {
        for (reached, way) in graph.reached(name) {
            if WORLD.contains(&reached) {
                found.push(format!("{name} is pure and reaches {reached}: {}", way.join(" -> ")));
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).expect("rustc answers in UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--filter-platform", host])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn short(package: &str) -> String {
    package.strip_prefix("switchboard-").unwrap_or(package).to_owned()
}

fn graph(metadata: &Value) -> Graph {
    let members: BTreeSet<&str> = list(metadata, "workspace_members").filter_map(Value::as_str).collect();
    let names: BTreeMap<&str, String> =
        list(metadata, "packages").map(|package| (text(package, "id"), short(text(package, "name")))).collect();
    let mut graph = Graph { ours: BTreeSet::new(), uses: BTreeMap::new() };
    for node in metadata.get("resolve").into_iter().flat_map(|resolve| list(resolve, "nodes")) {
        let id = text(node, "id");
        let Some(name) = names.get(id) else { continue };
        if members.contains(id) {
            graph.ours.insert(name.clone());
        }
        let used = list(node, "deps").filter(|dep| list(dep, "dep_kinds").any(|kind| kind.get("kind").is_none_or(Value::is_null)));
        let used = used.filter_map(|dep| names.get(text(dep, "pkg")).cloned());
        graph.uses.entry(name.clone()).or_default().extend(used);
    }
    graph
}

#[test]
fn the_rules_hold() {
    let graph = graph(&metadata());
    assert!(graph.ours.contains("engine") && graph.uses["cli"].contains("engine"), "the graph is the real one");
    let found = violations(&graph);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_forbidden_edge_is_reported() {
    let real = graph(&metadata());
    let with = |from: &str, to: &str| {
        let mut graph = real.clone();
        graph.uses.entry(from.to_owned()).or_default().insert(to.to_owned());
        violations(&graph)
    };
    for (from, to, said) in [
        ("channel-telegram", "engine", "channel-telegram may not use engine"),
        ("channel-web", "store", "channel-web may not use store"),
        ("engine", "channel", "engine may not use channel"),
        ("runtime", "store-sled", "runtime may not use store-sled"),
        ("api", "sled", "api may not use sled"),
        ("engine", "serde-saphyr", "engine may not use serde-saphyr"),
        ("channel-webhook", "reqwest", "channel-webhook may not use reqwest"),
        ("runtime", "axum", "runtime may not use axum"),
        ("engine", "tokio", "engine is pure and reaches tokio: engine -> tokio"),
    ] {
        let found = with(from, to);
        assert!(found.iter().any(|found| found.contains(said)), "{from} -> {to}: {found:?}");
    }
    // Far away: a library of a library.
    let found = with("regex", "tokio");
    assert!(
        found.iter().any(|found| found.starts_with("engine is pure and reaches tokio") && found.ends_with("regex -> tokio")),
        "{found:?}"
    );
    // A crate nobody has placed yet.
    let mut graph = real.clone();
    graph.ours.insert("helper".to_owned());
    assert!(violations(&graph).iter().any(|found| found.starts_with("helper is not in the table")));
}

/// The zones come with the binary: a bot must not behave differently where another zone file lies about.
#[test]
fn jiff_brings_its_own_zones() {
    let metadata = metadata();
    let members: BTreeSet<&str> = list(&metadata, "workspace_members").filter_map(Value::as_str).collect();
    let ours = list(&metadata, "packages").filter(|package| members.contains(text(package, "id")));
    let mut seen = 0;
    for (package, dependency) in ours.flat_map(|package| list(package, "dependencies").map(move |dependency| (package, dependency))) {
        if text(dependency, "name") == "jiff" {
            let features: Vec<&str> = list(dependency, "features").filter_map(Value::as_str).collect();
            let defaults = dependency.get("uses_default_features").and_then(Value::as_bool).unwrap_or(true);
            let other = features.iter().find(|feature| !matches!(**feature, "std" | "serde" | "tzdb-bundle-always"));
            assert!(!defaults && other.is_none(), "{} asks jiff for the system's zones: {features:?}", text(package, "name"));
            seen += 1;
        }
    }
    assert!(seen > 1, "jiff is used");
}

/// Names of the world in one source text, with their lines; comments and tests do not count.
fn world_in(source: &str) -> Vec<(usize, &'static str)> {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let code = product.lines().map(|line| line.split("//").next().unwrap_or("")).enumerate();
    code.flat_map(|(at, line)| WORLD_IN_STD.iter().filter(move |name| line.contains(**name)).map(move |name| (at + 1, *name))).collect()
}

/// The modules of a source that are files of tests: `#[cfg(test)] mod name;`
fn test_modules(source: &str) -> impl Iterator<Item = &str> {
    let after = source.split("#[cfg(test)]").skip(1);
    after
        .filter_map(|rest| rest.trim_start().strip_prefix("mod ")?.split_once(';').map(|(name, _)| name.trim()))
        .filter(|name| !name.contains(' '))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn pure_crates_name_no_files_sockets_or_clocks() {
    let mut files = Vec::new();
    PURE.iter().for_each(|name| rust_files(&root().join("crates").join(name).join("src"), &mut files));
    assert!(files.len() > 20, "the sources are found");
    let sources: Vec<(PathBuf, String)> =
        files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).expect("a source is text"))).collect();
    let tests: BTreeSet<&str> = sources.iter().flat_map(|(_, source)| test_modules(source)).collect();
    let mut found = Vec::new();
    for (file, source) in &sources {
        let is_test = file.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| tests.contains(stem));
        if !is_test {
            found.extend(world_in(source).into_iter().map(|(line, name)| format!("{}:{line}: {name}", file.display())));
        }
    }
    assert!(found.is_empty(), "pure crates take the world as data:\n{}", found.join("\n"));
}

#[test]
fn a_clock_in_a_source_is_reported() {
    assert_eq!(world_in("fn f() {\n    let now = std::time::Instant::now(); // std::fs\n}"), [(2, "Instant::now")]);
    assert!(world_in("//! no SystemTime here").is_empty());
    assert!(world_in("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}").is_empty());
    assert_eq!(test_modules("mod a;\n#[cfg(test)]\nmod b;\nmod c;\n#[cfg(test)]\nmod d {\n}").collect::<Vec<_>>(), ["b"]);
}
