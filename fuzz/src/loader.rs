//! What the loader promises of any folder: it never panics, it says why there is no bot, every place it names lies in a file and
//! on whole characters, it can be rendered, and it says the same when it is asked again.

use switchboard_engine::{Bot, BotFiles};
use syntax::{Diagnostics, Sources, Span};

/// The file that an input without a mark is.
const DEFAULT: &str = "skills/a.yaml";
/// A `bot.yaml` for inputs that bring none.
const BOT: &str = "name: Fuzz\nlanguages: [en, es]\nattributes: { city: text, orders: number }\ngroups: { support: {} }\n";

/// The files of an input: each after a line `=== path`.
pub fn files(data: &[u8]) -> BotFiles {
    let text = String::from_utf8_lossy(data);
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("=== ") {
            files.push((path.trim().to_owned(), String::new()));
            continue;
        }
        if files.is_empty() {
            files.push((DEFAULT.to_owned(), String::new()));
        }
        if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        }
    }
    if !files.iter().any(|(path, _)| path == "bot.yaml") {
        files.push(("bot.yaml".to_owned(), BOT.to_owned()));
    }
    // Two files of one name cannot stand in a folder.
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    BotFiles { files, ..BotFiles::default() }
}

/// Asserts everything that holds of any input.
pub fn promises(data: &[u8]) {
    let files = files(data);
    let (bot, found, sources) = Bot::load(&files);
    assert!(bot.is_some() != found.has_errors(), "there is a bot exactly if there is no error");
    for diagnostic in &found {
        inside(diagnostic.primary, &sources);
        diagnostic.labels.iter().for_each(|label| inside(label.span, &sources));
        diagnostic.fix.iter().flat_map(|fix| &fix.edits).for_each(|edit| inside(edit.span, &sources));
        assert!(!diagnostic.message.is_empty() && diagnostic.message.len() < 4_096, "a message is a sentence: {}", diagnostic.message);
    }
    syntax::render_human(&found, &sources, true, 100);
    syntax::render_json(&found, &sources);
    let said = syntax::render_short(&found, &sources);
    let (_, again, sources_again) = Bot::load(&files);
    assert_eq!(said, syntax::render_short(&again, &sources_again), "the same files, the same words");
    fixes_touch_only_their_places(&found, &sources);
}

fn inside(span: Span, sources: &Sources) {
    assert!(sources.text(span.file).get(span.range()).is_some(), "{span:?} is not whole characters of {}", sources.path(span.file));
}

/// What stands between two edits of a fix, before the first and after the last, is the same afterwards.
fn fixes_touch_only_their_places(found: &Diagnostics, sources: &Sources) {
    let fixed = syntax::apply_fixes(found, sources, |_| true);
    for (file, after) in &fixed.texts {
        let mut edits: Vec<_> =
            fixed.applied.iter().flat_map(|d| &d.fix).flat_map(|fix| &fix.edits).filter(|edit| edit.span.file == *file).collect();
        edits.sort_by_key(|edit| edit.span.start);
        let (before, mut at, mut left) = (sources.text(*file), 0, after.as_str());
        for edit in edits {
            let kept = before.get(at..edit.span.range().start).expect("edits are in order and apart");
            left = left.strip_prefix(kept).expect("no byte before the edit changed");
            left = left.strip_prefix(edit.replacement.as_str()).expect("the replacement is in");
            at = edit.span.range().end;
        }
        assert_eq!(before.get(at..), Some(left), "no byte after the last edit changed");
    }
}
