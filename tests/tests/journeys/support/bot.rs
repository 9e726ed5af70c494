//! Bots for single tests, written to a folder of their own.

use std::fs;
use tempfile::TempDir;

/// Writes a bot; each file is a path and its text.
pub fn bot(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}
