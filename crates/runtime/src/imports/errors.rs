//! The file of an import's wrong rows: a line of JSON for each, in the order of the file of people.
//!
//! The import's worker writes it, and whoever asks reads it by pages. A sweep takes lines out that name somebody who was erased: of a file
//! that is being written in its turn with the worker, which writes none of them afterwards either.
//!
//! **Invariants.** What is taken out goes as a whole file is replaced, so a crash leaves the one or the other. After a crash a row that is
//! told again stands there once: lines of rows behind what is known to be durable are cut off.

use super::Imports;
use crate::drive::lock;
use crm::erase::Sweep;
use serde::Deserialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// What the file is called while it is made anew.
const BESIDE: &str = "errors.new";

/// The row that a line is of.
#[derive(Deserialize)]
struct Numbered {
    row: u64,
}

/// A file of wrong rows that is being written.
pub(super) struct Writing {
    path: PathBuf,
    out: BufWriter<File>,
    length: u64,
    /// Who was erased since it was opened.
    gone: Vec<Arc<Sweep>>,
}

impl Writing {
    /// The file with the lines of rows up to this one, to be written on.
    fn open(path: PathBuf, row: u64) -> io::Result<Self> {
        let length = if row == 0 { 0 } else { length_up_to(&path, row)? };
        let file = if length == 0 { super::files::private(&path)? } else { OpenOptions::new().write(true).open(&path)? };
        file.set_len(length)?;
        Ok(Self { path, out: at_the_end(file)?, length, gone: Vec::new() })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.gone.iter().any(|look| look.is_about(line)) {
            return Ok(());
        }
        self.length += line.len() as u64;
        self.out.write_all(line)
    }

    fn sweep(&mut self, look: &Arc<Sweep>) -> io::Result<()> {
        self.out.flush()?;
        self.gone.push(look.clone());
        if let Some(length) = take_out(&self.path, look)? {
            self.out = at_the_end(OpenOptions::new().write(true).open(&self.path)?)?;
            self.length = length;
        }
        Ok(())
    }
}

/// A file, to be written on.
fn at_the_end(mut file: File) -> io::Result<BufWriter<File>> {
    file.seek(SeekFrom::End(0))?;
    Ok(BufWriter::new(file))
}

/// The file of wrong rows of the import at work; nobody writes it any more when this goes.
pub(super) struct Wrong {
    imports: Arc<Imports>,
    id: String,
    file: Arc<Mutex<Writing>>,
}

impl Wrong {
    /// Writes a line.
    pub fn write(&self, line: &[u8]) -> io::Result<()> {
        lock(&self.file).write(line)
    }

    /// Everything written can be read; answers how long the file is.
    pub fn flush(&self) -> io::Result<u64> {
        let mut file = lock(&self.file);
        file.out.flush()?;
        Ok(file.length)
    }
}

impl Drop for Wrong {
    fn drop(&mut self) {
        lock(&self.imports.writing).remove(&self.id);
    }
}

impl Imports {
    /// Opens the file of an import's wrong rows, with those up to a row; there is one worker.
    pub(super) fn wrong_rows_from(self: &Arc<Self>, id: &str, row: u64) -> io::Result<Wrong> {
        let mut writing = lock(&self.writing);
        let file = Arc::new(Mutex::new(Writing::open(self.files.errors_path(id), row)?));
        writing.insert(id.to_owned(), file.clone());
        Ok(Wrong { imports: self.clone(), id: id.to_owned(), file })
    }

    /// Takes wrong rows out that name somebody who was erased, of all imports; blocks.
    pub(crate) fn sweep(&self, look: &Arc<Sweep>) -> io::Result<()> {
        for id in self.files.ids() {
            // Held, so that nobody begins to write a file that is being replaced.
            let writing = lock(&self.writing);
            match writing.get(&id) {
                Some(file) => lock(file).sweep(look)?,
                None => _ = take_out(&self.files.errors_path(&id), look)?,
            }
        }
        Ok(())
    }
}

/// How long the beginning of a file is whose lines are of rows up to this one.
fn length_up_to(path: &Path, row: u64) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let (mut length, mut line) = (0, Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        let is_kept = line.ends_with(b"\n") && serde_json::from_slice::<Numbered>(&line).is_ok_and(|of| of.row <= row);
        if !is_kept {
            break;
        }
        length += line.len() as u64;
        line.clear();
    }
    Ok(length)
}

