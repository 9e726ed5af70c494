//! The corpus of the fuzz target `expression`, replayed: what the target promises of any text holds of each.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/expression.rs"]
mod expression;

#[test]
fn the_corpus_of_expressions_keeps_its_promises() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/expression");
    let mut inputs = 0;
    for entry in fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("an entry can be read").path();
        println!("{}", path.display());
        expression::promises(&fs::read(&path).expect("an input can be read"));
        inputs += 1;
    }
    assert!(inputs > 40, "only {inputs} inputs were replayed");
}
