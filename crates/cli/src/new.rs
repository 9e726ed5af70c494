//! `new`: writes a small bot that runs and has a passing test.

use crate::Exit;
use std::path::Path;

const FILES: [(&str, &str); 5] = [
    ("bot.yaml", include_str!("new/bot.yaml")),
    ("segments.yaml", include_str!("new/segments.yaml")),
    ("skills/welcome.yaml", include_str!("new/skills/welcome.yaml")),
    ("conversations/welcome.yaml", include_str!("new/conversations/welcome.yaml")),
    ("conversations/nobody.yaml", include_str!("new/conversations/nobody.yaml")),
];

/// Writes the files; never over something that is there.
pub fn run(folder: &Path) -> anyhow::Result<Exit> {
    if folder.exists() && std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_some()) {
        anyhow::bail!("{} is there already and not empty; choose another name", folder.display());
    }
    let name = folder.file_name().and_then(|n| n.to_str()).filter(|n| !n.trim().is_empty()).unwrap_or("My bot");
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| anyhow::anyhow!("cannot make {}: {e}", parent.display()))?;
        }
        // The name goes into a quoted YAML text.
        let text = text.replace("@NAME@", &name.replace(['\\', '"'], ""));
        std::fs::write(&path, text).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", path.display()))?;
    }
    let shown = folder.display();
    println!("{shown} is a bot now. Try:\n  switchboard chat {shown}\n  switchboard test {shown}\n  switchboard serve {shown}");
    Ok(Exit::Fine)
}
