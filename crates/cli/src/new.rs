//! `new`: writes a small bot that runs and has a passing test, with the schemas that editors check its files against.

use crate::args::SchemaOf;
use crate::{Exit, schema};
use std::path::Path;

const FILES: [(SchemaOf, &str, &str); 5] = [
    (SchemaOf::Bot, "bot.yaml", include_str!("new/bot.yaml")),
    (SchemaOf::Segments, "segments.yaml", include_str!("new/segments.yaml")),
    (SchemaOf::Skill, "skills/welcome.yaml", include_str!("new/skills/welcome.yaml")),
    (SchemaOf::Conversation, "conversations/welcome.yaml", include_str!("new/conversations/welcome.yaml")),
    (SchemaOf::Conversation, "conversations/nobody.yaml", include_str!("new/conversations/nobody.yaml")),
];

/// Writes the files; never over something that is there.
pub fn run(folder: &Path) -> anyhow::Result<Exit> {
    if folder.exists() && std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_some()) {
        anyhow::bail!("{} is there already and not empty; choose another name", folder.display());
    }
    let name = folder.file_name().and_then(|n| n.to_str()).filter(|n| !n.trim().is_empty()).unwrap_or("My bot");
    for (which, name_in_bot, text) in FILES {
        let path = folder.join(name_in_bot);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| anyhow::anyhow!("cannot make {}: {e}", parent.display()))?;
        }
        // The name goes into a quoted YAML text.
        let text = text.replace("@NAME@", &name.replace(['\\', '"'], ""));
        // Editors with a YAML language server complete keys and mark what no block knows.
        let up = "../".repeat(name_in_bot.matches('/').count());
        let text = format!("# yaml-language-server: $schema={up}{}/{}\n{text}", schema::FOLDER, schema::file(which));
        std::fs::write(&path, text).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", path.display()))?;
    }
    schema::write_all(folder)?;
    let shown = written(folder);
    println!(
        "{} is a bot now. Try:\n  switchboard chat {shown}\n  switchboard test {shown}\n  switchboard serve {shown}",
        folder.display()
    );
    Ok(Exit::Fine)
}

/// A folder as it is typed in a shell: in quotes if it has to be.
fn written(folder: &Path) -> String {
    let shown = folder.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':' | '\\');
    if shown.chars().all(plain) { shown } else { format!("'{}'", shown.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_written_so_that_it_can_be_typed() {
        let of = |name: &str| written(Path::new(name));
        assert_eq!(of("bots/my-bot"), "bots/my-bot");
        assert_eq!(of("my bot"), "'my bot'");
        assert_eq!(of("Ana's"), "'Ana'\\''s'");
    }
}
