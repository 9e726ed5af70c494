//! The corpus of the fuzz target `loader`, replayed: what the target promises of any folder holds of each.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/loader.rs"]
mod loader;

#[test]
fn the_corpus_of_the_loader_keeps_its_promises() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/loader");
    let mut inputs = 0;
    for entry in fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("an entry can be read").path();
        println!("{}", path.display());
        loader::promises(&fs::read(&path).expect("an input can be read"));
        inputs += 1;
    }
    assert!(inputs > 50, "only {inputs} inputs were replayed");
}

#[test]
fn an_input_may_hold_several_files() {
    let files = loader::files(b"=== bot.yaml\nname: X\n=== skills/b.yaml\nskill: b\n").files;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bot.yaml", "skills/b.yaml"]);
    assert_eq!(loader::files(b"skill: a").files.len(), 2, "a lone text is a skill of a bot");
}
