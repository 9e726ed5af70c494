//! Every code that a person can meet has a page `docs/errors/CODE.md`, and every page a code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// The codes written as texts (`"E0107"`) in a source.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').filter(|word| is_code(word))
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with(['E', 'W']) && word.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "tests" && name != "node_modules" && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// What is wrong between codes (with a place where each is written) and pages (with their text).
fn faults(codes: &BTreeMap<String, String>, pages: &BTreeMap<String, String>) -> Vec<String> {
    let missing = codes.iter().filter(|(code, _)| !pages.contains_key(*code));
    let missing = missing.map(|(code, place)| format!("{code} ({place}) has no page docs/errors/{code}.md"));
    let unused = pages.keys().filter(|code| !codes.contains_key(*code)).map(|code| format!("docs/errors/{code}.md belongs to no code"));
    let untitled = pages.iter().filter(|(code, page)| !page.starts_with(&format!("# {code}: ")));
    let untitled = untitled.map(|(code, _)| format!("docs/errors/{code}.md does not begin with \"# {code}: \""));
    let empty = pages.iter().filter(|(_, page)| page.lines().filter(|line| !line.trim().is_empty()).count() < 2);
    let empty = empty.map(|(code, _)| format!("docs/errors/{code}.md says nothing"));
    missing.chain(unused).chain(untitled).chain(empty).collect()
}

#[test]
fn codes_and_pages_agree() {
    let mut files = Vec::new();
    for folder in ["crates", "channels"] {
        sources(&root().join(folder), &mut files);
    }
    let mut found = BTreeMap::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("a source is text");
        for code in codes(&source) {
            let place = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
            found.entry(code.to_owned()).or_insert(place);
        }
    }
    assert!(found.contains_key("E0011"), "the codes are found");
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(root().join("docs/errors")).expect("the pages are there").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".md").to_owned();
        pages.insert(name, fs::read_to_string(entry.path()).expect("a page is text"));
    }
    let wrong = faults(&found, &pages);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_missing_and_a_useless_page_are_reported() {
    assert_eq!(codes(r#"error("E0107", x); "E01"; "EABCD"; warn("W0002")"#).collect::<Vec<_>>(), ["E0107", "W0002"]);
    let codes = BTreeMap::from([("E0001".to_owned(), "a.rs".to_owned()), ("E0002".to_owned(), "b.rs".to_owned())]);
    let pages = BTreeMap::from([("E0002".to_owned(), "# E0002: a\n\nWhy.\n".to_owned()), ("E0003".to_owned(), "# E3\n".to_owned())]);
    let said: BTreeSet<String> = faults(&codes, &pages).into_iter().collect();
    assert_eq!(said.len(), 4, "{said:#?}");
    assert!(said.contains("E0001 (a.rs) has no page docs/errors/E0001.md"));
    assert!(said.contains("docs/errors/E0003.md belongs to no code"));
}
