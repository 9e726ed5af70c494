//! Each file of `fixtures/` is a flow file with what must be said about it drawn under the line:
//!
//! ```yaml
//! text: Note: x
//! #         ^ E0015: a colon
//! ```
//!
//! `^^^` marks the columns, `# <-` the column of its own `#`, `#<` the first column; after the code stands a part of the message. The
//! drawings are taken out before the file is read. What is drawn must be found, and what is found must be drawn.

use std::fs;
use std::path::PathBuf;

use syntax::{Diagnostic, Diagnostics, Sources, parse, render_human, render_short};

#[derive(Debug)]
struct Expected {
    line: usize,
    column: usize,
    /// How many characters are marked, when they are.
    width: Option<usize>,
    code: String,
    message: String,
}

/// The file without its drawings, and what they say.
fn read(text: &str) -> (String, Vec<Expected>) {
    let (mut source, mut expected, mut line) = (String::new(), Vec::new(), 0);
    for row in text.split_inclusive('\n') {
        match drawing(row) {
            Some(mut drawn) => {
                drawn.line = line;
                expected.push(drawn);
            }
            None => {
                line += 1;
                source.push_str(row);
            }
        }
    }
    (source, expected)
}

fn drawing(row: &str) -> Option<Expected> {
    let (before, after) = row.split_once('#')?;
    if !before.trim().is_empty() {
        return None;
    }
    let hash = before.chars().count() + 1;
    let (column, width, rest) = if let Some(rest) = after.strip_prefix('<') {
        (1, None, rest)
    } else if let Some(rest) = after.strip_prefix(" <-") {
        (hash, None, rest)
    } else {
        let blanks = after.chars().take_while(|c| *c == ' ').count();
        let carets = after.trim_start().chars().take_while(|c| *c == '^').count();
        (hash + blanks + 1, Some(carets), after.trim_start().trim_start_matches('^'))
    };
    let (code, message) = rest.trim().split_once(": ")?;
    let is_code = code.len() == 5 && code.starts_with(['E', 'W']) && code.chars().skip(1).all(|c| c.is_ascii_digit());
    (is_code && width != Some(0)).then(|| Expected { line: 0, column, width, code: code.to_owned(), message: message.to_owned() })
}

fn check(name: &str, source: &str) -> (Diagnostics, Sources) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add(name, source.to_owned());
    parse(file, &sources, &mut found);
    (found, sources)
}

fn matches(expected: &Expected, found: &Diagnostic, sources: &Sources) -> bool {
    let width = sources.slice(found.primary).lines().next().unwrap_or("").chars().count();
    (expected.line, expected.column) == sources.line_column(found.primary)
        && expected.code == found.code
        && expected.width.is_none_or(|drawn| drawn == width)
        && found.message.contains(&expected.message)
}

fn fixtures() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("an entry can be read").path()).collect();
    files.sort();
    assert!(files.len() > 10, "the fixtures are there");
    files
        .into_iter()
        .map(|path| {
            (
                path.file_name().expect("a file has a name").to_string_lossy().into_owned(),
                fs::read_to_string(path).expect("a fixture is text"),
            )
        })
        .collect()
}

#[test]
fn what_is_drawn_is_found_and_nothing_else() {
    let mut faults = String::new();
    for (name, text) in fixtures() {
        let (source, expected) = read(&text);
        let (found, sources) = check(&name, &source);
        let all: Vec<_> = found.iter().collect();
        let missing: Vec<_> = expected.iter().filter(|drawn| !all.iter().any(|found| matches(drawn, found, &sources))).collect();
        let surplus: Diagnostics =
            found.iter().filter(|found| !expected.iter().any(|drawn| matches(drawn, found, &sources))).cloned().collect();
        if !missing.is_empty() || !surplus.is_empty() {
            faults.push_str(&format!(
                "{name}: drawn, not found: {missing:#?}\nfound, not drawn:\n{}\n",
                render_human(&surplus, &sources, false, 140)
            ));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Every fix that is offered removes the fault that it is offered for, and brings no new kind of fault on its line.
#[test]
fn every_fix_puts_it_right() {
    let mut fixes = 0;
    for (name, text) in fixtures() {
        let (source, _) = read(&text);
        let (found, sources) = check(&name, &source);
        for diagnostic in &found {
            let Some(fix) = &diagnostic.fix else { continue };
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            let mut fixed = source.clone();
            for edit in edits {
                fixed.replace_range(edit.span.range(), &edit.replacement);
            }
            fixes += 1;
            let (line, _) = sources.line_column(diagnostic.primary);
            let (after, sources) = check(&name, &fixed);
            let left: Diagnostics = after.iter().filter(|other| sources.line_column(other.primary).0 == line).cloned().collect();
            assert!(left.is_empty(), "{name}: {}\nafter the fix:\n{fixed}\n{}", diagnostic.message, render_short(&left, &sources));
        }
    }
    assert!(fixes > 30, "only {fixes} fixes were tried");
}

#[test]
fn people_see_the_line_the_caret_and_the_fix() {
    let source = "skill: order-help\nblocks:\n  ask:\n    text: Order #41 is ready\n    next: skill: pay\n  ask:\n    text: Hi\n";
    let (found, sources) = check("flows/shop/skills/order.yaml", source);
    insta::assert_snapshot!("human", render_human(&found, &sources, false, 100));
    insta::assert_snapshot!("short", render_short(&found, &sources));
    insta::assert_snapshot!("json", syntax::render_json(&found, &sources));
}
