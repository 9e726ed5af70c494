//! `check --untranslated`: what a bot says and has no words for in a language, as a list or as a file to fill in.

use crate::{Exit, folder};
use engine::Untranslated;
use std::fmt::Write as _;
use std::path::Path;
use syntax::Sources;

/// Lists what lacks a translation, or prints it as YAML.
pub fn run(path: &Path, language: &str, skeleton: bool) -> anyhow::Result<Exit> {
    let loaded = folder::load(path)?;
    let Some(bot) = &loaded.bot else {
        // What a broken bot says is not known; its faults come first.
        loaded.print();
        return Ok(Exit::Problems);
    };
    let (known, asked) = (bot.languages(), language.split('-').next().unwrap_or(language));
    if !known.iter().any(|l| l.split('-').next().is_some_and(|l| l.eq_ignore_ascii_case(asked))) {
        let spoken = if known.is_empty() { "none; declare them under languages in bot.yaml".to_owned() } else { known.join(", ") };
        anyhow::bail!("the bot does not speak \"{language}\"; its languages are {spoken}");
    }
    if known.first().is_some_and(|first| first.eq_ignore_ascii_case(language)) {
        anyhow::bail!("the skills are written in {language}: the first of languages in bot.yaml needs no translation");
    }
    let lacking = bot.untranslated(language);
    if skeleton {
        print!("{}", file(&lacking, language, &loaded.sources));
        return Ok(Exit::Fine);
    }
    for text in &lacking {
        let (line, column) = loaded.sources.line_column(text.span);
        println!("{}:{line}:{column}: {}: {}", loaded.sources.path(text.span.file), text.key, first_line(&text.base));
    }
    match lacking.len() {
        0 => println!("everything the bot says has words in {language}"),
        1 => println!("1 text has no words in {language}; --skeleton prints a file to fill in"),
        n => println!("{n} texts have no words in {language}; --skeleton prints a file to fill in"),
    }
    Ok(if lacking.is_empty() { Exit::Fine } else { Exit::Problems })
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut shown: String = line.chars().filter(|c| !c.is_control()).take(80).collect();
    if shown.chars().count() < text.trim().chars().count() {
        shown.push('…');
    }
    shown
}

/// A translation file whose texts are still the originals.
fn file(lacking: &[Untranslated], language: &str, sources: &Sources) -> String {
    let mut out = format!("# translations/{language}.yaml: put the words of the language in place of the originals\n");
    let mut open: Option<&str> = None;
    for text in lacking {
        let base = quoted(&text.base);
        // What formatting into a text can fail at is memory.
        if !text.in_list {
            open = None;
            let (line, _) = sources.line_column(text.span);
            let _ = writeln!(out, "{}: {base}  # {}:{line}", text.key, sources.path(text.span.file));
            continue;
        }
        if open != Some(text.key.as_str()) {
            let _ = writeln!(out, "{}:", text.key);
            open = Some(text.key.as_str());
        }
        let _ = writeln!(out, "  {base}: {base}");
    }
    out
}

/// A text in double quotes, as YAML and JSON read it alike.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skeleton_is_a_translation_file() {
        let mut sources = Sources::new();
        let at = syntax::Span::file_start(sources.add("skills/a.yaml", "x".into()));
        let text = |key: &str, base: &str, in_list| Untranslated { key: key.into(), base: base.into(), in_list, span: at };
        let lacking =
            [text("a.ask.text", "Say: \"hi\"\nnow", false), text("a.ask.buttons", "Yes", true), text("a.ask.buttons", "No", true)];
        let skeleton = file(&lacking, "es", &sources);
        assert!(skeleton.contains("a.ask.text: \"Say: \\\"hi\\\"\\nnow\"  # skills/a.yaml:1\n"), "{skeleton}");
        assert!(skeleton.contains("a.ask.buttons:\n  \"Yes\": \"Yes\"\n  \"No\": \"No\"\n"), "{skeleton}");
        let mut out = syntax::Diagnostics::new();
        let file = sources.add("translations/es.yaml", skeleton);
        assert!(syntax::parse(file, &sources, &mut out).is_some() && !out.has_errors());
    }
}
