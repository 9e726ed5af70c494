//! Every file of tests is run. A crate whose tests are one program (`autotests = false`) lists its files by hand, and one that is not on
//! the list would be compiled by nobody.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// The names of the files that neither the manifest nor the list names.
fn forgotten<'f>(files: &[&'f str], manifest: &str, list: &str) -> Vec<&'f str> {
    let is_named = |name: &str| {
        let paths = [format!("path = \"tests/{name}.rs\""), format!("path = \"tests/{name}/main.rs\"")];
        list.lines().any(|line| line == format!("mod {name};")) || paths.iter().any(|path| manifest.contains(path))
    };
    files.iter().copied().filter(|name| !is_named(name)).collect()
}

/// The names of the programs that a folder of tests holds: files, and folders with a `main.rs`.
fn programs_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .expect("the tests are there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").exists())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

#[test]
fn every_file_of_tests_is_on_its_list() {
    let mut judged = 0;
    for folder in ["crates", "channels"] {
        for package in fs::read_dir(root().join(folder)).expect("the folder of packages is there") {
            let package = package.expect("an entry can be read").path();
            let Ok(manifest) = fs::read_to_string(package.join("Cargo.toml")) else { continue };
            if !manifest.lines().any(|line| line == "autotests = false") {
                continue;
            }
            let list = fs::read_to_string(package.join("tests/all.rs")).expect("tests that are one program are listed in all.rs");
            let files = programs_in(&package.join("tests"));
            let names: Vec<&str> = files.iter().map(String::as_str).collect();
            assert!(names.len() > 5, "{}: tests were found", package.display());
            assert_eq!(forgotten(&names, &manifest, &list), Vec::<&str>::new(), "write `mod NAME;` in {}/tests/all.rs", package.display());
            judged += 1;
        }
    }
    assert!(judged >= 3, "{judged} crates were judged");
}

#[test]
fn a_file_that_is_on_no_list_is_told() {
    let found = programs_in(&root().join("tests/tests"));
    assert!(["journeys", "every_test_runs"].iter().all(|name| found.iter().any(|found| found == name)), "{found:?}");
    let manifest = "autotests = false\n\n[[test]]\nname = \"all\"\npath = \"tests/all.rs\"\n\n[[test]]\nname = \"alone\"\npath = \"tests/alone.rs\"\n\n\
         [[test]]\nname = \"wide\"\npath = \"tests/wide/main.rs\"\n";
    assert_eq!(forgotten(&["all", "alone", "wide", "here", "gone"], manifest, "mod here;\n// mod gone;\n"), ["gone"]);
}
