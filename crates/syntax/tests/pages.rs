//! The pages `docs/errors/` of this crate's codes are true: the example that is called wrong is reported under that code, the ones after it
//! are not reported at all.

use std::fs;
use std::path::PathBuf;

use syntax::{Diagnostics, Sources, parse, render_short};

fn check(text: &str) -> (Diagnostics, Sources) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add("example.yaml", text.to_owned());
    parse(file, &sources, &mut found);
    (found, sources)
}

#[test]
fn examples_are_what_they_are_called() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut examples = 0;
    for number in 1..50 {
        for code in [format!("E{number:04}"), format!("W{number:04}")] {
            let Ok(page) = fs::read_to_string(folder.join(format!("{code}.md"))) else { continue };
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: the title names the code");
            let mut blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```\n").next());
            let Some(wrong) = blocks.next() else { continue };
            let (found, sources) = check(wrong);
            assert!(found.iter().any(|found| found.code == code), "{code}: {}", render_short(&found, &sources));
            assert!(found.iter().all(|found| found.code == code), "{code}: {}", render_short(&found, &sources));
            for right in blocks {
                let (found, sources) = check(right);
                assert!(found.is_empty(), "{code}: {right}{}", render_short(&found, &sources));
                examples += 1;
            }
        }
    }
    assert!(examples > 25, "only {examples} examples were checked");
}
