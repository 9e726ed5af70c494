//! `docs/language/blocks.md` is generated from the code's own list: what is written there is what the code says.
//! `UPDATE_REFERENCE=1 cargo test -p switchboard-engine --test all reference` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use switchboard_engine::{Otherwise, blocks};

fn without_exit(otherwise: Otherwise) -> String {
    match otherwise {
        Otherwise::Error => "the run ends and `/_error` begins".into(),
        Otherwise::EndQuietly(how) => format!("the run ends, noted as `{how}`"),
        Otherwise::Fallback => "the run ends and `/_default_fallback` begins".into(),
        Otherwise::Next => "as `next`".into(),
        Otherwise::SayThenNext(sentence) => format!("says “{sentence}”, then `next`"),
        Otherwise::Repeat => "the question is asked again, twice; then `/_default_fallback`".into(),
    }
}

fn page() -> String {
    let mut out = String::from(
        "# Blocks\n\nGenerated from the code's list of blocks. Every block also takes `next`, `on`, `when`, `only_for` and `note`; a block that \
         waits for a choice has the outcomes `other` and `timeout`, one that speaks has `unsendable`, and one that leaves for a skill with \
         `only_for` has `not_allowed`.\n",
    );
    for block in blocks() {
        let _ = write!(out, "\n## `{}`\n\n{}\n\n| option | kind | meaning |\n|---|---|---|\n", block.key, block.summary);
        for option in block.options {
            let _ = writeln!(out, "| `{}` | {} | {} |", option.name, option.field, option.doc);
        }
        if !block.outcomes.is_empty() {
            out.push_str("\n| outcome | when | without an exit |\n|---|---|---|\n");
            for outcome in block.outcomes {
                let _ = writeln!(out, "| `{}` | {} | {} |", outcome.name, outcome.doc, without_exit(outcome.otherwise));
            }
        }
        let _ = write!(out, "\n```yaml\n{}```\n", block.example);
    }
    out
}

#[test]
fn the_reference_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language/blocks.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, page()).expect("the reference can be written");
    }
    let written = std::fs::read_to_string(&path).expect("docs/language/blocks.md is there");
    assert!(written == page(), "docs/language/blocks.md is not what the code says; write it anew with UPDATE_REFERENCE=1");
}