/// Takes lines out that name somebody; answers how long the file is then, if there were any.
fn take_out(path: &Path, look: &Sweep) -> io::Result<Option<u64>> {
    let beside = path.with_file_name(BESIDE);
    // A crash may have left one.
    let _ = fs::remove_file(&beside);
    let open = || File::open(path).map(|file| BufReader::with_capacity(256 * 1024, file));
    let is_there = match open() {
        Ok(file) => any_line(file, |line| Ok(look.is_about(line)))?,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if !is_there {
        return Ok(None);
    }
    let mut out = BufWriter::with_capacity(256 * 1024, super::files::private(&beside)?);
    let mut length = 0;
    any_line(open()?, |line| {
        if !look.is_about(line) {
            out.write_all(line)?;
            length += line.len() as u64;
        }
        Ok(false)
    })?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(Some(length))
}

/// Whether a line is wanted; the rest is not read.
fn any_line(mut file: BufReader<File>, mut wanted: impl FnMut(&[u8]) -> io::Result<bool>) -> io::Result<bool> {
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        if wanted(&line)? {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::Files;
    use crm::erase::Marks;
    use serde_json::json;

    fn look(name: &str) -> Arc<Sweep> {
        let marks = Marks { names: [name.to_owned()].into(), ..Marks::default() };
        Arc::new(Sweep::new([&marks].into_iter()).unwrap())
    }

    fn line(row: u64, cell: &str) -> Vec<u8> {
        let mut line = serde_json::to_vec(&json!({ "row": row, "faults": [], "cells": [cell] })).unwrap();
        line.push(b'\n');
        line
    }

    fn rows(imports: &Imports) -> Vec<u64> {
        let text = fs::read_to_string(imports.files.errors_path("imp_1")).unwrap();
        text.lines().map(|line| serde_json::from_str::<Numbered>(line).unwrap().row).collect()
    }

    #[test]
    fn rows_that_name_somebody_go_while_they_are_written_and_come_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let imports = Imports::new(Files::open(folder.path()).unwrap());
        fs::create_dir_all(folder.path().join("imp_1")).unwrap();
        let wrong = imports.wrong_rows_from("imp_1", 0).unwrap();
        for (row, cell) in [(2, "ana@shop.example"), (3, "bob@shop.example"), (4, "7700;Ana")] {
            wrong.write(&line(row, cell)).unwrap();
        }
        imports.sweep(&look("ana@shop.example")).unwrap();
        wrong.write(&line(5, "ANA@shop.example")).unwrap();
        wrong.write(&line(6, "eve@shop.example")).unwrap();
        assert_eq!(wrong.flush().unwrap(), fs::metadata(imports.files.errors_path("imp_1")).unwrap().len());
        assert_eq!(rows(&imports), [3, 4, 6]);
        drop(wrong);
        // Nobody writes it any more.
        imports.sweep(&look("7700")).unwrap();
        assert_eq!(rows(&imports), [3, 6]);
        assert!(!folder.path().join("imp_1").join(BESIDE).exists());
        assert!(imports.sweep(&look("nobody@shop.example")).is_ok());
        assert_eq!(rows(&imports), [3, 6]);
    }

    #[test]
    fn what_is_told_again_after_a_crash_stands_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let imports = Imports::new(Files::open(folder.path()).unwrap());
        let path = imports.files.errors_path("imp_1");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut left = [line(2, "a"), line(7, "b"), line(9, "c")].concat();
        left.truncate(left.len() - 3);
        fs::write(&path, &left).unwrap();
        let wrong = imports.wrong_rows_from("imp_1", 7).unwrap();
        wrong.write(&line(9, "c")).unwrap();
        wrong.flush().unwrap();
        assert_eq!(rows(&imports), [2, 7, 9]);
        drop(wrong);
        let wrong = imports.wrong_rows_from("imp_1", 0).unwrap();
        assert_eq!((wrong.flush().unwrap(), rows(&imports).len()), (0, 0), "it begins anew");
        // A sweep leaves nothing of what a crash broke off either.
        fs::write(path.with_file_name(BESIDE), "x").unwrap();
        imports.sweep(&look("nobody@shop.example")).unwrap();
        assert!(!path.with_file_name(BESIDE).exists());
    }
}
