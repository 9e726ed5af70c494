//! `store import`: a data folder made of an export.

use super::shown::{Progress, counts};
use crate::Exit;
use crate::args::StoreImportArgs;
use anyhow::bail;
use serde_json::json;
use std::path::Path;
use store::archive::{self, ArchiveError};
use store::room::Disk;
use store_sled::Loader;

/// Imports into a folder that is empty or not there.
pub fn run(args: &StoreImportArgs) -> anyhow::Result<Exit> {
    let (file, folder) = (&args.file, &args.data);
    if !file.exists() || file.is_dir() {
        bail!("there is no file {}", file.display());
    }
    let was_there = folder.is_dir();
    let progress = Progress::new();
    let mut begun = false;
    let people = std::cell::Cell::new(0);
    let outcome = archive::import(
        file,
        folder,
        &Disk::of(folder),
        |header| {
            people.set(header.people);
            if !Loader::knows(&header.store) {
                let shown: String = header.store.chars().take(40).collect();
                let (file, shown) = (file.display(), shown.escape_debug());
                return Err(ArchiveError::Foreign(format!(
                    "{file} comes from a store of the format \"{shown}\", which this program does not read; use the program that wrote it"
                )));
            }
            let load = Loader::begin(folder, store_sled::Options::default())?;
            begun = true;
            Ok(Box::new(load))
        },
        &|done| {
            progress.show(done, people.get());
            true
        },
    );
    progress.end();
    let (header, totals) = match outcome {
        Ok(done) => done,
        Err(error) => {
            // Only what was made here goes.
            if begun {
                clear(folder, was_there);
            }
            return Err(match error {
                ArchiveError::Foreign(_) | ArchiveError::Store(_) => error.into(),
                error if begun => anyhow::Error::from(error).context(format!("nothing was imported into {}", folder.display())),
                error => error.into(),
            });
        }
    };
    if args.json {
        println!("{}", json!({ "at": header.at, "totals": totals }));
        return Ok(Exit::Fine);
    }
    println!("{} holds everything as of {}", folder.display(), header.at.escape_debug());
    println!("{}", counts(&totals));
    println!("What happened after that is not in it: contacts erased since are there again, and whoever");
    println!("opted out since is written to. Erase and opt them out again before you serve it (docs/operating.md).");
    println!("Do not serve the old data folder as well: timers and messages would go out twice.");
    Ok(Exit::Fine)
}

/// Removes what a broken import left.
fn clear(folder: &Path, was_there: bool) {
    // What cannot be removed is refused by the next start, in words.
    if !was_there {
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    // The mark goes last.
    let entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let (marks, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.ends_with("format"));
    for path in others.into_iter().chain(marks) {
        let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
    }
}
